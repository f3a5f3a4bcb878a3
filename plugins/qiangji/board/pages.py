"""The pages that there are: of each its data, its template, and its table as a file.

In: nothing. Out: `PAGES`, by the name of the page in its address. Where a new page goes: an entry here, what its
address may name in `state.FILTERS`, its words in `words.TABLE`, a template.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Engine

from qiangji.board import county, explained, indicator, overview, quality, reporting, today
from qiangji.board.state import State
from qiangji.board.tables import Table
from qiangji.catalogue.load import Catalogue


@dataclass(frozen=True)
class Page:
    """`name`: its template, and its key in `words`; `data`: what the template shows, of a snapshot of the warehouse;
    `table`: the same as a table; `is_in_head`: whether the head of every page leads to it.
    """

    name: str
    data: Callable[[Engine, Catalogue, State], Any]
    table: Callable[[Any, State], Table]
    is_in_head: bool = True


PAGES: dict[str, Page] = {
    "": Page("overview", overview.overview, overview.table),
    "indicator": Page("indicator", indicator.indicator, indicator.table),
    "explain": Page("explain", explained.explained, explained.table, is_in_head=False),
    "today": Page("today", today.today, today.table),
    "reporting": Page("reporting", reporting.reporting, reporting.table),
    "county": Page("county", county.county, county.table, is_in_head=False),
    "quality": Page("quality", quality.quality, quality.table),
}
HEADS = {address: page.name for address, page in PAGES.items() if page.is_in_head}
"""Address -> the name of the page, of those that the head of every page leads to."""
