"""Contextual rules: those on accepted rows that look at earlier periods or at another form.

In: current revisions and the lake. Out: findings, which replace those that a submission had. The rules run when a month
is built, and again whenever one of the revisions that they look at has changed. So findings do not depend on the order
in which deliveries were processed. These rules reject nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue import Catalogue, Form
from qiangji.catalogue.keys import parents
from qiangji.catalogue.suites import ContextColumn
from qiangji.checking import jumps, repeats
from qiangji.checking.expectations import validate
from qiangji.hashing import short
from qiangji.lake import Rows
from qiangji.ledger import Key
from qiangji.ledger.findings import Finding
from qiangji.parsing.normalise import TYPES
from qiangji.periods import MONTHS_IN, Period

Read = Callable[[str, Period, str], pa.Table | None]
"""(form, period, county) -> the rows of its current revision; None where there is none."""


@dataclass(frozen=True)
class Work:
    """One submission to look at again, and the signature of all that it is compared with."""

    form: Form
    period: Period
    county: str
    signature: str

    @property
    def key(self) -> Key:
        return self.form.form, str(self.period), self.county


def stale(
    catalogue: Catalogue,
    current: Mapping[Key, str],
    seen: Mapping[Key, str],
    months: Iterable[Period],
    declared: Collection[Key] = (),
) -> list[Work]:
    """Submissions of these months whose contextual rules look at something that has changed.

    `current`: rows hash of each current revision. `seen`: the signature at the last check. `declared`: the submissions
    that say that nothing changed.
    """
    work = []
    for month in months:
        for form in catalogue.forms.values():
            period = catalogue.due(form, month)
            suite = catalogue.suites[form.form]
            columns = suite.context_columns(catalogue.forms)
            if period is None or not (columns or repeats.can_tell(form)):
                continue
            for (name, text, county), rows_hash in current.items():
                if (name, text) != (form.form, str(period)):
                    continue
                inputs = [current.get(k, "") for k in _inputs(columns, catalogue, form, period, county)]
                said = (repeats.VERSION, "declared" if (name, text, county) in declared else "")
                one = Work(form, period, county, short(suite.hash, *said, rows_hash, *inputs))
                if seen.get(one.key) != one.signature:
                    work.append(one)
    return work


def findings(
    catalogue: Catalogue,
    lake: Rows,
    current: Mapping[Key, str],
    work: list[Work],
    declared: Collection[Key] = (),
) -> dict[Key, list[Finding]]:
    """The contextual findings of each piece of work, all counties of a form and period at once."""

    @lru_cache(maxsize=2 * jumps.PERIODS)  # several columns look at the same reports of a county
    def read(form: str, period: Period, county: str) -> pa.Table | None:
        digest = current.get((form, str(period), county))
        return lake.get_rows("reports", form, str(period), county, digest) if digest else None

    found: dict[Key, list[Finding]] = {w.key: [] for w in work}
    for code, period in sorted({(w.form.form, w.period) for w in work}):
        counties = [w.county for w in work if (w.form.form, w.period) == (code, period)]
        told = {county for county in counties if (code, str(period), county) not in declared}
        for finding in _evaluate(catalogue, read, catalogue.forms[code], period, counties, told):
            found[code, str(period), finding.county_code].append(finding)
    return found


def _evaluate(
    catalogue: Catalogue, read: Read, form: Form, period: Period, counties: list[str], told: Collection[str]
) -> Iterator[Finding]:
    """`told`: the counties that do not say themselves that nothing changed."""
    suite, month = catalogue.suites[form.form], str(period.last_month)
    fields = form.fields_in(month)
    columns = [c for c in suite.context_columns(catalogue.forms) if c.is_across or c.field in fields]
    # a change is computed from the columns of last values and of z-scores beside it
    columns.sort(key=lambda column: column.kind == "change")
    frames = []
    for county in counties:
        rows = read(form.form, period, county)
        assert rows is not None
        rows = _as_it_stands(rows, form, month)
        before = read(form.form, period - 1, county) if county in told and repeats.can_tell(form) else None
        if before is not None and (again := repeats.finding(form, period, county, rows, before)):
            yield again
        report = _Report(catalogue, read, form, period, county)
        for column in columns:
            rows = report.with_column(rows, column)
        if "county_code" not in rows.column_names:  # a county's own form has its code as its key
            rows = rows.append_column("county_code", pa.repeat(county, len(rows)))
        frames.append(rows)
    frame = pa.concat_tables(frames, promote_options="permissive").combine_chunks()
    rules = [r for r in suite.holding_in(form, month) if r.is_contextual]
    for broken in validate(frame, rules, f"{form.form} {period}"):
        for row in frame.take(pa.array(broken.rows, pa.int64())).to_pylist():
            yield Finding.of(broken.rule, row, form, row["county_code"], str(period))


def _as_it_stands(rows: pa.Table, form: Form, month: str) -> pa.Table:
    """A report's rows with every field of the form: it may be older than a field, or lack an optional one."""
    for name, field in form.fields_in(month).items():
        if name not in rows.column_names:
            rows = rows.append_column(name, pa.nulls(len(rows), TYPES[field.type]))
    return rows


def _inputs(
    columns: list[ContextColumn], catalogue: Catalogue, form: Form, period: Period, county: str
) -> list[Key]:
    """The revisions, besides its own, that a submission's context comes from."""
    across = {
        (c.form, str(_compared(period, catalogue.forms[c.form])), county) for c in columns if c.is_across
    }
    before = {back for c in columns if not c.is_across for back in _reach(c, form)}
    return sorted(across | {(form.form, str(period - back), county) for back in before | {1}})


