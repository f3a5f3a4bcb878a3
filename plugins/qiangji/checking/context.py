"""Contextual columns: what earlier reports and other forms say of a unit, beside its rows in many reports at once.

In: reports of a form on one period, and the current reports that they are compared with. Out: their rows with the
columns that the form's rules need (`catalogue.suites` lists them). A column is null where there is nothing to compare
with. A report is compared with those of its own county: rows are found by county and key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.keys import parents
from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Form
from qiangji.catalogue.suites import ContextColumn
from qiangji.checking import jumps
from qiangji.checking.beside import Numbers, at_of, numbered, one_behind_the_other, taken
from qiangji.parsing.normalise import TYPES
from qiangji.periods import MONTHS_IN, Period


class Read(Protocol):
    """Gives the rows of those of some counties that have a current revision, of these columns or all."""

    def __call__(
        self, form: str, period: Period, counties: Sequence[str], columns: frozenset[str] = ...
    ) -> dict[str, pa.Table]: ...


Place = tuple[str, Period]
_NEW_YEAR = 3
"""Months in which the first report of a year is held against the last of the year before."""


def columns_of(catalogue: Catalogue, form: Form, period: Period) -> list[ContextColumn]:
    """The contextual columns that the form's rules need in a period, in the order in which they are made."""
    fields = form.fields_in(str(period.last_month))
    columns = catalogue.suites[form.form].context_columns(catalogue.forms)
    # a change is computed from the columns of last values and of z-scores beside it
    columns.sort(key=lambda column: column.kind == "change")
    return [column for column in columns if column.is_across or column.field in fields]


def places_of(column: ContextColumn, catalogue: Catalogue, form: Form, period: Period) -> list[Place]:
    """The reports of a county that a column looks at, by form and period."""
    if column.is_across:  # the other form's same period, or the last of those within it
        return [(column.form, period.last_month.as_type(catalogue.forms[column.form].period_type))]
    if column.kind == "yearend":  # whichever report of the year before is the last one
        return [_year_before(form, period)] if period.last_month.index % 12 < _NEW_YEAR else []
    return [(form.form, period - back) for back in _reach(column, form)]


