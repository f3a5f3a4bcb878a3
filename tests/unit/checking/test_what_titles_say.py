"""Titles and notes above a table, as offices write them: an honest one is no question, a wrong one is never missed.

Each line is the cells above a header. Both tables are held against the three readers of titles together: which period,
which time or plan, which form.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qiangji.catalogue import Catalogue, load
from qiangji.catalogue.models import Field
from qiangji.checking.other_form import other_form
from qiangji.checking.title_doubts import left_open, sample
from qiangji.checking.title_spans import other_in_titles
from qiangji.checking.titles import other_period
from qiangji.periods import Period
from tests.frozen.paths import CATALOGUE, EXPECTATIONS

MONTH, QUARTER, HALF, YEAR = "2026-10", "2026Q3", "2026H1", "2026"
TITLES = {
    MONTH: "行政村党建月报表",
    QUARTER: "任务清单季报表",
    HALF: "基层党建半年报表",
    YEAR: "党组织和党员年报表",
}
T = TITLES[MONTH]
FIELDS = {
    kind: Field.model_validate({"label": {"zh": kind, "en": kind}, "type": "integer", "kind": kind})
    for kind in ("stock", "ytd")
}
COUNTY, PLACES = "440705", ("江门市", "新会区", "会城街道")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(CATALOGUE, EXPECTATIONS)


def said(cells: tuple[str, ...], period: str, catalogue: Catalogue) -> str:
    """What the cells say that the report is not; '' if nothing."""
    own, reported = (TITLES[period],), Period.parse(period)
    form = {MONTH: "village", QUARTER: "county_milestones"}.get(period)
    of_form = other_form(cells, catalogue, catalogue.forms[form], PLACES) if form else ""
    of_period = other_period(cells, reported, own)
    return (
        of_form
        or of_period
        or other_in_titles(cells, FIELDS, reported, own)
        or left_open(cells, reported, own)
        or sample(cells, reported, own)
    )


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


BESIDE = {
    MONTH: """
        本表由各村于次月5日前报镇（街），镇（街）汇总后报县|上年末数据以年报为准|上月末至本月末变动情况请附页说明
        党员人数以党统年报（2025年度）为基础|2026年10月（10月1日—10月31日）|统计截止：10月31日|上报截止：2026年11月6日
        11月6日前报出|报送日期：2026.11.03|报送:11月3日|2026.11.3|填表日期：二〇二六年十一月三日|填报人：  2026年11月
        填报单位（盖章）：新会区 2026年11月3日|（2026年）10月|第10期|总第58期|2026年第10期（总第58期）|2026年10期
        依据《江门市2025年组织工作要点》|贯彻2026年第三季度工作会议精神|第三季度未报的一并补报|上半年已换届|2026年下半年起停报
        强基工程三年行动（2024—2026年）|2024年启动|“十五五”规划|2025-2027年|本月新增村请注明|当月新设村本月起报|上月漏报的本月补报
        与上月持平的填同上|上月已报不再报|不再填上年数|上年数由系统自动带出|预计数不填|计划数另表报送|年度目标见附件|目标任务见任务书
        任务数见附件2|无计划数的填0|2026年目标任务已下达|1-10月累计数|人数为期末数|版次：2026-03|2026版|V2.0（2026.03）
        修订时间：2026年3月|模板更新于2026年9月|2026年9月版|9月版模板|9月新表|旧表8月停用|9月培训过的填|9月已报过的无需再报
        8月、9月撤并的村不填|9月底前完成|村书记9月调整的按新任填|含9月入党|不含9月转出党员|9月1日新设
        去年10月起|去年以来|前年设立
        近三年|2025年底前建成|2025年末党员数据已归档|同期数由市局提供|去年同期数供参考|对比上月|环比上月|较上月|与计划数对照
        2026年3月 修订|启用 2026-01|2026年11月 填报|自 2026年1月 起|表式 2026年版|按月报送 2026年10月
        月份：10|期别：10|报告期：10|所属月份：10|填报月份：11|报送期：11|月份数：9|页数：9|编号：9|2026.10.1-10.31|2026.1.1-2026.10.31
        统计时段：2026.10.1-10.31|公示期：2026.9.1-9.7|统计期：2026年1月1日至10月31日
        Report for October 2026|Villages, monthly (October 2026)|As of 31 Oct 2026|本月无变动|线上月报表""",
    QUARTER: """
        2026年7—9月|2026年9月|（三季度末）|Q3|2026年10月|四季度上报三季度情况|三季度数据（2026年10月报）|上季度任务已销号
        与二季度相比有变动的请说明|2026年上半年已完成|2025年度结转任务|报告期：2026年7月1日至9月30日|任务完成情况
        季度：3|报告期：3|报告期：9|月份：9|2026.7.1-9.30
        第四季度计划另报|下季度计划|四季度工作打算另附|完成时限为2026年12月|时限：2026年12月底|2026年底前完成""",
    HALF: "上半年|1-6月|2026年6月|6月30日|2026年7月|下半年报送|2026年6月末数据|2026年|与上年同期对比另附",
    YEAR: """
        2026|2026年1-12月|2026年12月|2027年1月|2027年1月10日|2027年报送（2026年度数据）|2025年度已评|2026年四季度末
        自2025年起|2025版|与2025年相比|2026年（2027年1月报）|2027年1月印发""",
}
"""What stands beside a right title, or in brackets behind it: each is tried in both places."""
ALONE = {
    MONTH: """
        2026年9月份|2026-09月报|九月份|新会区9月数据|会城街道9月|2026年8月—9月|8-9月|1-9月|截至9月末|至2026年9月底|9月末数|数据为9月末数
        9月30日数据|数据日期：2026年9月30日|数据截止日期：2026-09-30|属期：9月|报告期为2026年9月|报告期别：2026-09|2026年9月上报数据
        月份：9|月份：09|期别：9|报告期：9|所属月份：9|填报月份：9|2026.9.1-9.30|2026.09.01-2026.09.30|2026/9/1-9/30
        统计时段：2026.9.1-9.30|2026-09-01至2026-09-30|季度：3
        上报9月数据|补报9月数据|9月数据（补报）|2026年9月重报|2026年9月报|Sep 2026|September|2025-10-31|去年数|上年
        上月报表
        上期|上年末数|上月末|截至上月末|计划|目标数|年度计划数|全年任务数|预计完成数|预估数|分配任务数|市下达数
        本月完成数|单月数|当月发生|本月新增|本期数|只填本月|填报本月数|按本月数填|表内数据为本月数|本表为年度目标
        数据来自上月|上月未变，沿用上月数|数据未更新，为9月数|按月报送 2026年9月|新会区 2026年9月 内部资料""",
    QUARTER: """
        2026年4-6月|截至6月底|2026年6月|二季度|四季度|2026年四季度|2025年第三季度|2025年|上半年|去年同期|报告期：二季度
        季度：2|报告期：2|期别：2|月份：6|2026.4.1-6.30
        报告期：2026年4月1日至6月30日|2026年第2期|2026年二季度填报|目标任务""",
    HALF: "2026年下半年|2025年下半年|上年同期|2025年|2026年1-12月|截至2026年12月31日|截至2025年底|去年上半年|计划数",
    YEAR: "2025年|2025|2025年年报|2025年报|截至2025年底|2025年12月|2025年1-12月|去年|2025年末|2024年度|2025年度数据",
}
"""What makes a title wrong that names no period itself."""


def places(texts: dict[str, str]) -> list[tuple[str, tuple[str, ...]]]:
    lines = [(period, text.strip()) for period, said in texts.items() for text in re.split(r"[|\n]", said)]
    return [
        (period, cells)
        for period, text in lines
        if text
        for cells in ((TITLES[period], text), (f"{TITLES[period]}（{text}）",))
    ]


@pytest.mark.parametrize(("period", "cells"), places(BESIDE))
def test_what_stands_beside_a_right_title(catalogue: Catalogue, period: str, cells: tuple[str, ...]) -> None:
    assert said(cells, period, catalogue) == ""


@pytest.mark.parametrize(("period", "cells"), places(ALONE))
def test_what_makes_a_title_wrong(catalogue: Catalogue, period: str, cells: tuple[str, ...]) -> None:
    assert said(cells, period, catalogue)


LEFT_OPEN = {
    MONTH: """
        9月修改|9月修改版|9月修订|9月更新|9月版|9月已审|9月审核|8月更新|9月28日修改|2026年9月制表|第9期|第九期""",
    QUARTER: """
        任务清单季报表（8月）|任务清单季报表（7-8月）|2026年8月任务清单季报表|2026年7月
        二季度修改|二季度更新|二季度已审|6月修改|第2期|2026年6月制表""",
}
"""What is asked about where no title names the period reported."""
FILLED_IN_BEFORE = {
    MONTH: """
        填报日期：2026年9月28日|制表日期：2026年9月30日|导出时间：2026-09-28 09:00|填表日期：二〇二六年九月三日
        填报时间：9月28日|填报日期：9.28|上报时间：20260928|报送日期：2026.9.3|填报日期：2026年9月|填报于2026年9月28日|填报日期：2025年11月3日
        填报人：张三 填报日期：2026年9月28日|数据同9月|数据均同9月|本表数据同2026年9月数据""",
    QUARTER: "填报日期：2026年6月28日|填报日期：2025年10月8日|数据同二季度",
    HALF: "填报日期：2025年12月30日|填报日期：12月30日",
    YEAR: "填报日期：2025年12月30日",
}
"""What is asked about beside any title."""
IN_ITS_TIME = {
    MONTH: """
        10月修改|11月修改|10月版|2025年修订|2026年9月修订|2026年9月更新|2026年11月制表|第10期|9月版模板|9月新表|1月修改后启用
        填报日期：2026年10月8日|填报日期：2026年11月2日|填报日期：11月2日|填报日期：1月5日|填报时间：9月25日至11月5日
        填报日期：2026年9月30日前|填报时间：每月5日前|制定日期：2026年1月5日|批准日期：2026年9月3日|填报日期： 年 月 日
        修订日期：2026年9月3日|上报时间：9月起每月5日前|有效期至：2026年9月
        审核：已对照9月数据|导出时间：2026-10-05 09:00
        行政村党建月报表10|行政村党建月报表（10）|行政村党建月报表2|行政村党建月报表（1）|附表9|表9|行政村党建月报表（26.10）
        数据截至：10.31|截至10.31|2026.9.26-2026.10.25|9月26日至10月25日|（9.21-10.20）|2026年10.1-10.31|9.26-10.25数据
        填报时间：9月26日至10月25日|换届时间：8月26日-9月25日""",
    QUARTER: """
        任务清单季报表（9月）|任务清单季报表（7-9月）|任务清单季报表（10月）|2026年三季度,（8月）|6.26-9.25|填报日期：8月8日|8月更新
        三季度修改|9月修改|10月修改|7月修改|第3期|填报日期：10月8日|填报日期：2026年8月8日|填报日期：1月8日""",
    HALF: "2026年6月|填报日期：7月5日|填报日期：2026年7月5日|填报日期：10月5日",
    YEAR: "填报日期：1月5日|填报日期：12月5日|填报日期：2027年1月5日|12月修改",
}
"""What is in its time beside any title."""
NAMED = {MONTH: "2026年10月", QUARTER: "2026年第三季度", HALF: "2026年上半年", YEAR: "2026年度"}


@pytest.mark.parametrize(("period", "cells"), [*places(LEFT_OPEN), *places(FILLED_IN_BEFORE)])
def test_what_leaves_the_period_open(catalogue: Catalogue, period: str, cells: tuple[str, ...]) -> None:
    reported, own = Period.parse(period), (TITLES[period],)
    assert said(cells, period, catalogue) == left_open(cells, reported, own) != ""


@pytest.mark.parametrize(("period", "cells"), places(FILLED_IN_BEFORE))
def test_a_day_before_the_period_is_asked_about_beside_its_name(period: str, cells: tuple[str, ...]) -> None:
    assert left_open((NAMED[period], *cells), Period.parse(period), (TITLES[period],))


@pytest.mark.parametrize(("period", "cells"), places(LEFT_OPEN))
def test_a_version_beside_the_period_s_name_is_no_question(
    catalogue: Catalogue, period: str, cells: tuple[str, ...]
) -> None:
    assert said((NAMED[period], *cells), period, catalogue) == ""


@pytest.mark.parametrize(("period", "cells"), places(IN_ITS_TIME))
def test_a_version_or_a_day_in_its_time(catalogue: Catalogue, period: str, cells: tuple[str, ...]) -> None:
    assert said(cells, period, catalogue) == said((NAMED[period], *cells), period, catalogue) == ""


OF_A_COLUMN = {
    MONTH: """
        上月数（供核对）|上月数（仅供参考）|上年同期数（供参考）|上月数（见附表）|去年同期（对比用）|上月（供对照）|计划数（参考）
        目标数（见附件）|上月数【供核对】|9月数据（供核对）|9月底数（供参考）|年初数（参考）|上月数（不计入）|本月数（供参考）
        上月数（灰色列）|上月数（自动带出）|上月数（只读）|本期数|本期发生数|上月数,本月数|上月数（供核对）,本月数|上年同期,本年累计
        本表数据截至10月31日|以上数据截至2026年10月31日|党员数据截至10月底|暂报本月数据|先报本月数据|请先报上月数据|勿暂报上月数
        未换届的村沿用9月数据|不得沿用9月数据|本期数据已更新|换届村名单截至9月30日|任职时间截至9月30日|年龄计算截至9月30日
        缴费截至9月30日|报名截至9月25日|本期数据截至10月31日|9月数据截至9月30日已核|数据截至2026年10月31日24时|上月数据已暂报
        截至9月30日未报的村已催报|数据更新至10月31日|暂不报上月数据|上月暂报数已更正""",
    QUARTER: "本季度新增|本季数|本季度数|本季度完成数|本期数|当季数|上季度数（供核对）|上季度,本季度",
}
"""Cells of their own, a comma between two: right beside a title that names the period."""
OF_THE_SHEET = {
    MONTH: """
        行政村党建月报表（上月数）（供参考）|行政村党建月报表上月数（供参考）|上月数（万元）|上月数（合计）
        上月数据（新会区）|计划数（2026年）|本表数据为上月数（供参考）|数据为9月数（仅供参考）|本季度数|只填本期数|本表均为本期数
        本表数据截至9月30日|以上数据截至2026年9月30日|党员数据截至9月30日|暂报上月数据|先报上月数|暂按上月数填报
        由于换届，本期沿用9月数据|本月沿用9月数据|本次沿用9月数|数据同9月|暂报9月数据|暂按9月数填报|仍为9月数据|所有数据截至9月底
        各村数据截至9月30日|本表截至9月30日|全部数据均为9月数|数据暂为上月数|收入数据截至9月30日|数据仍为上月数
        本表统计截至2026年9月末|数据更新至9月30日|数据更新至2026年9月底""",
    QUARTER: """
        本月新增|本月数|仅本季度|只填本季度|任务清单季报表（本季度新增）|上季度数|以上数据截至6月30日|暂报上季度数据|数据同二季度""",
}


def beside_the_name(texts: dict[str, str]) -> list[tuple[str, tuple[str, ...]]]:
    lines = [(period, text.strip()) for period, said in texts.items() for text in re.split(r"[|\n]", said)]
    return [(period, (NAMED[period] + TITLES[period], *text.split(","))) for period, text in lines if text]


@pytest.mark.parametrize(("period", "cells"), beside_the_name(OF_A_COLUMN))
def test_the_name_of_a_column_beside_a_right_title(
    catalogue: Catalogue, period: str, cells: tuple[str, ...]
) -> None:
    assert said(cells, period, catalogue) == ""


@pytest.mark.parametrize(("period", "cells"), beside_the_name(OF_THE_SHEET))
def test_what_is_said_of_the_sheet_beside_a_right_title(
    catalogue: Catalogue, period: str, cells: tuple[str, ...]
) -> None:
    assert said(cells, period, catalogue)


OF_AN_EARLIER_MONTH = """
    行政村党建月报表（26.9）|行政村党建月报表26.9|行政村党建月报表（25.10）|数据截至：9.30|数据截至9.30|截至9.30|统计截止：9.30
    2026.8.26-2026.9.25|8月26日-9月25日|2026年8月26日至9月25日|（8.26-9.25）|行政村党建月报表（9.1-9.30）|20260826-20260925
    统计时间：2026年8月21日至9月20日|2025.9.26-2025.10.25"""


@pytest.mark.parametrize("cells", [cells for _, cells in places({MONTH: OF_AN_EARLIER_MONTH})])
def test_days_and_short_years_that_name_an_earlier_month(cells: tuple[str, ...]) -> None:
    assert other_period(cells, Period.parse(MONTH), (TITLES[MONTH],)) in ("2026-09", "2025-10")


def test_a_range_of_days_over_the_turn_of_the_year() -> None:
    cells, own = ("2026年12月26日至1月25日",), (TITLES[MONTH],)
    assert other_period(cells, Period.parse("2027-01"), own) is None
    assert other_period(cells, Period.parse("2027-02"), own) == "2027-01"


@pytest.mark.parametrize("behind", ["9", "09", "（09）", "（9）", "-9", "_9", "02", " 9", "（12）"])
def test_a_number_behind_the_title_is_asked_about_where_nothing_names_the_period(behind: str) -> None:
    reported, own = Period.parse(MONTH), (T,)
    assert left_open((T + behind,), reported, own)
    assert left_open((f"新会区{T}{behind}", "单位：万元"), reported, own)
    assert left_open((T + behind, "2026年10月"), reported, own) == ""
    assert left_open((T + behind,), reported, own, is_tab=True) == ""


@pytest.mark.parametrize(
    "behind", ["10", "（10）", "1", "2", "（2）", "3", "13", "26", "（10", "（表9）", "V9", "第9稿"]
)
def test_a_number_behind_the_title_that_is_no_other_month(behind: str) -> None:
    assert left_open((T + behind,), Period.parse(MONTH), (T,)) == ""
    assert left_open(("附表9", T, "表9"), Period.parse(MONTH), (T,)) == ""


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


OF_ANOTHER_THING = {
    MONTH: """
        2025年底共有行政村55个|截至2025年底，共有行政村55个|2025年底行政区划|行政区划截至2025年12月31日
        统计用区划代码（2025年）|区划代码：2025年版
        党员年报数（2025年）仅供参考|换届后（2026年3月）|换届时间（2026年3月）|12月份以年报代月报|1月份免报|1月免报
        本表为月报，1月免报
        3月、6月、9月、12月同时报季报|2月与1月合并报送|6月、12月加报半年报|表样：2026年1月|表样（2026年1月）
        江门市委组织部制（2026.1）
        市委组织部印制 2026年1月|江门市委组织部监制（2026年1月）|区委组织部制 2026.1|行政村名单（2026年6月）
        行政村名单截至2026年6月|行政村：2025年度名录
        年初数为2025年12月31日数|年初数取上年年报|年初数：2025年底|报送上月数据
        全区共有行政村55个（2025年底）""",
    QUARTER: """
        年初数为2025年12月31日数|年初未办结为2025年末数|年初未结案数取上年年报|年初数即2025年四季度末数
        年初数=2025年底数|国企名单（2026年6月）
        侨村名单截至2026年6月|规上企业：2025年度名录|规上企业名录（2025年度）|四季度以年报代季报|一季度免报|Q3/2026
        Q3.2026|2026/Q3
        报告月：9|期初数为2026年6月30日数|换届后（2026年3月）""",
    HALF: "年初数为2025年12月31日数|下半年免报|国企名单（2025年12月）",
    YEAR: "年初数为2025年12月31日数|国企名单（2025年12月）|2025年免报",
}
"""What says of when something else is than the table: the list of units, the form, the numbers at the year's start."""


