"""The nation's month: what the project takes for it, beside what DuckDB and COPY take for the same.

    make bench-nation ARGS="--share 0.1"          (python -m bench.national --share 0.1)

In: `nation_world` (files and catalogue, made once). Out: a table, and a dated JSON in bench/results. Measured are the
two commands, `qiangji collect` and `qiangji build`, as processes that start from nothing, against the embedded
PostgreSQL with its ordinary settings; in the same run the floor (`nation_floor`), twice, of which the faster counts.
Both must end with the same facts and figures. With `--months N` there are N months, one after the other, of which the
last is held beside the first; with `--correct` one county then sends its last month again, and what that costs is
held beside the last month's. See bench/README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.agreeing import Agreement, Held, agreement
from bench.nation_world import FORM, World
from bench.watching import Spent, Watched, watch
from qiangji.embedded import EmbeddedPostgres
from qiangji.embedded.install import known_data
from qiangji.embedded.process import postmaster
from qiangji.local.settings import cores
from qiangji.settings import PROJECT

TARGET = 2.0
PACKAGES = ("great-expectations", "pandas", "pyarrow", "duckdb", "psycopg", "pydantic", "qiangji")


@dataclass(frozen=True)
class Run:
    """A home with a running server, and where its timelines go."""

    world: World
    server: EmbeddedPostgres
    process: int
    environment: dict[str, str]
    folder: Path

    def qiangji(self, command: str, *more: str) -> Watched:
        found = self.watch("bench.staged", command, *more, *([] if command == "open" else ["--json"]))
        if found.returncode not in (0, 3):  # 3: done, and something was returned
            raise SystemExit(f"qiangji {command} ended with {found.returncode}")
        return found

    def floor(self) -> Watched:
        self.empty("floor")
        found = self.watch("bench.nation_floor", json.dumps(vars(self.world)), self.url("floor"))
        if found.returncode:
            raise SystemExit(f"the floor ended with {found.returncode}")
        return found

    def empty(self, database: str) -> None:
        """A database of that name with nothing in it."""
        self.drop(database)
        with self.server.connect() as c:
            c.execute(f"CREATE DATABASE {database}")

    def drop(self, database: str) -> None:
        with self.server.connect() as c:
            c.execute(f"DROP DATABASE IF EXISTS {database}")

    def watch(self, module: str, *arguments: str) -> Watched:
        timeline = self.folder / f"{module}.json"
        command = [sys.executable, "-m", module, str(timeline), *arguments]
        return watch(command, self.environment, self.process, timeline)

    def url(self, database: str) -> str:
        return self.server.url(database, driver=None)


def main() -> int:
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # whoever ends it early has its server ended too
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or every process compiles everything it imports
    console = Console()
    world = World(options.share, options.period, options.rejected, options.xlsx, options.months)
    os.chdir(PROJECT)
    with console.status("making the nation, unless it is there"):
        made = world.made()
        for path in (world.catalogue / "incoming").glob("*/*"):
            path.read_bytes()  # both read it from memory
    with running(world) as run:
        measured = {"open": _told(console, "open", run.qiangji("open"))}
        floors = [_told(console, "floor", run.floor())]
        measured |= _month(console, run, world.period)
        floors.append(_told(console, "floor", run.floor()))
        same = compared(run)
        for period in world.periods[1:]:
            measured |= _month(console, run, period, f" {period}")
        if options.correct:
            measured |= _corrected(console, run, world)
        if options.spark:
            measured |= _on_spark(console, run, world.periods[-1])
    floor = min(floors, key=lambda f: f.whole.wall)
    result = _result(options, made, floor, measured)
    result |= {"floors": [round(f.whole.wall, 2) for f in floors], "same": same.told()}
    path = _kept(result)
    show(console, result)
    for said in _beside(measured, world):
        console.print(said)
    console.print(f"Same facts and figures: {same.said}. {path.relative_to(PROJECT)}")
    return 0 if same.is_same else 1


def _month(console: Console, run: Run, period: str, name: str = "") -> dict[str, Watched]:
    return {
        f"{command}{name}": _told(console, f"{command}{name}", run.qiangji(command, "--period", period))
        for command in ("collect", "build")
    }


def _corrected(console: Console, run: Run, world: World) -> dict[str, Watched]:
    """One county sends its last month again. What is built then is what a build of everything gives."""
    county, period = world.correct(), world.periods[-1]
    collect = run.qiangji("collect", "--county", county, "--period", period)
    found = {"collect corrected": _told(console, "collect corrected", collect)}
    found["build corrected"] = _told(console, "build corrected", run.qiangji("build", "--period", period))
    again = run.qiangji("build", "--period", period, "--again")
    said = json.loads(again.output)
    if said["rows_closed"] or said["rows_inserted"]:
        raise SystemExit(f"a build of everything changes what was corrected: {again.output}")
    return found | {"build again": _told(console, "build again", again)}


def _on_spark(console: Console, run: Run, period: str) -> dict[str, Watched]:
    """The month built once more on DuckDB and on Spark; neither may change a row."""
    path = f"{run.environment['PYTHONPATH']}{os.pathsep}{Path(sys.prefix) / 'spark'}"
    found = {}
    for kind in ("duckdb", "spark"):
        on = replace(run, environment={**run.environment, "QIANGJI_ENGINE": kind, "PYTHONPATH": path})
        again = on.qiangji("build", "--period", period, "--again")
        said = json.loads(again.output)
        if said["rows_closed"] or said["rows_inserted"]:
            raise SystemExit(f"a build on {kind} changes rows: {again.output}")
        found[f"again on {kind}"] = _told(console, f"again on {kind}", again)
    return found


def _beside(measured: dict[str, Watched], world: World) -> Iterator[str]:
    """What the last month takes beside the first, and a correction beside its month: processor and server seconds."""

    def seconds(name: str) -> float:
        both = measured[f"collect{name}"].whole + measured[f"build{name}"].whole
        return both.processor + both.server

    last = f" {world.periods[-1]}" if world.months > 1 else ""
    if last:
        ratio = seconds(last) / seconds("")
        yield f"Month {world.months} takes {ratio:.2f} x the processor seconds of the first (target 1.1)"
    if "build corrected" in measured:
        share = seconds(" corrected") / seconds(last)
        yield f"One county's correction takes {share:.1%} of its month's processor seconds (target 3% at the whole)"
    if "again on spark" in measured:
        duckdb, spark = (measured[f"again on {kind}"].stages["figures"] for kind in ("duckdb", "spark"))
        ratios = (
            f"{spark.wall / duckdb.wall:.1f} x the time and {spark.processor / duckdb.processor:.1f} x the"
        )
        yield f"Figures on Spark take {ratios} processor seconds of DuckDB's"


def _told(console: Console, what: str, watched: Watched) -> Watched:
    """What has been measured so far, for whoever waits."""
    stages = ", ".join(f"{name} {spent.wall:.1f}" for name, spent in watched.stages.items())
    console.print(f"{what} {watched.whole.wall:.1f} s ({stages}), {watched.peak_bytes >> 20:,} MB")
    return watched


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--share", type=float, default=0.1, help="share of the counties, spread out")
    parser.add_argument(
        "--period", default="2026-01", help="the month; of a January the year to date is itself"
    )
    parser.add_argument("--rejected", type=float, default=0.0, help="share of rows that break a rule")
    parser.add_argument("--xlsx", type=float, default=0.0, help="share of counties that send a workbook")
    parser.add_argument("--months", type=int, default=1, help="so many months, one after the other")
    parser.add_argument("--correct", action="store_true", help="then one county sends its last month again")
    parser.add_argument(
        "--spark", action="store_true", help="then the last month is built again, on Spark too"
    )
    return parser.parse_args()


@contextmanager
def running(world: World) -> Iterator[Run]:
    """A home with a running server and an empty warehouse."""
    with tempfile.TemporaryDirectory(prefix="qiangji-bench-") as folder:
        home = Path(folder) / "home"
        environment = {
            **os.environ,
            "QIANGJI_HOME": str(home),
            "QIANGJI_CATALOGUE": str(world.catalogue),
            "QIANGJI_EXPECTATIONS": str(world.expectations),
            "PYTHONPATH": str(PROJECT),
        }
        server = EmbeddedPostgres(home)
        try:
            with server.running_server():
                data = known_data(server.home)
                process = postmaster(data, ready=True) if data else None
                assert process is not None
                yield Run(world, server, process, environment, Path(folder))
        finally:
            server.destroy()


def compared(run: Run) -> Agreement:
    """Whether both ways made the same facts (a county) and the same sums (a unit above villages, and all of them)."""
    return agreement(ours(run), Held(run.url("floor"), "fact", "mart"))


def ours(run: Run) -> Held:
    now = f"(SELECT * FROM calc.{FORM} WHERE built_to IS NULL AND reported_units > 0) AS c"
    return Held(run.url("qiangji"), f"fact.{FORM}", now)


def _result(
    options: argparse.Namespace, made: dict[str, Any], floor: Watched, ours: dict[str, Watched]
) -> dict[str, Any]:
    both = ours["collect"].whole + ours["build"].whole
    return (
        machine()
        | {
            "options": vars(options),
            "made": made,
            "target": TARGET,
            "ratio": round(both.wall / floor.whole.wall, 2),
            "seconds": both.wall,
            "peak_mb": max(w.peak_bytes for w in ours.values()) >> 20,
            "measured": list(ours),
            "floor": floor.told(),
        }
        | {name: watched.told() for name, watched in ours.items()}
    )


def machine() -> dict[str, Any]:
    """When, of which code, and where it is measured."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit.stdout.strip(),
        "machine": {
            "cores": cores(),
            "processor": platform.machine(),
            "python": platform.python_version(),
            "load_before": round(os.getloadavg()[0], 2),
        },
        "versions": {p: version(p) for p in PACKAGES},
    }


