"""Facts, figures and their definitions again: from the results that each build left in the lake.

In: the journal's builds, definitions and rules of suppression; lake/builds, lake/definitions, lake/reports. Out: calc.*
with the life time of every row, dim.indicator_history, dim.indicator_due_history, fact.*, in the caller's transaction.
So the warehouse shows again what it showed on any day, not only the current figures.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.engine import Connection

from qiangji.building import facts, figures
from qiangji.building.corrected import Corrected
from qiangji.building.inputs import Inputs
from qiangji.building.parts import Part
from qiangji.building.registry import Registry
from qiangji.engines import open_engine
from qiangji.ledger import Current, Key
from qiangji.periods import Period
from qiangji.pipeline import Pipeline
from qiangji.restoring.journal import Event, Journal, Watch, when
from qiangji.restoring.lost import Kept
from qiangji.warehouse import dimensions, hidden_past, history, tables
from qiangji.warehouse.ddl import define
from qiangji.warehouse.rows import copy_in

_LEFT = "已不在目录中的指标 / of an indicator that has left the catalogue"


def clear(c: Connection) -> None:
    """Delete all facts, all figures and the past of their definitions."""
    for table in _tables(c, "fact", "calc"):
        c.execute(sa.text(f"DELETE FROM {table}"))
    for table in ("dim.indicator_history", "dim.indicator_due_history"):
        c.execute(sa.text(f"DELETE FROM {table}"))


def fill_definitions(c: Connection, lake: Kept, journal: Journal) -> None:
    """Fill the past of definitions, one change after the other."""
    for event in journal.of("definitions"):
        rows = [r | {"targets": json.dumps(json.loads(r["targets"]))} for r in event["indicators"]]
        history.defined(c, rows, when(event))
        c.execute(
            sa.text("CREATE TEMP TABLE due_then ON COMMIT DROP AS SELECT * FROM dim.indicator_due LIMIT 0")
        )
        copy_in(c, "due_then", lake.get_parquet(lake.definitions_path(event["due"])))
        history.due(c, "due_then", when(event))
        c.execute(sa.text("DROP TABLE due_then"))


def fill_figures(c: Connection, lake: Kept, journal: Journal, builds: Sequence[Event], watch: Watch) -> int:
    """Fill every row that a build showed, with its life time. Returns how many builds left no rows in the lake.

    A stricter rule of suppression also hides older figures, so each rule is applied in its turn between the builds.
    """
    for event in watch(sorted([*builds, *journal.of("suppression")], key=when), "figures"):
        if event["event"] == "suppression":
            hidden_past.apply(c, event["rule"], _known(c, event["tables"]), event.get("states", ()))
            continue
        for files in _by_place(event.get("tables", ())):
            _fill_table(c, lake, event, files)
    return sum("tables" not in e for e in builds)


def _by_place(tables: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """The files of a build, those together that hold the rows of one table and of the same scopes and units."""
    found: dict[str, list[dict[str, Any]]] = {}
    for each in tables:
        found.setdefault(repr((each["table"], each["scopes"], each.get("units"))), []).append(each)
    yield from found.values()


def _fill_table(c: Connection, lake: Kept, event: Event, files: Sequence[dict[str, Any]]) -> None:
    """Have the rows of some files take the place of those that were there."""
    one = files[0]
    scopes = [(period, period_type) for period, period_type in one["scopes"]]
    place = figures.Place(one["table"], scopes, when(event), one.get("units"))
    kept = [
        lake.get_named(lake.build_path(event["build_id"], f.get("file", f["table"])), f["rows_hash"])
        for f in files
        if f["rows_hash"]
    ]
    if kept:
        rows = pa.concat_tables(kept, promote_options="permissive")
        _add_missing(c, place.table, rows)
        figures.write(c, replace(place, is_empty=figures.is_empty(c, place)), rows)
    elif f"calc.{place.table}" in _tables(c, "calc"):
        figures.close(c, place)


def _add_missing(c: Connection, table: str, rows: pa.Table) -> None:
    """Add columns for indicators that have left the catalogue: they keep their past."""
    types = {f.name: _sql_type(str(f.type)) for f in rows.schema}
    types |= {"built_from": "timestamptz NOT NULL", "built_to": "timestamptz"}
    for name in tables.add_columns(c, f"calc.{table}", types):
        column = sql.Identifier("calc", table, name)
        define(c, sql.SQL("COMMENT ON COLUMN {} IS {}").format(column, sql.Literal(_LEFT)))


def _sql_type(arrow: str) -> str:
    if arrow.startswith("decimal"):
        return "numeric"
    return {"string": "text", "bool": "boolean"}.get(arrow, "bigint")


def _known(c: Connection, ruled: dict[str, list[str]]) -> dict[str, list[str]]:
    """The indicators of a rule, by table, without those that the table has no columns for."""
    columns = {table: tables.columns_of(c, table) for table in ruled}
    return {
        table: [x for x in codes if all(f"{part}__{x}" in columns[table] for part in ("h", "n", "d"))]
        for table, codes in ruled.items()
    }


def fill_facts(c: Connection, pipeline: Pipeline, watch: Watch) -> None:
    """Fill the rows that ops.fact_load says are loaded, and how many units were expected then."""
    catalogue, settings = pipeline.catalogue, pipeline.settings
    loaded = c.execute(sa.text("SELECT * FROM ops.fact_load ORDER BY form, period, county_code")).all()
    current: dict[Key, Current] = {
        (r.form, r.period, r.county_code): Current(r.rows_hash, r.revision, "")
        for r in loaded
        if r.form in catalogue.forms
    }
    reports = Corrected(catalogue, pipeline.ledger.lake, current)
    for key, one in watch(list(current.items()), "facts"):
        name, period, county = key
        form = catalogue.forms[name]
        rows = reports.get_rows("reports", name, period, county, one.rows_hash)
        if len(rows):
            rows = facts.fact_rows(facts.revised(rows, one.revision), catalogue, form, period, [county])
            table = f"fact.{form.form}"
            known = tables.columns_of(c, table)
            copy_in(c, table, rows.select([n for n in rows.column_names if n in known]))
    months = [Period.parse(m) for m in c.scalars(sa.text("SELECT month FROM ops.built_month ORDER BY 1"))]
    types = sorted({f.period_type for f in catalogue.forms.values()})
    dimensions.fill_expected(
        c, catalogue, [p for m in months for t in types if (p := m.ends_in(t)) is not None]
    )
    registry, part = Registry(reports), Part(tuple(catalogue.all_counties))
    with open_engine(settings) as engine:
        inputs = Inputs(catalogue, reports, engine, c, part, registry)
        for month in months:
            figures.count_registered(c, catalogue, inputs, month)


def analyze(c: Connection) -> None:
    """Tell the planner what the tables hold now."""
    c.execute(sa.text(f"ANALYZE {', '.join(_tables(c, 'ops', 'dim', 'fact', 'calc'))}"))


def _tables(c: Connection, *schemas: str) -> list[str]:
    """Every table of these schemas as `schema.table`, ready to stand in a statement."""
    rows: Iterable[str] = c.scalars(
        sa.text(
            "SELECT schemaname || '.' || quote_ident(tablename) FROM pg_tables WHERE schemaname = ANY(:s) ORDER BY 1"
        ),
        {"s": list(schemas)},
    )
    return list(rows)
