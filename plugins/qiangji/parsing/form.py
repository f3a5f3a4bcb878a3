"""A grid read as a form: typed rows, the texts they came from, and every cell that could not be read.

In: a `Grid`, the form, the county, the period, the county's crosswalk of unit codes. Out: `Parsed`. A fault that
concerns the whole submission is a ReturnedError. A bad cell is a row of `Parsed.problems`; its row is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.models import County, Form
from qiangji.errors import ReturnedError
from qiangji.parsing import returned, unchanged
from qiangji.parsing.below import check_below, check_below_declaration, own_totals, zone_of
from qiangji.parsing.cells import NO_RESULT
from qiangji.parsing.column import Column
from qiangji.parsing.facts import SheetFacts, facts_of
from qiangji.parsing.glance import is_alnum
from qiangji.parsing.grid import Grid, address, combined, shown_sheet, sign_off_start
from qiangji.parsing.headers import Columns
from qiangji.parsing.normalise import TYPES, read_codes, read_column
from qiangji.parsing.outside import check_beyond, check_ragged, unheaded
from qiangji.parsing.pages import HeaderRows, find_header, header_rows
from qiangji.parsing.period_column import check_period
from qiangji.parsing.problems import PROBLEMS, UnreadableCell, check_number, of_column, of_strays
from qiangji.parsing.reading import Reading
from qiangji.parsing.signing import signed
from qiangji.parsing.stray_sums import held_against_sums
from qiangji.parsing.strays import (
    OF_UNITS,
    Stray,
    check_codes,
    codes_of,
    find_strays,
    hide,
    joined,
    told_once,
    unwrapped,
)
from qiangji.parsing.totals import (
    Scope,
    TotalsProblem,
    are_totals,
    compare_totals,
    of_visible,
    without_texts,
)
from qiangji.parsing.under_header import with_times
from qiangji.periods import Period
from qiangji.text import squeezed

_BLANK = r"^[\s\p{Z}]*$"


@dataclass(frozen=True)
class Parsed:
    """One submission as read.

    | field | what |
    | --- | --- |
    | `rows` | the rows received; columns: the key (string), `unit_name` if the county gives names, the form's fields of
      the period in the form's order, `_row` (int32, the sheet's row number) |
    | `raw` | the same columns as text as received |
    | `problems` | cells that could not be read, or are asked about; schema PROBLEMS |
    | `totals_agree` | None if no total was written |
    | `columns` | field -> column of the sheet, counted from 0; without optional fields that it has no column for |
    | `is_unchanged` | the submission repeats the last one, and has no rows of its own |
    | `sheet` | what the sheet says of itself: see `facts` |
    | `explanations` | position in `rows` -> the county's explanation of a row in a workbook that went back to it |
    """

    rows: pa.Table
    raw: pa.Table
    problems: pa.Table
    totals_agree: bool | None = None
    totals_problems: list[TotalsProblem] = field(default_factory=list)
    columns: Mapping[str, int] = field(default_factory=dict)
    is_unchanged: bool = False
    explanations: Mapping[int, str] = field(default_factory=dict)
    sheet: SheetFacts = field(default_factory=SheetFacts)

    def address(self, form: str, column_index: int, row_number: int) -> str:
        """How messages name one of its cells: see `grid.address`."""
        return address(shown_sheet(self.sheet.sheet, form), column_index, row_number)

    @cached_property
    def unreadable(self) -> list[UnreadableCell]:
        """The rows of `problems`."""
        return [UnreadableCell(**row) for row in self.problems.to_pylist()]


def unchanged_submission() -> Parsed:
    """A submission that says that nothing changed."""
    return Parsed(pa.table({}), pa.table({}), PROBLEMS.empty_table(), is_unchanged=True)


def read_form(
    grid: Grid, form: Form, county: County, period: Period, crosswalk: Mapping[str, str] | None = None
) -> Parsed:
    """Read a grid as the form of the period. `crosswalk`: the county's own unit code -> the tree's.

    Raises ReturnedError: empty_file, no_rows, unknown_header, missing_column, duplicate_header, ragged_rows,
    truncated, wrong_period, nothing_filled, unchanged_not_allowed, unchanged_with_rows, or the grid's own
    (missing_sheet).
    """
    reading = Reading.of(county, form, period, crosswalk or {}, shown_sheet(grid.sheet, form.form))
    if grid.error:
        e = grid.error
        raise ReturnedError(e.what, where=reading.where, expected=e.expected, do=e.do, code=e.code, zh=e.zh)
    if grid.cells.num_rows == 0 or grid.cells.num_columns == 0:
        raise empty_file(reading.where)
    end = sign_off_start(grid, reading.layout)
    if unchanged.is_declared(grid, end, reading):
        check_below_declaration(grid, end, reading)
        return unchanged_submission()
    reading, columns = find_header(grid, reading)
    below, end = grid.data_start(reading.layout), sign_off_start(grid, reading.layout)
    check_below(grid, end, columns, reading)
    check_ragged(grid, end, reading)
    check_beyond(grid, end, reading)
    zone = zone_of(grid, below, end, columns, reading)
    header = header_rows(grid, zone, columns, reading)
    parsed = _read_zone(zone, grid.first_row + below, columns, reading, header)
    titles = grid.title_and_header(reading.layout)[0]
    rows = set(parsed.rows.column("_row").to_pylist()) if grid.look else set[int]()
    said = replace(parsed.sheet, signed=signed(grid, end))
    facts = facts_of(grid, titles, parsed.columns, said, rows)
    if parsed.totals_problems and facts.hidden_rows and grid.look:
        others = {cell.index for cell in parsed.unreadable if cell.field == form.key}
        found = of_visible(parsed.totals_problems, parsed.rows, grid.look.hidden_rows, others)
        parsed = replace(parsed, totals_problems=found)
    if parsed.totals_problems and grid.look and grid.look.texts:
        texts = {n: grid.look.texts.get(at, frozenset()) for n, at in parsed.columns.items()}
        found = without_texts(parsed.totals_problems, parsed.rows, texts, reading.sheet)
        parsed = replace(parsed, totals_problems=found)
    return replace(parsed, sheet=facts)


def empty_file(where: str) -> ReturnedError:
    """The error for a delivery without any content."""
    return ReturnedError(
        "the file is empty",
        where=where,
        expected="a header and the rows of the form",
        do="Send the file again.",
        code="empty_file",
        zh="文件为空，请重新上传",
    )


# long: it makes a Parsed of ten columns and facts, step by step
def _read_zone(
    zone: pa.Table, first_row: int, columns: Columns, reading: Reading, header: HeaderRows
) -> Parsed:
    """`zone`: see `below.zone_of`; `first_row`: the sheet's row number of its first row;
    `header`: its rows that belong to the header.
    """
    if columns.is_returned:
        zone = returned.undone(zone)
    form, fields = reading.form, reading.fields
    totals = own_totals(zone.slice(0, header.table), columns, reading)
    rows = _data_rows(zone, columns, [*totals, *header.repeated, *header.further])
    if len(rows) == 0:
        raise ReturnedError(
            "a header and no rows",
            where=reading.where,
            expected="a row for each unit that reports",
            do="Send the file with its rows.",
            code="no_rows",
            zh="文件只有表头，没有数据行，请补充数据后重报",
        )
    data = zone if len(rows) == zone.num_rows else zone.take(rows)
    numbers = pc.cast(pc.add(rows, first_row), pa.int32())
    if columns.period is not None:
        check_period(combined(data.column(columns.period)), columns.period, numbers, reading)
    pattern = codes_of(reading)
    codes, spaced, are_codes = joined(
        read_codes(unwrapped(combined(data.column(columns.key)), pattern)), pattern
    )
    strays = [] if are_codes else find_strays(data, codes, _before(rows, header.table), columns, reading)
    check_codes(strays, len(rows), columns.key, numbers, reading)
    data = pa.table([hide(combined(c), strays) for c in data.columns], names=data.column_names)
    raw: dict[str, pa.Array] = {form.key: data.column(columns.key).chunk(0)}
    typed: dict[str, pa.Array] = {form.key: _crosswalked(codes, reading.crosswalk)}
    if columns.name is not None:
        raw["unit_name"] = combined(data.column(columns.name))
        typed["unit_name"] = _no_labels(read_codes(unwrapped(_known(raw["unit_name"]))), codes, reading)
    texts = {n: combined(data.column(at)) for n, at in columns.fields.items()}
    _require_values(texts, reading)
    raw |= {n: texts.get(n, pa.nulls(len(rows), pa.string())) for n in fields} | {"_row": numbers}
    read = _read_fields(texts, codes, strays, reading)
    typed |= {
        n: read[n].values if n in read else pa.nulls(len(rows), TYPES[f.type]) for n, f in fields.items()
    }
    typed |= {"_row": numbers}
    agree, wrong = _of_units(
        lambda no_units: _check_totals(
            zone, first_row, totals, *_summed(rows, read, strays, no_units), columns, reading
        ),
        are_totals(codes, typed.get("unit_name"), form),
        codes,
        pattern,
    )
    check_number(read, columns, numbers, reading)
    of_cells = (of_column(n, c, raw[n], columns.fields[n], numbers, reading) for n, c in read.items())
    problems = [*of_strays(strays, columns.key, numbers, reading), *chain.from_iterable(of_cells)]
    explained = None if columns.explanation is None else combined(data.column(columns.explanation))
    return Parsed(
        pa.table(typed),
        pa.table(raw),
        pa.concat_tables([PROBLEMS.empty_table(), *problems]).combine_chunks(),
        agree,
        wrong,
        {form.key: columns.key, **columns.fields},
        explanations={} if explained is None else returned.explanations(explained),
        sheet=SheetFacts(
            units_in_headers=columns.units,
            units_below=header.units,
            headers=with_times(columns.headers, header.times),
            repeated_headers=len(header.repeated),
            spaced_codes=spaced,
            uncomputed_totals=_uncomputed(zone, first_row, totals, columns, reading),
            uncomputed_names=_names_without_result(raw, columns, reading),
            **unheaded(zone, first_row, columns, {*totals, *header.repeated, *header.further}, reading),
        ),
    )


def _before(rows: pa.Array, table: int | None) -> int:
    """How many of these positions, ascending, are before another table."""
    return len(rows) if table is None else int(np.searchsorted(rows.to_numpy(), table))


def _known(names: pa.Array) -> pa.Array:
    """Names, or written totals, null where a formula has no result."""
    unknown = pc.equal(names, NO_RESULT)
    return pc.if_else(unknown, pa.scalar(None, pa.string()), names) if pc.any(unknown).as_py() else names


def _no_labels(names: pa.Array, codes: pa.Array, reading: Reading) -> pa.Array:
    """Names, null where a unit with its code has a declared label of totals in place of one: see `below.totals_of`."""
    labels = {squeezed(t) for t in (*reading.layout.totals, *reading.layout.subtotals)}
    if not labels:
        return names
    encoded = names.dictionary_encode()
    are = [squeezed(t).rstrip(":") in labels for t in encoded.dictionary.to_pylist()]
    if not any(are):
        return names
    known = pc.match_substring_regex(codes, f"^(?:{codes_of(reading)})$")
    mine = pc.and_(pc.fill_null(pa.array(are).take(encoded.indices), False), pc.fill_null(known, False))
    return pc.if_else(mine, pa.scalar(None, pa.string()), names)


def _read_fields(
    texts: Mapping[str, pa.Array], codes: pa.Array, strays: list[Stray], reading: Reading
) -> dict[str, Column]:
    """The fields' columns; rows that turn out to be sums are added to the strays."""
    read = {n: read_column(unwrapped(text), reading.fields[n]) for n, text in texts.items()}
    strays[:] = held_against_sums(codes, read, strays, reading)
    return {n: told_once(column, strays) for n, column in read.items()}


