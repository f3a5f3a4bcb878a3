"""What people ask of `mart`: figures, how they compare, what stands behind them, editions, the state of reporting.

In: an engine that may read mart and dim, and a choice. Out: rows as dicts by column, in the order in which they are
shown. They stay dicts, as the command line prints them and gives them as JSON column by column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from qiangji.catalogue.tree import LEVELS
from qiangji.errors import unknown
from qiangji.warehouse.rows import fetch

Row = dict[str, Any]
Rows = list[Row]


@dataclass(frozen=True)
class Choice:
    """Which figures somebody asks for.

    | level | orgs | whose |
    | --- | --- | --- |
    | | | the city's and its counties' |
    | | set | these units' |
    | set | | all units' of the level |
    | set | set | those units' of the level that are, or lie beneath, these |

    Raises UsageError unknown_level.
    """

    indicators: Sequence[str] = ()
    level: str | None = None
    orgs: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.level is not None and self.level not in LEVELS[:-1]:
            raise unknown("level", [self.level], LEVELS[:-1])

    @property
    def bound(self) -> dict[str, list[str]]:
        """The values of `:indicators`, `:orgs` (empty: all), `:above` and `:levels` in queries.

        `:above`: units beneath which all units are chosen.
        """
        levels = [self.level] if self.level else list(LEVELS) if self.orgs else ["city", "county"]
        above = list(self.orgs) if self.level else []
        return {
            "indicators": list(self.indicators),
            "orgs": list(self.orgs),
            "above": above,
            "levels": levels,
        }

    def require(self, c: Connection) -> None:
        """Raise UsageError for an indicator that never was defined, and for a unit that is not in the tree."""
        require(c, "indicator", "dim.indicator_history", "indicator_code", self.indicators)
        require(c, "org unit", "dim.org_unit", "org_code", self.orgs)


OVERVIEW = Choice()
"""Every indicator of the city and its counties."""


def require(c: Connection, what: str, table: str, column: str, codes: Sequence[str]) -> None:
    """Raise UsageError (`unknown_indicator`, `unknown_unit`) for codes that a table does not have."""
    known = set(c.scalars(sa.text(f"SELECT {column} FROM {table}"))) if codes else set()
    if strange := [code for code in codes if code not in known]:
        raise unknown(what, strange, known, (f"应为{table}中的编码", f"a code of {table}"))


def read(engine: Engine, statement: sa.TextClause | str, values: Mapping[str, Any] | None = None) -> Rows:
    """The rows of one statement, on a connection of its own."""
    with engine.connect() as c:
        return fetch(c, statement, values)
