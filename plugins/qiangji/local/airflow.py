"""Airflow on this machine: starts, watches and stops its processes without importing it.

In: the home folder, the DAGs, the plugins, an embedded PostgreSQL, further environment for the tasks. Out:
scheduler, dag-processor and api-server as child processes, a REST client for them, and logs in
home/logs/airflow-<name>.log. Everything listens on 127.0.0.1. State: home/airflow (secrets, ports, task logs)
and home/run (which processes run now).

    python -m qiangji.local up|down|status --home DIR [--dags DIR --plugins DIR]
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from qiangji.embedded import EmbeddedPostgres
from qiangji.embedded.install import read_private, try_exclusive, write_private
from qiangji.embedded.process import free_port, ports_of
from qiangji.errors import QiangjiError
from qiangji.local import accounts, processes
from qiangji.local.settings import USER, airflow_environment, stack_secrets
from qiangji.settings import MARK

if TYPE_CHECKING:
    from qiangji.local.client import AirflowClient

DATABASE = "airflow"
MIGRATED_BY = ("apache-airflow-core", "apache-airflow-providers-fab")
PORTS = range(18080, 18180)
COMPONENTS: dict[str, list[str]] = {
    "api-server": ["api-server"],
    # Task logs are read from the disk: the scheduler's log server, one more process and port, is for others.
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
}
STOP_SECONDS = 8.0

Progress = Callable[[str], None]


class StackError(QiangjiError):
    """The local Airflow cannot be started, or does not become ready."""

    code = "stack"

    def _usual_zh(self) -> str:
        return "本机的Airflow无法启动、没有就绪或被占用：请看所示的日志，按下面英文所说处理。"


def _silent(_: str) -> None:
    pass


class AirflowStack:
    """The Airflow of one home. Making this object touches nothing. One process at a time can run the stack.

    `env` is added to the environment of Airflow and its tasks. `preload` names modules that the scheduler
    imports before it forks its workers, so that no task has to (Great Expectations takes 3 s). `programs`
    (name -> command) start and stop with the stack. They get the same environment and a log in
    home/logs/<name>.log.
    """

    def __init__(
        self,
        home: Path,
        *,
        dags_folder: Path,
        plugins_folder: Path,
        postgres: EmbeddedPostgres,
        env: Mapping[str, str] | None = None,
        preload: Sequence[str] = (),
        programs: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.home = Path(home).expanduser().resolve()
        self.dags_folder = Path(dags_folder).resolve()
        self.plugins_folder = Path(plugins_folder).resolve()
        self.postgres = postgres
        self.env = dict(env or {})
        self.preload = list(preload)
        self.programs = {name: list(command) for name, command in (programs or {}).items()}
        self.mark = str(self.home)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._environment: dict[str, str] = {}
        self._open = contextlib.ExitStack()
        self._claimed = False
        self._began = datetime.now(UTC)

    # --- life -----------------------------------------------------------------------------------------------

    def start(self, progress: Progress = _silent) -> None:
        """Start everything and return at once; `wait_ready` waits.

        Processes that an earlier stack of this home left behind are ended first. Raises StackError if a stack
        is running, or if the metadata database cannot be migrated.
        """
        self.claim()
        try:
            if left := processes.marked(self.mark):
                progress(f"ending {len(left)} processes that an earlier Airflow of this home left behind")
                processes.end(self.mark, seconds=2)
            progress("starting PostgreSQL")
            self._open.enter_context(self.postgres.running_server())
            self.postgres.ensure_database(DATABASE, owner=DATABASE)
            with self.postgres.connect() as connection:
                # Connections and variables live there: nothing for the BI tools' role.
                connection.execute("REVOKE ALL ON DATABASE airflow FROM PUBLIC")
            kept = read_private(self._state)
            kept["port"] = str(free_port(int(kept.get("port", 0)), set(), ports_of(self.home, PORTS)))
            write_private(self._state, kept)
            self._environment = self.environment()
            self._migrate(progress)
            self._began = datetime.now(UTC)
            for name in [*COMPONENTS, *self.programs]:
                progress(f"starting {name}")
                self.launch(name)
        except BaseException:
            self.stop()
            raise

    def claim(self) -> None:
        """Become the process that runs this home's stack, until `stop` or the end of this process.

        `start` calls it. Raises StackError if another process runs the stack.
        """
        if self._claimed:
            return
        for folder in ("airflow", "run", "logs"):
            (self.home / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not try_exclusive(descriptor):
            os.close(descriptor)
            raise StackError(
                "Airflow is already running for this home",
                where=str(self.home),
                expected="no other `make up` or `make demo` on the same home",
                do="Use the one that runs, or stop it with `make down`",
            )
        self._claimed = True
        self._open.callback(os.close, descriptor)

    def launch(self, name: str) -> None:
        """Start one component (again). The stack must have been started."""
        if (earlier := self._processes.get(name)) is not None:
            # Workers of a killed scheduler would wait for it for ever.
            processes.end_session(earlier.pid, self.mark)
        if name in self.programs:
            command = self.programs[name]
        else:
            command = self._airflow(COMPONENTS[name], self.preload if name == "scheduler" else ())
        self._processes[name] = processes.start(
            command,
            environment=self._environment,
            mark=self.mark,
            log=self.log(name),
            folder=self.home / "airflow",
        )
        self._record()

    def wait_ready(self, timeout: float = 120.0) -> None:
        """Wait until the api-server answers, and scheduler and dag-processor have sent a heartbeat.

        Raises StackError as soon as a component has ended, or after `timeout` seconds.
        """
        import threading

        from qiangji.local import health

        deadline = time.monotonic() + timeout
        with health.session(self.url) as http:
            while missing := health.missing(http, self._began):
                self._look_for_ended()
                if time.monotonic() > deadline:
                    raise StackError(
                        f"not ready after {timeout:.0f} s: {', '.join(missing)}",
                        where=self.url,
                        expected="signs of life of api-server, scheduler and dag-processor",
                        do=f"See the logs in {self.home / 'logs'}; on a slow machine wait longer",
                    )
                time.sleep(0.25)
        # The api-server sets up the tasks' API at its first request, which takes 2 s: ask now, while the
        # caller still has other things to do.
        threading.Thread(target=health.warm, args=(self.url,), daemon=True).start()

    def stop(self) -> None:
        """Stop every process of the stack, tasks included. When it returns, none is left.

        PostgreSQL stops too, unless another process uses it or it is kept up. A stack that another process
        runs is left alone (`qiangji.local.supervisor.down` ends that).
        """
        if not self._claimed:
            return
        try:
            # The api-server is killed last: running tasks report their end to it, and tidying up would take
            # it 3 s for nothing.
            first = [process for name, process in self._processes.items() if name != "api-server"]
            processes.end(self.mark, first, STOP_SECONDS)
        finally:
            for process in self._processes.values():
                process.kill()  # no effect on a process that has ended
                process.wait()
            self._processes.clear()
            self._record_file.unlink(missing_ok=True)
            self._open.close()
            self._claimed = False

    def alive(self) -> dict[str, bool]:
        """Component -> whether it runs, also for a stack that another process has started."""
        if self._processes:
            return {name: process.poll() is None for name, process in self._processes.items()}
        recorded = read_private(self._record_file)
        found = {}
        for name in [*COMPONENTS, *self.programs, *recorded]:
            number, _, began = recorded.get(name, "0 0").partition(" ")
            now = processes.started_at(int(number)) if number != "0" else None
            found[name] = now is not None and abs(now - float(began)) < 1
        return found

    def running(self) -> bool:
        """Whether a living process runs this home's stack."""
        try:
            descriptor = os.open(self._lock, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            return not try_exclusive(descriptor)
        finally:
            os.close(descriptor)

    # --- use ------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where the api-server listens, such as http://127.0.0.1:18080."""
        port = read_private(self._state).get("port")
        if port is None:
            raise StackError(
                "this home's Airflow was never started", where=str(self.home), expected="a port in state.json"
            )
        return f"http://127.0.0.1:{port}"

    @property
    def login(self) -> tuple[str, str]:
        """User and password of Airflow's pages."""
        return USER, stack_secrets(self.home)["password"]

    def client(self) -> AirflowClient:
        """A new REST session; close it, or use it as a context manager."""
        from qiangji.local.client import AirflowClient

        return AirflowClient(self.url, *self.login)

    def cli(self, *arguments: str, timeout: float = 300.0) -> str:
        """Run `airflow ...` in the stack's environment; returns its stdout.

        Raises StackError with the end of its stderr if it fails, and after `timeout` seconds.
        """
        return self._commands([list(arguments)], timeout)

    def _commands(self, commands: list[list[str]], timeout: float = 300.0) -> str:
        """Run Airflow's commands one after the other, in one process that no list of processes shows the words of."""
        command, words = accounts.commands_from_stdin(*commands)
        named = " ".join(commands[0][:2])
        try:
            ran = subprocess.run(
                command,
                env={**self.environment(), **accounts.making_roles(), MARK: self.mark, "SPT_NOENV": "1"},
                cwd=self.home / "airflow",
                input=words,
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise StackError(
                f"airflow {named} has not ended after {timeout:.0f} s",
                where=str(self.home),
                expected="an end",
                do="See whether PostgreSQL runs and the machine has cores to spare",
            ) from error
        if ran.returncode:
            said, do = processes.last_words(ran.stderr or ran.stdout)
            raise StackError(
                f"airflow {named} ended with {ran.returncode}: {said}", where=str(self.home),
                expected="exit code 0", do=do,
                zh=f"airflow {named}没有做成（退出码{ran.returncode}）：原因见下面它自己所说。",
            )  # fmt: skip
        return ran.stdout

    def environment(self) -> dict[str, str]:
        """The environment of the stack's processes. Holds secrets."""
        return (
            airflow_environment(
                self.home,
                dags_folder=self.dags_folder,
                plugins_folder=self.plugins_folder,
                database_url=self.postgres.url(DATABASE, role=DATABASE, driver=None),
                port=int(self.url.rpartition(":")[2]),
            )
            | self.env
        )

    def log(self, name: str) -> Path:
        """The log file of a component."""
        return self.home / "logs" / (f"airflow-{name}.log" if name in COMPONENTS else f"{name}.log")

    # --- inside ---------------------------------------------------------------------------------------------

    @property
    def _state(self) -> Path:
        return self.home / "airflow" / "state.json"

    @property
    def _record_file(self) -> Path:
        return self.home / "run" / "airflow.json"

    @property
    def _lock(self) -> Path:
        return self.home / "run" / "stack.lock"

    def _airflow(self, arguments: Sequence[str], preload: Sequence[str] = ()) -> list[str]:
        script = (
            f"{accounts.SELDOM}import {', '.join(['sys', *preload])}; sys.argv[0] = 'airflow'; "
            "from airflow.__main__ import main; main()"
        )
        return [sys.executable, "-c", script, *arguments]

    def _migrate(self, progress: Progress) -> None:
        """Migrate the metadata database to the installed Airflow's schema, and make roles and the first account.

        Nothing is done where this is known to be there.
        """
        version = " ".join(map(importlib.metadata.version, MIGRATED_BY))
        kept = read_private(self._state)
        if kept.get("migrated") == f"{version} {self._revision()}":
            return
        progress("migrating Airflow's metadata database")
        # The second makes the roles too. An account of that name stays as it is.
        self._commands([["db", "migrate"], accounts.creating(*self.login)])
        write_private(self._state, kept | {"migrated": f"{version} {self._revision()}"})

    def _revision(self) -> str:
        """The revision of the schema and of the accounts' tables; empty if there are none yet."""
        import psycopg

        url = self.postgres.url(DATABASE, role=DATABASE, driver=None)
        with psycopg.connect(url, connect_timeout=10) as connection:
            exists = (
                "SELECT to_regclass('alembic_version') IS NULL OR to_regclass('alembic_version_fab') IS NULL"
            )
            if connection.execute(exists).fetchone() == (True,):
                return ""
            both = "SELECT version_num FROM alembic_version UNION ALL SELECT version_num FROM alembic_version_fab"
            return " ".join(str(found[0]) for found in connection.execute(both))

    def _look_for_ended(self) -> None:
        for name, lives in self.alive().items():
            if not lives:
                raise StackError(
                    f"{name} has ended: {processes.tail(self.log(name))}",
                    where=str(self.log(name)),
                    expected=f"a running {name}",
                    do="Read the log, mend the cause and start again",
                )

    def _record(self) -> None:
        write_private(
            self._record_file,
            {
                name: f"{process.pid} {processes.started_at(process.pid) or 0}"
                for name, process in self._processes.items()
            },
        )
