"""A letter as data: paragraphs, tables and lists, and how they become HTML and plain text.

In: blocks. Out: HTML that mail programs show (tables and inline styles alone; no script, no picture, nothing from
elsewhere), a plain text that says the same, and a few lines for a group robot. Both texts come from the same blocks, so
that neither says more than the other. Every text is escaped: what a county wrote stays text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from html import escape
from typing import Literal

from qiangji.text import breadth

Tone = Literal["", "bad", "warn", "good", "dim"]
COLOURS = {"": "#1f2328", "bad": "#b3261e", "warn": "#8a5a00", "good": "#1a7f37", "dim": "#6b7280"}
BAR, EMPTY = "#3b82a0", "#e5e7eb"
BAR_PIXELS, BAR_CHARACTERS = 90, 10
FONT = "font-family:'Microsoft YaHei','PingFang SC','Noto Sans CJK SC',Arial,sans-serif"
UNBROKEN = 12
"""Characters of a cell that stay on one line; a Chinese one counts twice."""
SHORT_BYTES = 1900
"""UTF-8 bytes of what a group robot is sent: WeCom takes 2048."""


@dataclass(frozen=True)
class Cell:
    """One cell of a table. `share`: the length of its bar, 0 to 1; None for no bar."""

    text: str
    tone: Tone = ""
    share: float | None = None


@dataclass(frozen=True)
class Paragraph:
    text: str
    tone: Tone = ""


@dataclass(frozen=True)
class Grid:
    """A table. `numbers`: the columns that are set at the right. `note` stands beneath it."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numbers: tuple[int, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Point:
    """An entry of a list. `more`: further lines. `command`: what may be typed. `link`: where it leads."""

    text: str
    more: tuple[str, ...] = ()
    command: str = ""
    link: str = ""


@dataclass(frozen=True)
class Points:
    title: str
    points: tuple[Point, ...]


Block = Paragraph | Grid | Points


