"""The one file that Airflow's plugin manager executes: it hands over the plugin where `qiangji` is not installed.

An installed package is found by its entry point `airflow.plugins`. Airflow loads the plugins folder first and reports
a second plugin of the same name as an import error, so this file then has nothing to hand over. Each task executes it:
to look one distribution up takes 0.4 ms, to read the entry points of all 18.
"""

from importlib.metadata import Distribution

if not any(Distribution.discover(name="qiangji")):
    from qiangji.airflow_glue import QiangjiPlugin

    __all__ = ["QiangjiPlugin"]
