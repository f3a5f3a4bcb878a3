"""A county's own sheet as it sent it: every cell with its value, merged cells, the sign-off zone too.

In: a delivery's bytes as kept in the lake, already read once by `parsing`. Out: a `Sheet` of plain values. Formulas,
macros, comments, pictures and links of the county's workbook are not taken over: a formula gives its value.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field

from qiangji.parsing import FileKind, Grid

MAX_MERGES = 2_000
_NOT_IN_A_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f']")


@dataclass(frozen=True)
class Sheet:
    """Rows of cells (text, number, boolean, date, None); merges are (top, left, bottom, right), counted from 1."""

    name: str
    rows: list[list[object]]
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)

    @property
    def width(self) -> int:
        return max(map(len, self.rows), default=0)


def sheet_of(content: bytes, kind: FileKind, grid: Grid, title: str) -> Sheet:
    """The sheet that `grid` was read from; what has no sheets becomes one of that title, its texts as they came."""
    if kind == "xlsx":
        return _from_workbook(content, grid.sheet)
    columns = [column.to_pylist() for column in grid.cells.columns]
    return Sheet(safe_name(title), [list(row) for row in zip(*columns, strict=True)])


def safe_name(text: str) -> str:
    """A sheet's name as spreadsheet programs allow it."""
    return _NOT_IN_A_NAME.sub(" ", text).strip()[:31] or "表"


def _from_workbook(content: bytes, name: str) -> Sheet:
    from python_calamine import CalamineWorkbook

    with CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
        found = book.get_sheet_by_name(name)
        rows = [[None if v == "" else v for v in row] for row in found.to_python(skip_empty_area=False)]
        width = max(map(len, rows), default=0)
        merges = [
            (top + 1, left + 1, bottom + 1, right + 1)
            for (top, left), (bottom, right) in (found.merged_cell_ranges or [])[:MAX_MERGES]
            if bottom < len(rows) and right < width
        ]
    return Sheet(safe_name(name), rows, merges)
