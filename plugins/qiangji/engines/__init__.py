"""Engines run the models of sql/models: inputs go in as named views, one Arrow table comes out.

The same model text runs on every engine, so a model names its inputs and never a file.

| file | what |
| --- | --- |
| `duckdb.py` | on one machine, in this process |
| `spark.py`, `spark_ready.py` | on this machine's cores or on a cluster; what has to be there for it |
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from qiangji.errors import EngineError, UsageError
from qiangji.rendering import rendered

if TYPE_CHECKING:
    import pyarrow as pa

    from qiangji.settings import Settings


class Engine(Protocol):
    """One engine, for one build.

    Another engine is one file, `engines/<name>.py`, and one branch in `_opened`. It must give the same rows as
    DuckDB for every model: integers as int64, decimals exact, NULL where a sum has no values, text compared by code
    point. The filled text is what DuckDB and Spark both know, as it stands: `FILTER`, `max_by`, `FULL JOIN`,
    `bool_or`. tests/sql holds every engine of `KINDS` to this, and the text to both dialects.
    """

    at_once: int
    """How many threads may ask at once, each an engine of its own: see `beside`."""

    def beside(self) -> AbstractContextManager[Engine]:
        """An engine for one thread, with views of its own where several may ask at once."""

    def register(self, name: str, rows: pa.Table) -> None:
        """Make rows the view `name`, in place of what had that name."""

    def view(self, name: str, model: str, **columns: str) -> None:
        """Make a model, its placeholders filled with `columns`, the view `name`: it is run by what reads it.

        The views that it reads must stay as they are until then.
        """

    def run(self, model: str, **columns: str) -> pa.Table:
        """The rows of a model whose placeholders are filled with `columns`.

        Raises EngineError where the rows do not allow it: a sum that no column holds. The engine can go on.
        """

    def close(self) -> None:
        """Release what the engine holds."""


def filled(models: Path, model: str, columns: dict[str, str]) -> str:
    """The text of a model, its placeholders filled."""
    text = (models / f"{model}.sql").read_text(encoding="utf-8")
    return rendered(text, place_of(model), columns)


def place_of(model: str) -> str:
    """Where an error says that a model stands."""
    return f"sql/models/{model}.sql"


def does_not_fit(error: Exception, where: str) -> EngineError:
    """The error for a sum that no column holds. Raise it without its cause, whose text holds the value that does not
    fit: it may be a person's number.
    """
    return EngineError(
        f"a sum does not fit ({type(error).__name__})",
        where=where,
        expected="values within the bounds of their fields",
        zh="合计超出可容纳的范围：请核对过大的数值。",
    )


KINDS = ("duckdb", "spark")
"""Values of QIANGJI_ENGINE."""


def require_known(kind: str) -> None:
    """Raise UsageError for a QIANGJI_ENGINE that there is not."""
    if kind not in KINDS:
        raise UsageError(
            f"engine {kind!r}",
            where="QIANGJI_ENGINE",
            expected=", ".join(KINDS),
            zh=f"没有计算引擎{kind}；可选：{'、'.join(KINDS)}。请改正QIANGJI_ENGINE。",
            code="unknown_engine",
        )


def require_ready(settings: Settings) -> None:
    """Raise UsageError for an engine that there is not or that is not installed, TransientError if it is silent."""
    require_known(settings.engine)
    if settings.engine == "spark":
        from qiangji.engines import spark_ready

        spark_ready.require(settings)


@contextmanager
def open_engine(settings: Settings) -> Iterator[Engine]:
    """The engine that QIANGJI_ENGINE names, closed at the end of the block. Raises what `require_ready` does."""
    require_ready(settings)
    engine = _opened(settings)
    try:
        yield engine
    finally:
        engine.close()


def _opened(settings: Settings) -> Engine:
    if settings.engine == "spark":
        from qiangji.engines.spark import Spark

        return Spark(settings)
    from qiangji.engines.duckdb import DuckDB

    return DuckDB(settings.sql / "models", settings.threads)
