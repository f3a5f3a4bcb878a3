"""# Collect every night (每日采集)

At 01:30, or as QIANGJI_NIGHTLY_SCHEDULE says. Fetches from every county what is new of the last 13 months, checks it,
and announces each month that changed to `build_indicators`. A county that fails is red under `pull`; one
that may be reached later is tried again under `collect_again`, after the others. The run is red at its last task if one
is missing, while the figures of the others are built.
Runbook: docs/runbooks/a-red-night.md
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, dag, task

from qiangji import airflow_glue as qiangji
from qiangji.settings import settings


@dag(
    dag_display_name=qiangji.shown("collect_nightly"),
    description="每日采集各县（市、区）报送并核查 Fetches and checks what counties report, every night",
    schedule=qiangji.NightlyPartition(
        settings().nightly_schedule, timezone=qiangji.ZONE, run_immediately=qiangji.NEVER_AT_ONCE
    ),
    catchup=False,
    max_active_runs=1,
    default_args=qiangji.DEFAULTS,
    doc_md=__doc__,
    tags=["qiangji", "collect"],
    params={
        "months": Param(
            None,
            type=["integer", "null"],
            minimum=1,
            title="月数 months",
            description="回看几个月，默认 13 How many months to look back; default 13",
        )
    },
)
def collect_nightly() -> None:
    @task(task_display_name="计划 plan")
    def plan(params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        return qiangji.plan(months=(params or {}).get("months"))

    @task(outlets=[qiangji.REPORTS], trigger_rule="all_done", task_display_name="通知 announce")
    def announce() -> list[str]:
        return qiangji.announce_months()

    batches = plan()
    pulled = qiangji.pull.expand(batch=batches)
    checked = qiangji.check.partial(batches=batches).expand(share=qiangji.CHECK_SHARES)
    again = qiangji.collect_again(batches)
    pulled >> checked >> announce() >> again >> qiangji.announce_again() >> qiangji.verdict()


collect_nightly()
