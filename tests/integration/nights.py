"""Nights for integration tests: simulated county systems, a workplace of their own, what came of it as data.

In: the options of the simulator. Out: a `Night` that pulls, checks and builds, and snapshots of all that it
left, without the instants at which it happened, so that two nights can be compared.
"""

from __future__ import annotations

import csv
import itertools
import os
import random
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.conftest import Workplace, make_workplace, simulated
from tests.frozen import paths as frozen

PROJECT = Path(__file__).resolve().parents[2]
FORMS = ("community", "town_service", "village", "village_group")
"""What counties report every month."""
QUARTERLY = (
    "county_emerging", "county_milestones", "county_oversight", "county_secretaries", "county_traditional",
    "town_overseas", "town_training",
)  # fmt: skip
_clones = itertools.count()
# when something was done, and by which run; everything else has to be the same whatever the order
_PASSING = {
    "built_at", "built_from", "built_to", "received_at", "first_received_at", "last_attempt_at",
    "last_received_at", "last_built_at", "checked_at", "last_attempt_failed", "delivery_id",
}  # fmt: skip
# what tells the way that led here, which may differ where the figures do not
_PAST = [
    "indicator_value_history",
    "build",
    "submission",
    "report_change",
    "collection",
    "decision",
    "report_decision",
    "feedback",
]


@dataclass
class Night:
    """An open pipeline on a workplace, and the county systems that it collects from."""

    place: Workplace
    systems: Any
    pipeline: Any

    @property
    def months(self) -> list[str]:
        return list(self.systems.months)

    @property
    def lake(self) -> Path:
        return self.place.home / "lake"

    def pull(self, counties: Sequence[str] = (), months: Sequence[str] = ()) -> Any:
        """Fetch and land, without checking."""
        from qiangji import stages
        from qiangji.periods import Period

        p = self.pipeline
        chosen = p.catalogue.select_counties(list(counties) or self.systems.counties)
        return stages.pull(p, chosen, [Period.parse(m) for m in months or self.months], stages.new_run_id())

    def collect(self, counties: Sequence[str] = (), months: Sequence[str] = ()) -> Any:
        from qiangji import stages
        from qiangji.periods import Period

        return stages.collect(
            self.pipeline,
            list(counties) or self.systems.counties,
            [Period.parse(m) for m in months or self.months],
        )

    def build(self, *months: str) -> Any:
        """Build these months; without any, all that `qiangji build` would look at."""
        from qiangji import building, stages
        from qiangji.periods import Period

        p = self.pipeline
        wanted = [Period.parse(m) for m in months] or building.pending_months(
            p.ledger, p.catalogue, stages.local_today()
        )
        return building.build(p, wanted)

    def run(self, counties: Sequence[str] = ()) -> Any:
        """Collect and build."""
        result = self.collect(counties)
        self.build()
        return result

    def query(self, text: str, **values: Any) -> list[dict[str, Any]]:
        with self.pipeline.ledger.engine.connect() as c:
            rows = c.execute(sa.text(text), values)
            names = list(rows.keys())
            return [dict(zip(names, row, strict=True)) for row in rows]

    def status(self, county: str, form: str, period: str) -> dict[str, Any]:
        """The cell of the reporting grid."""
        (row,) = self.query(
            "SELECT * FROM mart.reporting_status WHERE (county_code, form, period) = (:c, :f, :p)",
            c=county, f=form, p=period,
        )  # fmt: skip
        return row

    def statuses(self) -> dict[tuple[str, str, str], str]:
        """(county, form, period) -> status, of the months and quarters that the systems serve."""
        periods = [*self.months, *self.systems.manifest["quarters"]]
        rows = self.query("SELECT * FROM mart.reporting_status WHERE period = ANY(:m)", m=periods)
        return {(r["county_code"], r["form"], r["period"]): r["status"] for r in rows}

    def revisions(self) -> dict[tuple[str, str, str], list[int]]:
        """(county, form, period) -> the distinct revisions there ever were."""
        rows = self.query(
            "SELECT county_code, form, period, array_agg(DISTINCT revision ORDER BY revision) AS all_of_them"
            " FROM ops.submission WHERE revision IS NOT NULL GROUP BY 1, 2, 3"
        )
        return {(r["county_code"], r["form"], r["period"]): r["all_of_them"] for r in rows}

    def figures(self) -> dict[tuple[str, str, str, str], tuple[Any, ...]]:
        """(indicator, unit, period type, period) -> the figure without the instant of its build."""
        text = (
            "SELECT indicator_code, org_code, period_type, period, numerator, denominator, value, expected_units,"
            " reported_units, obs_status, has_warning FROM mart.indicator_value"
        )
        with self.pipeline.ledger.engine.connect() as c:
            return {(i, o, t, p): tuple(figure) for i, o, t, p, *figure in c.exec_driver_sql(text)}

    def snapshot(self) -> dict[str, list[Any]]:
        """Every row of fact and mart (and who is registered) as the server writes it, without instants; sorted."""
        relations = self.query(
            "SELECT table_schema || '.' || quote_ident(table_name) AS name,"
            " array_agg(column_name::text) AS columns FROM information_schema.columns"
            " WHERE table_schema IN ('fact', 'mart') AND table_name <> ALL(:past) GROUP BY 1 ORDER BY 1",
            past=_PAST,
        )
        found: dict[str, list[Any]] = {}
        with self.pipeline.ledger.engine.connect() as c:
            for relation in relations:
                columns = ", ".join(sorted(n for n in relation["columns"] if n not in _PASSING))
                rows = c.exec_driver_sql(f"SELECT CAST(ROW({columns}) AS text) FROM {relation['name']}")
                found[relation["name"]] = sorted(rows.scalars())
        return found

    def lake_files(self, *areas: str) -> list[str]:
        """Names of all files of these areas (without any, of all areas that are the record)."""
        roots = [self.lake / area for area in areas] or [
            folder for folder in self.lake.iterdir() if folder.name not in ("carried", "tmp")
        ]
        return sorted(str(f.relative_to(self.lake)) for root in roots for f in root.rglob("*") if f.is_file())


