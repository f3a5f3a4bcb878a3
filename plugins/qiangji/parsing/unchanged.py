"""A report that says 无变动: nothing changed since the last one.

In: a grid and its `Reading`. Out: whether the grid is such a declaration. A county declares it in its usual file, in
one of two ways:

- one row beneath the header, whose only words are 无变动 (or another word of the county's `layout.unchanged`);
- a column `is_unchanged` (or 无变动), with one row that says true and names no unit: `{"is_unchanged": true}`.

The period's column, ignored columns and a totals row of zeros may be filled as well. A declaration beside data rows, or
in a form that is not monthly, is ambiguous: a ReturnedError.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.models import Layout
from qiangji.errors import ReturnedError
from qiangji.parsing.glance import has_any
from qiangji.parsing.grid import Grid, address, combined
from qiangji.parsing.headers import UNCHANGED_HEADERS
from qiangji.parsing.reading import Reading
from qiangji.parsing.returned import RETURNED_HEADERS
from qiangji.parsing.wording import PERIOD_HEADERS
from qiangji.text import squeezed

_TRUE = {"true", "1", "是", "y", "yes"}
_FALSE = {"", "false", "0", "否", "n", "no"}
_MOST_BLANK = 100
"""Rows of blank lines and a totals row."""
_MARKS = "。.．,，;；!！、（）()"
_LAST = "(?:上|前)(?:一?[个個]?月|一?期|次)(?:报表|数据|報表|數據)?"
_OTHER_WORDS = re.compile(
    r"(?:本期|本月|数据|數據|情况|情況|全部|均)*"
    rf"(?:(?:[与同和跟與]?{_LAST})(?:相同|一致|一样|一樣|持平|同)|[同如](?:{_LAST}|上)"
    rf"|(?:[与同和跟與较較比]?{_LAST}(?:相比|比较|比較)?)?"
    r"(?:[无無没沒]|[没沒]有|未有?)(?:任何)?(?:变化|变动|变更|更新|更改|调整|增减|變化|變動|變更|調整|增減)"
    r"|(?:保持)?不[变變]|未[变變]|[无無]|没有|沒有)"
)
"""What says that nothing changed, and is not declared."""
_LABELS = 4
"""Leftmost columns that may hold the words: a merged row has them in the first, others beside 序号, code or name."""


def is_declared(grid: Grid, end: int, reading: Reading) -> bool:
    """Whether the submission says that nothing changed. `end`: the row of `cells` at which the sign-off zone begins.

    Raises ReturnedError: unchanged_not_allowed, unchanged_with_rows, unchanged_in_other_words.
    """
    form, layout = reading.form, reading.layout
    below = grid.data_start(layout)
    flag = _flag_column(grid, below)
    zone = grid.cells.slice(below, max(0, end - below))
    said = _said(zone, flag, layout)
    if not said:
        _check_other_words(zone, grid.first_row + below, _aside(grid, below, layout), reading)
        return False
    at = address(reading.sheet, 0 if flag is None else flag, grid.first_row + below + said[0])
    if form.period_type != "month":
        raise ReturnedError(
            f"{at} says that nothing changed, of a form for each {form.period_type}",
            where=reading.where,
            expected="the rows of the form: only a monthly report may repeat the last one",
            do="Send the form with its rows.",
            code="unchanged_not_allowed",
            zh=f"{at}填报“无变动”，但本表不是月报，请填报数据后重报",
        )
    if len(said) > 1 or _has_rows(zone, said[0], flag, _aside(grid, below, layout), layout):
        raise ReturnedError(
            f"{at} says that nothing changed, and there are rows besides",
            where=reading.where,
            expected="either the rows of the form, or 无变动 alone",
            do="Send one or the other.",
            code="unchanged_with_rows",
            zh=f"{at}填报“无变动”，但表中还有数据行，请二者择一后重报",
        )
    return True


def _check_other_words(zone: pa.Table, first_row: int, aside: set[int], reading: Reading) -> None:
    """Raise ReturnedError unchanged_in_other_words if all that the zone says is 与上月相同, 无变化 or the like."""
    form, declared = reading.form, reading.layout.unchanged
    if zone.num_rows > _MOST_BLANK or not declared or form.period_type != "month":
        return
    cells = [
        (squeezed(t).strip(_MARKS), row, at)
        for at, column in enumerate(zone.columns)
        if at not in aside
        for row, t in enumerate(column.to_pylist())
        if squeezed(t)
    ]
    if len(cells) != 1 or not _OTHER_WORDS.fullmatch(cells[0][0]):
        return
    text, row, at = cells[0]
    cell, word = address(reading.sheet, at, first_row + row), declared[0]
    raise ReturnedError(
        f"{cell} says {text}, which is no declared word for a report that repeats the last one",
        where=reading.where,
        expected=f"{word}, or the rows of the form",
        do=f"Write {word} in that cell and send it again.",
        code="unchanged_in_other_words",
        zh=f"{cell}填的是“{text}”；本期与上期相同的，请填“{word}”后重报，否则请填报数据",
    )


def _flag_column(grid: Grid, below: int) -> int | None:
    """The column under the header `is_unchanged`, if there is one."""
    if not 0 < below <= grid.cells.num_rows:
        return None
    heads = [squeezed(t) for t in grid.row_text(below - 1)]
    return next((i for i, head in enumerate(heads) if head in UNCHANGED_HEADERS), None)


def _said(zone: pa.Table, flag: int | None, layout: Layout) -> list[int]:
    """Rows of the zone that declare it, ascending."""
    words = {squeezed(w) for w in layout.unchanged}
    found: set[int] = set()
    for i, column in enumerate(zone.columns):
        if i == flag:
            found.update(_rows_saying(column, _TRUE, pc.is_valid(column)))
        elif i < _LABELS and has_any(combined(column), {w[0] for w in words}):
            # Only cells that hold a word's first character are compared one by one: few do.
            begins = "[" + "".join(sorted({re.escape(w[0]) for w in words})) + "]"
            found.update(_rows_saying(column, words, pc.match_substring_regex(column, begins)))
    return sorted(found)


def _rows_saying(column: pa.ChunkedArray, words: set[str], candidates: pa.ChunkedArray) -> list[int]:
    at = pc.indices_nonzero(pc.fill_null(candidates, False))
    texts = column.take(at).to_pylist()
    said = (squeezed(text).lower().strip(_MARKS) for text in texts)
    return [row for row, text in zip(at.to_pylist(), said, strict=True) if text in words]


def _aside(grid: Grid, below: int, layout: Layout) -> set[int]:
    """Columns that may be filled beside a declaration."""
    heads = [squeezed(t) for t in grid.row_text(below - 1)] if below else []
    passed = {squeezed(h) for h in (*PERIOD_HEADERS, *RETURNED_HEADERS, *layout.ignore)}
    return {i for i, head in enumerate(heads) if head in passed}


def _has_rows(zone: pa.Table, said: int, flag: int | None, aside: set[int], layout: Layout) -> bool:
    """Whether the zone holds anything but the declaration in row `said` and a totals row of zeros."""
    if zone.num_rows > _MOST_BLANK:
        return True
    totals = {squeezed(t) for t in (*layout.totals, *layout.subtotals)}
    for row in range(zone.num_rows):
        cells = [squeezed(column[row].as_py()) for column in zone.columns]
        texts = [t for i, t in enumerate(cells) if t and i not in aside and i != flag]
        if row == said:
            if len(texts) > (1 if flag is None or cells[flag].lower() not in _TRUE else 0):
                return True
        elif not (texts and texts[0] in totals and set(texts[1:]) <= {"0"}) and (
            texts or (flag is not None and cells[flag].lower() not in _FALSE)
        ):
            return True
    return False
