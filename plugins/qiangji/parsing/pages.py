"""Rows among the data that belong to the header: a header repeated on a second page, a row of units, column numbers.

In: the data zone, its columns, the header above it. Out: `HeaderRows`. They hold no data, and are passed over;
`SheetFacts.repeated_headers` says how many repeat the header, and units count like those in the header.

| row | how it is known |
| --- | --- |
| a header once more | each of its texts, two at least, is that of a header row in the same column; or it names the same
  fields in other words |
| a title once more | texts without a number, directly above such a row; the form's title, of this period or none |
| a town's heading | its name alone, above the rows of its units |
| an end | 以下空白, 接上页, 转下页 or 续表 alone |
| a remark | below the last code, where a declared total stands above it or a sign-off zone below; no number in it; it
  begins with 备注, 说明 and the like, or is the only text of its row below one that does |
| another table | below the last code: it names fields in other columns, and no key; the rows below are `strays` |
| units (`人`, `万元`, ...) | above the first code; each of its texts in the columns of numbers is a unit, two at least;
  those of other fields are short and no number (`—`, `是/否`, `档`) |
| column numbers and the like | above the first code: see `under_header` |
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.errors import ReturnedError
from qiangji.parsing.below import are_codes
from qiangji.parsing.facts import own_spans, unit_in
from qiangji.parsing.glance import is_alnum
from qiangji.parsing.grid import Grid, combined, hidden_sheet, sign_off_start
from qiangji.parsing.headers import Columns, find_columns, reordered, without_last
from qiangji.parsing.reading import Reading
from qiangji.parsing.strays import MAX_STRAYS, codes_of, filled_in, is_number
from qiangji.parsing.town_headings import heading_of
from qiangji.parsing.under_header import LEAST, is_of_header, times_of
from qiangji.parsing.wording import targets_of
from qiangji.personal_data import is_signature
from qiangji.text import squeezed

_LEAST_NAMED, _ABOVE = 3, 8
"""Fields that a row has to name to be the header; rows looked at above the first code."""
_WORD = re.compile(r"[^0-9]{1,6}")
"""What stands in a row of units under a column that has none."""
_END = re.compile(
    r"[-—–―─_=*·.…]*[(（]?(?:此[处页]|本[页表])?以下(?:均?[为是]?空白|空|无正文|无内容|无数据)[)）]?[-—–―─_=*·.…]*"
    r"|[(（]?(?:[接承续](?:上|前)页|[转接过续](?:下|次)页|续表)[)）]?"
)
_REMARK = re.compile(
    r"[(\[【〔*※]*(?:备注|附注|注释|注|(?:填[表报]|编制|有关|补充)?说明|口径|统计口径|数据来源)[0-9一二三四五]{0,2}(?:[)\]】〕]|[:、.]|$)"
)


@dataclass(frozen=True)
class HeaderRows:
    """Positions in the data zone: rows that repeat the header or title, and further rows of the header itself.

    `units`: field -> the unit that a row of units gives it; `times`: the same of times. `table`: where another table
    begins, that has a header of its own and no codes.
    """

    repeated: Sequence[int] = ()
    further: Sequence[int] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    times: Mapping[str, str] = field(default_factory=dict)
    table: int | None = None


def header_rows(grid: Grid, zone: pa.Table, columns: Columns, reading: Reading) -> HeaderRows:
    """Rows of the zone that belong to the header, ascending."""
    titles, headers = grid.title_and_header(reading.layout)
    above = [
        [squeezed(t) for t in grid.row_text(i)]
        for i in range(titles, min(titles + headers, grid.cells.num_rows))
    ]
    texts = _without_code(zone, columns, reading)
    units_end = _last_code(zone, columns, reading) if texts else 0
    table = _table_in(texts, units_end, columns, reading)
    texts = {i: row for i, row in texts.items() if table is None or i < table}
    below = grid.first_row + grid.data_start(reading.layout)
    repeated = {
        i
        for i, row in texts.items()
        if _repeats(row, above)
        or _is_heading(row, columns, reading)
        or _is_title(row, reading)
        or _says_the_same(row, columns, reading, below + i)
    }
    for first in sorted(i for i in repeated if _repeats(texts[i], above)):
        for i in range(first - 1, max(first - 1 - titles, -1), -1):
            row = [t for t in texts.get(i, ["0"]) if t]
            if i in repeated or any(map(is_number, row)):
                break
            repeated.add(i)
    remarks = _remarks({i: row for i, row in texts.items() if i > units_end}, grid, columns, reading)
    units, times, further = (
        dict[str, str](),
        dict[str, str](),
        [*(i for i, row in texts.items() if _is_end(row)), *remarks],
    )
    for i in range(len(texts)):
        if i not in texts:  # the first code
            break
        cells = {name: text for name, at in columns.fields.items() if (text := texts[i][at])}
        if own := _units(cells, reading):
            units |= own
            further.append(i)
        elif said := times_of(texts[i], columns.labels, columns.fields):
            times |= said
            further.append(i)
        elif is_of_header(texts[i], columns.labels, columns.fields):
            further.append(i)
    return HeaderRows(sorted(repeated - {*further}), further, units, times, table)


def find_header(grid: Grid, reading: Reading) -> tuple[Reading, Columns]:
    """The columns, and the reading; with fewer header rows where the last declared ones are units or times.

    Raises ReturnedError as `find_columns`; missing_sheet where the form's sheet is hidden behind this one.
    """
    try:
        return reading, find_columns(grid, reading)
    except ReturnedError as e:
        less = without_last(grid, reading)
        if not less and (name := _hidden_form(grid, reading)):
            raise hidden_sheet(reading.form.form, name, reading.where) from None
        if not less:
            raise e from None
        first, end = (grid.data_start(r.layout) for r in (less[0], reading))
        below = [[squeezed(t) for t in grid.row_text(i)] for i in range(first, min(end, grid.cells.num_rows))]
        if not all(_is_further(row, less[1], reading) for row in below):
            raise e from None
        return less


def _hidden_form(grid: Grid, reading: Reading) -> str | None:
    """The hidden sheet that has the form's header, half of its fields in one row, where this one has none of it."""
    form, hidden = reading.form, grid.look.hidden if grid.look else ()
    if not hidden:
        return None

    def most(rows: Iterable[Iterable[str]]) -> int:
        return max((len(targets_of([squeezed(t) for t in row], form)) for row in rows), default=0)

    if most(grid.row_text(i) for i in range(min(_ABOVE, grid.cells.num_rows))) > 1:
        return None
    return next((name for name, rows in hidden if 2 * most(rows) >= len(reading.fields)), None)


