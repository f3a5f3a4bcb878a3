"""What files of integration tests share: nights that several of them look at, and servers that sources ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration import boards
from tests.integration.servers import Api
from tests.integration.transports import Sftp


@pytest.fixture(scope="session")
def board_night(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> boards.Lived:
    """The night that the tests of the board look at; each file opens a copy of it."""
    return boards.live(tmp_path_factory.mktemp("lived"), postgres)


@pytest.fixture
def connect(servers: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Gives the county of a test its connection."""
    return lambda uri: monkeypatch.setenv("QIANGJI_CONN_C", uri)


@pytest.fixture
def api(servers: None) -> Iterator[Api]:
    api = Api()
    yield api
    api.stop()


@pytest.fixture
def sftp(servers: None, tmp_path: Path) -> Iterator[Sftp]:
    (tmp_path / "outgoing").mkdir()
    server = Sftp(tmp_path)
    yield server
    server.stop()
