"""Runs once at every start of the production shape: migrates both databases, makes the pools and the login.

In: the environment of docker-compose.yml. Out: exit code 0 when everything else may start. A second run changes
nothing; pools that somebody has resized keep their size.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from qiangji import pipeline
from qiangji.local.demo import POOLS


def main() -> None:
    """All steps. Raises CalledProcessError, or the package's own error, at the first that fails."""
    airflow("db", "migrate")
    known = {pool["pool"] for pool in json.loads(airflow("pools", "list", "--output", "json"))}
    for name, slots in POOLS.items():
        if name not in known:
            airflow("pools", "set", name, str(slots), "tasks of this stage that run at the same time")
    write_login(
        Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"]),
        os.environ["AIRFLOW_ADMIN_PASSWORD"],
    )
    with pipeline.open_pipeline():  # opening it migrates the warehouse and synchronises it with the catalogue
        pass


def airflow(*arguments: str) -> str:
    """Run the airflow command; returns its stdout."""
    return subprocess.run(["airflow", *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def write_login(path: Path, password: str) -> None:
    """Write the file that Airflow's simple auth manager reads, mode 0600."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"admin": password}, file)


if __name__ == "__main__":
    main()
