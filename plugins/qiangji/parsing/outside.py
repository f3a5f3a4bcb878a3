"""Cells outside the form's columns: rows of another width than the header, values that stand under no header.

In: a grid and its columns. Out: a ReturnedError where cells may have moved to another column; else what stands there
and was not read, for `SheetFacts`.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import pyarrow as pa

from qiangji.errors import ReturnedError
from qiangji.parsing.cells import NO_RESULT
from qiangji.parsing.grid import Grid, address, combined
from qiangji.parsing.headers import Columns
from qiangji.parsing.reading import Reading
from qiangji.parsing.strays import is_note_row, is_number, is_total
from qiangji.text import counted, squeezed, tidy


def unheaded(
    zone: pa.Table, first_row: int, columns: Columns, others: Set[int], reading: Reading
) -> dict[str, Any]:
    """What columns without a header hold, as `SheetFacts` has it. `others`: rows of the zone that are no data."""
    found = [
        (row, at, text)
        for at in columns.unheaded
        if (column := combined(zone.column(at))).null_count < zone.num_rows
        for row, text in enumerate(column.to_pylist())
        if row not in others and tidy(text)
    ]
    if not found:
        return {}
    row, at, _ = min(found)
    return {
        "unheaded_cells": len(found),
        "unheaded_numbers": sum(text == NO_RESULT or is_number(tidy(text)) for *_, text in found),
        "unheaded_first": address(reading.sheet, at, first_row + row),
    }


def check_ragged(grid: Grid, end: int, reading: Reading) -> None:
    """Raise for rows of the data zone with more or fewer cells than the header: their cells may have moved."""
    if not grid.ragged:
        return
    where, layout = reading.where, reading.layout
    lengths, widest = dict(grid.ragged), grid.cells.num_columns
    first = grid.first_row + grid.data_start(layout)
    width = lengths.get(first - 1, widest)
    inside = [(r, lengths.get(r, widest)) for r in range(first, grid.first_row + end)]
    labels = {squeezed(t) for t in (*layout.totals, *layout.subtotals)}
    odd = [(r, n) for r, n in inside if n != width]
    # Of thousands, the first tell what is wrong; the rest are only counted.
    wrong = [(r, n) for r, n in odd[:1000] if not _may_be_short(grid, r, n, width, labels)] + odd[1000:]
    if not wrong:
        return
    row, cells = wrong[0]
    if len(wrong) == 1 and row == grid.first_row + grid.cells.num_rows - 1 and cells < width:
        raise ReturnedError(
            f"the last row ({row}) ends after {cells} of {width} cells",
            where=where,
            expected="the whole file",
            do="Send the whole file again.",
            code="truncated",
            zh=f"文件不完整：最后一行（第{row}行）只有{cells}列，应为{width}列，请重新完整上传",
        )
    raise ReturnedError(
        f"{counted(len(wrong), 'row')} with another number of cells than the header, first row {row}: {cells}",
        where=where,
        expected=f"{width} cells in {address(reading.sheet, 0, row)}",
        do="Check quotes and separators in these rows.",
        code="ragged_rows",
        zh=f"有{len(wrong)}行的列数与表头不一致（第{row}行为{cells}列，应为{width}列），请检查后重报",
    )


def check_beyond(grid: Grid, end: int, reading: Reading) -> None:
    """Raise for rows of a text file that have a number to the right of the last header. A comma in a number without
    quotation marks (1,234) moves the cells behind it, and a blank column at the end of the table hides that.
    """
    titles, headers = grid.title_and_header(reading.layout)
    if grid.look is not None or grid.header_rows is not None:
        return
    heads = [grid.row_text(i) for i in range(titles, min(titles + headers, grid.cells.num_rows))]
    last = max((i for row in heads for i, text in enumerate(row) if text), default=-1)
    below = titles + headers
    for at in range(last + 1, grid.cells.num_columns):
        column = combined(grid.cells.column(at)).slice(below, max(0, end - below))
        found = [i for i, text in enumerate(column.to_pylist()) if text and is_number(tidy(text))]
        if not found:
            continue
        cell = address(reading.sheet, at, grid.first_row + below + found[0])
        raise ReturnedError(
            f"{counted(len(found), 'row has', 'rows have')} a number to the right of the last header, first {cell}:"
            " cells may have moved",
            where=reading.where,
            expected="numbers under a header only, and those with a comma in quotation marks",
            do="Remove commas from numbers (1234), or put these into quotation marks; clear what has no header.",
            code="ragged_rows",
            zh=f"有{len(found)}行在最后一个表头之后还有数字（如{cell}），各列可能已错位："
            "请去掉数字中的千分位逗号（写作1234）或给该数字加上英文双引号，并清除表头以外的内容后重报",
        )


def _may_be_short(grid: Grid, row: int, cells: int, width: int, labels: set[str]) -> bool:
    """A totals row or a note may lack empty cells at its end. Cells beyond the header may be there if all are empty."""
    texts = [squeezed(t) for t in grid.row_text(row - grid.first_row)]
    if cells > width:
        return not any(texts[width:])
    filled = [t for t in grid.row_text(row - grid.first_row) if t]
    is_stray = any(map(is_total, texts)) or is_note_row(filled)
    return not filled or bool(labels & set(texts)) or is_stray
