"""Workbooks (.xlsx) into grids: each form's sheet by its name, never by its position.

In: bytes and the sheet names wanted. Out: a `Grid` a form; numbers as the exact text of what Excel shows
(15 significant digits; 12.0 is `12`). Sizes are counted before anything is unpacked, because a small file
can claim a large sheet. Hidden sheets are read when they are named, and never picked otherwise.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from qiangji.errors import ReturnedError
from qiangji.parsing.grid import Grid, failed, grid_of
from qiangji.parsing.returned import SUMMARY_SHEET
from qiangji.parsing.text import as_text, squeezed

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

MAX_UNPACKED = 512 * 2**20
MAX_CELLS = 60_000_000
_LAST_CELL = re.compile(rb'<(?:\w+:)?c [^>]*?r="([A-Z]{1,3})(\d{1,7})"')


def read(
    content: bytes, sheets: Mapping[str, str], titles: Mapping[str, str], *, where: str = ""
) -> dict[str, Grid]:
    """Form -> grid. `sheets`: form -> declared sheet name, '' where none is declared; `titles`: form -> its
    zh title.

    A sheet that is not there is an error of that form's grid (`missing_sheet`). Raises ReturnedError
    `unreadable_file` if the file is no workbook, is cut off or unpacks to more than it may.
    """
    from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

    _check_archive(content, where)
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
            shown = [s.name for s in book.sheets_metadata if s.visible == SheetVisibleEnum.Visible]
            visible = [n for n in shown if squeezed(n) != SUMMARY_SHEET]
            return {
                form: _sheet(
                    book, _pick(declared, titles.get(form, ""), book.sheet_names, visible), form, where
                )
                for form, declared in sheets.items()
            }
    except CalamineError as e:
        raise _unreadable(f"the workbook cannot be read ({type(e).__name__})", where) from None


def read_others(content: bytes, used: set[str]) -> list[Grid]:
    """The sheets of a workbook that `read` has read before, except those already used: no form's, hidden ones too."""
    from python_calamine import CalamineWorkbook

    with CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
        return [_sheet(book, name, "", "") for name in book.sheet_names if name not in used]


def _pick(declared: str, title: str, names: list[str], visible: list[str]) -> str | None:
    if declared:
        return next((n for n in names if squeezed(n) == squeezed(declared)), None)
    if len(visible) == 1:
        return visible[0]
    return next((n for n in visible if squeezed(n) == squeezed(title)), None)


def _sheet(book: CalamineWorkbook, name: str | None, form: str, where: str) -> Grid:
    if name is None:
        there = ", ".join(book.sheet_names)
        return failed(
            ReturnedError(
                f"no sheet for form {form}; the workbook has {there}",
                where=where,
                expected="the sheet that the county's configuration names, or a single visible sheet",
                do="Add or rename the sheet and send the workbook again.",
                code="missing_sheet",
                zh=f"工作簿中没有该报表的工作表(现有:{there}),请补上后重报",
            )
        )
    rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    columns = [pa.array(_column(c), pa.string()) for c in zip(*rows, strict=True)]
    return grid_of(columns, name)


def _column(values: tuple[object, ...]) -> list[str | None]:
    kinds = set(map(type, values))
    if kinds == {str}:
        return list(values)  # type: ignore[arg-type]
    return [as_text(v) for v in values]


def _check_archive(content: bytes, where: str) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            names = [e.filename for e in entries]
            if len(set(names)) != len(names):
                raise _unreadable("the workbook holds two parts of one name", where)
            if "xl/workbook.xml" not in names:
                raise _unreadable("the file is a zip archive, but no .xlsx workbook", where)
            unpacked = 0
            for entry in entries:
                with archive.open(entry) as part:
                    extent = _Extent() if entry.filename.startswith("xl/worksheets/") else None
                    while chunk := part.read(1 << 20):
                        unpacked += len(chunk)
                        if unpacked > MAX_UNPACKED:
                            raise _unreadable(
                                f"the workbook unpacks to more than {MAX_UNPACKED >> 20} MB", where
                            )
                        if extent:
                            extent.add(chunk)
                    if extent and extent.cells > MAX_CELLS:
                        raise _unreadable(f"a sheet spans {extent.cells:,} cells", where)
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
    ) as e:
        raise _unreadable(f"the file is no workbook, or is cut off ({type(e).__name__})", where) from None
    except ValueError:
        raise _unreadable("the file is no workbook, or is damaged", where) from None


class _Extent:
    """The rectangle that a sheet's cells span: a reader allocates all of it, however few cells there are."""

    def __init__(self) -> None:
        self.row, self.column, self.rest = 0, 0, b""

    def add(self, chunk: bytes) -> None:
        data = self.rest + chunk
        found = _LAST_CELL.findall(data)
        if found:
            letters, numbers = zip(*found, strict=True)
            self.row = max(self.row, max(map(int, numbers)))
            widest = max(set(letters), key=lambda x: (len(x), x))
            self.column = max(self.column, _column_number(widest))
        self.rest = data[-64:]

    @property
    def cells(self) -> int:
        return self.row * self.column


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _unreadable(what: str, where: str) -> ReturnedError:
    return ReturnedError(
        what,
        where=where,
        expected="an .xlsx workbook that opens in a spreadsheet program",
        do="Export it again and send the whole file.",
        code="unreadable_file",
        zh="文件无法作为xlsx工作簿打开(可能上传不完整或已损坏),请重新导出并完整上传",
    )
