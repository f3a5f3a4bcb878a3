"""What a title says of the period; what is no period says nothing."""

from __future__ import annotations

import pytest

from qiangji.checking.period_texts import periods_in
from qiangji.checking.titles import other_period
from qiangji.periods import Period

OCTOBER, THIRD, YEAR = Period.parse("2026-10"), Period.parse("2026Q3"), Period.parse("2026")


@pytest.mark.parametrize(
    "title",
    [
        "村月报表（2026-09）",
        "（2026年第9期）",
        "2026年第九期",
        "2026年09",
        "村月报表（2026年9）",
        "2026M09",
        "2026-M9",
        "2026_09",
        "今年9月",
        "（本年9月份）",
        "2026年9月份村月报",
        "村月报(9月)",
        "二〇二六年九月",
        "2026年1-9月",
        "202609",
        "报告期：2026.9",
        "2026年9月 填报时间：2026年11月2日",
        "2026/9",
        "二○二六年九月份村月报",
        "26年9月",
        "’26年9月",
        "村月报(26.09)",
        "截至2026年9月30日",
        "（截止2026年9月25日）",
        "截至9月底",
        "2026-9-30",
        "2026年9月30日",
        "二〇二六年九月三十日",
        "September 2026",
        "Villages Sep 2026",
        "Sep-26",
        "2026 September",
        "as of 30 September 2026",
        "Sept 30, 2026",
        "2026年九月",
        "30/9/2026",
        "9/30/2026",
        "30.09.2026",
        "20260930",
        "09/2026",
        "2026年9月1日至30日",
        "2026年9月1日—9月30日",
        "Villages, report for September",
        "统计截止日期：2026年9月30日",
        "村月报(9月) 填报于11月3日",
    ],
)
def test_a_title_that_names_another_month(title: str) -> None:
    assert other_period([title], OCTOBER) == "2026-09"


@pytest.mark.parametrize(
    "title",
    [
        "村月报表",
        "村月报表（2026年10月）",
        "行政村党建月报表（2026年）",
        "2026年第10期",
        "2026行政村党建月报表",
        "2024-2025行政村党建月报",
        "2025版行政村党建月报表",
        "（2026年第十期）",
        "2026M10",
        "2026年10",
        "2026_10",
        "2026年",
        "今年10月",
        "（2026年，单位：万元）",
        "〔2025〕12号",
        "国统字（2025）8号",
        "江组通[2025]第12号",
        "2026—2030年规划",
        "（2026—2030年）",
        "（2025—2026学年）",
        "2025—2026学年第一学期",
        "2025年秋季学期",
        "（2025年版）",
        "（2025年修订）",
        "（2025年）修订",
        "简报2026年第9期",
        "与去年10月比较",
        "比去年10月增长",
        "万元月均",
        "第12期培训班",
        "2026年1—10月",
        "二〇二六年十月",
        "填报日期：2026年11月3日",
        "2026-11-03",
        "制表日期:2026-11-03",
        "2026年10月31日",
        "截至2026年10月25日",
        "有效期至2026年12月",
        "2026年度",
        "文号：江组〔2026〕9号",
        "每月5日前报",
        "外出6个月以上",
        "表号：强基2026-02表",
        "编号20260912345",
        "2026年11月",
        "12月31日",
        "2026-11-30",
        "2026年9月3日",
        "请于2026年11月5日前报送",
        "请于10月31日前报送",
        "26年10月",
        "October 2026",
        "10/2026",
        "31/10/2026",
        "11/3/2026",
        "2026年10月1日至31日",
        "We may march on",
        "20261103",
        "Villages, Oct. 2026",
        "as of 31 October 2026",
        "3 November 2026",
        "2024-2026年行动计划",
        "2025年修订的月报表",
        "35岁以下党员",
    ],
)
def test_a_title_that_names_this_month_or_none(title: str) -> None:
    assert other_period([title], OCTOBER) is None


def test_one_text_that_names_the_period_is_enough() -> None:
    assert other_period(["2026年10月村月报表", "与2026年9月比较"], OCTOBER) is None
    assert other_period(["村月报表", "2026年8月"], OCTOBER) == "2026-08"


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("村月报表（2026年第三季度）", "2026Q3"), ("三季度报表", "2026Q3"), ("2026Q4", "2026Q4"),
        ("2026年上半年", "2026年上半年"), ("2025年度村月报表", "2025"), ("2025年行政村党建月报表", "2025"),
        ("行政村党建月报表-2025", "2025"), ("2025行政村党建月报表", "2025"), ("村月报表（Q3）", "2026Q3"),
        ("（2025年）", "2025"), ("行政村党建月报表（2025）", "2025"), ("行政村党建月报表2025年", "2025"),
        ("2025年", "2025"),
        ("（2025年，单位：万元）", "2025"), ("（2026年元月）", "2026-01"), ("元月份报表", "2026-01"),
        ("2026年01", "2026-01"),
        ("（去年10月）", "2025-10"), ("（上年10月）", "2025-10"), ("上年度10月", "2025-10"), ("去年第四季度", "2025Q4"),
        ("去年下半年", "2025年下半年"), ("（2026年、2025年）", None),
        ("2026年10月（第四季度）", None), ("2026年度村月报表", None),
    ],
)  # fmt: skip
def test_a_title_of_another_type_of_period(title: str, said: str | None) -> None:
    assert other_period([title], OCTOBER) == said


def test_a_month_is_as_good_as_its_quarter() -> None:
    said = {
        t: other_period([t], THIRD)
        for t in ("2026年7-9月", "截至2026年9月30日", "2026年6月", "2026年10月", "上半年")
    }
    assert list(said.values()) == [None, None, "2026Q2", None, "2026Q2"]


def test_another_year_above_a_quarter_or_a_year() -> None:
    for title in ("（2025年）", "2025年度", "带头人队伍季报表（2025）"):
        assert other_period([title], THIRD) == "2025"
        assert other_period([title], YEAR) == "2025"
        assert other_period([title], Period.parse("2026H1")) == "2025"
    assert other_period(["（2026年）", "国统字（2025）8号"], THIRD) is None
    assert other_period(["2026年第2期"], THIRD) == "2026Q2"
    assert other_period(["2026年第3期"], THIRD) is None
    assert other_period(["上年第三季度"], THIRD) == "2025Q3"


def test_quarters_and_years() -> None:
    assert other_period(["2026年第二季度"], THIRD) == "2026Q2"
    assert other_period(["二季度报表"], THIRD) == "2026Q2"
    assert other_period(["2026年三季度", "2026年9月"], THIRD) is None
    assert other_period(["2025年度"], YEAR) == "2025"
    assert other_period(["2026年度", "2024-2026年行动计划"], YEAR) is None


def test_a_half_year_is_named_as_such_or_by_its_months() -> None:
    first = Period.parse("2026H1")
    assert list(periods_in("2026年上半年党建情况统计表", first)) == ["2026H1"]
    assert list(periods_in("截至2026年6月30日", first)) == ["2026H1"]
    assert list(periods_in("2026年第三季度", first)) == ["2026H2"]
    assert other_period(["2026年下半年报表"], first) == "2026H2"
    assert other_period(["上半年报表", "2026年7月"], first) is None
    assert other_period(["2026年7月"], first) is None, "the month after is when it was written"
