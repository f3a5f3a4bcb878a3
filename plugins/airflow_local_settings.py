"""What Airflow takes over into its settings at every start, by this file's name: what its home page says at the top.

The package is imported when the home page is asked for: this file is read while Airflow itself is being imported.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["DASHBOARD_UIALERTS"]


class _Alerts(list[Any]):
    """Found anew whenever somebody looks."""

    def __iter__(self) -> Iterator[Any]:
        from qiangji.airflow_glue import web

        return iter(web.alerts())


DASHBOARD_UIALERTS = _Alerts()
