"""The nation's month through the real Airflow: `collect_nightly`, its county files served over HTTP on loopback.

    python -m bench.national_airflow --share 1 [--hangs]

In: the nation of `national`, of the month that is due now. Out: a table and a dated JSON in bench/results: seconds from
the trigger to the committed marts, Airflow's own part of them (no task ran), the stages, the bytes of every XCom, how
many tasks were tried again, and what Airflow's grid takes. With `--hangs` one county never answers: the
night is red, and the figures of the others are built before it is tried again.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import quote

import httpx2
import psycopg
import yaml
from rich.console import Console
from rich.table import Table

from bench.nation_world import World
from bench.national import kept, machine
from bench.night import breakdown, counted, empty_home, ended
from qiangji import stages
from qiangji.embedded import EmbeddedPostgres
from qiangji.local import demo
from qiangji.local.airflow import AirflowStack
from qiangji.local.client import AirflowClient
from qiangji.local.runs import Run
from qiangji.periods import reporting_month
from qiangji.settings import PROJECT, Settings

OWN, GRID = 60, 2
"""Seconds: of Airflow's own part at most, and of a look at the grid."""
SECONDS = 1800.0
PATIENCE = 15
"""Seconds that the county which hangs is waited for."""


def main() -> int:
    options = _options()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.chdir(PROJECT)
    console = Console()
    month = str(reporting_month(stages.local_today()))
    world = World(options.share, month)
    with console.status("making the nation, unless it is there"):
        made = world.made()
    with _catalogue(world, hangs=options.hangs) as port, empty_home() as (s, server):
        measured = _through_airflow(s, server, world, port, hangs=_hanging(world) if options.hangs else "")
    result = machine() | {"options": vars(options), "made": made, "month": month} | measured
    path = kept(result, f"airflow-{{}}-{options.share:g}{'-hangs' if options.hangs else ''}")
    show(console, result)
    console.print(str(path.relative_to(PROJECT)))
    return 0 if result["no_task_ran"] <= OWN and max(result["grid_seconds"].values()) <= GRID else 1


