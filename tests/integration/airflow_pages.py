"""Addresses of what people open in Airflow, and of our own pages among them: which there are, and for whom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def _paths(routes: Any, above: str = "") -> Iterator[str]:
    """The address of every route that is read, those of mounted applications included."""
    for route in routes:
        if beneath := getattr(route, "routes", None):
            yield from _paths(beneath, above + route.path)
        elif "GET" in (route.methods or ()):
            yield above + route.path


OF_LEADERS = "?indicator=group_leader_party_share"
PAGES = {
    "home": [
        "/",
        "/ui/config",
        "/ui/auth/menus",
        "/ui/auth/me",
        "/ui/dashboard/dag_stats",
        "/ui/dashboard/historical_metrics_data?start_date={day}",
        "/api/v2/monitor/health",
        "/api/v2/pools",
        "/api/v2/assets/events?limit=6",
        "/api/v2/importErrors",
        "/api/v2/plugins",
        "/api/v2/plugins/importErrors",
        "/ui/backfills?dag_id={dag}",
        "/ui/partitioned_dag_runs?dag_id=build_indicators",
    ],
    "DAGs": ["/dags", "/ui/dags?dag_runs_limit=14", "/api/v2/dagTags", "/api/v2/dags/{dag}/details"],
    "graph": [
        "/dags/{dag}",
        "/ui/structure/structure_data?dag_id={dag}",
        "/ui/structure/structure_data?dag_id={dag}&external_dependencies=true",
        "/ui/grid/structure/{dag}",
        "/ui/grid/runs/{dag}",
        "/ui/grid/ti_summaries/{dag}?run_ids={run}",
        "/ui/dags/{dag}/latest_run",
        "/ui/next_run_assets/build_indicators",
        "/ui/calendar/{dag}?granularity=hourly&logical_date_gte={day}",
    ],
    "runs": [
        "/dags/{dag}/runs/{run}",
        "/api/v2/dags/{dag}/dagRuns",
        "/api/v2/dags/{dag}/dagRuns/{run}",
        "/ui/gantt/{dag}/{run}",
        "/api/v2/dags/{dag}/dagRuns/{run}/taskInstances",
        "/api/v2/dags/build_indicators/dagRuns",
    ],
    "task": [
        "/dags/{dag}/runs/{run}/tasks/verdict",
        "/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/verdict/logs/1?full_content=true",
        "/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/verdict/xcomEntries",
        "/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/pull/listMapped",
        "/api/v2/dagSources/{dag}",
    ],
    "assets": [
        "/assets",
        "/api/v2/assets",
        "/api/v2/assets/{asset}",
        "/ui/dependencies",
        "/ui/dependencies?node_id=asset:{asset}",
        "/ui/dependencies?node_id=asset:{asset}&dependency_type=scheduling",
        "/api/v2/assets/events?asset_id={asset}",
    ],
    "board": [
        "/plugin/qiangji-board",
        "/qiangji/board/",
        f"/qiangji/board/indicator{OF_LEADERS}",
        f"/qiangji/board/explain{OF_LEADERS}",
    ],
    "jobs and audit log": ["/jobs", "/api/v2/jobs", "/events"],
}
"""Page -> itself and what it asks Airflow for; found by opening each in a browser."""
FOR_DUTY = {
    "returned workbooks": ["/qiangji/feedback/"],
    "audit log": ["/api/v2/eventLogs"],
}
