"""Periods as counties and spreadsheet programs write them, and the column that names them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from qiangji.catalogue.models import County, Form
from qiangji.errors import ReturnedError
from qiangji.parsing import cage
from qiangji.parsing.dates import read_period
from qiangji.parsing.period_column import check_period
from qiangji.parsing.reading import Reading
from qiangji.periods import Period
from qiangji.text import as_text

LABEL = {"zh": "项", "en": "Item"}


@pytest.mark.parametrize(
    "text",
    ["2026-10", "2026/10", "2026.10", "202610", "2026年10月", "2026年10月份", " 2026 年 10 月 ", "２０２６年１０月",
     "2026-10-01", "2026/10/1", "2026/10/31", "2026年10月1日", "20261001", "46296", "46296.0",
     "2026-10-01T00:00:00", "2026/10/1 0:00",
     "2026-10-15 08:30:00", "2026/10/01 12:00:00 AM", "Oct-26", "oct-26", "OCT 2026", "October 2026", "Oct-2026",
     "二〇二六年十月", "二○二六年十月", "2026-10-01T00:00:00+08:00", "2026-10-01T00:00:00.000+08:00",
     "2026-09-30T16:00:00Z", "2026-09-30T16:00:00.000Z", "2026-10-31T15:59:59Z", "2026-10-01 00:00:00+08",
     "2026-10-01T00:00:00+0800", "2026-10-01 00:00:00 +08:00", "2026-09-30T12:00:00-04:00", "2026-09-30t16:00:00z",
     "Wed, 30 Sep 2026 16:00:00 GMT", "Thu, 01 Oct 2026 00:00:00 +0800"],
)  # fmt: skip
def test_a_month_however_it_is_written(text: str) -> None:
    assert read_period(text) == Period.parse("2026-10")


@pytest.mark.parametrize(
    ("text", "period"),
    [("2026H1", "2026H1"), ("2026年上半年", "2026H1"), ("2026年下半年度", "2026H2"),
     ("2026Q3", "2026Q3"), ("2026年第3季度", "2026Q3"), ("2026年三季度", "2026Q3"), ("2026年第三季度", "2026Q3"),
     ("2026-Q3", "2026Q3"), ("2026年3季度", "2026Q3"), ("2026", "2026"), ("2026年", "2026"), ("2026年度", "2026"),
     ("二〇二六年十一月", "2026-11"), ("二〇二六年十二月", "2026-12"), ("二〇二六年二月", "2026-02"),
     ("二〇二六年", "2026"),
     ("2026-10-31T16:00:00Z", "2026-11"), ("2026-10-01T00:00:00Z", "2026-10"), ("2026-09-30T15:59:59Z", "2026-09"),
     ("2026-1", "2026-01"), ("Jan-27", "2027-01"), ("2026-09-30", "2026-09"), ("46295", "2026-09")],
)  # fmt: skip
def test_other_periods(text: str, period: str) -> None:
    assert read_period(text) == Period.parse(period)


@pytest.mark.parametrize(
    "text",
    ["10/1/2026", "26-Oct", "1-Oct", "10月1日", "10月", "2026-13", "2026-02-30",
     "2026-10-01T25:00:00Z", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:00:00-10:00", "Z",
     "+08:00", "2026-10+08:00", "Okt-26", "第3季度", "2026Q5", "十月", "26-10", "", "2026-10-01 x",
     "2026年10月,2026年9月"],
)  # fmt: skip
def test_what_names_no_period(text: str) -> None:
    assert read_period(text) is None


def reading(period: str) -> Reading:
    month = Period.parse(period)
    form = Form.model_validate(
        {
            "form": "village", "title": LABEL, "grain": "village", "period_type": month.type, "due_working_day": 5,
            "key": "village_code", "key_headers": ["编码"], "key_pattern": "[0-9]{12}", "fields": {},
        }
    )  # fmt: skip
    return Reading.of(
        County(county="440703", transport="folder", path="x", files="{form}.csv"), form, month, {}
    )


def check(period: str, values: Sequence[Any]) -> None:
    numbers = pa.array(range(2, 2 + len(values)), pa.int32())
    check_period(pa.array([as_text(v) for v in values], pa.string()), 25, numbers, reading(period))


@pytest.mark.parametrize(
    ("period", "values"),
    [
        ("2026-10", [date(2026, 10, 1), datetime(2026, 10, 31), datetime(2026, 10, 15, 8, 30), "2026-10", None, " "]),
        ("2026-10", [202610, Decimal("202610"), 46296, 46296.0, "Oct-26"]),
        ("2026Q3", ["2026Q3", date(2026, 7, 1), date(2026, 9, 30), "2026-08", "2026年三季度"]),
        ("2026", ["2026", 2026, date(2026, 1, 1), "2026-12", "2026Q4"]),
    ],
)  # fmt: skip
def test_a_day_within_the_period_names_it_in_every_door(period: str, values: list[Any]) -> None:
    check(period, values)


@pytest.mark.parametrize(
    ("period", "value", "zh", "en"),
    [
        ("2026-10", date(2026, 9, 30), "报告期为2026-09（单元格内容：2026-09-30），应为2026-10",
         "says period 2026-09 (2026-09-30)"),
        ("2026-10", "2026-11", "报告期为2026-11，应为2026-10", "says period 2026-11"),
        ("2026-10", "2026年", "报告期为2026（单元格内容：2026年），应为2026-10", "says period 2026 (2026年)"),
        ("2026-10", "26-Oct", "报告期为无法识别的内容（单元格内容：26-Oct）", "no period that can be read: 26-Oct"),
        ("2026Q3", date(2026, 10, 1), "报告期为2026-10（", "says period 2026-10"),
    ],
)  # fmt: skip
def test_another_period_is_told_with_what_was_found(period: str, value: Any, zh: str, en: str) -> None:
    with pytest.raises(ReturnedError) as caught:
        check(period, [Period.parse(period).start, value])
    assert caught.value.code == "wrong_period"
    assert "village!Z3" in caught.value.zh
    assert zh.replace("，", ",") in caught.value.zh.replace("，", ",")
    assert en in caught.value.what


@pytest.mark.parametrize("value", ["2026.1", 2026.1])
def test_october_that_lost_its_zero_is_told(value: Any) -> None:
    with pytest.raises(ReturnedError) as caught:
        check("2026-10", [value])
    assert (caught.value.code, "末尾的0已丢失" in caught.value.zh) == ("wrong_period", True)
    check("2026-01", [value])


def test_a_name_in_the_periods_column_is_not_quoted() -> None:
    with pytest.raises(ReturnedError) as caught:
        check("2026-10", ["李雷"])
    assert "李雷" not in str(caught.value) + caught.value.zh


@pytest.mark.parametrize(
    "said", ["2026-10-01T00:00:00+08:00", "2026-09-30T16:00:00Z", "2026-10-01 00:00:00+08"]
)
def test_a_record_s_moment_names_the_month_that_it_is_in_the_counties(said: str) -> None:
    content = f'{{"编码": "440703001001", "数": 1, "报告期": "{said}"}}\n'.encode()
    one = reading("2026-10")
    field = {"label": {"zh": "数", "en": "Number"}, "type": "integer", "kind": "stock"}
    form = Form.model_validate(one.form.model_dump() | {"fields": {"n": field}})
    county = County(county="440703", transport="folder", path="x", files="{form}_{period}.ndjson")
    parsed = cage.read_submission(content, "ndjson", county, form, one.period)
    assert parsed.rows.num_rows == 1
    with pytest.raises(ReturnedError, match="says period 2026-10"):
        cage.read_submission(content, "ndjson", county, form, Period.parse("2026-09"))
