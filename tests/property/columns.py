"""A grid made of columns, for screening."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from qiangji.parsing.grid import Grid, grid_of


def grid_of_columns(columns: Sequence[Sequence[str | None]]) -> Grid:
    """A grid of the form `village`; the first cell of each column is its header."""
    return replace(grid_of([pa.array(c, pa.string()) for c in columns], ""), form="village")