def _hanging(world: World) -> str:
    """The county that hangs: one in the middle."""
    counties = sorted(p.name for p in (world.folder / "tables").iterdir())
    return counties[len(counties) // 2]


@contextmanager
def _catalogue(world: World, *, hangs: bool) -> Iterator[int]:
    """The nation's catalogue with every county behind HTTP, as the settings' catalogue; gives the port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    folder = world.folder / "over-http"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(world.catalogue, folder, ignore=lambda _, names: {"incoming", "counties.yaml"} & {*names})
    counties = [
        {
            "county": entry["county"], "transport": "http_api", "connection": "nation", "hosts": ["127.0.0.1"],
            "http": {
                "list": {"path": f"/{entry['county']}/files"},
                "fetch": {"path": f"/{entry['county']}/files/{{name}}"},
                "format": "csv", "version_key": "modified",
            },
            **({"timeout": PATIENCE} if hangs and entry["county"] == _hanging(world) else {}),
        }
        for entry in yaml.load((world.catalogue / "counties.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    ]  # fmt: skip
    text = yaml.dump(counties, Dumper=yaml.CSafeDumper)
    (folder / "counties.yaml").write_text(text, encoding="utf-8")
    os.environ |= {"QIANGJI_CATALOGUE": str(folder), "QIANGJI_EXPECTATIONS": str(world.expectations)}
    try:
        yield port
    finally:
        shutil.rmtree(folder)


def _through_airflow(
    s: Settings, server: EmbeddedPostgres, world: World, port: int, hangs: str
) -> dict[str, Any]:
    served = [
        sys.executable,
        "-m",
        "bench.served",
        str(world.folder / "tables"),
        str(port),
        *([hangs] * bool(hangs)),
    ]
    airflow = AirflowStack(
        s.home,
        dags_folder=PROJECT / "dags",
        plugins_folder=PROJECT / "plugins",
        postgres=server,
        env={
            "PYTHONPATH": os.pathsep.join([str(PROJECT / "plugins"), str(PROJECT)]),
            "AIRFLOW_CONN_NATION": f"http://reports:none@127.0.0.1:{port}",
            "QIANGJI_RETRY_SECONDS": "2",
            "GX_ANALYTICS_ENABLED": "false",
        },
        preload=demo.READY,
        programs={"county-files": served},
    )
    with ExitStack() as stack:
        stack.callback(airflow.stop)
        airflow.start()
        airflow.wait_ready()
        client = stack.enter_context(airflow.client())
        for name, slots in demo.POOLS.items():
            client.ensure_pool(name, slots)
        client.wait_for_dags(demo.DAGS)
        for dag in ("collect_nightly", "build_indicators"):
            client.unpause(dag)
        time.sleep(5)  # what was started has settled
        triggered = time.time()
        run_id = client.trigger("collect_nightly", conf={"months": 1})
        night, build = ended(client, run_id, world.period, SECONDS, may_be_red=bool(hangs))
        return (
            breakdown(client, triggered, night, build)
            | counted(s)
            | {"night": night.state, "xcom_bytes": _xcoms(server), "grid_seconds": _grid(client, run_id)}
            | {"tried": sorted(_tries(client, night))}
        )


def _tries(client: AirflowClient, night: Run) -> list[str]:
    """Tasks that were tried more than once, or are red."""
    return [
        f"{i.task_id}[{i.map_index}] {i.state} {i.try_number}"
        for i in client.task_instances(night.dag_id, night.run_id)
        if i.state != "success" or i.try_number > 1
    ]


def _xcoms(server: EmbeddedPostgres) -> dict[str, int]:
    """Task -> bytes of the largest value that it returned, as Airflow keeps it."""
    with psycopg.connect(server.url("airflow", driver=None)) as c:
        rows = c.execute(
            "SELECT task_id, max(length(value::text)) FROM xcom GROUP BY task_id ORDER BY task_id"
        )
        return {task: int(size) for task, size in rows}


def _grid(client: AirflowClient, run_id: str) -> dict[str, float]:
    """Seconds of each question that Airflow's grid page asks: the median of five."""
    base = "/ui/grid"
    paths = {
        "structure": f"{base}/structure/collect_nightly",
        "runs": f"{base}/runs/collect_nightly",
        "task instances": f"{base}/ti_summaries/collect_nightly?run_ids={quote(run_id)}",
    }
    return {
        name: round(statistics.median(_took(client, path) for _ in range(5)), 3)
        for name, path in paths.items()
    }


def _took(client: AirflowClient, path: str) -> float:
    start = time.perf_counter()
    answer = httpx2.get(
        f"{client.url}{path}",
        headers={"Authorization": f"Bearer {client._token}"},
        timeout=60,
        trust_env=False,
    )
    answer.raise_for_status()
    return time.perf_counter() - start


def show(console: Console, result: dict[str, Any]) -> None:
    made = result["made"]
    table = Table(
        title=f"{made['rows']:,} rows of {made['counties']:,} counties through Airflow: the night is"
        f" {result['night']}", title_justify="left",
    )  # fmt: skip
    for heading in ("", "s"):
        table.add_column(heading, justify="left" if not heading else "right")
    table.add_row("[bold]trigger to marts[/bold]", f"[bold]{result['seconds']}[/bold]")
    table.add_row(f"Airflow's own: no task ran (at most {OWN})", str(result["no_task_ran"]))
    for name, task in result["tasks"].items():
        table.add_row(f"{task['n']} x {name}", str(task["seconds"]))
    for stage, seconds in result["stages"].items():
        table.add_row(f"  {stage}", str(seconds))
    for name, seconds in result["grid_seconds"].items():
        table.add_row(f"grid: {name} (at most {GRID})", str(seconds))
    console.print(table)
    console.print(
        f"bytes of the largest XCom: {result['xcom_bytes']}; tried again or red: {result['tried'] or 'none'}"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--share", type=float, default=0.1, help="share of the counties, spread out")
    parser.add_argument("--hangs", action="store_true", help="one county never answers")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
