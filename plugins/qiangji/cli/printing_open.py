"""Prints reports that their counties have to send: late ones by period, those that went back by reason.

In: the open reports of a morning. Out: lines on the console; on one screen what is alike is told once and counted, in
full each report has a line of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from qiangji.cli.blocks import fitting, say, wrapped
from qiangji.figures.deciding import Open, back_by_reason, late_by_county

NAMED = 3
"""Counties or forms that are named one by one on one screen; of more, how many there are."""
COUNTED = 8
"""Counties that are named with a number each on one screen; of more, how many there are."""
LATE_SHOWN, REASONS_SHOWN, RARE_LINES = 4, 3, 5
"""Lines of late reports, reasons with a line of their own, and lines of the paragraph that others share, at most."""
RARE_MOST = 40
"""Reasons in that paragraph, at most: as many as have room on a wide terminal."""


def print_open(console: Console, reports: Sequence[Open], is_all: bool) -> None:
    """What is late, a line for what the same counties have not sent; and what went back, a line a reason."""
    late, back = late_by_county(reports), back_by_reason(reports)
    if late:
        heading = f"[bold]逾期未报 {sum(map(len, late))}份 Late[/bold]"
        if is_all:
            console.print(heading)
            _print_each(console, late)
        else:
            _print_late(console, heading, late)
    if back:
        new = sum(r.is_new for own in back for r in own)
        told = f" [magenta]昨夜以来新增 new since the night: {new}[/magenta]" if new else ""
        both = f"[bold]退回、扣留 {sum(map(len, back))}份及原因 Returned or withheld, and why[/bold]{told}"
        short = f"[bold]退回、扣留 {sum(map(len, back))}份 Returned or withheld[/bold]{told}"
        say(console, fitting(console.width, Text.from_markup(both), Text.from_markup(short)))
        _print_each(console, back) if is_all else _print_back(console, back)


def _print_late(console: Console, heading: str, groups: Sequence[list[Open]]) -> None:
    """The heading, with the line beside it where there is but one."""
    lines = list(_late(groups))
    beside = Text.assemble(Text.from_markup(heading), f"：{lines[0]}")
    if len(lines) == 1 and beside.cell_len <= console.width:
        console.print(beside)
        return
    console.print(heading)
    for line in lines[:LATE_SHOWN]:
        say(console, Text(f"• {line}"))
    if len(lines) > LATE_SHOWN:
        say(console, f"… 另有 and {len(lines) - LATE_SHOWN} more: --all", style="dim")


def _print_back(console: Console, groups: Sequence[list[Open]]) -> None:
    """A line each for the commonest reasons, the fullest that has room; who has the rarer ones in a paragraph."""
    own_line = groups if len(groups) <= REASONS_SHOWN else [own for own in groups if len(own) >= NAMED]
    own_line = own_line[:REASONS_SHOWN]
    is_new = not all(r.is_new for own in groups for r in own)  # else the heading says so
    for own in own_line:
        brief, code = f"• {own[0].brief_zh}", (f" {own[0].reason_code}", "dim")
        told = _told(own, is_new=is_new)
        shorter = (_in_numbers(own, most, is_new=is_new) for most in (COUNTED, NAMED))
        ways = (Text.assemble(brief, code, told), *(Text(f"{brief}{one}") for one in (told, *shorter)))
        say(console, fitting(console.width, *ways))
    if rest := groups[len(own_line) :]:
        say(console, _rarer(console, rest))


def _rarer(console: Console, groups: Sequence[list[Open]]) -> Text:
    """Reasons that few reports have, each with its counties: as many as a paragraph of `RARE_LINES` takes, and how
    many there are.
    """
    each = [f"{own[0].brief_zh} {_by_county(own, NAMED)}" for own in groups]
    for n in range(min(len(each), RARE_MOST), 0, -1):
        more = "" if n == len(each) else f"…共{len(each)}种 kinds"
        said = f"• 其他 others {sum(map(len, groups))}份：{'；'.join(each[:n])}{more}"
        text = Text.assemble(said, (" (--all)", "dim"))
        if len(wrapped(text, console.width)) <= RARE_LINES:
            break
    return text


def _late(groups: Iterable[list[Open]]) -> Iterator[str]:
    """Late reports of the same period, with the counties that lack the same forms of it for the same reason."""
    lacking: dict[str, dict[tuple[str, str], dict[str, Open]]] = {}
    for own in groups:
        for r in own:
            lacking.setdefault(r.period, {}).setdefault((r.county_code, r.reason_code), {})[r.form] = r
    alike: dict[tuple[str, str, frozenset[str]], list[dict[str, Open]]] = {}
    for period, counties in lacking.items():
        for (_, why), reports in counties.items():
            alike.setdefault((period, why, frozenset(reports)), []).append(reports)
    for (period, *_), counties_ in sorted(alike.items(), key=lambda one: -sum(map(len, one[1]))):
        reports = counties_[0]
        days = sorted({r.days for own in counties_ for r in own.values()})
        who = some((next(iter(own.values())).county_name for own in counties_), "县", "counties")
        forms = some((r.title_zh for r in reports.values()), "种报表", "forms")
        note = _noted(next(iter(reports.values())))
        yield f"{period} ({'–'.join(map(str, dict.fromkeys((days[0], days[-1]))))}天) {who}：{forms}{note}"


def _noted(report: Open) -> str:
    """What is said of a late report for which its county's silence is not the reason."""
    return f" ({' '.join(report.note)})" if report.note[0] else ""


