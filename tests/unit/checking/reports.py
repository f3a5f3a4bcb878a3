"""Reports of the two small counties, judged: what tests of checking share beside the counties themselves.

In: rows of a county, or its file. Out: what checking says of them, and the keys of what it took and sent back.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from qiangji import checking
from qiangji.catalogue.load import Catalogue, load
from qiangji.catalogue.models import Layout
from qiangji.catalogue.suites import Suite
from qiangji.checking import Checked
from qiangji.ledger import Pending
from qiangji.parsing import read_form, read_grids
from qiangji.periods import Period
from tests.frozen import paths as frozen
from tests.golden import world

AT = datetime(2026, 11, 2, tzinfo=UTC)
PERIOD = "2026-10"


def as_csv(rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([["" if c is None else c for c in row] for row in rows])
    return text.getvalue().encode()


def part_of(county: str, form: str = "f") -> Pending:
    return Pending(
        delivery_id="d-" + county,
        county_code=county,
        received_at=AT,
        form=form,
        period=PERIOD,
        kind="csv",
        sha256="0" * 64,
    )


def judged(
    catalogue: Catalogue,
    content: Mapping[str, bytes],
    form: str = "f",
    suite: Suite | None = None,
    totals: tuple[str, ...] = (),
) -> list[Checked]:
    """Deliveries of these counties, read and judged at once."""
    batch = []
    for code, data in content.items():
        county = catalogue.counties[code].model_copy(update={"layout": Layout(totals=totals), "layouts": {}})
        grid = read_grids(data, "csv", county, [form])[form]
        parsed = read_form(grid, catalogue.forms[form], county, Period.parse(PERIOD))
        batch.append(Checked(part_of(code, form), parsed))
    checking.judge(batch, catalogue, catalogue.forms[form], suite or catalogue.suites[form])
    return batch


def one(catalogue: Catalogue, small: world.World, rows: Sequence[Sequence[Any]], **options: Any) -> Checked:
    """County A's rows (unit, n, part, note), judged."""
    lines = [[small.codes.get(str(row[0]), row[0]), *row[1:]] for row in rows]
    return judged(catalogue, {"990001": as_csv([["unit_code", "n", "part", "note"], *lines])}, **options)[0]


def rejected(checked: Checked) -> dict[str, list[str]]:
    """Key as received -> rules."""
    if checked.rejected is None:
        return {}
    return {r["unit_code"] or "": r["rules"] for r in checked.rejected.to_pylist()}


def accepted(checked: Checked) -> list[str]:
    return checked.accepted.column("unit_code").to_pylist() if checked.accepted is not None else []


GOOD = [["V1", 5, 1, "是"], ["V2", 6, 2, "否"], ["V3", 7, 3, ""]]


REAL = load(frozen.CATALOGUE, frozen.EXPECTATIONS)
