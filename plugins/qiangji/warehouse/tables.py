"""Tables that the catalogue defines: fact.<form>, a row a reported unit, and calc.<base>, the sums of its indicators.

In: forms and bases. Out: tables with a column for each field and each part of an indicator. Tables are only ever added
to: a field that left the catalogue keeps its column and its past.
"""

from __future__ import annotations

import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.engine import Connection

from qiangji import indicators
from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Form
from qiangji.catalogue.tree import LEVELS
from qiangji.warehouse.ddl import define, listed, named

SQL_TYPES = {
    "integer": "bigint",
    "decimal": "numeric(18,4)",
    "boolean": "boolean",
    "code": "text",
    "text": "text",
    "enum": "text",
    "date": "date",
}
PATH = tuple(f"{level}_code" for level in LEVELS[:-1])


def make(connection: Connection, catalogue: Catalogue) -> None:
    """Make or extend the tables of every form and every base of indicators."""
    for form in catalogue.forms.values():
        _fact_table(connection, form)
    for base in indicators.bases(catalogue):
        _calc_table(connection, base)
        _calc_table(connection, base, is_restated=True)


def columns_of(connection: Connection, table: str) -> dict[str, str]:
    """Columns of `schema.table` with their types, as information_schema names them; empty for no such table."""
    found = connection.execute(
        sa.text(
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE (table_schema, table_name) = (:schema, :name)"
        ),
        dict(zip(("schema", "name"), table.split("."), strict=True)),
    )
    return {r.column_name: r.data_type for r in found}


def add_columns(connection: Connection, table: str, columns: dict[str, str]) -> list[str]:
    """Add the columns that are missing, and widen sums of integers that are sums of decimals now.

    Returns the names of the added columns. The table is made if it is not there.
    """
    define(connection, sql.SQL("CREATE TABLE IF NOT EXISTS {} ()").format(named(table)))
    known = columns_of(connection, table)
    missing = [column for column in columns if column not in known]
    wider = [
        column
        for column, type_ in columns.items()
        if known.get(column) == "bigint" and type_.startswith("numeric")
    ]
    changes = [(sql.SQL("ADD COLUMN {} {}"), column) for column in missing]
    changes += [(sql.SQL("ALTER COLUMN {} TYPE {}"), column) for column in wider]
    if changes:
        parts = [change.format(sql.Identifier(c), sql.SQL(columns[c])) for change, c in changes]
        define(connection, sql.SQL("ALTER TABLE {} {}").format(named(table), sql.SQL(", ").join(parts)))
    return missing


def _fact_table(connection: Connection, form: Form) -> None:
    table = f"fact.{form.form}"
    columns = {form.key: "text NOT NULL", "unit_name": "text"}
    columns |= dict.fromkeys(PATH, "text")
    columns |= {"period": "text NOT NULL", "revision": "integer NOT NULL"}
    columns |= {name: SQL_TYPES[field.type] for name, field in form.fields.items()}
    add_columns(connection, table, columns)
    _index(connection, "UNIQUE INDEX", f"{form.form}_row", table, ("period", "county_code", form.key))


def _calc_table(connection: Connection, base: indicators.Base, is_restated: bool = False) -> None:
    """The sums as was; or restated, where a share of a split may be any fraction."""
    name = f"{base.name}{indicators.RESTATED}" if is_restated else base.name
    table = base.restated_table if is_restated else base.table
    columns = {
        "org_code": "text NOT NULL",
        "org_level": "text NOT NULL",
        "period": "text NOT NULL",
        "period_type": "text NOT NULL",
        "expected_units": "bigint NOT NULL",
        "reported_units": "bigint NOT NULL",
    }
    columns |= base.result_columns()
    if is_restated:
        columns = {c: t.replace("bigint", "numeric").split("(")[0] for c, t in columns.items()}
    columns |= base.flag_columns()
    columns |= {"built_from": "timestamptz NOT NULL", "built_to": "timestamptz"}
    add_columns(connection, table, columns)
    current = " WHERE built_to IS NULL"
    unit, scope = ("org_code", "period_type", "period"), ("period_type", "period", "org_level")
    _index(connection, "UNIQUE INDEX", f"{name}_current", table, unit, current)
    _index(connection, "INDEX", f"{name}_scope", table, scope, current)


def _index(
    connection: Connection, kind: str, name: str, table: str, columns: tuple[str, ...], where: str = ""
) -> None:
    text = sql.SQL("CREATE {} IF NOT EXISTS {} ON {} ({}){}")
    names = (sql.SQL(kind), sql.Identifier(name), named(table), listed(columns), sql.SQL(where))
    define(connection, text.format(*names))
