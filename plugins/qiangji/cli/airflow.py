"""Airflow's connections for the command line: where Airflow is configured they are asked first, as in its tasks.

In: the environment, and AIRFLOW_HOME. Out: a resolver of connections for `settings.connection`. Airflow is imported
when the first connection is asked for, which takes a second or two, and by `airflow_glue` alone.
"""

from __future__ import annotations

import importlib
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

_asking = threading.Lock()
_DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"


def configured() -> str:
    """Where Airflow's database is named: a variable, or the path of airflow.cfg. '' if nowhere, or without Airflow."""
    if find_spec("airflow") is None:
        return ""
    for name in (_DATABASE, f"{_DATABASE}_CMD", f"{_DATABASE}_SECRET"):
        if os.environ.get(name):
            return name
    file = Path(os.environ.get("AIRFLOW_HOME") or Path.home() / "airflow") / "airflow.cfg"
    return str(file) if file.is_file() else ""


def database_url() -> str:
    """The URL of Airflow's database where it is a PostgreSQL that the environment names; '' elsewhere."""
    url = os.environ.get(_DATABASE, "")
    return url if url.startswith("postgresql") else ""


def connection(conn_id: str) -> str | None:
    """A connection of Airflow's as a URI; None if there is none of that id, or no Airflow. Raises CollectError."""
    if not configured():
        return None
    with _own_logs():
        glue = importlib.import_module("qiangji.airflow_glue")
        found: str | None = glue.connection_outside_tasks(conn_id)
    return found


def require_database() -> None:
    """Raises CollectError if Airflow's database does not answer."""
    with _own_logs():
        importlib.import_module("qiangji.airflow_glue").require_database()


@contextmanager
def _own_logs() -> Iterator[None]:
    """Airflow sets up logging when it is imported: within the block, and only there, what it logs is dropped."""
    root = logging.getLogger()
    with _asking:  # counties are pulled side by side
        handlers, level = root.handlers[:], root.level
        logging.disable(logging.ERROR)
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)
            root.handlers[:] = handlers
            root.setLevel(level)
