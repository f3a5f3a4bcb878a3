"""# Send the day's letters (发送信件)

08:30 Asia/Shanghai on working days (swapped ones included, holidays not; `QIANGJI_LETTER_SCHEDULE`). One letter to the
city, one to each county that has something to do. One that cannot be sent is a warning in the log and is tried again
with the next run; none is sent twice.
Runbook: docs/runbooks/letters.md
"""

from __future__ import annotations

from airflow.sdk import CronTriggerTimetable, dag

from qiangji import airflow_glue as qiangji
from qiangji.settings import settings


@dag(
    dag_display_name=qiangji.shown("send_letters"),
    description="工作日向市里和有事项的县（市、区）各发一封信 One letter a working day to the city and each county",
    schedule=CronTriggerTimetable(
        settings().letter_schedule, timezone=qiangji.ZONE, run_immediately=qiangji.NEVER_AT_ONCE
    ),
    catchup=False,
    max_active_runs=1,
    default_args=qiangji.DEFAULTS,
    doc_md=__doc__,
    tags=["qiangji", "watch"],
)
def send_letters() -> None:
    qiangji.working_day() >> qiangji.letters()


send_letters()
