"""The one file that Airflow's plugin manager loads: the timetable of the nightly DAG."""

from airflow.plugins_manager import AirflowPlugin

from qiangji.airflow_glue import NightlyPartition


class QiangjiPlugin(AirflowPlugin):
    """Registers what DAGs need to be serialised."""

    name = "qiangji"
    timetables = [NightlyPartition]  # noqa: RUF012 - Airflow reads a plain list
