"""Which units differ between two revisions of a report."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from qiangji.building.facts import differing
from qiangji.catalogue.models import Form
from tests.golden import world

VILLAGE = Form.model_validate(world.form_of("v", {"fields": {"n": {}, "d": {}}}))
GROUP = Form.model_validate(world.form_of("g", {"grain": "group", "fields": {"n": {}}}))
V1, V2, V3 = ("990001001001", "990001001002", "990001001003")


def rows(*found: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(found))


def row(code: str, **values: Any) -> dict[str, Any]:
    return {"unit_code": code, **values}


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [
        ([row(V1, n=1), row(V2, n=2)], [row(V2, n=2), row(V1, n=1)], []),
        ([row(V1, n=1), row(V2, n=2)], [row(V1, n=1), row(V2, n=3)], [V2]),
        ([row(V1, n=1)], [row(V1, n=1), row(V3, n=1)], [V3]),
        ([row(V1, n=1), row(V2, n=1)], [row(V2, n=1)], [V1]),
        ([row(V1, n=1)], [row(V1, n=None)], [V1]),
        ([row(V1, n=1)], [row(V1, n=1, d=None)], []),
        ([row(V1, n=1)], [row(V1, n=1, d=0)], [V1]),
    ],
)
def test_units_with_other_rows_are_named(before: Any, after: Any, units: list[str]) -> None:
    assert differing(rows(*before), rows(*after), VILLAGE) == units


def test_groups_are_named_by_their_village() -> None:
    before = rows(row(f"{V1}01", n=1), row(f"{V1}02", n=1), row(f"{V2}01", n=1))
    after = rows(row(f"{V1}01", n=2), row(f"{V1}02", n=2), row(f"{V2}01", n=1))
    assert differing(before, after, GROUP) == [V1]
