"""Figures: the models over the inputs of each scope, and their results into calc.*.

In: inputs by scope; sql/models with the catalogue's columns. Out: exact sums for every unit of the tree. In the
warehouse, rows that differ are closed and their successors inserted; rows that are the same stay untouched.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji import indicators
from qiangji.building import year
from qiangji.building.failing import Failed, failed
from qiangji.building.hiding import Hiding
from qiangji.building.inputs import Inputs
from qiangji.building.models import IDENTITY, Models, Tables
from qiangji.building.parts import Part
from qiangji.building.registry import Registry, known_name
from qiangji.building.scopes import Scope, not_due, scopes
from qiangji.catalogue.load import Catalogue
from qiangji.engines import Engine
from qiangji.errors import EngineError
from qiangji.indicators import HIDDEN, Base
from qiangji.periods import Period, local_day
from qiangji.pipeline import Pipeline
from qiangji.warehouse.queries import query
from qiangji.warehouse.rows import copy_in, insert, turn


@dataclass(frozen=True)
class Results:
    """A base's result rows of some scopes, as was and on today's tree (only of units that lineage touches).

    A scope that is not due has no rows; those that it had end.
    """

    base: Base
    scopes: list[Scope]
    rows: pa.Table
    restated: pa.Table


_FLAGS = (
    "SELECT column_name FROM information_schema.columns WHERE table_schema = 'calc' AND table_name = :table"
    " AND column_name ~ '^h__'"
)


_FORGET = (
    "DELETE FROM dim.expected_units WHERE (form, period) = (:form, :period) AND county_code = ANY(:counties)"
    " AND county_code <> ALL(:kept)"
)


_AMONG = "t.org_code IN (SELECT unnest(CAST(:units AS text[])))"


@dataclass
class _Left:
    """What a part's month leaves to its next: rows that were read, and what each base hides."""

    part: Part
    held: dict[tuple[str, Period], pa.Table] = field(default_factory=dict)
    hiding: dict[str, Hiding] = field(default_factory=dict)


class Computing:
    """The figures of one build, a month and a part at a time.

    `fresh` are months of which the rows in the warehouse are what they would be now: the build adds those that it has
    written. What one month leaves to the next is kept for the part that was computed last.
    """

    at_once: int
    """How many threads may compute a part each."""

    def __init__(
        self,
        c: Connection,
        p: Pipeline,
        engine: Engine,
        registry: Registry,
        now: datetime,
        fresh: set[Period],
    ) -> None:
        self._c, self._p, self._engine, self._registry = c, p, engine, registry
        self._reports, self._now, self.fresh = registry.reports, now, fresh
        self._restating = p.catalogue.restating(local_day(now, p.settings.timezone))
        self._bases = indicators.bases(p.catalogue)
        self.at_once = engine.at_once
        self._last: _Left | None = None
        self._errors: dict[str, tuple[Base, EngineError, list[Period]]] = {}

    def month(self, month: Period, part: Part) -> list[Results]:
        """Each base's results of a part for every scope of a month; what is hidden is marked.

        A base that cannot be computed is left out, and told by `failed`; it costs the others nothing.
        """
        last = self._last if self._last and self._last.part == part else _Left(part)
        found = []
        with self._engine.beside() as engine:
            inputs = Inputs(
                self._p.catalogue, self._reports, engine, self._c, part, self._registry, last.held
            )
            count_registered(self._c, self._p.catalogue, inputs, month)
            for base in self._bases:
                try:
                    each = self._of_base(base, month, inputs, last.hiding)
                except EngineError as e:
                    self._errors.setdefault(base.name, (base, e, []))[2].append(month)
                    continue
                if each:
                    found.append(_beneath_each_other(base, month, each))
            inputs.leave(month)
        self._last = last
        return found

    def leave_others(self, month: Period, part: Part) -> None:
        """Leave to the builds that follow what the month's last build left of other parts."""
        chains = [known_name(f) for f in self._p.catalogue.forms.values() if f.is_registered]
        chains += [year.name(base, form) for base in self._bases for form in base.forms]
        for name in chains:
            self._registry.leave_others(name, month, part.counties)
        for hiding in self._last.hiding.values() if self._last else ():
            hiding.leave_others(month)

    def failed(self) -> list[Failed]:
        """The bases of which some figures stay as they were."""
        return [failed(base, e, self._reports, months) for base, e, months in self._errors.values()]

    def _of_base(
        self, base: Base, month: Period, inputs: Inputs, hidings: dict[str, Hiding]
    ) -> list[tuple[Scope, Tables]]:
        catalogue, zone = self._p.catalogue, self._p.settings.timezone
        scopes_of = partial(scopes, forms=base.forms, calendar=catalogue.calendar, zone=zone, now=self._now)
        models = Models(inputs.engine, inputs, base, self._restating)
        if base.name not in hidings:
            names = {f.form for f in base.forms}
            reported = {Period.parse(at).last_month for form, at in self._reports.counties if form in names}
            hidings[base.name] = Hiding(
                self._c, catalogue, base, self._restating, self.fresh, reported, scopes_of, models.as_was,
                inputs.part, self._registry.carried,
            )  # fmt: skip
        hiding = hidings[base.name]
        hiding.compute = models.as_was
        tables = {month: [(s, models.tables(s)) for s in scopes_of(month)]}
        return hiding.run(tables)[month]


