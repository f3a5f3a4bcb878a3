"""Between Airflow and the package: the only room that imports airflow. `web` has the pages.

In: what a task knows (partition key, run id, parameters). Out: calls of `stages` and `building`, errors in the
classes that the retry policy tells apart, asset partitions, and Airflow's plugin. The work itself is in those rooms
and is tested without Airflow.
"""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta
from itertools import chain
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
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowSkipException
from airflow.sdk.log import mask_secret
from airflow.timetables.trigger import CronTriggerTimetable

from qiangji import errors, masking, pipeline, stages
from qiangji.airflow_glue.names import shown as shown
from qiangji.airflow_glue.web import made_ready, pages
from qiangji.periods import Period
from qiangji.settings import add_connection_resolver, settings
from qiangji.stopwatch import Stopwatch

log = logging.getLogger(__name__)

REPORTS = Asset(name="qiangji_reports", uri="qiangji://reports")
"""Collected reports; a partition is a reporting month, `2026-10`."""
FIGURES = Asset(name="qiangji_mart", uri="qiangji://mart")
"""The figures that BI tools read; a partition is a month that was built."""
ZONE = settings().timezone
NEVER_AT_ONCE = timedelta(0)
"""A DAG that is switched on waits for its next time. By default Airflow also runs the last time, if that was lately."""
PERIOD_HINT = "没有分区的运行填报告期，如 2026-10 For a run without a partition, such as 2026-10"
COLLECT_TASKS = ["plan", "pull", "check", "announce", "collect_again", "announce_again"]
MAY_PASS = "may_pass"
"""Key of the XCom in which a pull tells the counties that failed for a reason that may pass by itself."""
PULL_TASKS = 16
"""Mapped tasks that pull, at most; where there are more counties, a task pulls several."""
CHECK_SHARES = list(range(settings().check_tasks))
"""One entry a check task. They are few: Great Expectations takes seconds to start, and checks many counties at once."""
DEFAULTS: dict[str, Any] = {
    "owner": "值班员 duty operator",
    "retries": 2,
    "retry_delay": timedelta(seconds=settings().retry_seconds),
    "retry_exponential_backoff": 2.0,  # with Airflow's own jitter
    "max_retry_delay": timedelta(minutes=30),
    "retry_policy": ExceptionRetryPolicy(
        rules=[
            RetryRule(exception=errors.TransientError, action=RetryAction.RETRY, reason="may pass by itself"),
            RetryRule(
                exception=[errors.PermanentError, errors.UsageError, errors.CatalogueError],
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
    wanted = stages.months_to_collect(catalogue, [Period.parse(period)] if period else [], window=months)
    return stages.batches(catalogue, wanted, PULL_TASKS)


@task(pool="qiangji_pull", task_display_name="采集 pull", map_index_template="{{ names }}")
def pull(batch: dict[str, Any]) -> dict[str, Any]:
    """Pull a batch of counties; returns the number of new deliveries, and seconds by stage.

    A county that fails for a reason that may pass is left to `collect_again`, so that nobody waits for it. Raises
    CollectError after the last county if one failed for another reason.
    """
    context = get_current_context()
    _name_on_pages(batch["names"])
    _with_airflows_connections()
    months = [Period.parse(m) for m in batch["months"]]
    with pipeline.open_pipeline() as p:
        result = stages.pull(p, batch["counties"], months, str(context["run_id"]))
    failed = [(county, e) for county, *_, e in result.failures]
    may_pass = sorted({county for county, e in failed if isinstance(e, errors.TransientError)})
    context["ti"].xcom_push(MAY_PASS, may_pass)
    if lasting := [e for _, e in failed if not isinstance(e, errors.TransientError)]:
        raise errors.summed_up(lasting)
    return {"deliveries": result.deliveries, "seconds": dict(result.seconds)}


@task(
    pool="qiangji_check",
    task_display_name="核查 check",
    map_index_template="{{ names }}",
    trigger_rule="all_done",
)
def check(batches: list[dict[str, Any]] | None, share: int) -> dict[str, Any]:
    """Check this share's new deliveries; returns how many submissions have each status, and seconds by stage."""
    if batches is None:  # `plan` failed: its own words, and those of `verdict`, say why
        raise AirflowSkipException("nothing was planned")
    counties = [c for batch in batches for c in batch["counties"]][share :: len(CHECK_SHARES)]
    watch = Stopwatch()
    with pipeline.open_pipeline() as p:
        _name_on_pages(stages.named(p.catalogue, counties))
        submissions = stages.check(p, counties, watch)
    return {"submissions": dict(Counter(s.status for s in submissions)), "seconds": dict(watch)}


def _name_on_pages(names: str) -> None:
    """What Airflow's pages call this one of the mapped tasks: `map_index_template` looks for it in the context."""
    context: Any = get_current_context()
    context["names"] = names


def announce_months(period: str | None = None) -> list[str]:
    """Announce each month that is to be built as a partition of the reports' asset; returns the months.

    That is the month of `period`; without it the reporting month, and each with a revision that no build has seen.
    An event without a partition would be seen by no DAG that follows partitions.
    """
    asked = [Period.parse(period)] if period else []
    months = set(stages.months_to_collect(pipeline.read_catalogue(), asked, window=1))
    return _announced(months if period else months | _unbuilt())


@task(outlets=[REPORTS], trigger_rule="all_done", task_display_name="再通知 announce_again")
def announce_again() -> list[str]:
    """Announce each month of which `collect_again` brought what no build has seen; returns the months."""
    return _announced(_unbuilt() if _may_pass(get_current_context()["ti"]) else set())


def _announced(months: set[Period]) -> list[str]:
    announced = [str(m) for m in sorted(months)]
    get_current_context()["outlet_events"][REPORTS].add_partitions(announced)
    return announced


def _unbuilt() -> set[Period]:
    from qiangji import building

    with pipeline.open_pipeline() as p:
        return set(building.unbuilt_months(p.ledger.engine, p.catalogue, stages.local_today()))


def _may_pass(ti: Any) -> list[str]:
    """The counties that the run's pulls left to `collect_again`, in order."""
    told = ti.xcom_pull(task_ids=["pull"], key=MAY_PASS)
    return sorted(chain.from_iterable(counties for counties in told if counties))


@task(pool="qiangji_pull", trigger_rule="all_done", task_display_name="再采 collect_again")
def collect_again(batches: Any) -> dict[str, Any]:
    """Collect the counties that failed for a reason that may pass, once the others are checked and announced.

    `batches`: what `plan` returned, None if it failed. Returns what `pull` and `check` do. Raises CollectError if one
    of them fails again.
    """
    context = get_current_context()
    told = _may_pass(context["ti"])
    result, checked = stages.Collected(""), Counter[str]()
    if batches and told:
        _with_airflows_connections()
        run_id, months = str(context["run_id"]), [Period.parse(m) for m in batches[0]["months"]]
        with pipeline.open_pipeline() as p:
            # an earlier try may have reached some, and not have come to check them
            failed = {f.county_code for f in p.ledger.failures(run_id)}
            if lost := [county for county in told if county in failed]:
                result = stages.collect(p, lost, months, run_id)
            checked.update(s.status for s in [*result.submissions, *stages.check(p, told)])
        if result.failures:
            raise errors.summed_up([e for *_, e in result.failures])
    return {
        "deliveries": result.deliveries,
        "submissions": dict(checked),
        "seconds": dict(result.seconds),
    }


@task(pool="qiangji_build", outlets=[FIGURES], task_display_name="计算 build")
def build() -> dict[str, Any]:
    """Build the run's month and announce its figures; returns what changed, and seconds by stage."""
    from qiangji import building
    from qiangji.building.corrected import require_none_stale
    from qiangji.building.failing import require_none_failed

    partition_key = period_of_run()
    if not partition_key:
        raise errors.UsageError(
            "a run without a partition",
            expected="a month such as 2026-10",
            zh="该运行没有分区：请填报告期，如2026-10。",
            code="no_partition",
        )
    with pipeline.open_pipeline() as p:
        built = building.build(p, [Period.parse(partition_key).last_month])
    announced = get_current_context()["outlet_events"][FIGURES]
    announced.add_partitions([str(m) for m in built.months])
    announced.extra = {"rows_inserted": built.rows_inserted, "rows_closed": built.rows_closed}
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


@task(trigger_rule="all_done", retries=0, task_display_name="结论 verdict")
def verdict() -> str:
    """Say what the run did, in a line; fail it if a county could not be collected, or if another task failed.

    Of a month that `plan` refused, fail with the refusal's own words.
    """
    from qiangji.figures import reading

    context = get_current_context()
    ti, run_id = context["ti"], str(context["run_id"])
    states = ti.get_task_states(dag_id=ti.dag_id, task_ids=COLLECT_TASKS, run_ids=[run_id]).get(run_id, {})
    broken = sorted(task for task, state in states.items() if state in ("failed", "upstream_failed"))
    with pipeline.open_pipeline() as p:
        if "plan" in broken and (period := period_of_run()):
            stages.months_to_collect(p.catalogue, [Period.parse(period)])
        names = reading.status_names(p.ledger.engine)
        lost = stages.lost(p, run_id)
        stages.tell_of_unknown_years(p.catalogue)
    for line in lost:
        log.error("not collected: %s", line)
    said = stages.in_a_line(names, *_results(ti))
    if by := context["dag_run"].triggering_user_name:
        said += f"; 启动人 started by {by}"
    if lost or broken:
        log.info("%s", said)  # of a green run Airflow logs what is returned
        raise stages.incomplete(run_id, lost, broken)
    return said


@task.short_circuit(task_display_name="工作日 working_day")
def working_day() -> bool:
    """Whether the counties' offices are open today; a run by hand looks on any day."""
    by_hand = get_current_context()["dag_run"].run_type == "manual"
    return by_hand or pipeline.read_catalogue().calendar.is_working_day(stages.local_today())


@task(task_display_name="查看 look")
def look() -> dict[str, int]:
    """Log every submission that needs attention; returns how many have each status (or lack units)."""
    counts: dict[str, int] = {}
    with pipeline.open_pipeline() as p:
        stages.tell_of_unknown_years(p.catalogue)
        for what, line in stages.needing_attention(p):
            counts[what] = counts.get(what, 0) + 1
            log.warning("%s", line)
    return counts


@task(task_display_name="反馈 feedback")
def feedback() -> dict[str, int]:
    """Send annotated workbooks to counties; returns how many were sent, failed or had been sent before."""
    from qiangji import feedback as way_back

    _with_airflows_connections()
    with pipeline.open_pipeline() as p:
        return dict(Counter(sent.status for sent in way_back.send(p)))


@task(task_display_name="信件 letters")
def letters() -> dict[str, int]:
    """Send the day's letters; returns how many were sent, failed, were sent before or have no address."""
    from qiangji import letters as room

    _with_airflows_connections()
    with pipeline.open_pipeline() as p:
        return dict(Counter(one.status for one in room.send(p)))


class QiangjiPlugin(AirflowPlugin):
    """The timetable, which stored DAGs need to be read again, and the pages."""

    name = "qiangji"
    timetables = [NightlyPartition]  # noqa: RUF012 - Airflow reads plain lists
    fastapi_apps = [{"app": pages, "url_prefix": "/qiangji", "name": "qiangji"}]  # noqa: RUF012
    fastapi_root_middlewares = [{"middleware": made_ready, "name": "qiangji pages"}]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {
            "name": "看板",  # the only one: with a second, the bar at the left shows a menu of plugins instead
            "href": "qiangji/board/",  # no leading slash: Airflow may lie under a path of a proxy
            "url_route": "qiangji-board",
            "destination": "nav",
        }
    ]


def period_of_run() -> str | None:
    """The run's partition, or its parameter `period` if it has none (a test, a run by hand)."""
    context = get_current_context()
    return context["dag_run"].partition_key or context["params"].get("period")


def _results(ti: Any) -> list[list[Any]]:
    """What was planned, pulled, checked and announced, of the tasks that ended well."""
    returned = {t: [x for x in ti.xcom_pull(task_ids=[t]) if x is not None] for t in COLLECT_TASKS}
    again = returned["collect_again"]
    plan, months = chain(*returned["plan"]), {*chain(*returned["announce"], *returned["announce_again"])}
    return [list(plan), returned["pull"] + again, returned["check"] + again, sorted(months)]


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
    raise errors.PermanentError(
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
        with airflows.engine.connect() as c:  # type: ignore[union-attr] # there once airflow is imported
            known = text("SELECT count(*) FROM connection WHERE conn_id = :id")
            return bool(c.scalar(known, {"id": conn_id}))
    except SQLAlchemyError as e:
        problem = type(e).__name__
    raise errors.TransientError(
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
