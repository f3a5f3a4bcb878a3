"""Columns that were pasted or filled down: two equal ones, row numbers in place of numbers, one value in all rows.

In: the accepted rows of a report (and of the one before). Out: findings on the report. Nothing is asked of a few rows,
or of columns that hold a few different numbers: in small counts it is chance. Nor of a part that is the whole in each
row where that is aimed at (all that were due are trained: an indicator that goes up divides the one by the other); of
amounts of money it is asked all the same.

| last word | what |
| --- | --- |
| `equal_columns` | two number columns are equal in all rows: one was pasted into the other |
| `row_numbers` | the numbers go up by one from row to row: the rows' numbers were pasted |
| `one_value` | one amount, or one number of LARGE or more (a year), in all rows |
| `filled_down` | one number that is not 0 in all rows, where the last report had different ones |
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Form
from qiangji.catalogue.suites import Words
from qiangji.catalogue.terms import Sum
from qiangji.checking.verdict import Checked, named
from qiangji.ledger.findings import Finding
from qiangji.periods import Period
from qiangji.text import quoted_zh

LEAST_ROWS, LEAST_VALUES = 20, 6
"""So many rows, and so many different numbers that are not 0, say something."""
LARGE = 1000
_Numbers = dict[str, npt.NDArray[np.float64]]


def in_report(one: Checked, catalogue: Catalogue, form: Form, rows: pa.Table) -> list[Finding]:
    """What is found in a report by itself. `rows`: the accepted ones, in the sheet's order."""
    if rows.num_rows < LEAST_ROWS:
        return []
    at, numbers = (one.part.county_code, one.period), _numbers(form, rows)
    return [*_equal(catalogue, form, at, numbers), *_series(form, at, numbers), *_constant(form, at, numbers)]


def _numbers(form: Form, rows: pa.Table) -> _Numbers:
    """Field -> its numbers, of those that every row has."""
    names = set(rows.column_names)
    columns = {n: rows.column(n) for n, field in form.fields.items() if field.is_number and n in names}
    return {n: c.cast(pa.float64()).to_numpy() for n, c in columns.items() if not c.null_count}


def _equal(catalogue: Catalogue, form: Form, at: tuple[str, Period], numbers: _Numbers) -> Iterator[Finding]:
    some: dict[tuple[float, ...], list[str]] = {}  # with the same first numbers: mostly each is alone
    for name, values in numbers.items():
        some.setdefault(tuple(values[:LEAST_ROWS].tolist()), []).append(name)
    alike: dict[bytes, list[str]] = {}
    for name in (name for names in some.values() if len(names) > 1 for name in names):
        alike.setdefault((numbers[name] + 0.0).tobytes(), []).append(name)
    for names in alike.values():
        values = numbers[names[0]]
        if len(names) < 2 or len(np.unique(values[values != 0])) < LEAST_VALUES:
            continue
        if all(not form.fields[n].is_money for n in names) and _may_be_whole(catalogue, form, names):
            continue
        zh, en = named(names, form)
        words = Words(
            str(len(values)),
            f"{zh}在全部{len(values)}条记录中逐行相同：是否把一列误粘贴到另一列",
            f"{en} are equal in all {len(values)} rows: was one column pasted into the other",
            "各列各自的数；确实相同请予以确认",
            "the numbers of each column; confirm it if they are the same",
        )
        yield _finding(form, at, names, "equal_columns", words)


def _may_be_whole(catalogue: Catalogue, form: Form, names: Sequence[str]) -> bool:
    """Whether indicators that go up make parts and wholes of all of these: in the best case they are equal."""
    joined = {names[0]}
    ratios = [
        fields
        for i in catalogue.indicators.values()
        if i.direction == "up"
        and len(fields := {t.sum for t in i.terms if isinstance(t, Sum) and t.form == form.form}) > 1
    ]
    for _ in names:
        joined |= {n for fields in ratios if joined & fields for n in fields & set(names)}
    return joined >= set(names)


def _series(form: Form, at: tuple[str, Period], numbers: _Numbers) -> Iterator[Finding]:
    for name, values in numbers.items():
        if values[-1] - values[0] == len(values) - 1 and np.all(np.diff(values) == 1):
            label = form.fields[name].label
            first, last = int(values[0]), int(values[-1])
            words = Words(
                f"{first}…{last}",
                f"{quoted_zh(label.zh)}逐行加一（{first}至{last}）：是否误粘贴了序号",
                f"{label.en} goes up by one from row to row ({first} to {last}): were row numbers pasted",
                "实际数",
                "the numbers as they are",
            )
            yield _finding(form, at, [name], "row_numbers", words)


def _constant(form: Form, at: tuple[str, Period], numbers: _Numbers) -> Iterator[Finding]:
    for name, values in numbers.items():
        value, is_money = values[0], form.fields[name].is_money
        if values[-1] == value and np.all(values == value) and (value >= LARGE or (is_money and value != 0)):
            yield _filled(form, at, name, "one_value", (value, len(values)))


def _filled(
    form: Form,
    at: tuple[str, Period],
    name: str,
    what: str,
    said: tuple[float, int],
    last: Period | None = None,
) -> Finding:
    """`said`: the value, and in how many rows; `last`: the period in which they differed."""
    label, (value, rows) = form.fields[name].label, said
    than_zh, than_en = (f"，而{last}各不相同", f", and differed in {last}") if last else ("", "")
    words = Words(
        f"{value:g}",
        f"{quoted_zh(label.zh)}全部{rows}条记录都是{value:g}{than_zh}：是否误用了向下填充",
        f"{label.en} is {value:g} in all {rows} rows{than_en}: was one value filled down",
        "各单位各自的数；确实相同请予以确认",
        "the number of each unit; confirm it if they are the same",
    )
    return _finding(form, at, [name], what, words)


def beside(
    form: Form, periods: tuple[Period, Period], county: str, now: pa.Table, before: pa.Table
) -> Iterator[Finding]:
    """Columns with one value in all rows that had different ones in the report before."""
    if now.num_rows < LEAST_ROWS:
        return
    last, period = periods
    for name, values in _numbers(form, now).items():
        value, is_money = values[0], form.fields[name].is_money
        if value == 0 or value >= LARGE or is_money or not np.all(values == value):  # or told by itself
            continue
        if name in before.column_names and pc.count_distinct(before.column(name)).as_py() >= LEAST_VALUES:
            yield _filled(form, (county, period), name, "filled_down", (value, len(values)), last)


def _finding(form: Form, at: tuple[str, Period], names: Sequence[str], what: str, words: Words) -> Finding:
    county, period = at
    return Finding.of_report((county, form.form, period), f"{form.form}.{names[0]}.{what}", words, names)
