"""The whole configuration of the local Airflow, as environment variables.

In: folders, the metadata database's URL, the port, and the secrets of one home. Out: a dictionary for the
environment of Airflow's processes. The secrets are made once and kept in home/airflow/secrets.json (mode
0600): every process needs the same ones, and what was encrypted with them must stay readable.
"""

from __future__ import annotations

import base64
import os
import secrets
import sys
from pathlib import Path

from qiangji.embedded.install import read_private, write_private
from qiangji.local import accounts
from qiangji.settings import settings

USER = "admin"
OPTIONS: dict[str, dict[str, object]] = {
    "core": {
        "load_examples": False,
        "executor": "LocalExecutor",
        # Workers share what the scheduler has imported; newer Pythons would start each from nothing.
        **({} if sys.platform == "darwin" else {"mp_start_method": "fork"}),
        "auth_manager": accounts.AUTH_MANAGER,
        # The default looks the machine's name up in DNS, which can take seconds where there is none.
        "hostname_callable": "socket.gethostname",
        "killed_task_cleanup_time": 10,
    },
    # `AirflowStack` migrates and makes roles before it starts anything; no process needs to look again.
    "database": {"check_migrations": False},
    "fab": {"update_fab_perms": False},
    "api": {"host": "127.0.0.1", "workers": 1},
    "scheduler": {
        # The pause between two looks at what can run next: at the default of 1 s most of a short task's
        # time, at 0.1 s three tasks in a row take 0.7 s and an idle scheduler a tenth of a core.
        "scheduler_idle_sleep_time": 0.1,
        # A task that waits for a free worker is queued, not lost.
        "task_queued_timeout": 3600,
        # Tasks of a stopped stack are found soon after the next start, not after five minutes.
        "task_instance_heartbeat_timeout": 60,
        "orphaned_tasks_check_interval": 30,
        "enable_health_check": False,
    },
    "dag_processor": {
        "parsing_processes": 1,
        # New and changed files are read within seconds, unchanged ones seldom: on two cores reading
        # competes with the tasks.
        "refresh_interval": 10,
        "min_file_process_interval": 300,
        "bundle_refresh_check_interval": 2,
        "print_stats_interval": 0,
    },
    "workers": {
        "execution_api_timeout": 30,
        # Seconds. When a task closes its sockets before its process has ended, the end is noticed only at
        # the next of these: at the default of 5 s, every sixth light task held its worker that long.
        "min_heartbeat_interval": 2,
        "max_failed_heartbeats": 30,  # as long as a restart of the api-server may take
    },
    "logging": {"colored_console_log": False},
}
"""Section -> option -> value, the same in every home. Options that differ are in `_options_of`."""


def cores() -> int:
    """The cores that this process may use."""
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except AttributeError:  # macOS
        return os.cpu_count() or 1


def stack_secrets(home: Path) -> dict[str, str]:
    """`fernet`, `jwt`, `session` and `password` (of the administrator), made at the first call."""
    path = home / "airflow" / "secrets.json"
    kept = read_private(path)
    if not kept:
        kept = {
            "fernet": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode("ascii"),
            "jwt": secrets.token_urlsafe(48),
            "session": secrets.token_urlsafe(48),
            "password": secrets.token_urlsafe(12),
        }
        write_private(path, kept)
    return kept


def airflow_environment(
    home: Path, *, dags_folder: Path, plugins_folder: Path, database_url: str, port: int
) -> dict[str, str]:
    """The environment of every process of the local Airflow. Holds secrets: never to be logged.

    `database_url` names no driver: `postgresql://...`.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        # Settings of another Airflow would count where none is set here. AIRFLOW_CONN_* stay.
        if not name.startswith("AIRFLOW__")
        and name not in {"AIRFLOW_HOME", "AIRFLOW_CONFIG", "PYTHONDONTWRITEBYTECODE"}
    }
    for options in (OPTIONS, _options_of(home, dags_folder, plugins_folder, database_url, port)):
        for section, values in options.items():
            for option, value in values.items():
                environment[f"AIRFLOW__{section.upper()}__{option.upper()}"] = str(value)
    programs = str(Path(sys.executable).parent)  # not resolved: the virtual environment's link is meant
    return environment | {
        "AIRFLOW_HOME": str(home / "airflow"),
        "QIANGJI_HOME": str(home),
        "PATH": _joined(os.pathsep, programs, os.environ.get("PATH", os.defpath)),
        "PYTHONPATH": _joined(os.pathsep, str(plugins_folder), os.environ.get("PYTHONPATH", "")),
        # Task processes talk to the api-server on loopback, whatever proxy leads to the outside world.
        **{
            name: _joined(",", "127.0.0.1,localhost", os.environ.get(name, ""))
            for name in ("NO_PROXY", "no_proxy")
        },
        "PYTHONUNBUFFERED": "1",
        "GX_ANALYTICS_ENABLED": "false",
        # macOS ends forked processes that touch its frameworks, which Python does when it looks for proxies.
        **({"OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES"} if sys.platform == "darwin" else {}),
    }


def _options_of(
    home: Path, dags_folder: Path, plugins_folder: Path, database_url: str, port: int
) -> dict[str, dict[str, object]]:
    """The options of one home: its folders, addresses and secrets, and as many workers as it has cores."""
    folder = home / "airflow"
    kept = stack_secrets(home)
    address = f"http://127.0.0.1:{port}"
    return {
        "core": {
            "dags_folder": dags_folder,
            "plugins_folder": plugins_folder,
            # Of dates without a zone, as in `airflow backfill create --from-date`; pages show the browser's time.
            "default_timezone": settings().timezone,
            # As many tasks run at once as the pool has slots. There are twice as many workers, because one
            # often notices the end of its task late (see min_heartbeat_interval) and is of no use meanwhile.
            "parallelism": 2 * cores(),
            "default_pool_task_slot_count": cores(),
            "execution_api_server_url": f"{address}/execution/",
            "fernet_key": kept["fernet"],
        },
        # Over psycopg 3 Airflow's page of assets fails: it hands over a JSON path as text, which 3 sends as varchar.
        # psycopg 2 does not serve asyncio.
        "database": {
            "sql_alchemy_conn": database_url.replace("://", "+psycopg2://", 1),
            "sql_alchemy_conn_async": database_url.replace("://", "+psycopg://", 1),
        },
        "api": {"port": port, "base_url": address, "secret_key": kept["session"]},
        "api_auth": {"jwt_secret": kept["jwt"]},
        "logging": {
            "base_log_folder": folder / "logs",
            "dag_processor_child_process_log_directory": folder / "logs" / "dag_processor",
        },
    }


def _joined(separator: str, *parts: str) -> str:
    return separator.join(filter(None, parts))
