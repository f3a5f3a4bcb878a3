"""Engines run the models of sql/models: inputs go in as named views, one Arrow table comes out.

The same model text runs on every engine, so a model names its inputs and never a file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from qiangji.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa


class Engine(Protocol):
    """One engine, for one build."""

    def register(self, name: str, rows: pa.Table) -> None:
        """Make rows the view `name`, in place of what had that name."""

    def register_files(
        self, name: str, files: list[tuple[Path, dict[str, object]]], columns: list[str]
    ) -> None:
        """Make Parquet files the view `name`: these columns of each, and with them the constants given beside it."""

    def run(self, model: str, name: str | None = None, **columns: str) -> pa.Table:
        """Run a model with its placeholders filled in; with `name`, its result becomes that view too."""

    def query(self, sql: str) -> pa.Table:
        """Run one statement over the views."""


@contextmanager
def open_engine(kind: str, models: Path, threads: int) -> Iterator[Engine]:
    """The engine that QIANGJI_ENGINE names, closed at the end of the block."""
    if kind != "duckdb":
        raise UsageError(f"engine {kind!r}", where="QIANGJI_ENGINE", expected="duckdb", code="unknown_engine")
    from qiangji.engines.duckdb import DuckDB

    engine = DuckDB(models, threads)
    try:
        yield engine
    finally:
        engine.close()
