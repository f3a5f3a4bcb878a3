"""Statements composed of names, such as CREATE TABLE, GRANT and COMMENT; psycopg quotes names and texts.

In: a connection in a transaction and a statement without parameters. Out: the definition, in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable

from psycopg import sql
from sqlalchemy.engine import Connection


def define(connection: Connection, statement: sql.Composable | str) -> None:
    """Run a statement, or several between semicolons, as they stand: `%` and `:` have no meaning in them."""
    text = statement if isinstance(statement, str) else statement.as_string()
    connection.exec_driver_sql(text.replace("%", "%%"))


def named(table: str) -> sql.Identifier:
    """The identifier of `schema.table`."""
    return sql.Identifier(*table.split("."))


def listed(names: Iterable[str]) -> sql.Composed:
    """Identifiers between commas."""
    return sql.SQL(", ").join(map(sql.Identifier, names))
