"""The local Airflow with real processes, kept up by its supervisor: runs through the scheduler, restarts, nothing left.

One Airflow for the whole file; what a killed supervisor leaves, and a stack without one, `test_demo.py` looks at.
"""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from qiangji.embedded import EmbeddedPostgres
from qiangji.embedded.install import known_data, read_private
from qiangji.embedded.process import postmaster
from qiangji.local import accounts, processes, supervisor
from qiangji.local.__main__ import main
from qiangji.local.airflow import AirflowStack, StackError
from qiangji.local.client import AirflowClient, AirflowError

DAGS = {
    "tiny.py": """
from airflow.sdk import dag, task

@dag(schedule=None, catchup=False)
def tiny():
    @task
    def numbers():
        return [1, 2]
    @task(map_index_template="{{ number }} doubled")
    def double(number):
        return 2 * number
    @task
    def total(parts, params=None):
        import os, marker
        print("total", sum(parts), os.environ["SPECIAL"], marker.WORD)
    total(double.expand(number=numbers()))

tiny()
""",
    "monthly.py": """
from airflow.sdk import CronPartitionTimetable, dag, get_current_context, task

months = CronPartitionTimetable("0 0 1 * *", key_format="%Y-%m", run_offset=-1, timezone="UTC")

@dag(schedule=months, catchup=False)
def monthly():
    @task
    def show():
        print("month", get_current_context()["dag_run"].partition_key)
    show()

monthly()
""",
    "sleeper.py": """
from airflow.sdk import dag, task

@dag(schedule=None, catchup=False)
def sleeper():
    @task
    def sleep():
        import subprocess
        subprocess.run(["sleep", "3600"])
    sleep()

sleeper()
""",
    "broken.py": """
from airflow.sdk import dag
raise RuntimeError("this file is broken on purpose")
""",
}


def _make(folder: Path) -> AirflowStack:
    (folder / "dags").mkdir(parents=True)
    (folder / "plugins").mkdir()
    for name, text in DAGS.items():
        (folder / "dags" / name).write_text(text)
    (folder / "plugins" / "marker.py").write_text("WORD = 'from the plugins folder'\n")
    return _of(folder)


def _of(folder: Path) -> AirflowStack:
    home = folder / "a home"
    return AirflowStack(
        home,
        dags_folder=folder / "dags",
        plugins_folder=folder / "plugins",
        postgres=EmbeddedPostgres(home),
        # an idle scheduler that looks a sixth as often leaves the processor to other tests
        env={"SPECIAL": "from the caller", "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.6"},
        preload=["decimal"],
        programs={"companion": ["sleep", "3600"]},
    )


@pytest.fixture(scope="module")
def stack(servers: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowStack]:
    """A stack that is up; the tests of this file share it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QIANGJI_EMBEDDED_FSYNC", "off")
        made = _make(tmp_path_factory.mktemp("stack"))
        said: list[str] = []
        try:
            assert supervisor.up(made, said.append)
            assert "starting scheduler" in said
            assert "ready" in said
            assert not supervisor.up(made, said.append), "it runs already"
            assert set(supervisor.status(made.home).values()) == {True}
            yield made
        finally:
            supervisor.down(made.home, said.append)
            made.postgres.destroy()


@pytest.fixture
def client(stack: AirflowStack) -> Iterator[AirflowClient]:
    with stack.client() as session:
        yield session


def _until(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
    return found


def _lives(process: psutil.Process) -> bool:
    """Also where nobody reaps the dead, as in a container without an init."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _commands(stack: AirflowStack) -> list[str]:
    return [" ".join(process.cmdline()) for process in processes.marked(stack.mark)]


