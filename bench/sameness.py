"""Hold two checkouts of the project against each other: a refactor must change no row, file, event or message.

In: checkouts, each with its own `.venv`. Out: a recording (JSON, gzip) of all that a checkout makes of the
simulator's counties and of the golden worlds. Values that differ from run to run are replaced; README.md lists them.

    python bench/sameness.py record --checkout DIR --into FILE
    python bench/sameness.py compare FILE FILE
    python bench/sameness.py take-over --old DIR --new DIR

pytest runs this file again inside the checkout: there it is a module of tests that use the checkout's fixtures.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg import sql

Record = dict[str, list[str]]
"""Relation -> its rows, each a line; sorted."""
INTO, OTHER = "SAMENESS_INTO", "SAMENESS_OTHER"
NIGHT = ["collect --period 2026-07..2026-10 --json", "build --json"]
DECISIONS = [
    "publish 2026-09 --name first --by A --json",
    "lock 2026-07 --by B --reason ok",
    "feedback --json",
]
EVENTS = ("correction", "late_arrives")
SHOWN = [
    "status", "status --json", "values --level county --compare --json", "findings --all --json",
    "diff --edition first --json", "explain group_leader_party_share --org 440785 --period 2026-09 --json",
    "verify --json",
]  # fmt: skip
BEGAN, HERE = datetime.now(UTC), Path.cwd()
PASSING = {
    "definitions_hash", "tree_hash", "signature", "signatures", "ops.definition.hash", "seconds",
    "指标定义版本", "区划指纹",
}  # fmt: skip
"""Columns and keys whose values follow from the text of the code, or from the clock."""
IDS = {
    "build": "SELECT build_id FROM ops.build ORDER BY built_at",
    "decision": "SELECT decision_id FROM ops.decision ORDER BY decided_at",
    "delivery": "SELECT delivery_id FROM ops.delivery ORDER BY county_code, name, received_at",
    "disposition": "SELECT disposition_id FROM ops.disposition ORDER BY disposed_at",
    "edition": "SELECT rows_hash FROM ops.edition ORDER BY published_at",
    "lock": "SELECT lock_id FROM ops.period_lock ORDER BY decided_at",
    "run": "SELECT substring(run_id, '\\d{8}T.*') FROM ops.collection GROUP BY 1 ORDER BY min(started_at)",
    "workbook": "SELECT sha256 FROM ops.feedback ORDER BY digest",
}
"""Kind of id -> a query for all its ids, in an order that is the same in every run."""
RELATIONS = """
SELECT n.nspname, r.relname, array_agg(a.attname::text ORDER BY a.attnum)
FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace JOIN pg_attribute a ON a.attrelid = r.oid
WHERE n.nspname IN ('mart', 'mart_zh', 'fact', 'calc', 'dim', 'ops') AND r.relkind IN ('r', 'v', 'm', 'p')
    AND a.attnum > 0 AND NOT a.attisdropped
GROUP BY 1, 2"""
TOKEN = re.compile(
    r"(?P<address>127\.0\.0\.1:\d+)|(?<=journal/)(?P<month>\d{4}-\d\d)(?=/)|(?<=collection-)(?P<hash>[0-9a-f]{16})"
    r"|(?P<id>[0-9a-f]{16,64}|\d{8}T\d{6}-[0-9a-f]{6,8})|(?P<stamp>\d{8}T\d{12})"
    r"|(?P<at>(?:\d{4}-)?\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?(?:[+-]\d\d(?::\d\d)?|Z)?)?)"
)


class Names:
    """Stable names for the ids and instants of one warehouse; any other text stays as it is."""

    def __init__(self, c: psycopg.Connection[Any], folder: Path) -> None:
        self._folder = str(folder)
        ids = {kind: [row[0] for row in c.execute(query)] for kind, query in IDS.items()}
        self._known = {x: f"<{kind} {n}>" for kind, found in ids.items() for n, x in enumerate(found, 1)}
        built = c.execute("SELECT built_at FROM ops.build ORDER BY 1")
        self._instants = {row[0]: f"<built {n}>" for n, row in enumerate(built, 1)}

    def stable(self, text: str) -> str:
        return TOKEN.sub(self._name_of, text.replace(self._folder, "<folder>"))

    def _name_of(self, found: re.Match[str]) -> str:
        token = found[0]
        if token not in self._known:
            kind = str(found.lastgroup)
            at = self._instant(token) if kind in ("id", "at") else None
            stays = kind in ("id", "at") and at is None
            self._known[token] = token if stays else self._instants.get(at, f"<{kind}>")
        return self._known[token]

    @staticmethod
    def _instant(token: str) -> datetime | None:
        """The instant that a text or a file's time in nanoseconds names; None unless it lies within this run."""
        try:
            if token.isdigit() and len(token) == 19:
                at = datetime.fromtimestamp(int(token) / 1e9, UTC)
            else:
                at = datetime.fromisoformat(token if len(token) > 11 else f"{BEGAN:%Y}-{token}")
        except ValueError:  # an id
            return None
        at = at if at.tzinfo else at.replace(tzinfo=ZoneInfo("Asia/Shanghai"))
        return at if BEGAN - timedelta(minutes=1) <= at <= datetime.now(UTC) else None


