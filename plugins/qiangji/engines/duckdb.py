"""DuckDB: the models on one machine, in this process."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from qiangji.rendering import rendered


class DuckDB:
    """A database in memory; nothing outside can be reached from it."""

    def __init__(self, models: Path, threads: int) -> None:
        self._models = models
        self._connection = duckdb.connect(config={"threads": threads, "autoinstall_known_extensions": False})

    def register(self, name: str, rows: pa.Table) -> None:
        self._connection.unregister(name)
        self._connection.register(name, rows)

    def run(self, model: str, name: str | None = None, **columns: str) -> pa.Table:
        text = (self._models / f"{model}.sql").read_text(encoding="utf-8")
        rows = self._connection.sql(rendered(text, f"sql/models/{model}.sql", columns)).to_arrow_table()
        if name:
            self.register(name, rows)
        return rows

    def close(self) -> None:
        self._connection.close()
