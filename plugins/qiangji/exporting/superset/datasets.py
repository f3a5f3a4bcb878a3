"""The datasets of Superset: a statement of sql/queries/exporting each, with words for its columns, and metrics.

A ratio is never averaged: the metric `ratio` divides sums, and is empty where rows do not belong together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from qiangji.warehouse.dictionary import words_of
from qiangji.warehouse.queries import query, statement

TYPES = {
    "text": "TEXT", "numeric": "NUMERIC", "date": "DATE", "timestamptz": "TIMESTAMP WITH TIME ZONE",
    "bool": "BOOLEAN", "int4": "INTEGER", "int8": "BIGINT",
}  # fmt: skip
"""Type of PostgreSQL -> as Superset writes it."""
RENAMED = {
    "indicator_zh": "指标 / indicator",
    "indicator_en": "指标（英文） / indicator, English",
    "group_zh": "分组 / group of units",
    "group_units": "成员单位数 / units of the group",
    "form_zh": "报表 / form",
    "form_en": "报表（英文） / form, English",
    "month": "月份 / month that is shown, or that the period ends in",
    "is_headline": "主要报告期 / is of the period type in which the indicator is usually shown",
    "obs_status_zh": "数据状态（文字） / observation status in words",
    "value_found": "核查数值 / value that the finding is about",
    "period_type": "报告期类型 / month, quarter, half, year or ytd",
}
"""Words for columns that a statement names itself, or that say more here than in sql/dictionary.yaml."""


@dataclass(frozen=True)
class Column:
    """A column of a dataset. `words`: Chinese / English."""

    name: str
    type: str
    words: str


@dataclass(frozen=True)
class Metric:
    """What Superset computes of several rows. `format`: how d3 writes it."""

    name: str
    zh: str
    en: str
    sql: str
    format: str = ",.2~f"


@dataclass(frozen=True)
class Dataset:
    """`name`: of the file sql/queries/exporting/bi_<name>.sql."""

    name: str
    zh: str
    en: str
    metrics: tuple[Metric, ...]
    is_of_months: bool = False
    """Its statement asks which period an indicator is shown by in each month."""

    @property
    def sql(self) -> str:
        """The statement without comments."""
        headline = _bare(statement("exporting/headline_of_months"))
        pieces = {"headline": headline} if self.is_of_months else {}
        return _bare(statement(f"exporting/bi_{self.name}", **pieces))

    def columns(self, connection: Connection) -> list[Column]:
        """Its columns as the warehouse gives them. Raises KeyError for one that has no words."""
        words = _words()
        # psycopg says more than the DB-API promises
        found: Any = connection.execute(query("exporting/described", statement=self.sql)).cursor.description
        return [Column(c.name, TYPES[c.type_display], words[c.name]) for c in found]


def _bare(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("--"))


def _words() -> dict[str, str]:
    return words_of("columns") | RENAMED


def _shared(*same: str) -> str:
    """Rows may be added up: all are of one of each of these, and none is hidden."""
    return f"COUNT(DISTINCT ({', '.join(same)})) = 1"


def _ratio(*same: str, hidden: str) -> Metric:
    return Metric(
        "ratio",
        "指标值",
        "sum of numerators over sum of denominators; empty over several indicators, periods or levels, and with a"
        " hidden figure",
        f"CASE WHEN {_shared(*same)} AND {hidden} = 0 THEN"
        " ROUND(MAX(factor) * SUM(numerator) / NULLIF(SUM(denominator), 0), 6) END",
    )


_REPORTED = Metric(
    "reported_share",
    "上报率（%）",
    "unit-periods reported over expected, per cent",
    "ROUND(100 * SUM(reported_units) / NULLIF(SUM(expected_units), 0), 2)",
)
_HIDDEN = Metric(
    "hidden", "隐去数", "figures that are hidden (Q)", "COUNT(*) FILTER (WHERE obs_status = 'Q')", ",d"
)
_FIGURES = (
    _REPORTED,
    _HIDDEN,
    Metric("partial", "不全数", "figures that rest on part of the units (P)",
           "COUNT(*) FILTER (WHERE obs_status = 'P')", ",d"),
    Metric("missing", "缺数", "figures without a value (O, M, and P of none)",
           "COUNT(*) FILTER (WHERE value IS NULL AND obs_status <> 'Q')", ",d"),
)  # fmt: skip
_OF_HEADLINE = ("month", "indicator_code", "period", "period_type", "org_level")
_ONE_UNIT = _shared("month", "indicator_code", "period", "period_type", "org_code")


def _band(color: str, zh: str) -> Metric:
    return Metric(
        color, zh, f"figures in the {color} band", f"COUNT(*) FILTER (WHERE band = '{color}')", ",d"
    )


DATASETS = (
    Dataset(
        "headline", "各月主要指标值", "what `qiangji values` shows of each month, city to town",
        (_ratio(*_OF_HEADLINE, hidden=_HIDDEN.sql), *_FIGURES), is_of_months=True,
    ),
    Dataset(
        "progress", "目标进度（示意）", "the city and its counties on their way to the yearly target, illustrative",
        (
            Metric("one_value", "指标值", "the figure of one unit", f"CASE WHEN {_ONE_UNIT} THEN MAX(value) END"),
            Metric("path_value", "目标路径值", "the path to the target, of one unit",
                   f"CASE WHEN {_ONE_UNIT} THEN MAX(path) END"),
            _band("green", "绿：达到路径"),
            _band("yellow", "黄：略低于路径"),
            _band("red", "红：明显低于路径"),
        ), is_of_months=True,
    ),
    Dataset(
        "figures", "指标值（全部层级与报告期）", "every figure that holds now, of all levels and period types",
        (_ratio("indicator_code", "period", "period_type", "org_level", hidden=_HIDDEN.sql), *_FIGURES),
    ),
    Dataset(
        "groups", "分组指标值", "figures of the groups of catalogue/org_groups.csv",
        (
            Metric("ratio", "指标值", "the figure of one group; groups overlap, so several are never added up",
                   f"CASE WHEN {_shared('group_code', 'indicator_code', 'period', 'period_type')}"
                   " THEN MAX(value) END"),
            _REPORTED,
        ),
    ),
    Dataset(
        "reporting", "报送状态", "where each report of a county stands",
        (
            Metric("on_time_share", "按期率（%）", "reports in time over reports that were due, per cent",
                   "ROUND(100.0 * COUNT(*) FILTER (WHERE is_on_time)"
                   " / NULLIF(COUNT(*) FILTER (WHERE status <> 'not_due'), 0), 2)"),
            Metric("valid_share", "合格率（%）", "rows accepted over rows received, per cent",
                   "ROUND(100.0 * SUM(rows_accepted) / NULLIF(SUM(rows_received), 0), 2)"),
            Metric("reports", "报表数", "reports that were due", "COUNT(*) FILTER (WHERE status <> 'not_due')", ",d"),
            Metric("state", "状态", "the status of one report; of several, none",
                   "CASE WHEN COUNT(*) = 1 THEN MAX(status_zh) END"),
            Metric("rejected", "退回记录数", "rows rejected", "SUM(rows_rejected)", ",d"),
        ),
    ),
    Dataset(
        "findings", "核查发现", "warnings on accepted rows",
        (
            Metric("findings", "核查发现数", "findings", "COUNT(*)", ",d"),
            Metric("open", "待核数", "findings that nobody has decided about",
                   "COUNT(*) FILTER (WHERE disposition = 'open')", ",d"),
        ),
    ),
)  # fmt: skip
