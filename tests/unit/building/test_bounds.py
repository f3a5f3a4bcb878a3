"""Figures that cannot be: which rows of results hold one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pytest

from qiangji.building.bounds import _above_the_whole


@pytest.mark.parametrize(
    ("n", "d", "cannot_be"),
    [
        (1, 2, False),
        (2, 2, False),
        (0, 2, False),
        (3, 2, True),
        (-1, 2, True),
        (0, -1, True),
        (-1, -1, True),
        (1, -1, True),
        (1, 0, False),
        (None, 2, False),
        (1, None, False),
    ],
)
def test_a_part_beyond_its_whole_and_a_whole_below_zero(
    n: int | None, d: int | None, cannot_be: bool
) -> None:
    sides = {f"{side}__x": pa.array([v], pa.int64()) for side, v in (("n", n), ("d", d))}
    rows = pa.table({"org_code": ["a"], "org_level": ["village"], **sides})
    catalogue = cast(Any, SimpleNamespace(is_restricted=lambda _: False))
    found = list(_above_the_whole(catalogue, cast(Any, SimpleNamespace(code="x")), rows))
    assert bool(found) == cannot_be
