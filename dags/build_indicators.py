"""# Build the figures of a month (计算指标)

Follows the partitions of the reports' asset, one month a run and one run at a time: facts of what changed, figures of
the month, of the quarter and year it completes, and of every later built month that depends on it, in one transaction.
Runbook: docs/runbooks/rebuild.md
"""

from __future__ import annotations

from airflow.sdk import Param, PartitionedAssetTimetable, dag

from qiangji import airflow_glue as qiangji


@dag(
    schedule=PartitionedAssetTimetable(assets=qiangji.REPORTS),
    catchup=False,
    max_active_runs=1,
    default_args=qiangji.DEFAULTS,
    doc_md=__doc__,
    tags=["qiangji", "build"],
    params={
        "period": Param(None, type=["string", "null"], description="for a run without a partition: 2026-10")
    },
)
def build_indicators() -> None:
    qiangji.build()


build_indicators()
