"""The dimensions: the catalogue as tables of `dim`, for joins and for people who look things up.

In: the catalogue, the calendar and the lake (its journal takes what figures are shown by). Out: dim.* filled anew, in
the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import TYPE_CHECKING, get_args

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji import indicators
from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Field, Form
from qiangji.catalogue.suites import context_column
from qiangji.catalogue.units import LEVELS, table_of
from qiangji.lake import Lake
from qiangji.periods import MONTHS_IN, Period, PeriodType, span
from qiangji.settings import Settings
from qiangji.warehouse import history
from qiangji.warehouse.queries import query
from qiangji.warehouse.rows import copy_in, insert

if TYPE_CHECKING:
    import pyarrow as pa

Rows = list[dict[str, object]]
FIRST_YEAR, FUTURE_YEARS = 2015, 1
"""dim.period begins with the first year and ends so many years after this one."""
EXPECTED_MONTHS = 25
"""How many months back expected units are filled in before any build; a build fills in its own months."""


def fill(connection: Connection, settings: Settings, catalogue: Catalogue) -> None:
    """Replace the rows of every dimension; the two histories of `history` only grow."""
    today = date.today()
    periods = _periods(today)
    recent = Period.of(today) - EXPECTED_MONTHS
    _replace_many(connection, "dim.org_unit", _org_units(catalogue, today))
    _replace_many(connection, "dim.org_unit_version", _org_unit_versions(catalogue))
    _replace(connection, "dim.org_lineage", _org_lineage(catalogue))
    _replace(connection, "dim.org_group", _org_groups(catalogue))  # its members go with it
    insert(connection, "dim.org_group_member", _org_group_members(catalogue))
    _replace(connection, "dim.period", [row for p in periods for row in _period_rows(p)])
    _replace(connection, "dim.period_compared", [])
    connection.execute(query("warehouse/period_compared"))
    _replace(connection, "dim.form", [_form_row(f) for f in catalogue.forms.values()])
    _replace(connection, "dim.field", _fields(catalogue))
    _replace(connection, "dim.due", _due(settings, catalogue, periods))
    _replace(connection, "dim.county_form", _county_forms(catalogue))
    connection.execute(query("warehouse/expected_of_none"))
    fill_expected(
        connection, catalogue, [p for p in periods if recent < p.last_month <= Period.of(today) + 1]
    )
    _replace(connection, "dim.indicator_target", [])  # refers to dim.indicator
    _replace(connection, "dim.indicator", indicators.dictionary(catalogue))
    connection.execute(query("warehouse/indicator_due"))
    _replace(connection, "dim.indicator_target", _targets(catalogue))
    _replace(connection, "dim.indicator_field", indicators.fields_read(catalogue))
    _replace(connection, "dim.rule_field", rule_fields(catalogue))
    history.keep(connection, catalogue, Lake(settings.lake))
    _analyze(connection)


def _replace(connection: Connection, table: str, rows: Rows) -> None:
    connection.execute(sa.text(f"DELETE FROM {table}"))
    insert(connection, table, rows)


def _replace_many(connection: Connection, table: str, rows: pa.Table) -> None:
    """The same for a table of as many rows as there are units."""
    connection.execute(sa.text(f"DELETE FROM {table}"))
    copy_in(connection, table, rows)


def _analyze(connection: Connection) -> None:
    """Tell the planner what the dimensions hold: until then, views that join them take seconds instead of 0.2 s."""
    tables = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'dim'"
    connection.execute(sa.text(f"ANALYZE {', '.join(connection.scalars(sa.text(tables)))}"))


def _periods(today: date) -> list[Period]:
    first, last = date(FIRST_YEAR, 1, 1), date(today.year + FUTURE_YEARS, 12, 31)
    return [p for t in get_args(PeriodType) for p in span(Period.of(first, t), Period.of(last, t))]


def _org_units(catalogue: Catalogue, today: date) -> pa.Table:
    """The units as they are today, each with the names on its path: what is entered ahead waits for its day."""
    import pyarrow as pa
    import pyarrow.compute as pc

    table = catalogue.org.table_on(today)
    codes, names = (table.column(n).combine_chunks() for n in ("org_code", "name"))
    steps = [table.column(f"{level}_code").combine_chunks() for level in LEVELS[:-1]]
    is_alone = pc.equal(steps[0], steps[1])  # a county that is its own city stands in its path once
    steps[0] = pc.if_else(pc.fill_null(is_alone, False), pa.scalar(None, pa.string()), steps[0])
    named = [names.take(pc.index_in(step, value_set=codes)) for step in steps]
    path = pc.binary_join_element_wise(*named, "/", null_handling="skip")
    return table.append_column("path", path)


def _org_unit_versions(catalogue: Catalogue) -> pa.Table:
    """Every line of every unit, with its number among the unit's."""
    import pyarrow as pa
    import pyarrow.compute as pc

    org = catalogue.org
    names = (
        "org_code",
        "version",
        "name",
        "org_level",
        "kind",
        "parent_code",
        "reports",
        "valid_from",
        "valid_to",
    )
    dated = table_of(u for lines in org.dated.values() for u in lines)
    numbers = pa.array([i for lines in org.dated.values() for i in range(1, len(lines) + 1)], pa.int64())
    plain = org.columns.filter(
        pc.invert(pc.is_in(org.columns.column("code"), value_set=pa.array(list(org.dated), pa.string())))
    )
    tables = []
    for lines, version in ((plain, pa.repeat(pa.scalar(1, pa.int64()), len(plain))), (dated, numbers)):
        lines = lines.append_column("version", version).rename_columns(
            {"code": "org_code", "level": "org_level"}
        )
        parent = lines.column("parent_code")
        above = pc.if_else(pc.equal(parent, ""), pa.scalar(None, pa.string()), parent)
        lines = lines.set_column(lines.column_names.index("parent_code"), "parent_code", above)
        tables.append(lines.select(names))
    return pa.concat_tables(tables)


