"""Figures: the models over the inputs of each scope, and their results into calc.*.

In: inputs by scope; sql/models with the catalogue's columns. Out: exact sums for every unit of the tree; in the
warehouse the rows that differ are closed and their successors inserted, and what is the same stays untouched.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji import indicators
from qiangji.building.corrected import Corrected
from qiangji.building.hiding import Hiding, Tables
from qiangji.building.inputs import Inputs
from qiangji.building.scopes import Scope, scopes
from qiangji.catalogue import Catalogue
from qiangji.catalogue.lineage import Restating
from qiangji.engines import Engine
from qiangji.indicators import HIDDEN, Base
from qiangji.ledger import Current, Key
from qiangji.periods import Period, local_day
from qiangji.settings import Settings
from qiangji.warehouse.dimensions import fill_expected
from qiangji.warehouse.rows import copy_in


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
_IDENTITY = ("org_code", "org_level", "period", "period_type")


def compute(
    c: Connection,
    engine: Engine,
    catalogue: Catalogue,
    settings: Settings,
    reports: Corrected,
    current: dict[Key, Current],
    months: Sequence[Period],
    now: datetime,
    fresh: Collection[Period],
) -> list[Results]:
    """Each base's results for every scope of the months, beneath each other; what is hidden is marked.

    `fresh` are the other months of these years whose rows in the warehouse are what they would be now.
    """
    restating = catalogue.restating(local_day(now, settings.timezone))
    inputs = Inputs(catalogue, reports, current, engine, c)
    types = sorted({f.period_type for f in catalogue.forms.values()})
    fill_expected(c, catalogue, [p for m in months for t in types if (p := m.ends_in(t)) is not None])
    count_registered(c, catalogue, inputs, months)
    found = []
    for base in indicators.bases(catalogue):

        def scopes_of(month: Period, base: Base = base) -> list[Scope]:
            return scopes(month, base.forms, settings.timezone, now)

        def results(scope: Scope, again: Restating | None, base: Base = base) -> Tables:
            as_was, restated = _results(engine, inputs, base.at(scope.months[-1]), scope, again)
            return _whole(base, as_was), None if restated is None else _whole(base, restated)

        def as_was(scope: Scope, results: Callable[[Scope, Restating | None], Tables] = results) -> pa.Table:
            return results(scope, None)[0]

        by_month = {m: [(s, results(s, restating)) for s in scopes_of(m)] for m in months}
        reported = {Period.parse(p).last_month for f, p, _ in current if f in {x.form for x in base.forms}}
        hiding = Hiding(c, catalogue, base, restating, fresh, reported, scopes_of, as_was)
        each = [x for m in hiding.run(by_month).values() for x in m]
        if each:
            rows = pa.concat_tables([t for _, (t, _) in each], promote_options="permissive")
            again = pa.concat_tables(
                [rows.slice(0, 0), *(t for _, (_, t) in each if t is not None)], promote_options="permissive"
            )
            found.append(Results(base, [s for s, _ in each], rows.combine_chunks(), again.combine_chunks()))
    return found


def _whole(base: Base, rows: pa.Table | None) -> pa.Table:
    """With all columns of the base: a definition that is not in force in a scope has none there."""
    if rows is None:
        rows = pa.table({n: pa.nulls(0, pa.string()) for n in _IDENTITY})
    for name in ("expected_units", "reported_units", *base.result_columns()):
        if name not in rows.column_names:
            rows = rows.append_column(name, pa.nulls(len(rows), pa.int64()))
    return rows


def _results(
    engine: Engine, inputs: Inputs, base: Base, scope: Scope, restating: Restating | None
) -> tuple[pa.Table | None, pa.Table | None]:
    """One base in one scope, as was and, if asked for, restated: the models, one after another; nothing if nothing was
    defined then.
    """
    if not base.definitions:
        return None, None
    _sides(engine, inputs, base, scope)
    engine.register("paths", inputs.paths(base.level, scope.months))
    rows = engine.run("results", sums=indicators.sum_columns(base))
    if restating is None or not restating.touched:
        return _placed(rows, scope), None
    if len(base.forms) > 1:
        _sides(engine, inputs, base, scope, restating)
    engine.register("paths", inputs.restated_paths(base, scope, restating))
    restated = engine.run(
        "restated",
        sums=indicators.sum_columns(base),
        shared_sums=indicators.shared_sum_columns(base),
        lowest=base.level,
    )
    return _placed(rows, scope), _placed(restated, scope)


def _placed(rows: pa.Table, scope: Scope) -> pa.Table:
    """With the period that they are of."""
    rows = rows.add_column(2, "period", pa.repeat(scope.period, len(rows)))
    return rows.add_column(3, "period_type", pa.repeat(scope.period_type, len(rows)))


def _sides(
    engine: Engine, inputs: Inputs, base: Base, scope: Scope, restating: Restating | None = None
) -> None:
    """Register `sides`, `corrected` and `expected` of the scope."""
    operands, corrected = [], []
    for form in base.forms:
        engine.register("reports", inputs.reports(form, base, scope, restating))
        engine.register("corrections", inputs.corrections(form, base, scope, restating))
        corrected.append(
            engine.run(
                "corrected",
                counted=indicators.counted_columns(base, form),
                corrected=indicators.corrected_columns(base, form, scope.period_type),
            )
        )
        operands.append(
            engine.run("operands", operands=indicators.operand_columns(base, form, scope.period_type))
        )
    engine.register("corrected", _merged(corrected))
    units = pa.concat_tables(operands, promote_options="permissive").combine_chunks()
    engine.register("units", units)
    if len(base.forms) > 1:
        engine.register("operands", units)
        engine.run("units", "units", summed=indicators.summed_operands(base))
    engine.register("findings", inputs.findings(base, scope, restating))
    engine.run("warned", "warned", warned=indicators.warned_columns(base))
    engine.run(
        "sides", "sides", sides=indicators.side_columns(base), warnings=indicators.warning_columns(base)
    )
    engine.register("expected", inputs.expected(base, scope, restating))


def _merged(corrected: Sequence[pa.Table]) -> pa.Table:
    """What corrections touch, of several forms on the unit that these share."""
    if len(corrected) == 1:
        return corrected[0]
    rows = pa.concat_tables(corrected, promote_options="permissive").combine_chunks()
    named = [n for n in rows.column_names if n.startswith("c__")]
    found = rows.group_by("base_code").aggregate([(n, "max") for n in named])
    units = found.column("base_code")
    return pa.table({"unit_code": units, "base_code": units} | {n: found.column(f"{n}_max") for n in named})


def tables(c: Connection, results: Results) -> list[tuple[str, pa.Table]]:
    """What is to be in calc.*, as was and restated: (table, rows with all the columns that are written)."""
    base = results.base
    return [
        (table.removeprefix("calc."), _flagged(c, base, table, rows))
        for table, rows in ((base.table, results.rows), (base.restated_table, results.restated))
    ]


def in_locked(
    c: Connection, results: Sequence[Results], locked: Sequence[Period], at: datetime
) -> dict[str, int]:
    """How many result rows, as was, of each period that lies within a locked one this build closed or inserted."""
    counts: dict[str, int] = {}
    for each in results:
        found = {s.period: Period.parse(s.period) for s in each.scopes}
        periods = [t for t, p in found.items() if any(x.start <= p.start and p.end <= x.end for x in locked)]
        if periods:
            for period, n in c.execute(
                sa.text(
                    f"SELECT period, count(*) FROM {each.base.table} WHERE period = ANY(:periods)"
                    " AND (built_from = :at OR built_to = :at) GROUP BY period"
                ),
                {"periods": periods, "at": at},
            ):
                counts[period] = counts.get(period, 0) + n
    return dict(sorted(counts.items()))


def redefined_in_locked(c: Connection, locked: Sequence[Period]) -> dict[str, int]:
    """How many figures of locked periods are shown otherwise since the last build: their indicators were redefined."""
    if not locked:
        return {}
    return {
        r.period: r.n
        for r in c.execute(
            sa.text(
                "SELECT v.period, count(*) AS n FROM mart.indicator_value v"
                " JOIN dim.period p ON p.period = v.period AND p.period_type = v.period_type"
                " JOIN unnest(CAST(:starts AS date[]), CAST(:ends AS date[])) AS x (first_day, last_day)"
                " ON p.period_end BETWEEN x.first_day AND x.last_day AND p.period_start >= x.first_day"
                " WHERE v.indicator_code IN (SELECT h.indicator_code FROM dim.indicator_history h"
                "  WHERE h.defined_to > (SELECT max(b.built_at) FROM ops.build b))"
                " GROUP BY 1 ORDER BY 1"
            ),
            {"starts": [p.start for p in locked], "ends": [p.end for p in locked]},
        )
    }


def _flagged(c: Connection, base: Base, table: str, rows: pa.Table) -> pa.Table:
    """The rows with what says that a figure is hidden, in the order of the table's columns."""
    # what no longer counts persons is shown from now on, and its past stays as it is
    for flag in c.scalars(sa.text(_FLAGS), {"table": table.split(".")[1]}):
        if flag not in rows.column_names and any(flag == f"{HIDDEN}__{i.code}" for i in base.indicators):
            rows = rows.append_column(flag, pa.repeat(False, len(rows)))
    flags = [n for n in rows.column_names if n.startswith(f"{HIDDEN}__")]
    return rows.select([*_IDENTITY, "expected_units", "reported_units", *base.result_columns(), *flags])


