"""A running Airflow with an embedded PostgreSQL and small simulated county systems, and what its warehouse holds.

In: a folder. Out: a `Site`, whose runs are triggered and waited for. It takes long to start: whoever needs one makes it
once for a file.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from qiangji import pipeline, stages
from qiangji.embedded import EmbeddedPostgres
from qiangji.figures import Choice, reading
from qiangji.local import accounts, demo
from qiangji.local.airflow import AirflowStack
from qiangji.local.client import AirflowClient
from qiangji.local.runs import Run, TaskInstance
from qiangji.local.settings import USER
from qiangji.periods import Period, reporting_month
from qiangji.settings import connection, settings
from simulator.control import post_event
from tests.conftest import Workplace
from tests.frozen import paths as frozen
from tests.integration.nights import Night, forget
from tests.integration.planting import Values

SECONDS = 240.0
"""A run takes ten on an idle machine."""
COUNTY_SECONDS = 3
"""What the county that will hang may take."""
NAMES = {
    "440703": "蓬江区", "440704": "江海区", "440705": "新会区", "440781": "台山市", "440783": "开平市",
    "440784": "鹤山市", "440785": "恩平市",
}  # fmt: skip
REFUSING, HANGING, DOWN, WRITING = "440704", "440781", "440703", "440783"
SHARE = "group_leader_party_share"


@dataclass(frozen=True)
class Ended(Run):
    """A run that has ended, with its task instances by (task, map index's name)."""

    tasks: dict[tuple[str, str | None], TaskInstance]


@dataclass
class Site:
    """A running Airflow with county systems, and what its warehouse holds."""

    airflow: AirflowStack
    client: AirflowClient
    server: EmbeddedPostgres
    built: set[str] = field(default_factory=set)
    known: dict[str, str] = field(default_factory=dict)
    """Tokens of accounts."""
    values: Values = field(default_factory=Values)
    """Personal data that a county has in its database."""

    @property
    def database(self) -> str:
        """The county's."""
        return str(sa.make_url(connection(f"county_{WRITING}")).database)

    @property
    def last(self) -> Period:
        """The reporting month; the systems serve the three before it as well."""
        return reporting_month(stages.local_today())

    def collect(self, dag: str = "collect_nightly", **how: Any) -> Ended:
        """Trigger a run and wait for its end, green or red."""
        run = self.client.wait_for_run(dag, self.client.trigger(dag, **how), SECONDS, every=1)
        return Ended(**vars(run), tasks=self.tasks(run))

    def tasks(self, run: Run) -> dict[tuple[str, str | None], TaskInstance]:
        instances = self.client.task_instances(run.dag_id, run.run_id)
        return {(i.task_id, i.rendered_map_index): i for i in instances}

    def builds(self, *months: Period) -> list[Run]:
        """Wait until builds that nobody has asked for yet have covered these months and all have ended."""
        deadline = time.monotonic() + SECONDS
        while True:
            runs = [r for r in self.client.runs("build_indicators") if r.run_id not in self.built]
            covered = {r.partition_key for r in runs if r.partition_key}
            if {str(m) for m in months} <= covered and all(r.has_ended for r in runs):
                self.built |= {r.run_id for r in runs}
                return runs
            assert time.monotonic() < deadline, f"builds of {sorted(covered)}: {[r.state for r in runs]}"
            time.sleep(1)

    def web(self) -> httpx2.Client:
        """What a browser asks Airflow with."""
        return httpx2.Client(base_url=self.airflow.url, trust_env=False, timeout=60)

    def tokens(self, web: httpx2.Client) -> dict[str, str]:
        """Account -> token. Beside `admin` there are a duty operator and an analyst, made when first asked for,
        quicker than by Airflow's command, by which `test_stack.py` makes one.
        """
        if not self.known:
            words = dict([self.airflow.login])
            roles = {"duty": ("who runs", accounts.DUTY), "analyst": ("who reads", accounts.ANALYST)}
            self._log_in(web, words)
            for user, (word, role) in roles.items():
                made = {"username": user, "first_name": user, "last_name": "-", "email": f"{user}@localhost"}
                web.post(
                    "/auth/fab/v1/users",
                    headers={"Authorization": f"Bearer {self.known[USER]}"},
                    json=made | {"password": word, "roles": [{"name": role}]},
                ).raise_for_status()
                words[user] = word
            self._log_in(web, words)
        return self.known

    def _log_in(self, web: httpx2.Client, words: dict[str, str]) -> None:
        for user, word in words.items():
            answer = web.post("/auth/token", json={"username": user, "password": word})
            self.known[user] = str(answer.raise_for_status().json()["access_token"])

    def backfill(self, first: Period, last: Period) -> list[Run]:
        """Backfill two months that follow each other, and wait for their runs.

        By Airflow's command, which takes longer, `test_stack.py` asks for a backfill, and the demonstration.
        """
        known = {r.run_id for r in self.client.runs("collect_period")}
        self.client._json(
            "POST",
            "/backfills",
            json={
                "dag_id": "collect_period", "reprocess_behavior": "completed", "max_active_runs": 2,
                "from_date": f"{first.start}T00:00:00+08:00", "to_date": f"{last.start}T00:00:00+08:00",
            },
        )  # fmt: skip
        deadline = time.monotonic() + SECONDS
        while len(runs := [r for r in self.client.runs("collect_period") if r.run_id not in known]) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.3)
        return [self.client.wait_for_run("collect_period", r.run_id, SECONDS, every=1) for r in runs]

    def event(self, what: str, **details: str) -> None:
        """As `demo.event`, from here."""
        post_event(self.airflow.home / "simulator", what, details)

    def alerts(self) -> str:
        """What Airflow's home page says at its top."""
        with self.web() as web:
            headers = {"Authorization": f"Bearer {self.tokens(web)['admin']}"}
            said = web.get("/ui/config", headers=headers).json()["dashboard_alert"]
        return "\n".join(f"{one['category']}: {one['text']}" for one in said)

    def night(self) -> Any:
        """The same home opened from here (a context manager, see `Night`)."""
        return _Opened(self.airflow.home)

    def shares(self, month: Period) -> dict[str, Any]:
        """City and counties -> value of the headline indicator."""
        with self.night() as night:
            rows = reading.values(
                night.pipeline.ledger.engine, night.pipeline.catalogue, Choice([SHARE]), str(month)
            )
        return {r["org_code"]: r["value"] for r in rows}

    def statuses(self, month: Period) -> dict[str, set[str]]:
        """County -> statuses of its forms."""
        with self.night() as night:
            rows = night.query("SELECT * FROM mart.reporting_status WHERE period = :m", m=str(month))
        found: dict[str, set[str]] = {}
        for r in rows:
            found.setdefault(r["county_code"], set()).add(r["status"])
        return found


