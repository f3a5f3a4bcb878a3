"""Titles and notes above a table, as offices write them: an honest one is no question, a wrong one is never missed.

Each line is the cells above a header. Both tables are held against the three readers of titles together: which period,
which time or plan, which form. And titles of any month, with any of the honest notes beside them.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qiangji.catalogue.load import Catalogue, load
from qiangji.checking.title_spans import other_in_titles
from qiangji.checking.titles import other_period
from qiangji.periods import Period
from tests.frozen.paths import CATALOGUE, EXPECTATIONS
from tests.unit.checking.titles import FIELDS, HALF, MONTH, QUARTER, YEAR, T, said


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(CATALOGUE, EXPECTATIONS)


HONEST: dict[str, list[tuple[str, ...]]] = {
    MONTH: [
        # a title with its period
        (f"{T}（2026年10月）",),
        (f"2026年10月（本月）{T}",),
        (f"{T}（本月）",),
        (f"{T}（当月）",),
        (f"{T}（本月数据）",),
        ("2026 年 10 月 行 政 村 党 建 月 报 表",),
        (f"二〇二六年十月份{T}", "单位：万元"),
        (f"新会区{T}", "2026年10月"),
        (f"{T}（2026年1-10月）",),
        (f"{T}（本年累计数）",),
        (f"{T}（截至2026年10月31日）",),
        ("强基02表", T, "2026年10月"),
        (f"附件2：{T}（10月）",),
        # the month of sending
        (f"2026年11月报送（10月数据）{T}",),
        (f"{T}（报告期10月，2026年11月填报）",),
        (f"2026年11月{T}（报告期10月）",),
        (f"2026年11月{T}（10月数据）",),
        (f"2026年11月填报{T}",),
        (T, "2026年11月填报"),
        (T, "填报月份：2026年11月", "所属月份：2026年10月"),
        (T, "报告期", "2026年10月", "填报日期", "2026年11月3日"),
        (T, "填报时间：2026-11-03 报告期：2026-10"),
        (f"{T}（数据截至10月31日，11月3日报送）",),
        (T, "上报时间：2026年11月"),
        (T, "2026年11月制表"),
        (T, "2026年11月印发"),
        (f"11月上报10月数据{T}",),
        (f"{T} 数据期：2026年10月 报送期：2026年11月",),
        # notes that speak of another month
        (f"{T}（2026年10月）", "请于每月6日前报上月数据"),
        (f"{T}（2026年10月）", "已对照上月数据核对"),
        (f"{T}（2026年10月）", "任务数由市级下达"),
        (f"{T}（2026年10月）", "目标数由县级填写"),
        (f"{T}（2026年10月）", "收入填本年累计，勿填本月数"),
        (f"{T}（2026年10月）", "勿填当月数"),
        (f"{T}（2026年10月）", "本表每月报送一次，上月数据如有变动请注明"),
        (f"{T}（2026年10月）", "补报上月漏报"),
        (f"{T}（2026年10月）", "上月数据已更正"),
        (f"{T}（2026年10月）", "上期数据有误的一并更正"),
        (f"{T}（2026年10月）", "去年新设村首次纳入"),
        (f"{T}（2026年10月）", "上年度换届村已更新"),
        (f"{T}（2026年10月）", "含上年度结余"),
        (f"{T}（2026年10月）", "不含上年数"),
        (f"{T}（2026年10月）", "严禁照抄上月数"),
        (f"{T}（2026年10月）", "与上月数一致的也要填"),
        (f"{T}（2026年10月）", "较上年同期增长较多的请说明"),
        (f"{T}（2026年10月）", "红色为上月数"),
        (f"{T}（2026年10月）", "注：上年同期数不填"),
        (f"{T}（2026年10月）", "说明：上月数、计划数均不填"),
        (f"{T}（2026年10月）", "环比基数为上月数"),
        (f"{T}（2026年10月）", "9月数据有误的，随本表更正"),
        (f"{T}（2026年10月）", "备注：9月已核，2026年8月撤并的村不填"),
        (f"{T}（2026年10月）", "附上月数据核对表"),
        (T, "已对照9月数据"),
        (T, "2026年9月已核"),
        (T, "2026年9月新设村首次纳入"),
        (T, "9月数据已更正"),
        (T, "请于2026年11月5日前报送"),
        (T, "每月5日前报送上月报表"),
        (T, "含9月补报数据"),
        # a number behind its label, a period in several cells
        (T, "月份", "10"),
        (T, "年", "2026", "月", "10"),
        (T, "年份", "2026", "月份", "10"),
        (T, "2026年", "10", "月"),
        (T, "2026", "年", "10", "月", "份"),
        ("年份：2026", "月份：10", T),
        ("年份：2026", T, "2026年10月"),
        (T, "填报日期", "2026", "年", "11", "月", "3", "日"),
        (T, "填报日期", "2026年", "11", "月"),
        (T, "填报月份", "11"),
        (T, "表号", "9"),
        # from when on the form is in force, versions, numbers
        (T, "自2026年1月起执行"),
        (T, "从2026年9月起新增“四小园”"),
        (T, "样表2026年1月起使用"),
        (T, "2026年1月启用"),
        (T, "2026年1月起"),
        (T, "模板版本2026-01"),
        (T, "版本：V2026.1"),
        (T, "版本：", "2026-01"),
        (T, "（2026年9月修订）"),
        (T, "2025年版"),
        (T, "2025年度考核用"),
        (T, "江组通〔2025〕12号"),
        (T, "批准文号：国统制（2026）8号 有效期至2026年12月"),
        (T, "有效期至", "2026-12"),
        (T, "根据2026年8月会议精神填报"),
        (T, "按2026年9月通知要求"),
        (T, "参照2026年9月样表"),
        (T, "与2026年9月一致的不填"),
        (T, "2026年9月底前完成换届的村填报"),
        (T, "依据2025年强基工程任务清单"),
        # other forms beside its own
        (T, "社区党建月报表另报"),
        (T, "November 2026"),
        ("行政村、社区党建月报表",),
        ("社区党建月报表填报说明",),
        (T, "与社区党建月报表口径一致"),
        ("不含社区，社区党建月报表另行报送",),
    ],
    QUARTER: [
        ("任务清单季报表（2026年第3季度）",),
        ("任务清单季报表（本季度）",),
        ("2026年三季度任务清单季报表", "填报时间：2026年10月9日"),
        ("2026年第四季度填报（三季度数据）",),
        ("任务清单季报表（2026年7-9月）",),
        ("任务清单季报表（Ⅲ季度）",),
        ("任务清单季报表", "季度", "3"),
        ("任务清单季报表", "2026", "年", "第", "3", "季度"),
        ("任务清单季报表", "2026年10月填报"),
        ("任务清单季报表", "2026年11月"),
        ("任务清单季报表（截至2026年9月底）", "2026年10月"),
        ("任务清单季报表（2026年第三季度）", "每季度首月报上季度"),
        ("任务清单季报表（2026年第三季度）", "二季度数据已核"),
        ("任务清单季报表（2026年第三季度）", "上季度未完成的继续列入"),
        ("任务清单季报表（2026年第三季度）", "任务数以年初下达数为准"),
        ("任务清单季报表", "自2026年第一季度起执行"),
        ("任务清单季报表（2026年前三季度）",),
        ("2026年任务清单季报表（三季度）",),
    ],
    HALF: [
        ("2026年上半年基层党建半年报表",),
        ("基层党建半年报表（2026年1-6月）",),
        ("基层党建半年报表（截至2026年6月30日）", "2026年7月填报"),
        ("2026年下半年报送（上半年数据）",),
        ("基层党建半年报表（上半年）", "上年度结转项目已列入"),
        ("基层党建半年报表", "自2025年下半年起执行"),
        ("基层党建半年报表（2026年第二季度末）",),
    ],
    YEAR: [
        ("2026年党组织和党员年报表",),
        ("2026年度党组织和党员年报表", "2027年1月填报"),
        ("党组织和党员年报表（2026年度）", "填报日期：2027年1月8日"),
        ("党组织和党员年报表（截至2026年12月31日）",),
        ("党组织和党员年报表（2026年）", "2027年1月"),
        ("党组织和党员年报表", "2025年修订"),
        ("党组织和党员年报表（2026年）", "与2025年度数据核对后报送"),
        ("党组织和党员年报表（2026年）", "上年度数据已核"),
    ],
}


@pytest.mark.parametrize(
    ("period", "cells"), [(period, cells) for period, lines in HONEST.items() for cells in lines]
)
def test_an_honest_title_or_note_is_no_question(
    catalogue: Catalogue, period: str, cells: tuple[str, ...]
) -> None:
    assert said(cells, period, catalogue) == ""


WRONG: dict[str, list[tuple[tuple[str, ...], str]]] = {
    MONTH: [
        # last month's table, sent again
        ((f"{T}（2026年9月）",), "2026-09"),
        ((f"2026年9月{T}", "填报日期：2026年11月3日"), "2026-09"),
        ((f"2026年9月{T}", "2026年10月填报"), "2026-09"),
        ((f"2026年9月{T}（10月报送）",), "2026-09"),
        ((f"2026年10月报送（9月数据）{T}",), "2026-09"),
        ((f"2026年10月{T}（报告期9月）",), "2026-09"),
        ((f"2026年10月{T}（9月数据）",), "2026-09"),
        ((f"{T}（数据截至9月30日）", "2026年10月"), "2026-09"),
        ((T, "报告期", "2026年9月", "填报日期", "2026年10月8日"), "2026-09"),
        ((T, "表号：强基02表 2026年9月"), "2026-09"),
        ((T, "填报日期：2026年10月8日 报告期：2026年9月"), "2026-09"),
        (("江组通〔2025〕12号 2026年9月行政村党建月报表",), "2026-09"),
        ((T, "本表数据为9月数据"), "2026-09"),
        ((T, "按9月数据填报"), "2026-09"),
        ((T, "沿用9月数据"), "2026-09"),
        ((T, "备注：数据为2026年9月数"), "2026-09"),
        ((T, "所属期：二〇二六年九月"), "2026-09"),
        ((f"{T}（2026年9月）", "2026年10月起执行新口径"), "2026-09"),
        ((f"{T}（2026年9月）", "请于2026年10月8日前报送"), "2026-09"),
        ((T, "2026年9月填报"), "2026-09"),
        (("新会区2026年9月行政村情况统计表",), "2026-09"),
        ((T, "报2026年9月"), "2026-09"),
        ((T, "统计时段：2026年9月1日至9月30日"), "2026-09"),
        ((T, "数据期 2026-09"), "2026-09"),
        # a number behind its label, a period in several cells
        ((T, "月份", "9"), "2026-09"),
        ((T, "年", "2026", "月", "9"), "2026-09"),
        ((T, "年份", "2025", "月份", "10"), "2025-10"),
        ((T, "2026年", "9", "月"), "2026-09"),
        ((T, "2026", "年", "9", "月", "份"), "2026-09"),
        (("年份：2026", "月份：9", T), "2026-09"),
        ((T, "月份：9", "填报日期：2026年10月3日"), "2026-09"),
        (("年份：2025", "月份：10", T), "2025"),
        ((f"{T} 月份：9",), "2026-09"),
        ((T, "月份：9 单位：万元"), "2026-09"),
        # the year before
        ((f"2025年{T}（10月）",), "2025"),
        ((f"2025年{T}", "10月"), "2025"),
        ((f"2025年度{T}10月",), "2025-10"),
        ((f"{T}（去年10月）",), "2025-10"),
        ((f"2025年{T}",), "2025"),
        ((f"{T}（2025年）",), "2025"),
        # the month after, in a title
        ((f"2026年11月{T}",), "2026-11"),
        # another time, or a plan
        ((f"{T}（上月数据）",), "上月"),
        ((f"{T}（2026年10月）", "上月数据"), "上月"),
        ((f"{T}（2026年10月，去年同期）",), "去年同期"),
        ((f"{T}（2026年10月）年度目标",), "年度目标"),
        ((f"{T}预计数",), "预计数"),
        ((f"{T}计划表",), "计划"),
        ((f"{T}（2026年10月下达数）",), "下达数"),
        ((f"新会区上年度{T}",), "上年度"),
        (("新会区上月行政村党建情况统计表",), "上月"),
        ((T, "各村上月数据"), "上月"),
        ((T, "村级集体收入上年累计"), "上年累计"),
        ((T, "本表数据为上月数"), "上月数"),
        ((T, "数据均为计划数"), "计划数"),
        ((T, "注：本表数据为上年同期数"), "上年同期数"),
        ((T, "沿用上月数据"), "上月"),
        ((f"{T}（当月数）",), "当月数"),
        ((f"{T}（本月新增数）",), "本月新增数"),
        ((f"{T}（仅本月）",), "仅本月"),
        ((T, "均填当月数"), "当月数"),
        ((f"{T}（2026年10月）", "本月发生额"), "本月发生额"),
        ((f"{T}（第三季度）",), "2026Q3"),
        # another form
        (("社区党建月报表10月份",), "community"),
        (("社区党建月报表 单位：人",), "community"),
        (("社区党建月报表续表",), "community"),
        (("社区党建月报",), "community"),
        (("会城街道社区党建月报表",), "community"),
        (("强基03表 社区党建月报表",), "community"),
        (("强基03表社区党建月报表（2026年10月）续",), "community"),
        (("新会区社区党建月报表2026年10月 单位：人、万元",), "community"),
        (("社区党建月报表（第1页 共2页）",), "community"),
        (("社区党建月报表第2页",), "community"),
        (("社区党建月报表-新会区",), "community"),
        (("任务清单季报表三季度",), "county_milestones"),
    ],
    QUARTER: [
        (("任务清单季报表（2026年第2季度）",), "2026Q2"),
        (("任务清单季报表（二季度数据）", "2026年第三季度填报"), "2026Q2"),
        (("任务清单季报表", "季度", "2"), "2026Q2"),
        (("任务清单季报表", "2026", "年", "第", "2", "季度"), "2026Q2"),
        (("2025年任务清单季报表",), "2025"),
        (("2025年任务清单季报表（第三季度）",), "2025"),
        (("任务清单季报表（截至6月30日）",), "2026Q2"),
        (("任务清单季报表（2026年第三季度）", "数据截至2026年6月底"), "2026Q2"),
        (("任务清单季报表（2026年第四季度）",), "2026Q4"),
        (("任务清单季报表（上季度）",), "上季度"),
        (("任务清单季报表（本月）",), "本月"),
        (("任务清单季报表（2026年第三季度计划数）",), "计划数"),
    ],
    HALF: [
        (("2026年下半年基层党建半年报表",), "2026H2"),
        (("2025年上半年基层党建半年报表",), "2025H1"),
        (("基层党建半年报表（截至2025年12月31日）",), "2025H2"),
        (("基层党建半年报表（上年同期）",), "上年同期"),
        (("2026年上半年报送（2025年下半年数据）",), "2025H2"),
    ],
    YEAR: [
        (("2025年党组织和党员年报表",), "2025"),
        (("党组织和党员年报表（截至2025年12月31日）",), "2025"),
        (("2026年报送（2025年度数据）",), "2025"),
        (("2025年度党组织和党员年报表", "2026年1月填报"), "2025"),
        (("党组织和党员年报表（上年度）",), "上年度"),
        (("党组织和党员年报表（2026年）年度计划",), "年度计划"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("period", "cells", "word"), [(period, *line) for period, lines in WRONG.items() for line in lines]
)
def test_a_wrong_title_is_never_missed(
    catalogue: Catalogue, period: str, cells: tuple[str, ...], word: str
) -> None:
    assert said(cells, period, catalogue) == word


NOTES = [
    cells[1]
    for cells in HONEST[MONTH]
    if len(cells) == 2
    and cells[0] in (T, f"{T}（2026年10月）")
    and not re.match(".*报告期|November", cells[1])
]
WAYS = (
    "{t}（{y}年{m}月）", "{y}年{m}月{t}", "{y}年{m}月份新会区{t}", "{t}（{y}-{m:02}）", "{t}（{y}年1-{m}月）",
    "{t} {y}.{m:02}", "{t}（报告期：{y}年{m}月）", "{t}（{y}年{m}月数据）", "{t} 所属期：{y}年{m}月",
    "{t}（{y}{m:02}）", "新会区{t} {y}年{m}月 单位：万元", "{t}（数据截至{y}年{m}月底）",
)  # fmt: skip
WITH_A_WORD = ("{t}（{w}）", "{w}{t}", "{t}{w}", "{t}（{y}年{m}月，{w}）", "{t} {w}", "{y}年{m}月{t}（{w}）")
WORDS = ("上月数", "上年同期", "计划数", "年度目标", "当月数", "本月发生额")
MONTHS = st.integers(2025 * 12, 2027 * 12 - 1).map(lambda index: Period("month", index))


def titled(way: str, period: Period) -> str:
    return way.format(t=T, y=period.year, m=period.start.month)


@given(month=MONTHS, way=st.sampled_from(WAYS), notes=st.lists(st.sampled_from(NOTES), max_size=3))
def test_no_note_beside_a_title_makes_it_wrong(month: Period, way: str, notes: list[str]) -> None:
    cells = (titled(way, month), *notes)
    assert (other_period(cells, month, [T]), other_in_titles(cells, FIELDS, month, [T])) == (None, "")


@given(
    month=MONTHS,
    other=MONTHS,
    way=st.sampled_from(WAYS),
    before=st.lists(st.sampled_from(NOTES), max_size=2),
    behind=st.lists(st.sampled_from(NOTES), max_size=2),
)
def test_no_note_beside_a_title_of_another_month_excuses_it(
    month: Period, other: Period, way: str, before: list[str], behind: list[str]
) -> None:
    cells = (*before, titled(way, other), *behind)
    assert other_period(cells, month, [T]) == (str(other) if other != month else None)


@given(month=MONTHS, late=st.integers(1, 3), way=st.sampled_from(["{t}（报告期{m}月）", "{t}（{m}月数据）"]))
def test_the_month_of_sending_is_no_other_month(month: Period, late: int, way: str) -> None:
    sent = month + late
    for verb in ("报送", "填报", "上报"):
        cells = (f"{sent.year}年{sent.start.month}月{verb}", titled(way, month))
        assert other_period(cells, month, [T]) is None
    assert other_period((f"{sent.year}年{sent.start.month}月{titled(way, month)}",), month, [T]) is None


@given(month=MONTHS, word=st.sampled_from(WORDS), way=st.sampled_from(WITH_A_WORD))
def test_a_word_of_another_time_is_told_wherever_it_is_the_title_s(
    month: Period, word: str, way: str
) -> None:
    title = way.format(t=T, w=word, y=month.year, m=month.start.month)
    assert other_in_titles([title], FIELDS, month, [T]) == word