def _beneath_each_other(base: Base, month: Period, each: Sequence[tuple[Scope, Tables]]) -> Results:
    """The tables of all scopes as one; there may be none restated."""
    rows = pa.concat_tables([as_was for _, (as_was, _) in each], promote_options="permissive")
    restated = [rows.slice(0, 0), *(t for _, (_, t) in each if t is not None)]
    again = pa.concat_tables(restated, promote_options="permissive")
    due = [s for s, _ in each]
    return Results(
        base, [*due, *not_due(month, base.forms, due)], rows.combine_chunks(), again.combine_chunks()
    )


def tables(c: Connection, results: Results) -> list[tuple[str, pa.Table]]:
    """(table of calc, its rows with all columns that are written), as was and restated."""
    base = results.base
    return [
        (table.removeprefix("calc."), _flagged(c, base, table, rows))
        for table, rows in ((base.table, results.rows), (base.restated_table, results.restated))
    ]


def in_locked(
    c: Connection, filled: Mapping[str, Collection[tuple[str, str]]], locked: Sequence[Period], at: datetime
) -> dict[str, int]:
    """Period within a locked one -> how many of its result rows, as was, this build closed, inserted or replaced.

    `filled`: the tables of calc that were written, and their scopes.
    """
    counts: dict[str, int] = {}
    for table, places in filled.items():
        found = {period: Period.parse(period) for period, _ in places}
        periods = [t for t, p in found.items() if any(x.start <= p.start and p.end <= x.end for x in locked)]
        if not periods:
            continue
        changed = sa.text(
            f"SELECT period, count(DISTINCT (org_code, period_type)) AS n FROM {table} WHERE period = ANY(:periods)"
            " AND (built_from = :at OR built_to = :at) GROUP BY period"
        )
        for r in c.execute(changed, {"periods": periods, "at": at}):
            counts[r.period] = counts.get(r.period, 0) + r.n
    return dict(sorted(counts.items()))


def redefined_in_locked(c: Connection, locked: Sequence[Period]) -> dict[str, int]:
    """Locked period -> how many of its figures are shown otherwise since the last build: redefined indicators."""
    if not locked:
        return {}
    days = {"starts": [p.start for p in locked], "ends": [p.end for p in locked]}
    return {r.period: r.n for r in c.execute(query("building/redefined_in_locked"), days)}


def _flagged(c: Connection, base: Base, table: str, rows: pa.Table) -> pa.Table:
    """The rows with their flags of hidden figures, in the order of the table's columns."""
    # an indicator that no longer counts persons is shown from now on; its past stays as it is
    own = {f"{HIDDEN}__{i.code}" for i in base.indicators}
    for flag in c.scalars(sa.text(_FLAGS), {"table": table.split(".")[1]}):
        if flag not in rows.column_names and flag in own:
            rows = rows.append_column(flag, pa.repeat(False, len(rows)))
    flags = [n for n in rows.column_names if n.startswith(f"{HIDDEN}__")]
    return rows.select([*IDENTITY, "expected_units", "reported_units", *base.result_columns(), *flags])


@dataclass(frozen=True)
class Place:
    """Where results go: a table of calc (its name alone), scopes (period, period_type), the moment of the build.

    `units`: the only ones whose rows are replaced; None: those of all units. `is_empty`: no such row has not ended.
    """

    table: str
    scopes: Sequence[tuple[str, str]]
    at: datetime
    units: Sequence[str] | None = None
    is_empty: bool = False

    @property
    def values(self) -> dict[str, Any]:
        return {"periods": [p for p, _ in self.scopes], "types": [t for _, t in self.scopes]}


