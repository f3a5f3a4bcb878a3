"""Every day: old runs out of Airflow's database, old files out of the logs; says what went.

In: RUN_DAYS, AUDIT_DAYS, LOG_DAYS, and Airflow's database and folder of logs as the environment names them. Out: fewer
rows and files, and a line for each table that lost some. Exit code 1 if a table could not be cleaned.

What stays: connections, variables, pools, accounts; of each DAG the last run that was not started by hand; events of
assets, and partitions that wait for their run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from qiangji.local import accounts

TABLES = (
    "dag_run", "dag_version", "job", "import_error", "callback", "deadline", "revoked_token",
    "partitioned_asset_key_log", "celery_taskmeta", "celery_tasksetmeta",
)  # fmt: skip
"""Cleaned after RUN_DAYS, and with runs their tasks and what those returned. Not `dag`: a DAG whose file is away comes
back with its history. Not `asset_event`: a partition that waits for its run refers to them, and they are few.
"""
AUDIT = ("log",)
"""Who did what on Airflow's pages, and who took a workbook: after AUDIT_DAYS."""
SHOWN = (*TABLES, *AUDIT, "task_instance", "xcom")
DAY = 86400


def clean(days: dict[tuple[str, ...], int]) -> int:
    """`airflow db clean` of these tables, in one process; returns its exit code, after what it said if it failed."""
    words = [
        ["db", "clean", "--clean-before-timestamp", (datetime.now(UTC) - timedelta(days=n)).isoformat(),
         "--tables", ",".join(tables), "--skip-archive", "--error-on-cleanup-failure", "--yes"]
        for tables, n in days.items()
    ]  # fmt: skip
    command, text = accounts.commands_from_stdin(*words)
    ran = subprocess.run(command, input=text, check=False, capture_output=True, text=True)
    if ran.returncode:
        print(ran.stdout[-4000:], ran.stderr[-4000:], sep="\n", flush=True)
    return ran.returncode


def counts(url: str) -> dict[str, int]:
    """Rows of each table that there is."""
    engine = sa.create_engine(url)
    try:
        with engine.connect() as c:
            there = [t for t in SHOWN if sa.inspect(c).has_table(t)]
            return {t: int(c.scalar(sa.text(f"SELECT count(*) FROM {t}")) or 0) for t in there}
    finally:
        engine.dispose()


def remove_files(folder: Path, days: int) -> tuple[int, int]:
    """Remove files that were last written before so many days, then folders without any; returns files and bytes."""
    files = size = 0
    before = time.time() - days * DAY
    for root, _, names in os.walk(folder, topdown=False):
        for name in names:
            path = Path(root, name)
            found = path.lstat()
            if found.st_mtime < before:
                path.unlink(missing_ok=True)
                files, size = files + 1, size + found.st_size
        # one that was made a moment ago gets its file in the next
        if Path(root) != folder and not os.listdir(root) and Path(root).stat().st_mtime < time.time() - DAY:
            Path(root).rmdir()
    return files, size


def days_of(variable: str) -> int:
    """A number of days, at least 1. Raises SystemExit if it is none."""
    text = os.environ[variable]
    if not (text.isascii() and text.isdigit() and int(text) >= 1):
        sys.exit(
            f"{variable}={text}：应为天数，至少1。 {variable}={text}: expected a number of days, at least 1"
        )
    return int(text)


def main() -> int:
    """All of it; a table that cannot be cleaned keeps no log from being removed."""
    url = os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    logs = Path(os.environ["AIRFLOW__LOGGING__BASE_LOG_FOLDER"])
    runs, audit, kept = (days_of(v) for v in ("RUN_DAYS", "AUDIT_DAYS", "LOG_DAYS"))
    before = counts(url)
    failed = clean({TABLES: runs, AUDIT: audit})
    after = counts(url)
    for table, rows in before.items():
        if gone := rows - after[table]:
            print(f"{table}: 删除 removed {gone:,}, 保留 kept {after[table]:,}")
    files, size = remove_files(logs, kept)
    print(f"{logs}: 删除 removed {files:,} 个文件 files, {size / 1e6:.1f} MB", flush=True)
    return int(failed != 0)


if __name__ == "__main__":
    sys.exit(main())
