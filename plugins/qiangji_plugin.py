"""The one file that Airflow's plugin manager loads: the timetable of the nightly DAG, and the pages."""

from airflow.plugins_manager import AirflowPlugin

from qiangji.airflow_glue import NightlyPartition, pages


class QiangjiPlugin(AirflowPlugin):
    """Registers what DAGs need to be serialised, and what stands among Airflow's pages."""

    name = "qiangji"
    timetables = [NightlyPartition]  # noqa: RUF012 - Airflow reads plain lists
    fastapi_apps = [{"app": pages, "url_prefix": "/qiangji", "name": "qiangji"}]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {
            "name": "退回 Returns",
            "href": "/qiangji/feedback/",
            "url_route": "qiangji-feedback",
            "destination": "nav",
        }
    ]