@dataclass(frozen=True)
class Enclosure:
    """A file that goes with a letter by mail."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Letter:
    """What one reader is told on one day. `reader`: `city`, or a county's code. `short`: lines for a group robot.

    `reminds`: (form, period) of the reports that are due soon. `enclosures`: the files that its mail carries.
    """

    reader: str
    day: date
    language: Literal["zh", "en"]
    subject: str
    short: tuple[str, ...]
    blocks: tuple[Block, ...]
    reminds: tuple[tuple[str, str], ...] = ()
    enclosures: tuple[Enclosure, ...] = ()

    @property
    def text(self) -> str:
        """The plain text."""
        parts = [self.subject, "=" * 40]
        for block in self.blocks:
            parts += ["", *_plain(block)]
        return "\n".join(parts) + "\n"

    @property
    def html(self) -> str:
        body = "".join(_html(block) for block in self.blocks)
        language = "zh-CN" if self.language == "zh" else "en"
        return (
            f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            f"<title>{escape(self.subject)}</title></head>"
            f'<body style="margin:0;padding:0;background-color:#ffffff">{_OUTER[0]}'
            f'<tr><td style="{FONT};font-size:20px;font-weight:bold;color:{COLOURS[""]};padding:0 0 4px 0">'
            f"{escape(self.subject)}</td></tr>{body}{_OUTER[1]}</body></html>"
        )

    @property
    def brief(self) -> str:
        """The subject and as many of the short lines as a group robot takes."""
        return shortened((self.subject, *self.short))


# a table that is wider than a telephone moves within its own frame; what stands around it keeps the screen's width
_OUTER = (
    '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="table-layout:fixed">'
    '<tr><td align="left" style="padding:12px"><table role="presentation" width="760" cellpadding="0" cellspacing="0"'
    ' border="0" style="max-width:760px;width:100%;table-layout:fixed">',
    "</table></td></tr></table>",
)


def shortened(lines: Sequence[str], most: int = SHORT_BYTES) -> str:
    """Whole lines up to a size; what does not fit is left out, and … says so. The first line is cut if it must be."""
    kept, used = list[str](), 0
    for line in lines:
        size = len(line.encode()) + 1
        if used + size > most - 4:
            kept.append(line.encode()[: most - 4].decode(errors="ignore") + "…" if not kept else "…")
            break
        kept.append(line)
        used += size
    return "\n".join(kept)


# ---- plain text


def _plain(block: Block) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield block.text
    elif isinstance(block, Points):
        yield f"【{block.title}】"
        for point in block.points:
            yield f"- {point.text}"
            yield from (f"  {line}" for line in (*point.more, point.command, point.link) if line)
    else:
        yield f"【{block.title}】"
        for row in block.rows:
            name, *rest = row
            said = [
                f"{heading}: {_plain_cell(cell)}" if heading else _plain_cell(cell)
                for heading, cell in zip(block.headings[1:], rest, strict=True)
                if cell.text or cell.share is not None
            ]
            yield f"- {_plain_cell(name)}" + (f"  {'; '.join(said)}" if said else "")
        if block.note:
            yield block.note


def _plain_cell(cell: Cell) -> str:
    if cell.share is None:
        return cell.text
    full = _part(cell.share, BAR_CHARACTERS)
    return f"{'█' * full}{'·' * (BAR_CHARACTERS - full)} {cell.text}".strip()


# ---- HTML


def _html(block: Block) -> str:
    if isinstance(block, Paragraph):
        return _row(_text(block.text, block.tone), "padding:4px 0")
    if isinstance(block, Points):
        return _row(_heading(block.title) + "".join(_point(p) for p in block.points), "padding:14px 0 0 0")
    head = "".join(_th(h, i in block.numbers) for i, h in enumerate(block.headings))
    rows = "".join(
        "<tr>" + "".join(_td(cell, i in block.numbers) for i, cell in enumerate(row)) + "</tr>"
        for row in block.rows
    )
    table = (
        f'{_heading(block.title)}<div style="overflow-x:auto"><table width="100%" cellpadding="0" cellspacing="0"'
        f' border="0" style="border-collapse:collapse">'
        f"<tr>{head}</tr>{rows}</table></div>"
    )
    note = (
        f'<div style="{FONT};font-size:12px;color:{COLOURS["dim"]};padding:4px 0">{escape(block.note)}</div>'
    )
    return _row(table + (note if block.note else ""), "padding:14px 0 0 0")


def _row(content: str, style: str) -> str:
    return f'<tr><td style="{style}">{content}</td></tr>'


def _heading(title: str) -> str:
    style = f"{FONT};font-size:16px;font-weight:bold;color:{COLOURS['']};padding:0 0 4px 0"
    return f'<div style="{style}">{escape(title)}</div>'


def _text(text: str, tone: Tone = "", size: int = 14) -> str:
    lines = "<br>".join(escape(line) for line in text.splitlines())
    return f'<div style="{FONT};font-size:{size}px;line-height:1.6;color:{COLOURS[tone]}">{lines}</div>'


def _point(point: Point) -> str:
    text = _text(point.text)
    if point.link:
        text += (
            f'<div style="{FONT};font-size:13px"><a href="{escape(point.link)}" style="color:#0b5cad">'
            f"{escape(point.link)}</a></div>"
        )
    more = "".join(_text(line, "dim", 13) for line in point.more)
    command = (
        "<div style=\"font-family:Consolas,'Courier New',monospace;font-size:12px;color:#334155\">"
        f"{escape(point.command)}</div>"
        if point.command
        else ""
    )
    return (
        '<table role="presentation" cellpadding="0" cellspacing="0" border="0" width="100%"><tr>'
        f'<td width="16" valign="top" style="{FONT};font-size:14px;line-height:1.6;color:{COLOURS["dim"]}">•</td>'
        f'<td style="padding:0 0 6px 0">{text}{more}{command}</td></tr></table>'
    )


def _th(heading: str, is_number: bool) -> str:
    align = "right" if is_number else "left"
    return (
        f'<th align="{align}" style="{FONT};font-size:12px;font-weight:bold;color:{COLOURS["dim"]};'
        f'padding:4px 8px;border-bottom:2px solid #cbd5e1;text-align:{align}">{escape(heading)}</th>'
    )


def _td(cell: Cell, is_number: bool) -> str:
    align = "right" if is_number else "left"
    content = escape(cell.text) if cell.share is None else _bar(cell)
    wrap = ";white-space:nowrap" if breadth(cell.text) <= UNBROKEN else ""
    return (
        f'<td align="{align}" valign="top" style="{FONT};font-size:13px;line-height:1.5;color:{COLOURS[cell.tone]};'
        f'padding:4px 8px;border-bottom:1px solid #e5e7eb;text-align:{align}{wrap}">{content}</td>'
    )


def _bar(cell: Cell) -> str:
    """A bar of two coloured cells, which every mail program draws, and the number beside it."""
    full = _part(cell.share or 0, BAR_PIXELS)
    parts = ((full, BAR), (BAR_PIXELS - full, EMPTY))
    drawn = "".join(
        f'<td width="{pixels}" height="10" bgcolor="{colour}" style="background-color:{colour};width:{pixels}px;'
        'height:10px;font-size:1px;line-height:10px">&nbsp;</td>'
        for pixels, colour in parts
        if pixels
    )
    return (
        '<table role="presentation" cellpadding="0" cellspacing="0" border="0"><tr>'
        f'<td><table role="presentation" cellpadding="0" cellspacing="0" border="0" width="{BAR_PIXELS}"'
        f' style="width:{BAR_PIXELS}px"><tr>{drawn}</tr></table></td>'
        f'<td style="{FONT};font-size:13px;color:{COLOURS[cell.tone]};padding:0 0 0 6px;white-space:nowrap">'
        f"{escape(cell.text)}</td></tr></table>"
    )


def _part(share: float, whole: int) -> int:
    """A share of a whole; one that is not nothing is drawn, and one that is not all leaves a rest."""
    exact = min(max(share, 0.0), 1.0) * whole
    return min(max(round(exact), 1 if exact > 0 else 0), whole if exact >= whole else whole - 1)
