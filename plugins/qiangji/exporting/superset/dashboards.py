"""The three dashboards of Superset: the city's overview, one county, and reporting. Aspects come from the catalogue."""

from __future__ import annotations

from dataclasses import dataclass

from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Aspect
from qiangji.exporting.superset.charts import Chart, Where

COUNTY, TOWN = (Where("org_level", level) for level in ("county", "town"))
HEADLINE = Where("is_headline", None, "IS TRUE")
DUE = Where("status", "not_due", "!=")
ATTENTION = Where("status", ("failed", "returned", "withheld", "held", "late", "partial"), "IN")
_PROGRESS = ("target", "path", "gap", "progress_zh")
_TRUST = ("reporting_rate", "obs_status_zh", "period")
_SORTED = (("sort_order", True),)
_COLORS = ("green", "yellow", "red")
_STACKED = {"stack": "Stack", "orientation": "vertical"}


@dataclass(frozen=True)
class Filter:
    """A choice at the side of a dashboard, for the charts that name its column; its first value is chosen at first.

    `where`: which rows of the dataset its values are taken from. `is_rising`: how they are sorted.
    """

    column: str
    title: str
    dataset: str
    where: tuple[Where, ...] = ()
    is_rising: bool = True


MONTH = Filter("month", "月份 Month", "headline", is_rising=False)
DUE_MONTH = Filter("month", "月份 Month", "reporting", (DUE,), is_rising=False)
WHICH_COUNTY = Filter("county_name", "县（市、区） County", "headline", (COUNTY,))
INDICATOR = Filter("indicator_zh", "指标 Indicator", "headline")


@dataclass(frozen=True)
class Dashboard:
    """`rows`: charts from the top, several in a row."""

    key: str
    zh: str
    en: str
    about: str
    filters: tuple[Filter, ...]
    rows: tuple[tuple[Chart, ...], ...]

    @property
    def title(self) -> str:
        return f"{self.zh} {self.en}"

    @property
    def charts(self) -> list[Chart]:
        return [chart for row in self.rows for chart in row]


def dashboards(catalogue: Catalogue) -> tuple[Dashboard, ...]:
    """All of them, in the order in which they are read."""
    return (_overview(catalogue), _county(), _reporting())


def _overview(catalogue: Catalogue) -> Dashboard:
    aspects = (
        Chart(
            f"overview_{a.code}", a.name.zh, a.name.en, "headline", "pivot", ("indicator_zh", "org_name"), ("ratio",),
            (Where("aspect_code", a.code), COUNTY), ("month",), height=16 + 4 * _measured(catalogue, a),
        )
        for a in catalogue.plan.aspects
    )  # fmt: skip
    tops = tuple(Where("org_level", level) for level in catalogue.org.top_levels)
    return Dashboard(
        "overview", "强基总览", "Overview",
        "比率不可相加、不可平均；“不全”为部分单位未报。目标值均为示意。",
        (MONTH, INDICATOR),
        (
            (
                Chart("overview_bands", "各县指标红黄绿个数", "Bands by county", "progress", "bars",
                      ("org_name",), _COLORS, (COUNTY,), ("month",), width=6, more=_STACKED),
                Chart("overview_trend", "各县走势", "Counties over time", "headline", "line",
                      ("month", "org_name"), ("ratio",), (COUNTY,), ("indicator_zh",), width=6),
            ),
            (
                Chart("overview_city", "全市指标", "The city", "progress", "table",
                      ("aspect_zh", "indicator_zh", "value", "unit", *_PROGRESS, *_TRUST), (), tops, ("month",),
                      _SORTED, height=70),
            ),
            *((chart,) for chart in aspects),
            (
                Chart("overview_groups", "分组", "Groups of units", "groups", "table",
                      ("group_zh", "period", "period_type", "value", "unit", "reporting_rate", "group_units",
                       "units_hidden"), (), (HEADLINE,), ("indicator_zh",),
                      (("period_end", False), ("group_zh", True))),
            ),
        ),
    )  # fmt: skip


def _measured(catalogue: Catalogue, aspect: Aspect) -> int:
    """How many indicators measure an aspect."""
    own = {initiative.code for initiative in aspect.initiatives}
    return sum(x.initiative in own for x in catalogue.indicators.values())


def _county() -> Dashboard:
    own = ("month", "county_name")
    return Dashboard(
        "county", "县（市、区）", "One county",
        "镇街及以上；村、社区小数字隐去，见数据状态Q。",
        (MONTH, WHICH_COUNTY, INDICATOR),
        (
            (
                Chart("county_indicators", "本县指标", "Its indicators", "progress", "table",
                      ("aspect_zh", "indicator_zh", "value", "unit", *_PROGRESS, *_TRUST), (), (COUNTY,), own, _SORTED,
                      height=70),
            ),
            (
                Chart("county_trend", "走势与目标路径", "Over time, and the path", "progress", "line",
                      ("month",), ("one_value", "path_value"), (COUNTY,), ("county_name", "indicator_zh"), width=6),
                Chart("county_towns", "各镇街", "Its towns", "headline", "bars", ("org_name",), ("ratio",),
                      (TOWN,), (*own, "indicator_zh"), (("ratio", False),), width=6),
            ),
            (
                Chart("county_reports", "报送情况", "Its reports", "reporting", "table",
                      ("form_zh", "period", "status_zh", "due_date", "is_on_time", "rows_received", "rows_accepted",
                       "rows_rejected", "message_zh"), (), (DUE,), own, (("form_zh", True),)),
            ),
            (
                Chart("county_findings", "核查发现", "Its findings", "findings", "table",
                      ("form_zh", "period", "org_name", "rule", "value_found", "expected_zh", "message_zh",
                       "disposition", "explanation"), (), (), own, (("org_code", True), ("rule", True))),
            ),
        ),
    )  # fmt: skip


def _reporting() -> Dashboard:
    return Dashboard(
        "reporting", "报送", "Reporting",
        "截止日前的报表不计入按期率。",
        (DUE_MONTH,),
        (
            (
                Chart("reporting_grid", "报送状态", "County by form", "reporting", "pivot",
                      ("county_name", "form_zh"), ("state",), (DUE,), ("month",)),
            ),
            (
                Chart("reporting_counties", "按期率与合格率", "In time and valid, by county", "reporting", "bars",
                      ("county_name",), ("on_time_share", "valid_share"), (DUE,), ("month",), width=6),
                Chart("reporting_months", "历月按期率与合格率", "In time and valid, by month", "reporting", "line",
                      ("month",), ("on_time_share", "valid_share"), (DUE,), (), width=6),
            ),
            (
                Chart("reporting_attention", "需要处理的报表", "Reports to attend to", "reporting", "table",
                      ("county_name", "form_zh", "period", "status_zh", "due_date", "rows_rejected", "message_zh"),
                      (), (ATTENTION,), ("month",), (("county_code", True), ("form", True))),
            ),
            (
                Chart("reporting_findings", "各规则核查发现", "Findings by rule", "findings", "bars",
                      ("rule", "disposition"), ("findings",), (), ("month",), height=70,
                      more={"stack": "Stack", "orientation": "horizontal", "xAxisLabelRotation": 0}),
            ),
        ),
    )  # fmt: skip
