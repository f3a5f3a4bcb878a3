"""Deliveries into typed tables: bytes -> `read_grids` -> (screening) -> `read_form` -> `Parsed`.

In: a delivery's bytes, its file kind, and the catalogue's County and Form. Out: one `Grid` a form, then one
`Parsed`. Pure: nothing is fetched or stored here, and nothing a county wrote is repaired. What cannot be
read raises ReturnedError with a reason code; a cell that cannot be read is a row in `Parsed.problems`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from qiangji.catalogue.models import County, Form
from qiangji.errors import ReturnedError
from qiangji.parsing.form import Parsed, empty_file, read_form
from qiangji.parsing.grid import Grid, address
from qiangji.parsing.totals import TotalsProblem

FileKind = Literal["csv", "xlsx", "ndjson"]


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

    `titles` (form -> zh title) finds a sheet where the county declares none; `period` only words the
    messages. Raises ReturnedError for the whole file: empty_file, unreadable_file, bad_encoding, truncated.
    A sheet that is missing fails alone: its grid carries the error, and `read_form` raises it.
    """
    where = " ".join(filter(None, (county.county, ",".join(forms), period)))
    if not content.strip(b"\xef\xbb\xbf \t\r\n"):
        raise empty_file(where)
    if kind == "xlsx":
        from qiangji.parsing import xlsx_file

        sheets = {form: county.sheets.get(form, "") for form in forms}
        grids = xlsx_file.read(content, sheets, titles or {}, where=where)
        return {form: replace(grid, form=form) for form, grid in grids.items()}
    if len(forms) != 1:
        raise ReturnedError(
            f"a {kind} file holds one form, and {len(forms)} were asked of it",
            where=where,
            expected="{form} in the county's `files`",
            do="Correct counties.yaml.",
            code="unreadable_file",
            zh="该文件类型一次只能上报一张报表",
        )
    if kind == "csv":
        from qiangji.parsing import csv_file

        grid = csv_file.read(content, county.encoding, county.layout_of(forms[0]).delimiter, where=where)
    else:
        from qiangji.parsing import ndjson_file

        grid = ndjson_file.read(content, where=where)
    return {forms[0]: replace(grid, form=forms[0])}


def other_grids(content: bytes, kind: FileKind, grids: Mapping[str, Grid]) -> list[Grid]:
    """What a delivery holds beside its forms, for screening: a workbook's further sheets, hidden ones too."""
    if kind != "xlsx":
        return []
    from qiangji.parsing import xlsx_file

    return xlsx_file.read_others(content, {grid.sheet for grid in grids.values()})


__all__ = [
    "FileKind",
    "Form",
    "Grid",
    "Parsed",
    "TotalsProblem",
    "address",
    "other_grids",
    "read_form",
    "read_grids",
]