def _org_lineage(catalogue: Catalogue) -> Rows:
    return [
        {"kind": x.kind, "from_code": x.from_code, "to_code": x.to_code, "on_date": x.on, "share": x.share}
        for x in catalogue.lineage
    ]


def _org_groups(catalogue: Catalogue) -> Rows:
    return [
        {"group_code": g.code, "name_zh": g.name.zh, "name_en": g.name.en, "sort_order": i}
        for i, g in enumerate(catalogue.groups, 1)
    ]


def _org_group_members(catalogue: Catalogue) -> Rows:
    return [{"group_code": g.code, "org_code": unit} for g in catalogue.groups for unit in g.units]


def _fields(catalogue: Catalogue) -> Rows:
    return [
        _field_row(form, name, field, i)
        for form in catalogue.forms.values()
        for i, (name, field) in enumerate(form.fields.items(), 1)
    ]


def _due(settings: Settings, catalogue: Catalogue, periods: list[Period]) -> Rows:
    calendar = catalogue.calendar
    return [
        {
            "form": f.form,
            "period": str(p),
            "due_date": calendar.due_date(p, f.due_working_day),
            "due_at": calendar.due_at(p, f.due_working_day, settings.timezone),
            "is_optional": f.is_optional_in(str(p.last_month)),
        }
        for f in catalogue.forms.values()
        for p in periods
        if p.type == f.period_type and f.holds_in(str(p.last_month)) and p.last_month >= catalogue.first_month
    ]


def _county_forms(catalogue: Catalogue) -> Rows:
    return [
        {"county_code": code, "form": form.form, "transport": county.transport}
        for code, county in catalogue.counties.items()
        for form in catalogue.forms_of(code)
    ]


def _targets(catalogue: Catalogue) -> Rows:
    return [
        {"indicator_code": i.code, "year": year, "target": target}
        for i in catalogue.indicators.values()
        for year, target in i.target.items()
    ]


def fill_expected(
    connection: Connection,
    catalogue: Catalogue,
    periods: Iterable[Period],
    counties: Collection[str] | None = None,
) -> None:
    """Fill in how many units the tree expects to report in these periods, of all counties or some.

    Registered units (groups, tasks) are left out: builds count them.
    """
    rows = [
        {"county_code": county, "form": form.form, "period": str(period), "expected_units": n}
        for form in catalogue.forms.values()
        if not form.is_registered
        for period in periods
        if period.type == form.period_type and form.holds_in(str(period.last_month))
        for county, n in _expected_by_county(catalogue, form, period).items()
        if counties is None or county in counties
    ]
    if rows:
        connection.execute(
            sa.text(
                "INSERT INTO dim.expected_units VALUES (:county_code, :form, :period, :expected_units)"
                " ON CONFLICT (county_code, form, period) DO UPDATE SET expected_units = excluded.expected_units"
            ),
            rows,
        )


def _expected_by_county(catalogue: Catalogue, form: Form, period: Period) -> dict[str, int]:
    expected = catalogue.org.expected_by_county(form.filled_in_by, period)
    return {c: expected.get(c, 0) for c in catalogue.counties if form in catalogue.forms_of(c)}


def _period_rows(period: Period) -> list[dict[str, object]]:
    row: dict[str, object] = {
        "period": str(period),
        "period_type": period.type,
        "period_start": period.start,
        "period_end": period.end,
        "last_month": str(period.last_month),
        "year": period.year,
        "label_zh": period.label_zh,
        "label_en": str(period),
        "month_number": period.last_month.index,
        "previous_period": str(period - 1),
        "previous_quarter": None,
        "previous_half": None,
        "year_ago_period": str(period - 12 // MONTHS_IN[period.type]),
    }
    if period.type != "month":
        return [row]
    month = period.start.month
    to_date = {
        "period_type": "ytd",
        "period_start": date(period.year, 1, 1),
        "label_zh": f"{period.year}年1-{month}月累计",
        "label_en": f"{period.year}-01 to {period}",
        # it begins anew in January; one of quarterly or half-yearly forms has figures at their ends only
        "previous_period": str(period - 1) if month > 1 else None,
        "previous_quarter": str(period - 3) if month > 3 else None,
        "previous_half": str(period - 6) if month > 6 else None,
    }
    return [row, row | to_date]


def rule_fields(catalogue: Catalogue) -> list[dict[str, object]]:
    """The fields of other forms that rules read (`_sum_<form>_<field>`), and so name."""
    found = {
        (rule.id, column.form, column.field)
        for suite in catalogue.suites.values()
        for rule in suite.rules
        for name in rule.columns
        if (column := context_column(name, suite.form, catalogue.forms)) and column.is_across
    }
    return [dict(zip(("rule", "form", "field"), key, strict=True)) for key in sorted(found)]


def _form_row(form: Form) -> dict[str, object]:
    return {
        "form": form.form,
        "number": form.number,
        "title_zh": form.title.zh,
        "title_en": form.title.en,
        "grain": form.grain,
        "key_field": form.key,
        "period_type": form.period_type,
        "due_working_day": form.due_working_day,
    }


def _field_row(form: Form, name: str, field: Field, order: int) -> dict[str, object]:
    return {
        "form": form.form,
        "field": name,
        "label_zh": field.label.zh,
        "label_en": field.label.en,
        "type": field.type,
        "kind": field.kind,
        "unit": field.unit,
        "is_restricted": field.restricted,
        "note_zh": field.note.zh if field.note else None,
        "note_en": field.note.en if field.note else None,
        "sort_order": order,
    }
