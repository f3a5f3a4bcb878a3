"""Prints what waits for a person: on one screen a line a thing with its command, and many of a kind together.

In: the `Waiting`s of a morning. Out: lines on the console.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from qiangji.figures.deciding import Waiting

HELD_SHOWN = 6
"""Held reports, at most, that have a line of their own; of the others county and delivery are told."""
TOGETHER = 3
"""Things of one kind from which they are told together, with one command."""
KINDS = {
    "held": "待审 {}份", "not_taken": "未采用 {}份", "hand_over": "线下转交退回工作簿 {}个",
    "stale_correction": "人工更正已失效 {}处", "few_units": "应报单位不足 {}份",
}  # fmt: skip
"""Kinds of which there may be many."""


def print_waiting(
    console: Console, waiting: Sequence[Waiting], counties: Mapping[str, str], is_all: bool
) -> None:
    """Everything that waits, what holds figures back first. `counties`: code -> name; `is_all`: each with why."""
    if not waiting:
        console.print("[green]没有等待决定的事项 Nothing waits for a decision.[/green]")
        return
    console.print(f"[bold]等待处理 {len(waiting)}项 Waiting[/bold]")
    for own in [[one] for one in waiting] if is_all else _alike(waiting):
        if len(own) < TOGETHER:
            for one in own:
                _print_one(console, one, is_all)
        elif own[0].what == "held":
            _print_held(console, own, counties)
        elif own[0].what == "few_units":
            _print_few(console, own, counties)
        else:
            _print_together(console, own, counties)


def _alike(waiting: Sequence[Waiting]) -> list[list[Waiting]]:
    """Things by kind, where there may be many of it, in the order of the first of each."""
    found: dict[str, list[Waiting]] = {}
    for i, one in enumerate(waiting):
        found.setdefault(one.what if one.what in KINDS else f"{one.what} {i}", []).append(one)
    return list(found.values())


def _print_one(console: Console, one: Waiting, is_all: bool) -> None:
    """What it is in both languages, then its command: last in the line where it fits, else in a line of its own."""
    said = Text.assemble(f"• {one.zh} ", (one.en, "dim"))
    line = Text.assemble(said, " → ", (one.command, "cyan"))
    if one.command and not is_all and line.cell_len <= console.width:
        console.print(line)
        return
    console.print(said)
    if one.page:
        _print_page(console, one)
    if is_all and one.why_zh:
        told = "\n".join(dict.fromkeys((one.why_zh, one.why_en)))
        console.print(Padding(Text(told, "dim"), (0, 0, 0, 2)))
    if one.command:
        console.print(f"  {one.command}", markup=False, style="cyan", soft_wrap=True)


def _print_held(console: Console, own: Sequence[Waiting], counties: Mapping[str, str]) -> None:
    """The command once, then a report a line: what names it, what it is, and why; where that has no room, beneath."""
    command = own[0].command.replace(own[0].argument, "ID")
    count = KINDS["held"].format(len(own))
    console.print(Text.assemble(f"• {count} held, 放行或作废 release or void → ", (command, "cyan")))
    for one in own[:HELD_SHOWN]:
        line = f"  {one.argument} {one.about} "
        if cell_len(line + one.brief_zh) <= console.width:
            console.print(Text.assemble(line, (one.brief_zh, "dim")))
        else:
            console.print(Padding.indent(Text(line.strip()), 2))
            console.print(Padding.indent(Text(one.brief_zh, "dim"), 4))
        if one.beside:
            told = f"或 or {' '.join(one.beside)}：放行一份，作废另一份 release one, void the other"
            console.print(Padding.indent(Text(told, "dim"), 4))
        if one.counts:
            told = (
                f"已计入 counts: {one.counts}：放行则取代，作废则不变 release to replace it, void to keep it"
            )
            console.print(Padding.indent(Text(told, "dim"), 4))
    if rest := own[HELD_SHOWN:]:
        told = " ".join(f"{counties.get(one.county_code, one.county_code)} {one.argument}" for one in rest)
        console.print(Padding.indent(Text(f"其余 the other {len(rest)}: {told} (--all)"), 2))


def _print_few(console: Console, own: Sequence[Waiting], counties: Mapping[str, str]) -> None:
    """A report a line, with how many of the units that should report it has; of others how many each county has."""
    count = KINDS["few_units"].format(len(own))
    console.print(Text.assemble(f"• {count} units missing → ", ("qiangji status --county ID", "cyan")))
    for one in own[:HELD_SHOWN]:
        console.print(Text.assemble(f"  {one.county_code} {one.about} ", (one.en, "dim")))
    if rest := own[HELD_SHOWN:]:
        console.print(Padding.indent(Text(f"其余 the other {len(rest)}: {_each(rest, counties)} (--all)"), 2))


def _print_page(console: Console, one: Waiting) -> None:
    console.print(Text.assemble("  Airflow页面 page: ", (one.page, "cyan")))


def _each(own: Sequence[Waiting], counties: Mapping[str, str]) -> str:
    """How many things each county has."""
    told = Counter[str]()
    for one in own:
        told[counties.get(one.county_code, one.county_code)] += one.count
    return "、".join(f"{county} {n}" for county, n in told.items())


def _print_together(console: Console, own: Sequence[Waiting], counties: Mapping[str, str]) -> None:
    """How many each county has, and one command with all that it may be given, or the page."""
    first, count = own[0], sum(one.count for one in own)
    en = first.what.replace("_", " ")
    console.print(Text.assemble(f"• {KINDS[first.what].format(count)}：{_each(own, counties)} ", (en, "dim")))
    if first.page:
        _print_page(console, first)
        return
    command, ids = _one_command([one.command for one in own])
    console.print(Padding.indent(Text(command, "cyan"), 2))
    if ids:
        console.print(Padding.indent(Text(f"ID: {ids}", "dim"), 2))


def _one_command(commands: Sequence[str]) -> tuple[str, str]:
    """Commands that differ in one word, as one with ID for it, and those words; others, each in its own line."""
    every = [command.split() for command in dict.fromkeys(commands)]
    if len(every) == 1:
        return commands[0], ""
    columns = list(zip(*every, strict=False))
    differing = [i for i, words in enumerate(columns) if len(set(words)) > 1]
    if len(differing) != 1 or len({len(words) for words in every}) > 1:
        return "\n".join(dict.fromkeys(commands)), ""
    words = [("ID" if i in differing else word[0]) for i, word in enumerate(columns)]
    return " ".join(words), " ".join(columns[differing[0]])