def _of_units(
    compare: Callable[[pa.Array], tuple[bool | None, list[TotalsProblem]]],
    no_units: pa.Array,
    codes: pa.Array,
    pattern: str,
) -> tuple[bool | None, list[TotalsProblem]]:
    """What comes of comparing totals. If they do not agree, but do without the rows whose key is no code, these are
    what is wrong: they go back, each by itself, and a total that was added to fit them would be wrong.
    """
    agree, wrong = compare(no_units)
    if wrong:
        known = pc.fill_null(pc.match_substring_regex(codes, f"^(?:{pattern})$"), False)
        without, still = compare(pc.or_(no_units, pc.invert(known)))
        if without and not still:
            return without, still
    return agree, wrong


def _require_values(texts: Mapping[str, pa.Array], reading: Reading) -> None:
    """Raise for a form that nobody filled in: codes and names, and no value in any row."""
    for text in texts.values():
        blank = pc.fill_null(pc.match_substring_regex(text, _BLANK), True)
        if not pc.all(blank).as_py():
            return
    raise ReturnedError(
        "no row has a value in any field",
        where=reading.where,
        expected="values, 0 where there is none",
        do="This is a form that was not filled in: fill it in and send it again.",
        code="nothing_filled",
        zh="只有单位编码和名称，没有填写任何数据，是空白表；请填写后重报，没有的填0",
    )


