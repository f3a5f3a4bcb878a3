"""Titles and notes that say what kind of table this is: a sample or a draft, another kind of report, estimates, or
amounts of one month above columns that count since January.

Each word is tried beside what only looks like it and is right.
"""

from __future__ import annotations

import re

import pytest

from qiangji.catalogue.load import Catalogue, load
from qiangji.checking.title_doubts import left_open, sample
from qiangji.checking.title_spans import other_in_titles
from qiangji.checking.titles import other_period
from qiangji.periods import Period
from tests.frozen.paths import CATALOGUE, EXPECTATIONS
from tests.unit.checking.titles import FIELDS, HALF, MONTH, NAMED, QUARTER, TITLES, YEAR, T, said


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(CATALOGUE, EXPECTATIONS)


SAMPLES = """
    样表|示例|填写示例|样例|草稿|草表|初稿|模板|模版|征求意见稿|测试|试填|演示|模拟数据|空表|培训用|样表（新会区）|2026年10月样表|样式"""
NO_SAMPLES = """
    按样表填报|参照样表|样表已更新|模板更新：2026年1月|2026版模板|模板版本V2|填写示例见附件|示例：440703100001|定稿|终稿|试行|试点
    说明：样表|注：示例|使用统一模板|空表不报|测试村不填|台山市样表|草稿勿报|模板第2版|示范村|样板村"""


@pytest.mark.parametrize("text", [said.strip() for said in SAMPLES.split("|")])
def test_a_sample_or_a_draft_is_asked_about(text: str) -> None:
    period, own = Period.parse(MONTH), (TITLES[MONTH],)
    for cells in (
        (T, text),
        (f"2026年10月{T}（{text}）",),
        (f"{T}{text}",),
        (f"{text}：{T}",),
        (f"（{text}）{T}",),
    ):
        assert sample(cells, period, own), cells


@pytest.mark.parametrize("text", [said.strip() for said in re.split(r"[|\n]", NO_SAMPLES)])
def test_what_is_said_of_a_sample_is_no_question(text: str) -> None:
    period, own = Period.parse(MONTH), (TITLES[MONTH],)
    for cells in ((T, text), (f"2026年10月{T}（{text}）",), (f"（{text}）{T}",)):
        assert sample(cells, period, own) == "", cells


BEHIND_THE_TITLE = {
    MONTH: """
        作废|已作废|暂估数|暂估|年初数|预估|预估数|基数|增减数|三年累计|历年累计|近三年累计|估计数|估算|预填|拟完成|指标数|分解数
        期初数|期初|年初|2023年以来累计|占比|村均|增减|废表|历年数|年报|半年报|季报|半年度报表|全年|全年数|10月，预估|2026年10月作废
        2026年10月暂估数|2026年10月）（年初数|10月当月|2026年10月当月|非累计|不含累计|10月新增|10月发生额""",
    QUARTER: "三季度当季|第三季度新增|第三季度发生数|作废|暂估数|年初数|月报|年报|半年报|全年",
    HALF: "作废|年报|季报|月报|全年|三年累计",
    YEAR: "作废|月报|半年报|基数|历年累计",
}
"""In brackets behind the form's own title: other numbers than the form's, or another kind of report."""
RIGHT_BEHIND_IT = {
    MONTH: """
        增减情况另附|样表已更新|旧表作废|2025年版作废|基数见附件|以年初数为基数|年初数不填|年初下达|增减说明|指标说明|指标体系
        2026年修订，旧表作废|原表作废|本年累计|含增减变动说明|预估数不填|基数以年报为准|累计|年初至今|占比自动计算|2026年以来累计
        近三年未换届的村|正式|定稿|终稿|党员人数以党统年报（2025年度）为基础|数据来源：党统年报|与年报一致|按年报口径|见年报表
        10月累计|10月，当月|10月新增村|10月新设|10月完成情况|1-10月新增|当月|含累计
        月报|线上月报表|年报另报|2025年年报已报|另附季报表|2026年10月报|年度报表另行布置|依据半年报|半年报表另发""",
    QUARTER: "季报|三季度数据（2026年10月报）|2026年三季度报|2026年10月报",
    HALF: "半年报|半年度报表|2026年7月报",
    YEAR: "年报|全年|2026年报|2027年1月报|年度报表",
}
OTHER_KINDS = {
    MONTH: """
        2026年度行政村党建年报表|行政村党建季报表|2026年10月行政村党建年报表|行政村党建半年报|2026年行政村党建年度报表
        新会区行政村党建季度报表|行政村党建月报表作废|行政村党建月报表-基数""",
    QUARTER: "任务清单月报表|任务清单年报表（2026年）|2026年任务清单半年报",
    HALF: "基层党建年报表|基层党建季报表",
    YEAR: "党组织和党员月报表|2026年党组织和党员半年报",
}
OWN_KINDS = {
    MONTH: "2026年10月村月报|村月报表|行政村党建工作月报",
    QUARTER: "任务清单季度报表|任务清单季报",
    HALF: "基层党建半年度报表",
    YEAR: "党员年报|2026年党员年度报表",
}


