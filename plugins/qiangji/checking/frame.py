"""The frame that a form's suite is run on: the rows of one submission with the context columns that they need.

In: the rows as read, and the tree. Out: the rows with the columns that follow from the submission and the tree alone
(`catalogue.suites` lists them). Columns that look at other submissions are filled in `contextual`.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue import Catalogue, Form
from qiangji.catalogue.keys import parents
from qiangji.catalogue.suites import Gap, Suite
from qiangji.parsing import Parsed
from qiangji.periods import Period

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
    if "unit_name" in rows.column_names:
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
    expected = catalogue.org.expected(form.filled_in_by, period, county)
    known = pc.is_in(above, value_set=pa.array([u.code for u in expected], pa.string()))
    if not form.serials:
        return known
    width = len(next(iter(form.serials)))
    listed = pc.is_in(pc.utf8_slice_codeunits(keys, -width), value_set=pa.array(list(form.serials)))
    return pc.and_(known, listed)


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
