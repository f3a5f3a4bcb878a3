"""Reports in another scale than the one before: 亿元 in a column of 万元, 元 in one of 万元, persons in hundreds.

In: many counties' rows of two reports that follow each other. Out: a finding for each number field of which most rows
are many times smaller, or many times larger, than the same units' last numbers, all in the same direction. One unit may
change so much; most of them at once hardly do. Of amounts and stocks it suffices that nearly all rows are about ten
times what they were, or a tenth: an amount since 1 January grows with the months, and is held against what they make.

It looks at another report, so it cannot hold this one: the verdict depends on the report alone. The figures are marked.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.models import Field, Form
from qiangji.catalogue.suites import Words
from qiangji.checking.beside import Alike, Numbers, Pairs, counted, taken
from qiangji.ledger.findings import Finding
from qiangji.periods import Period
from qiangji.text import quoted_zh

RULE = "another_scale"
LEAST_ROWS = 3
TIMES, TIMES_IN_A_NEW_YEAR = 30, 300
"""From so many times on. What counts from 1 January is a twelfth in January, of some units a thirtieth."""
TEN, TEN_ROWS, NEARLY_ALL = 10 / 3, 10, 0.95
"""Nearest to ten times is from so many times on; so many rows, and such a share of them, have to be."""


def findings(form: Form, periods: tuple[Period, Period], pairs: Pairs) -> dict[str, list[Finding]]:
    """County -> one for each field in another scale, in the form's order. `periods`: of the reports before, and of
    these.
    """
    found: dict[str, list[Finding]] = {}
    last, period = periods
    for alike in pairs.by_schema():
        names = [n for n, f in form.fields.items() if f.is_number]
        for name in (n for n in names if n in alike.rows.column_names and n in alike.others.column_names):
            for county, rows, median in _in_another_scale(alike, name, form.fields[name], periods):
                words = _words(form, name, last, rows, median)
                rule = f"{form.form}.{name}.{RULE}"
                told = Finding.of_report((county, form.form, period), rule, words, [name])
                found.setdefault(county, []).append(told)
    return found


def _in_another_scale(
    alike: Alike, name: str, field: Field, periods: tuple[Period, Period]
) -> Iterator[tuple[str, tuple[int, int], float]]:
    """(county, how many rows of how many, the median of all) where most are many times smaller, or larger; or nearly
    all ten times.
    """
    last, values = _floats(taken(alike.others.column(name), alike.at)), _floats(alike.rows.column(name))
    both = (last > 0) & (values > 0)
    ratio, of, n = values[both] / last[both], alike.of[both], len(alike.counties)
    compared = counted(of, np.ones(len(of)), n)
    starts_anew = field.kind == "ytd" and periods[0].year != periods[1].year
    few = _one_way(ratio, of, n, TIMES_IN_A_NEW_YEAR if starts_anew else TIMES)
    is_other = (compared >= LEAST_ROWS) & (few >= LEAST_ROWS) & (2 * few > compared)
    if not starts_anew and (field.kind == "stock" or field.is_money):
        months = [p.last_month.index % 12 + 1 for p in periods]  # since 1 January
        grown = months[1] / months[0] if field.kind == "ytd" else 1
        ten = _one_way(ratio / grown, of, n, TEN)
        is_ten = ~is_other & (compared >= TEN_ROWS) & (ten >= NEARLY_ALL * compared)
        few, is_other = np.where(is_ten, ten, few), is_other | is_ten
    for i in np.flatnonzero(is_other).tolist():
        median = pc.quantile(pa.array(ratio[of == i]), 0.5)[0].as_py()
        yield alike.counties[i], (int(few[i]), int(compared[i])), median


def _one_way(ratio: npt.NDArray[np.float64], of: Numbers, n: int, times: float) -> Numbers:
    """How many rows of each report are so many times smaller, or larger, whichever are more."""
    found: Numbers = np.maximum(counted(of, ratio <= 1 / times, n), counted(of, ratio >= times, n))
    return found


def _floats(values: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    found: npt.NDArray[np.float64] = values.cast(pa.float64()).to_numpy()
    return found


def _words(form: Form, name: str, last: Period, rows: tuple[int, int], ratio: float) -> Words:
    label, (few, of) = form.fields[name].label, rows
    is_small = ratio < 1
    times = f"{_rounded(1 / ratio if is_small else ratio):,}"
    about_zh, about_en = (f"的1/{times}", f"1/{times}") if is_small else (f"的{times}倍", f"{times} times")
    other_zh, other_en = ("亿元", "100 million yuan") if is_small else ("元", "yuan")
    if (1 / ratio if is_small else ratio) < TIMES:  # 10,000 yuan are 10 thousands
        other_zh, other_en = ("十万元", "100,000 yuan") if is_small else ("千元", "1,000 yuan")
    is_money = form.fields[name].is_money
    ask_zh = f"是否以{other_zh}填报" if is_money else "单位或列是否有误"
    ask_en = f"was it reported in {other_en}" if is_money else "is the unit or column wrong"
    return Words(
        ("1/" if is_small else "x") + times,
        f"{quoted_zh(label.zh)}：{of}条中{few}条约为{last}{about_zh}，{ask_zh}",
        f"{label.en}: {few} of {of} rows are about {about_en} those of {last}: {ask_en}",
        "与上期同一计量单位的数；确有此变化请予以确认",
        "numbers in the same unit as before; confirm it if they did change so much",
    )


def _rounded(times: float) -> int:
    """To one digit: 9,874 as 10,000."""
    exact = Decimal(times)
    return int(exact.quantize(Decimal(1).scaleb(exact.adjusted())))
