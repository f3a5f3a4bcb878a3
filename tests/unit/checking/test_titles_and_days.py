"""Days, versions and numbers beside a title, which may say of when the table is.

A day of the data names the period, and a day of filling in before it is asked about beside any title. A version of an
earlier month, a day of writing or a bare number behind the title is asked about only where no title names the period.
"""

from __future__ import annotations

import pytest

from qiangji.catalogue.load import Catalogue, load
from qiangji.checking.title_doubts import left_open
from qiangji.checking.titles import other_period
from qiangji.periods import Period
from tests.frozen.paths import CATALOGUE, EXPECTATIONS
from tests.unit.checking.titles import HALF, MONTH, NAMED, QUARTER, TITLES, YEAR, T, places, said


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(CATALOGUE, EXPECTATIONS)


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
