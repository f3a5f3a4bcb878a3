"""# Collect one reporting month (补采一个报告月)

The DAG to backfill: its partition is the reporting month, `2026-10`. The same tasks as every night, for that month
alone. `airflow backfill create --dag-id collect_period --from-date 2026-07-01 --to-date 2026-09-01`
Runbook: docs/runbooks/backfill.md
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import CronPartitionTimetable, Param, dag, task

from qiangji import airflow_glue as qiangji


@dag(
    dag_display_name=qiangji.shown("collect_period"),
    description="补采一个报告月并核查，可回填 Fetches and checks one reporting month; the DAG to backfill",
    schedule=CronPartitionTimetable(
        "0 0 1 * *",
        timezone=qiangji.ZONE,
        key_format="%Y-%m",
        run_offset=-1,
        run_immediately=qiangji.NEVER_AT_ONCE,
    ),
    catchup=False,
    max_active_runs=2,
    default_args=qiangji.DEFAULTS,
    doc_md=__doc__,
    tags=["qiangji", "collect", "backfill"],
    params={
        "period": Param(None, type=["string", "null"], title="报告期 period", description=qiangji.PERIOD_HINT)
    },
)
def collect_period() -> None:
    @task(task_display_name="计划 plan")
    def plan() -> list[dict[str, Any]]:
        return qiangji.plan(period=qiangji.period_of_run())

    @task(outlets=[qiangji.REPORTS], trigger_rule="all_done", task_display_name="通知 announce")
    def announce() -> list[str]:
        return qiangji.announce_months(qiangji.period_of_run())

    batches = plan()
    pulled = qiangji.pull.expand(batch=batches)
    checked = qiangji.check.partial(batches=batches).expand(share=qiangji.CHECK_SHARES)
    again = qiangji.collect_again(batches)
    pulled >> checked >> announce() >> again >> qiangji.announce_again() >> qiangji.verdict()


collect_period()
