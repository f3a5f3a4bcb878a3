"""Airflow's scheduler is killed while a task runs and started again; nobody does anything else.

In: a running Airflow with county systems. Out: an `Outcome`, compared with the same month by the package alone, on a
copy of lake and warehouse as they were before.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from qiangji import pipeline
from qiangji.restoring import verifying
from qiangji.warehouse import DATABASE
from tests.conftest import Workplace
from tests.faults.scene import Content, Outcome, content_of
from tests.integration.nights import Night, forget
from tests.integration.test_airflow_night import SECONDS, Site, a_site

QUICKLY = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "12",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "4",
}
"""With these, a task whose process is gone is noticed in seconds; in production it takes a minute."""


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """An Airflow for this fault alone."""
    with a_site(folder, seconds=60) as found:
        yield found


def killed(site: Site, folder: Path) -> Outcome:
    """A month that was not collected before. The scheduler dies during a check of reports and during a build."""
    month, usual = site.last - 4, site.airflow._environment
    with _copied(site, folder) as copy:
        site.airflow._environment = usual | QUICKLY
        try:
            run_id = site.client.trigger("collect_period", partition_key=str(month))
            _kill_while(site, "collect_period", run_id, "check")
            run = site.client.wait_for_run("collect_period", run_id, SECONDS)
            tried = {task: (i.state, i.try_number) for task, i in site.tasks(run).items()}
            assert run.state == "success", tried
            _kill_while(site, "build_indicators", None, "build")
            builds = site.builds(month)
            assert {b.state for b in builds} == {"success"}
        finally:
            site.airflow._environment = usual
            _restart(site)
        with site.night() as one:
            found = content_of(one)
            verified = verifying.verify(one.pipeline.catalogue, one.pipeline.settings)
        with copy() as one:
            expected = _undisturbed(one, str(month))
    return Outcome(
        "the scheduler is killed and started again",
        "while reports are checked, while figures are built",
        sorted((expected - found).elements()),
        sorted((found - expected).elements()),
        [f"{f.code} {f.where} {f.what}" for f in verified.faults],
        2,
    )


def _kill_while(site: Site, dag: str, run_id: str | None, task: str) -> None:
    """Wait until the task runs (in this run, or in one that nobody has waited for), kill the scheduler, and start it
    again as `make up` does.
    """
    deadline = time.monotonic() + SECONDS
    while not any(
        i.task_id == task and i.state == "running"
        for run in site.client.runs(dag)
        if run.run_id == run_id or (run_id is None and run.run_id not in site.built)
        for i in site.client.task_instances(dag, run.run_id)
    ):
        assert time.monotonic() < deadline, f"{dag}.{task} never ran"
        time.sleep(0.2)
    _restart(site)


def _restart(site: Site) -> None:
    scheduler = site.airflow._processes["scheduler"]
    os.kill(scheduler.pid, signal.SIGKILL)
    scheduler.wait()
    site.airflow.launch("scheduler")


@contextmanager
def _copied(site: Site, folder: Path) -> Iterator[Callable[[], AbstractContextManager[Night]]]:
    """The lake and the warehouse as they are now, for the package alone: a function that opens them."""
    name = "undisturbed"
    with site.server.connect() as c:
        c.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (DATABASE,))
        c.execute(f"CREATE DATABASE {name} TEMPLATE {DATABASE}")
    home = folder / "undisturbed"
    home.mkdir()
    if (site.airflow.home / "lake").exists():
        shutil.copytree(site.airflow.home / "lake", home / "lake")

    @contextmanager
    def opened() -> Iterator[Night]:
        with pytest.MonkeyPatch.context() as patch:
            for line in (site.airflow.home / "simulator" / "connections.env").read_text("utf-8").splitlines():
                patch.setenv(*line.split("=", 1))
            patch.setenv("QIANGJI_HOME", str(home))
            patch.setenv("QIANGJI_WAREHOUSE_URL", url := site.server.url(name))
            forget()
            with pipeline.open_pipeline() as p:
                yield Night(Workplace(home, url), None, p)
        forget()

    try:
        yield opened
    finally:
        with site.server.connect() as c:
            c.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _undisturbed(one: Night, month: str) -> Content:
    """Collect the same county systems and build, with the package alone; try again what failed, as Airflow does."""
    counties = list(one.pipeline.catalogue.counties)
    for _ in range(3):
        if not (failed := {c for c, *_ in one.collect(counties, [month]).failures}):
            break
    assert not failed
    one.build(month)
    return content_of(one)
