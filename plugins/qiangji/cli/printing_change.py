"""Prints what made a figure move: one sentence, and a waterfall from the value before to the value after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column

from qiangji.cli.blocks import Line, print_in_blocks
from qiangji.cli.common import right
from qiangji.cli.printing import TYPES, local
from qiangji.figures.comparison import signed
from qiangji.figures.contributing import At, Change, Figure, Part
from qiangji.figures.contributing_words import KIND_WORDS, PRESENCE_WORDS, sentence
from qiangji.figures.decomposing import EFFECTS, Effect, Effects
from qiangji.text import ends_of, in_full, in_hundredths
from qiangji.warehouse.dictionary import UNITS

SHOWN = 12
"""Parts that have a line; the others are one line together, and `--json` has them all."""
EXACT_DIGITS = 6
"""Digits of the parts in JSON: as many as a value of mart has."""
WIDTH = 16
"""Cells of the bars."""
HEADINGS: dict[Effect, str] = {
    "rate": "自身\nrate", "mix": "结构\nmix", "reporting": "报送\nreported", "boundary": "区划\nboundary",
    "rest": "其余\nrest",
}  # fmt: skip
LEGEND: dict[Effect, str] = {
    "rate": "自身 the unit's own rate", "mix": "结构 its part of the whole", "reporting": "报送 reported once alone",
    "boundary": "区划 moved, opened or closed", "rest": "其余 not accounted for beneath",
}  # fmt: skip


def as_row(change: Change) -> dict[str, Any]:
    """The change for programs: effects have the digits of mart's values, and add up to the change in as many."""
    effects = change.in_digits(EXACT_DIGITS)
    return {
        "indicator_code": change.move.indicator_code,
        "name_zh": change.name_zh,
        "name_en": change.name_en,
        "unit": change.unit,
        "org_code": change.move.org_code,
        "org_name": change.org_name,
        "period_type": change.move.period_type,
        "before": _side(change.move.before, change.before),
        "after": _side(change.move.after, change.after),
        "change": change.change,
        "sentence_zh": sentence(change, "zh"),
        "sentence_en": sentence(change, "en"),
        "parts": [_part(p, e) for p, e in zip(change.parts, effects, strict=True)],
    }


def _side(at: At, figure: Figure) -> dict[str, Any]:
    return asdict(at) | asdict(figure)


def _part(part: Part, effects: Effects[Decimal]) -> dict[str, Any]:
    said = {
        "kind": part.kind,
        "presence": part.presence,
        "org_code": part.org_code,
        "org_name": part.org_name,
        "org_level": part.org_level,
        "parent_code": part.parent_code,
        "units": part.units,
        "before": asdict(part.before) if part.before else None,
        "after": asdict(part.after) if part.after else None,
    }
    return said | asdict(effects) | {"total": effects.total}


def print_change(console: Console, change: Change) -> None:
    """What it is, the sentence in both languages, the waterfall, and what its columns mean."""
    console.print(f"[bold]{change.name_zh} {change.name_en}[/bold]  [dim]{change.move.indicator_code}[/dim]")
    unit = UNITS.get(change.unit, change.unit)
    console.print(
        f"{change.org_name} {change.move.org_code} ({TYPES[change.move.period_type]}, {unit}): "
        f"{_when(change.move.before)} → {_when(change.move.after)}",
        markup=False,
    )
    console.print(sentence(change, "zh"), markup=False)
    console.print(sentence(change, "en"), markup=False, style="dim")
    used = [e for e in EFFECTS if any(p.shown.of(e) for p in change.parts)]
    columns = [*right(*(HEADINGS[e] for e in used), "合计\ntotal"), Column("")]
    lines = [
        Line([lead], [*cells, bar])
        for (lead, cells), bar in zip(_rows(change, used), _bars(change), strict=True)
    ]
    print_in_blocks(console, "由何引起 What made it move", ["单位 unit"], columns, lines)
    if used:
        console.print(" · ".join(LEGEND[e] for e in used), style="dim")


def _when(at: At) -> str:
    return at.period + (f" ({in_full(local(at.moment))})" if at.moment else "")


def _parts(change: Change) -> tuple[list[Part], list[Part]]:
    """Those that have a line, and those that share one: what is not seen in two digits, and what is too much."""
    seen = [p for p in change.parts if any(p.shown.of(e) for e in EFFECTS)]
    still = [p for p in change.parts if not any(p.shown.of(e) for e in EFFECTS)]
    most = SHOWN if len(seen) > SHOWN + 1 else len(seen)
    return seen[:most], seen[most:] + still


def _rows(change: Change, used: Sequence[Effect]) -> Iterator[tuple[str, list[str]]]:
    """The cells of each line without its bar: the value before, the parts, the value after."""
    blank = [""] * len(used)
    before, after = ends_of(change.value_before, change.value_after)
    parts, more = _parts(change)
    yield f"原值 before\n[dim]{change.move.before.period}[/dim]", [*blank, before]
    for part in parts:
        yield _lead(part), [*(_cell(part.shown.of(e)) for e in used), signed(part.shown.total)]
    if more:
        cells = [sum((p.shown.of(e) for p in more), Decimal(0)) for e in used]
        yield (
            (_lead(more[0]) if len(more) == 1 else f"其他{len(more)}项 {len(more)} more"),
            [*map(_cell, cells), signed(sum(cells, Decimal(0)))],
        )
    yield f"现值 after\n[dim]{change.move.after.period}[/dim]", [*blank, after]


def _lead(part: Part) -> str:
    """The unit with its code, why it counts once alone, and how many reported where not all did."""
    if part.kind != "unit":
        return "\n".join(KIND_WORDS[part.kind]).format(n=part.units)
    lines = [escape(part.org_name), f"[dim]{part.org_code}[/dim]"]
    if words := PRESENCE_WORDS.get(part.presence):
        lines.append(" ".join(words))
    sides = [f for f in (part.before, part.after) if f]
    if any(f.reported_units < f.expected_units for f in sides):
        reported = " → ".join(f"{f.reported_units:,}/{f.expected_units:,}" for f in sides)
        lines.append(f"[dim]上报 {reported}[/dim]")
    return "\n".join(lines)


def _cell(value: Decimal) -> str:
    return in_hundredths(value, "+") if value else "·"


def _bars(change: Change) -> Iterator[str]:
    """A bar a line: each part's begins where the one before it ended."""
    parts, more = _parts(change)
    steps = [p.shown.total for p in parts] + (
        [sum((p.shown.total for p in more), Decimal(0))] if more else []
    )
    ends = [Decimal(0)]
    for step in steps:
        ends.append(ends[-1] + step)
    low, room = min(ends), max(ends) - min(ends)

    def at(value: Decimal) -> int:
        return round((value - low) / room * (WIDTH - 1)) if room else 0

    yield " " * at(ends[0]) + "▏"
    for step, start, end in zip(steps, ends, ends[1:], strict=False):
        first, last = sorted((at(start), at(end)))
        style = "cyan" if step > 0 else "magenta"  # whether up is good depends on the indicator
        yield " " * first + (f"[{style}]{'█' * max(last - first, 1)}[/{style}]" if step else "▏")
    yield " " * at(ends[-1]) + "▏"
