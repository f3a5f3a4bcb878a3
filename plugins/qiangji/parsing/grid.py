"""The cells of one sheet as text, and where in it the data lie: what every file kind is read into.

In: nothing (a value type). Out: `Grid`, cell addresses, and the row at which the sign-off zone begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.models import Layout
from qiangji.errors import ReturnedError
from qiangji.text import tidy

MAX_COLUMNS = 2000
"""A form has fewer than a hundred; what has more is no sheet of a form, and each column costs something."""
MAX_CELL = 32_767
"""Characters (in UTF-8: bytes) of one cell; a spreadsheet program holds no more characters."""


@dataclass(frozen=True)
class Grid:
    """All cells of a sheet (or of a file without sheets) as strings, null where empty; columns by position.

    `cells`: one string column a sheet column, named `0`, `1`, ...; title and header rows included.
    `first_row`: the sheet's row number of the first row of `cells` (1 for a whole sheet). `header_rows`:
    how many header rows there are, where the file kind decides it (one in NDJSON), else None. `ragged`:
    (sheet row number, cells found) of the rows that had another number of cells than the widest one.
    `error`: why there is nothing to read; `read_form` raises it, so that one sheet of a workbook fails
    alone.
    """

    cells: pa.Table
    first_row: int
    sheet: str
    form: str = ""
    header_rows: int | None = None
    ragged: tuple[tuple[int, int], ...] = ()
    error: ReturnedError | None = None

    def title_and_header(self, layout: Layout) -> tuple[int, int]:
        """(rows above the header, header rows)."""
        return (
            (0, self.header_rows) if self.header_rows is not None else (layout.title_rows, layout.header_rows)
        )

    def row_text(self, index: int) -> list[str]:
        """The cells of one row of `cells`, tidied; an empty one is ''."""
        return [tidy(column[index].as_py()) for column in self.cells.columns]


def grid_of(columns: Sequence[pa.Array | pa.ChunkedArray], sheet: str, **more: object) -> Grid:
    """A grid from string columns; empty texts become null."""
    arrays = [
        pc.if_else(pc.equal(c, ""), pa.scalar(None, pa.string()), c) if pc.any(pc.equal(c, "")).as_py() else c
        for c in columns
    ]
    table = pa.table(arrays, names=[str(i) for i in range(len(arrays))])
    return Grid(table.combine_chunks(), 1, sheet, **more)  # type: ignore[arg-type]


def failed(error: ReturnedError, sheet: str = "") -> Grid:
    """A grid of which nothing could be read."""
    return Grid(pa.table({}), 1, sheet, error=error)


def column_letters(index: int) -> str:
    """0 -> A, 25 -> Z, 26 -> AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def address(form: str, column_index: int, row_number: int) -> str:
    """`village_group!D17`: the column counted from 0, the row as the sheet numbers it."""
    return f"{form}!{column_letters(column_index)}{row_number}"


def first_text(cells: pa.Table) -> pa.Array:
    """For each row the text of its first non-empty cell, null where the row is empty."""
    if not cells.num_columns:
        return pa.nulls(cells.num_rows, pa.string())
    blank = [pc.match_substring_regex(c, r"^[\s\p{Z}\x{200b}\x{feff}]*$") for c in cells.columns]
    seen = [
        pc.if_else(b, pa.scalar(None, pa.string()), c) if pc.any(b).as_py() else c
        for b, c in zip(blank, cells.columns, strict=True)
    ]
    return _array(pc.coalesce(*seen))


def sign_off_start(grid: Grid, layout: Layout) -> int:
    """The row of `cells` from which the sign-off zone runs to the end; the number of rows if there is none.

    It begins with the first row below the header whose first non-empty cell starts with a declared word.
    """
    if not layout.sign_off or not grid.cells.num_columns:
        return int(grid.cells.num_rows)
    below = sum(grid.title_and_header(layout))
    words = tuple(tidy(w).replace(" ", "") for w in layout.sign_off)
    texts = first_text(grid.cells.slice(below)).dictionary_encode()
    begins = [tidy(t).replace(" ", "").startswith(words) for t in texts.dictionary.to_pylist()]
    if not any(begins):
        return int(grid.cells.num_rows)
    hits = pc.indices_nonzero(pc.fill_null(pa.array(begins).take(texts.indices), False))
    return below + int(hits[0].as_py()) if len(hits) else int(grid.cells.num_rows)


def _array(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    if isinstance(values, pa.ChunkedArray):
        return values.combine_chunks()
    return values