def _is_further(row: list[str], columns: Columns, reading: Reading) -> bool:
    """Whether a row below the names of the columns is a part of the header."""
    cells = {name: text for name, at in columns.fields.items() if (text := row[at])}
    labels, fields = columns.labels, columns.fields
    return bool(_units(cells, reading) or times_of(row, labels, fields) or is_of_header(row, labels, fields))


def _last_code(zone: pa.Table, columns: Columns, reading: Reading) -> int:
    """The position of the last row with a unit's code; without any, the end of the zone."""
    units = pc.indices_nonzero(are_codes(zone.column(columns.key), reading))
    return int(units[-1].as_py()) if len(units) else zone.num_rows


def _remarks(texts: Mapping[int, list[str]], grid: Grid, columns: Columns, reading: Reading) -> list[int]:
    """Positions of remarks below the table, among the rows below the last code."""
    labels = {squeezed(text) for text in (*reading.layout.totals, *reading.layout.subtotals)}
    is_over = bool(texts) and sign_off_start(grid, reading.layout) < grid.cells.num_rows
    found = list[int]()
    for i, row in sorted(texts.items()):
        filled = [text for text in row if text]
        if any(row[at].rstrip(":") in labels for at in columns.labels):
            is_over = True
        elif is_over and filled and not any(map(is_number, filled)):
            goes_on = bool(found) and found[-1] == i - 1 and len(filled) == 1 and not is_signature(filled[0])
            if _REMARK.match(filled[0]) or goes_on:
                found.append(i)
    return found