def _summed(
    rows: pa.Array, read: Mapping[str, Column], strays: list[Stray], no_units: pa.Array
) -> tuple[pa.Array, Mapping[str, Column]]:
    """The rows that totals add up, and their columns: without undeclared totals and notes."""
    others = {s.index for s in strays if s.what not in OF_UNITS}
    others.update(pc.indices_nonzero(no_units).to_pylist())
    if not others:
        return rows, read
    kept = pa.array([i for i in range(len(rows)) if i not in others], pa.int64())
    return rows.take(kept), {n: c.taken(kept) for n, c in read.items()}


def _check_totals(
    zone: pa.Table,
    first_row: int,
    totals: dict[int, Scope],
    rows: pa.Array,
    read: Mapping[str, Column],
    columns: Columns,
    reading: Reading,
) -> tuple[bool | None, list[TotalsProblem]]:
    if not totals:
        return None, []
    marks = zone.take(pa.array(sorted(totals), pa.int64()))
    at = {n: i for n, i in columns.fields.items() if reading.fields[n].is_number}
    written = {
        n: read_column(_known(combined(marks.column(i))), reading.fields[n], is_total=True)
        for n, i in at.items()
    }
    return compare_totals(reading.sheet, totals, rows, first_row, at, written, read)


def _uncomputed(
    zone: pa.Table, first_row: int, totals: Mapping[int, Scope], columns: Columns, reading: Reading
) -> tuple[str, ...]:
    """The addresses of totals that are formulas without a result: nothing can be held against them."""
    numbers = [i for n, i in columns.fields.items() if reading.fields[n].is_number]
    return tuple(
        address(reading.sheet, i, first_row + row)
        for row in sorted(totals)
        for i in numbers
        if zone.column(i)[row].as_py() == NO_RESULT
    )


