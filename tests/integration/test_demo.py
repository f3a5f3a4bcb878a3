"""The demonstration as people run it: twice, kept up, interrupted; and that it leaves nothing running.

Each run is a process of its own, in one home with a space in its path, with small county systems.
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

SECONDS = 420.0
"""A run takes one minute on an idle machine."""
STOPPING = 60.0
DEMO = ("qiangji", "demo", "--months", "1")
"""With one month of backfill: `.ci/run` runs it as people do."""
PASSING = {"built_at", "last_attempt_at"}
SHOWN = ("every figure below is simulated", "今早 This morning", "等待处理", "指标 figures", "接着看 Next")
SCREEN = 60
"""Lines that the end of the demonstration has at most: the morning, six figures and where to go on."""
ENDING = """
import sys
from qiangji.cli import main
from qiangji.local import airflow, demo
airflow.COMPONENTS.clear()
airflow.AirflowStack.wait_ready = lambda *_: None
demo.prepare = lambda *_: None
demo._collect = lambda *_, **__: True
sys.argv = ["qiangji", "demo"]
main()
"""
"""The demonstration, with PostgreSQL and the county systems, without Airflow's programs: a night takes no time."""


class Home:
    """A home and commands in it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder
        self.environment = {
            n: v for n, v in os.environ.items() if not n.startswith(("QIANGJI_", "AIRFLOW"))
        } | {
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

    def ending(self) -> tuple[int, str]:
        """As `run` of a demonstration that is not kept up, and has nothing left to do but to end and to show."""
        done = subprocess.run(
            [sys.executable, "-c", ENDING], env=self.environment, cwd=PROJECT, text=True, timeout=SECONDS,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout

    def rows(self, *command: str) -> tuple[int, list[dict[str, Any]]]:
        """Exit code and rows of a command that prints JSON, without the instants."""
        code, said = self.run("qiangji", *command, "--json")
        return code, [{k: v for k, v in row.items() if k not in PASSING} for row in json.loads(said)]

    def figures(self) -> list[dict[str, Any]]:
        code, rows = self.rows("values")
        assert code == 0
        return rows

    def grid(self) -> list[dict[str, Any]]:
        """The reporting grid with revisions and deliveries; something in it needs attention."""
        code, rows = self.rows("status")
        assert code == 3
        return rows

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


@pytest.fixture(scope="module")
def home(servers: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    made = Home(tmp_path_factory.mktemp("demo") / "my home")
    try:
        yield made
    finally:
        supervisor.down(made.path, lambda _: None)
        EmbeddedPostgres(made.path).destroy()


def test_twice_in_a_row_shows_the_same_and_make_down_ends_what_a_killed_supervisor_left(home: Home) -> None:
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

    assert home.run(*DEMO, "--keep")[0] == 2, "it is up already"
    code, said = home.run(*DEMO)
    assert code == 0, said[-3000:]
    assert "`make up` 已在运行" in said, "another one uses what runs"
    assert supervisor.status(home.path) == running, "and what runs goes on"
    assert home.figures() == figures
    assert home.grid() == grid, "the same deliveries and no new revision"

    number = supervisor.supervising(home.path)
    assert number is not None
    os.kill(number, signal.SIGKILL)
    while supervisor.supervising(home.path) is not None:
        time.sleep(0.1)
    assert processes.marked(str(home.path)), "nobody has stopped them"
    assert home.run("qiangji.local", "down", "--home", str(home.path))[0] == 0
    home.assert_nothing_is_left()
    assert not supervisor.down(home.path, lambda _: None), "nothing more to stop"
    assert home.figures() == figures
    home.assert_nothing_is_left()

    code, said = home.ending()
    assert code == 0, said[-3000:]
    home.assert_nothing_is_left()
    for part in (*SHOWN, str(home.path / "lake")):
        assert part in said
    assert home.figures() == figures
    home.assert_nothing_is_left()


@pytest.mark.parametrize(
    ("when", "how"),
    [
        ("PostgreSQL and the warehouse", "ctrl-c"),
        ("PostgreSQL and the warehouse", "sigterm"),
        ("county systems and Airflow", "ctrl-c"),
    ],
)
def test_whoever_interrupts_it_nothing_survives(home: Home, when: str, how: str) -> None:
    """In the home of the test before: after the step was done, so in the middle of the next one."""
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


def test_what_cannot_work_is_said_before_anything_starts(home: Home) -> None:
    code, said = home.run("qiangji", "demo", "--down", "123456")
    assert (code, "123456" in said) == (2, True)
    code, said = home.run("qiangji", "demo", QIANGJI_WAREHOUSE_URL="postgresql+psycopg://u@127.0.0.1:1/x")
    assert (code, "QIANGJI_WAREHOUSE_URL" in said) == (2, True)
    home.assert_nothing_is_left()
