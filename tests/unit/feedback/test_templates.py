"""Templates: every form of every county, filled in by the simulator, is read back without a finding.

A spreadsheet program's part (its sums) is done here by hand.
"""

from __future__ import annotations

import io
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from qiangji import checking, landing
from qiangji.catalogue import Catalogue, load
from qiangji.checking import Checked
from qiangji.errors import UsageError
from qiangji.feedback import problems_of, templates
from qiangji.feedback.templates.sheet import Plan
from qiangji.feedback.templates.units import Line
from qiangji.lake import Lake
from qiangji.ledger import Pending
from qiangji.parsing.returned import GUIDE_SHEET
from qiangji.periods import Period
from qiangji.sources import Fetched, Item
from simulator.drawing import draw
from simulator.periods import served_months
from simulator.population import Population
from simulator.submissions import Submission
from simulator.systems import ALL_COUNTIES
from simulator.tree import Tree
from tests.frozen import paths as frozen

TODAY = date(2026, 11, 24)
AT = datetime(2026, 11, 2, tzinfo=UTC)
MONTH, QUARTER = "2026-10", "2026Q3"
GROUPS = "village_group"
TITLED, BOOK, DIRECT, API = "440705", "440784", "440799", "440703"
Known = Mapping[tuple[str, str], list[Line]]


@pytest.fixture(scope="module")
def drawn() -> dict[tuple[str, str, str], Submission]:
    """What the city reports; nothing is planted. Of villager groups a county reports the first thirty."""
    tree = Tree()
    population = Population(tree, 1, tree.thinned(1.0, 1))
    found = draw(population, served_months(TODAY, 2), sorted(ALL_COUNTIES), TODAY).submissions
    return {at: replace(one, rows=one.rows[:30] if at[1] == GROUPS else one.rows) for at, one in found.items()}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(frozen.CATALOGUE, frozen.EXPECTATIONS)


@pytest.fixture(scope="module")
def known(drawn: Any) -> Known:
    """Groups and tasks as they were reported last."""
    return {
        (form, county): [Line(row.code, row.name) for row in one.rows]
        for (county, form, period), one in drawn.items()
        if form in (GROUPS, "county_milestones") and period in (MONTH, QUARTER)
    }


def period_of(catalogue: Catalogue, form: str) -> str:
    return MONTH if catalogue.forms[form].period_type == "month" else QUARTER


def made(catalogue: Catalogue, known: Known, form: str, county: str) -> templates.Template:
    period = Period.parse(period_of(catalogue, form))
    return templates.make(catalogue, catalogue.forms[form], county, period, known)


def places(ws: Any) -> dict[str, tuple[int, int]]:
    """Header -> (row, column)."""
    return {c.value: (c.row, c.column) for row in ws.iter_rows(max_row=3) for c in reversed(row) if c.value}


def headers_of(catalogue: Catalogue, form: str, county: str, period: str) -> dict[str, str]:
    declared = catalogue.forms[form]
    plan = Plan(
        declared, catalogue.suites[form], catalogue.counties[county], "", Period.parse(period), [], TODAY
    )
    return {name: plan.header_of(name) for name in plan.columns}


