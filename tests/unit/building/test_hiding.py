"""What suppression is told of the units above a village."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa

from qiangji.building.hiding import Hiding
from qiangji.building.scopes import Scope
from qiangji.catalogue.models import Suppression
from qiangji.catalogue.tree import OrgTree, OrgUnit
from qiangji.periods import Period

MONTH = Period.parse("2026-10")


def test_a_county_that_is_its_own_city_is_looked_at_as_both() -> None:
    lines = [
        ("441900", "county", ""),
        ("441900101", "town", "441900"),
        ("441900101201", "village", "441900101"),
    ]
    org = OrgTree(OrgUnit(code, code, level, level, above, True) for code, level, above in lines)
    whatever = cast("Any", None)
    catalogue = cast("Any", SimpleNamespace(org=org, lineage=(), suppression=Suppression()))
    hiding = Hiding(whatever, catalogue, whatever, whatever, (), (), whatever, whatever)
    rows = pa.table({"org_code": ["441900101201"], "n__x": [2], "d__x": [5], "reported_units": [1]})
    cells = hiding._cells(
        cast("Any", SimpleNamespace(code="x")), Scope("2026-10", "month", (MONTH,)), rows, frozenset()
    )
    assert cells.paths == {"441900101201": ("441900101", "441900", "441900")}
