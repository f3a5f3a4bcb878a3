"""Formulas without a result: what a declared totals row adds up is computed, of the others it is told so.

In: a sheet's rows as its reader gives them, its formulas without a result, the form's layout. Out: the rows, with the
sums that a spreadsheet program would show, and NO_RESULT in place of every other such formula.

| formula | read as |
| --- | --- |
| `SUM(D4:D202)` in column D of a row with a declared label of totals | the sum of the numbers in these cells |
| `D4+D5+D9`, `SUM(D4:D9,D12)`, `SUM(D4:D9)+SUM(D12:D20)` there | the same |
| `ROUND(SUM(D4:D202),2)` there | the same, rounded |
| `SUBTOTAL(9,D4:D202)`, `SUBTOTAL(109,...)` there | the same, without other such subtotals |
| `AGGREGATE(9,5,D4:D202)` there | the same; without other subtotals under 0 to 3, without errors under 2, 3, 6, 7 |
| the same, in a row that holds nothing but formulas: a total without its label | the same |
| the same, where one of these cells has no result or an error | NO_RESULT: the cell itself is told |
| any other, in a totals row (`SUMIF`) | NO_RESULT: a finding, no rows are held against it |
| any other, in a title or a header | the sheet goes back: formula_without_value |
| any other, elsewhere | NO_RESULT: that cell cannot be read |

Programs that write workbooks drop results when they save (openpyxl does). A template's own totals are no reason to send
a report back; they are held against the rows as if the result were there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import islice

from qiangji.catalogue.models import Layout
from qiangji.errors import ReturnedError
from qiangji.parsing.archive import column_number
from qiangji.parsing.cells import NO_RESULT
from qiangji.parsing.grid import MAX_COLUMNS, column_letters
from qiangji.text import as_text, squeezed, tidy

Place = tuple[int, int]
"""(row, column), counted from 0."""


@dataclass(frozen=True)
class Term:
    """Cells that are added up. `no_subtotals`: without other subtotals; `no_errors`: errors are passed over."""

    cells: str
    no_subtotals: bool = False
    no_errors: bool = False


MAX_SUMS = 1_000
"""Sums of a sheet that are computed. A totals row has as many as the form has fields."""
_LEVELS = 3
"""Totals of totals of totals."""
_ROUND = re.compile(r"\s*=?\s*ROUND\((?P<what>.+),\s*(?P<digits>[0-9])\s*\)\s*", re.IGNORECASE)
_TERM = re.compile(
    r"\s*(?:SUM\((?P<cells>[^()]+)\)|SUBTOTAL\(\s*(?:9|109)\s*,(?P<visible>[^()]+)\)"
    r"|(?:_xlfn\.)?AGGREGATE\(\s*9\s*,\s*(?P<option>[0-7])\s*,(?P<some>[^()]+)\)|(?P<one>[^()+]+))\s*(?:\+|$)",
    re.IGNORECASE,
)
_CELLS = re.compile(
    r"\s*\$?([A-Z]{1,3})\$?([1-9][0-9]{0,6})\s*(?::\s*\$?([A-Z]{1,3})\$?([1-9][0-9]{0,6})\s*)?", re.IGNORECASE
)
_NESTED = re.compile(r"\b(?:SUBTOTAL|AGGREGATE)\(", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?[0-9][0-9,]*(?:\.[0-9]+)?")


def fill_in(rows: list[list[object]], formulas: Mapping[Place, str], layout: Layout, where: str) -> None:
    """Put into `rows` what stands for each formula. Raises ReturnedError: formula_without_value."""
    above = layout.title_rows + layout.header_rows
    if early := min((place for place in formulas if place[0] < above), default=None):
        raise no_value(column_letters(early[1]) + str(early[0] + 1), where)
    mark_all(rows, formulas)
    labels = {squeezed(text) for text in (*layout.totals, *layout.subtotals)}
    bare = _bare(rows, formulas)
    in_totals = (place for place in sorted(formulas) if place[0] in bare or _is_total(rows, place[0], labels))
    left = [(row, column) for row, column in islice(in_totals, MAX_SUMS) if column < len(rows[row])]
    for _ in range(_LEVELS):  # a total of all may stand above the subtotals that it adds up
        for row, column in left:
            if (total := _sum(rows, formulas, row, column)) is not None:
                rows[row][column] = total
        left = [(row, column) for row, column in left if rows[row][column] == NO_RESULT]


def mark_all(rows: list[list[object]], formulas: Mapping[Place, str]) -> None:
    """Put NO_RESULT where a formula has no result. The rows become wider where one stands beside all values."""
    width = len(rows[0]) if rows else 0
    widest = max((column + 1 for row, column in formulas if row < len(rows)), default=0)
    if width < widest <= MAX_COLUMNS:
        for line in rows:
            line.extend([""] * (widest - len(line)))
    for row, column in formulas:
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = NO_RESULT


def texts_in(rows: Sequence[Sequence[object]]) -> dict[int, frozenset[int]]:
    """Column -> rows, from 1, of its cells that hold a number as text: no sum counts them. Only columns that hold
    numbers too are looked at, so that codes are not.
    """
    found = {}
    for at, column in enumerate(zip(*rows, strict=True)):
        kinds = set(map(type, column))
        if str not in kinds or not kinds & {int, float}:
            continue
        are = [
            row for row, v in enumerate(column, 1) if isinstance(v, str) and v and _NUMBER.fullmatch(tidy(v))
        ]
        if are:
            found[at] = frozenset(are)
    return found


def no_value(cell: str, where: str) -> ReturnedError:
    """The error for a sheet that cannot be read without the result of this cell."""
    return ReturnedError(
        f"{cell} holds a formula without its result",
        where=where,
        expected="values, or formulas that a spreadsheet program has computed",
        do="Open the workbook in a spreadsheet program, let it compute, save it and send it again.",
        code="formula_without_value",
        zh=f"{cell}为公式但没有计算结果，请用表格软件打开、重新计算并保存（或粘贴为数值）后重报",
    )


def _is_total(rows: Sequence[Sequence[object]], row: int, labels: set[str]) -> bool:
    """Whether a row has a declared label of totals."""
    return row < len(rows) and any(
        squeezed(text).rstrip(":") in labels for text in rows[row] if isinstance(text, str) and text
    )


def _bare(rows: Sequence[Sequence[object]], formulas: Mapping[Place, str]) -> set[int]:
    """Rows with a sum, that hold formulas without a result and nothing else."""
    held = Counter(row for row, column in formulas if row < len(rows) and column < len(rows[row]))
    with_sum = {row for (row, _), formula in formulas.items() if row in held and _terms(formula)[0]}
    return {row for row in with_sum if sum(v is not None and v != "" for v in rows[row]) == held[row]}


def _sum(
    rows: Sequence[Sequence[object]], formulas: Mapping[Place, str], row: int, column: int
) -> Decimal | None:
    """What the formula of this cell gives, as a spreadsheet program adds up: numbers, no texts. None if it is no sum
    of other cells of its own column, or one of these has no result.
    """
    terms, digits = _terms(formulas[row, column])
    if not terms:
        return None
    values = list[object]()
    for term in terms:
        added = _rows_added(term.cells, column)
        if not added or any(row in some for some in added):
            return None
        places = [(r, column) for some in added for r in some if r < len(rows) and column < len(rows[r])]
        if term.no_subtotals:
            places = [p for p in places if p not in formulas or not _NESTED.search(formulas[p])]
        found = [rows[r][column] for r, _ in places]
        values += [v for v in found if not (term.no_errors and v != NO_RESULT and _is_error(v))]
    if any(map(_is_error, values)):
        return None
    numbers = (v for v in values if isinstance(v, (int, float, Decimal)) and not isinstance(v, bool))
    total = sum((Decimal(as_text(number) or 0) for number in numbers), Decimal(0))
    return total if digits is None else total.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def _is_error(value: object) -> bool:
    return isinstance(value, str) and value.startswith("#")


def _terms(formula: str) -> tuple[list[Term], int | None]:
    """The cells of each sum that a formula adds up; none if it is no sum. And to how many digits ROUND rounds it."""
    text, at, found = formula.strip().removeprefix("=").lstrip(" +"), 0, list[Term]()
    rounded = _ROUND.fullmatch(text)
    text = rounded["what"] if rounded else text
    while at < len(text):
        if not (term := _TERM.match(text, at)):
            return [], None
        option = int(term["option"] or 4)
        cells = term["cells"] or term["visible"] or term["some"] or term["one"]
        found.append(Term(cells, bool(term["visible"]) or option < 4, option in (2, 3, 6, 7)))
        at = term.end()
    is_one_cell = len(found) == 1 and "(" not in text
    if is_one_cell or text.rstrip().endswith("+"):
        return [], None
    return found, int(rounded["digits"]) if rounded else None


def _rows_added(text: str, column: int) -> list[range]:
    """The rows of the cells and ranges that are added up; none if any of them is of another column."""
    found = [_CELLS.fullmatch(part) for part in text.split(",")]
    added = []
    for m in found:
        if m is None or {column_number(m[n].upper().encode()) - 1 for n in (1, 3) if m[n]} != {column}:
            return []
        first, last = sorted((int(m[2]), int(m[4] or m[2])))
        added.append(range(first - 1, last))
    return added