def fill(catalogue: Catalogue, template: templates.Template, drawn: Any) -> bytes:
    """The workbook with the simulator's values typed into it, row by row as the codes say."""
    book = openpyxl.load_workbook(io.BytesIO(template.content))
    county = template.county_code
    for form in template.forms:
        one = drawn[county, form, template.period]
        headers = headers_of(catalogue, form, county, template.period)
        titles = catalogue.counties[county].sheets.get(form) or catalogue.forms[form].title.zh
        fill_sheet(book[titles], one, headers, catalogue, county)
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def fill_sheet(
    ws: Any, one: Submission, headers: Mapping[str, str], catalogue: Catalogue, county: str
) -> None:
    """Units that leave something out in the simulator, or report nothing, report what another one does."""
    at = places(ws)
    top, key = at[headers[catalogue.forms[one.form.code].key]]
    cells = ((str(ws.cell(r, key).value), r) for r in range(top + 1, ws.max_row + 1))
    rows = {code: r for code, r in cells if code[:2] in ("44", "SZ") and code[-1].isdigit() or code == "SZ"}
    own = templates.units.own_codes(catalogue, county)
    said = [i for i, f in enumerate(one.form.fields) if f.type not in ("text", "date")]
    numbers = [i for i in said if one.form.fields[i].type in ("integer", "decimal")]
    whole = {own.get(r.code, r.code): r for r in one.rows if all(r.values[i] is not None for i in said)}
    other = min(whole.values(), key=lambda r: [r.values[i] for i in numbers[:1]])
    totals: dict[int, Any] = {}
    for code, line in rows.items():
        for field, value in zip(one.form.fields, whole.get(code, other).values, strict=True):
            column = at[headers[field.name]][1]
            cell = ws.cell(line, column)
            assert not cell.protection.locked, (one.form.code, cell.coordinate)
            cell.value = typed(field.type, value)
            if field.type in ("integer", "decimal") and value is not None:
                totals[column] = totals.get(column, 0) + cell.value
    for cells in ws.iter_rows():  # as a spreadsheet program computes them
        for cell in cells:
            if isinstance(cell.value, str) and cell.value.startswith("="):
                assert cell.protection.locked
                cell.value = totals.get(cell.column, 0)


def typed(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == "boolean":
        return "是" if value else "否"
    if kind == "decimal":
        return float(value)
    return date.fromisoformat(value) if kind == "date" else value


def read(catalogue: Catalogue, lake: Lake, name: str, content: bytes, county: str, targets: Any) -> list[Any]:
    """The parts of a delivery, screened as `qiangji check` does."""
    fetched = Fetched(Item(name, tuple((f, Period.parse(p)) for f, p in targets)), content, "xlsx")
    parts = landing.screen(catalogue, lake, catalogue.counties[county], fetched)
    return [Pending(**vars(p), delivery_id="trial", county_code=county, received_at=AT) for p in parts]


def said(catalogue: Catalogue, one: Checked) -> list[str]:
    return [f"{p.rule}: {p.message_zh} {p.address}" for p in problems_of(one, catalogue.forms[one.part.form])]


@pytest.fixture
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first rows alone: a county's two hundred villages are written and read as its first four are."""
    every = templates.units.lines_of
    monkeypatch.setattr(templates.units, "lines_of", lambda *given: every(*given)[:4])


@pytest.mark.usefixtures("few_rows")
def test_each_template_filled_in_is_read_without_a_finding(
    catalogue: Catalogue, known: Known, drawn: Any, tmp_path: Path
) -> None:
    lake, parts, empty = Lake(tmp_path / "lake"), [], []
    told: set[tuple[str, str]] = set()
    expected: dict[tuple[str, str], int] = {}
    for form in catalogue.forms.values():
        period, counties = templates.ask(catalogue, form.form, [], None, TODAY)
        assert str(period) == period_of(catalogue, form.form)
        for county in counties:
            if (form.form, county) in told:
                continue  # in the workbook of all its forms
            one = made(catalogue, known, form.form, county)
            targets = [(f, one.period) for f in one.forms]
            told |= {(f, county) for f in one.forms}
            expected |= {(f, county): n for f, n in zip(one.forms, one.rows, strict=True)}
            parts += read(catalogue, lake, one.name, fill(catalogue, one, drawn), county, targets)
            if county in (TITLED, BOOK, DIRECT, API):
                empty += read(catalogue, lake, one.name, one.content, county, targets)
    assert len(told) == 79
    checked = checking.examine(catalogue, lake, parts)
    assert len(checked) == len(told)
    wrong = {(c.part.form, c.part.county_code): said(catalogue, c) for c in checked if said(catalogue, c)}
    assert wrong == {}
    assert {c.verdict for c in checked} == {"accepted"}
    rows = {(c.part.form, c.part.county_code): c.accepted.num_rows for c in checked if c.accepted is not None}
    assert rows == expected
    agree = [c.parsed.totals_agree for c in checked if c.part.county_code == TITLED and c.parsed]
    assert (set(agree), agree.count(None)) == ({True, None}, 1)  # a list of tasks has nothing to add up
    # not filled in, none is taken for zeros
    back = checking.examine(catalogue, lake, empty)
    assert len(back) == len(empty) > 30
    assert {(c.verdict, c.reason_code) for c in back} == {("returned", "nothing_filled")}
