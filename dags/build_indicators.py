"""# Build the figures of a month (计算指标)

Follows the partitions of the reports' asset, one month a run and one run at a time: facts of what changed, figures of
the month, of the quarter and year it completes, and of every later built month that depends on it, in one transaction.
Runbook: docs/runbooks/rebuild.md
"""

from __future__ import annotations

from airflow.sdk import Param, PartitionedAssetTimetable, dag

from qiangji import airflow_glue as qiangji


@dag(
    dag_display_name=qiangji.shown("build_indicators"),
    description="一个月有新报送即计算其指标 Builds the figures of a month as soon as its reports change",
    schedule=PartitionedAssetTimetable(assets=qiangji.REPORTS),
    catchup=False,
    max_active_runs=1,
    default_args=qiangji.DEFAULTS,
    doc_md=__doc__,
    tags=["qiangji", "build"],
    params={
        "period": Param(None, type=["string", "null"], title="报告期 period", description=qiangji.PERIOD_HINT)
    },
)
def build_indicators() -> None:
    qiangji.build()


build_indicators()
