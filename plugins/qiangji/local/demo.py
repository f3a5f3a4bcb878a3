"""The demonstration: simulated county systems, and a night and a small backfill through the real Airflow.

In: the project. Out: the printed figures, and the lake and the warehouse under QIANGJI_HOME. At its end the
demonstration stops everything that it started, unless it is to be kept up (`make up`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console

from qiangji import pipeline, stages
from qiangji.embedded import EmbeddedPostgres
from qiangji.errors import QiangjiError, UsageError
from qiangji.local import supervisor
from qiangji.local.airflow import AirflowStack
from qiangji.local.runs import Run, TaskInstance
from qiangji.periods import reporting_month
from qiangji.settings import PROJECT, Settings, settings
from qiangji.warehouse import open_warehouse

if TYPE_CHECKING:
    from qiangji.local.client import AirflowClient

BACKFILLED = 3
"""Months before the reporting month, where nobody says how many."""
POOLS = {"qiangji_pull": 4, "qiangji_check": 2, "qiangji_build": 1}
DAGS = ("collect_nightly", "collect_period", "build_indicators", "watch_reporting", "send_letters")
PRELOAD = (
    "qiangji.checking.expectations",
    "great_expectations",
    "qiangji.landing",
    "qiangji.sources.http_api",
    "qiangji.sources.sftp",
    "qiangji.sources.database",
    "qiangji.engines.duckdb",
    "qiangji.building",
    "qiangji.warehouse",
    "psycopg",
)
"""Modules that the scheduler imports before it forks workers, so that no task has to."""
READY = (*PRELOAD, "qiangji.airflow_glue", "qiangji.local.read_ahead")
"""Those, what the DAGs import, and the catalogue, read."""
SYSTEMS_ROLE = "county_systems"
RUN_SECONDS = 600.0
_IS_UP = "已经在运行：请直接使用，或先make down。"

NO_TRIGGERER = (
    "首页的触发器（Triggerer）始终为红，属正常：没有任务需要它，未启动。"
    " The triggerer on its home page is always red, as it should be: nothing waits for one, so none runs."
)
"""What somebody wonders at who sees Airflow's home page for the first time."""


@dataclass
class Clock:
    """The seconds of each step, in order, and the runs and task instances to break them down."""

    console: Console
    began: float = field(default_factory=time.monotonic)
    backfilled: int = BACKFILLED
    """Months before the reporting month."""
    steps: list[tuple[str, float]] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    tasks: list[TaskInstance] = field(default_factory=list)

    @contextlib.contextmanager
    def step(self, what: str) -> Iterator[None]:
        start = time.monotonic()
        with self.console.status(f"{what} ..."):
            yield
        seconds = time.monotonic() - start
        self.steps.append((what, seconds))
        self.console.print(f"[green]✓[/green] {what} [dim]{seconds:.1f} s[/dim]")


Show = Callable[[Console, Settings, Clock], None]


def run(
    console: Console,
    show: Show,
    *,
    keep: bool = False,
    down: list[str] | None = None,
    months: int = BACKFILLED,
) -> int:
    """Run the demonstration and `show` the result. Returns 0, or 1 if a run that should be green is red.

    `months`: how many before the reporting month are backfilled. `down`: counties whose system is down. While
    `make up` runs, its Airflow and county systems are used, and stay.
    """
    s = settings()
    if s.warehouse_url:
        raise UsageError(
            "the demonstration fills a warehouse of its own",
            expected="no QIANGJI_WAREHOUSE_URL",
            zh="演示使用自带的数据仓库：请去掉QIANGJI_WAREHOUSE_URL后再运行。",
        )
    down = pipeline.read_catalogue().select_counties(down) if down else []
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # TERM stops what was started, as Ctrl-C does
    clock = Clock(console, backfilled=months)
    console.print("[bold]强基 Qiangji[/bold]: every figure below is simulated 以下数据均为模拟数据\n")
    if _is_up(s):
        return _within(s, clock, show, keep=keep, down=down)
    server = EmbeddedPostgres(s.home)
    with contextlib.ExitStack() as stack:
        with clock.step("PostgreSQL and the warehouse 数据仓库"):
            stack.enter_context(server.running_server())
            airflow = airflow_of(s, server, months + 1)
            with open_warehouse(s, pipeline.read_catalogue()):
                pass
        with clock.step("county systems and Airflow 县级系统与调度器"):
            _start(airflow, keep, stack)
            client = stack.enter_context(airflow.client())
            prepare(client, s)
        for county in down:
            event(s, "down", county)
        ok = _collect(client, airflow, clock, s, expect_red=bool(down))
        if keep:
            stack.pop_all()
    show(console, s, clock)
    if keep:
        user, password = airflow.login
        console.print(f"\nAirflow: {airflow.url}  {user} / {password}   (stop it with `make down`)")
        console.print(NO_TRIGGERER, style="dim")
    return 0 if ok else 1


