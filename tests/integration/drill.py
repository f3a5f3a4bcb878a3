"""A small world with all that people do, for drills: its warehouse is lost, and has to come back.

Correction, withdrawal, lock, edition, disposition, a redefined indicator. In: a PostgreSQL. Out: `lived`, made once
for a file of tests; `place`, a copy of it for each; what a warehouse holds, and one that is lost.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from qiangji.cli import common
from tests.conftest import Workplace, _forget, make_workplace
from tests.golden import world
from tests.integration.test_cli import run
from tests.integration.test_corrections import Place as SmallPlace
from tests.integration.test_editions import FORMS, MARCH, OTHER, SHARE, TOWNS, B

# when an item was last looked at is no event; definitions of the catalogue are synchronised anew
EXCEPT = {"ops.source_item": {"seen_at"}}
DERIVED = {"ops.definition"}
TREE = {"Z": {"A": {"T": ["V1", "V2", "V3", "V4"]}, "B": {"U": ["W1", "W2"]}}}
SCHEMAS = ("ops", "fact", "calc", "dim", "mart")
_copies = itertools.count()
IN_UTC = {"options": "-c timezone=UTC"}
"""A copied database has not the zone of its own that a migrated one has."""


class Place(SmallPlace):
    def change(self, statement: str) -> Any:
        """Do something to the warehouse behind everybody's back; the first value, if it says any."""
        engine = sa.create_engine(self.place.url, connect_args=IN_UTC)
        try:
            with engine.begin() as c:
                done = c.execute(sa.text(statement))
                return done.scalar() if done.returns_rows else None
        finally:
            engine.dispose()


def content(engine: sa.Engine) -> dict[str, list[Any]]:
    """Every row of every table and view, instants included."""
    found: dict[str, list[Any]] = {}
    with engine.connect() as c:
        names = c.scalars(
            sa.text(
                "SELECT table_schema || '.' || quote_ident(table_name) FROM information_schema.tables"
                " WHERE table_schema = ANY(:s) ORDER BY 1"
            ),
            {"s": list(SCHEMAS)},
        ).all()
        for name in names:
            if name not in DERIVED:
                rows = c.scalars(
                    sa.text(f"SELECT CAST(to_jsonb(x) - CAST(:without AS text[]) AS text) FROM {name} x"),
                    {"without": list(EXCEPT.get(name, ()))},
                )
                found[name] = sorted(rows)
    return found


def lose(url: str) -> None:
    """The database as if it had never been."""
    engine = sa.create_engine(url)
    try:
        with engine.begin() as c:
            for schema in ("mart_zh", "mart", "calc", "fact", "dim", "ops"):
                c.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
            c.exec_driver_sql("DROP TABLE public.alembic_version")
    finally:
        engine.dispose()


def of(place: Place) -> dict[str, list[Any]]:
    engine = sa.create_engine(place.place.url, connect_args=IN_UTC)
    try:
        return content(engine)
    finally:
        engine.dispose()


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of one width, whatever the terminal."""
    monkeypatch.setattr(common.console, "width", 200)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Place]:
    """Three months of two counties, of which everything happened that people can do; tests work on copies of it."""
    folder = tmp_path_factory.mktemp("lived")
    made = world.make(folder, TREE, FORMS, [SHARE | {"persons": True}, OTHER, TOWNS])
    _with_findings(made.expectations / "v.json")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(common.console, "width", 200)
        patch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
        patch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
        world.stay_soon(patch.setattr)
        with make_workplace(folder / "home", postgres, patch.setenv) as found:
            place = Place(found, made)
            _live(place)
            yield place
    _forget()


@pytest.fixture
def place(lived: Place, tmp_path: Path, postgres: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """The same warehouse and lake once more."""
    source, database = sa.make_url(lived.place.url).database, f"restored_{os.getpid()}_{next(_copies)}"
    with postgres.connect() as connection:
        connection.execute(f"CREATE DATABASE {database} TEMPLATE {source}")
    shutil.copytree(lived.place.home, tmp_path / "home")
    monkeypatch.setenv("QIANGJI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("QIANGJI_WAREHOUSE_URL", postgres.url(database))
    _forget()
    try:
        yield Place(Workplace(tmp_path / "home", postgres.url(database)), lived.made)
    finally:
        with postgres.connect() as connection:
            connection.execute(f"DROP DATABASE {database} WITH (FORCE)")


def _with_findings(path: Path) -> None:
    """A warning on a row, a rule that rejects one, and a check that looks at another period."""
    suite = json.loads(path.read_text(encoding="utf-8"))
    for name, severity, top in (("high", "warning", 8), ("far", "critical", 90)):
        between = {"column": "n", "max_value": top}
        suite["expectations"].append(
            world._expectation("v", "n", name, "expect_column_values_to_be_between", between, severity)
        )
    path.write_text(json.dumps(suite), encoding="utf-8")


def _live(place: Place) -> None:
    made = place.made
    for month in ("2026-01", "2026-02", MARCH):
        made.put(
            "v",
            month,
            f"unit n d r\nV1 {4 if month == MARCH else 3} 10 1\nV2 9 20 {month[-1]}\nV3 9 20 1\nV4 1 9 1",
        )
        made.put("v", month, "unit n d r\nW1 1 10 3\nW2 2 10 1")
    made.put("q", "2026Q1", "unit t\nT 5\nU 7")
    assert run("collect", "--period", "2026-01..2026-03").code == 0
    assert run("build").code == 0
    place.report(
        "unit n d r\nV1 5 10 1\nV2 99 20 2\nV3 9 20 1\nV4 7 9 1", period="2026-02"
    )  # a row is rejected
    place.report("unit n d r\nW1 . 10 3\nW2 2 10 1", period="2026-01")
    place.declare({"unit": "W1", "period": MARCH, "field": "n", "was": 1, "now": 5})
    assert run("build").code == 0
    assert run("publish", MARCH, "--name", "审定版", "--by", "组织二科").code in (0, 3)
    findings = run("findings", "--json").json
    assert len(findings) > 1
    assert run("dispose", findings[0]["finding_id"], "--as", "confirmed", "--reason", "planted").code == 0
    assert run("build").code == 0
    assert run("lock", MARCH, "--reason", "审定").code == 0
    place.report("unit n d r\nV1 6 10 1\nV2 9 20 2\nV3 8 20 1\nV4 8 9 1", period=MARCH)  # held
    place.report("unit t\nT 50", form="q", period="2026Q1")
    held = place.ask("SELECT delivery_id FROM mart.reporting_status WHERE status = 'held' AND form = 'v'")
    assert run("release", held[0][0], "--reason", "checked").code == 0
    late = place.ask(
        "SELECT delivery_id FROM mart.submission WHERE is_current AND form = 'v' AND period = '2026-01'"
        " AND county_code = :b",
        b=B,
    )
    assert run("void", late[0][0], "--reason", "wrong").code == 0
    assert run("build").code == 0
    text = yaml.safe_dump(
        [world.indicator_of(SHARE | {"persons": True, "factor": 1000}), world.indicator_of(TOWNS)]
    )
    (made.catalogue / "indicators" / "x.yaml").write_text(text, encoding="utf-8")  # `other` is gone
    _forget()
    assert run("unlock", MARCH, "--reason", "更正").code == 0
    made.put("v", "2026-02", {"unchanged": ["A"]})
    assert run("collect", "--period", "2026-02").code == 0
    assert run("build").code == 0
