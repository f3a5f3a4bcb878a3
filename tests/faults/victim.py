"""Commands that are killed: `qiangji` as people start it, each in a process of its own, with something done to it.

In: jobs, one JSON line each, on standard input: the environment, the arguments, where output goes, what happens at
which step. Out: a line each with the exit code (minus the signal). The process that forks them has imported what they
need, as the scheduler does for its tasks, so that a command costs what it does and not its imports.

    victims = Victims(); victims.run(folder, "collect", kill=("renamed raw", 1))
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.faults.steps import Steps, die

PROJECT = Path(__file__).resolve().parents[2]
SECONDS = 150
"""No command of these takes longer; one that hangs is ended."""
PAUSE = 60.0
"""Seconds in which another command does all that it can, at most."""


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit code, or minus the signal; what it printed; the steps that it passed, in order."""

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
        """Each step, in the order in which it was first passed, and how often."""
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
        """Begin a command with today's environment; `result` waits for it."""
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
        """`kill`: at this step (a name, and which time); `stop`: there, run the command `by`, as `like`, and go on;
        `pause`: there, stand still for a while; `largest`: no file may grow beyond so many bytes.
        """
        return self.result(self.start(folder, *arguments, **what))


# ---- inside


def serve() -> None:
    from qiangji import cli, demo

    for module in ("qiangji.cli", "qiangji.verifying", "qiangji.feedback", *demo.PRELOAD):
        importlib.import_module(module)
    for line in sys.stdin:
        job = json.loads(line)
        told = Path(job["told"])
        for name in ("out", "err"):
            (told / name).touch()
        piped = os.pipe() if job.get("largest") else None  # no file may grow: what it says goes here
        child = os.fork()
        if not child:
            _become(job, piped)
            cli.main()
            sys.exit(0)
        if piped:
            os.close(piped[1])
            with os.fdopen(piped[0], "rb") as said:
                (told / "err").write_bytes(said.read())
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _become(job: dict[str, Any], piped: tuple[int, int] | None) -> None:
    """Take on environment, arguments, output and fate."""
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


def _wait(go: Path) -> None:
    """Until the other is done; if it waits for us, not for ever."""
    deadline = time.monotonic() + PAUSE
    while not go.exists() and time.monotonic() < deadline:
        time.sleep(0.02)


def _stop(job: dict[str, Any]) -> None:
    subprocess.run(job["by"], cwd="/", check=True, capture_output=True, **job["like"])


if __name__ == "__main__":
    serve()
