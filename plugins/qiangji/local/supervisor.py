"""Keeps a home's Airflow up: restarts what died, stops everything when told, and does so in the background.

In: an `AirflowStack`. Out, below home: run/supervisor.pid (number and start of the supervising process),
run/stack.json (how the stack was set up, mode 0600), run/ready (while it is ready), and logs/supervisor.log.
`up` starts a detached supervisor and returns when Airflow is ready. `down` also ends processes that a killed
supervisor left behind.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from types import FrameType

from qiangji.embedded import EmbeddedPostgres
from qiangji.embedded.install import write_private
from qiangji.local import processes
from qiangji.local.airflow import AirflowStack, Progress, StackError

RESTARTS = 5
RESTARTS_WITHIN = 600.0
"""A component that needs more than RESTARTS restarts in so many seconds is broken, and the stack is stopped."""
DOWN_SECONDS = 40.0


class _ToldToStop(BaseException):
    """SIGTERM or SIGINT arrived. A BaseException, so that no `except Exception` on the way catches it."""


def supervise(stack: AirflowStack, progress: Progress = print, ready_within: float = 180.0) -> int:
    """Run the stack and PostgreSQL in the foreground until SIGTERM or SIGINT, then stop both.

    Returns 0 after a signal, 1 when a component died too often. Raises StackError if it does not start.
    """
    run = stack.home / "run"
    ready, number = run / "ready", run / "supervisor.pid"
    earlier = {name: signal.signal(name, _stop_signal) for name in (signal.SIGTERM, signal.SIGINT)}
    ours = False
    try:
        stack.claim()
        ours = True
        number.write_text(f"{os.getpid()} {processes.started_at(os.getpid())}\n", encoding="ascii")
        stack.start(progress)
        stack.postgres.keep_up(True)
        stack.wait_ready(ready_within)
        ready.touch()
        progress("ready")
        return _watch(stack, progress)
    except _ToldToStop:
        progress("stopping")
        return 0
    finally:
        if ours:  # otherwise another process runs this home
            ready.unlink(missing_ok=True)
            stack.stop()
            stack.postgres.stop()
            number.unlink(missing_ok=True)
            progress("stopped")
        for name, handler in earlier.items():
            signal.signal(name, handler)


def up(stack: AirflowStack, progress: Progress = print, timeout: float = 240.0) -> bool:
    """Start a detached supervisor and wait until Airflow is ready. False if one was running already.

    Raises StackError with the end of the supervisor's log if it ends instead.
    """
    if stack.running():
        if supervising(stack.home) is None:
            raise StackError(
                "another command runs Airflow for this home",
                where=str(stack.home),
                expected="no `make demo` on the same home",
                do="Wait until it has ended",
            )
        return False
    run, log = stack.home / "run", stack.home / "logs" / "supervisor.log"
    for folder in (run, log.parent):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (run / "ready").unlink(missing_ok=True)
    write_private(run / "stack.json", _described(stack))
    with log.open("ab") as output:
        said = log.stat().st_size
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "qiangji.local", "supervise", "--home", str(stack.home)],
            env={**os.environ, "PYTHONPATH": _python_path()},
            cwd=stack.home,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + timeout
    try:
        while not (run / "ready").exists():
            said = _show(log, said, progress)
            if supervisor.poll() is not None:
                raise StackError(
                    f"Airflow does not start: {processes.tail(log, 6)}",
                    where=str(log),
                    expected="a running supervisor",
                    do="Read the log, mend the cause and start again",
                )
            if time.monotonic() > deadline:
                raise StackError(
                    f"not ready after {timeout:.0f} s", where=str(log), expected="a ready Airflow"
                )
            time.sleep(0.2)
    except BaseException:
        down(stack.home)
        raise
    _show(log, said, progress)
    return True


def down(home: Path, progress: Progress = print) -> bool:
    """Stop a home's Airflow, its supervisor and its PostgreSQL. False if none of them was running.

    When it returns, none of their processes is left, whichever had been killed before. The data stay.
    """
    home = Path(home).expanduser().resolve()
    found = False
    number = supervising(home)
    if number is not None:
        found = True
        progress("stopping Airflow")
        os.kill(number, signal.SIGTERM)
        deadline = time.monotonic() + DOWN_SECONDS
        while processes.started_at(number) is not None:
            if time.monotonic() > deadline:
                os.kill(number, signal.SIGKILL)
                break
            with contextlib.suppress(ChildProcessError):
                os.waitpid(number, os.WNOHANG)  # if it is our own child
            time.sleep(0.1)
    if processes.marked(str(home)):
        found = True
        progress("ending what an earlier Airflow of this home left behind")
        processes.end(str(home), seconds=5)
    server = EmbeddedPostgres(home)
    if server.running():
        found = True
        progress("stopping PostgreSQL")
        server.stop()
    for name in ("supervisor.pid", "airflow.json", "ready"):
        (home / "run" / name).unlink(missing_ok=True)
    return found


def status(home: Path) -> dict[str, bool]:
    """Supervisor, PostgreSQL and each component of a home -> whether it runs."""
    home = Path(home).expanduser().resolve()
    stack = AirflowStack(home, dags_folder=home, plugins_folder=home, postgres=EmbeddedPostgres(home))
    return {
        "supervisor": supervising(home) is not None,
        "postgres": stack.postgres.running(),
        **stack.alive(),
    }


def supervising(home: Path) -> int | None:
    """The number of the process that supervises this home's Airflow, or None.

    None too if the system has given that number to another program since.
    """
    try:
        number, began = (home / "run" / "supervisor.pid").read_text(encoding="ascii").split()
    except (FileNotFoundError, ValueError):
        return None
    now = processes.started_at(int(number))
    return int(number) if now is not None and abs(now - float(began)) < 1 else None


def _watch(stack: AirflowStack, progress: Progress) -> int:
    died: dict[str, deque[float]] = {}
    while True:
        time.sleep(1)
        if not stack.postgres.running():
            progress("PostgreSQL has died; starting it again")
            stack.postgres.keep_up(True)
        for name, lives in stack.alive().items():
            if lives:
                continue
            times = died.setdefault(name, deque(maxlen=RESTARTS))
            if len(times) == RESTARTS and time.monotonic() - times[0] < RESTARTS_WITHIN:
                progress(f"{name} dies again and again; see {stack.log(name)}")
                return 1
            times.append(time.monotonic())
            progress(f"{name} has died; starting it again")
            stack.launch(name)


def _stop_signal(_: int, __: FrameType | None) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # nothing may interrupt the stopping
    raise _ToldToStop


def say(message: str) -> None:
    """Print a line of the supervisor's log, with the time."""
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {message}", flush=True)


