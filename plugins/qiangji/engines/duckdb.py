"""DuckDB: the models on one machine, in this process."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from qiangji.errors import EngineError
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
        sql = rendered(text, f"sql/models/{model}.sql", columns)
        try:
            rows = self._connection.sql(sql).to_arrow_table()
        except (
            duckdb.DataError
        ) as e:  # without the cause: its text holds the value, which may be a person's number
            raise EngineError(
                f"a sum does not fit ({type(e).__name__})",
                where=f"sql/models/{model}.sql",
                expected="values within the bounds of their fields",
                zh="合计超出可容纳的范围：请核对过大的数值。",
            ) from None
        if name:
            self.register(name, rows)
        return rows

    def close(self) -> None:
        self._connection.close()