@pytest.mark.parametrize(("period", "cells"), places(OF_ANOTHER_THING))
def test_what_is_said_of_another_thing_is_no_question(
    catalogue: Catalogue, period: str, cells: tuple[str, ...]
) -> None:
    assert said(cells, period, catalogue) == said((NAMED[period], *cells), period, catalogue) == ""


def test_last_month_s_situation_beside_a_right_title_is_no_question(catalogue: Catalogue) -> None:
    assert said((f"{T}（2026年10月）", "上月情况"), MONTH, catalogue) == ""
    assert said((T, "上月情况"), MONTH, catalogue) == "上月"
    assert said((f"{T}（2026年10月）", "上月数据"), MONTH, catalogue) == "上月"


STILL_WRONG = {
    MONTH: """
        2026年9月名单情况表|2026年10月报送上月数据|10月填报上月数据|行政村党建月报（2026年9月）|行政村年报（2025年）|区委组织部制（2026年9月）|合并报表（2026年9月）
        2026年9月行政村党建月报共55个村|2026年9月共有行政村55个|新会区2026年9月共55个村|2026年8月情况表共55个村|行政村2026年9月名单表|2026年9月数据（换届后）|新会区（2026年9月）
        新会区委组织部（2026年9月）|会城街道 2026年9月
        年初数为2026年9月数|报告月：9|9月数据以年报为准，2026年9月|9月数（供参考）表|行政村共有情况2026年9月表
        2026年9月（免报村除外）表
        截止日期：2026年9月30日|截止日期：2026-09-30|截止日：2026年9月30日|截止时间：2026年9月30日
        数据截止：2026年9月30日|截止时点：2026年9月30日
        数据统计截止日期：2026年9月30日|填报月：9|统计月：9""",
    QUARTER: """
        年初数为2026年6月数|Q2/2026|任务清单季报（2026年二季度）|任务清单季报（2026年6月）|Q1/2026|截止日期：2026年6月30日|报告月：6|国企（2026年6月）""",
}


