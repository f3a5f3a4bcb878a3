"""What the tests of the cage share: none of its readers at rest before a test, or after a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from qiangji.parsing import cage


@pytest.fixture
def no_reader_at_rest() -> Iterator[None]:
    """For what counts readers, or ends them: others share one."""
    cage.close()
    yield
    cage.close()


@pytest.fixture(scope="module")
def none_left() -> Iterator[None]:
    """Readers of a file's tests end with it."""
    yield
    cage.close()
