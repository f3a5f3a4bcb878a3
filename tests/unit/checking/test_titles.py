"""What a title says: the period that it names and the units that it states; what is neither says nothing."""

from __future__ import annotations

import pytest

from qiangji.catalogue.models import Field
from qiangji.checking.titles import measure_of, other_period, other_units
from qiangji.periods import Period

OCTOBER, THIRD, YEAR = Period.parse("2026-10"), Period.parse("2026Q3"), Period.parse("2026")


@pytest.mark.parametrize(
    "title",
    [
        "村月报表（2026-09）", "2026年9月份村月报", "村月报(9月)", "二〇二六年九月", "2026年1-9月", "202609",
        "报告期：2026.9", "2026年9月 填报时间：2026年11月2日", "2026/9", "二○二六年九月份村月报",
    ],
)  # fmt: skip
def test_a_title_that_names_another_month(title: str) -> None:
    assert other_period([title], OCTOBER) == "2026-09"


@pytest.mark.parametrize(
    "title",
    [
        "村月报表", "村月报表（2026年10月）", "2026年1—10月", "二〇二六年十月", "填报日期：2026年11月3日",
        "2026-11-03", "制表日期:2026-11-03", "2026年9月30日", "截至2026年9月30日", "有效期至2026年12月", "2026年度",
        "文号：江组〔2026〕9号", "每月5日前报", "外出6个月以上", "表号：强基2026-02表", "编号20260912345", "2026年11月",
        "2026年第三季度", "12月31日",
    ],
)  # fmt: skip
def test_a_title_that_names_this_month_or_none(title: str) -> None:
    assert other_period([title], OCTOBER) is None


def test_one_text_that_names_the_period_is_enough() -> None:
    assert other_period(["2026年10月村月报表", "与2026年9月比较"], OCTOBER) is None
    assert other_period(["村月报表", "2026年8月"], OCTOBER) == "2026-08"


def test_quarters_and_years() -> None:
    assert other_period(["2026年第二季度"], THIRD) == "2026Q2"
    assert other_period(["二季度报表"], THIRD) == "2026Q2"
    assert other_period(["2026年三季度", "2026年9月"], THIRD) is None
    assert other_period(["2025年度"], YEAR) == "2025"
    assert other_period(["2026年度", "2024-2026年行动计划"], YEAR) is None


def test_what_a_unit_measures() -> None:
    assert measure_of("元") == ("money", 1)
    assert measure_of("人民币千元") == ("money", 1_000)
    assert measure_of("万人") == ("count", 10_000)
    assert measure_of("%") == ("percent", 1)
    assert [measure_of(w) for w in ("", "书记", "新会区", "分")] == [None] * 4


def field(unit: str, type_: str = "integer") -> Field:
    return Field.model_validate({"label": {"zh": "x", "en": "x"}, "type": type_, "unit": unit})


FIELDS = {"income": field("ten_thousand_yuan", "decimal"), "people": field("person"), "note": field("none")}


@pytest.mark.parametrize(
    ("titles", "headers", "expected"),
    [
        ([], {}, []),
        (["单位：万元"], {}, []),
        (["计量单位：人、万元"], {}, []),
        (["填报单位：新会区"], {}, []),
        (["单位：元"], {}, [("income", "元", True)]),
        (["行政村党建月报表（金额：千元）"], {}, [("income", "千元", True)]),
        (["行政村党建月报表（千元）"], {}, [("income", "千元", True)]),
        (["计量单位 千元"], {}, [("income", "千元", True)]),
        (["单位 （元）"], {}, [("income", "元", True)]),
        (["行政村党建月报表（金额：万元）", "填报单位 新会区", "（共3页）"], {}, []),
        (["单位：万人、亿元"], {}, [("income", "亿元", True), ("people", "万人", True)]),
        (["单位：元"], {"income": "万元"}, [("income", "元", True)]),
        (["单位：万元"], {"income": "元"}, [("income", "元", False)]),
        ([], {"income": "元", "people": "人"}, [("income", "元", False)]),
        ([], {"people": "%"}, [("people", "%", False)]),
        ([], {"people": "户"}, []),
    ],
)
def test_units_that_are_not_the_fields(
    titles: list[str], headers: dict[str, str], expected: list[tuple[str, str, bool]]
) -> None:
    found = other_units(titles, headers, FIELDS)
    assert [(o.field, o.said, o.in_title) for o in found] == expected
