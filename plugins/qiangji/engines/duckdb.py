"""DuckDB: the models on one machine, in this process."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from qiangji.rendering import rendered


class DuckDB:
    """An in-memory database that nothing outside can be reached from."""

    def __init__(self, models: Path, threads: int) -> None:
        self._models = models
        self._connection = duckdb.connect(config={"threads": threads, "autoinstall_known_extensions": False})

    def register(self, name: str, rows: pa.Table) -> None:
        self._drop(name)
        self._connection.register(name, rows)

    def register_files(
        self, name: str, files: list[tuple[Path, dict[str, object]]], columns: list[str]
    ) -> None:
        import pyarrow.parquet as pq

        tables = []
        for path, constants in files:
            rows = pq.ParquetFile(path).read(columns)
            for key, value in constants.items():
                rows = rows.append_column(key, pa.array([value] * len(rows), type=_type_of(value)))
            tables.append(rows)
        self.register(name, pa.concat_tables(tables))

    def run(self, model: str, name: str | None = None, **columns: str) -> pa.Table:
        text = (self._models / f"{model}.sql").read_text(encoding="utf-8")
        rows = self.query(rendered(text, f"sql/models/{model}.sql", columns))
        if name:
            self.register(name, rows)
        return rows

    def query(self, sql: str) -> pa.Table:
        return self._connection.sql(sql).to_arrow_table()

    def close(self) -> None:
        self._connection.close()

    def _drop(self, name: str) -> None:
        self._connection.unregister(name)


def _type_of(value: object) -> pa.DataType:
    if isinstance(value, bool):
        return pa.bool_()
    return pa.int64() if isinstance(value, int) else pa.string()
