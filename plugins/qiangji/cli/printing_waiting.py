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
    "held": "待审 {}份", "not_taken": "未采用 {}份", "hand_over": "线下转交退回工作簿 {}处",
    "stale_correction": "人工更正已失效 {}处",
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
        else:
            _print_together(console, own, counties)


def _alike(waiting: Sequence[Waiting]) -> list[list[Waiting]]:
    """Things by kind, where there may be many of it, in the order of the first of each."""
    found: dict[str, list[Waiting]] = {}
    for i, one in enumerate(waiting):
        found.setdefault(one.what if one.what in KINDS else f"{one.what} {i}", []).append(one)
    return list(found.values())


def _print_one(console: Console, one: Waiting, is_all: bool) -> None:
    """What it is in Chinese, its command and its English: in one line where they fit, else the command below."""
    said = Text.assemble(f"• {one.zh} ", (one.en, "dim"))
    command = Text(one.command, "cyan")
    if one.command and not is_all and said.cell_len + command.cell_len + 1 <= console.width:
        console.print(Text.assemble(f"• {one.zh} ", command, " ", (one.en, "dim")))
        return
    if one.command and not is_all and cell_len(f"  {one.command} {one.en}") <= console.width < said.cell_len:
        console.print(Text(f"• {one.zh}"))
        console.print(Text.assemble("  ", command, " ", (one.en, "dim")))
        return
    console.print(said)
    if is_all and one.why_zh:
        told = "\n".join(dict.fromkeys((one.why_zh, one.why_en)))
        console.print(Padding(Text(told, "dim"), (0, 0, 0, 2)))
    if one.command:
        console.print(f"  {one.command}", markup=False, style="cyan", soft_wrap=True)


def _print_held(console: Console, own: Sequence[Waiting], counties: Mapping[str, str]) -> None:
    """A report a line: its delivery, what it is, and why in Chinese, or by code if that fits.

    The command stands before them; below each its own, where one names its form.
    """
    has_own = any(" --form " in one.command for one in own)
    command = "qiangji release" if has_own else _one_command([one.command for one in own]).partition("  ")[0]
    count = KINDS["held"].format(len(own))
    console.print(Text.assemble(f"• {count} held: ", (command, "cyan"), (" 或 or void", "dim")))
    for one in own[:HELD_SHOWN]:
        line = f"  {one.delivery_id} {one.about} "
        is_short = cell_len(line + one.brief_zh) > console.width >= cell_len(line + one.reason_code)
        console.print(Text.assemble(line, (one.reason_code if is_short else one.brief_zh, "dim")))
        if has_own:
            console.print(f"    {one.command}", markup=False, style="cyan", soft_wrap=True)
    if rest := own[HELD_SHOWN:]:
        told = " ".join(f"{counties.get(one.county_code, one.county_code)} {one.delivery_id}" for one in rest)
        console.print(Padding.indent(Text(f"其余 the other {len(rest)}: {told} (--all)"), 2))


def _print_together(console: Console, own: Sequence[Waiting], counties: Mapping[str, str]) -> None:
    """How many each county has, and one command with all that it may be given."""
    first = own[0]
    told = Counter(counties.get(one.county_code, one.county_code) for one in own)
    each = "、".join(f"{county} {n}" for county, n in told.items())
    en = first.what.replace("_", " ")
    console.print(Text.assemble(f"• {KINDS[first.what].format(len(own))}：{each} ", (en, "dim")))
    console.print(Padding.indent(Text(_one_command([one.command for one in own]), "cyan"), 2))


def _one_command(commands: Sequence[str]) -> str:
    """Commands that differ in one word, as one: `qiangji release ID --reason "…"  ID: a1 b2`. Others one by one."""
    every = [command.split() for command in dict.fromkeys(commands)]
    if len(every) == 1:
        return commands[0]
    columns = list(zip(*every, strict=False))
    differing = [i for i, words in enumerate(columns) if len(set(words)) > 1]
    if len(differing) != 1 or len({len(words) for words in every}) > 1:
        return "\n".join(dict.fromkeys(commands))
    words = [("ID" if i in differing else word[0]) for i, word in enumerate(columns)]
    return f"{' '.join(words)}  ID: {' '.join(columns[differing[0]])}"
