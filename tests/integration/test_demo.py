"""The demonstration as people run it: interrupted, kept up, once more; and that it leaves nothing running.

Each run is a process of its own, in one home with a space in its path, with small county systems. The first, which
is interrupted, begins in an empty home. That a second collection through Airflow has the same
figures and the same grid, `.ci/run` shows with two whole demonstrations, and `test_airflow_night.py` with a backfill.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from qiangji.embedded import EmbeddedPostgres
from qiangji.embedded.install import known_data
from qiangji.local import processes, supervisor
from qiangji.settings import PROJECT
from tests.integration.nights import forget
from tests.integration.test_cli import Ran
from tests.integration.test_cli import run as run_here

SECONDS = 420.0
"""A run takes one minute on an idle machine."""
STOPPING = 60.0
DEMO = ("qiangji", "demo", "--months", "1")
"""With one month of backfill: `.ci/run` runs it as people do."""
PASSING = {"built_at", "last_attempt_at"}
SHOWN = ("every figure below is simulated", "今早 This morning", "等待处理", "指标 figures", "接着看 Next")
SCREEN = 60
"""Lines that the end of the demonstration has at most: the morning, six figures and where to go on."""
COLLECTED = """
import sys
from qiangji.cli import main
from qiangji.local import airflow, demo
demo._collect = lambda *_, **__: True
sys.argv = ["qiangji", "demo"]
"""
"""The demonstration, whose nights take no time."""
ALONE = """
airflow.COMPONENTS.clear()
airflow.AirflowStack.wait_ready = lambda *_: None
demo.prepare = lambda *_: None
"""
"""And with PostgreSQL and the county systems, without Airflow's programs."""


def _is_ours(name: str) -> bool:
    """Whether a variable of the environment sets something of Qiangji or of Airflow."""
    return name.startswith(("QIANGJI_", "AIRFLOW"))