def write(
    c: Connection, table: str, rows: pa.Table, scopes: Sequence[tuple[str, str]], at: datetime
) -> tuple[int, int]:
    """Close the rows of `scopes` (period, period_type) that differ or are gone, insert the new ones; how many of each.

    `table` is one of calc, without the schema.
    """
    names = ", ".join(rows.column_names)
    columns = [n for n in rows.column_names if n not in _IDENTITY]
    c.execute(sa.text(f"CREATE TEMP TABLE fresh ON COMMIT DROP AS SELECT {names} FROM calc.{table} LIMIT 0"))
    copy_in(c, "fresh", rows)
    c.execute(sa.text("CREATE INDEX ON fresh (org_code, period_type, period)"))
    c.execute(sa.text("ANALYZE fresh"))
    key = "(f.org_code, f.period_type, f.period) = (t.org_code, t.period_type, t.period)"
    same = " AND ".join(f"f.{n} IS NOT DISTINCT FROM t.{n}" for n in columns)
    closed = close(c, table, scopes, at, f"AND NOT EXISTS (SELECT FROM fresh f WHERE {key} AND {same})")
    inserted = c.execute(
        sa.text(
            f"INSERT INTO calc.{table} ({names}, built_from) SELECT {names}, :at FROM fresh f"
            f" WHERE NOT EXISTS (SELECT FROM calc.{table} t WHERE {key} AND t.built_to IS NULL)"
        ),
        {"at": at},
    ).rowcount
    c.execute(sa.text("DROP TABLE fresh"))
    return closed, inserted


