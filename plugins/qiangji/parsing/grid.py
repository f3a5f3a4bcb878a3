"""`Grid`: the cells of one sheet as text. Every file kind is read into it.

In: string columns. Out: `Grid`, cell addresses, and the row at which the sign-off zone begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.models import Layout
from qiangji.errors import ReturnedError
from qiangji.parsing.glance import is_filled
from qiangji.personal_data import kind_of, may_name, unnamed
from qiangji.text import tidy

MAX_COLUMNS = 2000
"""Of a sheet. A form has fewer than a hundred, and each column costs memory and time."""
MAX_TAB = 31
"""Characters of a sheet's name that a spreadsheet program allows."""
MAX_CELL = 32_767
"""Of one cell, in bytes of UTF-8 (in characters where the standard library reads CSV). A spreadsheet program holds no
more characters."""


@dataclass(frozen=True)
class Look:
    """How a spreadsheet program shows the cells. Rows as the sheet numbers them, columns counted from 0.

    | field | what |
    | --- | --- |
    | `struck_rows` | rows with cells whose text is struck through |
    | `months` | (row, column) of cells near the top under a number format that shows a day's year and month alone |
    | `scaled` | (column, divisor) -> rows of its cells under a number format that shows the value divided |
    | `units` | (column, unit) -> rows of its cells whose number format names a unit (`0.00"千元"`), or says 上月 |
    | `unseen` | column -> rows of its cells under a number format that shows nothing (`;;;`) |
    | `merged` | merged cells: (top, left, bottom, right), rows from 1, columns from 0 |
    | `texts` | column -> rows of its cells that hold a number as text, of columns that hold numbers |
    | `comments` | (column, whether it may correct the cell) -> rows of its cells with a comment |
    | `alike` | names of other visible sheets with cells that are called nearly as this one (`行政村 (2)`) |
    | `hidden` | name and first rows of each hidden sheet beside one that was picked by its place; not sent by `wire` |
    """

    hidden_rows: Set[int] = frozenset()
    hidden_columns: Set[int] = frozenset()
    struck_rows: Set[int] = frozenset()
    months: Set[tuple[int, int]] = frozenset()
    scaled: Mapping[tuple[int, int], Set[int]] = field(default_factory=dict)
    units: Mapping[tuple[int, str], Set[int]] = field(default_factory=dict)
    unseen: Mapping[int, Set[int]] = field(default_factory=dict)
    merged: tuple[tuple[int, int, int, int], ...] = ()
    alike: tuple[str, ...] = ()
    texts: Mapping[int, Set[int]] = field(default_factory=dict)
    comments: Mapping[tuple[int, bool], Set[int]] = field(default_factory=dict)
    hidden: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...] = ()


@dataclass(frozen=True)
class Grid:
    """All cells of a sheet (or of a file without sheets) as strings, null where empty; columns by position.

    | field | what |
    | --- | --- |
    | `cells` | a string column for each sheet column, named `0`, `1`, ...; title and header rows included |
    | `first_row` | the sheet's row number of the first row of `cells` (1 for a whole sheet) |
    | `header_rows` | number of header rows if the file kind decides it (1 in NDJSON), else None |
    | `ragged` | (sheet row number, cells found) of each row with fewer cells than the widest |
    | `error` | why the sheet cannot be read; `read_form` raises it, so one sheet of a workbook fails alone |
    | `look` | how a workbook shows it; None elsewhere |
    """

    cells: pa.Table
    first_row: int
    sheet: str
    form: str = ""
    header_rows: int | None = None
    ragged: tuple[tuple[int, int], ...] = ()
    error: ReturnedError | None = None
    look: Look | None = None

    @property
    def shown(self) -> str:
        """How addresses name it."""
        return shown_sheet(self.sheet, self.form)

    def title_and_header(self, layout: Layout) -> tuple[int, int]:
        """(rows above the header, header rows)."""
        return (
            (0, self.header_rows) if self.header_rows is not None else (layout.title_rows, layout.header_rows)
        )

    def data_start(self, layout: Layout) -> int:
        """The row of `cells` at which the data begin."""
        return sum(self.title_and_header(layout))

    def row_text(self, index: int) -> list[str]:
        """The cells of one row of `cells`, tidied; an empty one is ''."""
        return [tidy(column[index].as_py()) for column in self.cells.columns]