@contextmanager
def night(
    folder: Path,
    postgres: Any,
    *,
    whole_tree: bool = False,
    edit: Callable[[Path], None] | None = None,
    **options: Any,
) -> Iterator[Night]:
    """Running county systems and an open pipeline on an empty workplace; nothing is collected yet.

    Unless the whole tree is asked for, the catalogue has only the units that the systems know (`scale`), so that
    a test does not compute the figures of a city for a few villages. `edit` may change that catalogue's files.

    The night's day is that of the systems: a build covers the months until then, not all until today.
    """
    from qiangji import stages

    with (
        pytest.MonkeyPatch.context() as patch,
        make_workplace(folder / "home", postgres, patch.setenv) as place,
        simulated(folder / "county systems", postgres, patch.setenv, **options) as systems,
    ):
        if not whole_tree:
            thin_catalogue(systems, folder / "catalogue")
            if edit:
                edit(folder / "catalogue")
            patch.setenv("QIANGJI_CATALOGUE", str(folder / "catalogue"))
            forget()
        patch.setattr(stages, "local_today", lambda: systems.today)
        with place.pipeline() as p:
            yield Night(place, systems, p)
    forget()


def thin_catalogue(systems: Any, folder: Path) -> None:
    """The project's catalogue with no other villages and communities than those that the systems report on; towns stay,
    as each of them reports itself.
    """
    shutil.copytree(frozen.CATALOGUE, folder)
    with (systems.directory / "units.csv").open(encoding="utf-8", newline="") as f:
        kept = {row["code"] for row in csv.DictReader(f)}
    with (folder / "org_units.csv").open(encoding="utf-8", newline="") as f:
        gone = {u["code"] for u in csv.DictReader(f) if u["level"] == "village"} - kept
    for name, column in (("org_units.csv", "code"), ("org_groups.csv", "org_code")):
        with (folder / name).open(encoding="utf-8", newline="") as f:
            rows = list(csv.DictReader(f))
        with (folder / name).open("w", encoding="utf-8", newline="") as f:
            writer = csv.DictWriter(f, list(rows[0]))
            writer.writeheader()
            writer.writerows(r for r in rows if r[column] not in gone)


