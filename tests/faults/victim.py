"""Runs `qiangji` commands, each in a process of its own, and kills or disturbs them at a step.

In: jobs on standard input, a JSON line for each: environment, arguments, output, and what happens at which step. Out: a
line for each with the exit code (minus the signal). The process that forks them has imported everything before, as
Airflow's scheduler does for its tasks, so a command does not spend its time on imports.

    victims = Victims(); victims.run(folder, "collect", kill=("renamed raw", 1))
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.faults.steps import Steps, die
from tests.golden import world

PROJECT = Path(__file__).resolve().parents[2]
SECONDS = 150
"""Seconds after which a command counts as hanging and is ended."""
PAUSE = 60.0
"""Seconds that another command gets to go as far as it can."""


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit code, or minus the signal; its output; its passed steps in order."""

    code: int
    out: str
    err: str
    steps: list[str]

    @property
    def was_killed(self) -> bool:
        return self.code == -signal.SIGKILL

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def counts(self) -> Counter[str]:
        """Step -> number of passes, in the order of the first pass."""
        return Counter(self.steps)


class Victims:
    """One process that forks commands, one after the other; a context manager."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.victim"],
            cwd=PROJECT, env=os.environ | {"PYTHONPATH": f"{PROJECT}{os.pathsep}{PROJECT / 'plugins'}"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._numbers = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(SECONDS)

    def start(self, folder: Path, *arguments: str, **what: Any) -> Path:
        """Start a command with the present environment; `result` waits for it."""
        self._numbers += 1
        told = folder / f"command-{os.getpid()}-{self._process.pid}-{self._numbers}"
        told.mkdir()
        (told / "steps").touch()
        job = {"arguments": arguments, "told": str(told), "env": dict(os.environ), **what}
        assert self._process.stdin
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return told

    def result(self, told: Path) -> Ended:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "the process that forks commands has ended"
        out, err, steps = ((told / n).read_text(encoding="utf-8") for n in ("out", "err", "steps"))
        return Ended(json.loads(line), out, err, steps.splitlines())

    def run(self, folder: Path, *arguments: str, **what: Any) -> Ended:
        """Run a command. A step is a name and the number of the pass.

        | argument | what happens |
        | --- | --- |
        | `kill` | the process dies at this step |
        | `stop` | at this step the command `by` runs, as `like`; then this one goes on |
        | `pause` | it stands still at this step for a while |
        | `largest` | no file may grow beyond this number of bytes |
        """
        return self.result(self.start(folder, *arguments, **what))


# ---- inside


def serve() -> None:
    from qiangji import cli
    from qiangji.local import demo

    for module in ("qiangji.cli", "qiangji.restoring.verifying", "qiangji.feedback", *demo.PRELOAD):
        importlib.import_module(module)
    world.stay_soon(setattr)
    gc.freeze()  # or the first look at all of it copies it into each child
    for line in sys.stdin:
        job = json.loads(line)
        told = Path(job["told"])
        for name in ("out", "err"):
            (told / name).touch()
        piped = os.pipe() if job.get("largest") else None  # no file may grow, so the output goes here
        child = os.fork()
        if not child:
            _become(job, piped)
            _end_as(cli.main)
        if piped:
            os.close(piped[1])
            with os.fdopen(piped[0], "rb") as said:
                (told / "err").write_bytes(said.read())
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _become(job: dict[str, Any], piped: tuple[int, int] | None) -> None:
    """Become the command: set environment, arguments, output, and what happens at which step."""
    signal.alarm(SECONDS)
    told = Path(job["told"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(piped[1] if piped else os.open(told / name, os.O_WRONLY), number)
    os.environ.clear()
    os.environ.update(job["env"])
    sys.argv = ["qiangji", *job["arguments"]]
    if piped:
        os.close(piped[1])
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (job["largest"], job["largest"]))
        return
    acts: dict[str, Callable[[], object]] = {
        "kill": die,
        "stop": partial(_stop, job),
        "pause": partial(_wait, told / "go"),
    }
    what = next((w for w in acts if w in job), "kill")
    step, n = job.get(what, ("", 0))
    Steps(told / "steps", (step, n), acts[what]).install()


def _end_as(main: Callable[[], object]) -> None:
    """Run it and end as it ends, without taking apart what the parent has imported: that takes twice as long."""
    code: object = 0
    try:
        main()
    except SystemExit as end:
        code = end.code
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def _wait(go: Path) -> None:
    """Wait until the other is done, but not for ever: it may be waiting for us."""
    deadline = time.monotonic() + PAUSE
    while not go.exists() and time.monotonic() < deadline:
        time.sleep(0.02)


def _stop(job: dict[str, Any]) -> None:
    subprocess.run(job["by"], cwd="/", check=True, capture_output=True, **job["like"])


if __name__ == "__main__":
    serve()
