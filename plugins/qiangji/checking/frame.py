"""The frame that a form's suite is run on: the rows of submissions with the context columns that they need.

In: the rows as read, of many submissions on one period, and the tree. Out: the rows with the columns that follow from
each submission and the tree alone (`catalogue.suites` lists them). Columns that look at other submissions are filled in
`contextual`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.keys import parents
from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Form
from qiangji.catalogue.suites import Gap, Suite
from qiangji.checking.sums import WIDE, Keyed, are_sums, numbers_of, ranked
from qiangji.parsing.totals import are_totals
from qiangji.periods import Period

if TYPE_CHECKING:
    from qiangji.parsing import Parsed


def framed(
    reports: Sequence[tuple[str, Parsed]], period: Period, catalogue: Catalogue, form: Form, suite: Suite
) -> pa.Table:
    """The rows of reports (county, as read), one report behind the other and in their order, with context columns."""
    rows = pa.concat_tables([p.rows for _, p in reports], promote_options="permissive").combine_chunks()
    keys = rows.column(form.key).combine_chunks()
    keyed = Keyed.of(keys, [p.rows.num_rows for _, p in reports])
    units = parents(keyed.keys, form).dictionary_encode(null_encoding="encode")
    at = ranked(keyed.own)
    agree = pa.array([p.totals_agree for _, p in reports], pa.bool_())
    columns = {
        "period": pa.repeat(str(period), len(rows)),
        "county_code": pa.array([county for county, _ in reports], pa.string()).take(pa.array(keyed.report)),
        "_is_known": _known(keyed, units, [county for county, _ in reports], period, catalogue, form),
        "_occurrences": pa.array(np.bincount(at)[at]),
        "_totals_agree": agree.take(pa.array(keyed.report)),
    }
    for kind in suite.kinds_counted:
        beneath = catalogue.org.counts_of(kind, period)
        counted = pa.array([beneath.get(code, 0) for code in units.dictionary.to_pylist()], pa.int64())
        columns[f"_units_{kind}"] = counted.take(units.indices.take(pa.array(keyed.key)))
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
    if "_is_sum" in read:
        rows = rows.append_column("_is_sum", are_sums(rows, keyed, form))
    return rows


def _known(
    keyed: Keyed,
    units: pa.DictionaryArray,
    counties: Sequence[str],
    period: Period,
    catalogue: Catalogue,
    form: Form,
) -> pa.Array:
    """Whether the tree expects a report of each row's unit from its county. `units`: of the keys; `counties`: of the
    reports."""
    number = {county: i for i, county in enumerate(dict.fromkeys(counties))}
    expected = [catalogue.org.expected_codes(period, form.filled_in_by, county) for county in number]
    at = pc.index_in(units.dictionary, value_set=pa.chunked_array(expected, pa.string()).combine_chunks())
    of = np.append(
        np.repeat(np.arange(len(number)), [len(codes) for codes in expected]), -1
    )  # the last: of none
    place = of[numbers_of(pc.fill_null(at, -1))][numbers_of(units.indices)]
    known = place[keyed.key] == np.array([number[county] for county in counties])[keyed.report]
    if form.serials:
        width = len(next(iter(form.serials)))
        listed = pc.is_in(pc.utf8_slice_codeunits(keyed.keys, -width), value_set=pa.array(list(form.serials)))
        known &= listed.to_numpy(zero_copy_only=False)[keyed.key]
    return pa.array(known)


def _gap(gap: Gap, rows: pa.Table) -> pa.ChunkedArray:
    """`plus` less `minus`; null where one of them is missing, or was no field of the form yet."""
    if any(n not in rows.column_names for n in (*gap.plus, *gap.minus)):
        return pa.chunked_array([pa.nulls(rows.num_rows, WIDE)])
    total = rows.column(gap.plus[0]).cast(WIDE)
    for n in gap.plus[1:]:
        total = pc.add(total, rows.column(n).cast(WIDE)).cast(WIDE)
    for n in gap.minus:
        total = pc.subtract(total, rows.column(n).cast(WIDE)).cast(WIDE)
    return total