def _compared(period: Period, other: Form) -> Period:
    """The other form's period that is looked at: the same, or the last of those within it."""
    return period.last_month.as_type(other.period_type)


def _reach(column: ContextColumn, form: Form) -> Iterable[int]:
    """How many periods back a column looks."""
    if column.kind == "z":
        return range(1, jumps.PERIODS + 1)
    return [12 // MONTHS_IN[form.period_type]] if column.kind == "year" else [1]


@dataclass(frozen=True)
class _Report:
    """One county's report of a period, whose rows are given their contextual columns.

    A column is aligned with the rows, and null where there is nothing to compare with.
    """

    catalogue: Catalogue
    read: Read
    form: Form
    period: Period
    county: str

    def with_column(self, rows: pa.Table, column: ContextColumn) -> pa.Table:
        """The rows with a column more; with a z-score also the range that is usual for the unit, for the message."""
        if column.kind == "z":
            names = (column.name, f"_low_{column.field}", f"_high_{column.field}")
            for name, values in zip(names, self._history(rows, column), strict=True):
                rows = rows.append_column(name, values)
            return rows
        if column.kind == "change":
            values = _change(rows, column)
        elif column.kind == "year":
            values = self._year(rows, column)
        elif column.kind == "last":
            values = self._last(rows, column)
        elif column.kind == "yearend":
            values = self._yearend(rows, column)
        else:
            values = self._across(rows, column)
        return rows.append_column(column.name, values)

    def _before(self, rows: pa.Table, column: ContextColumn, back: int) -> pa.ChunkedArray | None:
        """The units' values some periods ago; None where there is no report, or the form did not have the field yet."""
        other = self.read(self.form.form, self.period - back, self.county)
        if other is None or column.field not in other.column_names:
            return None
        return _looked_up(rows.column(self.form.key), other.column(self.form.key), other.column(column.field))

    def _history(self, rows: pa.Table, column: ContextColumn) -> tuple[pa.Array, ...]:
        """The modified z-score of a field, and the low and high end of what is usual for the unit."""
        reports = (
            self.read(self.form.form, self.period - back, self.county) for back in _reach(column, self.form)
        )
        earlier = [
            t.select([self.form.key, column.field])
            for t in reports
            if t is not None and column.field in t.column_names
        ]
        return jumps.against(rows.column(self.form.key), rows.column(column.field), earlier)

    def _year(self, rows: pa.Table, column: ContextColumn) -> pa.Array | pa.ChunkedArray:
        (back,) = _reach(column, self.form)
        before = self._before(rows, column, back)
        if before is None:
            return pa.nulls(len(rows), pa.float64())
        return _relative(rows.column(column.field), before.cast(pa.float64()))

    @property
    def _begins_year(self) -> bool:
        return self.period.year != (self.period - 1).year

    def _yearend(self, rows: pa.Table, column: ContextColumn) -> pa.Array | pa.ChunkedArray:
        before = self._before(rows, column, 1) if self._begins_year else None
        return pa.nulls(len(rows), rows.column(column.field).type) if before is None else before

    def _last(self, rows: pa.Table, column: ContextColumn) -> pa.Array | pa.ChunkedArray:
        starts_anew = self._begins_year and self.form.fields[column.field].kind == "ytd"
        before = None if starts_anew else self._before(rows, column, 1)
        return pa.nulls(len(rows), rows.column(column.field).type) if before is None else before

    def _across(self, rows: pa.Table, column: ContextColumn) -> pa.Array | pa.ChunkedArray:
        """The sum or count of another form's rows at the units of these rows and beneath them."""
        of = self.catalogue.forms[column.form]
        other = self.read(of.form, _compared(self.period, of), self.county)
        if other is None or column.field not in other.column_names:
            return pa.nulls(len(rows), pa.int64())
        tree = self.catalogue.org.paths_in(self.period)
        at = pc.index_in(
            parents(other.column(of.key), of), value_set=tree.column("org_code").combine_chunks()
        )
        units = tree.column(f"{self.form.base_level}_code").take(at)
        values = pa.table({"unit": units, "value": other.column(column.field)}).group_by("unit")
        reduced = values.aggregate([("value", column.kind)])
        keys = parents(rows.column(self.form.key), self.form)
        return _looked_up(keys, reduced.column("unit"), reduced.column(f"value_{column.kind}"))


def _change(rows: pa.Table, column: ContextColumn) -> pa.ChunkedArray:
    before = rows.column(f"_last_{column.field}").cast(pa.float64())
    change = _relative(rows.column(column.field), before)
    judged = f"_z_{column.field}"
    if judged in rows.column_names:  # the history knows better
        change = pc.if_else(pc.is_valid(rows.column(judged)), pa.scalar(None, pa.float64()), change)
    return change


def _relative(values: pa.ChunkedArray, before: pa.ChunkedArray) -> pa.ChunkedArray:
    """(value - before) / before; null without either, or where nothing was before."""
    change = pc.subtract(values.cast(pa.float64()), before)
    return pc.divide(change, pc.if_else(pc.equal(before, 0), pa.scalar(None, pa.float64()), before))


def _looked_up(keys: pa.ChunkedArray, units: pa.ChunkedArray, values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The values of the keys; null for a key that is not among the units."""
    return values.take(pc.index_in(keys, value_set=units.combine_chunks()))