def _kept(result: dict[str, Any]) -> Path:
    o = result["options"]
    more = "".join(f"-{name}{o[name]:g}" for name in ("rejected", "xlsx") if o[name])
    more += f"-months{o['months']}" if o["months"] > 1 else ""
    more += "".join(f"-{name}" for name in ("correct", "spark") if o[name])
    return kept(result, f"nation-{{}}-{o['share']:g}{more}")


def kept(result: dict[str, Any], name: str) -> Path:
    """The result as a dated file; `{}` in the name is the minute."""
    minute = result["measured_at"][:16].replace(":", "")
    path = PROJECT / "bench" / "results" / f"{name.format(minute)}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def show(console: Console, result: dict[str, Any]) -> None:
    made = result["made"]
    table = Table(
        title=f"{made['rows']:,} rows in {made['files']:,} files of {made['counties']:,} counties",
        title_justify="left",
    )
    for heading in ("", "wall s", "processor s", "server s", "peak MB", "server MB"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name in ("floor", *result["measured"]):
        one = result[name]
        table.add_row(
            f"[bold]{name}[/bold]",
            *_shown(one),
            str(one["peak_mb"]),
            str(one["server_peak_mb"]),
            style="bold",
        )
        for stage, spent in one["stages"].items():
            table.add_row(f"  {stage}", *_shown(spent), "", "")
        table.add_section()
    console.print(table)
    console.print(
        f"collect and build {result['seconds']} s, {result['ratio']} x the floor"
        f" (target {result['target']}), {result['peak_mb']:,} MB at the peak"
    )


def _shown(spent: dict[str, Any]) -> list[str]:
    return [f"{Spent(spent['wall'], 0, 0).wall:.1f}", f"{spent['processor']:.1f}", f"{spent['server']:.1f}"]


if __name__ == "__main__":
    sys.exit(main())
