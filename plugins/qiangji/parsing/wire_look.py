"""How a sheet looks, as JSON, for `wire`: rows as ranges, since most marks are those of whole columns.

In and out: a `Look`, and what stands for it in a frame's head.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Any

from qiangji.parsing.facts import unit_in, word_beside
from qiangji.parsing.grid import MAX_COLUMNS, Look

MAX_RANGES = 10_000
"""Ranges of rows of one sheet; marks beyond them are lost, as no program and no person makes so many."""
_MOST = 2**31 - 1


def look_head(look: Look) -> dict[str, Any]:
    """The look as JSON."""
    left = [MAX_RANGES]

    def ranges(rows: Set[int]) -> list[list[int]]:
        found = _ranges(rows)[: left[0]]
        left[0] -= len(found)
        return found

    return {
        "hidden_rows": ranges(look.hidden_rows),
        "struck_rows": ranges(look.struck_rows),
        "months": sorted(look.months),
        "hidden_columns": sorted(look.hidden_columns),
        "scaled": [[column, divisor, ranges(rows)] for (column, divisor), rows in look.scaled.items()],
        "units": [[column, unit, ranges(rows)] for (column, unit), rows in look.units.items()],
        "unseen": [[column, ranges(rows)] for column, rows in look.unseen.items()],
        "merged": look.merged,
        "alike": look.alike,
        "texts": [[column, ranges(rows)] for column, rows in look.texts.items()],
        "comments": [[column, corrects, ranges(rows)] for (column, corrects), rows in look.comments.items()],
    }


def look_of_head(head: Any, rows: int) -> Look:
    """The reverse of `look_head`. `rows`: of the sheet. Raises ValueError, TypeError or KeyError for anything else."""

    def within(ranges: Any) -> frozenset[int]:
        return frozenset(
            r for first, last in ranges for r in range(_number(first), min(_number(last), rows) + 1)
        )

    return Look(
        within(head["hidden_rows"]),
        frozenset(_number(column, MAX_COLUMNS * 10) for column in head["hidden_columns"]),
        within(head["struck_rows"]),
        frozenset((_number(row), _number(column)) for row, column in head["months"][:MAX_RANGES]),
        {(_number(column), _power_of_ten(divisor)): within(at) for column, divisor, at in head["scaled"]},
        {(_number(column), _unit(unit)): within(at) for column, unit, at in head["units"]},
        {_number(column): within(at) for column, at in head["unseen"]},
        tuple(
            (_number(top), _number(left), _number(bottom), _number(right))
            for top, left, bottom, right in head["merged"]
        ),
        tuple(str(name) for name in head["alike"]),
        {_number(column): within(at) for column, at in head["texts"]},
        {(_number(column), corrects is True): within(at) for column, corrects, at in head["comments"]},
    )


def _ranges(rows: Iterable[int]) -> list[list[int]]:
    found: list[list[int]] = []
    for row in sorted(rows):
        if found and found[-1][1] == row - 1:
            found[-1][1] = row
        else:
            found.append([row, row])
    return found


def _number(value: Any, most: int = _MOST) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError("no number")
    return value


def _power_of_ten(value: Any) -> int:
    if _number(value, 10**18) != 10 ** (len(str(value)) - 1):
        raise ValueError("no power of ten")
    return int(value)


def _unit(text: Any) -> str:
    if not isinstance(text, str) or text not in (unit_in(text), word_beside(text)[0]) or not text:
        raise ValueError("no unit")
    return text