class _Opened(ExitStack):
    def __init__(self, home: Path) -> None:
        super().__init__()
        self.home = home

    def __enter__(self) -> Any:
        super().__enter__()
        p = self.enter_context(pipeline.open_pipeline())
        return Night(Workplace(self.home, ""), None, p)


@contextmanager
def a_site(folder: Path, seconds: int = COUNTY_SECONDS) -> Iterator[Site]:
    """Airflow and small county systems, running, with an empty warehouse. `seconds`: what the county that will hang may
    take.
    """
    catalogue = folder / "catalogue"
    shutil.copytree(frozen.CATALOGUE, catalogue)
    counties = (catalogue / "counties.yaml").read_text(encoding="utf-8")
    (catalogue / "counties.yaml").write_text(
        counties.replace(
            f"connection: county_{HANGING}", f"connection: county_{HANGING}\n  timeout: {seconds}"
        ),
        encoding="utf-8",
    )
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setenv("QIANGJI_EMBEDDED_FSYNC", "off")
        patch.setenv("QIANGJI_HOME", str(folder / "a home"))
        patch.setenv("QIANGJI_CATALOGUE", str(catalogue))
        patch.delenv("QIANGJI_WAREHOUSE_URL", raising=False)
        patch.setenv("SIMULATOR_SCALE", "0.04")
        forget()
        stack.callback(forget)
        s = settings()
        server = EmbeddedPostgres(s.home)
        stack.callback(server.destroy)
        stack.enter_context(server.running_server())
        with pipeline.open_pipeline():
            pass
        # a scheduler that looks a sixth as often, and DAGs that are read once, leave the processor to other tests; the
        # demonstration's are as they are
        environment = {
            "QIANGJI_RETRY_SECONDS": "1",
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.6",
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
        }
        airflow = demo.airflow_of(s, server, months=4, env=environment)
        stack.callback(airflow.stop)
        airflow.start()
        airflow.wait_ready(SECONDS)
        client = stack.enter_context(airflow.client())
        demo.prepare(client, s)
        site = Site(airflow, client, server)
        _plant(site)
        yield site


def _plant(site: Site) -> None:
    """A county writes personal data of each kind into names of its units, in forms that no other test looks at."""
    site.values.drawn.append("11010519491231002X")  # the simulator's own, in a workbook's remarks
    kinds = {"village": "id", "community": "mobile", "town_service": "name"}
    with site.server.connect(site.database) as connection:
        for form, kind in kinds.items():
            unit, value = form.partition("_")[0], site.values.draw(kind)
            done = connection.execute(
                f"UPDATE store.{form} SET {unit}_name = {unit}_name || %s WHERE period = %s",
                (f" 联系人：{value}", str(site.last)),
            )
            assert done.rowcount


def states(run: Ended) -> dict[str | None, set[str | None]]:
    """State -> the tasks in it, mapped ones by county name."""
    found: dict[str | None, set[str | None]] = {}
    for (task, name), instance in run.tasks.items():
        found.setdefault(instance.state, set()).add(f"{task} {name}" if name else task)
    return found
