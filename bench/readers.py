"""Readers under load: what BI tools and the board wait for on 24 months of a nation's marts, alone and during a build.

    make bench-readers ARGS="--share 1"          (python -m bench.readers --share 1)

In: the nation of `national`, one month collected and built. Its result rows are then written again as those of the 23
months before, which no report stands behind: the queries read figures alone. Out: a table and a dated JSON in
bench/results: milliseconds a query until its last row is there, of `--readers` readers who look, think a while and look
again; first with nothing else running, then while `qiangji build --again` builds the month anew.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table

from bench.nation_world import FORM, World
from bench.national import Run, kept, machine, running
from qiangji.periods import Period, span
from qiangji.settings import PROJECT
from qiangji.warehouse.roles import BI

MEDIAN, TAIL = 50, 200
"""Milliseconds that a query should take at most: the median, and the 99th of a hundred."""
MONTHS = 24
PROCESSES = 4
THINK = (0.5, 3.5)
"""Seconds from an answer to the next question."""
_VALUES = "SELECT org_code, period, value, obs_status FROM mart.indicator_value"
QUERIES = {
    "one indicator, all counties, one month": f"{_VALUES} WHERE indicator_code = %(indicator)s"
    " AND org_level = 'county' AND period = %(period)s AND period_type = 'month'",
    "one indicator, all counties, 24 months": f"{_VALUES} WHERE indicator_code = %(indicator)s"
    " AND org_level = 'county' AND period_type = 'month' AND period BETWEEN %(first)s AND %(last)s",
    "all indicators of a county, 24 months": "SELECT indicator_code, period, value, obs_status FROM"
    " mart.indicator_value WHERE org_code = %(county)s AND period_type = 'month'",
    "the first hundred towns": f"{_VALUES} WHERE indicator_code = %(indicator)s AND org_level = 'town'"
    " AND period = %(period)s AND period_type = 'month' ORDER BY value DESC NULLS LAST LIMIT 100",
    "a village's history": f"{_VALUES} WHERE indicator_code = %(indicator)s AND org_code = %(village)s"
    " AND period_type = 'month'",
    "comparison of one indicator and month, all counties": "SELECT org_code, value, change, year_change, rank FROM"
    " mart.indicator_comparison WHERE indicator_code = %(indicator)s AND period = %(period)s"
    " AND period_type = 'month' AND org_level = 'county'",
    "path to the target of one indicator and month, all counties": "SELECT org_code, path, gap, band FROM"
    " mart.indicator_target_status WHERE indicator_code = %(indicator)s AND period = %(period)s"
    " AND org_level = 'county'",
    "who reported a month": "SELECT county_code, form, status FROM mart.reporting_status WHERE period = %(last)s",
}


@dataclass(frozen=True)
class Asked:
    """What the queries are asked of: each reader draws from it."""

    indicators: list[str]
    counties: list[str]
    villages: list[str]
    periods: list[str]

    def drawn(self, chance: random.Random) -> dict[str, str]:
        return {
            "indicator": chance.choice(self.indicators),
            "county": chance.choice(self.counties),
            "village": chance.choice(self.villages),
            "period": chance.choice(self.periods),
            "first": self.periods[0],
            "last": self.periods[-1],
        }


def main() -> int:
    options = _options()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.chdir(PROJECT)
    console = Console()
    world = World(options.share, "2026-01")
    with console.status("making the nation, unless it is there"):
        made = world.made()
    with running(world) as run:
        for command in ("open", "collect", "build"):
            run.qiangji(command, *([] if command == "open" else ["--period", world.period]))
        with console.status("writing its figures as those of earlier months"):
            rows = _spread(run, world)
        asked = _asked(run)
        alone = _read(run, asked, options.readers, options.seconds)
        start = time.monotonic()
        build = subprocess.Popen(
            [sys.executable, "-m", "qiangji", "build", "--period", world.period, "--again", "--json"],
            env=run.environment,
            stdout=subprocess.DEVNULL,
        )
        during = _read(run, asked, options.readers, options.seconds, build)
        if build.wait():
            raise SystemExit("the build failed")
        seconds = time.monotonic() - start
        plain = run.qiangji("build", "--period", world.period, "--again").whole.wall
    result = machine() | {
        "options": vars(options), "made": made, "result_rows": rows, "months": MONTHS, "think": THINK,
        "build_seconds": {"with readers": round(seconds, 1), "alone": round(plain, 1)},
        "alone": _told(alone), "during": _told(during),
    }  # fmt: skip
    path = kept(result, f"readers-{{}}-{options.share:g}")
    show(console, result)
    console.print(str(path.relative_to(PROJECT)))
    return 0


def _spread(run: Run, world: World) -> int:
    """Write the month's result rows as those of the months before; returns how many there are then."""
    months = _periods(world.period)[:-1]
    table = f"calc.{FORM}"
    with psycopg.connect(run.url("qiangji"), autocommit=True) as c:
        columns = [
            r[0]
            for r in c.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
                " AND NOT attisdropped AND attgenerated = '' AND attidentity = ''",
                (table,),
            )
        ]
        shown = ", ".join("%(month)s" if n == "period" else n for n in columns)
        for month in months:
            c.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) SELECT {shown} FROM {table}"
                " WHERE period = %(of)s AND period_type = 'month' AND built_to IS NULL",
                {"month": month, "of": world.period},
            )
        c.execute(f"VACUUM ANALYZE {table}")
        (rows,) = c.execute(f"SELECT count(*) FROM {table} WHERE built_to IS NULL").fetchone() or (0,)
    return int(rows)


