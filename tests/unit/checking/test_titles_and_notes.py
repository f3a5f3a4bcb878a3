"""Short notes beside a title, or in brackets behind it: which of them are fine, and which make the title wrong.

Each note is tried in both places. Some speak of something else than the table (the list of units, when the form came
into force, the numbers at the year's start): these are no question.
"""

from __future__ import annotations

import re

import pytest

from qiangji.catalogue.load import Catalogue, load
from tests.frozen.paths import CATALOGUE, EXPECTATIONS
from tests.unit.checking.titles import HALF, MONTH, NAMED, QUARTER, TITLES, YEAR, T, places, said


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(CATALOGUE, EXPECTATIONS)


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


@pytest.mark.parametrize(("period", "cells"), places(BESIDE))
def test_what_stands_beside_a_right_title(catalogue: Catalogue, period: str, cells: tuple[str, ...]) -> None:
    assert said(cells, period, catalogue) == ""


@pytest.mark.parametrize(("period", "cells"), places(ALONE))
def test_what_makes_a_title_wrong(catalogue: Catalogue, period: str, cells: tuple[str, ...]) -> None:
    assert said(cells, period, catalogue)


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
