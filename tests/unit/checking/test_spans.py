"""Over which time a header says that its numbers count."""

from __future__ import annotations

import pytest

from qiangji.catalogue.models import Field
from qiangji.checking.spans import other_measures, other_spans
from qiangji.checking.title_spans import other_in_titles
from qiangji.periods import Period

OCTOBER = Period.parse("2026-10")


def field(kind: str, *headers: str) -> Field:
    return Field.model_validate(
        {"label": {"zh": "植树株数", "en": "x"}, "type": "integer", "kind": kind, "headers": headers}
    )


def said(kind: str, parents: str, leaf: str = "植树株数", *headers: str) -> str:
    found = other_spans({"n": (parents, leaf)}, {"n": field(kind, *headers)}, OCTOBER)
    return found[0].said if found else ""


@pytest.mark.parametrize(
    ("kind", "header", "word"),
    [
        ("ytd", "绿化(本月)", "本月"),
        ("ytd", "绿化（当月数）", "当月数"),
        ("ytd", "本期新增", "本期新增"),
        ("ytd", "本季度", "本季度"),
        ("ytd", "绿化(上年累计)", "上年累计"),
        ("ytd", "上年同期", "上年同期"),
        ("ytd", "2025年累计", "2025年"),
        ("ytd", "2026年9月", "2026-09"),
        ("ytd", "1-9月", "2026-09"),
        ("flow", "本年累计", "本年累计"),
        ("flow", "年初至今", "年初至今"),
        ("flow", "1-10月", "1-10月"),
        ("flow", "上月", "上月"),
        ("distinct", "累计", "累计"),
        ("stock", "本年新增", "本年新增"),
        ("stock", "本年累计", "本年累计"),
        ("stock", "上年末", "上年末"),
        ("stock", "同比", "同比"),
        ("ytd", "计划", "计划"),
        ("ytd", "全年目标值", "全年目标值"),
        ("stock", "预计数", "预计数"),
        ("ytd", "下达数", "下达数"),
        ("ytd", "目标任务", "目标任务"),
        ("ytd", "万元,目标任务", "目标任务"),
        ("ytd", "近三年", "近三年"),
        ("stock", "近5年来", "近5年来"),
        ("ytd", "三年累计", "三年累计"),
        # this month's number above what is counted from January on
        ("ytd", "10月", "10月"),
        ("ytd", "10月份", "10月份"),
        ("ytd", "2026年10月", "2026年10月"),
        ("ytd", "月", "月"),
        ("ytd", "单月", "单月"),
        ("ytd", "全年", "全年"),
        ("ytd", "预计全年", "预计全年"),
        ("ytd", "暂估数", "暂估数"),
        ("ytd", "分解任务", "分解任务"),
        ("ytd", "指标数", "指标数"),
        ("ytd", "增减", "增减"),
        ("ytd", "净增减额", "净增减额"),
        ("ytd", "增幅", "增幅"),
        ("stock", "年初", "年初"),
        ("stock", "年初数", "年初数"),
        ("stock", "期初", "期初"),
        ("stock", "月初数", "月初数"),
        ("stock", "增减", "增减"),
        ("stock", "本月增减", "增减"),
        ("stock", "减少", "减少"),
        ("stock", "变动数", "变动数"),
    ],
)
def test_a_header_that_says_another_time(kind: str, header: str, word: str) -> None:
    assert said(kind, header) == word
    assert said(kind, "", f"植树株数({header})") == word


@pytest.mark.parametrize(
    ("kind", "header"),
    [
        ("ytd", "绿化（本年累计）"),
        ("ytd", "本月止累计"),
        ("ytd", "本月末累计"),
        ("ytd", "1-10月"),
        ("ytd", "2026年累计"),
        ("ytd", "其中"),
        ("ytd", "2024-2026年行动计划"),
        ("flow", "本月"),
        ("flow", "2026年10月"),
        ("stock", "本月"),
        ("stock", "期末"),
        ("stock", "10月底"),
        ("stock", "其中"),
        ("ytd", "35岁以下"),
        ("stock", "外出6个月以上"),
        ("ytd", "计划完成数"),
        ("ytd", "任务完成情况"),
        ("ytd", "二〇二六年累计"),
        ("ytd", "绿化（必填）"),
        ("ytd", "绿化（整数）"),
        ("stock", "党员（含预备党员）"),
        ("ytd", "绿化（单位：株）"),
        ("ytd", "绿化（2026）"),
        ("stock", "指标"),
        ("ytd", ""),
    ],
)
def test_a_header_that_says_its_own_time_or_none(kind: str, header: str) -> None:
    assert said(kind, header) == ""


