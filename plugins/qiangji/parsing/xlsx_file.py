"""Workbooks (.xlsx) into grids: each form's sheet by its name, never by its position.

In: bytes and the sheet names wanted. Out: a `Grid` for each form; numbers as the exact text that Excel shows (15
significant digits; 12.0 is `12`). `archive` has counted the sizes before, because a small file can claim a large sheet.
A hidden sheet is read if the county names it, and never picked otherwise.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from qiangji.errors import ReturnedError
from qiangji.parsing.archive import too_large, unreadable
from qiangji.parsing.grid import MAX_COLUMNS, Grid, failed, grid_of
from qiangji.parsing.returned import SUMMARY_SHEET
from qiangji.parsing.xlsx_cells import Parts
from qiangji.parsing.xlsx_formats import as_percentage
from qiangji.text import as_text, squeezed

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook


def read_scanned(
    content: bytes, sheets: Mapping[str, str], titles: Mapping[str, str], *, where: str = ""
) -> dict[str, Grid]:
    """Form -> grid, for a workbook that passed `archive.check_archive`.

    `sheets`: form -> declared sheet name, '' where none is declared; `titles`: form -> its zh title. A missing sheet is
    an error of that form's grid (`missing_sheet`). Raises ReturnedError: `unreadable_file`, or those of `xlsx_cells`.
    """
    from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

    parts = Parts(content, where)
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
            shown = [s.name for s in book.sheets_metadata if s.visible == SheetVisibleEnum.Visible]
            visible = [n for n in shown if squeezed(n) != SUMMARY_SHEET]
            return {
                form: _sheet(
                    book, parts, _pick(declared, titles.get(form, ""), book.sheet_names, visible), form, where
                )
                for form, declared in sheets.items()
            }
    except CalamineError as e:
        raise unreadable(f"the workbook cannot be read ({type(e).__name__})", where) from None


def read_others(content: bytes, used: set[str]) -> list[Grid]:
    """All sheets but those in `used`, hidden ones too, of a workbook that `read_scanned` could read.

    Raises ReturnedError `unreadable_file` or `too_large`: a sheet that cannot be read cannot be screened.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    parts = Parts(content, "")
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
            return [_sheet(book, parts, name, "", "") for name in book.sheet_names if name not in used]
    except CalamineError as e:
        raise unreadable(f"a sheet of no form cannot be read ({type(e).__name__})", "") from None


def _pick(declared: str, title: str, names: list[str], visible: list[str]) -> str | None:
    """The declared sheet; else the only visible one; else the visible one named like the form."""
    if declared:
        return next((n for n in names if squeezed(n) == squeezed(declared)), None)
    if len(visible) == 1:
        return visible[0]
    return next((n for n in visible if squeezed(n) == squeezed(title)), None)


def _sheet(book: CalamineWorkbook, parts: Parts, name: str | None, form: str, where: str) -> Grid:
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
    if rows and len(rows[0]) > MAX_COLUMNS:
        raise too_large(f"a sheet of {len(rows[0]):,} columns", f"at most {MAX_COLUMNS:,}", where)
    errors: Mapping[tuple[int, int], str] = {}
    percent: Mapping[tuple[int, int], tuple[bool, bool]] = {}
    error = None
    try:
        errors, percent = parts.errors_in(name), parts.percent_in(name)
    except ReturnedError as e:
        error = e if form else None
    for (row, column), text in errors.items():
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = text
    for (row, column), shows in percent.items():
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = as_percentage(rows[row][column], shows)
    columns = [pa.array(_column(c), pa.string()) for c in zip(*rows, strict=True)]
    # The cells are given even with an error: the bytes may be kept, so they have to be screened.
    return replace(grid_of(columns, name), error=error)


def _column(values: tuple[object, ...]) -> list[str | None]:
    kinds = set(map(type, values))
    if kinds == {str}:
        return list(values)  # type: ignore[arg-type]
    return [as_text(v) for v in values]