def record_of(url: str, home: Path, said: Sequence[str] = ()) -> Record:
    """Every row of a warehouse, every file and event of its lake, and the lines that commands printed; made stable."""
    lake = home / "lake"
    files = [f for f in lake.rglob("*") if f.is_file()]
    found = {"lake": [str(f.relative_to(lake)) for f in files], "said": list(said)}
    found["journal"] = [as_line(json.loads(f.read_bytes())) for f in files if f.parts[-3] == "journal"]
    with psycopg.connect(url, autocommit=True, options="-c timezone=UTC") as c:
        names = Names(c, home.parent)
        for schema, relation, columns in c.execute(RELATIONS).fetchall():
            name = f"{schema}.{relation}"
            passing = {x for x in columns if {x, f"{name}.{x}"} & PASSING}
            shown = sql.SQL(", ").join(
                sql.Literal("*") if x in passing else sql.Identifier(x) for x in columns
            )
            query = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT")
            with c.cursor().copy(query.format(shown, sql.Identifier(schema, relation))) as rows:
                text = b"".join(map(bytes, rows)).decode()
            found[name] = ["# " + "\t".join(columns), *text.split("\n")[:-1]]
    return {name: sorted(names.stable("\n".join(rows)).split("\n")) for name, rows in found.items() if rows}


def as_line(value: Any) -> str:
    return json.dumps(without_passing(value), ensure_ascii=False, sort_keys=True)


def without_passing(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: "*" if k in PASSING else without_passing(v) for k, v in value.items()}
    return [without_passing(v) for v in value] if isinstance(value, list) else value


# ---- inside the checkout

RECORD: Record = {}
WORLDS: list[tuple[str, str]] = []
if INTO in os.environ:
    from tests import conftest
    from tests.golden import test_comparisons, test_indicators
    from tests.integration import nights

    shown_of_indicators, shown_of_comparisons = test_indicators.shown_of, test_comparisons.shown_of
    GOLDEN: dict[str, Any] = {"indicators": test_indicators, "comparisons": test_comparisons}
    WORLDS = [(kind, case) for kind, module in GOLDEN.items() for case in module.CASES]


@pytest.fixture(scope="module", autouse=True)
def _written() -> Iterator[None]:
    """Write the recording after the last test."""
    yield
    if os.environ[INTO]:
        with gzip.open(os.environ[INTO], "wt", encoding="utf-8", compresslevel=6) as f:
            json.dump({"day": f"{BEGAN:%Y-%m-%d}", "relations": RECORD}, f, ensure_ascii=False)


@pytest.mark.parametrize(("kind", "case"), WORLDS)
@pytest.mark.usefixtures("postgres")
def test_world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, kind: str, case: str) -> None:
    """Record one golden world just before its database goes."""
    original = GOLDEN[kind].make_workplace

    @contextmanager
    def recorded(home: Path, *others: Any) -> Iterator[Any]:
        with original(home, *others) as place:
            yield place
            found = record_of(place.url.replace("+psycopg", ""), home)
            RECORD.update({f"{kind}/{case}/{name}": rows for name, rows in found.items()})

    monkeypatch.setattr(GOLDEN[kind], "make_workplace", recorded)
    request.getfixturevalue(f"shown_of_{kind}")(case)


def test_night(tmp_path: Path, postgres: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Record a night of the county systems, the decisions of people after it, and a second night."""
    with county_systems(tmp_path, postgres, monkeypatch) as (systems, server), server.running_server():
        said = commands(HERE, *NIGHT, *DECISIONS)
        for event in EVENTS:
            systems.apply(event)
        said += commands(HERE, *NIGHT, *SHOWN)
        found = record_of(server.url("qiangji", driver=None), server.home, said)
    RECORD.update({f"night/{name}": rows for name, rows in found.items()})


def test_take_over(tmp_path: Path, postgres: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another checkout goes on with the home that this one filled: figures stay."""
    other = Path(os.environ[OTHER])
    with county_systems(tmp_path, postgres, monkeypatch) as (systems, server):
        commands(HERE, *NIGHT)
        with server.running_server():
            before = record_of(server.url("qiangji", driver=None), server.home)
        shutil.rmtree(tmp_path / "catalogue")
        monkeypatch.setattr(nights, "PROJECT", other)
        nights.thin_catalogue(systems, tmp_path / "catalogue")
        said = commands(other, *NIGHT, "verify --json")
        with server.running_server():
            after = record_of(server.url("qiangji", driver=None), server.home)
    changed = differences(before, after)
    print("before:", counted(before), "the other checkout said:", *said, "what changed:", sep="\n  ")
    for name, (gone, new) in changed.items():
        print(f"  {name}: {len(gone)} rows gone, {len(new)} new")
    assert not [name for name in changed if name.startswith(("mart.indicator_value", "calc.", "fact."))]
    assert "collect deliveries: 0" in said, "the other checkout took something as new"
    assert said[-1].endswith(" faults: []")


@contextmanager
def county_systems(folder: Path, postgres: Any, patch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Any]]:
    """Simulated county systems that serve, and the PostgreSQL of the home into which commands collect."""
    with conftest.simulated(folder / "county systems", postgres, patch.setenv) as systems:
        nights.thin_catalogue(systems, folder / "catalogue")
        patch.setenv("QIANGJI_HOME", str(folder / "home"))
        patch.setenv("QIANGJI_CATALOGUE", str(folder / "catalogue"))
        server = type(postgres)(folder / "home")
        try:
            yield systems, server
        finally:
            server.destroy()


