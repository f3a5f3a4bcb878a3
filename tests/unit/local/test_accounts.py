"""Roles of Airflow's pages, how an account is made, and what the local Airflow is told about both."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from qiangji.local import accounts
from qiangji.local.settings import airflow_environment


def may_of(role: str) -> dict[str, set[str]]:
    """Action -> resources of a role."""
    roles = json.loads(accounts.making_roles()["AIRFLOW__FAB__CUSTOM_ROLES"])
    assert set(roles) == {accounts.DUTY, accounts.ANALYST}
    found: dict[str, set[str]] = {}
    for one in roles[role]:
        found.setdefault(one["action"], set()).add(one["resource"])
    return found


def test_a_duty_operator_runs_and_deletes_nothing_and_sees_no_connection() -> None:
    may = may_of(accounts.DUTY)
    assert {"DAG Runs", "Task Instances"} <= may["can_create"] & may["can_edit"]
    assert "can_delete" not in may
    everything = set().union(*may.values())
    assert (
        not {"Connections", "Variables", "Configurations", "Admin", "Security", "Users", "Roles"} & everything
    )
    assert {"Plugins", "Audit Logs"} <= may["can_read"], "the entry of the board, and who did what"


def test_an_analyst_opens_the_board_and_starts_nothing() -> None:
    may = may_of(accounts.ANALYST)
    assert "Plugins" in may["can_read"]
    assert "Audit Logs" not in may["can_read"]
    assert may.keys() == {"can_read", "menu_access", "can_edit"}
    assert may["can_edit"] == {"My Password", "My Profile"}


def test_no_password_is_in_the_list_of_processes() -> None:
    command, words = accounts.commands_from_stdin(accounts.creating("li.lei", "a word", accounts.DUTY))
    assert "a word" not in " ".join(command)
    assert json.loads(words)[0][:6] == ["users", "create", "--username", "li.lei", "--role", "Duty"]


def test_a_password_may_begin_with_a_dash() -> None:
    """One in 64 that are drawn does; as a word of its own it was taken for an option, and nothing started."""
    assert "--password=-x" in accounts.creating("admin", "-x")


def test_commands_run_one_after_the_other_in_one_process(tmp_path: Path) -> None:
    """With a stand-in for Airflow's command line; the collector looks seldom, which makes a start a fifth shorter."""
    package = tmp_path / "airflow"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(
        "import gc, os, sys\ndef main(): print(os.getpid(), sys.argv, gc.get_threshold()[0])\n"
    )
    command, words = accounts.commands_from_stdin(["db", "migrate"], ["pools", "list"])
    ran = subprocess.run(command, input=words, cwd=tmp_path, capture_output=True, text=True, check=True)
    (first, one), (second, two) = (line.split(" ", 1) for line in ran.stdout.splitlines())
    assert first == second
    assert (one, two) == ("['airflow', 'db', 'migrate'] 50000", "['airflow', 'pools', 'list'] 50000")


def test_the_local_airflow_has_accounts_and_the_drivers_that_its_pages_need(tmp_path: Path) -> None:
    (tmp_path / "airflow").mkdir()
    found = airflow_environment(
        tmp_path, dags_folder=tmp_path, plugins_folder=tmp_path, database_url="postgresql://a:b@h/d", port=1
    )
    assert found["AIRFLOW__CORE__AUTH_MANAGER"] == accounts.AUTH_MANAGER
    assert found["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == "postgresql+psycopg2://a:b@h/d"
    assert found["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"] == "postgresql+psycopg://a:b@h/d"
    assert found["AIRFLOW__CORE__DEFAULT_TIMEZONE"] == "Asia/Shanghai"
    assert "AIRFLOW__FAB__CUSTOM_ROLES" not in found, "only what makes accounts makes roles"
