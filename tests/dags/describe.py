"""Run in a process of its own: what Airflow makes of the project's dags/ and plugins/, as JSON.

In: AIRFLOW_HOME (empty), AIRFLOW__CORE__DAGS_FOLDER and AIRFLOW__CORE__PLUGINS_FOLDER in the environment, and the file
to write to. Airflow reads these when it is imported, and configures logging for the whole process: hence not in the
tests' own.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import runpy
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

NOON = "2026-11-24T12:00"
TICKS = {
    "collect_nightly": "2026-12-01T01:31",
    "collect_period": "2026-12-01T00:01",
    "watch_reporting": "2026-12-01T08:01",
    "send_letters": "2026-12-01T08:31",
}
"""A minute after the DAG's schedule."""


def main() -> None:
    import airflow.sdk  # noqa: F401 - what every worker has imported before it reads a DAG file
    from airflow.dag_processing.dagbag import DagBag

    folder = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    read = {file.name: parse_alone(file) for file in sorted(folder.glob("*.py"))}

    bag = DagBag(known_pools={"qiangji_pull", "qiangji_check", "qiangji_build", "default_pool"})
    found = {
        "dags": {dag_id: describe(dag) for dag_id, dag in bag.dags.items()},
        "import_errors": bag.import_errors,
        "warnings": bag.captured_warnings,
        "read": read,
        "plugins": plugins(),
    }
    Path(sys.argv[1]).write_text(json.dumps(found, default=str), encoding="utf-8")


def parse_alone(file: Path) -> dict[str, Any]:
    """Seconds that a process which has never seen the package takes to read one DAG file, and what it imports."""
    pipe = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=_parse, args=(file, pipe[1]))
    child.start()
    found: dict[str, Any] = pipe[0].recv()
    child.join()
    return found


def _parse(file: Path, answer: Any) -> None:
    before = set(sys.modules)
    runpy.run_path(str(file))
    answer.send({"imported": sorted({m.partition(".")[0] for m in set(sys.modules) - before})})


def describe(dag: Any) -> dict[str, Any]:
    """What of a DAG the tests hold."""
    from airflow.serialization.serialized_objects import DagSerialization

    written = DagSerialization.to_dict(dag)
    read = DagSerialization.from_dict(written)
    return {
        "schedule": type(dag.timetable).__name__,
        "read_schedule": type(read.timetable).__name__,
        "summary": read.timetable.summary,
        "next_run": next_run(read.timetable, NOON) if dag.dag_id != "build_indicators" else None,
        "first_run": next_run(read.timetable, TICKS[dag.dag_id]) if dag.dag_id in TICKS else None,
        "partitions": partitions(read.timetable) if dag.dag_id == "collect_period" else {},
        "listens_to": [key.name for key, _ in read.timetable.asset_condition.iter_assets()],
        "partitioned_at_runtime": getattr(dag.timetable, "partitioned_at_runtime", False),
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "max_active_tasks": dag.max_active_tasks,
        "tags": sorted(dag.tags),
        "doc": dag.doc_md,
        "shown": read.dag_display_name,
        "owner": dag.owner,
        "description": read.description or "",
        "params": dag.params.dump(),
        "texts": {name: dag.params.get_param(name).description for name in dag.params},
        "read_tasks": sorted(read.task_ids),
        "tasks": {t.task_id: task(t) for t in dag.tasks},
    }


def next_run(timetable: Any, when: str) -> str:
    """The first run of a DAG that is switched on at this time in Shanghai."""
    import time_machine
    from airflow.timetables.base import TimeRestriction

    now = datetime.fromisoformat(when).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    with time_machine.travel(now, tick=False):
        info = timetable.next_dagrun_info(
            last_automated_data_interval=None, restriction=TimeRestriction(None, None, False)
        )
    return str(info.run_after.in_timezone("Asia/Shanghai"))


def task(one: Any) -> dict[str, Any]:
    attributes = {**one.partial_kwargs} if getattr(one, "is_mapped", False) else {}
    outlets = attributes.get("outlets", getattr(one, "outlets", []))
    return {
        "mapped": bool(attributes),
        "shown": one.task_display_name,
        "pool": one.pool,
        "retries": one.retries,
        "retry_delay": one.retry_delay.total_seconds(),
        "backoff": one.retry_exponential_backoff,
        "max_retry_delay": one.max_retry_delay.total_seconds(),
        "timeout": one.execution_timeout.total_seconds(),
        "trigger_rule": str(getattr(one.trigger_rule, "value", one.trigger_rule)),
        "map_index_template": one.map_index_template,
        "outlets": [o.name for o in outlets],
        "upstream": sorted(one.upstream_task_ids),
        "decisions": decisions(attributes.get("retry_policy") or one.retry_policy),
    }


def decisions(policy: Any) -> dict[str, str]:
    """What the policy makes of errors of each class (also of a subclass, and of a foreign one)."""
    from qiangji import errors

    class Busy(errors.TransientError):
        pass

    raised = [
        errors.TransientError("gone"), Busy("busy"), errors.PermanentError("refused"), errors.UsageError("wrong"),
        errors.CatalogueError("a key"), errors.CollectError("some"), RuntimeError("anything"),
        errors.WarehouseError("gone"), errors.LakeError("no room"),
    ]  # fmt: skip
    return {type(e).__name__: policy.evaluate(e, 1, 3).action.value for e in raised}


def partitions(timetable: Any) -> dict[str, str]:
    """Run date -> partition key of the monthly schedule; and what a backfill of three months would make."""
    import pendulum

    november = pendulum.datetime(2026, 11, 1, tz="Asia/Shanghai")
    january = pendulum.datetime(2027, 1, 1, tz="Asia/Shanghai")
    earliest, latest = pendulum.datetime(2026, 7, 1), pendulum.datetime(2026, 9, 1)
    return {
        "a run of 2026-11-01": timetable._get_partition_info(november)[1],
        "a run of 2027-01-01": timetable._get_partition_info(january)[1],
        "backfill": ",".join(
            str(i.partition_key)
            for i in timetable.iter_partition_dagrun_infos(earliest=earliest, latest=latest)
        ),
    }


def plugins() -> dict[str, Any]:
    """What the plugin manager loaded, under which module names."""
    from airflow import plugins_manager

    loaded, errors = plugins_manager._get_plugins()
    folder = os.environ["AIRFLOW__CORE__PLUGINS_FOLDER"]
    files = {
        name: module.__file__
        for name, module in sys.modules.items()
        if str(getattr(module, "__file__", None) or "").startswith(folder)
    }
    return {
        "names": [p.name for p in loaded if str(getattr(p, "source", "")).find("qiangji") >= 0],
        "errors": errors,
        "timetables": sorted(plugins_manager.get_timetables_plugins()),
        "outside_the_package": sorted(n for n in files if n.split(".")[0] != "qiangji"),
    }


if __name__ == "__main__":
    main()