def lines_of(texts: dict[str, str], way: str) -> list[tuple[str, tuple[str, ...]]]:
    lines = [(period, text.strip()) for period, said in texts.items() for text in re.split(r"[|\n]", said)]
    return [(period, (way.format(t=TITLES[period], w=text),)) for period, text in lines if text]


@pytest.mark.parametrize(
    ("period", "cells"), [*lines_of(BEHIND_THE_TITLE, "{t}（{w}）"), *lines_of(OTHER_KINDS, "{w}")]
)
def test_other_numbers_or_another_kind_of_report(
    catalogue: Catalogue, period: str, cells: tuple[str, ...]
) -> None:
    assert said(cells, period, catalogue)
    assert said((*cells, NAMED[period]), period, catalogue)


@pytest.mark.parametrize(
    ("period", "cells"), [*lines_of(RIGHT_BEHIND_IT, "{t}（{w}）"), *lines_of(OWN_KINDS, "{w}")]
)
def test_what_is_right_behind_the_title(catalogue: Catalogue, period: str, cells: tuple[str, ...]) -> None:
    assert said(cells, period, catalogue) == ""


def test_the_whole_year_is_right_in_december() -> None:
    december, own = Period.parse("2026-12"), ["行政村党建月报表"]
    assert other_in_titles(["行政村党建月报表（全年）"], FIELDS, december, own) == ""


COLUMNS_WRONG = """
    收入为本月数|植树为当月新增|收入按当月数填|收入为上月数|收入为9月数|收入为预计数|植树为任务数|植树为计划数|村级集体总收入为本月数
    植树株数为当月数|党员人数为上月数|收入均为9月数据|备注：收入为上月数"""
COLUMNS_RIGHT = """
    收入为本年累计|党员人数为期末数|收入为本月数的村请更正|收入勿填本月数|红色为上月数|灰色列为上月数|环比基数为上月数|植树为1-10月数
    收入为10月数|植树为本年累计数|党员人数为本月数|收入不为上月数|收入是否为上月数请核对|收入按计划数考核|党员为本月末数"""


@pytest.mark.parametrize(
    ("text", "is_asked"),
    [
        (text.strip(), is_asked)
        for texts, is_asked in ((COLUMNS_WRONG, True), (COLUMNS_RIGHT, False))
        for text in re.split(r"[|\n]", texts)
        if text.strip()
    ],
)
def test_what_is_said_of_one_column(catalogue: Catalogue, text: str, is_asked: bool) -> None:
    fields, october = catalogue.forms["village"].fields_in(MONTH), Period.parse(MONTH)
    assert bool(other_in_titles((f"2026年10月{T}", text), fields, october, (T,))) is is_asked


AMOUNTS_OF_THE_PERIOD = """
    年计划|年计划数|年目标|（当月）发生额|（本月）数|[当月]发生数|10月1日至10月31日发生数|10月1日—31日发生额
    2026年10月1日至10月31日新增|10.1-10.31发生额
    不含1-9月|不含1月至9月数据|仅10月|仅限10月|仅填10月|只填10月|仅2026年10月|植树、收入均为当月数|收入和植树为本月数|植树及收入均填当月数
    收入、植树、四小园为当月新增"""
AMOUNTS_SINCE_JANUARY = """
    三年计划|五年计划|年计划另报|2026年计划另发|（本年）累计|1月1日至10月31日发生数|1月1日至10月31日发生额
    2026年1月1日至10月31日新增|10月1日至10月31日
    （10月1日—10月31日）|只报10月|10月只报一次|植树、收入均为本年累计|植树、收入勿填当月数|收入、支出均为当月数另报
    1.1-10.31发生额|不仅10月|仅10月换届的村填"""


@pytest.mark.parametrize(
    ("text", "is_asked"),
    [
        (text.strip(), is_asked)
        for texts, is_asked in ((AMOUNTS_OF_THE_PERIOD, True), (AMOUNTS_SINCE_JANUARY, False))
        for text in re.split(r"[|\n]", texts)
        if text.strip()
    ],
)
def test_amounts_of_the_period_above_those_since_january(
    catalogue: Catalogue, text: str, is_asked: bool
) -> None:
    fields, october = catalogue.forms["village"].fields_in(MONTH), Period.parse(MONTH)
    for cells in ((f"2026年10月{T}", text), (T, text)):
        assert bool(other_in_titles(cells, fields, october, (T,))) is is_asked, cells


@pytest.mark.parametrize("form", ["county_emerging", "county_oversight", "town_service"])
@pytest.mark.parametrize(
    "text",
    [
        "年初数为2025年12月31日数",
        "年初未结案件数为2025年12月数",
        "年初未办结诉求件数为上年末数",
        "年初未结案数取上年年报",
        "年初为上年末数",
    ],
)
def test_what_the_numbers_at_the_year_s_start_are(catalogue: Catalogue, form: str, text: str) -> None:
    own = catalogue.forms[form]
    reported = Period.parse({"month": MONTH, "quarter": QUARTER}[own.period_type])
    fields, titles = own.fields_in(str(reported.last_month)), (own.title.zh,)
    for cells in ((own.title.zh, text), (own.title.zh, NAMED[str(reported)], text)):
        assert other_period(cells, reported, titles) is None
        assert other_in_titles(cells, fields, reported, titles) == ""
        assert left_open(cells, reported, titles) == ""
