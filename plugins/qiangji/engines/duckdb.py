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
        self._connection.execute(f"DROP VIEW IF EXISTS {name}")
        self._connection.register(name, rows)

    def view(self, name: str, model: str, **columns: str) -> None:
        self._connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {self._filled(model, columns)}")

    def run(self, model: str, **columns: str) -> pa.Table:
        try:
            return self._connection.sql(self._filled(model, columns)).to_arrow_table()
        except (
            duckdb.DataError
        ) as e:  # without the cause: its text holds the value, which may be a person's number
            raise EngineError(
                f"a sum does not fit ({type(e).__name__})",
                where=f"sql/models/{model}.sql",
                expected="values within the bounds of their fields",
                zh="合计超出可容纳的范围：请核对过大的数值。",
            ) from None

    def _filled(self, model: str, columns: dict[str, str]) -> str:
        text = (self._models / f"{model}.sql").read_text(encoding="utf-8")
        return rendered(text, f"sql/models/{model}.sql", columns)

    def close(self) -> None:
        self._connection.close()
