"""Units that a sheet states: those that are not the fields' are found, other words say nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qiangji.catalogue.models import Field
from qiangji.checking.units import measure_of, other_units
from qiangji.parsing.facts import SheetFacts


def test_what_a_unit_measures() -> None:
    assert measure_of("元") == ("money", 1)
    assert measure_of("人民币千元") == ("money", 1_000)
    assert measure_of("万人") == ("count", 10_000)
    assert measure_of("%") == ("percent", 1)
    assert measure_of("‰") == ("permille", 1)
    assert measure_of("亩") == ("count", 1)
    assert [measure_of(w) for w in ("", "书记", "新会区", "分")] == [None] * 4


def field(unit: str, type_: str = "integer") -> Field:
    return Field.model_validate({"label": {"zh": "x", "en": "x"}, "type": type_, "unit": unit})


FIELDS = {
    "income": field("ten_thousand_yuan", "decimal"), "people": field("person"), "note": field("none"),
    "trees": field("tree"), "visits": field("time"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("titles", "headers", "expected"),
    [
        ([], {}, []),
        (["单位：万元"], {}, []),
        (["计量单位：人、万元"], {}, []),
        (["填报单位：新会区"], {}, []),
        (["单位：元"], {}, [("income", "元", "title")]),
        (["行政村党建月报表（金额：千元）"], {}, [("income", "千元", "title")]),
        (["行政村党建月报表（千元）"], {}, [("income", "千元", "title")]),
        (["计量单位 千元"], {}, [("income", "千元", "title")]),
        (["单位 （元）"], {}, [("income", "元", "title")]),
        (["行政村党建月报表（金额：万元）", "填报单位 新会区", "（共3页）"], {}, []),
        (["单位：万人、亿元"], {}, [("income", "亿元", "title"), ("people", "万人", "title")]),
        (["单位：元"], {"income": "万元"}, [("income", "元", "title")]),
        (["单位：万元"], {"income": "元"}, [("income", "元", "header")]),
        ([], {"income": "元", "people": "人"}, [("income", "元", "header")]),
        ([], {"people": "%"}, [("people", "%", "header")]),
        ([], {"people": "户"}, [("people", "户", "header")]),
        ([], {"people": "名"}, []),
        ([], {"people": "人次"}, [("people", "人次", "header")]),
        ([], {"trees": "亩"}, [("trees", "亩", "header")]),
        ([], {"trees": "株"}, []),
        ([], {"trees": "万株"}, [("trees", "万株", "header")]),
        ([], {"visits": "人次"}, []),
        ([], {"income": "万"}, []),
        ([], {"income": "亿"}, [("income", "亿", "header")]),
        ([], {"people": "万"}, [("people", "万", "header")]),
        ([], {"trees": "百株"}, [("trees", "百株", "header")]),
        (["单位：户"], {}, []),
        (["单位：万美元"], {}, [("income", "万美元", "title")]),
        (["单位：港币万元"], {}, [("income", "港币万元", "title")]),
        (["行政村党建月报表（万港元）"], {}, [("income", "万港元", "title")]),
        ([], {"income": "万港元"}, [("income", "万港元", "header")]),
    ],
)
def test_units_that_are_not_the_fields(
    titles: list[str], headers: dict[str, str], expected: list[tuple[str, str, str]]
) -> None:
    found = other_units(SheetFacts(title_texts=tuple(titles), units_in_headers=headers), FIELDS)
    assert [(o.field, o.said, o.place) for o in found] == expected


@pytest.mark.parametrize(
    ("parents", "said"),
    [
        ("收入（本年累计，千元）", {"income": "千元"}),
        ("收入（万元）", {}),
        ("绿化（亩）", {"income": "亩", "people": "亩", "trees": "亩"}),
        ("绿化（株、人）", {}),
        ("其中（人）", {}),
        ("单位（元）", {"income": "元"}),
        ("其中", {}),
        ("单位：元", {"income": "元"}),
        ("单位:千元", {"income": "千元"}),
        ("金额单位：元", {"income": "元"}),
        ("计量单位 百元", {"income": "百元"}),
        ("元", {"income": "元"}),
        ("千元", {"income": "千元"}),
        ("人民币元", {"income": "元"}),
        ("收入：元", {"income": "元"}),
        ("收入,元", {"income": "元"}),
        ("单位元", {"income": "元"}),
        ("%", {"income": "%", "people": "%", "trees": "%"}),
        ("亩", {"income": "亩", "people": "亩", "trees": "亩"}),
        ("单位：户", {"people": "户"}),
        ("单位：万元", {}),
        ("万元", {}),
        ("人", {}),
        ("村", {}),
        ("组", {}),
        ("社区", {}),
        ("收入", {}),
        ("党员情况", {}),
        ("单位情况", {}),
        ("村、组", {}),
    ],
)
def test_a_unit_above_several_columns_contradicts_none_where_it_fits_one(
    parents: str, said: dict[str, str]
) -> None:
    names = [*said] if len(said) == 1 else ["income", "people", "trees"]
    sheet = SheetFacts(headers=dict.fromkeys(names, (parents, "x")))
    assert {o.field: o.said for o in other_units(sheet, FIELDS)} == said


def test_the_unit_that_a_number_format_writes() -> None:
    found = other_units(SheetFacts(units_in_formats={"income": "千元", "people": "人"}), FIELDS)
    assert [(o.field, o.said, o.place) for o in found] == [("income", "千元", "format")]


@pytest.mark.parametrize(
    ("unit", "told"),
    [
        ("万圆", "people trees visits"),
        ("萬元整", "people trees visits"),
        ("万余", "people trees visits"),
        ("株左右", "income people visits"),
        ("人", "income trees visits"),
        ("人整", "income trees visits"),
        *(
            (unit, "income people trees visits")
            for unit in ["元整", "人民币", "圆", "仟元", "块", "亩地", "平方", "倍", "成", "RMB"]
        ),
    ],
)
def test_a_unit_in_another_spelling(unit: str, told: str) -> None:
    shown = SheetFacts(units_in_formats=dict.fromkeys(FIELDS, unit))
    assert [o.field for o in other_units(shown, FIELDS)] == told.split()


def test_a_unit_that_the_catalogue_writes_itself_is_the_fields() -> None:
    posts = Field.model_validate(
        {"label": {"zh": "职数", "en": "Posts"}, "type": "integer", "unit": "person", "headers": ["职数(间)"]}
    )
    assert other_units(SheetFacts(units_in_headers={"posts": "间"}), {"posts": posts}) == []
    assert other_units(SheetFacts(units_in_headers={"posts": "户"}), {"posts": posts})


def test_a_row_of_units_that_contradicts_the_brackets() -> None:
    said = SheetFacts(units_in_headers={"income": "万元"}, units_below={"income": "元", "people": "人"})
    assert [(o.field, o.said) for o in other_units(said, FIELDS)] == [("income", "元")]


@pytest.mark.parametrize(
    ("sheet", "is_told"),
    [
        (SheetFacts(), True),
        (SheetFacts(units_in_headers={"income": "万元"}), False),
        (SheetFacts(units_below={"income": "万元"}), False),
        (SheetFacts(headers={"income": ("收入（万元）", "x")}), False),
        (SheetFacts(title_texts=("单位：万元",)), False),
        (SheetFacts(title_texts=("计量单位：人、万元",)), False),
        (SheetFacts(title_texts=("单位：元",)), True),
        (SheetFacts(title_texts=("单位：人",)), True),
        (SheetFacts(units_in_headers={"income": "元"}), True),
    ],
)
def test_a_sign_of_yuan_alone_counts_where_nothing_states_a_unit(sheet: SheetFacts, is_told: bool) -> None:
    """The button for amounts writes ¥ beside 万元 too. A unit in words, or another currency, is no such sign."""
    shown = {unit: replace(sheet, units_in_formats={"income": unit}) for unit in ("¥", "元", "千元", "美元")}
    found = {unit: other_units(one, FIELDS) for unit, one in shown.items()}
    assert bool(found.pop("¥")) is is_told
    assert all(found.values())


@pytest.mark.parametrize("unit", ["万元/年", "元/亩", "万/年"])
def test_an_amount_for_each_of_something_is_another_unit(unit: str) -> None:
    assert [o.said for o in other_units(SheetFacts(units_in_formats={"income": unit}), FIELDS)] == [unit]
