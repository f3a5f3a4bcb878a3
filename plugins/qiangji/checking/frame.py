"""The frame that a form's suite is run on: the rows of one submission with the context columns that they need.

In: the rows as read, and the tree. Out: the rows with the columns that follow from the submission and the tree alone
(`catalogue.suites` lists them). Columns that look at other submissions are filled in `contextual`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue import Catalogue, Form
from qiangji.catalogue.keys import parents
from qiangji.catalogue.suites import Gap, Suite
from qiangji.parsing import Parsed
from qiangji.parsing.totals import are_totals
from qiangji.periods import Period

SUM_OF = 2
"""A row is held to be a sum of at least so many others: what equals one other may be a neighbour of the same size."""
SUM_FIELDS = 3
"""In at least so many fields that are not zero: in one or two a sum may be chance."""
_WIDE = pa.decimal128(28, 4)
"""Holds any bigint exactly."""


def framed(
    parsed: Parsed, county: str, period: Period, catalogue: Catalogue, form: Form, suite: Suite
) -> pa.Table:
    """One county's rows, in their order, with their context columns."""
    rows, n = parsed.rows, parsed.rows.num_rows
    keys = rows.column(form.key).combine_chunks()
    above = parents(keys, form)
    counts = pc.value_counts(keys)
    columns = {
        "period": pa.repeat(str(period), n),
        "county_code": pa.repeat(county, n),
        "_is_known": _known(keys, above, county, period, catalogue, form),
        "_occurrences": counts.field("counts").take(pc.index_in(keys, value_set=counts.field("values"))),
        "_totals_agree": pa.array([parsed.totals_agree] * n, pa.bool_()),
    }
    for kind in suite.kinds_counted:
        units = catalogue.org.counts_of(kind, period)
        columns[f"_units_{kind}"] = pa.array([units.get(code, 0) for code in above.to_pylist()], pa.int64())
    read = {column for rule in suite.rules for column in rule.columns}
    names = rows.column("unit_name").combine_chunks() if "unit_name" in rows.column_names else None
    if {"_is_total", "_is_sum"} & read:
        columns["_is_total"] = are_totals(keys, names, form)
    if names is not None:
        rows = rows.drop_columns(["unit_name"])
    for name, values in columns.items():
        if name not in rows.column_names:  # a county's own form has its code as its key
            rows = rows.append_column(name, values)
    for gap in suite.gaps:
        rows = rows.append_column(gap.column, _gap(gap, rows))
    return rows


def _known(
    keys: pa.Array, above: pa.Array, county: str, period: Period, catalogue: Catalogue, form: Form
) -> pa.Array:
    """Whether the tree expects a report of the key from this county; `above`: the units that the keys lie at."""
    expected = catalogue.org.expected_codes(period, form.filled_in_by, county)
    known = pc.is_in(above, value_set=expected)
    if not form.serials:
        return known
    width = len(next(iter(form.serials)))
    listed = pc.is_in(pc.utf8_slice_codeunits(keys, -width), value_set=pa.array(list(form.serials)))
    return pc.and_(known, listed)


def with_sums(frame: pa.Table, sizes: Sequence[int], form: Form, suite: Suite) -> pa.Table:
    """The frames of reports, one behind the other, with `_is_sum`, if the suite reads it; of all reports at once.

    Every number of a sum is the sum of the other rows beside it: of its unit's, its town's, or of all of its report.
    Rows that say themselves that they are totals are no sums, whatever they hold, and no part of one.
    """
    if not any("_is_sum" in rule.columns for rule in suite.rules):
        return frame
    report = pa.array(np.repeat(np.arange(len(sizes)), sizes)).cast(pa.string())
    keys = frame.column(form.key).combine_chunks()
    own, keys = pc.binary_join_element_wise(report, keys, " "), pc.fill_null(keys, "")
    counted = pc.invert(frame.column("_is_total")).combine_chunks()
    rows = frame.filter(counted)
    numbers = [n for n, f in form.fields.items() if f.is_number and n in frame.column_names]
    sums: set[str] = set()
    for digits in _siblings(form):
        beside = pc.binary_join_element_wise(report, pc.utf8_slice_codeunits(keys, 0, digits), " ")
        sums.update(_sums_among(rows, numbers, own.filter(counted), beside.filter(counted)))
    found = pc.is_in(own, value_set=pa.array(sorted(sums), pa.string()))
    return frame.append_column("_is_sum", found)


def _siblings(form: Form) -> list[int]:
    """How many digits rows have in common that one of them might add up; 0: all of the report."""
    if form.grain == "group":
        return [12, 9, 0]
    return [9, 0] if form.grain in ("village", "community") else [0]


def _sums_among(rows: pa.Table, numbers: list[str], own: pa.Array, beside: pa.Array) -> list[str]:
    """The names (`own`) of rows that are the sums of all others that stand beside them (`beside`: the same text)."""
    may = _nearly(rows, numbers, beside)
    if not may.any():
        return []
    places = pc.unique(beside.filter(pa.array(may)))
    here = pc.is_in(beside, value_set=places)
    rows, own, beside = rows.filter(here), own.filter(here), beside.filter(here)
    wide = {n: pc.fill_null(rows.column(n).cast(_WIDE), 0) for n in numbers}
    sums = pa.table({"beside": beside, **wide}).group_by("beside").aggregate([(n, "sum") for n in numbers])
    at = pc.index_in(beside, value_set=sums.column("beside").combine_chunks())
    are = pa.array(may).filter(here)
    for n in numbers:
        doubled = pc.add(wide[n], wide[n])
        are = pc.and_(are, pc.equal(doubled, sums.column(f"{n}_sum").take(at)))
    names = pc.filter(own, pc.fill_null(are, False).combine_chunks()).to_pylist()
    return [name for name in names if name is not None]


def _nearly(rows: pa.Table, numbers: list[str], beside: pa.Array) -> npt.NDArray[np.bool_]:
    """Rows that may be the sums of the others beside them: enough rows and fields, and equal as floats may be."""
    encoded = beside.dictionary_encode()
    at = encoded.indices.to_numpy(zero_copy_only=False)
    may = (np.bincount(at, minlength=1) > SUM_OF)[at]
    filled = np.zeros(len(at), np.int64)
    for n in numbers:
        values = pc.fill_null(rows.column(n).cast(pa.float64()), 0.0).to_numpy()
        total, size = (np.bincount(at, weights, minlength=1)[at] for weights in (values, np.abs(values)))
        may &= np.abs(2 * values - total) <= 1e-9 * size
        filled += values != 0
    found: npt.NDArray[np.bool_] = may & (filled >= SUM_FIELDS)
    return found


def _gap(gap: Gap, rows: pa.Table) -> pa.ChunkedArray:
    """`plus` less `minus`; null where one of them is missing, or was no field of the form yet."""
    if any(n not in rows.column_names for n in (*gap.plus, *gap.minus)):
        return pa.chunked_array([pa.nulls(rows.num_rows, _WIDE)])
    total = rows.column(gap.plus[0]).cast(_WIDE)
    for n in gap.plus[1:]:
        total = pc.add(total, rows.column(n).cast(_WIDE)).cast(_WIDE)
    for n in gap.minus:
        total = pc.subtract(total, rows.column(n).cast(_WIDE)).cast(_WIDE)
    return total
