"""A grid read as a form: typed rows, the texts they came from, and every cell that could not be read.

In: a `Grid`, the form as it stood in the period, how the county's sheets look, its crosswalk of unit codes.
Out: `Parsed`. What a county has to put right before anything can be read is a ReturnedError; one bad cell
is one problem row, and its row keeps its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.models import County, Field, Form, Layout
from qiangji.errors import ReturnedError, UsageError
from qiangji.parsing import returned, unchanged
from qiangji.parsing.grid import Grid, address, sign_off_start
from qiangji.parsing.headers import Columns, find_columns
from qiangji.parsing.normalise import Column, read_codes, read_column
from qiangji.parsing.totals import TotalsProblem, compare_totals, find_totals
from qiangji.periods import Period
from qiangji.text import squeezed

PROBLEMS = pa.schema(
    [
        ("index", pa.int32()),
        ("field", pa.string()),
        ("address", pa.string()),
        ("rule", pa.string()),
        ("value", pa.string()),
        ("expected_zh", pa.string()),
        ("expected_en", pa.string()),
    ]
)
EXPECTED = {
    "integer": ("整数", "a whole number"),
    "decimal": ("数字,小数不超过4位", "a number with at most 4 decimal places"),
    "date": ("日期,如2026-09-30", "a date such as 2026-09-30"),
    "boolean": ("是或否", "是 or 否 (yes or no)"),
}


@dataclass(frozen=True)
class Parsed:
    """One submission as read; `rows.num_rows` is the number of rows received.

    `rows`: the key (string), `unit_name` where the county gives names, the form's fields in that period in
    the form's order, `_row` (int32, the sheet's row number). `raw`: the same columns as text as received.
    `problems`: schema PROBLEMS; `index` is a position in `rows`, `value` the text received (at most 80
    characters). `totals_agree`: None where no total was written. `columns`: field -> column of the sheet,
    counted from 0. `is_unchanged`: the submission repeats the last one, and has no rows of its own.
    `explanations`: position in `rows` -> what the county says about a row of a workbook that went back to it.
    """

    rows: pa.Table
    raw: pa.Table
    problems: pa.Table
    totals_agree: bool | None = None
    totals_problems: list[TotalsProblem] = field(default_factory=list)
    columns: Mapping[str, int] = field(default_factory=dict)
    is_unchanged: bool = False
    explanations: Mapping[int, str] = field(default_factory=dict)


def read_form(
    grid: Grid, form: Form, county: County, period: Period, crosswalk: Mapping[str, str] | None = None
) -> Parsed:
    """Read a grid as the form of the period. `crosswalk`: the county's own unit code -> the tree's.

    Raises ReturnedError: empty_file, no_rows, unknown_header, missing_column, duplicate_header, ragged_rows,
    truncated, wrong_period, unchanged_not_allowed, unchanged_with_rows, or the grid's own (missing_sheet).
    """
    where = f"{county.county} {form.form} {period}"
    if grid.error:
        e = grid.error
        raise ReturnedError(e.what, where=where, expected=e.expected, do=e.do, code=e.code, zh=e.zh)
    layout = county.layout_of(form.form)
    if grid.cells.num_rows == 0 or grid.cells.num_columns == 0:
        raise empty_file(where)
    fields = form.fields_in(str(period.last_month))
    below, end = sum(grid.title_and_header(layout)), sign_off_start(grid, layout)
    if unchanged.is_declared(grid, form, layout, end, where):
        return Parsed(pa.table({}), pa.table({}), PROBLEMS.empty_table(), is_unchanged=True)
    columns = find_columns(grid, form, fields, layout, where)
    _check_ragged(grid, below, end, layout, form, where)
    zone = grid.cells.slice(below, max(0, end - below)).combine_chunks()
    return _read_zone(
        zone, grid.first_row + below, columns, form, fields, layout, period, crosswalk or {}, where
    )


def empty_file(where: str) -> ReturnedError:
    """The error for a delivery without any content."""
    return ReturnedError(
        "the file is empty",
        where=where,
        expected="a header and the rows of the form",
        do="Send the file again.",
        code="empty_file",
        zh="文件为空,请重新上传",
    )


def _read_zone(
    zone: pa.Table,
    first_row: int,
    columns: Columns,
    form: Form,
    fields: Mapping[str, Field],
    layout: Layout,
    period: Period,
    crosswalk: Mapping[str, str],
    where: str,
) -> Parsed:
    if columns.is_returned:
        zone = returned.undone(zone)
    totals = find_totals(zone, columns.labels, layout)
    rows = _data_rows(zone, columns, totals)
    if len(rows) == 0:
        raise ReturnedError(
            "a header and no rows",
            where=where,
            expected="a row for each unit that reports",
            do="Send the file with its rows.",
            code="no_rows",
            zh="文件只有表头,没有数据行,请补充数据后重报",
        )
    data = zone if len(rows) == zone.num_rows else zone.take(rows)
    if columns.period is not None:
        _check_period(_column(data, columns.period), columns.period, rows, first_row, form, period, where)
    read = {n: read_column(_column(data, columns.fields[n]), f) for n, f in fields.items()}
    numbers = pc.cast(pc.add(rows, first_row), pa.int32())
    key = _crosswalked(read_codes(_column(data, columns.key)), crosswalk)
    typed: dict[str, pa.Array] = {form.key: key}
    raw: dict[str, pa.Array] = {form.key: _column(data, columns.key)}
    if columns.name is not None:
        raw["unit_name"] = _column(data, columns.name)
        typed["unit_name"] = read_codes(raw["unit_name"])
    typed |= {n: c.values for n, c in read.items()} | {"_row": numbers}
    raw |= {n: _column(data, columns.fields[n]) for n in fields} | {"_row": numbers}
    agree: bool | None = None
    wrong: list[TotalsProblem] = []
    if totals:
        marks = zone.take(pa.array(sorted(totals), pa.int64()))
        placed = {n: (f, columns.fields[n]) for n, f in fields.items() if f.is_number}
        written = {n: read_column(_column(marks, i), f) for n, (f, i) in placed.items()}
        agree, wrong = compare_totals(form.form, totals, rows, first_row, placed, written, read)
    problems = [_problems(n, fields[n], c, raw[n], columns.fields[n], numbers, form) for n, c in read.items()]
    return Parsed(
        pa.table(typed),
        pa.table(raw),
        pa.concat_tables([PROBLEMS.empty_table(), *filter(None, problems)]).combine_chunks(),
        agree,
        wrong,
        {form.key: columns.key} | {n: columns.fields[n] for n in fields},
        explanations={}
        if columns.explanation is None
        else returned.explanations(_column(data, columns.explanation)),
    )


def _column(table: pa.Table, index: int) -> pa.Array:
    chunked = table.column(index)
    return chunked.chunk(0) if chunked.num_chunks == 1 else chunked.combine_chunks()


def _data_rows(zone: pa.Table, columns: Columns, totals: Mapping[int, object]) -> pa.Array:
    """Positions of the rows that carry anything of the form and are no totals."""
    wanted = [columns.key, *columns.fields.values(), *([] if columns.name is None else [columns.name])]
    filled = None
    for i in wanted:
        column = _column(zone, i)
        # A column without an empty cell means that no row is empty: the usual case, and the key comes first.
        has = pc.is_valid(column)
        if pc.any(pc.match_substring_regex(column, r"^[\s\p{Z}]*$")).as_py():
            has = pc.and_(
                has, pc.invert(pc.fill_null(pc.match_substring_regex(column, r"^[\s\p{Z}]*$"), True))
            )
        filled = has if filled is None else pc.or_(filled, has)
        if pc.all(filled).as_py():
            break
    rows = pa.array(range(zone.num_rows), pa.int64()) if filled is None else pc.indices_nonzero(filled)
    rows = rows.cast(pa.int64())
    if totals:
        rows = rows.filter(pc.invert(pc.is_in(rows, value_set=pa.array(list(totals), pa.int64()))))
    return rows


def _crosswalked(codes: pa.Array, crosswalk: Mapping[str, str]) -> pa.Array:
    """The tree's codes for the county's own; one that the crosswalk lacks stays, for the suite."""
    if not crosswalk:
        return codes
    own, ours = pa.array(list(crosswalk), pa.string()), pa.array(list(crosswalk.values()), pa.string())
    return pc.coalesce(ours.take(pc.index_in(codes, value_set=own)), codes)


def _problems(
    name: str, field: Field, column: Column, raw: pa.Array, at: int, numbers: pa.Array, form: Form
) -> pa.Table | None:
    if not pc.any(column.unreadable).as_py():
        return None
    index = pc.indices_nonzero(column.unreadable)
    n = len(index)
    if field.type == "enum":
        rule, zh, en = "enum", "、".join(field.values), "one of " + ", ".join(field.values)
    else:
        rule, (zh, en) = "type", EXPECTED[field.type]
    rows = numbers.take(index)
    cell = address(form.form, at, 0)[:-1]
    return pa.table(
        [
            index.cast(pa.int32()),
            pa.array([name] * n, pa.string()),
            pc.binary_join_element_wise(cell, rows.cast(pa.string()), ""),
            pa.array([f"{form.form}.{name}.{rule}"] * n, pa.string()),
            pc.utf8_slice_codeunits(raw.take(index), 0, 80),
            pa.array([zh] * n, pa.string()),
            pa.array([en] * n, pa.string()),
        ],
        schema=PROBLEMS,
    )


def _check_ragged(grid: Grid, below: int, end: int, layout: Layout, form: Form, where: str) -> None:
    """Rows of the data zone with another number of cells than the header: cells may have moved, so none is
    read.
    """
    if not grid.ragged:
        return
    lengths = dict(grid.ragged)
    width = lengths.get(grid.first_row + below - 1, grid.cells.num_columns)
    last = grid.first_row + end - 1
    inside = [(r, n) for r in range(grid.first_row + below, last + 1) if (n := lengths.get(r)) is not None]
    inside += [
        (r, grid.cells.num_columns) for r in range(grid.first_row + below, last + 1) if r not in lengths
    ]
    labels = {squeezed(t) for t in (*layout.totals, *layout.subtotals)}
    wrong = sorted((r, n) for r, n in inside if n != width and not _may_be_short(grid, r, n, width, labels))
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
            zh=f"文件不完整:最后一行(第{row}行)只有{cells}列,应为{width}列,请重新完整上传",
        )
    raise ReturnedError(
        f"{len(wrong)} rows with another number of cells than the header, first row {row}: {cells}",
        where=where,
        expected=f"{width} cells in {address(form.form, 0, row)}",
        do="Check quotes and separators in these rows.",
        code="ragged_rows",
        zh=f"有{len(wrong)}行的列数与表头不一致(第{row}行为{cells}列,应为{width}列),请检查后重报",
    )


def _may_be_short(grid: Grid, row: int, cells: int, width: int, labels: set[str]) -> bool:
    """A totals row may leave off empty cells at its end; cells beyond the header may be there if all are
    empty.
    """
    texts = [squeezed(t) for t in grid.row_text(row - grid.first_row)]
    return not any(texts[width:]) if cells > width else not any(texts) or bool(labels & set(texts))


def _check_period(
    column: pa.Array, at: int, rows: pa.Array, first_row: int, form: Form, period: Period, where: str
) -> None:
    encoded = pc.dictionary_encode(column)
    wrong = [
        i for i, t in enumerate(encoded.dictionary.to_pylist()) if t is not None and _period(t) != period
    ]
    if not wrong:
        return
    i = pc.indices_nonzero(pc.is_in(encoded.indices, value_set=pa.array(wrong, encoded.indices.type)))[
        0
    ].as_py()
    cell = address(form.form, at, first_row + rows[i].as_py())
    said = _period(column[i].as_py())
    raise ReturnedError(
        f"{cell} says period {said or '(unreadable)'}",
        where=where,
        expected=str(period),
        do="Send the file of that period, or correct the column.",
        code="wrong_period",
        zh=f"{cell}中的报告期为{said or '无法识别的内容'},应为{period},请核对后重报",
    )


def _period(text: str) -> Period | None:
    """`2026-10`, `2026年10月`, `202610`, `2026/10`, `2026年第3季度`, `2026Q3`, `2026年`."""
    plain = squeezed(text).upper().rstrip("月度年份")
    plain = (
        plain.replace("年第", "Q").replace("季", "").replace("年", "-").replace("/", "-").replace(".", "-")
    )
    if len(plain) == 6 and plain.isdecimal():
        plain = f"{plain[:4]}-{plain[4:]}"
    year, dash, month = plain.partition("-")
    try:
        return Period.parse(f"{year}-{month.zfill(2)}" if dash else plain)
    except UsageError:
        return None
