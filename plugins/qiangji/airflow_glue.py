"""Between Airflow and the package: the only module that imports airflow.

In: what a task knows (partition key, run id, parameters). Out: calls of `stages` and `building`, errors in the
classes that the retry policy tells apart, asset partitions, and Airflow's plugin. The work itself is in those rooms
and is tested without Airflow.
"""

from __future__ import annotations

import functools
import logging
from datetime import timedelta
from typing import Any

from airflow.plugins_manager import AirflowPlugin
from airflow.sdk import (
    Asset,
    BaseHook,
    ExceptionRetryPolicy,
    RetryAction,
    RetryRule,
    get_current_context,
    task,
)
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.log import mask_secret
from airflow.timetables.trigger import CronTriggerTimetable

from qiangji import masking, pipeline, stages
from qiangji.errors import CatalogueError, CollectError, PermanentError, TransientError, UsageError
from qiangji.periods import Period, reporting_month, span
from qiangji.settings import add_connection_resolver, settings
from qiangji.stopwatch import Stopwatch

log = logging.getLogger(__name__)

REPORTS = Asset(name="qiangji_reports", uri="qiangji://reports")
"""Collected reports; a partition is a reporting month, `2026-10`."""
ZONE = "Asia/Shanghai"
NEVER_AT_ONCE = timedelta(0)
"""A DAG that is switched on waits for its next time. By default Airflow also runs the last time, if that was lately."""
COLLECT_TASKS = ["plan", "pull", "check", "announce"]
PULL_TASKS = 16
"""Mapped tasks that pull, at most; where there are more counties, a task pulls several."""
CHECK_SHARES = list(range(settings().check_tasks))
"""One entry a check task. They are few: Great Expectations takes seconds to start, and checks many counties at once."""
DEFAULTS: dict[str, Any] = {
    "retries": 2,
    "retry_delay": timedelta(seconds=settings().retry_seconds),
    "retry_exponential_backoff": 2.0,  # with Airflow's own jitter
    "max_retry_delay": timedelta(minutes=30),
    "retry_policy": ExceptionRetryPolicy(
        rules=[
            RetryRule(exception=TransientError, action=RetryAction.RETRY, reason="may pass by itself"),
            RetryRule(
                exception=[PermanentError, UsageError, CatalogueError],
                action=RetryAction.FAIL,
                reason="somebody must change something",
            ),
        ]
    ),
    "execution_timeout": timedelta(minutes=30),
}
"""Arguments of every task. Only errors that may pass by themselves are tried again."""


class NightlyPartition(CronTriggerTimetable):
    """Every night. The run itself finds out its partitions: the months that new reports touched."""

    partitioned_at_runtime = True


