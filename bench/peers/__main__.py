"""The nation's month done by what people would otherwise pick, beside ours and the floor.

    make bench-peers ARGS="--share 0.01"          (python -m bench.peers --share 0.01)

In: `nation_world`, and the environment bench/peers/.venv (make makes it). Out: a table, and a dated JSON in
bench/results. Each way is run alone, one after the other, on the same files and against the same server; its table of
facts, and its figures where it makes any, must be ours. `--page FILE.json ...` measures nothing: it writes the tables
and the plot of docs/peers.md from such results. See bench/README.md.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.agreeing import Agreement, Held, agreement
from bench.nation_world import FORM, World
from bench.national import Run, kept, machine, ours, running
from bench.peers import given, page
from bench.watching import Watched, watch
from qiangji.settings import PROJECT

HERE = PROJECT / "bench" / "peers"
BIN = HERE / ".venv" / "bin"
PERIOD = "2026-01"
"""Of a January the year to date is the month itself."""
VERSIONS = (
    "dlt",
    "adbc-driver-postgresql",
    "dbt-core",
    "dbt-duckdb",
    "duckdb",
    "great-expectations",
    "pandas",
)

OURS = "import great_expectations, pandas, duckdb, pyarrow.parquet, qiangji.cli"
THEIRS = (
    "import dlt.destinations.impl.postgres.postgres, dlt.sources.filesystem, adbc_driver_postgresql, psycopg2,"
    " great_expectations, pandas, sqlalchemy, duckdb, dbt.cli.main, dbt.adapters.duckdb"
)


@dataclass(frozen=True)
class Peer:
    """One way: its command, the one argument before what is given, and the relations it ends with."""

    program: tuple[str, ...]
    figures: str = ""
    facts: str = "public.fact"

    def command(self, what: given.Given) -> list[str]:
        name, *words = self.program
        return [str(BIN / name), *words, *([what.text()] if name == "python" else [])]


DBT = ("dbt", "--quiet", "build", "--no-partial-parse", "--project-dir", str(HERE / "dbt"))
PEERS = {
    "dlt-arrow-parquet": Peer(("python", "-m", "bench.peers.with_dlt", "arrow-parquet")),
    "dlt-arrow-csv": Peer(("python", "-m", "bench.peers.with_dlt", "arrow-csv")),
    "dbt-duckdb": Peer((*DBT, "--profiles-dir", str(HERE / "dbt")), "public.mart"),
    "dlt-rows": Peer(("python", "-m", "bench.peers.with_dlt", "rows")),
    "pandas-gx": Peer(("python", "-m", "bench.peers.with_pandas"), "public.mart"),
}


def main() -> int:
    options = _options()
    if options.page:
        page.write([Path(path).resolve() for path in options.page])
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # whoever ends it early has its server ended too
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or every process compiles everything it imports
    os.chdir(PROJECT)
    console, world = Console(width=None if sys.stdout.isatty() else 132), World(options.share, PERIOD)
    with console.status("making the nation, unless it is there"):
        made = world.made()
        for path in (world.catalogue / "incoming").glob("*/*"):
            path.read_bytes()  # all read it from memory
    result = {"options": vars(options), "made": made} | machine() | {"ways": {}}
    result["versions"] = {
        "ours": result["versions"],
        "peers": locked((HERE / "requirements.lock").read_text()),
    }
    with running(world) as run:
        for name, found in measured(run, options.only):
            result["ways"][name] = found
            console.print(f"{name}: {found['wall']} s, processor {page.processor(found)} s. {found['said']}")
    path = kept(result, f"peers-{{}}-{options.share:g}")
    console.print(page.table(result), path.relative_to(PROJECT))
    return 0 if all(way["is_same"] for way in result["ways"].values()) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--share", type=float, default=0.01, help="share of the counties, spread out")
    parser.add_argument("--only", nargs="*", choices=PEERS, default=list(PEERS), help="these peers alone")
    parser.add_argument(
        "--page", nargs="+", metavar="FILE.json", help="write docs/peers.md from these results"
    )
    return parser.parse_args()


def measured(run: Run, names: list[str]) -> Any:
    """(way, what it took), one after the other: ours first, since all are held against it."""
    warm(run)
    run.qiangji("open")
    ways = [run.qiangji(command, "--period", PERIOD) for command in ("collect", "build")]
    mine = ours(run)
    yield "qiangji", _told(ways, agreement(mine, mine))
    settle(run)
    yield "floor", _told([run.floor()], agreement(mine, Held(run.url("floor"), "fact", "mart")))
    for name in names:
        database = name.replace("-", "_")
        run.empty(database)
        settle(run)
        watched = _peer(run, PEERS[name], database)
        other = Held(run.url(database), PEERS[name].facts, PEERS[name].figures)
        failed = Agreement(0, 0, [f"ended with {watched.returncode}"])
        told = _told([watched], failed if watched.returncode else agreement(mine, other))
        yield name, told | {"ended_with": watched.returncode}
        run.drop(database)


def warm(run: Run) -> None:
    """What is imported is compiled and in memory before the first clock starts, ours and theirs."""
    theirs = {"PATH": os.environ["PATH"], "HOME": str(run.folder)} | given.QUIET
    subprocess.run([sys.executable, "-c", OURS], env=run.environment, check=True)
    subprocess.run([BIN / "python", "-c", THEIRS], env=theirs, check=True)


def settle(run: Run) -> None:
    """What one way has left to be written is not written while the next is measured."""
    with run.server.connect() as c:
        c.execute("CHECKPOINT")


def _peer(run: Run, peer: Peer, database: str) -> Watched:
    folder = run.folder / database
    folder.mkdir()
    world = run.world
    what = given.Given(
        world.tables,
        str(world.catalogue / "org_units.csv"),
        str(world.expectations / f"{FORM}.json"),
        world.period,
        run.url(database),
        str(folder),
    )
    found = watch(peer.command(what), environment(what), run.process, what.timeline)
    if found.returncode:
        print(found.output[-2000:], file=sys.stderr)
    return found


def environment(what: given.Given) -> dict[str, str]:
    """Of a peer's process. dbt reads its own from here."""
    return given.environment(what, PROJECT) | {
        "DBT_TARGET_PATH": f"{what.folder}/target",
        "DBT_LOG_PATH": f"{what.folder}/logs",
        "PEERS_EXTENSIONS": str(HERE / ".venv" / "extensions"),
        "PEERS_POSTGRES": what.url,
        "PEERS_TABLES": what.tables,
        "PEERS_UNITS": what.units,
        "PEERS_PERIOD": what.period,
    }


def _told(ways: list[Watched], same: Agreement) -> dict[str, Any]:
    """Of a way that takes several commands: their seconds together, the largest of their peaks."""
    told = [way.told() for way in ways]
    peaks = {key: max(one[key] for one in told) for key in ("peak_mb", "server_peak_mb")}
    sums = {key: round(sum(one[key] for one in told), 2) for key in ("wall", "processor", "server")}
    stages: dict[str, Any] = {}
    for number, one in enumerate(told):
        stages |= {f"{name} {number + 1}" if name in stages else name: s for name, s in one["stages"].items()}
    return sums | peaks | {"stages": stages, "ended_with": 0} | same.told()


def locked(text: str) -> dict[str, str]:
    """The versions of the peers themselves, of a lock file."""
    pins = dict(re.findall(r"^([a-z0-9-]+)(?:\[[^\]]*\])?==([^ ;\\]+)", text, re.MULTILINE))
    return {name: pins[name] for name in VERSIONS}


if __name__ == "__main__":
    sys.exit(main())