def _told(own: Sequence[Open], *, is_new: bool) -> str:
    """The reports of a reason; where they are more, how many each county has. `is_new`: whether it says which are new,
    as not all are.
    """
    if len(own) >= NAMED:
        return _in_numbers(own, is_new=is_new)
    return f"：{'、'.join(_named(r) + (' 新 new' if is_new and r.is_new else '') for r in own)}"


def _in_numbers(own: Sequence[Open], most: int = COUNTED, *, is_new: bool) -> str:
    """How many reports of a reason each of its counties has, up to `most`, and of which periods."""
    first, last = min(r.period for r in own), max(r.period for r in own)
    new = sum(r.is_new for r in own)
    told = f"，新 new {new}" if new and is_new else ""
    return f" {len(own)}份{told}：{_by_county(own, most)} ({'–'.join(dict.fromkeys((first, last)))})"


def _by_county(reports: Iterable[Open], most: int = COUNTED) -> str:
    counted = Counter(r.county_name for r in reports).most_common()
    each = [county if n == 1 else f"{county}{n}" for county, n in counted]
    return some(each, "县", "counties", most)


def some(names: Iterable[str], zh: str, en: str, most: int = NAMED) -> str:
    """All names, or the first of many and how many there are."""
    found = list(names)
    if len(found) <= most:
        return "、".join(found)
    return f"{'、'.join(found[: most - 1])}等{len(found)}{zh} {en}"


def _print_each(console: Console, groups: Iterable[list[Open]]) -> None:
    """Every report of each county or reason, with its whole message in both languages."""
    for own in groups:
        name = escape(own[0].county_name) if own[0].status == "late" else _why(own[0])
        say(console, f"• {name} {len(own)}")
        for one in own:
            new = " 新 new" if one.is_new else ""
            say(console, Text(f"{_named(one)}{new} {one.why_zh}".strip(), "dim"), indent=2)
            if one.why_en and one.why_en != one.why_zh:
                say(console, Text(one.why_en, "dim"), indent=4)


def _why(report: Open) -> str:
    return f"{escape(report.brief_zh)} [dim]{report.reason_code}[/dim]"


def _named(report: Open) -> str:
    """Which report: a late one's county stands before it already."""
    if report.status == "late":
        return f"{report.title_zh} {report.period} ({report.days}天){_noted(report)}"
    return f"{report.county_name} {report.title_zh} {report.period}"
