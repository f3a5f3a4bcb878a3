"""Charts of Superset as data, and how each is written: what its editor shows (`params`) and what it asks (a query).

In: a chart. Out: the two dicts of Superset's import format.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

ROWS = 1000
"""As many rows as a chart shows at most."""
_FIGURES = ("value", "target", "path", "gap", "reporting_rate")
"""Columns of tables that are shown with two places; the file that one can download has all six."""


@dataclass(frozen=True)
class Where:
    """A condition on a column: `operator` is ==, !=, IN or, without a value, IS TRUE."""

    column: str
    value: str | tuple[str, ...] | None
    operator: str = "=="

    @property
    def adhoc(self) -> dict[str, Any]:
        return {
            "clause": "WHERE", "expressionType": "SIMPLE", "subject": self.column, "operator": self.operator,
            "comparator": self._value,
        }  # fmt: skip

    @property
    def plain(self) -> dict[str, Any]:
        return {"col": self.column, "op": self.operator, "val": self._value}

    @property
    def _value(self) -> str | list[str] | None:
        return list(self.value) if isinstance(self.value, tuple) else self.value


@dataclass(frozen=True)
class Chart:
    """`key`: its name in file names and ids. `filters`: columns that the dashboard's filters of it set.

    | kind       | columns                           | metrics |
    | ---------- | --------------------------------- | ------- |
    | table      | as they stand, a line a row       | none    |
    | pivot      | the last heads the columns        | one     |
    | line, bars | the first is the axis, then lines | some    |
    """

    key: str
    zh: str
    en: str
    dataset: str
    kind: str
    columns: tuple[str, ...]
    metrics: tuple[str, ...] = ()
    where: tuple[Where, ...] = ()
    filters: tuple[str, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()
    """Column or metric, and whether it rises."""
    width: int = 12
    height: int = 50
    more: dict[str, Any] = field(default_factory=dict)
    """What else the editor shows of its kind."""

    @property
    def title(self) -> str:
        return f"{self.zh} {self.en}"

    @property
    def query(self) -> dict[str, Any]:
        """What it asks, without what a dashboard's filters add."""
        return {
            "filters": [w.plain for w in self.where],
            "extras": {"having": "", "where": ""},
            "columns": list(self.columns),
            "metrics": list(self.metrics) if self.metrics else None,
            "orderby": [[column, rises] for column, rises in self.order],
            "row_limit": ROWS,
            "series_limit": 0,
            "order_desc": False,
            "annotation_layers": [],
            "applied_time_extras": {},
            "url_params": {},
        }

    @property
    def params(self) -> dict[str, Any]:
        """What its editor shows. The id of the dataset is put in by the import."""
        shared = {
            "datasource": "0__table", "viz_type": VIZ[self.kind], "row_limit": ROWS,
            "adhoc_filters": [w.adhoc for w in self.where], "extra_form_data": {}, "dashboards": [],
        }  # fmt: skip
        own: dict[str, Any] = getattr(self, f"_{self.kind}")()
        return shared | own | self.more

    def query_context(self) -> str:
        """The request that Superset's API answers with the chart's rows."""
        return json.dumps(
            {
                "datasource": {"id": 0, "type": "table"}, "force": False, "queries": [self.query],
                "form_data": self.params, "result_format": "json", "result_type": "full",
            },
            ensure_ascii=False,
        )  # fmt: skip

    def _table(self) -> dict[str, Any]:
        return {
            "query_mode": "raw", "all_columns": list(self.columns), "server_pagination": False, "page_length": 50,
            "order_by_cols": [json.dumps([c, rises]) for c, rises in self.order], "table_timestamp_format": "%Y-%m-%d",
            "column_config": {c: {"d3NumberFormat": ",.2~f"} for c in self.columns if c in _FIGURES},
            "include_search": True, "allow_render_html": False, "show_cell_bars": False,
        }  # fmt: skip

    def _pivot(self) -> dict[str, Any]:
        return {
            "groupbyRows": list(self.columns[:-1]), "groupbyColumns": [self.columns[-1]],
            "metrics": list(self.metrics), "metricsLayout": "COLUMNS", "aggregateFunction": "First",
            "rowTotals": False, "colTotals": False, "rowSubTotals": False, "colSubTotals": False,
            "valueFormat": ",.2~f", "order_desc": False,
        }  # fmt: skip

    def _line(self) -> dict[str, Any]:
        return self._over_an_axis() | {"markerEnabled": True, "connectNulls": False}

    def _bars(self) -> dict[str, Any]:
        return self._over_an_axis()

    def _over_an_axis(self) -> dict[str, Any]:
        axis, *lines = self.columns
        return {
            "x_axis": axis, "groupby": lines, "metrics": list(self.metrics), "x_axis_sort_asc": True,
            "x_axis_sort": self.order[0][0] if self.order else axis, "show_legend": True, "legendType": "scroll",
            "rich_tooltip": True, "y_axis_format": ",.2~f", "truncateYAxis": False, "seriesType": "line",
            "xAxisForceCategorical": True, "xAxisLabelRotation": 45, "truncate_metric": True,
        }  # fmt: skip


VIZ = {
    "table": "table", "pivot": "pivot_table_v2", "line": "echarts_timeseries_line", "bars": "echarts_timeseries_bar",
}  # fmt: skip
"""Kind -> what Superset calls it."""


def position(title: str, rows: Sequence[Sequence[Chart]], ids: dict[str, str]) -> dict[str, Any]:
    """Where charts stand on a dashboard: rows of charts, from the top. `ids`: key of a chart -> its UUID."""
    placed: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": ["GRID_ID"]},
        "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": title}},
        "GRID_ID": {"id": "GRID_ID", "type": "GRID", "parents": ["ROOT_ID"], "children": []},
    }
    number = 0
    for i, charts in enumerate(rows, 1):
        row = f"ROW-{i}"
        placed["GRID_ID"]["children"].append(row)
        placed[row] = {
            "id": row, "type": "ROW", "parents": ["ROOT_ID", "GRID_ID"], "children": [f"CHART-{c.key}" for c in charts],
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }  # fmt: skip
        for chart in charts:
            number += 1  # any number of its own: the import puts in the chart's
            placed[f"CHART-{chart.key}"] = {
                "id": f"CHART-{chart.key}", "type": "CHART", "parents": ["ROOT_ID", "GRID_ID", row], "children": [],
                "meta": {
                    "chartId": number, "uuid": ids[chart.key], "width": chart.width, "height": chart.height,
                    "sliceName": chart.title,
                },
            }  # fmt: skip
    return placed