def _table_in(texts: Mapping[int, list[str]], last: int, columns: Columns, reading: Reading) -> int | None:
    """The position of the header of another table below the units' rows: it names fields in other columns, and no key,
    and no row below it has a code (as a summary by town).
    """
    for at in (i for i in texts if i > last):
        named = targets_of(texts[at], reading.form)
        is_header = len(named) >= LEAST and 2 * len(named) >= sum(map(bool, texts[at]))
        if is_header and reading.form.key not in named and _moved(named, columns, reading):
            return at
    return None


def _units(cells: Mapping[str, str], reading: Reading) -> dict[str, str]:
    """Field -> its unit, of a row of units; nothing of another row."""
    units = {name: text for name, text in cells.items() if reading.fields[name].is_number}
    others = [text for name, text in cells.items() if name not in units]
    if len(units) < LEAST and len(cells) >= LEAST and all(map(unit_in, cells.values())):
        return dict(cells)
    is_row = len(units) >= LEAST and all(map(unit_in, units.values()))
    return units if is_row and all(map(_WORD.fullmatch, others)) else {}


def _without_code(zone: pa.Table, columns: Columns, reading: Reading) -> dict[int, list[str]]:
    """Position -> the texts, squeezed, of rows whose key is no code."""
    keys, is_code = combined(zone.column(columns.key)), re.compile(codes_of(reading))
    above = itertools.takewhile(lambda i: not is_code.fullmatch(keys[i].as_py() or ""), range(len(keys)))
    first = list(itertools.islice(above, _ABOVE))
    if is_alnum(keys):
        return {i: [squeezed(column[i].as_py()) for column in zone.columns] for i in first}
    # few keys are other than letters and digits: this is quicker than to match all of them
    odd = pc.indices_nonzero(pc.invert(pc.fill_null(pc.ascii_is_alnum(keys), False))).to_pylist()
    odd = [i for i in odd[: 2 * MAX_STRAYS] if not is_code.fullmatch(keys[i].as_py() or "")][:MAX_STRAYS]
    rows = sorted({*first, *odd})
    return {i: [squeezed(column[i].as_py()) for column in zone.columns] for i in rows}


def _repeats(row: list[str], headers: list[list[str]]) -> bool:
    """Whether every cell of a row that holds a text has that of a header above it."""
    filled = [(i, t) for i, t in enumerate(row) if t]
    return len(filled) >= LEAST and any(all(header[i] == t for i, t in filled) for header in headers)


def _says_the_same(row: list[str], columns: Columns, reading: Reading, number: int) -> bool:
    """Whether a row names the form's fields as the header does, in whatever words.

    Raises ReturnedError: reordered_header, where one of them stands in another column: the rows below it are read by
    the header above.
    """
    named = targets_of(row, reading.form)
    if len(named) < _LEAST_NAMED or 2 * len(named) < sum(map(bool, row)):
        return False
    if moved := _moved(named, columns, reading):
        target = min(moved, key=lambda target: named[target])
        raise reordered(target, number, named[target], moved[target], reading)
    return True


def _moved(named: Mapping[str, int], columns: Columns, reading: Reading) -> dict[str, int | None]:
    """Which of these stand in another column than the header has them in, and that column."""
    should = {reading.form.key: columns.key, "unit_name": columns.name, **columns.fields}
    return {target: should[target] for target, at in named.items() if should.get(target, at) != at}


def _is_heading(row: list[str], columns: Columns, reading: Reading) -> bool:
    """Whether a row holds a town's name, and nothing in the columns of fields."""
    return bool(heading_of(row, columns, reading)) and not filled_in(row, columns)


def _is_title(row: list[str], reading: Reading) -> bool:
    """Whether a row holds the form's title alone, with an office's name before it or this period's behind it."""
    filled = [text for text in row if text]
    if len(filled) != 1 or not (title := squeezed(reading.form.title.zh)):
        return False
    before, found, behind = filled[0].partition(title)
    is_office = not before or bool(re.fullmatch(r"[^0-9]{1,12}[市县区镇道村]", before))
    span = own_spans(reading.period)["flow"]
    return bool(found) and is_office and (not behind or bool(span.fullmatch(behind.strip("()"))))


def _is_end(row: list[str]) -> bool:
    filled = [text for text in row if text]
    return len(filled) == 1 and bool(_END.fullmatch(filled[0]))
