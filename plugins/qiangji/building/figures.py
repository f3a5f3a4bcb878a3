"""Figures: the models over the inputs of each scope, and their results into calc.*.

In: inputs by scope; sql/models with the catalogue's columns. Out: exact sums for every unit of the tree. In the
warehouse, rows that differ are closed and their successors inserted; rows that are the same stay untouched.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji import indicators
from qiangji.building.corrected import Corrected
from qiangji.building.failing import Failed, failed
from qiangji.building.hiding import Hiding
from qiangji.building.inputs import Inputs
from qiangji.building.models import IDENTITY, Models, Tables
from qiangji.building.scopes import Scope, scopes
from qiangji.catalogue import Catalogue
from qiangji.engines import Engine
from qiangji.errors import EngineError
from qiangji.indicators import HIDDEN, Base
from qiangji.periods import Period, local_day
from qiangji.pipeline import Pipeline
from qiangji.warehouse.dimensions import fill_expected
from qiangji.warehouse.queries import query
from qiangji.warehouse.rows import copy_in, insert


@dataclass(frozen=True)
class Results:
    """A base's result rows of some scopes, as was and on today's tree (only of units that lineage touches)."""

    base: Base
    scopes: list[Scope]
    rows: pa.Table
    restated: pa.Table


_FLAGS = (
    "SELECT column_name FROM information_schema.columns WHERE table_schema = 'calc' AND table_name = :table"
    " AND column_name ~ '^h__'"
)


def compute(
    c: Connection,
    p: Pipeline,
    engine: Engine,
    reports: Corrected,
    months: Sequence[Period],
    now: datetime,
    fresh: Collection[Period],
) -> tuple[list[Results], list[Failed]]:
    """Each base's results for every scope of the months, beneath each other; what is hidden is marked.

    A base that cannot be computed is given as `Failed`; it costs the others nothing.

    `fresh` are the other months of these years whose rows in the warehouse are what they would be now.
    """
    catalogue, zone = p.catalogue, p.settings.timezone
    restating = catalogue.restating(local_day(now, zone))
    inputs = Inputs(catalogue, reports, reports.current, engine, c)
    types = sorted({f.period_type for f in catalogue.forms.values()})
    fill_expected(c, catalogue, [own for m in months for t in types if (own := m.ends_in(t)) is not None])
    count_registered(c, catalogue, inputs, months)
    found, failures = [], []
    for base in indicators.bases(catalogue):
        scopes_of = partial(scopes, forms=base.forms, calendar=catalogue.calendar, zone=zone, now=now)
        models = Models(engine, inputs, base, restating)
        reported = {
            Period.parse(period).last_month
            for form, period, _ in reports.current
            if form in {f.form for f in base.forms}
        }
        hiding = Hiding(c, catalogue, base, restating, fresh, reported, scopes_of, models.as_was)
        try:
            by_month = {m: [(s, models.tables(s)) for s in scopes_of(m)] for m in months}
            each = [x for marked in hiding.run(by_month).values() for x in marked]
        except EngineError as e:
            failures.append(failed(base, e, reports, months))
            continue
        if each:
            found.append(_beneath_each_other(base, each))
    return found, failures


def _beneath_each_other(base: Base, each: Sequence[tuple[Scope, Tables]]) -> Results:
    """The tables of all scopes as one; there may be none restated."""
    rows = pa.concat_tables([as_was for _, (as_was, _) in each], promote_options="permissive")
    restated = [rows.slice(0, 0), *(t for _, (_, t) in each if t is not None)]
    again = pa.concat_tables(restated, promote_options="permissive")
    return Results(base, [s for s, _ in each], rows.combine_chunks(), again.combine_chunks())


def tables(c: Connection, results: Results) -> list[tuple[str, pa.Table]]:
    """(table of calc, its rows with all columns that are written), as was and restated."""
    base = results.base
    return [
        (table.removeprefix("calc."), _flagged(c, base, table, rows))
        for table, rows in ((base.table, results.rows), (base.restated_table, results.restated))
    ]


def in_locked(
    c: Connection, results: Sequence[Results], locked: Sequence[Period], at: datetime
) -> dict[str, int]:
    """Period within a locked one -> how many of its result rows, as was, this build closed or inserted."""
    counts: dict[str, int] = {}
    for each in results:
        found = {s.period: Period.parse(s.period) for s in each.scopes}
        periods = [t for t, p in found.items() if any(x.start <= p.start and p.end <= x.end for x in locked)]
        if not periods:
            continue
        changed = sa.text(
            f"SELECT period, count(*) AS n FROM {each.base.table} WHERE period = ANY(:periods)"
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


def write(
    c: Connection, table: str, rows: pa.Table, scopes: Sequence[tuple[str, str]], at: datetime
) -> tuple[int, int]:
    """Close the rows of `scopes` (period, period_type) that differ or are gone, insert the new ones; how many of each.

    `table` is one of calc, without the schema.
    """
    mine = {"periods": [p for p, _ in scopes], "types": [t for _, t in scopes]}
    if not c.scalar(query("building/any_open", table=table), mine):
        moment = pa.scalar(at, pa.timestamp("us", "UTC"))
        copy_in(c, f"calc.{table}", rows.append_column("built_from", pa.repeat(moment, len(rows))))
        return 0, len(rows)
    names = ", ".join(rows.column_names)
    columns = [n for n in rows.column_names if n not in IDENTITY]
    c.execute(sa.text(f"CREATE TEMP TABLE fresh ON COMMIT DROP AS SELECT {names} FROM calc.{table} LIMIT 0"))
    copy_in(c, "fresh", rows)
    c.execute(sa.text("CREATE INDEX ON fresh (org_code, period_type, period)"))
    c.execute(sa.text("ANALYZE fresh"))
    key = "(f.org_code, f.period_type, f.period) = (t.org_code, t.period_type, t.period)"
    same = " AND ".join(f"f.{n} IS NOT DISTINCT FROM t.{n}" for n in columns)
    closed = close(c, table, scopes, at, f"NOT EXISTS (SELECT FROM fresh AS f WHERE {key} AND {same})")
    new = sa.text(
        f"INSERT INTO calc.{table} ({names}, built_from) SELECT {names}, :at FROM fresh AS f"
        f" WHERE NOT EXISTS (SELECT FROM calc.{table} AS t WHERE {key} AND t.built_to IS NULL)"
    )
    inserted = c.execute(new, {"at": at}).rowcount
    c.execute(sa.text("DROP TABLE fresh"))
    return closed, inserted


def close(
    c: Connection, table: str, scopes: Sequence[tuple[str, str]], at: datetime, condition: str = "true"
) -> int:
    """Close the rows of `scopes` that meet a condition, by default all of them; returns how many."""
    return c.execute(
        query("building/close", table=table, condition=condition),
        {"at": at, "periods": [p for p, _ in scopes], "types": [t for _, t in scopes]},
    ).rowcount


def count_registered(c: Connection, catalogue: Catalogue, inputs: Inputs, months: Sequence[Period]) -> None:
    """Fill in how many groups or tasks each county should report, for mart.reporting_status."""
    rows = []
    for form in (f for f in catalogue.forms.values() if f.is_registered):
        for period in (p for m in months if (p := m.ends_in(form.period_type)) is not None):
            units = inputs.expected_registered(form, [period.last_month])
            tree = catalogue.org.paths_in(period)
            at = pc.index_in(units.column("base_code"), value_set=tree.column("org_code").combine_chunks())
            counties = tree.column("county_code").take(at)
            counted = pa.table({"county": counties, "n": units.column("expected_units")})
            sums = counted.group_by("county").aggregate([("n", "sum")]).to_pylist()
            named = {"form": form.form, "period": str(period)}
            rows += [
                {"county_code": r["county"], **named, "expected_units": r["n_sum"]}
                for r in sums
                if r["county"]
            ]
    again = "ON CONFLICT (county_code, form, period) DO UPDATE SET expected_units = excluded.expected_units"
    insert(c, "dim.expected_units", rows, again)
