"""What Airflow's pages call the project's DAGs."""

from __future__ import annotations

DAGS = {
    "collect_nightly": "每日采集",
    "collect_period": "补采报告月",
    "build_indicators": "计算指标",
    "watch_reporting": "报送跟踪",
    "send_letters": "发送信件",
}
"""DAGs of the project, with their names in Chinese."""


def shown(dag_id: str) -> str:
    """The name that Airflow's pages show: in Chinese, and the id that commands and runbooks use."""
    return f"{DAGS[dag_id]} {dag_id}"
