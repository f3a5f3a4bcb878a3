"""One night of all county systems, one month, all forms due: through Airflow, and by the command line.

In: the project, and the county systems of the simulator at full scale, one month of them. Out: a table, and
bench/results/night.json. Each way is measured in a home of its own, `--repeat` times; the better run counts,
because other work on the machine can only make it slower. See bench/README.md for what is in each figure.

    .venv/bin/python bench/night.py [--repeat 2] [--scale 1]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from rich.console import Console
from rich.table import Table

from qiangji import pipeline, stages
from qiangji.catalogue.load import load
from qiangji.embedded import EmbeddedPostgres
from qiangji.local import demo, processes
from qiangji.local.client import AirflowClient
from qiangji.local.runs import Run, busy_seconds, task_seconds
from qiangji.local.settings import cores
from qiangji.periods import reporting_month
from qiangji.settings import PROJECT, Settings, settings
from qiangji.warehouse import open_warehouse, reading_warehouse

TARGETS = {"airflow": 60.0, "command_line": 15.0}
RESULTS = PROJECT / "bench" / "results" / "night.json"
SECONDS = 600.0
Measured = dict[str, Any]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--scale", type=float, default=1.0, help="share of villages and communities")
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or every process compiles everything it imports
    os.environ["SIMULATOR_SCALE"] = str(options.scale)
    console = Console()
    found: dict[str, list[Measured]] = {"airflow": [], "command_line": []}
    ways: dict[str, Callable[[Settings, EmbeddedPostgres], Measured]] = {
        "airflow": through_airflow,
        "command_line": by_command_line,
    }
    for number in range(options.repeat):
        for way, measure in ways.items():
            load_before = os.getloadavg()[0]
            with console.status(f"{way}, run {number + 1} of {options.repeat}"), empty_home() as (s, server):
                one = measure(s, server) | {"load_before": round(load_before, 2)}
            found[way].append(one)
            console.print(f"{way}: {one['seconds']} s")
    best = {way: min(runs, key=lambda r: r["seconds"]) for way, runs in found.items()}
    result = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": cores(), "processor": platform.machine(), "python": platform.python_version()},
        "versions": {
            p: version(p) for p in ("apache-airflow-core", "great-expectations", "pandas", "duckdb")
        },
        "scale": options.scale,
        "targets": TARGETS,
        "ratio": round(best["airflow"]["seconds"] / best["command_line"]["seconds"], 2),
        "best": best,
        "runs": {way: [r["seconds"] for r in runs] for way, runs in found.items()},
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    show(console, result)
    return 0 if all(best[way]["seconds"] < target for way, target in TARGETS.items()) else 1


@contextmanager
def empty_home() -> Iterator[tuple[Settings, EmbeddedPostgres]]:
    """A home with a running server and a warehouse that is migrated and holds nothing."""
    with tempfile.TemporaryDirectory(prefix="qiangji-bench-") as folder, ExitStack() as stack:
        os.environ["QIANGJI_HOME"] = folder
        settings.cache_clear()
        load.look()
        server = EmbeddedPostgres(settings().home)
        stack.callback(server.destroy)
        stack.enter_context(server.running_server())
        with open_warehouse(settings(), pipeline.read_catalogue()):
            pass
        yield settings(), server


# ---- through Airflow


def through_airflow(s: Settings, server: EmbeddedPostgres) -> Measured:
    """From the trigger of `collect_nightly` to the end of the build that follows it; the rest is up before."""
    month = str(reporting_month(stages.local_today()))
    airflow = demo.airflow_of(s, server, months=1)
    with ExitStack() as stack:
        stack.callback(airflow.stop)
        airflow.start()
        airflow.wait_ready()
        client = stack.enter_context(airflow.client())
        demo.prepare(client, s)
        time.sleep(5)  # what was started has settled
        triggered = time.time()
        run_id = client.trigger("collect_nightly", conf={"months": 1})
        night, build = ended(client, run_id, month)
        return breakdown(client, triggered, night, build) | counted(s)


def ended(
    client: AirflowClient, run_id: str, month: str, seconds: float = SECONDS, *, may_be_red: bool = False
) -> tuple[Run, Run]:
    """The night and the build that followed, once both are green; `may_be_red`: the night, where a county hangs."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        night = client.run("collect_nightly", run_id)
        builds = [r for r in client.runs("build_indicators") if r.partition_key == month]
        for run in (*builds, *([] if may_be_red else [night])):
            if run.state == "failed":
                raise SystemExit(f"{run.dag_id} has failed: measured is what works")
        if night.has_ended and builds and {r.state for r in builds} == {"success"}:
            return night, builds[0]
        time.sleep(0.5)  # seldom: asking costs the api-server, which has other things to do
    raise SystemExit(f"no build of {month} after {seconds:.0f} s")