def _is_up(s: Settings) -> bool:
    """Whether `make up` runs. Raises UsageError if another demonstration does."""
    stack = AirflowStack(
        s.home,
        dags_folder=PROJECT / "dags",
        plugins_folder=PROJECT / "plugins",
        postgres=EmbeddedPostgres(s.home),
    )
    if not stack.running():
        return False
    if supervisor.supervising(s.home) is None:
        raise UsageError(
            "another demonstration runs for this home",
            where=str(s.home),
            expected="one at a time",
            do="Wait until it has ended.",
            zh="另一个演示正在运行，请等它结束。",
            code="is_up",
        )
    return True


def _within(s: Settings, clock: Clock, show: Show, *, keep: bool, down: list[str]) -> int:
    """The demonstration with what `make up` runs; counties that were taken down are up again afterwards."""
    airflow = supervisor.restored(s.home)
    if keep:
        raise UsageError(
            "it is up already",
            where=airflow.url,
            do="Use it, or stop it with `make down` first",
            zh=_IS_UP,
            code="is_up",
        )
    clock.console.print(
        "`make up` 已在运行：使用其调度器和县级系统，结束后保持运行。"
        f" It runs already at {airflow.url}: it is used, and stays up."
    )
    with airflow.client() as client:
        prepare(client, s)
        try:
            for county in down:
                event(s, "down", county)
            ok = _collect(client, airflow, clock, s, expect_red=bool(down))
        finally:
            for county in down:
                event(s, "up", county)
    show(clock.console, s, clock)
    return 0 if ok else 1


def airflow_of(
    s: Settings, server: EmbeddedPostgres, months: int = BACKFILLED + 1, env: Mapping[str, str] | None = None
) -> AirflowStack:
    """This project's Airflow with simulated county systems beside it, not yet started. The server must run."""
    return AirflowStack(
        s.home,
        dags_folder=PROJECT / "dags",
        plugins_folder=PROJECT / "plugins",
        postgres=server,
        env=_environment(server) | dict(env or {}),
        preload=READY,
        programs={"simulator": _simulator(s, months)},
    )


def _environment(server: EmbeddedPostgres) -> dict[str, str]:
    server.ensure_role(SYSTEMS_ROLE)
    with server.connect() as connection:
        connection.execute(f"ALTER ROLE {SYSTEMS_ROLE} CREATEDB CREATEROLE")
    return {
        "SIMULATOR_POSTGRES_URL": server.url("postgres", role=SYSTEMS_ROLE, driver=None),
        "PYTHONPATH": os.pathsep.join([str(PROJECT / "plugins"), str(PROJECT)]),
        "QIANGJI_RETRY_SECONDS": "2",
        "GX_ANALYTICS_ENABLED": "false",
    }


def _simulator(s: Settings, months: int) -> list[str]:
    """The command that serves the county systems; home/connections.env becomes a link to their connections."""
    folder = s.home / "simulator"
    link = s.home / "connections.env"
    link.unlink(missing_ok=True)
    link.symlink_to(folder / "connections.env")
    (folder / "ready").unlink(missing_ok=True)
    today = str(stages.local_today())
    return [
        sys.executable, "-m", "simulator", "serve", "--dir", str(folder), "--today", today,
        "--months", str(months), "--die-with-parent",
    ]  # fmt: skip


def _start(airflow: AirflowStack, keep: bool, stack: contextlib.ExitStack) -> None:
    if keep:
        if not supervisor.up(airflow, progress=lambda _: None):
            raise UsageError(
                "it is up already",
                where=airflow.url,
                do="Use it, or stop it with `make down` first",
                zh=_IS_UP,
                code="is_up",
            )
        stack.callback(supervisor.down, airflow.home, lambda _: None)
    else:
        stack.callback(airflow.stop)
        airflow.start()
        airflow.wait_ready()


