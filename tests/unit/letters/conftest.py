"""What tests of letters share: the catalogue that they are written from."""

from __future__ import annotations

from typing import Any

import pytest

from qiangji.pipeline import read_catalogue


@pytest.fixture(scope="module")
def catalogue() -> Any:
    return read_catalogue()
