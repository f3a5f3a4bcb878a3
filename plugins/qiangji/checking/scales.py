"""Reports in another scale than the one before: 亿元 in a column of 万元, 元 in one of 万元, persons in hundreds.

In: the rows of two reports of a county that follow each other. Out: a finding for each number field of which most rows
are many times smaller, or many times larger, than the same units' last numbers, all in the same direction. One unit may
change so much; most of them at once hardly do. Of amounts and stocks it suffices that nearly all rows are about ten
times what they were, or a tenth: an amount since 1 January grows with the months, and is held against what they make.

It looks at another report, so it cannot hold this one: the verdict depends on the report alone. The figures are marked.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue import Field, Form
from qiangji.catalogue.suites import Words
from qiangji.ledger.findings import Finding
from qiangji.periods import Period
from qiangji.text import quoted_zh

RULE = "another_scale"
MONEY = "ten_thousand_yuan"
LEAST_ROWS = 3
TIMES, TIMES_IN_A_NEW_YEAR = 30, 300
"""From so many times on. What counts from 1 January is a twelfth in January, of some units a thirtieth."""
TEN, TEN_ROWS, NEARLY_ALL = 10 / 3, 10, 0.95
"""Nearest to ten times is from so many times on; so many rows, and such a share of them, have to be."""


def findings(
    form: Form, periods: tuple[Period, Period], county: str, now: pa.Table, before: pa.Table
) -> Iterator[Finding]:
    """One for each field in another scale, in the form's order. `periods`: of the report before, and of this one."""
    last, period = periods
    at = pc.index_in(now.column(form.key), value_set=before.column(form.key).combine_chunks())
    for name, field in form.fields.items():
        if not field.is_number or name not in now.column_names or name not in before.column_names:
            continue
        was, values = before.column(name).take(at).cast(pa.float64()), now.column(name).cast(pa.float64())
        both = pc.fill_null(pc.and_(pc.greater(was, 0), pc.greater(values, 0)), False)
        ratio = pc.divide(values.filter(both), was.filter(both))
        if len(ratio) >= LEAST_ROWS and (few := _moved(ratio, field, periods)):
            median = pc.quantile(ratio, 0.5)[0].as_py()
            words = _words(form, name, last, (few, len(ratio)), median)
            rule = f"{form.form}.{name}.{RULE}"
            yield Finding(county, form.form, str(period), county, county, rule, "warning", (name,), words)


def _moved(ratio: pa.ChunkedArray, field: Field, periods: tuple[Period, Period]) -> int:
    """Of how many rows the numbers are in another scale; 0 where these are not most, or nearly all."""
    last, period = periods
    starts_anew = field.kind == "ytd" and period.year != last.year
    times = TIMES_IN_A_NEW_YEAR if starts_anew else TIMES
    if (few := _one_way(ratio, times)) >= LEAST_ROWS and 2 * few > len(ratio):
        return few
    if starts_anew or len(ratio) < TEN_ROWS or not (field.kind == "stock" or field.unit == MONEY):
        return 0
    if field.kind == "ytd":
        ratio = pc.multiply(ratio, _months(last) / _months(period))
    few = _one_way(ratio, TEN)
    return few if few >= NEARLY_ALL * len(ratio) else 0


def _one_way(ratio: pa.ChunkedArray, times: float) -> int:
    """How many are so many times smaller, or larger, whichever are more."""
    return max(_count(pc.less_equal(ratio, 1 / times)), _count(pc.greater_equal(ratio, times)))


def _months(period: Period) -> int:
    """Months from 1 January to the period's end."""
    return period.last_month.index % 12 + 1


def _words(form: Form, name: str, last: Period, rows: tuple[int, int], ratio: float) -> Words:
    label, (few, of) = form.fields[name].label, rows
    is_small = ratio < 1
    times = f"{_rounded(1 / ratio if is_small else ratio):,}"
    about_zh, about_en = (f"的1/{times}", f"1/{times}") if is_small else (f"的{times}倍", f"{times} times")
    other_zh, other_en = ("亿元", "100 million yuan") if is_small else ("元", "yuan")
    if (1 / ratio if is_small else ratio) < TIMES:  # 10,000 yuan are 10 thousands
        other_zh, other_en = ("十万元", "100,000 yuan") if is_small else ("千元", "1,000 yuan")
    is_money = form.fields[name].unit == MONEY
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


def _count(mask: pa.ChunkedArray) -> int:
    return int(pc.sum(mask).as_py() or 0)