def _show(log: Path, position: int, progress: Progress) -> int:
    """Pass on the lines that the log has gained since `position`, without time stamps; the new position."""
    with log.open("rb") as file:
        file.seek(position)
        added = file.read()
    whole = added.rfind(b"\n") + 1
    for line in added[:whole].decode("utf-8", "replace").splitlines():
        progress(line[20:] if line[:2] == "20" else line)
    return position + whole


def _python_path() -> str:
    """PYTHONPATH for the detached process: first the folder that this package was imported from."""
    package = str(Path(__file__).resolve().parents[2])
    return os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH", "")])])


def _described(stack: AirflowStack) -> dict[str, object]:
    return {
        "dags_folder": str(stack.dags_folder),
        "plugins_folder": str(stack.plugins_folder),
        "env": stack.env,
        "preload": stack.preload,
        "programs": stack.programs,
    }


def restored(home: Path) -> AirflowStack:
    """The stack that `up` described in run/stack.json. Raises StackError if there is none."""
    home = home.resolve()
    try:
        described = json.loads((home / "run" / "stack.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise StackError(
            "no Airflow was set up here",
            where=str(home),
            expected="what `make up` leaves running",
            do="Run `make up` first.",
            zh="此处尚未启动过Airflow：请先运行make up。",
        ) from error
    return AirflowStack(
        home,
        dags_folder=Path(described["dags_folder"]),
        plugins_folder=Path(described["plugins_folder"]),
        postgres=EmbeddedPostgres(home),
        env=described["env"],
        preload=described["preload"],
        programs=described["programs"],
    )