def close(
    c: Connection, table: str, scopes: Sequence[tuple[str, str]], at: datetime, condition: str = ""
) -> int:
    """Close rows of `scopes`, by default all of them; returns how many."""
    return c.execute(
        sa.text(
            f"UPDATE calc.{table} t SET built_to = :at WHERE built_to IS NULL"
            " AND (t.period, t.period_type) IN (SELECT * FROM unnest(CAST(:periods AS text[]), CAST(:types AS text[])))"
            f" {condition}"
        ),
        {"at": at, "periods": [p for p, _ in scopes], "types": [t for _, t in scopes]},
    ).rowcount


def count_registered(c: Connection, catalogue: Catalogue, inputs: Inputs, months: Sequence[Period]) -> None:
    """How many groups or tasks each county should report, for mart.reporting_status."""
    for form in (f for f in catalogue.forms.values() if f.is_registered):
        for period in (p for m in months if (p := m.ends_in(form.period_type)) is not None):
            counts: dict[str, int] = {}
            for unit in inputs.expected_registered(form, [period.last_month]).to_pylist():
                county = catalogue.org.county_of(unit["base_code"], period)
                if county:
                    counts[county] = counts.get(county, 0) + unit["expected_units"]
            for county, n in counts.items():
                c.execute(
                    sa.text(
                        "INSERT INTO dim.expected_units VALUES (:c, :f, :p, :n) ON CONFLICT (county_code, form, period)"
                        " DO UPDATE SET expected_units = excluded.expected_units"
                    ),
                    {"c": county, "f": form.form, "p": str(period), "n": n},
                )
