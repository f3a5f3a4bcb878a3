"""Rows that were filled down: units beside each other in the sheet that have all their answers in common.

In: the accepted rows of a report in the sheet's order. Out: a finding on the report (`rows_filled_down`), a warning. A
total that goes back is not looked at: it repeats the row above it where there is one row.

Zeros and small counts repeat by themselves. So a row has to say enough: COUNTS numbers that are not 0, and several of
LARGE or more that few other rows have. Of two rows ALONE such numbers are asked for, of more IN_A_RUN. Two rows that
differ in anything, a yes or a no too, are not alike.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.models import Form
from qiangji.catalogue.suites import Words
from qiangji.checking.verdict import Checked
from qiangji.ledger.findings import Finding
from qiangji.text import counted

CODE = "rows_filled_down"
COUNTS, LARGE = 4, 10
ALONE, IN_A_RUN = 3, 2
FEW = 0.2
"""The share of the other rows that may have the same number."""
MOST_RUNS = 200
"""Runs of alike rows that are weighed, the longest first."""
_Places = npt.NDArray[np.int64]


def findings(one: Checked, form: Form, rows: pa.Table) -> Iterator[Finding]:
    """What is found in the accepted rows of a report. Nothing is looked at row by row unless rows are alike."""
    at = _like_the_row_before(form, rows)
    if not len(at):
        return
    runs = sorted(np.split(at, np.flatnonzero(np.diff(at) > 1) + 1), key=lambda run: (-len(run), run[0]))
    if not (told := [run for run in runs[:MOST_RUNS] if _says_enough(form, rows, run)]):
        return
    first, copies = min(run[0] for run in told), sum(map(len, told))
    keys = rows.column(form.key)
    of, copy = keys[int(first) - 1].as_py(), keys[int(first)].as_py()
    words = Words(
        str(copies),
        f"有{copies}条记录的各项数据与上一行逐项相同（如{copy}与{of}）：是否误用了向下填充",
        f"{counted(copies, 'row has', 'rows have')} all answers of the row above, such as {copy} those of {of}:"
        " were they filled down",
        "各单位各自的数；确实相同请予以确认",
        "the numbers of each unit; confirm it if they are the same",
    )
    fields = tuple(form.fields_in(str(one.period.last_month)))
    yield Finding.of_report(one.place, f"{form.form}.{form.key}.{CODE}", words, fields)


def _like_the_row_before(form: Form, rows: pa.Table) -> _Places:
    """The rows whose answers are all those of the row before, under another code. Each column looks at what is left."""
    at = np.arange(1, rows.num_rows, dtype=np.int64)
    numbers_first = sorted(form.fields, key=lambda name: not form.fields[name].is_number)
    for name in (n for n in numbers_first if n in rows.column_names):
        at = at[_is_same(rows.column(name), at)]
        if not len(at):
            return at
    return at[~_is_same(rows.column(form.key), at)]


def _is_same(column: pa.ChunkedArray, at: _Places) -> npt.NDArray[np.bool_]:
    if not column.null_count and pa.types.is_integer(column.type):  # the usual case
        values = column.to_numpy()
        equal: npt.NDArray[np.bool_] = values[at] == values[at - 1]
        return equal
    before, here = column.take(pa.array(at - 1)), column.take(pa.array(at))
    both_empty = pc.and_(pc.is_null(before), pc.is_null(here))
    same: npt.NDArray[np.bool_] = np.asarray(pc.or_(pc.fill_null(pc.equal(before, here), False), both_empty))
    return same


def _says_enough(form: Form, rows: pa.Table, run: _Places) -> bool:
    """Whether so many numbers of these rows are no chance. `run`: places of rows that are as the row before."""
    first, length = int(run[0]), len(run) + 1
    names = [n for n, field in form.fields.items() if field.is_number and n in rows.column_names]
    values = {n: v for n in names if (v := rows.column(n)[first].as_py())}
    telling = 0
    for name, value in values.items():
        if value >= LARGE:
            as_many = pc.sum(pc.equal(rows.column(name), rows.column(name)[first])).as_py()
            telling += as_many - length <= FEW * (rows.num_rows - length)
    return len(values) >= COUNTS and telling >= (ALONE if len(run) == 1 else IN_A_RUN)