def prepare(client: AirflowClient, s: Settings) -> None:
    """Make the pools, unpause the DAGs, and wait until the county systems answer."""
    for name, slots in POOLS.items():
        client.ensure_pool(name, slots)
    client.wait_for_dags(DAGS)
    client.end_backfills("collect_period")
    for dag in DAGS:
        client.unpause(dag)
    deadline = time.monotonic() + 60
    while not (s.home / "simulator" / "control.json").exists():
        if time.monotonic() > deadline:
            raise QiangjiError(
                "the county systems do not start",
                where=str(s.home / "logs" / "simulator.log"),
                zh="模拟的县级系统没有启动：请看该日志。",
            )
        time.sleep(0.1)


def event(s: Settings, what: str, county: str) -> None:
    """Make something happen in a county system: down, up, hang, wrong_token ..."""
    folder = str(s.home / "simulator")
    command = [sys.executable, "-m", "simulator", "event", "--dir", folder, what, f"county={county}"]
    # cwd: the simulator is no part of the package and is imported from the project's folder
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)


def _collect(
    client: AirflowClient, airflow: AirflowStack, clock: Clock, s: Settings, expect_red: bool
) -> bool:
    """Run the night of the reporting month, the backfill and the builds. True if each ended as it should."""
    last = reporting_month(stages.local_today())
    first = last - clock.backfilled
    began = datetime.now(UTC)
    good = True
    with clock.step(f"collect_nightly {last}"):
        night = client.wait_for_run(
            "collect_nightly", client.trigger("collect_nightly", conf={"months": 1}), RUN_SECONDS
        )
        good &= (night.state == "success") is not expect_red
    if night.state != "success":
        clock.console.print(
            "[red]✗ 夜间采集报红 the night is red: 有县（市、区）未能采集，其他县（市、区）的指标已计算"
            " a county could not be collected; the others' figures are built[/red]"
        )
    with clock.step(f"airflow backfill create --dag-id collect_period, {first} to {last - 1}"):
        before = {r.run_id for r in client.runs("collect_period")}
        airflow.cli(
            "backfill", "create", "--dag-id", "collect_period", "--from-date", str(first.start), "--to-date",
            str((last - 1).start), "--reprocess-behavior", "completed", "--max-active-runs", "2",
        )  # fmt: skip
        runs = _new_runs(client, before, clock.backfilled)
        states = [client.wait_for_run("collect_period", run, RUN_SECONDS).state for run in runs]
        good &= expect_red or states == ["success"] * clock.backfilled
        client.end_backfills("collect_period")  # all its runs have ended: the next may be made at once
    with clock.step("build_indicators follows the asset's partitions"):
        built = _wait_for_builds(client, began, {str(first + i) for i in range(clock.backfilled + 1)})
    if not built:
        clock.console.print(
            "[red]✗ 有计算任务失败 a build is red: its figures stay as they were; the log of its task says why[/red]"
        )
    good &= built
    clock.runs = [r for dag in DAGS for r in client.runs(dag) if r.queued >= began]
    clock.tasks = [t for r in clock.runs for t in client.task_instances(r.dag_id, r.run_id)]
    return good


def _new_runs(client: AirflowClient, before: set[str], wanted: int) -> list[str]:
    """Runs that the backfill made: the month's own, which the schedule may make meanwhile, is none of them."""
    deadline = time.monotonic() + 120
    while True:
        runs = client.runs("collect_period")
        found = [r.run_id for r in runs if r.run_type == "backfill" and r.run_id not in before]
        if len(found) >= wanted:
            return found
        if time.monotonic() > deadline:
            raise QiangjiError(
                f"{len(found)} runs of the backfill",
                expected=str(wanted),
                where="collect_period",
                zh=f"补采只开始了{len(found)}次运行，应为{wanted}次：请在Airflow中查看collect_period。",
            )
        time.sleep(0.3)


def _wait_for_builds(client: AirflowClient, began: datetime, months: set[str]) -> bool:
    deadline = time.monotonic() + RUN_SECONDS
    while True:
        runs = [r for r in client.runs("build_indicators") if r.queued >= began]
        ended = {r.partition_key for r in runs if r.has_ended and r.partition_key}
        if months <= ended and all(r.has_ended for r in runs):
            return all(r.state == "success" for r in runs)
        if time.monotonic() > deadline:
            raise QiangjiError(
                f"built: {', '.join(sorted(ended)) or 'nothing'}", expected=", ".join(sorted(months)),
                where="build_indicators",
                zh=f"已计算：{'、'.join(sorted(ended)) or '无'}；应计算：{'、'.join(sorted(months))}。",
            )  # fmt: skip
        time.sleep(0.3)
