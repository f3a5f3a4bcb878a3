"""Airflow's scheduler is killed while a task runs and started again; nobody does anything else.

In: a running Airflow with county systems. Out: an `Outcome`, compared with the same month by the package alone.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from qiangji.restoring import verifying
from tests.conftest import make_workplace
from tests.faults.scene import Content, Outcome, content_of
from tests.integration.airflow_site import SECONDS, Site, a_site
from tests.integration.nights import Night, forget

QUICKLY = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
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
    """The oldest month, into an empty warehouse. The scheduler dies during a check of reports and during a build; the
    one that was started then goes on.
    """
    month, usual = site.last - 3, site.airflow._environment
    site.airflow._environment = usual | QUICKLY
    try:
        run_id = site.client.trigger("collect_period", partition_key=str(month))
        _kill_while(site, "collect_period", "check")
        run = site.client.wait_for_run("collect_period", run_id, SECONDS, every=1)
        tried = {task: (i.state, i.try_number) for task, i in site.tasks(run).items()}
        assert (run.state, run.partition_key) == ("success", str(month)), tried
        _kill_while(site, "build_indicators", "build")
        assert {b.partition_key: b.state for b in site.builds(month)} == {str(month): "success"}
    finally:
        site.airflow._environment = usual
    with site.night() as one:
        found = content_of(one)
        verified = verifying.verify(one.pipeline.catalogue, one.pipeline.settings)
    expected = _undisturbed(site, folder, str(month))
    return Outcome(
        "the scheduler is killed and started again",
        "while reports are checked, while figures are built",
        sorted((expected - found).elements()),
        sorted((found - expected).elements()),
        [f"{f.code} {f.where} {f.what}" for f in verified.faults],
        2,
    )


def _kill_while(site: Site, dag: str, task: str) -> None:
    """Wait until the task runs, kill the scheduler, and start it again as `make up` does."""
    deadline = time.monotonic() + SECONDS
    while not any(
        i.task_id == task and i.state == "running"
        for run in site.client.runs(dag)
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


def _undisturbed(site: Site, folder: Path, month: str) -> Content:
    """Collect the same county systems and build, with the package alone; again what failed, as Airflow does."""
    with ExitStack() as stack:
        stack.callback(forget)  # once the environment is the site's again
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        forget()
        for line in (site.airflow.home / "simulator" / "connections.env").read_text("utf-8").splitlines():
            patch.setenv(*line.split("=", 1))
        with (
            make_workplace(folder / "undisturbed", site.server, patch.setenv) as place,
            place.pipeline() as p,
        ):
            one = Night(place, None, p)
            for _ in range(3):
                if not (failures := one.collect(list(p.catalogue.counties), [month]).failures):
                    break
            assert failures == []
            one.build(month)
            return content_of(one)
