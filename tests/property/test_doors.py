"""One truth through every door: as CSV, a workbook, JSON and a database's rows it is read as the same values."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st

from qiangji.catalogue.models import County, Form
from qiangji.parsing import read_form, read_grids
from qiangji.periods import Period
from qiangji.sources.records import to_csv, to_ndjson
from tests.property.often import times

LABEL = {"zh": "项", "en": "Item"}
KEY = "440703001001"
FORM = Form.model_validate(
    {
        "form": "village", "title": LABEL, "grain": "village", "period_type": "month", "due_working_day": 5,
        "key": "village_code", "key_headers": ["编码"], "key_pattern": "[0-9]{12}",
        "fields": {
            "amount": {"label": {"zh": "金额", "en": "Amount"}, "type": "decimal"},
            "rate": {"label": {"zh": "比例", "en": "Rate"}, "type": "decimal", "unit": "percent"},
            "part": {"label": {"zh": "占比", "en": "Part"}, "type": "decimal", "unit": "ratio"},
            "count": {"label": {"zh": "数", "en": "Count"}, "type": "integer"},
            "day": {"label": {"zh": "日期", "en": "Day"}, "type": "date"},
        },
    }
)  # fmt: skip
NAMES = ["village_code", *FORM.fields, "报告期"]
COUNTY = County(county="440703", transport="folder", path="x", files="{form}.csv")
PERIOD = Period.parse("2026-10")


def through(content: bytes, kind: Any) -> list[Any]:
    parsed = read_form(read_grids(content, kind, COUNTY, ["village"])["village"], FORM, COUNTY, PERIOD)
    assert parsed.problems.num_rows == 0, parsed.problems.to_pylist()
    (row,) = parsed.rows.to_pylist()
    return [row[name] for name in FORM.fields]


def as_csv(cells: Sequence[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([NAMES, cells])
    return out.getvalue().encode()


def as_xlsx(values: Sequence[Any], shown: Sequence[str]) -> bytes:
    book = openpyxl.Workbook()
    book.active.append(NAMES)
    for i, (value, form) in enumerate(zip(values, shown, strict=True), 1):
        book.active.cell(2, i, value).number_format = form
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


HUNDREDTHS = st.integers(-(10**9), 10**9)


@settings(deadline=None, max_examples=times(60))
@given(
    HUNDREDTHS, HUNDREDTHS, st.integers(0, 10_000), st.integers(1 - 10**10, 10**10 - 1), st.integers(1, 31)
)
def test_every_door_gives_the_same(cents: int, more: int, rate: int, count: int, on: int) -> None:
    amount, percent, day = Decimal(cents + more) / 100, Decimal(rate) / 100, date(2026, 10, on)
    wanted = [amount, percent, percent / 100, count, day]
    as_float = cents / 100 + more / 100  # with whatever the addition leaves behind
    said = f"{day.year}/{day.month}/{day.day} 0:00"
    by_hand = [KEY, str(amount), f"{percent}%", f"{percent}%", f"{count:,}", said, said]
    assert through(as_csv(by_hand), "csv") == wanted
    shown = ["General", "0.00", "0.00%", "0.00%", "#,##0", "yyyy/m/d", 'yyyy"年"m"月"']
    fraction = float(percent) / 100
    moment = datetime(2026, 10, on)
    assert (
        through(as_xlsx([KEY, as_float, fraction, fraction, count, moment, moment], shown), "xlsx") == wanted
    )
    plain = ["General"] * 5 + ["yyyy/m/d"] * 2
    assert (
        through(as_xlsx([KEY, as_float, float(percent), fraction, count, day, day], plain), "xlsx") == wanted
    )
    values: list[object] = [KEY, as_float, float(percent), fraction, count]
    record = dict(zip(NAMES, [*values, day.isoformat(), "2026-10"], strict=True))
    assert through(to_ndjson([record], FORM), "ndjson") == wanted
    for row in ([*values, day, "2026-10"], [KEY, amount, percent, percent / 100, count, moment, moment]):
        assert through(to_csv(NAMES, [row], FORM), "csv") == wanted