@dataclass(frozen=True)
class Kept:
    """What a night left, on its own home, catalogue and database, for `reopened`; its county systems are gone."""

    home: Path
    catalogue: Path
    database: str
    systems: Any


def keep(one: Night, folder: Path, postgres: Any) -> Kept:
    """A copy of all that a night (which must be idle) holds now."""
    kept = Kept(folder / "home", folder / "catalogue", f"kept_{os.getpid()}_{next(_clones)}", one.systems)
    one.pipeline.ledger.engine.dispose()
    _copy_database(postgres, str(sa.make_url(one.place.url).database), kept.database)
    shutil.copytree(one.place.home, kept.home)
    shutil.copytree(one.pipeline.catalogue.path, kept.catalogue)
    return kept


@contextmanager
def reopened(kept: Kept, folder: Path, postgres: Any) -> Iterator[Night]:
    """A night that goes on from what was kept, on the same day; what it does is gone at the end."""
    from qiangji import stages

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QIANGJI_CATALOGUE", str(kept.catalogue))
        patch.setattr(stages, "local_today", lambda: kept.systems.today)
        with _copied(kept.home, kept.database, kept.systems, folder, postgres) as one:
            yield one


@contextmanager
def clone(original: Night, folder: Path, postgres: Any) -> Iterator[Night]:
    """A second workplace with all that the first one (which must be idle) holds now; it is gone at the end."""
    original.pipeline.ledger.engine.dispose()
    source = str(sa.make_url(original.place.url).database)
    with _copied(original.place.home, source, original.systems, folder, postgres) as one:
        yield one


@contextmanager
def _copied(home: Path, source: str, systems: Any, folder: Path, postgres: Any) -> Iterator[Night]:
    database = f"clone_{os.getpid()}_{next(_clones)}"
    _copy_database(postgres, source, database)
    shutil.copytree(home, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QIANGJI_HOME", str(folder))
        patch.setenv("QIANGJI_WAREHOUSE_URL", postgres.url(database))
        forget()
        place = Workplace(folder, postgres.url(database))
        try:
            with place.pipeline() as p:
                yield Night(place, systems, p)
        finally:
            with postgres.connect() as connection:
                connection.execute(f"DROP DATABASE {database} WITH (FORCE)")
    forget()


def _copy_database(postgres: Any, source: str, name: str) -> None:
    with postgres.connect() as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {source}")


def forget() -> None:
    """Settings and catalogues are cached for a process."""
    from qiangji.catalogue.load import load
    from qiangji.settings import settings

    settings.cache_clear()
    load.look()


def chunks(things: Iterable[Any], rng: random.Random, most: int) -> Iterator[list[Any]]:
    """The things in a random order, in pieces of random size."""
    left = list(things)
    rng.shuffle(left)
    while left:
        n = rng.randint(1, most)
        yield left[:n]
        left = left[n:]


def differing(before: dict[Any, Any], after: dict[Any, Any]) -> set[Any]:
    """Keys whose value changed, appeared or went."""
    return {k for k in before.keys() | after.keys() if before.get(k) != after.get(k)}


def assert_same(one: dict[str, list[Any]], other: dict[str, list[Any]]) -> None:
    """Two snapshots hold the same; says which relation differs, and by what."""
    assert one.keys() == other.keys()
    for name, rows in one.items():
        if rows != other[name]:
            gone, new = set(rows) - set(other[name]), set(other[name]) - set(rows)
            raise AssertionError(f"{name}: {sorted(gone)[:3]} became {sorted(new)[:3]} (and more)")


@contextmanager
def fresh(original: Night, folder: Path, postgres: Any) -> Iterator[Night]:
    """An empty workplace that collects from the same county systems."""
    with (
        pytest.MonkeyPatch.context() as patch,
        make_workplace(folder, postgres, patch.setenv) as place,
        place.pipeline() as p,
    ):
        yield Night(place, original.systems, p)
    forget()
