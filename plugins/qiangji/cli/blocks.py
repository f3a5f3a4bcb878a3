"""What is wide, on narrow terminals, so that no value is cut: tables in blocks of columns, and cards for rows of text.

In: leading columns, further columns, and the cells of each row; or a heading and lines. Out: one table, or several
beneath each other, each with the leading columns; or a heading with its lines below.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from qiangji.cli.common import table

LEAST = 8
"""Cells that a leading column gets at least, before it breaks its words."""


@dataclass(frozen=True)
class Line:
    """A row: the cells of the leading columns, then those of the others. Cells may hold rich's markup and newlines."""

    lead: Sequence[str]
    cells: Sequence[str]


def print_in_blocks(
    console: Console, title: str, lead: Sequence[str], columns: Sequence[Column], lines: Sequence[Line]
) -> None:
    """Print rows so that no value is cut, and each block begins with the leading columns."""
    widths = [
        max([_width(str(column.header)), *(_width(line.cells[i]) for line in lines)])
        for i, column in enumerate(columns)
    ]
    leading = [max([_width(h), *(_width(line.lead[i]) for line in lines)]) for i, h in enumerate(lead)]
    for n, block in enumerate(_blocks(console.width, leading, widths)):
        shown = _table(title if n == 0 else "", lead, [columns[i] for i in block])
        for line in lines:
            shown.add_row(*line.lead, *(line.cells[i] for i in block))
        console.print(shown)


def print_card(console: Console, heading: str, *lines: str | None) -> None:
    """One row of a list whose cells are sentences: a heading (rich's markup), and below it what is not empty."""
    console.print(Text.from_markup(f"• {heading}"))
    for line in dict.fromkeys(filter(None, lines)):
        console.print(Padding.indent(Text(line, "dim"), 2))


def _table(title: str, lead: Sequence[str], columns: Sequence[Column]) -> Table:
    made = table(title, *lead)
    for c in columns:
        made.add_column(c.header, justify=c.justify, style=c.style, no_wrap=True)
    return made


def _blocks(width: int, leading: Sequence[int], widths: Sequence[int]) -> Iterator[list[int]]:
    """Positions of the columns of each block: at least one, and no more than fit beside the leading ones."""
    # a border and a blank on both sides of each cell, and a last border
    room = width - 1 - sum(_beside(leading, width, max(widths, default=0)))
    block: list[int] = []
    used = 0
    for i, each in enumerate(widths):
        if block and used + each + 3 > room:
            yield block
            block, used = [], 0
        block.append(i)
        used += each + 3
    if block or not widths:
        yield block


def _beside(leading: Sequence[int], width: int, widest: int) -> list[int]:
    """What the leading columns take: all that they need, or what the widest of the others leaves them."""
    whole = [n + 3 for n in leading]
    left = width - 1 - (widest + 3)
    if sum(whole) <= max(left, width // 2):
        return whole
    share = max(LEAST + 3, max(left, width // 2) // len(leading)) if leading else 0
    return [min(n, share) for n in whole]


def _width(cell: str) -> int:
    """The widest line of a cell, in cells of the terminal: a Chinese character takes two."""
    return max(map(cell_len, Text.from_markup(cell).plain.split("\n")), default=0)
