"""The command line asks Airflow's connections where Airflow is configured, as its tasks do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from qiangji.local import accounts
from qiangji.settings import PROJECT

SECRET = "not-for-any-eye"


@pytest.fixture(scope="module")
def airflow(servers: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of an Airflow with two connections: a county's folder, and one that needs the key."""
    home = tmp_path_factory.mktemp("airflow")
    (home / "county").mkdir()
    database = f"sqlite:///{home}/airflow.db"
    environment = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__FERNET_KEY": "MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA=",
        "PYTHONPATH": str(PROJECT / "plugins"),
        "QIANGJI_HOME": str(home / "qiangji"),
        "QIANGJI_WAREHOUSE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/none",
    }
    command, words = accounts.commands_from_stdin(  # in one process: Airflow takes 3 s to import
        ["db", "migrate"],
        ["connections", "add", "county_440799", "--conn-uri", f"file://{home}/county"],
        ["connections", "add", "county_440705", "--conn-uri", f"sftp://u:{SECRET}@127.0.0.1:1/x"],
    )
    subprocess.run(
        command, env=os.environ | environment, input=words, text=True, check=True, capture_output=True
    )
    return environment


def doctor(environment: dict[str, str], **more: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "qiangji", "doctor", "--json"],
        env=os.environ | environment | more,
        capture_output=True,
        text=True,
        check=False,
    )
    assert SECRET not in done.stdout + done.stderr
    assert done.stderr == ""
    return {e["what"]: e for e in json.loads(done.stdout)}  # and nothing of Airflow's in between


def test_its_connections_are_asked_first_and_then_the_environment(airflow: dict[str, str]) -> None:
    found = doctor(
        airflow,
        QIANGJI_CONN_COUNTY_440799="file:///elsewhere",
        QIANGJI_CONN_COUNTY_440783="postgresql://u:p@127.0.0.1:2/x",
    )
    county = found["county 440799"]
    assert (county["is_well"], Path(county["detail"].removeprefix("folder ")).name) == (True, "county")
    assert "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" in found["airflow"]["detail"]
    assert "nothing answers at 127.0.0.1:1" in found["county 440705"]["detail"]
    assert "127.0.0.1:2" in found["county 440783"]["detail"]  # Airflow has none of that id
    assert "no_connection" in found["county 440781"]["detail"]  # nobody has


def test_another_key_is_told(airflow: dict[str, str]) -> None:
    key = "MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE="
    found = doctor(airflow, AIRFLOW__CORE__FERNET_KEY=key)
    assert "bad_connection" in found["county 440705"]["detail"]
    assert "FERNET_KEY" in found["county 440705"]["detail"]


def test_a_database_that_does_not_answer_is_told(airflow: dict[str, str]) -> None:
    nowhere = f"postgresql+psycopg://airflow:{SECRET}@127.0.0.1:1/none"
    found = doctor(
        airflow,
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=nowhere,
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC=nowhere,
    )
    for what in ("airflow", "county 440799"):
        assert not found[what]["is_well"]
        assert "airflow_unreachable" in found[what]["detail"]
