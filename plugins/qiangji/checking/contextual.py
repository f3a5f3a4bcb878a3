"""Contextual checks: expectations on accepted rows that look at earlier periods or at another form.

In: current revisions and the lake. Out: findings, which replace those that a submission had. They run when a month
is built, and again whenever one of the revisions that they look at has changed, so that findings do not depend on
the order in which deliveries were processed. They reject nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue import Catalogue, Form
from qiangji.catalogue.keys import parents
from qiangji.catalogue.suites import ContextColumn, context_columns, holding_in, is_contextual
from qiangji.checking import finding, jumps
from qiangji.lake import Rows
from qiangji.ledger import Key
from qiangji.periods import MONTHS_IN, Period


@dataclass(frozen=True)
class Work:
    """One submission to look at again, and the signature of all that it is compared with."""

    form: Form
    period: Period
    county: str
    signature: str


def stale(
    catalogue: Catalogue, current: Mapping[Key, str], seen: Mapping[Key, str], months: Iterable[Period]
) -> list[Work]:
    """Submissions of these months of which something that their contextual checks look at has changed.

    `current`: rows hash of each current revision. `seen`: the signature at the last check.
    """
    work = []
    for month in months:
        for form in catalogue.forms.values():
            period = catalogue.due(form, month)
            suite = catalogue.suites[form.form]
            columns = context_columns(suite, catalogue.forms)
            if period is None or not columns:
                continue
            for (name, text, county), rows_hash in current.items():
                if (name, text) != (form.form, str(period)):
                    continue
                inputs = [current.get(k, "") for k in _inputs(columns, catalogue, form, period, county)]
                compared = "|".join([suite.hash, rows_hash, *inputs])
                signature = hashlib.sha256(compared.encode()).hexdigest()[:16]
                if seen.get((form.form, str(period), county)) != signature:
                    work.append(Work(form, period, county, signature))
    return work


def findings(
    catalogue: Catalogue, lake: Rows, current: Mapping[Key, str], work: list[Work]
) -> dict[Key, list[dict[str, Any]]]:
    """The contextual findings of each piece of work, all counties of a form and period at once."""
    found: dict[Key, list[dict[str, Any]]] = {(w.form.form, str(w.period), w.county): [] for w in work}
    for form, period in sorted({(w.form.form, w.period) for w in work}):
        counties = [w.county for w in work if (w.form.form, w.period) == (form, period)]
        for key, rows in _evaluate(catalogue, lake, current, catalogue.forms[form], period, counties):
            found[key].append(rows)
    return found


def _evaluate(
    catalogue: Catalogue,
    lake: Rows,
    current: Mapping[Key, str],
    form: Form,
    period: Period,
    counties: list[str],
) -> Iterable[tuple[Key, dict[str, Any]]]:
    from qiangji.checking.expectations import validate

    suite = catalogue.suites[form.form]
    expectations = [e for e in holding_in(suite, form, str(period.last_month)) if is_contextual(e)]
    # a change is computed from the columns of last values and of z-scores beside it
    columns = sorted(context_columns(suite, catalogue.forms), key=lambda column: column.kind == "change")
    fields = form.fields_in(str(period.last_month))
    columns = [column for column in columns if column.is_across or column.field in fields]

    @lru_cache(maxsize=2 * jumps.PERIODS)  # several columns look at the same reports of a county
    def rows_of(name: str, at: Period, county: str) -> pa.Table | None:
        digest = current.get((name, str(at), county))
        return lake.get_rows("reports", name, str(at), county, digest) if digest else None

    frames = []
    for county in counties:
        rows = rows_of(form.form, period, county)
        assert rows is not None
        keys = rows.column(form.key)
        for column in columns:
            if column.kind == "z":
                rows = _with_history(column, form, period, county, rows, rows_of)
                continue
            rows = rows.append_column(
                column.name, _context(column, catalogue, form, period, county, keys, rows, rows_of)
            )
        if "county_code" not in rows.column_names:  # a county's own form has its code as its key
            rows = rows.append_column("county_code", pa.repeat(county, len(rows)))
        frames.append(rows)
    frame = pa.concat_tables(frames, promote_options="permissive").combine_chunks()
    for broken in validate(frame, expectations, f"{form.form} {period}"):
        for row in frame.take(pa.array(broken.rows, pa.int64())).to_pylist():
            key = (form.form, str(period), row["county_code"])
            yield key, finding(broken.expectation, row, form, row["county_code"], str(period))


def _compared(period: Period, other: Form) -> Period:
    """The other form's period that is looked at: the same, or the last of those within it."""
    return period.last_month.as_type(other.period_type)