def _periods(last: str) -> list[str]:
    end = Period.parse(last)
    return [str(month) for month in span(end - (MONTHS - 1), end)]


def _asked(run: Run) -> Asked:
    with psycopg.connect(run.url("qiangji")) as c:

        def column(statement: str) -> list[str]:
            return [r[0] for r in c.execute(statement)]

        of_level = (
            "SELECT org_code FROM dim.org_unit WHERE org_level = '{}' ORDER BY md5(org_code) LIMIT 2000"
        )
        return Asked(
            column(
                "SELECT DISTINCT indicator_code FROM mart.indicator_value WHERE org_level = 'city' ORDER BY 1"
            ),
            column(of_level.format("county")),
            column(of_level.format("village")),
            column("SELECT DISTINCT period FROM mart.indicator_value WHERE org_level = 'city' ORDER BY 1"),
        )


# ---- readers


def _read(
    run: Run, asked: Asked, readers: int, seconds: float, until: subprocess.Popen[bytes] | None = None
) -> dict[str, list[float]]:
    """Milliseconds of each query. Readers look for so many seconds, or until a process has ended."""
    spawned = multiprocessing.get_context("spawn")
    ended, results = spawned.Event(), spawned.Queue()
    url = run.server.url("qiangji", role=BI, driver=None)
    groups = [range(n, readers, PROCESSES) for n in range(PROCESSES)]
    processes = [
        spawned.Process(target=_reading, args=(url, asked, list(group), ended, results)) for group in groups
    ]
    for process in processes:
        process.start()
    if until is None:
        time.sleep(seconds)
    else:
        until.wait()
    ended.set()
    found: dict[str, list[float]] = {name: [] for name in QUERIES}
    for _ in processes:
        for name, took in results.get(timeout=120):
            found[name].append(took)
    for process in processes:
        process.join()
    return found


def _reading(url: str, asked: Asked, readers: Sequence[int], ended: Any, results: Any) -> None:
    """Some of the readers, a thread each."""
    found: list[tuple[str, float]] = []

    def look(number: int) -> None:
        chance = random.Random(number)
        with psycopg.connect(url, autocommit=True) as c:
            while not ended.wait(chance.uniform(*THINK)):
                name = chance.choice(list(QUERIES))
                start = time.perf_counter()
                with suppress(psycopg.errors.QueryCanceled):  # after a minute, which its time then tells
                    c.execute(QUERIES[name], asked.drawn(chance)).fetchall()
                found.append((name, 1000 * (time.perf_counter() - start)))

    threads = [threading.Thread(target=look, args=(number,)) for number in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put(found)


# ---- what is told


def _told(found: Mapping[str, list[float]]) -> dict[str, dict[str, float]]:
    return {
        name: {
            "asked": len(took),
            "median": round(statistics.median(took), 1),
            "p99": round(sorted(took)[min(len(took) - 1, int(0.99 * len(took)))], 1),
        }
        for name, took in found.items()
        if took
    }


def show(console: Console, result: Mapping[str, Any]) -> None:
    table = Table(
        title=f"{result['result_rows']:,} result rows of {result['months']} months,"
        f" {result['options']['readers']} readers; target {MEDIAN} ms and {TAIL} ms",
        title_justify="left",
    )
    table.add_column("milliseconds")
    for heading in ("alone: median", "p99", "asked", "during a build: median", "p99", "asked"):
        table.add_column(heading, justify="right")
    for name in QUERIES:
        cells = [result[when].get(name, {}) for when in ("alone", "during")]
        table.add_row(name, *(f"{c.get(n, '-')}" for c in cells for n in ("median", "p99", "asked")))
    console.print(table)
    took = result["build_seconds"]
    console.print(f"the build took {took['with readers']} s with readers, {took['alone']} s without")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--share", type=float, default=0.1, help="share of the counties, spread out")
    parser.add_argument("--readers", type=int, default=20, help="who look at the same time")
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="how long they look while nothing else runs"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
