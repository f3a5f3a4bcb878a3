"""Deliveries into typed tables: bytes -> `read_grids` -> (screening) -> `read_form` -> `Parsed`.

In: a delivery's bytes, its file kind, and the catalogue's County and Form. Out: one `Grid` for each form, then one
`Parsed`. Pure: nothing is fetched or stored here, and nothing a county wrote is repaired. A file or sheet that cannot
be read raises ReturnedError with a reason code; a cell that cannot be read is a row in `Parsed.problems`.

`cage` does the same in a process of its own, and is what the stages call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from qiangji.catalogue.models import County, FileKind
from qiangji.errors import ReturnedError
from qiangji.parsing.archive import BLANK, check_archive, too_large
from qiangji.parsing.form import Parsed, empty_file, read_form
from qiangji.parsing.glance import has_any, longest
from qiangji.parsing.grid import MAX_CELL, Grid, address, combined
from qiangji.parsing.problems import UnreadableCell
from qiangji.parsing.totals import TotalsProblem

MAX_FILLED = 500_000
"""Cells of a file that hold something. The largest form of a county has a fifth of that."""


def read_grids(
    content: bytes,
    kind: FileKind,
    county: County,
    forms: Sequence[str],
    *,
    titles: Mapping[str, str] | None = None,
    period: str = "",
) -> dict[str, Grid]:
    """Form -> its grid. A workbook gives each form's sheet by name; a single-form file gives that form's.

    `titles` (form -> zh title) finds a sheet where the county declares none; `period` appears in messages only.
    Raises ReturnedError for the whole file (docs/reason-codes.md has the codes). A missing sheet fails alone: its grid
    carries the error, and `read_form` raises it.
    """
    where = where_of(county, forms, period)
    prescan(content, kind, where)
    return read_scanned(content, kind, county, {f: (titles or {}).get(f, "") for f in forms}, where)


def where_of(county: County, forms: Iterable[str], period: str) -> str:
    """How messages name what is being read."""
    return " ".join(filter(None, (county.county, ",".join(forms), period)))


def prescan(content: bytes, kind: FileKind, where: str) -> None:
    """Check the bytes before any reader sees them: there are some, and a workbook is a sound archive."""
    if not content[:4096].strip(BLANK) and not content.strip(BLANK):
        raise empty_file(where)
    if kind == "xlsx":
        check_archive(content, where)


def read_scanned(
    content: bytes, kind: FileKind, county: County, titles: Mapping[str, str], where: str
) -> dict[str, Grid]:
    """As `read_grids`, for bytes that passed `prescan`. `titles`: form -> its zh title, or ''."""
    grids = _read_kind(content, kind, county, titles, where)
    _check_filled(grids.values(), where)
    for grid in grids.values():
        _check_cells(grid, where)
    return grids


def _check_filled(grids: Iterable[Grid], where: str) -> None:
    """Refuse more filled cells than a county can mean: screening and checking take them one by one."""
    filled = sum(len(c) - c.null_count for grid in grids for c in grid.cells.columns)
    if filled > MAX_FILLED:
        raise too_large(f"{filled:,} cells are filled", f"at most {MAX_FILLED:,} in a file", where)


def _read_kind(
    content: bytes, kind: FileKind, county: County, titles: Mapping[str, str], where: str
) -> dict[str, Grid]:
    if kind == "xlsx":
        from qiangji.parsing import xlsx_file

        sheets = {form: county.sheets.get(form, "") for form in titles}
        grids = xlsx_file.read_scanned(
            content, sheets, titles, {form: county.layout_of(form) for form in titles}, where=where
        )
        return {form: replace(grid, form=form) for form, grid in grids.items()}
    if len(titles) != 1:
        raise ReturnedError(
            f"a {kind} file holds one form, and {len(titles)} were asked of it",
            where=where,
            expected="{form} in the county's `files`",
            do="Correct counties.yaml.",
            code="unreadable_file",
            zh="该文件类型一次只能上报一张报表",
        )
    (form,) = titles
    if kind == "csv":
        from qiangji.parsing import csv_file

        if county.transport == "database":
            grid = csv_file.read_ours(content, where=where)
        else:
            grid = csv_file.read(content, county.encoding, county.layout_of(form).delimiter, where=where)
    else:
        from qiangji.parsing import ndjson_file

        grid = ndjson_file.read(content, where=where)
    return {form: replace(grid, form=form)}


def _check_cells(grid: Grid, where: str) -> None:
    """Refuse cells that no store takes: with a NUL, or longer than a spreadsheet program allows."""
    for i, column in enumerate(grid.cells.columns):
        column = combined(column)
        if has_any(column, "\0"):
            raise ReturnedError(
                f"a NUL character in column {i + 1}",
                where=where,
                expected="text",
                do="Export it again.",
                code="nul_byte",
                zh=f"第{i + 1}列的内容含空字符，请重新导出",
            )
        if longest(column) > MAX_CELL:
            raise too_large(f"a cell in column {i + 1} is too long", f"at most {MAX_CELL:,} bytes", where)


def other_grids(content: bytes, kind: FileKind, grids: Mapping[str, Grid]) -> list[Grid]:
    """A workbook's sheets that are no form's, hidden ones too: for screening. Raises ReturnedError: too_large."""
    if kind != "xlsx":
        return []
    from qiangji.parsing import xlsx_file

    others = xlsx_file.read_others(content, {grid.sheet for grid in grids.values()})
    _check_filled([*grids.values(), *others], "")
    return others


__all__ = [
    "Grid",
    "Parsed",
    "TotalsProblem",
    "UnreadableCell",
    "address",
    "other_grids",
    "prescan",
    "read_form",
    "read_grids",
    "read_scanned",
    "where_of",
]
