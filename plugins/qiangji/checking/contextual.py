"""Contextual rules: those on accepted rows that look at earlier periods or at another form.

In: current revisions and the lake. Out: findings, which replace those that a submission had. The rules run when a month
is built, and again whenever one of the revisions that they look at has changed. So findings do not depend on the order
in which deliveries were processed. These rules reject nothing.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue import Catalogue, Form
from qiangji.catalogue.keys import parents
from qiangji.catalogue.suites import ContextColumn, Rule
from qiangji.checking import jumps, repeats, scales
from qiangji.checking.expectations import BATCH_ROWS, validate
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
    held: dict[tuple[str, ...], _Held] = {}  # a form that changed is judged as it stood in each period
    for w in sorted(work, key=lambda w: (w.form.form, w.period)):
        suite = catalogue.suites[w.form.form]
        rules = [r for r in suite.holding_in(w.form, str(w.period.last_month)) if r.is_contextual]
        report = _Report(catalogue, read, w.form, w.period, w.county)
        if w.key not in declared:
            found[w.key] += report.beside_the_last()
        same = (w.form.form, *(f"{r.id} {r.severity}" for r in rules))
        held.setdefault(same, _Held(w.form, rules, found)).add(report)
    for one in held.values():
        one.look()
    return found


@dataclass
class _Held:
    """Reports of a form that the same rules hold for, whatever their periods: a batch of them is looked at at once."""

    form: Form
    rules: Sequence[Rule]
    found: dict[Key, list[Finding]]
    reports: list[_Report] = field(default_factory=list)
    frames: list[pa.Table] = field(default_factory=list)

    def add(self, report: _Report) -> None:
        self.reports.append(report)
        self.frames.append(report.in_context())
        if sum(map(len, self.frames)) >= BATCH_ROWS:
            self.look()

    def look(self) -> None:
        """Add what is found in the reports so far, and forget them."""
        if not self.frames:
            return
        frame = pa.concat_tables(self.frames, promote_options="permissive").combine_chunks()
        starts = list(itertools.accumulate(map(len, self.frames), initial=0))
        for broken in validate(frame, self.rules, self.form.form):
            rows = frame.take(pa.array(broken.rows, pa.int64())).to_pylist()
            for position, row in zip(broken.rows, rows, strict=True):
                report = self.reports[bisect_right(starts, position) - 1]
                one = Finding.of(broken.rule, row, self.form, report.county, str(report.period))
                self.found[report.key].append(one)
        self.reports.clear()
        self.frames.clear()


def _as_it_stands(rows: pa.Table, form: Form, month: str) -> pa.Table:
    """A report's rows with every field of the form: it may be older than a field, or lack an optional one."""
    for name, one in form.fields_in(month).items():
        if name not in rows.column_names:
            rows = rows.append_column(name, pa.nulls(len(rows), TYPES[one.type]))
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

    @property
    def key(self) -> Key:
        return self.form.form, str(self.period), self.county

    def rows(self) -> pa.Table:
        """The report, with every field that the form had in its period."""
        rows = self.read(*self._at(self.period))
        assert rows is not None
        return _as_it_stands(rows, self.form, str(self.period.last_month))

    def beside_the_last(self) -> list[Finding]:
        """What is said of it where it repeats the report before, or is in another scale."""
        before = self.read(*self._at(self.period - 1)) if repeats.can_tell(self.form) else None
        if before is None:
            return []
        both = (self.form, self.period, self.county, self.rows(), before)
        again = repeats.finding(*both)
        return [*([again] if again else []), *scales.findings(*both)]

    def in_context(self) -> pa.Table:
        """Its rows with all the contextual columns that the form's rules need in its period."""
        form, fields = self.form, self.form.fields_in(str(self.period.last_month))
        columns = self.catalogue.suites[form.form].context_columns(self.catalogue.forms)
        # a change is computed from the columns of last values and of z-scores beside it
        columns.sort(key=lambda column: column.kind == "change")
        rows = self.rows()
        for column in columns:
            if column.is_across or column.field in fields:
                rows = self._with_column(rows, column)
        return rows

    def _at(self, period: Period) -> tuple[str, Period, str]:
        return self.form.form, period, self.county

    def _with_column(self, rows: pa.Table, column: ContextColumn) -> pa.Table:
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
        other = self.read(*self._at(self.period - back))
        if other is None or column.field not in other.column_names:
            return None
        return _looked_up(rows.column(self.form.key), other.column(self.form.key), other.column(column.field))

    def _history(self, rows: pa.Table, column: ContextColumn) -> tuple[pa.Array, ...]:
        """The modified z-score of a field, and the low and high end of what is usual for the unit."""
        reports = (self.read(*self._at(self.period - back)) for back in _reach(column, self.form))
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