@pytest.mark.parametrize(("period", "cells"), places(STILL_WRONG))
def test_what_is_said_of_the_table_still_makes_it_wrong(
    catalogue: Catalogue, period: str, cells: tuple[str, ...]
) -> None:
    assert said(cells, period, catalogue)


@pytest.mark.parametrize(
    "title", ["新会区2026年9月行政村名单", "行政村名单（2026年9月）", "行政村名录（2025年度）"]
)
def test_a_list_s_name_is_the_sheet_s_where_no_cell_has_the_form_s_own(
    catalogue: Catalogue, title: str
) -> None:
    assert said((title,), MONTH, catalogue)


@pytest.mark.parametrize("label", ["截止日期", "截止日", "截止时间", "数据截止日期", "截止日期："])
@pytest.mark.parametrize("day", ["2026年9月30日", "2026-09-30", "2026.9.30", "9月30日"])
def test_the_day_of_the_data_in_two_cells_names_the_period(label: str, day: str) -> None:
    assert other_period((T, label, day), Period.parse(MONTH), (T,)) == "2026-09"
    assert other_period((T, label, day), Period.parse("2026-09"), (T,)) is None


WRITTEN_BEFORE = {
    MONTH: """
        编制日期：2026年9月30日|报表日期：2026年9月30日|日期：2026年9月30日|日期：2026-09-30|制作日期：2026年9月28日
        编制时间：2026年9月30日|编制日期：9月30日
        截止日期：2026年9月5日|报表日期：2026年8月31日""",
    QUARTER: "编制日期：2026年6月28日|报表日期：2026年6月30日|日期：2026年6月30日",
    HALF: "报表日期：2025年12月31日|编制日期：2025年12月31日",
    YEAR: "报表日期：2025年12月31日",
}
"""A day of writing, or of the report, before the period: asked about where no title names the period."""
WRITTEN_IN_TIME = {
    MONTH: """
        编制日期：2026年11月3日|报表日期：2026年10月31日|报表日期：2026年11月3日|日期：2026年11月3日
        日期：2026年10月31日|编报日期：2026年11月3日
        截止日期：2026年10月31日|截止日期：2026年11月5日|截止时间：2026年11月6日17:00|截止日期：2026年11月20日
        报送截止日期：2026年11月6日|编制日期：10月31日
        报名截止日期：2026年9月30日|缴费截止时间：2026年9月30日|征求意见截止日期：2026年9月30日
        有效期截止日期：2027年12月31日|编制日期：2027年1月5日
        换届日期：2026年3月31日|成立日期：2026年6月30日|编制日期： 年 月 日|日期：|截止日期：
        统计截止日期：2026年10月31日""",
    QUARTER: """
        编制日期：2026年10月9日|报表日期：2026年9月30日|日期：2026年10月10日|截止日期：2026年9月30日
        截止日期：2026年10月15日|截止日期：2026年10月10日""",
    HALF: "报表日期：2026年6月30日|编制日期：2026年7月5日|截止日期：2026年6月30日",
    YEAR: "报表日期：2026年12月31日|编制日期：2027年1月8日|截止日期：2026年12月31日|截止日期：2027年1月20日",
}


@pytest.mark.parametrize(("period", "cells"), places(WRITTEN_BEFORE))
def test_a_day_of_writing_before_the_period(
    catalogue: Catalogue, period: str, cells: tuple[str, ...]
) -> None:
    assert said(cells, period, catalogue)
    assert said((NAMED[period], *cells), period, catalogue) == ""


@pytest.mark.parametrize(("period", "cells"), places(WRITTEN_IN_TIME))
def test_a_day_of_writing_or_of_the_data_in_its_time(
    catalogue: Catalogue, period: str, cells: tuple[str, ...]
) -> None:
    assert said(cells, period, catalogue) == said((NAMED[period], *cells), period, catalogue) == ""


@pytest.mark.parametrize("day", ["编报日期：2026年9月30日", "编报时间：2026年9月30日", "编报日期：9月28日"])
def test_a_day_of_filling_in_by_another_word(catalogue: Catalogue, day: str) -> None:
    assert said((T, day), MONTH, catalogue)
    assert said((f"{T}（2026年10月）", day), MONTH, catalogue)


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
