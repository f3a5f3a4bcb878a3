"""Rows out of the warehouse as dicts, and into tables: a few by INSERT, many by COPY.

In: a connection in a transaction, a table's name, rows. Out: the rows in the table, in the caller's transaction.
Threads that share a connection take turns at it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event, Lock, get_ident
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji.csv_text import texts

if TYPE_CHECKING:
    import pyarrow as pa


class _Turns:
    """Whose turn it is: that of who asked first. A thread that holds it may take it again.

    A lock would be had again at once by the thread that gives it back, which copies one batch after the other.
    """

    def __init__(self) -> None:
        self._lock, self._holder, self._times = Lock(), 0, 0
        self._waiting = deque[tuple[int, Event]]()

    def take(self) -> None:
        me, mine = get_ident(), Event()
        with self._lock:
            if self._holder in (0, me):
                self._holder, self._times = me, self._times + 1
                return
            self._waiting.append((me, mine))
        try:
            mine.wait()
        except BaseException:  # a signal that ends the wait must not leave the turn with who has gone
            with self._lock:
                is_mine = mine.is_set()
                if not is_mine:
                    self._waiting.remove((me, mine))
            if is_mine:
                self.give_back()
            raise

    def give_back(self) -> None:
        with self._lock:
            self._times -= 1
            if not self._times:
                self._holder, is_next = self._waiting.popleft() if self._waiting else (0, Event())
                self._times = 1 if self._holder else 0
                is_next.set()


@contextmanager
def turn(connection: Connection) -> Iterator[Connection]:
    """A connection for this thread alone, until the block ends."""
    turns = connection.info.setdefault("turn", _Turns())
    turns.take()
    try:
        yield connection
    finally:
        turns.give_back()


def fetch(
    connection: Connection, statement: sa.TextClause | str, values: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """The result of a statement: a dict a row, by column."""
    asked = sa.text(statement) if isinstance(statement, str) else statement
    with turn(connection):
        return [dict(row) for row in connection.execute(asked, values or {}).mappings()]


def fetch_together(
    connection: Connection, statements: Mapping[str, sa.TextClause | str], values: Mapping[str, Any]
) -> dict[str, list[dict[str, Any]]]:
    """The results of several statements that are asked at once, by the statements' names."""
    from psycopg import ClientCursor

    asked = [sa.text(s) if isinstance(s, str) else s for s in statements.values()]
    texts = [str(one.compile(dialect=connection.dialect)) for one in asked]
    driver = connection.connection.driver_connection
    assert driver is not None
    bound = ClientCursor(driver).mogrify(";\n".join(texts), values)
    cursor: Any = connection.exec_driver_sql(bound.replace("%", "%%")).cursor
    found: dict[str, list[dict[str, Any]]] = {}
    for name in statements:
        columns = [c.name for c in cursor.description]
        found[name] = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
        cursor.nextset()
    return found


def insert(connection: Connection, table: str, rows: Sequence[Mapping[str, Any]], conflict: str = "") -> int:
    """INSERT rows of the same columns into `schema.table`. Returns how many were inserted or updated.

    `conflict`: an ON CONFLICT clause.
    """
    if not rows:
        return 0
    columns = list(rows[0])
    slots = ", ".join(f":{n}" for n in columns)
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({slots}) {conflict}"
    with turn(connection):
        return connection.execute(sa.text(statement), [dict(row) for row in rows]).rowcount


def copy_in(
    connection: Connection,
    table: str,
    rows: pa.Table,
    pieces: Iterable[pa.Buffer] | None = None,
    **same: object,
) -> None:
    """COPY an Arrow table into `schema.table` by column names, as text: the server rejects values that do not fit.

    `pieces`: the rows as text, where it is there already. `same`: columns more, with the value of all rows.
    """
    from psycopg import sql

    from qiangji.warehouse.ddl import listed, named

    copy_from = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        named(table), listed([*rows.column_names, *same])
    )
    end = "".join(f",{value}" for value in same.values()).encode()
    driver = connection.connection.driver_connection
    assert driver is not None
    with turn(connection), driver.cursor() as cursor, cursor.copy(copy_from) as copy:
        ends = 0
        for text in texts(rows) if pieces is None else pieces:
            if not end:
                copy.write(memoryview(text))
                continue
            lines: bytes = text.to_pybytes()
            ends += lines.count(b"\n")
            copy.write(lines.replace(b"\n", end + b"\n"))
        if end and ends != len(rows):
            raise ValueError("a value holds the end of a line")