def _names_without_result(raw: Mapping[str, pa.Array], columns: Columns, reading: Reading) -> tuple[int, str]:
    """How many names are formulas without a result, and where the first is: none was held against its code."""
    if columns.name is None or not (found := pc.indices_nonzero(pc.equal(raw["unit_name"], NO_RESULT))):
        return 0, ""
    return len(found), address(reading.sheet, columns.name, raw["_row"][found[0].as_py()].as_py())


def _data_rows(zone: pa.Table, columns: Columns, others: Sequence[int]) -> pa.Array:
    """Positions of the rows that are not empty in the form's columns. `others`: totals, and headers once more."""
    wanted = [columns.key, *columns.fields.values(), *([] if columns.name is None else [columns.name])]
    filled = None
    if is_alnum(combined(zone.column(columns.key))):  # the usual case
        wanted = []
    for i in wanted:
        blank = pc.match_substring_regex(combined(zone.column(i)), _BLANK)
        has = pc.invert(pc.fill_null(blank, True))
        filled = has if filled is None else pc.or_(filled, has)
        # If no cell of the key is empty, no row is: the usual case, and the other columns are not looked at.
        if pc.all(filled).as_py():
            break
    rows = pa.array(np.arange(zone.num_rows)) if filled is None else pc.indices_nonzero(filled)
    rows = rows.cast(pa.int64())
    if others:
        rows = rows.filter(pc.invert(pc.is_in(rows, value_set=pa.array(others, pa.int64()))))
    return rows


def _crosswalked(codes: pa.Array, crosswalk: Mapping[str, str]) -> pa.Array:
    """The tree's codes for the county's own. A code that the crosswalk lacks stays; the suite judges it."""
    if not crosswalk:
        return codes
    own, ours = pa.array(list(crosswalk), pa.string()), pa.array(list(crosswalk.values()), pa.string())
    return pc.coalesce(ours.take(pc.index_in(codes, value_set=own)), codes)