def grid_of(
    columns: Sequence[pa.Array | pa.ChunkedArray],
    sheet: str,
    *,
    header_rows: int | None = None,
    ragged: tuple[tuple[int, int], ...] = (),
) -> Grid:
    """A grid from string columns; empty texts become null."""
    arrays = [_without_blanks(combined(c)) for c in columns]
    table = pa.table(arrays, names=[str(i) for i in range(len(arrays))])
    return Grid(table, 1, sheet, header_rows=header_rows, ragged=ragged)


def _without_blanks(column: pa.Array) -> pa.Array:
    if is_filled(column):
        return column
    empty = pc.equal(column, "")
    return pc.if_else(empty, pa.scalar(None, pa.string()), column) if pc.any(empty).as_py() else column


def hidden_sheet(form: str, name: str, where: str) -> ReturnedError:
    """The error for a form whose sheet nobody sees."""
    shown = unnamed(name)
    return ReturnedError(
        f"sheet {shown} for form {form} is hidden",
        where=where,
        expected="the form's rows on a sheet that is shown",
        do="Show that sheet, check what it holds, and send it again.",
        code="missing_sheet",
        zh=f"该报表的工作表“{shown}”被隐藏：请取消隐藏、核对内容后重报",
    )


def failed(error: ReturnedError, sheet: str = "") -> Grid:
    """A grid without cells that carries the error."""
    return Grid(pa.table({}), 1, sheet, error=error)


@cache
def column_letters(index: int) -> str:
    """0 -> A, 25 -> Z, 26 -> AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def address(sheet: str, column_index: int, row_number: int) -> str:
    """`行政村!D17`: the column counted from 0, the row as the sheet numbers it. `sheet`: see `shown_sheet`."""
    return f"{sheet}!{column_letters(column_index)}{row_number}"


def shown_sheet(sheet: str, form: str) -> str:
    """How addresses name a sheet: as its tab does. The form stands for a file without sheets, and for a tab that may
    name a person.
    """
    plain = tidy(sheet)[:MAX_TAB]
    return form if not plain or may_name(plain) or kind_of(plain) else plain


def first_text(cells: pa.Table) -> pa.Array:
    """The text of each row's first non-empty cell, null where the row is empty."""
    if not cells.num_columns:
        return pa.nulls(cells.num_rows, pa.string())
    blank = [pc.match_substring_regex(c, r"^[\s\p{Z}\x{200b}\x{feff}]*$") for c in cells.columns]
    seen = [
        pc.if_else(b, pa.scalar(None, pa.string()), c) if pc.any(b).as_py() else c
        for b, c in zip(blank, cells.columns, strict=True)
    ]
    return combined(pc.coalesce(*seen))


def sign_off_start(grid: Grid, layout: Layout) -> int:
    """The row of `cells` at which the sign-off zone begins; the number of rows if there is none.

    It is the first row below the header whose first non-empty cell starts with a declared word. The zone runs to the
    end.
    """
    if not layout.sign_off or not grid.cells.num_columns:
        return int(grid.cells.num_rows)
    below = grid.data_start(layout)
    words = tuple(tidy(w).replace(" ", "") for w in layout.sign_off)
    texts = first_text(grid.cells.slice(below)).dictionary_encode()
    begins = [tidy(t).replace(" ", "").startswith(words) for t in texts.dictionary.to_pylist()]
    if not any(begins):
        return int(grid.cells.num_rows)
    hits = pc.indices_nonzero(pc.fill_null(pa.array(begins).take(texts.indices), False))
    return below + int(hits[0].as_py()) if len(hits) else int(grid.cells.num_rows)


def combined(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The values as one array."""
    if isinstance(values, pa.ChunkedArray):
        return values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()
    return values
