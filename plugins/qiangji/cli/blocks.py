"""What is wide, on narrow terminals, so that no value is cut: tables in blocks of columns, and cards for rows of text.

In: leading columns, further columns, and the cells of each row; or a heading and lines. Out: one table, or several
beneath each other, each with the leading columns; or a heading with its lines below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from qiangji.cli.common import table

FRAMED, BARE = 3, 1
"""Cells beside what a column holds: a border and a blank on both sides, or a blank."""
BULLET = "• "
_WORD = re.compile(r"[^\s，。；：、）！？]*[，。；：、）！？]*\s*")
"""What is not broken: up to a blank or a mark of punctuation, with it."""
LEAST = 8
"""Cells that a leading column gets at least, before it breaks its words."""


@dataclass(frozen=True)
class Line:
    """A row: the cells of the leading columns, then those of the others. Cells may hold rich's markup and newlines."""

    lead: Sequence[str]
    cells: Sequence[str]


def print_in_blocks(
    console: Console,
    title: str,
    lead: Sequence[str],
    columns: Sequence[Column],
    lines: Sequence[Line],
    *,
    is_framed: bool = True,
) -> None:
    """Print rows so that no value is cut, and each block begins with the leading columns. Without a frame a block has
    three lines less, and its columns stand closer.
    """
    leading, widths = _widths(lead, columns, lines)
    between = FRAMED if is_framed else BARE
    for n, block in enumerate(_blocks(console.width, leading, widths, between)):
        shown = _table(title if n == 0 else "", lead, [columns[i] for i in block])
        if not is_framed:
            shown.box, shown.padding, shown.header_style = None, (0, BARE, 0, 0), "dim"
            shown.pad_edge = False
        for line in lines:
            shown.add_row(*line.lead, *(line.cells[i] for i in block))
        console.print(shown)


def width_of(lead: Sequence[str], columns: Sequence[Column], lines: Sequence[Line]) -> int:
    """How wide a terminal has to be for one block without a frame."""
    return sum(n + BARE for side in _widths(lead, columns, lines) for n in side) - BARE


def _widths(
    lead: Sequence[str], columns: Sequence[Column], lines: Sequence[Line]
) -> tuple[list[int], list[int]]:
    """What the leading columns and the others need."""
    return (
        [max([_width(h), *(_width(line.lead[i]) for line in lines)]) for i, h in enumerate(lead)],
        [
            max([_width(str(column.header)), *(_width(line.cells[i]) for line in lines)])
            for i, column in enumerate(columns)
        ],
    )


def say(console: Console, said: str | Text, *, indent: int = 0, style: str = "") -> None:
    """Print a text, with rich's markup if it is a str; where it has to be broken, no name and no value is."""
    text = Text.from_markup(said) if isinstance(said, str) else said
    for line in wrapped(text, console.width, indent):
        console.print(line, style=style, no_wrap=True, overflow="ignore", crop=False)


def wrapped(text: Text, width: int, indent: int = 0) -> list[Text]:
    """Lines of a text: broken after a blank or a mark of punctuation, else only where one word fills a line. Those
    after the first stand beneath the text, and not beneath its bullet.
    """
    lines: list[Text] = []
    hanging = indent + (cell_len(BULLET) if text.plain.startswith(BULLET) else 0)
    for paragraph in text.split("\n"):
        ends, at, used = [], 0, indent if not lines else hanging
        for word in _WORD.findall(paragraph.plain):
            if used + cell_len(word.rstrip()) > width and used > hanging:
                ends.append(at)
                used = hanging
            for character in word:
                if used + cell_len(character.rstrip()) > width:
                    ends.append(at)
                    used = hanging
                used, at = used + cell_len(character), at + 1
        for line in paragraph.divide(ends):
            line.rstrip()
            line.pad_left(hanging if lines else indent)
            lines.append(line)
    return lines


def fitting(width: int, *texts: Text) -> Text:
    """The first of several ways to say something that fits into a line, the fullest first; else the last."""
    return next((text for text in texts if text.cell_len <= width), texts[-1])


def print_card(console: Console, heading: str, *lines: str | None) -> None:
    """One row of a list whose cells are sentences: a heading (rich's markup), and below it what is not empty."""
    say(console, f"{BULLET}{heading}")
    for line in dict.fromkeys(filter(None, lines)):
        say(console, Text(line, "dim"), indent=2)


def _table(title: str, lead: Sequence[str], columns: Sequence[Column]) -> Table:
    made = table(title, *lead)
    for c in columns:
        made.add_column(c.header, justify=c.justify, style=c.style, no_wrap=True)
    return made


def _blocks(width: int, leading: Sequence[int], widths: Sequence[int], between: int) -> Iterator[list[int]]:
    """Positions of the columns of each block: at least one, and no more than fit beside the leading ones."""
    # with a frame a last border, without one no blank after the last column
    room = (
        width
        + (-1 if between == FRAMED else BARE)
        - sum(_beside(leading, width, max(widths, default=0), between))
    )
    block: list[int] = []
    used = 0
    for i, each in enumerate(widths):
        if block and used + each + between > room:
            yield block
            block, used = [], 0
        block.append(i)
        used += each + between
    if block or not widths:
        yield block


def _beside(leading: Sequence[int], width: int, widest: int, between: int) -> list[int]:
    """What the leading columns take: all that they need, or what the widest of the others leaves them."""
    whole = [n + between for n in leading]
    left = width - 1 - (widest + between)
    if sum(whole) <= max(left, width // 2):
        return whole
    share = max(LEAST + between, max(left, width // 2) // len(leading)) if leading else 0
    return [min(n, share) for n in whole]


def _width(cell: str) -> int:
    """The widest line of a cell, in cells of the terminal: a Chinese character takes two."""
    return max(map(cell_len, Text.from_markup(cell).plain.split("\n")), default=0)