def analyze(c: Connection, filled: Collection[str]) -> None:
    """Tell the planner what was filled: it decides between 0.1 s and seconds for a reader.

    Where only some counties of a month were computed, the server finds out by itself once that is much.
    """
    tables = [t for table in filled for t in (table, f"{table}{indicators.RESTATED}")]
    c.execute(sa.text(f"ANALYZE {', '.join(tables)}"))


def is_empty(c: Connection, place: Place) -> bool:
    """Whether a place has no row that has not ended."""
    return not c.scalar(query("building/any_open", table=place.table), place.values)


def write(
    c: Connection, place: Place, rows: pa.Table, pieces: Sequence[pa.Buffer] | None = None
) -> tuple[int, int]:
    """Close the rows of a place that differ or are gone, insert the new ones; how many of each.

    `pieces`: the rows as text, where it is there already.
    """
    table = place.table
    if place.is_empty:
        copy_in(c, f"calc.{table}", rows, pieces, built_from=place.at.isoformat())
        return 0, len(rows)
    names = ", ".join(rows.column_names)
    columns = [n for n in rows.column_names if n not in IDENTITY]
    c.execute(sa.text(f"CREATE TEMP TABLE fresh ON COMMIT DROP AS SELECT {names} FROM calc.{table} LIMIT 0"))
    copy_in(c, "fresh", rows, pieces)
    c.execute(sa.text("CREATE INDEX ON fresh (org_code, period_type, period)"))
    c.execute(sa.text("ANALYZE fresh"))
    key = "(f.org_code, f.period_type, f.period) = (t.org_code, t.period_type, t.period)"
    same = " AND ".join(f"f.{n} IS NOT DISTINCT FROM t.{n}" for n in columns)
    closed = close(c, place, f"NOT EXISTS (SELECT FROM fresh AS f WHERE {key} AND {same})")
    new = sa.text(
        f"INSERT INTO calc.{table} ({names}, built_from) SELECT {names}, :at FROM fresh AS f"
        f" WHERE NOT EXISTS (SELECT FROM calc.{table} AS t WHERE {key} AND t.built_to IS NULL)"
    )
    inserted = c.execute(new, {"at": place.at}).rowcount
    c.execute(sa.text("DROP TABLE fresh"))
    return closed, inserted


def close(c: Connection, place: Place, condition: str = "true") -> int:
    """Close the rows of a place that meet a condition, by default all of them; returns how many."""
    values = {**place.values, "at": place.at}
    among = "true"
    if place.units is not None:
        among, values["units"] = _AMONG, list(place.units)
    return c.execute(
        query("building/close", table=place.table, condition=condition, among=among), values
    ).rowcount


def close_others(c: Connection, place: Place) -> int:
    """Close the rows of all units but those of a place; returns how many."""
    values = {**place.values, "at": place.at, "units": list(place.units or ())}
    statement = query("building/close", table=place.table, condition="true", among=f"NOT ({_AMONG})")
    return c.execute(statement, values).rowcount


def count_registered(c: Connection, catalogue: Catalogue, inputs: Inputs, month: Period) -> None:
    """Fill in how many groups or tasks each county of a part should report, for mart.reporting_status.

    A county without any has no row: its towns may have left since.
    """
    rows: list[dict[str, Any]] = []
    for form in (f for f in catalogue.forms.values() if f.is_registered):
        if (period := month.ends_in(form.period_type)) is None:
            continue
        units = inputs.expected_registered(form, [period.last_month])
        tree = inputs.tree((period,))
        at = pc.index_in(units.column("base_code"), value_set=tree.column("org_code").combine_chunks())
        counties = tree.column("county_code").take(at)
        counted = pa.table({"county": counties, "n": units.column("expected_units")})
        sums = counted.group_by("county").aggregate([("n", "sum")]).to_pylist()
        named = {"form": form.form, "period": str(period)}
        own = [
            {"county_code": r["county"], **named, "expected_units": r["n_sum"]} for r in sums if r["county"]
        ]
        kept = [r["county_code"] for r in own]
        with turn(c):
            c.execute(sa.text(_FORGET), {**named, "counties": list(inputs.part.counties), "kept": kept})
        rows += own
    again = "ON CONFLICT (county_code, form, period) DO UPDATE SET expected_units = excluded.expected_units"
    insert(c, "dim.expected_units", rows, again)