def breakdown(client: AirflowClient, triggered: float, night: Run, build: Run) -> Measured:
    of_night, (built,) = (client.task_instances(run.dag_id, run.run_id) for run in (night, build))
    assert built.end
    assert night.end
    # verdict, and what else of the night ends later, keeps nobody waiting
    before = [i for i in of_night if i.start and i.start < built.end]
    whole = built.end.timestamp() - triggered
    busy = busy_seconds((i.start, i.end) for i in [*before, built])
    stages: dict[str, float] = {}
    for run, i in [*((night, i) for i in of_night), (build, built)]:
        if i.task_id in ("pull", "check", "build") and i.state == "success":  # a red one returned nothing
            answer = client.returned(run.dag_id, run.run_id, i.task_id, i.map_index)
            for stage, seconds in answer["seconds"].items():
                stages[stage] = stages.get(stage, 0.0) + seconds
    tasks = task_seconds([*of_night, built])
    return {
        "seconds": round(whole, 1),
        "run_ended_after": round(night.end.timestamp() - triggered, 1),
        "no_task_ran": round(whole - busy, 1),
        "tasks": {name: {"n": n, "seconds": round(seconds, 1)} for name, (n, seconds) in tasks.items()},
        "stages": {name: round(seconds, 2) for name, seconds in stages.items()},
        "around_stages": round(sum(seconds for _, seconds in tasks.values()) - sum(stages.values()), 1),
    }


# ---- by the command line


def by_command_line(s: Settings, server: EmbeddedPostgres) -> Measured:
    """`qiangji collect` and `qiangji build`, two processes that start from nothing."""
    month = str(reporting_month(stages.local_today()))
    airflow = demo.airflow_of(s, server, months=1)  # for its county systems; it is not started
    environment = {**os.environ, **airflow.env}
    systems = processes.start(
        airflow.programs["simulator"], environment=environment, mark=str(s.home), log=s.home / "logs" / "simulator.log",
        folder=s.home,
    )  # fmt: skip
    try:
        while not (s.home / "simulator" / "control.json").exists():
            if systems.poll() is not None:
                raise SystemExit(processes.tail(s.home / "logs" / "simulator.log"))
            time.sleep(0.1)
        time.sleep(2)
        collect, collected = _command(environment, "collect", "--period", month)
        build, built = _command(environment, "build")
    finally:
        processes.end(str(s.home), [systems])
    seconds_of = {
        name: round(seconds, 2) for name, seconds in {**collected["seconds"], **built["seconds"]}.items()
    }
    return {
        "seconds": round(collect + build, 1),
        "commands": {"collect": round(collect, 1), "build": round(build, 1)},
        "stages": seconds_of,
        "around_stages": round(collect + build - sum(seconds_of.values()), 1),
    } | counted(s)


def _command(environment: dict[str, str], *arguments: str) -> tuple[float, dict[str, Any]]:
    start = time.perf_counter()
    ran = subprocess.run(
        [sys.executable, "-m", "qiangji", *arguments, "--json"],
        env=environment, cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    seconds = time.perf_counter() - start
    if ran.returncode not in (0, 3):  # 3: done, and something was returned
        raise SystemExit(f"qiangji {' '.join(arguments)} ended with {ran.returncode}: {ran.stderr[-2000:]}")
    said: dict[str, Any] = json.loads(ran.stdout)
    return seconds, said


# ---- what came of it


def counted(s: Settings) -> Measured:
    """Rows that were accepted and figures that are in the mart: the same whichever way."""
    import sqlalchemy as sa

    with reading_warehouse(s) as engine, engine.connect() as c:
        rows = c.scalar(sa.text("SELECT sum(rows_accepted) FROM mart.reporting_status"))
        figures = c.scalar(sa.text("SELECT count(*) FROM mart.indicator_value"))
    return {"rows_accepted": int(rows or 0), "figures": int(figures or 0)}


def show(console: Console, result: dict[str, Any]) -> None:
    airflow, line = result["best"]["airflow"], result["best"]["command_line"]
    table = Table(
        title=f"One night, {airflow['rows_accepted']:,} rows, {airflow['figures']:,} figures",
        title_justify="left",
    )
    for heading in ("s", "through Airflow", "collect && build"):
        table.add_column(heading, justify="left" if heading == "s" else "right")
    table.add_row("[bold]all[/bold]", f"[bold]{airflow['seconds']}[/bold]", f"[bold]{line['seconds']}[/bold]")
    table.add_row(
        "target", f"< {TARGETS['airflow']:.0f}", f"< {TARGETS['command_line']:.0f}", end_section=True
    )
    table.add_row("Airflow's own: no task ran", str(airflow["no_task_ran"]), "")
    for stage in dict.fromkeys([*line["stages"], *airflow["stages"]]):
        shown = [
            f"{each['stages'][stage]:.2f}" if stage in each["stages"] else "" for each in (airflow, line)
        ]
        table.add_row(stage, *shown)
    table.add_row(
        "around them (start, catalogue, connections)",
        str(airflow["around_stages"]),
        str(line["around_stages"]),
    )
    console.print(table)
    console.print(
        f"Stages of tasks that ran side by side are added up. Airflow takes {result['ratio']} times as long."
        f" {RESULTS.relative_to(PROJECT)}"
    )


if __name__ == "__main__":
    sys.exit(main())