def commands(checkout: Path, *lines: str) -> list[str]:
    """The lines that commands of a checkout print; numbered where the command itself orders them."""
    said = []
    for line in lines:
        ran = in_checkout(checkout, ["-m", "qiangji", *line.split()], capture_output=True, text=True)
        if ran.returncode not in (0, 3):  # 3: done, and something was returned
            raise AssertionError(f"qiangji {line}: {ran.returncode}\n{ran.stdout}{ran.stderr}")
        shown = json.loads(ran.stdout) if line.endswith("--json") else ran.stdout.splitlines()
        if isinstance(shown, dict):
            parts = {k: v if v and isinstance(v, list) else [v] for k, v in without_passing(shown).items()}
            shown = [f"{k}: {as_line(x)}" for k, v in parts.items() for x in v]
        for n, x in enumerate(shown, 1):
            number = f"{n:05} " if line in SHOWN else ""
            said.append(f"{line.split()[0]} {number}{x if isinstance(x, str) else as_line(x)}")
    return said


# ---- outside of it


def in_checkout(checkout: Path, words: list[str], **options: Any) -> subprocess.CompletedProcess[Any]:
    """Run the checkout's own Python on its own code."""
    paths = os.pathsep.join([str(checkout / "plugins"), str(checkout)])
    env = os.environ | {"PYTHONPATH": paths} | options.pop("env", {})
    return subprocess.run(
        [checkout / ".venv/bin/python", *words], cwd=checkout, env=env, check=False, **options
    )


def inside(checkout: Path, tests: str, into: Path | str = "", other: Path | str = "") -> int:
    """Run tests of this file inside a checkout; returns the exit code of pytest."""
    words = ["-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "-p", "tests.conftest", "-k", tests]
    words += [
        "-c",
        str(checkout / "pyproject.toml"),
        "-o",
        "addopts=--import-mode=importlib",
        str(Path(__file__).resolve()),
    ]
    return in_checkout(checkout, words, env={INTO: str(into), OTHER: str(other)}).returncode


def counted(relations: Record) -> str:
    """How many relations, rows, files of the lake, events of the journal and printed lines there are."""
    found: Counter[str] = Counter()
    for name, rows in relations.items():
        kind = {"lake": "files", "journal": "events", "said": "printed lines"}.get(
            name.split("/")[-1], "rows"
        )
        found.update({"relations": kind == "rows", kind: len(rows) - (kind == "rows")})  # less the header
    return ", ".join(f"{n:,} {kind}" for kind, n in sorted(found.items()))


def differences(a: Record, b: Record) -> dict[str, tuple[list[str], list[str]]]:
    """Relation -> the rows that only the first recording has, and those that only the second has."""
    found = {}
    for name in sorted(a.keys() | b.keys()):
        one, other = Counter(a.get(name, [])), Counter(b.get(name, []))
        if one != other:
            found[name] = sorted((one - other).elements()), sorted((other - one).elements())
    return found


def compare(one: Path, other: Path) -> int:
    """Print how much is equal, or the first differences of each relation; returns 1 if there are any."""
    a, b = (json.loads(gzip.decompress(path.read_bytes())) for path in (one, other))
    if a["day"] != b["day"]:
        print(f"recorded on {a['day']} and {b['day']}: what is due, late or closed may differ with the day")
    changed = differences(a["relations"], b["relations"])
    for name, found in changed.items():
        print(f"{name}: {len(found[0])} rows only in {one}, {len(found[1])} only in {other}")
        for rows, sign in zip(found, "-+", strict=True):
            for row in rows[:3]:
                print(f"  {sign} {row[:600]}")
    print(f"{len(changed)} relations differ" if changed else f"equal: {counted(a['relations'])}")
    return 1 if changed else 0


def main() -> int:
    match sys.argv[1:]:
        case ["record", "--checkout", checkout, "--into", into]:
            code = inside(Path(checkout).resolve(), "test_world or test_night", into=Path(into).resolve())
            if code:
                Path(into).unlink(missing_ok=True)
            return code
        case ["compare", one, other]:
            return compare(Path(one), Path(other))
        case ["take-over", "--old", old, "--new", new]:
            return inside(Path(old).resolve(), "test_take_over", other=Path(new).resolve())
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main())
