"""Prints what waits for a person: on one screen a line a thing with its command, and many of a kind together.

In: the `Waiting`s of a morning. Out: lines on the console.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console
from rich.text import Text

from qiangji.cli.blocks import fitting, say
from qiangji.cli.printing_open import COUNTED, some
from qiangji.figures.deciding import Waiting

HELD_SHOWN = 4
"""Held reports, at most, that have a line of their own; of the others county and delivery are told."""
TOGETHER = 3
"""Things of one kind from which they are told together, with one command."""
SHORT = 8
"""Characters of a delivery's id that are typed: `release` and `void` take its beginning."""
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
    """What it is and its command, last in the line: in both languages where they fit, else in Chinese."""
    zh = f"• {one.zh}" + (f"：{one.brief_zh}" if one.what == "not_taken" and one.brief_zh else "")
    both = Text.assemble(f"{zh} ", (one.en, "dim"))
    if not is_all and _print_line(console, one.command, both, Text(zh)):
        return
    say(console, both)
    if one.page:
        _print_page(console, one)
    if is_all and one.why_zh:
        for why in dict.fromkeys((one.why_zh, one.why_en)):
            say(console, Text(why, "dim"), indent=2)
    if one.command:
        console.print(f"  {one.command}", markup=False, style="cyan", soft_wrap=True)


def _print_line(console: Console, command: str, *said: Text) -> bool:
    """One line with its command at the end, or nothing where none of the texts leaves room for it."""
    line = fitting(console.width, *(Text.assemble(one, " → ", (command, "cyan")) for one in said))
    if not command or line.cell_len > console.width:
        return False
    console.print(line)
    return True


def _print_held(console: Console, own: Sequence[Waiting], counties: Mapping[str, str]) -> None:
    """The command once, then a report a line: what names it, what it is, and why; where that has no room, beneath."""
    command = own[0].command.replace(own[0].argument, "ID")
    count = KINDS["held"].format(len(own))
    both, zh = f"• {count} held, 放行或作废 release or void", f"• {count} held, 放行或作废"
    if not _print_line(console, command, Text(both), Text(zh)):
        say(console, zh)
        console.print(f"  {command}", markup=False, style="cyan", soft_wrap=True)
    short = _shortened(own)
    for one in own[:HELD_SHOWN]:
        line = Text.assemble(f"  {short(one.argument)} {one.about} ", (one.brief_zh, "dim"))
        if line.cell_len <= console.width:
            console.print(line)
        else:
            say(console, Text(f"{short(one.argument)} {one.about}"), indent=2)
            say(console, Text(one.brief_zh, "dim"), indent=4)
        if one.beside:
            told = (
                f"或 or {' '.join(map(short, one.beside))}：放行一份，作废另一份 release one, void the other"
            )
            say(console, Text(told, "dim"), indent=4)
        if one.counts:
            told = (
                f"已计入 counts: {short(one.counts)}：放行则取代，作废则不变"
                " release to replace it, void to keep it"
            )
            say(console, Text(told, "dim"), indent=4)
    if rest := own[HELD_SHOWN:]:
        named = " ".join(f"{counties.get(r.county_code, r.county_code)} {short(r.argument)}" for r in rest)
        ways = (
            Text(f"其余 the other {len(rest)}: {told} (--all)") for told in (named, _each(rest, counties))
        )
        say(console, fitting(console.width - 2, *ways), indent=2)


def _shortened(own: Sequence[Waiting]) -> Callable[[str], str]:
    """Shortens a delivery's id at the head of a text, if no two of these deliveries begin alike."""
    ids = {i for one in own for i in (one.delivery_id, *one.beside, one.counts) if i}
    if len({i[:SHORT] for i in ids}) < len(ids):
        return str
    return lambda text: " ".join(word[:SHORT] if word in ids else word for word in text.split(" "))


def _print_few(console: Console, own: Sequence[Waiting], counties: Mapping[str, str]) -> None:
    """One line: how many of the units that should report each report has; where that has no room, how many reports
    each county has.
    """
    said = f"• {KINDS['few_units'].format(len(own))}"
    shares: dict[str, list[str]] = {}
    for one in own:
        shares.setdefault(counties.get(one.county_code, one.county_code), []).append(one.brief_zh)
    each = "、".join(f"{county} {' '.join(found)}" for county, found in shares.items())
    units = (" units missing", "dim")
    ways = (
        Text.assemble(f"{said}：{each}", units), Text(f"{said}：{each}"),
        Text(f"{said}：{_each(own, counties)}"),
    )  # fmt: skip
    command = "qiangji status --county COUNTY"
    if not _print_line(console, command, *ways):
        say(console, fitting(console.width, *ways))
        console.print(f"  {command}", markup=False, style="cyan", soft_wrap=True)


def _print_page(console: Console, one: Waiting) -> None:
    say(console, Text.assemble("Airflow页面 page: ", (one.page, "cyan")), indent=2)


def _each(own: Sequence[Waiting], counties: Mapping[str, str]) -> str:
    """How many things each county has."""
    told = Counter[str]()
    for one in own:
        told[counties.get(one.county_code, one.county_code)] += one.count
    return some((f"{county} {n}" for county, n in told.items()), "县", "counties", COUNTED)


def _print_together(console: Console, own: Sequence[Waiting], counties: Mapping[str, str]) -> None:
    """How many each county has, and one command with all that it may be given, or the page."""
    first, count = own[0], sum(one.count for one in own)
    en = first.what.replace("_", " ")
    said = f"• {KINDS[first.what].format(count)}：{_each(own, counties)}"
    both = Text.assemble(f"{said} ", (en, "dim"))
    if first.page:
        say(console, both)
        _print_page(console, first)
        return
    command, ids = _one_command([one.command for one in own])
    if not ids and "\n" not in command and _print_line(console, command, both, Text(said)):
        return
    say(console, both)
    for line in command.split("\n"):
        console.print(f"  {line}", markup=False, style="cyan", soft_wrap=True)
    if ids:
        say(console, Text(f"ID: {ids}", "dim"), indent=2)


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
