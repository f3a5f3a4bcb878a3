"""Reports in another scale than the one before: 亿元 in a column of 万元, 元 in one of 万元, persons in hundreds.

In: the rows of two reports of a county that follow each other. Out: a finding for each number field of which most rows
are many times smaller, or many times larger, than the same units' last numbers, all in the same direction. One unit may
change so much; most of them at once hardly do.

It looks at another report, so it cannot hold this one: the verdict depends on the report alone. The figures are marked.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue import Form
from qiangji.catalogue.suites import Words
from qiangji.ledger.findings import Finding
from qiangji.periods import Period
from qiangji.text import quoted_zh

RULE = "another_scale"
LEAST_ROWS = 3
TIMES, TIMES_IN_A_NEW_YEAR = 30, 300
"""From so many times on. What counts from 1 January is a twelfth in January, of some units a thirtieth."""


def findings(form: Form, period: Period, county: str, now: pa.Table, before: pa.Table) -> Iterator[Finding]:
    """One for each field in another scale, in the form's order."""
    at = pc.index_in(now.column(form.key), value_set=before.column(form.key).combine_chunks())
    for name, field in form.fields.items():
        if not field.is_number or name not in now.column_names or name not in before.column_names:
            continue
        starts_anew = field.kind == "ytd" and period.year != (period - 1).year
        last, values = before.column(name).take(at).cast(pa.float64()), now.column(name).cast(pa.float64())
        both = pc.fill_null(pc.and_(pc.greater(last, 0), pc.greater(values, 0)), False)
        ratio = pc.divide(values.filter(both), last.filter(both))
        if len(ratio) < LEAST_ROWS:
            continue
        times = TIMES_IN_A_NEW_YEAR if starts_anew else TIMES
        small, large = _count(pc.less_equal(ratio, 1 / times)), _count(pc.greater_equal(ratio, times))
        if (few := max(small, large)) >= LEAST_ROWS and 2 * few > len(ratio):
            median = pc.quantile(ratio, 0.5)[0].as_py()
            words = _words(form, name, period - 1, (few, len(ratio)), median)
            rule = f"{form.form}.{name}.{RULE}"
            yield Finding(county, form.form, str(period), county, county, rule, "warning", (name,), words)


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


def _count(mask: pa.ChunkedArray) -> int:
    return int(pc.sum(mask).as_py() or 0)