def _inputs(
    columns: list[ContextColumn], catalogue: Catalogue, form: Form, period: Period, county: str
) -> list[Key]:
    """The revisions, besides its own, that a submission's context comes from."""
    across = {
        (c.form, str(_compared(period, catalogue.forms[c.form])), county) for c in columns if c.is_across
    }
    before = {back for c in columns if not c.is_across for back in _reach(c, form)}
    return sorted(across | {(form.form, str(period - back), county) for back in before})


def _reach(column: ContextColumn, form: Form) -> Iterable[int]:
    """How many periods back a column looks."""
    if column.kind == "z":
        return range(1, jumps.PERIODS + 1)
    return [12 // MONTHS_IN[form.period_type]] if column.kind == "year" else [1]


def _with_history(
    column: ContextColumn, form: Form, period: Period, county: str, rows: pa.Table, rows_of: Any
) -> pa.Table:
    """The rows with the modified z-score of a field and, for the message, the range that is usual for the unit."""
    tables = (rows_of(form.form, period - back, county) for back in _reach(column, form))
    earlier = [
        t.select([form.key, column.field]) for t in tables if t is not None and column.field in t.column_names
    ]
    names = (column.name, f"_low_{column.field}", f"_high_{column.field}")
    found = jumps.against(rows.column(form.key), rows.column(column.field), earlier)
    for name, values in zip(names, found, strict=True):
        rows = rows.append_column(name, values)
    return rows


def _context(
    column: ContextColumn,
    catalogue: Catalogue,
    form: Form,
    period: Period,
    county: str,
    keys: pa.ChunkedArray,
    rows: pa.Table,
    rows_of: Any,
) -> pa.Array | pa.ChunkedArray:
    """One context column, aligned with the rows; null where there is nothing to compare with."""
    if column.kind == "change":
        before = rows.column(f"_last_{column.field}").cast(pa.float64())
        change = _relative(rows.column(column.field), before)
        judged = f"_z_{column.field}"
        if judged in rows.column_names:  # the history knows better
            change = pc.if_else(pc.is_valid(rows.column(judged)), pa.scalar(None, pa.float64()), change)
        return change
    if column.kind == "year":
        (back,) = _reach(column, form)
        other = rows_of(form.form, period - back, county)
        if other is None or column.field not in other.column_names:
            return pa.nulls(len(rows), pa.float64())
        before = _looked_up(keys, other.column(form.key), other.column(column.field)).cast(pa.float64())
        return _relative(rows.column(column.field), before)
    if column.kind == "last":
        is_new_year = period.year != (period - 1).year
        other = rows_of(form.form, period - 1, county)
        if (
            other is None
            or column.field not in other.column_names  # the form had it not yet
            or (form.fields[column.field].kind == "ytd" and is_new_year)
        ):
            return pa.nulls(len(rows), rows.column(column.field).type)
        return _looked_up(keys, other.column(form.key), other.column(column.field))
    of = catalogue.forms[column.form]
    other = rows_of(of.form, _compared(period, of), county)
    if other is None or column.field not in other.column_names:
        return pa.nulls(len(rows), pa.int64())
    how = column.kind
    tree = catalogue.org.paths_in(period)
    units = tree.column(f"{form.base_level}_code").take(
        pc.index_in(parents(other.column(of.key), of), value_set=tree.column("org_code").combine_chunks())
    )
    found = pa.table({"unit": units, "value": other.column(column.field)}).group_by("unit")
    reduced = found.aggregate([("value", how)])
    return _looked_up(parents(keys, form), reduced.column("unit"), reduced.column(f"value_{how}"))


def _relative(values: pa.ChunkedArray, before: pa.ChunkedArray) -> pa.ChunkedArray:
    """(value - before) / before; null without either, or where nothing was before."""
    change = pc.subtract(values.cast(pa.float64()), before)
    return pc.divide(change, pc.if_else(pc.equal(before, 0), pa.scalar(None, pa.float64()), before))


def _looked_up(keys: pa.ChunkedArray, units: pa.ChunkedArray, values: pa.ChunkedArray) -> pa.ChunkedArray:
    return values.take(pc.index_in(keys, value_set=units.combine_chunks()))
