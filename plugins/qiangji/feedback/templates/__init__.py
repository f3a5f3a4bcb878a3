"""Templates: a form as a workbook to fill in, that its county's reader takes as it is.

In: the catalogue, a form, counties, a period; the ledger where rows beneath the tree (villager groups) are filled in
beforehand. Out: a `Template` a county, made on request and kept nowhere.

| file | what |
| --- | --- |
| `units` | the rows filled in beforehand |
| `entries` | what may be typed into a column |
| `sheet` | one form's sheet |
| `guide` | the sheet 填表说明 |
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Form
from qiangji.errors import CollectError
from qiangji.feedback import asked
from qiangji.feedback.templates import guide, sheet, units
from qiangji.feedback.templates.units import Line
from qiangji.feedback.writing import FOLDER, file_name, place_of, write
from qiangji.ledger import Ledger
from qiangji.parsing.returned import GUIDE_SHEET
from qiangji.periods import Period
from qiangji.pipeline import Pipeline

MARK = "空表_"
"""Begins the name of a template that lies among returned workbooks."""
_FORMULA = re.compile(rb"(</f>)<v\s*/>|(</f>)<v></v>")


@dataclass(frozen=True)
class Template:
    """A county's workbook to fill in: `name` is that of the file as the county sends it, `due` the last day in time.

    `forms`: those in it; `rows`: how many are filled in beforehand, of each.
    """

    county_code: str
    name: str
    period: str
    due: date
    forms: tuple[str, ...]
    rows: tuple[int, ...]
    content: bytes

    @property
    def has_unknown_rows(self) -> bool:
        """Whether no row of a form in it is known: the county types the codes."""
        return 0 in self.rows


@dataclass(frozen=True)
class Laid:
    """What became of a template that was to be laid beside a county's reports. `status`: sent, failed or no_place."""

    county_code: str
    status: str
    message: str


def ask(
    catalogue: Catalogue, form: str, counties: Sequence[str], period: str | None, today: date
) -> tuple[Period, list[str]]:
    """The period and the counties that a template is asked of; without a period, the form's last that has ended.

    Raises UsageError: unknown_form, unknown_county, bad_period, before_plan, wrong_period (with the nearest).
    """
    catalogue.require_forms([form])
    counties = [catalogue.county_of(c) for c in counties]
    for county in counties:
        asked.require_reported(catalogue, form, county)
    declared = catalogue.forms[form]
    at = asked.last_ended(catalogue, declared, today) if period is None else None
    wanted = at or asked.own_period(catalogue, declared, str(period))
    reporting = [c for c in catalogue.counties if declared in catalogue.forms_of(c)]
    return wanted, [c for c in reporting if not counties or c in counties]


def forms_in(catalogue: Catalogue, form: Form, county: str, period: Period) -> list[Form]:
    """The forms of the workbook that reports a form: all of the period where the county sends one workbook of all."""
    files = catalogue.counties[county].files
    if not files or "{form}" in files:
        return [form]
    return [f for f in catalogue.forms_of(county) if catalogue.due(f, period.last_month) == period]


def needs_ledger(catalogue: Catalogue, form: Form, counties: Sequence[str], period: Period) -> bool:
    """Whether rows of these templates are known by earlier reports alone."""
    return any(units.is_from_reports(f) for c in counties for f in forms_in(catalogue, form, c, period))


def known_rows(
    ledger: Ledger,
    catalogue: Catalogue,
    form: Form,
    counties: Sequence[str],
    period: Period,
    *,
    with_names: bool = True,
) -> dict[tuple[str, str], list[Line]]:
    """(form, county) -> the rows that the county last reported, for forms whose rows lie beneath the tree.

    `with_names`: as the county named them, read again from what it sent.
    """
    found: dict[tuple[str, str], list[Line]] = {}
    registered = {
        f.form: f for c in counties for f in forms_in(catalogue, form, c, period) if units.is_from_reports(f)
    }
    for one in registered.values():
        last = units.last_reported(ledger, catalogue, one, counties, period, with_names=with_names)
        found |= {(one.form, county): lines for county, lines in last.items()}
    return found


def make(
    catalogue: Catalogue,
    form: Form,
    county: str,
    period: Period,
    known: Mapping[tuple[str, str], Sequence[Line]],
) -> Template:
    """The template of one county. `known`: see `known_rows`."""
    from openpyxl import Workbook

    declared = catalogue.counties[county]
    plans = [
        sheet.Plan(
            one,
            catalogue.suites[one.form],
            declared,
            catalogue.name_of(county),
            period,
            units.lines_of(catalogue, one, county, period, known.get((one.form, county), ())),
            catalogue.calendar.due_date(period, one.due_working_day),
            units.own_codes(catalogue, county),
        )
        for one in forms_in(catalogue, form, county, period)
    ]
    name = file_name(declared, [(plan.form.form, period) for plan in plans]) or f"{form.form}_{period}.xlsx"
    book = Workbook()
    book.remove(book.active)
    for plan in plans:
        sheet.write(book.create_sheet(plan.name), plan)
    guide.write(book.create_sheet(GUIDE_SHEET, 0), plans, name)
    book.active = 1 + next(i for i, plan in enumerate(plans) if plan.form is form)
    for ws in book:
        ws.sheet_view.tabSelected = ws is book.active
    sink = io.BytesIO()
    book.save(sink)
    return Template(
        county,
        name,
        str(period),
        next(plan.due for plan in plans if plan.form is form),
        tuple(plan.form.form for plan in plans),
        tuple(len(plan.lines) for plan in plans),
        _with_results(sink.getvalue()),
    )


def lay(p: Pipeline, one: Template) -> Laid:
    """Write a template into `feedback/` at the county's place, in the place of an earlier one.

    Its name there begins with 空表_: a returned workbook has the name of the report itself.
    """
    county = p.catalogue.counties[one.county_code]
    if place_of(county) == "kept":
        return Laid(
            one.county_code,
            "no_place",
            f"{county.transport}：无处可放，请在Airflow的退回工作簿页面下载后转交 there is nowhere to lay it:"
            " take it from the page of returned workbooks in Airflow and hand it over",
        )
    name = f"{MARK}{one.name}"
    try:
        write(p, county, name, one.content)
    except CollectError as e:
        return Laid(one.county_code, "failed", f"{e.code}: {e}")
    return Laid(one.county_code, "sent", f"已放入 laid into {FOLDER}/{name} ({county.transport})")


def _with_results(content: bytes) -> bytes:
    """The workbook with 0 as the result of every formula: openpyxl writes none, and a preview would show none.

    All formulas are sums of cells that are still empty.
    """
    sink = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as book,
        zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as out,
    ):
        for part in book.infolist():
            text = book.read(part)
            if part.filename.startswith("xl/worksheets/sheet"):
                text = _FORMULA.sub(rb"</f><v>0</v>", text)
            out.writestr(part, text)
    return sink.getvalue()
