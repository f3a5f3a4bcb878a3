"""The past of definitions: factors, targets, words and due dates, each with the time for which it held.

In: the catalogue; dim.indicator_due as it was just filled. Out: dim.indicator_history and dim.indicator_due_history,
in which rows that differ are closed and added anew. calc.* keeps every sum with its own life time; together they say
what the warehouse showed at any moment.
"""

from __future__ import annotations

import json
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji import indicators
from qiangji.catalogue.indicators import Definition, Indicator
from qiangji.catalogue.load import Catalogue
from qiangji.hashing import short
from qiangji.lake import Lake

FIRST_MONTH, LAST_MONTH = "0001-01", "9999-12"
"""The first month of a definition without `since`, and the last month of one without `until`."""


def keep(connection: Connection, catalogue: Catalogue, lake: Lake) -> None:
    """Bring both histories up to date, in the caller's transaction; a change goes into the journal.

    The caller has dropped the views. Readers wait for the commit, so they see the new definitions from this moment on.
    """
    at: datetime = connection.scalar(sa.text("SELECT clock_timestamp()"))
    rows = [_row(d, base, catalogue) for base in indicators.bases(catalogue) for d in base.definitions]
    # restricted now: hidden beneath the county as of earlier days, too
    connection.execute(
        sa.text("UPDATE dim.indicator_history SET is_restricted = true WHERE indicator_code = ANY(:codes)"),
        {"codes": [r["indicator_code"] for r in rows if r["is_restricted"]]},
    )
    if defined(connection, rows, at) + due(connection, "dim.indicator_due", at):
        event = {"event": "definitions", "at": at, "indicators": rows, "due": _put_due(connection, lake)}
        lake.record(f"definitions-{at:%Y%m%dT%H%M%S%f}", at, event)


def defined(connection: Connection, rows: list[dict[str, object]], at: datetime) -> int:
    """Put the definitions that hold from a moment on into their history; returns how many rows that changed."""
    connection.execute(
        sa.text("CREATE TEMP TABLE defined ON COMMIT DROP AS SELECT * FROM dim.indicator_history LIMIT 0")
    )
    changed = 0
    if rows:
        columns = list(rows[0])
        slots = ", ".join(f"CAST(:{c} AS jsonb)" if c == "targets" else f":{c}" for c in columns)
        connection.execute(sa.text(f"INSERT INTO defined ({', '.join(columns)}) VALUES ({slots})"), rows)
        key = ["indicator_code", "version"]
        changed = _replace(connection, "dim.indicator_history", "defined", columns, key, at)
    connection.execute(sa.text("DROP TABLE defined"))
    return changed


def due(connection: Connection, fresh: str, at: datetime) -> int:
    """Put due dates that hold from a moment on into their history; returns how many rows that changed.

    `fresh`: the table that has them.
    """
    key = ["indicator_code", "period", "period_type"]
    return _replace(connection, "dim.indicator_due_history", fresh, [*key, "due_at"], key, at)


def _put_due(connection: Connection, lake: Lake) -> str:
    import pyarrow as pa

    names = ("indicator_code", "period", "period_type", "due_at")
    rows = connection.execute(
        sa.text(f"SELECT {', '.join(names)} FROM dim.indicator_due ORDER BY 1, 2, 3")
    ).all()
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    types = (pa.string(), pa.string(), pa.string(), pa.timestamp("us", "UTC"))
    return lake.put_definitions(
        pa.table({n: pa.array(x, t) for n, x, t in zip(names, columns, types, strict=True)})
    )


def _replace(
    connection: Connection, table: str, fresh: str, columns: list[str], key: list[str], at: datetime
) -> int:
    """Close the rows of `table` that are not in the table `fresh`, and add those that only `fresh` has.

    No column may be null. Returns how many rows were closed and added.
    """

    def of(alias: str, names: list[str]) -> str:
        return f"({', '.join(f'{alias}.{n}' for n in names)})"

    closed = connection.execute(
        sa.text(
            f"UPDATE {table} t SET defined_to = :at WHERE defined_to IS NULL"
            f" AND NOT EXISTS (SELECT FROM {fresh} f WHERE {of('f', columns)} = {of('t', columns)})"
        ),
        {"at": at},
    ).rowcount
    names = ", ".join(columns)
    added = connection.execute(
        sa.text(
            f"INSERT INTO {table} ({names}, defined_from) SELECT {names}, :at FROM {fresh} f WHERE NOT EXISTS"
            f" (SELECT FROM {table} t WHERE {of('t', key)} = {of('f', key)} AND t.defined_to IS NULL)"
        ),
        {"at": at},
    ).rowcount
    return closed + added


def _row(definition: Definition, base: indicators.Base, catalogue: Catalogue) -> dict[str, object]:
    x = definition.indicator
    row: dict[str, object] = {
        "indicator_code": x.code,
        "version": definition.version,
        "first_month": definition.since or FIRST_MONTH,
        "last_month": definition.until or LAST_MONTH,
        "calc_table": base.name,
        "factor": x.factor,
        "targets": json.dumps({str(year): str(target) for year, target in x.target.items()}),
        "is_restricted": catalogue.is_restricted(catalogue.indicators[x.code]),
        "missing": x.missing,
        "forms": list(x.forms),
        "definition_zh": x.definition.zh,
        "definition_en": x.definition.en,
        "definition_hash": definition_hash(x, catalogue),
        "name_zh": x.name.zh,
        "name_en": x.name.en,
        "unit": x.unit,
        "direction": x.direction,
        "headline": x.headline,
        "shortest_period": base.shortest_period,
    }
    for language in ("zh", "en"):
        row[f"numerator_{language}"] = indicators.in_words(x.numerator, catalogue, language)
        row[f"denominator_{language}"] = indicators.in_words(x.denominator, catalogue, language)
    return row


def definition_hash(x: Indicator, catalogue: Catalogue) -> str:
    """Changes with whatever decides the indicator's figures: terms, rule, factor, targets, kinds of its fields.

    Names and words do not change it.
    """
    kinds = sorted(
        (t.form, f, field.kind, field.type)
        for t in x.terms
        for f in t.fields
        if (field := catalogue.forms[t.form].fields.get(f)) is not None
    )
    said = x.model_dump(mode="json", include={"numerator", "denominator", "factor", "missing", "target"})
    return short(json.dumps([said, kinds], sort_keys=True, default=str))