def test_a_run_goes_through_the_scheduler(stack: AirflowStack, client: AirflowClient) -> None:
    client.wait_for_dags(["tiny"], timeout=30)
    client.unpause("tiny")
    run_id = client.trigger("tiny", conf={"why": "a test"})
    assert client.wait_for_run("tiny", run_id, timeout=60).state == "success"
    assert client.run("tiny", run_id).conf == {"why": "a test"}
    assert [run.run_id for run in client.runs("tiny")] == [run_id]
    found = {(task.task_id, task.map_index): task for task in client.task_instances("tiny", run_id)}
    assert set(found) == {("numbers", -1), ("double", 0), ("double", 1), ("total", -1)}
    assert {task.state for task in found.values()} == {"success"}
    assert found["double", 1].rendered_map_index == "2 doubled"
    assert all(task.start and task.end and task.start <= task.end for task in found.values())
    log = client.task_log("tiny", run_id, "total")
    assert "total 6 from the caller from the plugins folder" in log


def test_a_month_is_triggered_by_its_key_and_backfilled(
    stack: AirflowStack, client: AirflowClient, capsys: pytest.CaptureFixture[str]
) -> None:
    client.wait_for_dags(["monthly"], timeout=30)
    client.unpause("monthly")
    run_id = client.trigger("monthly", partition_key="2026-07")
    assert client.wait_for_run("monthly", run_id, timeout=60).partition_key == "2026-07"
    assert "month 2026-07" in client.task_log("monthly", run_id, "show")
    asked = ("backfill", "create", "--from-date", "2026-02-01", "--to-date", "2026-03-01", "--dag-id")
    command = ["airflow", "--home", str(stack.home), "--", *asked, "monthly"]
    assert main(command) == 0, f"as `make airflow` asks: {capsys.readouterr().err}"

    def backfilled() -> set[str]:
        runs = client.runs("monthly")
        return {
            run.partition_key
            for run in runs
            if run.run_type == "backfill" and run.state == "success" and run.partition_key
        }

    _until(lambda: len(backfilled()) == 2)
    assert backfilled() == {"2026-02", "2026-03"}, "the range names the months themselves"
    duty = accounts.creating("duty", "who runs", accounts.DUTY)
    with pytest.raises(StackError, match="nosuchdag"):
        stack._commands([duty, [*asked, "nosuchdag"]])
    with AirflowClient(stack.url, "duty", "who runs") as other:
        assert other.runs("monthly"), "the command before the one that failed made an account with a role"


def test_errors_say_what_was_asked_and_found(client: AirflowClient) -> None:
    with pytest.raises(AirflowError, match="this file is broken on purpose") as caught:
        client.wait_for_dags(["broken"], timeout=30)
    assert "tiny" in caught.value.expected
    with pytest.raises(AirflowError, match="404"):
        client.trigger("nosuchdag")


def test_pools_are_made_and_resized(stack: AirflowStack, client: AirflowClient) -> None:
    client.ensure_pool("counties", 3)
    client.ensure_pool("counties", 5)
    client.ensure_pool("default_pool", 4)
    answer = client._json("GET", "/pools")
    assert {"counties": 5, "default_pool": 4}.items() <= {
        pool["name"]: pool["slots"] for pool in answer["pools"]
    }.items()


def test_it_listens_on_loopback_only_and_wants_a_login(stack: AirflowStack) -> None:
    for process in processes.marked(stack.mark):
        for connection in process.net_connections("inet"):
            if connection.status == psutil.CONN_LISTEN:
                assert connection.laddr.ip == "127.0.0.1", process.cmdline()
    assert httpx2.get(f"{stack.url}/api/v2/dags", trust_env=False).status_code == 401
    user, _ = stack.login
    with AirflowClient(stack.url, user, "guessed") as stranger, pytest.raises(AirflowError, match="login"):
        stranger.runs("tiny")


def test_secrets_are_private_and_in_no_log(stack: AirflowStack) -> None:
    _, password = stack.login
    assert stat.S_IMODE((stack.home / "airflow" / "secrets.json").stat().st_mode) == 0o600
    database = stack.postgres.url("airflow", role="airflow").split(":")[2].split("@")[0]
    for log in (stack.home / "logs").glob("*.log"):
        text = log.read_text(errors="replace")
        assert password not in text, log
        assert database not in text, log


