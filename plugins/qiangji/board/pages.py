"""The pages that there are: of each its data, its template, and its table as a file.

In: nothing. Out: `PAGES`, by the name of the page in its address.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Engine

from qiangji.board import overview
from qiangji.board.state import State
from qiangji.board.tables import Table
from qiangji.catalogue import Catalogue


@dataclass(frozen=True)
class Page:
    """`data`: what the template shows, of a snapshot of the warehouse; `table`: the same as a table."""

    template: str
    data: Callable[[Engine, Catalogue, State], Any]
    table: Callable[[Any, State], Table]


PAGES: dict[str, Page] = {
    "": Page("overview", overview.overview, overview.table),
}
