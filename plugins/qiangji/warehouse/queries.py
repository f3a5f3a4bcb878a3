"""Long statements by name: `query("ledger/leading")` is sql/queries/ledger/leading.sql.

A short statement stands beside its use; a long one in a file of its own, where SQL is read and linted as SQL. Values
are bound (`:name`); a placeholder `{{name}}` is for SQL that the catalogue decides, such as a list of columns.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa

from qiangji.rendering import rendered
from qiangji.settings import settings


def query(name: str, **pieces: str) -> sa.TextClause:
    """The statement `<room>/<name>`, its placeholders filled with `pieces`."""
    return sa.text(statement(name, **pieces))


def statement(name: str, **pieces: str) -> str:
    """The same as text: for a definition, which binds nothing, or as a piece of another statement."""
    return rendered(_read(settings().sql / "queries" / f"{name}.sql"), name, pieces)


@lru_cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
