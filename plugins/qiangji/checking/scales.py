"""Reports in another scale than the one before: 亿元 in a column of 万元, 元 in one of 万元, persons in hundreds.

In: many counties' rows of two reports that follow each other. Out: a finding for each number field of which most rows
are many times smaller, or many times larger, than the same units' last numbers, all in the same direction. One unit may
change so much; most of them at once hardly do.

It looks at another report, so it cannot hold this one: the verdict depends on the report alone. The figures are marked.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue import Form
from qiangji.catalogue.suites import Words
from qiangji.checking.beside import Alike, Pairs, counted, taken
from qiangji.ledger.findings import Finding
from qiangji.periods import Period
from qiangji.text import quoted_zh

RULE = "another_scale"
LEAST_ROWS = 3
TIMES, TIMES_IN_A_NEW_YEAR = 30, 300
"""From so many times on. What counts from 1 January is a twelfth in January, of some units a thirtieth."""


def findings(form: Form, period: Period, pairs: Pairs) -> dict[str, list[Finding]]:
    """County -> one for each field in another scale, in the form's order."""
    found: dict[str, list[Finding]] = {}
    for alike in pairs.by_schema():
        names = [n for n, f in form.fields.items() if f.is_number]
        for name in (n for n in names if n in alike.rows.column_names and n in alike.others.column_names):
            starts_anew = form.fields[name].kind == "ytd" and period.year != (period - 1).year
            times = TIMES_IN_A_NEW_YEAR if starts_anew else TIMES
            for county, rows, median in _in_another_scale(alike, name, times):
                words = _words(form, name, period - 1, rows, median)
                rule = f"{form.form}.{name}.{RULE}"
                at = (county, form.form, str(period), county, county)
                found.setdefault(county, []).append(Finding(*at, rule, "warning", (name,), words))
    return found


def _in_another_scale(alike: Alike, name: str, times: int) -> Iterator[tuple[str, tuple[int, int], float]]:
    """(county, how many rows of how many, the median of all) where most are many times smaller, or larger."""
    last, values = _floats(taken(alike.others.column(name), alike.at)), _floats(alike.rows.column(name))
    both = (last > 0) & (values > 0)
    ratio, of, n = values[both] / last[both], alike.of[both], len(alike.counties)
    compared = counted(of, np.ones(len(of)), n)
    few = np.maximum(counted(of, ratio <= 1 / times, n), counted(of, ratio >= times, n))
    for i in np.flatnonzero((compared >= LEAST_ROWS) & (few >= LEAST_ROWS) & (2 * few > compared)).tolist():
        median = pc.quantile(pa.array(ratio[of == i]), 0.5)[0].as_py()
        yield alike.counties[i], (int(few[i]), int(compared[i])), median


def _floats(values: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    found: npt.NDArray[np.float64] = values.cast(pa.float64()).to_numpy()
    return found


def _words(form: Form, name: str, last: Period, rows: tuple[int, int], ratio: float) -> Words:
    label, (few, of) = form.fields[name].label, rows
    is_small = ratio < 1
    times = f"{_rounded(1 / ratio if is_small else ratio):,}"
    about_zh, about_en = (f"的1/{times}", f"1/{times}") if is_small else (f"的{times}倍", f"{times} times")
    is_money = form.fields[name].unit == "ten_thousand_yuan"
    ask_zh = ("是否以亿元填报" if is_small else "是否以元填报") if is_money else "单位或列是否有误"
    ask_en = (
        f"was it reported in {'100 million yuan' if is_small else 'yuan'}"
        if is_money
        else "is the unit or column wrong"
    )
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