class Home:
    """A home and commands in it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder
        self.environment = {n: v for n, v in os.environ.items() if not _is_ours(n)} | {
            "QIANGJI_HOME": str(folder),
            "QIANGJI_EMBEDDED_FSYNC": "off",
            "SIMULATOR_SCALE": "0.03",
            "PYTHONPATH": str(PROJECT / "plugins"),
            "COLUMNS": "160",
        }
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def start(self, *command: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", *command], env=self.environment | environment, cwd=PROJECT, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def run(self, *command: str, **environment: str) -> tuple[int, str]:
        """Exit code and what was printed."""
        process = self.start(*command, **environment)
        try:
            said, _ = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
        return process.returncode, said

    def ending(self, *changed: str) -> tuple[int, str]:
        """As `run` of a demonstration that is not kept up, and has nothing left to do but to show and to end."""
        done = subprocess.run(
            [sys.executable, "-c", "".join((COLLECTED, *changed, "main()"))],
            env=self.environment, cwd=PROJECT, text=True, timeout=SECONDS, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        return done.returncode, done.stdout

    def here(self, *command: str, **environment: str) -> Ran:
        """A command in this process, which has imported everything."""
        wanted = {n: v for n, v in self.environment.items() if _is_ours(n)} | environment
        with pytest.MonkeyPatch.context() as patch:
            for name in filter(_is_ours, list(os.environ)):
                patch.delenv(name)
            for name, value in wanted.items():
                patch.setenv(name, value)
            ran = run_here(*command)
        forget()
        return ran

    def figures(self) -> list[dict[str, Any]]:
        ran = self.here("values", "--json")
        assert ran.code == 0, ran.err
        return _lasting(ran.out)

    def grid(self) -> list[dict[str, Any]]:
        """The reporting grid with revisions and deliveries; something in it needs attention."""
        ran = self.here("status", "--json")
        assert ran.code == 3, ran.err
        return _lasting(ran.out)

    def left(self) -> list[str]:
        """Command lines of all that still runs for this home."""
        marks = [str(self.path), str(known_data(self.path) or self.path)]
        found = []
        for process in psutil.process_iter():
            try:
                known = [*process.cmdline(), process.environ().get("QIANGJI_HOME", "")]
            except psutil.Error:
                continue
            if process.pid != os.getpid() and any(mark in part for part in known for mark in marks):
                found.append(" ".join(process.cmdline()))
        return found

    def assert_nothing_is_left(self) -> None:
        assert self.left() == []
        assert processes.marked(str(self.path)) == []
        assert not EmbeddedPostgres(self.path).running()
        assert not any(supervisor.status(self.path).values())


def _lasting(said: str) -> list[dict[str, Any]]:
    """Rows that a command printed as JSON, without the instants."""
    return [{k: v for k, v in row.items() if k not in PASSING} for row in json.loads(said)]


@pytest.fixture(scope="module")
def home(servers: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    made = Home(tmp_path_factory.mktemp("demo") / "my home")
    try:
        yield made
    finally:
        supervisor.down(made.path, lambda _: None)
        EmbeddedPostgres(made.path).destroy()


@pytest.mark.parametrize(
    ("when", "how"),
    [
        ("county systems and Airflow", "ctrl-c"),
        ("PostgreSQL and the warehouse", "ctrl-c"),
        ("PostgreSQL and the warehouse", "sigterm"),
    ],
)
def test_whoever_interrupts_it_nothing_survives(home: Home, when: str, how: str) -> None:
    """After the step was done, so in the middle of the next one. The first begins in an empty home."""
    process = home.start(*DEMO)
    lines: queue.Queue[str] = queue.Queue()
    reader = threading.Thread(target=lambda: deque(map(lines.put, process.stdout or ()), 0), daemon=True)
    reader.start()
    try:
        said = ""
        while f"✓ {when}" not in said:
            said += lines.get(timeout=SECONDS)
        time.sleep(1.5)
        assert home.left(), "something that could survive"
        if how == "ctrl-c":
            os.killpg(process.pid, signal.SIGINT)  # a terminal tells the whole group
        else:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=STOPPING) == 130
        reader.join(timeout=STOPPING)
    finally:
        process.kill()
    while not lines.empty():
        said += lines.get()
    assert "Traceback" not in said
    home.assert_nothing_is_left()


def test_it_is_kept_up_and_make_down_ends_what_a_killed_supervisor_left(home: Home) -> None:
    """In the home of those that were interrupted."""
    code, said = home.run(*DEMO, "--keep")
    assert code == 0, said[-3000:]
    for part in (*SHOWN, "no task ran", "Airflow: http://127.0.0.1:", str(home.path / "lake")):
        assert part in said
    assert len(said.partition("今早")[2].splitlines()) <= SCREEN
    running = supervisor.status(home.path)
    assert running.keys() >= {
        "supervisor",
        "postgres",
        "scheduler",
        "api-server",
        "dag-processor",
        "simulator",
    }
    assert all(running.values()), running
    figures, grid = home.figures(), home.grid()
    assert {r["org_level"] for r in figures} == {"city", "county"}
    assert any(r["value"] is not None for r in figures)
    assert {r["status"] for r in grid} >= {"accepted", "partial", "returned", "withheld"}
    for command, expected, rows in (("values", 0, figures), ("status", 3, grid)):
        code, said = home.run("qiangji", command, "--json")
        assert (code, _lasting(said)) == (expected, rows), "by a process of its own, beside what is up"

    assert home.run(*DEMO, "--keep")[0] == 2, "it is up already"
    code, said = home.ending()
    assert code == 0, said[-3000:]
    for part in (*SHOWN, "`make up` 已在运行"):
        assert part in said, "another one uses what runs"
    assert supervisor.status(home.path) == running, "and what runs goes on"

    number = supervisor.supervising(home.path)
    assert number is not None
    os.kill(number, signal.SIGKILL)
    while supervisor.supervising(home.path) is not None:
        time.sleep(0.1)
    assert processes.marked(str(home.path)), "nobody has stopped them"
    assert home.run("qiangji.local", "down", "--home", str(home.path))[0] == 0
    home.assert_nothing_is_left()
    assert not supervisor.down(home.path, lambda _: None), "nothing more to stop"
    assert (home.figures(), home.grid()) == (figures, grid)
    home.assert_nothing_is_left()

    code, said = home.ending(ALONE)
    assert code == 0, said[-3000:]
    home.assert_nothing_is_left()
    for part in (*SHOWN, str(home.path / "lake")):
        assert part in said
    assert home.figures() == figures
    home.assert_nothing_is_left()


def test_what_cannot_work_is_said_before_anything_starts(home: Home) -> None:
    ran = home.here("demo", "--down", "123456")
    assert (ran.code, "123456" in ran.err) == (2, True)
    ran = home.here("demo", QIANGJI_WAREHOUSE_URL="postgresql+psycopg://u@127.0.0.1:1/x")
    assert (ran.code, "QIANGJI_WAREHOUSE_URL" in ran.err) == (2, True)
    home.assert_nothing_is_left()
