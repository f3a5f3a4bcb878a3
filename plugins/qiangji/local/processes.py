"""Starts programs that must not outlive this one, finds them again, and ends them to the last one.

In: commands. Out: processes that carry a mark in their environment. Children inherit the mark, so that ours are
known from anybody else's even after their parent was killed. A process group would not find all: a program may
put its children into new groups, as Airflow does for every task.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from qiangji.settings import MARK

_ERROR = re.compile(r"[A-Za-z_][\w.]*(: .*)?$")
"""The last line of a traceback: the error's class and words."""
_DO = {
    "AlreadyRunningBackfill": "Wait until the one that runs has ended, or cancel it on the DAG's page in Airflow;"
    " then start this one. 已有补采在运行，请等它结束或先取消。",
    "DagNotFound": '`make airflow ARGS="dags list"` names the DAGs; a new one is known some seconds after `make up`.',
}


def start(
    command: Sequence[str], *, environment: Mapping[str, str], mark: str, log: Path, folder: Path
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, so that Ctrl-C does not reach it, with its output in `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            list(command),
            # SPT_NOENV: otherwise a program that sets its title overwrites the mark.
            env={**environment, MARK: mark, "SPT_NOENV": "1"},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def marked(mark: str) -> list[psutil.Process]:
    """All living processes of this machine that carry the mark, except this one."""
    found = []
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        # Zombies and other users' processes cannot be read; they are not ours.
        with contextlib.suppress(psutil.Error, OSError):
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == mark:
                found.append(process)
    return found


def end(mark: str, first: Sequence[subprocess.Popen[bytes]] = (), seconds: float = 10.0) -> int:
    """End every process with the mark; returns how many had to be killed. When it returns, none is left.

    `first`, or every process if `first` is empty, gets TERM. When these have ended, or after `seconds`, all
    that are left get KILL.
    """
    asked = [process.pid for process in first if process.poll() is None]
    if not first:
        asked = [process.pid for process in marked(mark)]
    for number in asked:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(number, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if first and not [process for process in first if process.poll() is None]:
            break
        if not first and not marked(mark):
            break
        time.sleep(0.05)
    killed: set[int] = set()
    while left := marked(mark):
        # Repeated: a process that is being killed may just have started another.
        for survivor in left:
            with contextlib.suppress(psutil.Error):
                survivor.kill()
                killed.add(survivor.pid)
        time.sleep(0.05)
    return len(killed)


def end_session(leader: int, mark: str) -> None:
    """Kill the processes that a program started by `start` left behind when it ended."""
    while left := [process for process in marked(mark) if _session(process) == leader]:
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        time.sleep(0.05)


def started_at(number: int) -> float | None:
    """When the process with this number began, in seconds since the epoch; None if it has ended."""
    try:
        process = psutil.Process(number)
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.NoSuchProcess:
        return None


def _session(process: psutil.Process) -> int | None:
    try:
        return os.getsid(process.pid)
    except ProcessLookupError:
        return None


def tail(log: Path, lines: int = 12) -> str:
    """The last lines of a log file, for a message about the program that wrote it."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 8000))
            text = file.read().decode("utf-8", "backslashreplace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def last_words(text: str) -> tuple[str, str]:
    """What a command of Airflow's that failed said, and what to do: of a traceback the error alone."""
    lines = [line for line in text.splitlines() if line.strip()]
    begins = [i for i, line in enumerate(lines) if line.startswith("Traceback (most recent call last)")]
    errors = [line for line in lines[begins[-1] + 1 :] if _ERROR.match(line)] if begins else []
    if not errors:
        return "\n".join(lines[-12:]), ""
    name, _, said = errors[-1].partition(": ")
    name = name.rpartition(".")[2]
    return said or name, _DO.get(name, "")