@pytest.mark.parametrize(
    ("kind", "parents", "word"),
    [
        ("ytd", "10月份完成", "10月份"),
        ("ytd", "10月新增", "10月"),
        ("ytd", "绿化,10月", "10月"),
        ("ytd", "收入,全年", "全年"),
        ("stock", "党员,年初", "年初"),
        ("stock", "10月新增", "新增"),
        ("stock", "党员情况", ""),
        ("stock", "党员增减情况", ""),
        ("stock", "其中", ""),
        ("stock", "10月", ""),
        ("stock", "2026年10月", ""),
        ("stock", "期末数", ""),
        ("ytd", "收入", ""),
        ("ytd", "收入情况", ""),
        ("ytd", "人居环境整治", ""),
        ("ytd", "年初以来", ""),
        ("ytd", "年初至10月", ""),
        ("ytd", "截至10月", ""),
        ("ytd", "截至10月底", ""),
        ("ytd", "10月末", ""),
        ("ytd", "10月累计", ""),
        ("ytd", "本年（1-10月）", ""),
        ("ytd", "2026年", ""),
        ("ytd", "完成情况", ""),
        ("ytd", "初中学校", ""),
        ("ytd", "1月至10月（万元）", ""),
        ("ytd", "1月—10月", ""),
        ("ytd", "1月1日——10月31日", ""),
        ("ytd", "2026年1月至2026年10月", ""),
        ("ytd", "1月至9月", "2026-09"),
        ("ytd", "11月至12月", "2026-12"),
        ("stock", "1月至10月", "1月至10月"),
        ("flow", "1月至10月", "1月至10月"),
        ("stock", "联营项目（含上年结转）", ""),
        ("stock", "联营（含上年）", ""),
        ("stock", "联营（包括上年末未结项目）", ""),
        ("stock", "联营（不含上年结转）", "上年"),
        ("stock", "联营（上年结转）", "上年"),
        ("ytd", "立案（含上年结转）", "上年"),
    ],
)
def test_what_stands_above_a_header(kind: str, parents: str, word: str) -> None:
    assert said(kind, parents) == word


def test_in_january_the_month_is_the_year_so_far() -> None:
    for text, said_in in (("1月", {"2026-01": False}), ("10月", {"2026-10": True, "2026-11": True})):
        for period, is_told in said_in.items():
            found = other_spans({"n": (text, "植树")}, {"n": field("ytd")}, Period.parse(period))
            assert bool(found) is is_told
    third = Period.parse("2026Q3")
    for text in ("三季度", "2026年第三季度", "7-9月"):
        assert other_spans({"n": (text, "植树")}, {"n": field("ytd")}, third)
    for text in ("三季度末", "1-9月", "前三季度"):
        assert not other_spans({"n": (text, "植树")}, {"n": field("ytd")}, third)


def test_a_field_that_is_called_so_is_of_that_time() -> None:
    assert said("stock", "年初", "年初未结案件数", "年初未结案") == ""
    assert said("stock", "年初", "期末未结案件数", "未结案件") == "年初"
    fields = {"a": field("stock", "年初未结案"), "b": field("ytd", "立案")}
    headers = {"a": ("年初", "年初未结案"), "b": ("年初", "立案")}
    assert other_spans(headers, fields, OCTOBER) == []


def test_a_year_alone_in_brackets() -> None:
    assert said("ytd", "村级集体收入（2025）") == "2025"
    assert said("stock", "村级集体收入（2025年，万元）") in ("2025", "2025年")
    assert said("stock", "国统字（2026）8号") == ""


def measured(
    parents: str, label: str = "村级集体总收入", leaf: str = "", unit: str = "ten_thousand_yuan"
) -> str:
    field = Field.model_validate(
        {"label": {"zh": label, "en": "x"}, "type": "decimal", "kind": "ytd", "unit": unit}
    )
    found = other_measures({"n": (parents, leaf or label)}, {"n": field})
    return found[0].said if found else ""


@pytest.mark.parametrize(
    ("parents", "word"),
    [
        ("村级集体收入（人均）", "人均"), ("村级集体收入（月均）", "月均"), ("（万元，户均数）", "户均数"),
        ("平均", "平均"),
        ("收入（每亩）", "每亩"), ("村级集体支出", "支出"), ("村级集体支出（本年累计）", "支出"), ("村级债务", "债务"),
        ("村级集体收入（本年累计）", ""), ("收入支出情况", ""), ("村级集体收入（必填）", ""), ("均为本年累计", ""),
        ("其中", ""), ("占比", "占比"), ("比例", "比例"), ("占比（%）", "占比"), ("党员占比", "占比"),
        ("收入,比重", "比重"),
        ("占总收入比例", "占总收入比例"), ("收入（占比）", "占比"), ("增长率", "增长率"),
        ("百分比", "百分比"), ("占比情况", "占比"),
        ("收入及占比", ""), ("数量、比例", ""), ("收入、占地面积", ""), ("对比情况", ""), ("党员情况", ""),
    ],
)  # fmt: skip
def test_a_header_that_says_another_measure(parents: str, word: str) -> None:
    assert measured(parents) == word


