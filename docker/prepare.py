"""Runs once at every start of the production shape: migrates both databases, makes the pools and the first account.

In: the environment of docker-compose.yml. Out: exit code 0 when everything else may start. A second run changes
nothing; pools that somebody has resized keep their size, and an account its password.
"""

from __future__ import annotations

import json
import os
import subprocess

from qiangji import pipeline
from qiangji.local import accounts
from qiangji.local.demo import POOLS

USER = "admin"


def main() -> None:
    """All steps. Raises CalledProcessError, or the package's own error, at the first that fails."""
    prepare_airflow(os.environ["AIRFLOW_ADMIN_PASSWORD"])
    with pipeline.open_pipeline():  # opening it migrates the warehouse and synchronises it with the catalogue
        pass


def prepare_airflow(password: str) -> None:
    """Migrate Airflow's database; make the roles, the first account and the pools that are missing."""
    *_, listed = airflow(  # before the last line, what Airflow says and warns of
        ["db", "migrate"], accounts.creating(USER, password), ["pools", "list", "--output", "json"]
    ).splitlines()
    known = {pool["pool"] for pool in json.loads(listed)}
    missing = {name: slots for name, slots in POOLS.items() if name not in known}
    what = "tasks of this stage that run at the same time"
    if missing:
        airflow(*(["pools", "set", name, str(slots), what] for name, slots in missing.items()))


def airflow(*commands: list[str]) -> str:
    """Run these commands of Airflow's; returns their stdout."""
    command, words = accounts.commands_from_stdin(*commands)
    return subprocess.run(
        command,
        input=words,
        env=os.environ | accounts.making_roles(),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


if __name__ == "__main__":
    main()
