"""A county's own sheet as sent: every cell with its value, merged cells, the sign-off zone too.

In: a delivery's bytes, in the reader's process. Out: a `Sheet` of plain values. It passes to the asking process as a
table of texts, each with a letter for its type (`as_texts`, `as_rows`). A formula gives its value. Formulas, macros,
comments, pictures and links are not taken over.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

import pyarrow as pa

from qiangji.catalogue.models import FileKind
from qiangji.parsing import Grid

MAX_MERGES = 2_000
_NOT_IN_A_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f']")


@dataclass(frozen=True)
class Sheet:
    """Rows of cells (text, number, boolean, date, None); merges are (top, left, bottom, right), counted from 1.

    `header_rows`: as in `Grid`.
    """

    name: str
    rows: list[list[object]]
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    header_rows: int | None = None

    @property
    def width(self) -> int:
        return max(map(len, self.rows), default=0)


def sheet_of(content: bytes, kind: FileKind, grid: Grid, title: str) -> Sheet:
    """The sheet that `grid` was read from. A file without sheets gives its texts, in a sheet of that title."""
    if kind == "xlsx":
        return _from_workbook(content, grid.sheet)
    columns = [column.to_pylist() for column in grid.cells.columns]
    return Sheet(safe_name(title), [list(row) for row in zip(*columns, strict=True)], [], grid.header_rows)


def safe_name(text: str) -> str:
    """The text as a sheet's name that spreadsheet programs allow."""
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


# ---- cells as texts: a letter for the type, then the value


def as_texts(sheet: Sheet) -> pa.Table:
    """The cells as a table of texts, null where a cell is empty."""
    columns = [[_text(v) for v in column] for column in zip(*sheet.rows, strict=True)]
    return pa.table([pa.array(c, pa.string()) for c in columns], names=[str(i) for i in range(len(columns))])


def as_rows(texts: pa.Table) -> list[list[object]]:
    """The reverse of `as_texts`. Raises ValueError for any other text."""
    columns = [[None if t is None else _value(t) for t in c.to_pylist()] for c in texts.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return None if value is None else "s" + value
    if isinstance(value, bool):
        return f"b{value:d}"
    if isinstance(value, int | float):
        return f"n{value!r}" if math.isfinite(value) else f"s{value}"
    if isinstance(value, timedelta):
        return f"e{value.total_seconds()!r}"
    if isinstance(value, datetime | date | time):
        return ("m" if isinstance(value, datetime) else "d" if isinstance(value, date) else "h") + str(
            value.isoformat()
        )
    return f"s{value}"


_READ: dict[str, Callable[[str], object]] = {
    "s": str,
    "b": lambda text: bool(int(text)),
    "n": lambda text: float(text) if set(text) & set(".einf") else int(text),
    "m": datetime.fromisoformat,
    "d": date.fromisoformat,
    "h": time.fromisoformat,
    "e": lambda text: timedelta(seconds=float(text)),
}


def _value(text: str) -> object:
    if text[:1] not in _READ:
        raise ValueError("a cell of no kind")
    value = _READ[text[0]](text[1:])
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("no number")
    return value
