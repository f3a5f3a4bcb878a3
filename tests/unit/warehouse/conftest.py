"""What tests of the warehouse share: the frozen catalogue."""

from __future__ import annotations

import pytest

from qiangji.catalogue.load import Catalogue, load
from tests.frozen import paths as frozen


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(frozen.CATALOGUE, frozen.EXPECTATIONS)
