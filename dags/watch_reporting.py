"""# Watch what was reported (报送跟踪)

At 08:00, or as QIANGJI_WATCH_SCHEDULE says, on working days (swapped ones included, holidays not). Logs what is late,
returned, withheld, held or could not be collected, and sends each county an annotated workbook of what was returned to
it, once. A county that does not take its workbook is a warning in the log and is tried again with the next run.
Runbook: docs/runbooks/returned-reports.md
"""

from __future__ import annotations

from airflow.sdk import CronTriggerTimetable, dag

from qiangji import airflow_glue as qiangji
from qiangji.settings import settings


@dag(
    dag_display_name=qiangji.shown("watch_reporting"),
    description="工作日查看逾期、退回并发出退回工作簿 What is late or returned; workbooks to counties",
    schedule=CronTriggerTimetable(
        settings().watch_schedule, timezone=qiangji.ZONE, run_immediately=qiangji.NEVER_AT_ONCE
    ),
    catchup=False,
    max_active_runs=1,
    default_args=qiangji.DEFAULTS,
    doc_md=__doc__,
    tags=["qiangji", "watch"],
)
def watch_reporting() -> None:
    qiangji.working_day() >> [qiangji.look(), qiangji.feedback()]


watch_reporting()
