"""DuckDB: the models on one machine, in this process."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from qiangji.engines import does_not_fit, filled, place_of

FEW = 100_000
"""Rows of the largest input up to which planning a model takes longer than running it."""
warnings.filterwarnings(
    "ignore", "Arrow output on a DB-API result", UserWarning
)  # a copy of few rows is cheap


class DuckDB:
    """A database in memory; nothing outside can be reached from it."""

    def __init__(self, models: Path, threads: int, beside: DuckDB | None = None) -> None:
        self._models, self.at_once = models, threads
        config = {"threads": threads, "autoinstall_known_extensions": False}
        self._connection: duckdb.DuckDBPyConnection = (
            beside._connection.cursor() if beside else duckdb.connect(config=config)
        )
        self._views: set[str] = set()
        self._rows: dict[str, int] = {}

    @contextmanager
    def beside(self) -> Iterator[DuckDB]:
        """Another connection to the same database, which shares its threads."""
        other = DuckDB(self._models, self.at_once, self)
        try:
            yield other
        finally:
            other.close()

    def register(self, name: str, rows: pa.Table) -> None:
        if name in self._views:  # rows take the place of rows by themselves, of a model they do not
            self._connection.execute(f"DROP VIEW {name}")
            self._views.remove(name)
        self._connection.register(name, rows)
        self._rows[name] = len(rows)

    def view(self, name: str, model: str, **columns: str) -> None:
        self._views.add(name)
        self._rows.pop(name, None)
        text = filled(self._models, model, columns)
        self._connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {text}")

    def run(self, model: str, **columns: str) -> pa.Table:
        try:
            return self._table(filled(self._models, model, columns))
        except duckdb.DataError as e:
            raise does_not_fit(e, place_of(model)) from None

    def _table(self, text: str) -> pa.Table:
        """The rows of a query. `sql` plans it twice, to say its columns and to run it; `execute` copies the rows."""
        if max(self._rows.values(), default=0) <= FEW:
            return self._connection.execute(text).to_arrow_table()
        return self._connection.sql(text).to_arrow_table()

    def close(self) -> None:
        self._connection.close()