def test_a_measure_is_held_against_the_fields_own() -> None:
    assert measured("", leaf="村级集体总收入(人均)") == "人均"
    assert measured("人均", "人均收入") == ""
    assert measured("平均", "覆盖率", unit="percent") == ""
    assert measured("占比", "覆盖率", unit="percent") == ""
    assert measured("占比", "女党员占比") == ""
    assert measured("村级集体支出", "党员人数") == ""
    assert measured("村级集体收入", "村级集体支出") == "收入"


@pytest.mark.parametrize(
    ("title", "word"),
    [
        ("行政村党建月报表（2026年10月）年度目标", "年度目标"),
        ("（2026年10月）年度目标", "年度目标"),
        ("行政村党建月报表（计划）", "计划"),
        ("行政村党建月报表预计数", "预计数"),
        ("预计数", "预计数"),
        ("目标任务", "目标任务"),
        ("（2026年10月下达数）", "下达数"),
        ("上年同期数", "上年同期数"),
        ("（2026年10月，去年同期）", "去年同期"),
        ("上年度行政村党建月报表", "上年度"),
        ("（上月数）", "上月数"),
        ("行政村党建月报表（同期）", "同期"),
        ("同期数", "同期数"),
        ("当月数", "当月数"),
        ("（本月）", ""),
        ("（本季度）", "本季度"),
        ("行政村党建月报表", ""),
        ("行政村党建月报表（2026年10月）", ""),
        ("本月报表", ""),
        ("本期：2026年10月", ""),
        ("本年累计数", ""),
        ("线上月报表", ""),
        ("计划完成情况", ""),
        ("年度目标完成数", ""),
        ("强基工程三年行动计划", ""),
        ("2024-2026年行动计划", ""),
        ("任务清单季报表", ""),
        ("与上年同期比较", ""),
        ("较上年增长", ""),
        ("注：上年同期数不填", ""),
        ("计划数字化", ""),
        ("以前年度", ""),
        ("", ""),
    ],
)
def test_what_a_title_says_of_the_whole_sheet(title: str, word: str) -> None:
    fields = {"stock": field("stock"), "ytd": field("ytd")}
    assert other_in_titles([title], fields, OCTOBER, ["行政村党建月报表"]) == word


def test_a_title_of_a_time_that_some_field_has_contradicts_none() -> None:
    mixed = {"flow": field("flow"), "ytd": field("ytd")}
    assert [other_in_titles([t], mixed, OCTOBER) for t in ("当月数", "本年累计数")] == ["", ""]
    assert other_in_titles(["本年累计数"], {"flow": field("flow")}, OCTOBER) == "本年累计数"
    assert other_in_titles(["任务数季报表"], mixed, OCTOBER, ["任务数季报表"]) == ""


def test_what_the_catalogue_calls_a_field_says_nothing_new() -> None:
    assert said("stock", "", "年初上年结转", "年初上年结转") == ""
    assert said("stock", "", "本年新增植树", "本年新增植树") == ""


def test_cells_above_several_columns_may_speak_of_one_of_them() -> None:
    fields = {"open": field("stock"), "done": field("ytd"), "note": Field.model_validate(
        {"label": {"zh": "备注", "en": "note"}, "type": "text"})}  # fmt: skip
    headers = dict.fromkeys(fields, ("诉求(本年累计)", "植树株数"))
    assert other_spans(headers, fields, OCTOBER) == []
    del headers["done"]
    assert [o.field for o in other_spans(headers, fields, OCTOBER)] == ["open"]


@pytest.mark.parametrize(
    ("leaf", "word"),
    [
        ("植树株数 Trees planted since 1 January", ""),
        ("Trees planted, 2026-01 on 植树株数", ""),
        ("植树株数（上年） Trees planted", "上年"),
        ("植树株数 Trees planted（本月）", "本月"),
    ],
)
def test_the_translation_of_a_header_was_held_against_the_field_before(leaf: str, word: str) -> None:
    assert said("ytd", "", leaf) == word


@pytest.mark.parametrize(
    ("kind", "label", "header", "word"),
    [
        ("ytd", "植树株数", "累计植树株数", ""),
        ("stock", "已建党组织", "累计已建党组织", ""),
        ("stock", "已建党组织", "已建党组织（累计）", ""),
        ("stock", "已建党组织", "已建党组织（本年累计）", "本年累计"),
        ("stock", "已建党组织", "1-10月累计已建党组织", "1-10月"),
        ("stock", "职业经理人", "累计职业经理人", "累计"),
        ("flow", "活动人次", "累计活动人次", "累计"),
        ("distinct", "服务党员数", "累计服务党员数", "累计"),
    ],
)
def test_all_until_now_is_asked_about_where_it_is_another_number(
    kind: str, label: str, header: str, word: str
) -> None:
    found = other_spans({"n": ("", header)}, {"n": field(kind, label)}, OCTOBER)
    assert [one.said for one in found] == ([word] if word else [])
