"""Rows below a line that begins the sign-off zone: the zone is cut off, so rows in it would vanish.

In: a grid, the row at which its sign-off zone begins, its columns. Out: nothing, or a ReturnedError with the addresses
of the rows. A row is known by its code, or by numbers in half of the form's number columns. A total of all rows may
stand there: it is held against the rows above as any other, if none stands above the zone and no other table before it.
"""

from __future__ import annotations

import contextlib

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.errors import ReturnedError
from qiangji.parsing.grid import Grid, address, combined
from qiangji.parsing.headers import Columns, find_columns
from qiangji.parsing.reading import Reading
from qiangji.parsing.signing import is_label
from qiangji.parsing.strays import codes_of, is_number, joined, unwrapped
from qiangji.parsing.totals import Scope, find_totals
from qiangji.parsing.wording import targets_of
from qiangji.text import counted, squeezed, tidy

_SHOWN = 5
_LOOKED_AT = 50
_NUMBER = r"^[\s\p{Z}]*-?[0-9０-９][0-9０-９,，.．]*[%％]?[\s\p{Z}]*$"


def check_below(grid: Grid, end: int, columns: Columns, reading: Reading) -> None:
    """Raise ReturnedError rows_below_sign_off if rows of the form stand below row `end` of `cells`."""
    zone = grid.cells.slice(end).combine_chunks()
    if not zone.num_rows:
        return
    is_row = pc.or_(are_codes(zone.column(columns.key), reading), _is_filled(zone, columns, reading))
    totals = totals_of(zone, columns, reading)
    found = [i for i in pc.indices_nonzero(is_row).to_pylist() if i not in totals]
    if not found:
        return
    cells = [address(reading.sheet, columns.key, grid.first_row + end + i) for i in found]
    begins = address(reading.sheet, 0, grid.first_row + end)
    more = "" if len(cells) <= _SHOWN else f" and {len(cells) - _SHOWN} more"
    more_zh = "" if len(cells) <= _SHOWN else f"等共{len(cells)}行"
    raise ReturnedError(
        f"{counted(len(cells), 'row stands', 'rows stand')} below the sign-off line in row {grid.first_row + end}:"
        f" {', '.join(cells[:_SHOWN])}{more}",
        where=reading.where,
        expected=f"all rows above {begins}, and one sign-off zone at the end of the sheet",
        do="Move those rows above the sign-off lines (of several pages, keep the last page's lines) and send it again.",
        code="rows_below_sign_off",
        zh=f"第{grid.first_row + end}行签章栏以下还有{len(cells)}行数据（{'、'.join(cells[:_SHOWN])}{more_zh}）；"
        "请将数据行移到签章栏之上（分页的只保留最后的签章栏）后重报",
    )


def totals_of(cells: pa.Table, columns: Columns, reading: Reading) -> dict[int, Scope]:
    """Row of `cells` -> scope, for rows with a declared label of totals.

    A row with a unit's code that stands in no other row is that unit's, whatever its name. A code that ends in 000 is
    that of the whole.
    """
    found = find_totals(cells, columns.labels, reading.layout)
    if not found:
        return found
    rows, keys = list(found), combined(cells.column(columns.key))
    labelled = keys.take(pa.array(rows))
    are = are_codes(labelled, reading).to_pylist()
    units = {
        row
        for row, key, is_code in zip(rows, labelled.to_pylist(), are, strict=True)
        if is_code and not tidy(key).endswith("000") and pc.sum(pc.equal(keys, key)).as_py() == 1
    }
    return {row: scope for row, scope in found.items() if row not in units}


def own_totals(zone: pa.Table, columns: Columns, reading: Reading) -> dict[int, Scope]:
    """The same, without those of another table: below the last code, what follows a total and other rows is theirs."""
    found = totals_of(zone, columns, reading)
    if len([scope for scope in found.values() if scope == "total"]) < 2:
        return found
    units = pc.indices_nonzero(are_codes(zone.column(columns.key), reading))
    last = units[-1].as_py() if len(units) else -1
    late = [i for i, scope in found.items() if scope == "total" and i > last]
    between = range(min(late, default=0), max(late, default=0))
    other = next((i for i in between if i not in found and any(_texts(zone, i))), zone.num_rows)
    return {i: scope for i, scope in found.items() if i < other}


def zone_of(grid: Grid, below: int, end: int, columns: Columns, reading: Reading) -> pa.Table:
    """The rows between header and sign-off zone; with a total of all rows beneath it, where there is none above, down
    to that one, and what else stands between left blank.
    """
    zone = grid.cells.slice(below, max(0, end - below)).combine_chunks()
    signed = grid.cells.slice(end)
    found = totals_of(signed, columns, reading) if signed.num_rows and end >= below else {}
    first = next((at for at, scope in sorted(found.items()) if scope == "total"), None)
    if first is None or "total" in totals_of(zone, columns, reading).values():
        return zone
    if any(_is_of_another(_texts(signed, i), columns, reading) for i in range(first)):
        return zone
    beneath = range(first + 1, min(first + 1 + _LOOKED_AT, signed.num_rows))
    is_whole = _is_filled(signed.slice(first, 1), columns, reading)[0].as_py()
    if not is_whole and any(_is_of_another(_texts(signed, i), columns, reading) for i in beneath):
        return zone  # the first line of another table
    at = pa.array([*[None] * first, first], pa.int64())
    return pa.concat_tables([zone, signed.take(at)]).combine_chunks()


def _texts(cells: pa.Table, row: int) -> list[str]:
    return [squeezed(column[row].as_py()) for column in cells.columns]


def _is_of_another(row: list[str], columns: Columns, reading: Reading) -> bool:
    """Whether a row of the sign-off zone is another table's: it names two fields, or is a label before a number."""
    if len(targets_of(row, reading.form)) > 1:
        return True
    label = next(filter(None, row), "")
    if is_number(label) or is_label(label) or label.startswith(tuple(map(squeezed, reading.layout.sign_off))):
        return False
    return any(is_number(row[at]) for name, at in columns.fields.items() if reading.fields[name].is_number)


def check_below_declaration(grid: Grid, end: int, reading: Reading) -> None:
    """The same, for a report that says 无变动: it is ambiguous beside rows. Its header may be short."""
    columns = None
    if end < grid.cells.num_rows:
        with contextlib.suppress(ReturnedError):
            columns = find_columns(grid, reading)
    if columns:
        check_below(grid, end, columns, reading)


def _is_filled(zone: pa.Table, columns: Columns, reading: Reading) -> pa.Array:
    """Whether half of a row's number columns hold a number, and at least three."""
    numbers = [i for name, i in columns.fields.items() if reading.fields[name].is_number]
    count = pa.array([0] * zone.num_rows, pa.int64())
    for i in numbers:
        is_number = pc.match_substring_regex(combined(zone.column(i)), _NUMBER)
        count = pc.add(count, pc.cast(pc.fill_null(is_number, False), pa.int64()))
    return pc.greater_equal(count, max(3, (len(numbers) + 1) // 2))


def are_codes(column: pa.Array | pa.ChunkedArray, reading: Reading) -> pa.Array:
    """Whether texts are codes of units, with or without what programs put around them."""
    texts = pc.utf8_trim_whitespace(pc.utf8_normalize(combined(column), "NFKC"))
    codes, _, _ = joined(unwrapped(texts, codes_of(reading)), codes_of(reading))
    return pc.fill_null(pc.match_substring_regex(codes, f"^(?:{codes_of(reading)})$"), False)