def plan(months: int | None = None, period: str | None = None) -> list[dict[str, Any]]:
    """Batches of counties for the mapped tasks, each with the counties' names and the months to look at.

    The months are the one of `period`, or the last `months` (default: `QIANGJI_WINDOW_MONTHS`) that have ended.
    """
    catalogue = pipeline.read_catalogue()
    if period:
        wanted = [Period.parse(period).last_month]
    else:
        last = reporting_month(stages.local_today())
        wanted = list(span(last - ((months or settings().window_months) - 1), last))
    counties = [c for c in catalogue.counties if _reports_in(catalogue, c, wanted)]
    size = max(1, -(-len(counties) // PULL_TASKS))
    return [
        {"counties": group, "names": _names(catalogue, group), "months": [str(m) for m in wanted]}
        for group in (counties[i : i + size] for i in range(0, len(counties), size))
    ]


@task(pool="qiangji_pull", map_index_template="{{ names }}")
def pull(batch: dict[str, Any]) -> dict[str, Any]:
    """Pull a batch of counties; returns the number of new deliveries, and seconds by stage.

    Raises CollectError after the last county if one could not be collected.
    """
    _name_map_index(batch["names"])
    _with_airflows_connections()
    months = [Period.parse(m) for m in batch["months"]]
    with pipeline.open_pipeline() as p:
        result = stages.pull(p, batch["counties"], months, _run_id())
    errors = [e for _, _, _, e in result.failures]
    if errors:
        raise _summed_up(errors)
    return {"deliveries": result.deliveries, "seconds": dict(result.seconds)}


@task(pool="qiangji_check", map_index_template="{{ names }}", trigger_rule="all_done")
def check(batches: list[dict[str, Any]], share: int) -> dict[str, Any]:
    """Check this share's new deliveries; returns how many submissions have each status, and seconds by stage."""
    counties = [c for batch in batches for c in batch["counties"]][share :: len(CHECK_SHARES)]
    watch = Stopwatch()
    with pipeline.open_pipeline() as p:
        _name_map_index(_names(p.catalogue, counties))
        submissions = stages.check(p, counties, watch)
    counts: dict[str, int] = {}
    for s in submissions:
        counts[s.status] = counts.get(s.status, 0) + 1
    return {"submissions": counts, "seconds": dict(watch)}


def touched_months(period: str | None = None) -> list[str]:
    """The reporting month, or the month of `period`, and every month with a revision that no build has seen."""
    from qiangji import building

    own = Period.parse(period).last_month if period else reporting_month(stages.local_today())
    with pipeline.open_pipeline() as p:
        months = {own, *building.unbuilt_months(p.ledger)}
    return [str(m) for m in sorted(months)]


@task(pool="qiangji_build")
def build() -> dict[str, Any]:
    """Build the run's month; returns what changed, and seconds by stage."""
    from qiangji import building
    from qiangji.building.corrected import require_none_stale
    from qiangji.building.failing import require_none_failed

    partition_key = period_of_run()
    if not partition_key:
        raise UsageError("a run without a partition", expected="a month such as 2026-10", code="no_partition")
    with pipeline.open_pipeline() as p:
        built = building.build(p, [Period.parse(partition_key).last_month])
    require_none_failed(built.failed)  # after the commit: everything else is built
    require_none_stale(built.stale)
    return {
        "months": [str(m) for m in built.months],
        "facts_replaced": built.facts_replaced,
        "rows_inserted": built.rows_inserted,
        "rows_closed": built.rows_closed,
        "changed_in_locked": built.in_locked,
        "seconds": dict(built.seconds),
    }


@task(trigger_rule="all_done", retries=0)
def verdict() -> None:
    """Fail the run if a county could not be collected, or if another task failed."""
    context = get_current_context()
    ti, run_id = context["ti"], _run_id()
    with pipeline.open_pipeline() as p:
        lost = [
            f"{f.county_code} {p.catalogue.name_of(f.county_code)} {f.form or ''} {f.period or ''}".rstrip()
            + f": {f.reason_code}: {f.message}"
            for f in p.ledger.failures(run_id)
        ]
    for line in lost:
        log.error("not collected: %s", line)
    states = ti.get_task_states(dag_id=ti.dag_id, task_ids=COLLECT_TASKS, run_ids=[run_id]).get(run_id, {})
    broken = sorted(task for task, state in states.items() if state in ("failed", "upstream_failed"))
    if lost or broken:
        counties = len({line.split()[0] for line in lost})
        raise CollectError(
            f"{counties} counties could not be collected; tasks that failed: {', '.join(broken) or 'none'}",
            where=run_id,
            expected="every county",
            do="See the lines above and `qiangji status`; the figures of the others are built",
        )


@task.short_circuit
def working_day() -> bool:
    """Whether the counties' offices are open today; a run by hand looks on any day."""
    from qiangji.periods import is_working_day

    by_hand = get_current_context()["dag_run"].run_type == "manual"
    return by_hand or is_working_day(stages.local_today())


@task
def look() -> dict[str, int]:
    """Log every submission that needs attention; returns how many have each status (or lack units)."""
    from qiangji.figures import reading

    counts: dict[str, int] = {}
    with pipeline.open_pipeline() as p:
        for r in reading.needs_attention(reading.status(p.ledger.engine)):
            what = r["reason_code"] if r["status"] in ("accepted", "partial") else r["status"]
            counts[what] = counts.get(what, 0) + 1
            place = f"{r['county_code']} {p.catalogue.name_of(r['county_code'])} {r['form']} {r['period']}".rstrip()
            log.warning("%s: %s: %s", place, r["status"], r["message_zh"] or r["reason_code"] or "")
    return counts


@task
def feedback() -> dict[str, int]:
    """Send annotated workbooks to counties; returns how many were sent, failed or had been sent before."""
    from qiangji import feedback as way_back

    _with_airflows_connections()
    counts: dict[str, int] = {}
    with pipeline.open_pipeline() as p:
        for sent in way_back.send(p):
            counts[sent.status] = counts.get(sent.status, 0) + 1
    return counts


async def pages(scope: Any, receive: Any, send: Any) -> None:
    """The project's pages among Airflow's, as an ASGI application.

    It is made at the first request: every process of Airflow imports this module, and only one serves pages.
    """
    await _web()(scope, receive, send)


@functools.cache
def _web() -> Any:
    """The pages, behind Airflow's login, for those who may run `watch_reporting`: its workbooks may name persons."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
    from airflow.api_fastapi.core_api.security import get_user
    from fastapi import Depends, FastAPI, HTTPException, Response

    from qiangji.feedback import page

    def may_hand_over(user: Any = Depends(get_user)) -> str:  # noqa: B008 - how FastAPI is told
        if not get_auth_manager().is_authorized_dag(
            method="POST",
            access_entity=DagAccessEntity.RUN,
            details=DagDetails(id="watch_reporting"),
            user=user,
        ):
            raise HTTPException(403, "for those who may run watch_reporting")
        return str(user.get_name())

    web = FastAPI(dependencies=[Depends(may_hand_over)], docs_url=None, redoc_url=None, openapi_url=None)

    def found() -> list[page.Kept]:
        return page.kept(settings().home, pipeline.read_catalogue(), settings().timezone)

    @web.get("/feedback/", response_model=None)
    def workbooks() -> Response:
        return Response(
            page.html(found(), pipeline.read_catalogue()), headers=page.HEADERS, media_type="text/html"
        )

    @web.get("/feedback/{key}", response_model=None)
    def workbook(key: str, who: str = Depends(may_hand_over)) -> Response:
        one = next((k for k in found() if k.key == key), None)
        content = page.content(settings().home, one) if one else None
        if one is None or content is None:
            raise HTTPException(404, "没有该工作簿 no such workbook")
        log.info("%s took %s of %s", who, one.name, one.county_code)
        headers = page.HEADERS | {"Content-Disposition": page.attachment(one)}
        return Response(content, headers=headers, media_type=page.WORKBOOK)

    return web


class QiangjiPlugin(AirflowPlugin):
    """The timetable, which stored DAGs need to be read again, and the pages."""

    name = "qiangji"
    timetables = [NightlyPartition]  # noqa: RUF012 - Airflow reads plain lists
    fastapi_apps = [{"app": pages, "url_prefix": "/qiangji", "name": "qiangji"}]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {
            "name": "退回 Returns",
            "href": "/qiangji/feedback/",
            "url_route": "qiangji-feedback",
            "destination": "nav",
        }
    ]


def period_of_run() -> str | None:
    """The run's partition, or its parameter `period` if it has none (a test, a run by hand)."""
    context = get_current_context()
    found: str | None = context["dag_run"].partition_key or context["params"].get("period")
    return found


def _reports_in(catalogue: Any, county: str, months: list[Period]) -> bool:
    return any(catalogue.due(f, m) for f in catalogue.forms_of(county) for m in months)


def _names(catalogue: Any, counties: list[str]) -> str:
    names = [catalogue.name_of(c) for c in counties]
    if not names:
        return "-"
    return "、".join(names) if len(names) <= 8 else f"{names[0]}…{names[-1]} ({len(names)})"


def _name_map_index(names: str) -> None:
    """The mapped task's name in the grid, which its `map_index_template` takes from the context."""
    get_current_context()["names"] = names  # type: ignore[typeddict-unknown-key]


def _run_id() -> str:
    return str(get_current_context()["run_id"])


def _summed_up(errors: list[CollectError]) -> CollectError:
    """One error for a batch. It is transient, and so tried again, if one of the counties' errors is."""
    text = "; ".join(f"{e.code}: {e}" for e in errors)
    kind = TransientError if any(isinstance(e, TransientError) for e in errors) else PermanentError
    return kind(text, code=errors[0].code)


def connection_outside_tasks(conn_id: str) -> str | None:
    """A connection of Airflow's as a URI, None if there is none of that id: for the command line.

    Outside a task nobody answers `BaseHook`; Airflow's own secrets backends and database are asked. Raises CollectError
    if the database does not answer (`airflow_unreachable`), or its key does not fit (`bad_connection`).
    """
    from airflow.models.connection import Connection

    try:
        return str(Connection.get_connection_from_secrets(conn_id).get_uri())
    except AirflowNotFoundException:  # also where the database does not answer, or the key does not fit
        if not require_database(conn_id):
            return None
    except Exception:  # its text may hold the connection
        log.debug("connection %s", conn_id)
    raise PermanentError(
        f"Airflow's connection {conn_id!r} cannot be read",
        expected="the AIRFLOW__CORE__FERNET_KEY with which it was stored",
        do="Run the command where Airflow runs, or store the connection again.",
        code="bad_connection",
    )


def require_database(conn_id: str = "") -> bool:
    """Whether Airflow's database has a connection. Raises TransientError `airflow_unreachable` if it is silent."""
    from airflow import settings as airflows
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with airflows.engine.connect() as c:  # type: ignore[union-attr]
            known = text("SELECT count(*) FROM connection WHERE conn_id = :id")
            return bool(c.scalar(known, {"id": conn_id}))
    except SQLAlchemyError as e:
        problem = type(e).__name__
    raise TransientError(
        f"Airflow's database, where connections are looked for, does not answer ({problem})",
        expected="the database of AIRFLOW__DATABASE__SQL_ALCHEMY_CONN, migrated",
        do="Is it up? Without it, unset that variable: connections then come from QIANGJI_CONN_<ID>.",
        code="airflow_unreachable",
    )


def _with_airflows_connections() -> None:
    """Ask Airflow's connections first, and tell Airflow's masker which of their parts are secret."""
    add_connection_resolver(_airflow_connection)
    masking.tell(mask_secret)
    masking.in_all_logs()


def _airflow_connection(conn_id: str) -> str | None:
    """A connection of Airflow's as a URI; None if there is none of that id."""
    try:
        return str(BaseHook.get_connection(conn_id).get_uri())
    except AirflowNotFoundException:
        return None