def test_one_process_runs_it_and_only_that_one_stops_it(stack: AirflowStack) -> None:
    second = AirflowStack(
        stack.home,
        dags_folder=stack.dags_folder,
        plugins_folder=stack.plugins_folder,
        postgres=EmbeddedPostgres(stack.home),
    )
    with pytest.raises(StackError, match="already running"):
        second.start()
    second.stop()
    assert set(stack.alive().values()) == {True}
    assert second.alive() == stack.alive(), "another process sees the same"
    assert second.running()


def test_what_has_died_is_seen_and_said(stack: AirflowStack) -> None:
    """As whoever has started it sees it, before anything has given a sign of life."""
    other = _of(stack.home.parent)
    other._began = other._began.replace(year=2100)
    other._processes["companion"] = subprocess.Popen(["false"])
    _until(lambda: not other.alive()["companion"])
    with pytest.raises(StackError, match="companion has ended"):
        other.wait_ready(5)


def test_what_dies_is_started_again(stack: AirflowStack) -> None:
    def number_of(name: str) -> int:
        return int(read_private(stack.home / "run" / "airflow.json")[name].split()[0])

    def workers() -> list[psutil.Process]:
        return [p for p in processes.marked(stack.mark) if "LocalExecutor" in " ".join(p.cmdline())]

    first = {name: number_of(name) for name in ("scheduler", "companion")}
    orphans = _until(workers)
    for number in (*first.values(), _postmaster(stack)):
        os.kill(number, signal.SIGKILL)
    _until(lambda: all(number_of(name) != number for name, number in first.items()))
    _until(lambda: not any(map(_lives, orphans)))  # the old workers went with it
    _until(stack.postgres.running)
    _until(lambda: set(supervisor.status(stack.home).values()) == {True})


def test_nothing_is_left_when_it_is_down_not_even_a_task_s_child(
    stack: AirflowStack, client: AirflowClient
) -> None:
    """The last test that uses the stack."""
    client.wait_for_dags(["sleeper"], timeout=30)
    client.unpause("sleeper")
    client.trigger("sleeper")
    asleep = "sleep 3600"
    _until(lambda: _commands(stack).count(asleep) == 2, 60)  # the task's child and the companion
    before = processes.marked(stack.mark)
    assert len({os.getpgid(process.pid) for process in before}) > len(stack.alive()), (
        "tasks have groups of their own"
    )
    said: list[str] = []
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        assert supervisor.down(stack.home, said.append)
        assert processes.marked(stack.mark) == []
        assert not [process for process in before if _lives(process)]
        assert not stack.postgres.running()
        assert not stack.running()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
    assert said == ["stopping Airflow"], "its supervisor has stopped everything itself"
    assert set(supervisor.status(stack.home).values()) == {False}
    assert not supervisor.down(stack.home, said.append), "nothing more to stop"
    with stack.postgres.running_server(), stack.postgres.connect() as connection:
        names = connection.execute("SELECT datname FROM pg_database").fetchall()
    assert ("airflow",) in names, "the data survive"


def _postmaster(stack: AirflowStack) -> int:
    data = known_data(stack.home)
    assert data is not None
    number = postmaster(data)
    assert number is not None
    return number


def test_end_kills_what_ignores_term_and_what_that_started_in_groups_of_its_own(tmp_path: Path) -> None:
    mark = str(tmp_path)
    script = "trap '' TERM; setsid sleep 3600 & wait"
    program = processes.start(
        ["/bin/sh", "-c", script],
        environment=os.environ,
        mark=mark,
        log=tmp_path / "log",
        folder=tmp_path,
    )
    _until(lambda: len(processes.marked(mark)) == 2)
    assert processes.end(mark, [program], seconds=0.5) == 2
    assert processes.marked(mark) == []
    program.wait(timeout=5)