def last_first(form: Form, period: Period) -> Iterator[Period]:
    """The periods of the twelve months before, the latest first: the last report may be that of any of them."""
    return (period - back for back in range(1, 12 // MONTHS_IN[form.period_type] + 1))


def _year_before(form: Form, period: Period) -> Place:
    return form.form, Period("year", period.year - 1)


def _reach(column: ContextColumn, form: Form) -> Iterable[int]:
    """How many periods back a column looks."""
    if column.kind == "z":
        return range(1, jumps.PERIODS + 1)
    return [12 // MONTHS_IN[form.period_type]] if column.kind == "year" else [1]


class Context:
    """Reports of one form and period, one behind the other, and what they are compared with. `lasts`: county -> the
    period of its last report before.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        form: Form,
        period: Period,
        reports: Mapping[str, pa.Table],
        read: Read,
        lasts: Mapping[str, Period],
    ) -> None:
        self.catalogue, self.form, self.period = catalogue, form, period
        self._columns = columns_of(catalogue, form, period)
        self._reports = list(reports.items())
        self._read, self._lasts = read, lasts
        self._found: dict[Place, tuple[pa.Table, Numbers] | None] = {}
        self._looked_at: dict[Place, frozenset[str]] = {}
        for column in self._columns:
            for place in places_of(column, catalogue, form, period):
                key = catalogue.forms[place[0]].key
                self._looked_at[place] = self._looked_at.get(place, frozenset({key})) | {column.field}

    @property
    def sizes(self) -> list[tuple[str, int]]:
        """The counties, and how many rows each has."""
        return [(county, len(rows)) for county, rows in self._reports]

    def __len__(self) -> int:
        return sum(len(rows) for _, rows in self._reports)

    def frame(self) -> pa.Table:
        """The rows of all reports with their contextual columns; with a z-score also the range that is usual."""
        rows = one_behind_the_other([rows for _, rows in self._reports])
        rows = as_it_stands(rows, self.form, str(self.period.last_month))
        for column in self._columns:
            for name, values in self._made(rows, column).items():
                rows = rows.append_column(name, values)
        self._found.clear()
        return rows

    def _others(self, place: Place) -> dict[str, pa.Table]:
        """What the counties reported there: of each the columns that are looked at."""
        counties, looked_at = [county for county, _ in self._reports], self._looked_at[place]
        if place != _year_before(self.form, self.period):
            return self._read(*place, counties, looked_at)
        found: dict[str, pa.Table] = {}
        for last in {p for p in self._lasts.values() if p.year < self.period.year}:
            same = [county for county in counties if self._lasts.get(county) == last]
            found |= self._read(self.form.form, last, same, looked_at)
        return found

    def _made(self, rows: pa.Table, column: ContextColumn) -> dict[str, pa.Array | pa.ChunkedArray]:
        name = column.name
        if column.is_across:
            return {name: self._across(rows, column)}
        own = rows.column(column.field)
        if column.kind == "z":
            places = places_of(column, self.catalogue, self.form, self.period)
            reports = (self._before(column.field, place) for place in places)
            z = jumps.against(own, [values for values in reports if values is not None])
            return dict(zip((name, f"_low_{column.field}", f"_high_{column.field}"), z, strict=True))
        if column.kind == "change":
            return {name: _change(rows, column)}
        is_new_year = self.period.year != (self.period - 1).year
        starts_anew = is_new_year and self.form.fields[column.field].kind == "ytd"
        before = None
        if column.kind in ("year", "yearend") or not starts_anew:
            for place in places_of(column, self.catalogue, self.form, self.period):
                before = self._before(column.field, place)
        if column.kind == "year":
            return {name: pa.nulls(len(rows), pa.float64()) if before is None else _relative(own, before)}
        return {name: pa.nulls(len(rows), own.type) if before is None else before}

    def _before(self, field: str, place: Place) -> pa.ChunkedArray | None:
        """The units' values in a report before; None where no report has the field, or the form had it not yet."""
        if place not in self._found:
            others = self._others(place)
            at = at_of(self._reports, others, self.form.key)
            self._found[place] = (one_behind_the_other(list(others.values())), at) if others else None
        if (found := self._found[place]) is None or field not in found[0].column_names:
            return None
        return taken(found[0].column(field), found[1])

    def _across(self, rows: pa.Table, column: ContextColumn) -> pa.Array | pa.ChunkedArray:
        """The sum or count of another form's rows at the units of these rows and beneath them."""
        of = self.catalogue.forms[column.form]
        (place,) = places_of(column, self.catalogue, self.form, self.period)
        reports = [r for r in self._others(place).items() if column.field in r[1].column_names]
        if not reports:
            return pa.nulls(len(rows), pa.int64())
        other = one_behind_the_other([t for _, t in reports])
        tree = self.catalogue.org.paths_in(self.period)
        at = pc.index_in(
            parents(other.column(of.key), of), value_set=tree.column("org_code").combine_chunks()
        )
        units = tree.column(f"{self.form.base_level}_code").take(at)
        beneath = pc.binary_join_element_wise(_counties(reports), units, " ")
        values = pa.table({"unit": beneath, "value": other.column(column.field)}).group_by("unit")
        reduced = values.aggregate([("value", column.kind)])
        keys = parents(rows.column(self.form.key), self.form)
        at = pc.index_in(
            pc.binary_join_element_wise(_counties(self._reports), keys, " "),
            value_set=reduced.column("unit").combine_chunks(),
        )
        return reduced.column(f"value_{column.kind}").take(at)


def as_it_stands(rows: pa.Table, form: Form, month: str) -> pa.Table:
    """Rows with every field of the form: a report may be older than a field, or lack an optional one."""
    for name, one in form.fields_in(month).items():
        if name not in rows.column_names:
            rows = rows.append_column(name, pa.nulls(len(rows), TYPES[one.type]))
    return rows


def _counties(reports: Sequence[tuple[str, pa.Table]]) -> pa.Array:
    """The county of each row."""
    of = pa.array(numbered([len(rows) for _, rows in reports]))
    return pa.array([county for county, _ in reports], pa.string()).take(of)


def _change(rows: pa.Table, column: ContextColumn) -> pa.ChunkedArray:
    change = _relative(rows.column(column.field), rows.column(f"_last_{column.field}"))
    judged = f"_z_{column.field}"
    if judged in rows.column_names:  # the history knows better
        change = pc.if_else(pc.is_valid(rows.column(judged)), pa.scalar(None, pa.float64()), change)
    return change


def _relative(values: pa.ChunkedArray, before: pa.ChunkedArray) -> pa.ChunkedArray:
    """(value - before) / before; null without either, or where nothing was before."""
    values, before = values.cast(pa.float64()), before.cast(pa.float64())
    change = pc.subtract(values, before)
    return pc.divide(change, pc.if_else(pc.equal(before, 0), pa.scalar(None, pa.float64()), before))
