"""Which units differ between two revisions of a report."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pytest

from qiangji.building.facts import differing, fact_rows
from qiangji.catalogue.models import Form
from qiangji.catalogue.tree import OrgTree, OrgUnit
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


def test_a_row_has_the_path_of_its_unit_whichever_county_reports_it() -> None:
    lines = [OrgUnit("9900", "c", "city", "city", "", False)]
    for county, village in (("990001", V1), ("990002", "990002001001")):
        lines.append(OrgUnit(county, county, "county", "county", "9900", True))
        lines.append(OrgUnit(village[:9], "t", "town", "town", county, True))
        lines.append(OrgUnit(village, "v", "village", "village", village[:9], True))
    catalogue = cast("Any", SimpleNamespace(org=OrgTree(lines)))
    reported = rows(row(V1, n=1), row("990002001001", n=2), row(V2, n=3))  # the last is not in the tree
    for counties in (["990001", "990002"], ["990001"]):
        found = fact_rows(reported, catalogue, VILLAGE, "2026-10", counties)
        assert found.column("county_code").to_pylist() == ["990001", "990002", None]
        assert found.column("town_code").to_pylist() == [V1[:9], "990002001", None]
