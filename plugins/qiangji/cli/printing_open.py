"""Prints reports that their counties have to send: late ones by period, those that went back by reason.

In: the open reports of a morning. Out: lines on the console; on one screen what is alike is told once and counted, in
full each report has a line of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.text import Text

from qiangji.figures.deciding import Open, back_by_reason, late_by_county

NAMED = 3
"""Counties or forms that are named one by one on one screen; of more, how many there are."""
LATE_SHOWN, REASONS_SHOWN, RARE_SHOWN = 4, 4, 16
"""Lines of late reports, reasons with a line of their own, and further ones that share a paragraph, at most."""


def print_open(console: Console, reports: Sequence[Open], is_all: bool) -> None:
    """What is late, a line for what the same counties have not sent; and what went back, a line a reason."""
    late, back = late_by_county(reports), back_by_reason(reports)
    if late:
        console.print(f"[bold]逾期未报 {sum(map(len, late))}份 Late[/bold]")
        _print_each(console, late) if is_all else _print_late(console, late)
    if back:
        new = sum(r.is_new for own in back for r in own)
        told = f" [magenta]昨夜以来新增 new since the night: {new}[/magenta]" if new else ""
        console.print(
            f"[bold]退回、扣留 {sum(map(len, back))}份及原因 Returned or withheld, and why[/bold]{told}"
        )
        _print_each(console, back) if is_all else _print_back(console, back)


def _print_late(console: Console, groups: Sequence[list[Open]]) -> None:
    lines = list(_late(groups))
    for line in lines[:LATE_SHOWN]:
        console.print(f"• {line}")
    if len(lines) > LATE_SHOWN:
        console.print(f"… 另有 and {len(lines) - LATE_SHOWN} more: --all", style="dim")


def _print_back(console: Console, groups: Sequence[list[Open]]) -> None:
    """A line each for the commonest reasons, the code only where it has room; who has the rarer ones in a paragraph."""
    for own in groups[:REASONS_SHOWN]:
        told = _told(own)
        brief = own[0].brief_zh
        is_short = (
            cell_len(f"• {brief} {own[0].reason_code}{told}") > console.width >= cell_len(f"• {brief}{told}")
        )
        console.print(f"• {escape(brief) if is_short else _why(own[0])}{escape(told)}")
    rest = groups[REASONS_SHOWN:]
    if rest:
        rare = "； ".join(f"{own[0].brief_zh} {_by_county(own)}" for own in rest[:RARE_SHOWN])
        more = f"… 共 in all {len(rest)}" if len(rest) > RARE_SHOWN else ""
        count = sum(map(len, rest))
        console.print(f"• 其他 others {count}份： {escape(rare)}{more} [dim](--all)[/dim]")


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


def _told(own: Sequence[Open]) -> str:
    """The reports of a reason; where they are more, how many each county has, and of which periods."""
    if len(own) < NAMED:
        return f"：{'、'.join(_named(r) for r in own)}"
    first, last = min(r.period for r in own), max(r.period for r in own)
    new = sum(r.is_new for r in own)
    told = f"，新 new {new}" if new else ""
    return f" {len(own)}份{told}：{_by_county(own)} ({'–'.join(dict.fromkeys((first, last)))})"


def _by_county(reports: Iterable[Open]) -> str:
    counted = Counter(r.county_name for r in reports).most_common()
    return "、".join(county if n == 1 else f"{county}{n}" for county, n in counted)


def some(names: Iterable[str], zh: str, en: str) -> str:
    """All names, or the first of many and how many there are."""
    found = [escape(n) for n in names]
    if len(found) <= NAMED:
        return "、".join(found)
    return f"{'、'.join(found[: NAMED - 1])}等{len(found)}{zh} {en}"


def _print_each(console: Console, groups: Iterable[list[Open]]) -> None:
    """Every report of each county or reason, with its whole message in both languages."""
    for own in groups:
        name = escape(own[0].county_name) if own[0].status == "late" else _why(own[0])
        console.print(f"• {name} {len(own)}")
        for one in own:
            console.print(Padding.indent(Text(f"{_named(one)} {one.why_zh}".strip(), "dim"), 2))
            if one.why_en and one.why_en != one.why_zh:
                console.print(Padding.indent(Text(one.why_en, "dim"), 4))


def _why(report: Open) -> str:
    return f"{escape(report.brief_zh)} [dim]{report.reason_code}[/dim]"


def _named(report: Open) -> str:
    """Which report: a late one's county stands before it already."""
    if report.status == "late":
        return f"{report.title_zh} {report.period} ({report.days}天){_noted(report)}"
    return f"{report.county_name} {report.title_zh} {report.period}{' 新 new' if report.is_new else ''}"
