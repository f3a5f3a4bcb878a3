"""What files of integration tests share: nights that several of them look at."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration import boards


@pytest.fixture(scope="session")
def board_night(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> boards.Lived:
    """The night that the tests of the board look at; each file opens a copy of it."""
    return boards.live(tmp_path_factory.mktemp("lived"), postgres)
