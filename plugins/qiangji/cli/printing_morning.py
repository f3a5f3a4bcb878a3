"""Prints a morning: one sentence about the night, a row a county, which reports are late or went back and why, what
waits, what moved, what comes next.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import date

from rich.console import Console
from rich.markup import escape
from rich.table import Column
from rich.text import Text

from qiangji.cli.blocks import Line, fitting, print_in_blocks, say, width_of, wrapped
from qiangji.cli.decided import print_told
from qiangji.cli.printing import local, moved_cells
from qiangji.cli.printing_figures import each_cause
from qiangji.cli.printing_open import NAMED, print_open, some
from qiangji.cli.printing_waiting import print_waiting
from qiangji.cli.words import Names
from qiangji.errors import failure_in_brief
from qiangji.figures import Rows
from qiangji.figures.decisions import ON_REPORTS
from qiangji.figures.explaining import CAUSES
from qiangji.figures.morning import CountyMorning, Morning, Moves, Night
from qiangji.text import counted, in_hundredths

NONE = "·"
_PAST = (
    "以前某日：当时的核查提醒、失效更正、未计算月份和退回工作簿的去向没有留存，未列。 A day that was: open findings,"
    " corrections that do not fit, months not built and workbooks are on record as they are now alone: not listed."
)
_NAMELESS = Names()
COLUMNS = {
    "待报": "awaited", "逾期": "late", "退回": "returned", "扣留": "withheld", "待审": "held",
    "退回记录": "rows back", "已反馈": "told", "待转交": "by hand", "最新有效期": "latest good", "联系": "contact",
}  # fmt: skip
"""Heading -> the same in English, as short. A column without anything in it is left out."""
COUNTIES_SHOWN = 20
"""Counties, at most, that need something: `qiangji today --all` shows all."""
CONTACT_LINES = 3
"""Lines of contacts, at most, where they have no column: in full all are told."""
WELL_NAMED = 8
"""Counties that need nothing and are named, at most; of more, how many there are."""
CAUSES_SHOWN = 3
"""Causes, or sets of them, whose figures are counted on one screen."""
MOVES_SHOWN = 5
"""Moves that are told one by one, at most; in full all of `LARGEST`, each with the units that moved it."""


def print_morning(
    console: Console, morning: Morning, names: Names = _NAMELESS, *, is_all: bool = False
) -> None:
    """The whole morning; `is_all`: also counties that are well and every thing that waits."""
    if morning.night is None:
        console.print("尚未采集 Nothing was collected yet: `qiangji collect`.")
        return
    say(console, sentence(morning.night))
    _print_counties(console, morning.counties, is_all)
    print_open(console, morning.open_reports, is_all)
    names_of = {c.county_code: c.county_name for c in morning.counties}
    print_waiting(console, morning.waiting, names_of, is_all)
    if morning.is_past:
        say(console, _PAST, style="dim")
    of_reports = [d for d in morning.decided if d["action"] in ON_REPORTS]
    others = len(morning.decided) - len(of_reports)
    title = "昨夜以来的人工决定 Decided since the night"
    print_told(console, of_reports, names, title, others, is_brief=not is_all)
    if morning.moves:
        is_unbuilt = any(one.what == "unbuilt" for one in morning.waiting)
        _print_moves(console, morning.moves, is_all, is_unbuilt=is_unbuilt)
    _print_ahead(console, morning, is_all)


def sentence(night: Night) -> str:
    """When, how long, how many of the counties, what turned it red, and how old the figures are; with rich's markup."""
    minutes, seconds = divmod(round((night.ended_at - night.started_at).total_seconds()), 60)
    took = f"{minutes}分{seconds}秒" if minutes else f"{seconds}秒"
    took_en = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    reached = night.counties - len(night.lost)
    when = f"{local(night.started_at):%m-%d %H:%M}"
    months = "–".join(dict.fromkeys((night.first_month, night.last_month)))
    mark = "[red]● 异常 red[/red]" if night.is_red else "[green]●[/green]"
    text = (
        f"{mark} {when} 采集{months}，用时{took}：{night.counties}个县（市、区）采到{reached}个，"
        f"新来件{night.deliveries}。\n  {reached} of {night.counties} counties in {took_en},"
        f" {counted(night.deliveries, 'new delivery', 'new deliveries')}"
    )
    if night.built_at:
        text += f"; 指标截至 figures as of {local(night.built_at):%m-%d %H:%M}"
    if night.missed_at:
        due = f"{local(night.missed_at):%m-%d %H:%M}"
        text += f"\n  [red]{due}的夜间采集没有运行 the night due then did not run: `qiangji doctor`[/red]"
    for said, counties in (
        ("未采到 not reached", night.lost),
        ("另一次采集失败 another run failed", night.lost_else),
    ):
        lost = "、".join(f"{name} {failure_in_brief(code)}" for _, name, code in counties)
        text += f"\n  [red]{said}: {escape(lost)}[/red]" if lost else ""
    if night.later_runs:
        later = counted(night.later_runs, "later collection", "later collections")
        brought = counted(night.later_deliveries, "new delivery", "new deliveries")
        text += f"\n  此后又采集{night.later_runs}次，新来件{night.later_deliveries} {later}, {brought}"
    if night.reached_since:
        text += f"\n  此后已采到 reached since: {escape('、'.join(night.reached_since))}"
    return text


def _print_counties(console: Console, counties: Sequence[CountyMorning], is_all: bool) -> None:
    well = [] if is_all else [c for c in counties if c.is_well and not (c.rows_sent_back or c.to_hand_over)]
    known = {c.county_code for c in well}
    chosen = [c for c in counties if c.county_code not in known]
    # of a nation's thousands, those that lack most
    shown = (
        chosen if is_all or len(chosen) <= COUNTIES_SHOWN else sorted(chosen, key=_trouble)[:COUNTIES_SHOWN]
    )
    columns = {
        "待报": [_count(c.awaited) for c in shown],
        "逾期": [f"[red]{c.late} ({c.late_days}天)[/red]" if c.late else NONE for c in shown],
        "退回": [_count(c.returned, "magenta") for c in shown],
        "扣留": [_count(c.withheld, "bold magenta") for c in shown],
        "待审": [_count(c.held, "yellow") for c in shown],
        "退回记录": [_count(c.rows_sent_back, "yellow") for c in shown],
        "已反馈": [_count(c.feedback_sent) for c in shown],
        "待转交": [_count(c.to_hand_over, "yellow") for c in shown],
        "最新有效期": [c.last_good or "-" for c in shown],
        "联系": [escape(c.contact_zh) or NONE for c in shown],
    }
    columns = {name: cells for name, cells in columns.items() if set(cells) != {NONE}}
    _print_columns(console, [f"{_mark(c)} {c.county_name}" for c in shown], columns, is_all)
    told = [f"… 另有 and {len(chosen) - len(shown):,} more: --all"] if len(chosen) > len(shown) else []
    if len(well) > WELL_NAMED:
        told.append(f"另有{len(well):,}个县（市、区）无事 {len(well):,} more need nothing")
    elif well:
        told.append(f"无事 nothing to do: {escape('、'.join(c.county_name for c in well))}")
    told += ["- 一天内未采集 not asked that day"] if any(c.is_reached is None for c in shown) else []
    if told:
        say(console, " · ".join(told), style="dim")


def _print_columns(
    console: Console, names: Sequence[str], columns: Mapping[str, Sequence[str]], is_all: bool
) -> None:
    """One block, if it can be: with headings in both languages, else in Chinese, and a line that says the same in
    English; whom to call is a column where that fits, else a line.
    """
    if not names:
        return
    contacts = [cell for cell in columns.get("联系", ()) if cell != NONE]
    without = {name: cells for name, cells in columns.items() if name != "联系"}
    for chosen, is_both in ((columns, True), (columns, False), (without, True), (without, False)):
        lead = ["县\ncounty" if is_both else "县"]
        headings = [
            Column(
                f"{name}\n{COLUMNS[name]}" if is_both else name, justify="left" if name == "联系" else "right"
            )
            for name in chosen
        ]
        lines = [Line([name], [cells[i] for cells in chosen.values()]) for i, name in enumerate(names)]
        if width_of(lead, headings, lines) <= console.width:
            break
    print_in_blocks(console, "", lead, headings, lines, is_framed=False)
    if contacts and chosen is without:
        line = Text.from_markup(f"联系 contacts: {' '.join(contacts)}")
        is_short = is_all or len(wrapped(line, console.width)) <= CONTACT_LINES
        say(console, line if is_short else "联系 contacts: --all", style="dim")
    if not is_both:
        say(console, f"columns: {', '.join(COLUMNS[name] for name in chosen)}", style="dim")


def _trouble(county: CountyMorning) -> tuple[bool, int, int]:
    """Orders counties: those not reached, then by what is late, returned, withheld or held, then by rows sent back."""
    open_ = county.late + county.returned + county.withheld + county.held
    return county.is_reached is not False, -open_, -county.rows_sent_back


def _mark(county: CountyMorning) -> str:
    """Whether the last attempt reached it."""
    if county.is_reached is None:
        return "[dim]-[/dim]"
    return "[green]✓[/green]" if county.is_reached else "[red]✗[/red]"


def _print_moves(console: Console, moves: Moves, is_all: bool, *, is_unbuilt: bool) -> None:
    if not moves.figures:
        waits = "：新报送尚未计算 as what came is not built yet: `qiangji build`" if is_unbuilt else "。"
        say(console, f"指标没有变化 No figure moved{waits}")
        return
    why = _causes(moves.by_cause, is_all)
    first = f"，首次 new {moves.first_shown:,}" if moves.first_shown else ""
    more = "" if is_all or not moves.largest else " [dim](--all)[/dim]"
    say(console, f"[bold]变化 Moved[/bold] {moves.figures:,}个指标值 figures{first}：{why}{more}")
    if moves.closed:
        told = "、".join(f"{period} {n:,}个" for period, n in moves.closed.items())
        commands = ", ".join(_comparing(period, moves.editions) for period in moves.closed)
        zh = (f"已锁定或审定的报告期有指标值变化：{told}", "red")
        ways = (" figures of locked or published periods changed", " closed periods changed", "")
        say(console, fitting(console.width, *(Text.assemble(zh, f"{en}: {commands}") for en in ways)))
    if moves.largest:
        _print_largest(console, moves.largest, is_all)


def _causes(by_cause: Mapping[str, int], is_all: bool) -> str:
    """The causes, the commonest first; on one screen the rarer ones as one, so that the counts still add up."""
    kept = dict(
        list(by_cause.items())[: None if is_all or len(by_cause) <= CAUSES_SHOWN + 1 else CAUSES_SHOWN]
    )
    rest = sum(by_cause.values()) - sum(kept.values())
    return each_cause(kept) + (f" · 其他 others {rest:,}" if rest else "")


def _comparing(period: str, editions: Mapping[str, str]) -> str:
    """The command that says what changed of a period: against its edition, where it has one."""
    name = editions.get(period)
    return f"`qiangji diff --edition {shlex.quote(name)} --period {period}`" if name else "`qiangji diff`"


def _print_largest(console: Console, rows: Rows, is_all: bool) -> None:
    """A line each: what moved, from what to what and why; of the largest that has units beneath, also by which.

    `is_all`: of each.
    """
    if is_all:
        say(
            console,
            "按幅度由大到小：百分比比百分点，其他比原值 largest first: a percentage by its points, others by their"
            " part of what they were",
            style="dim",
        )
    told = [i for i, r in enumerate(rows) if r["because_zh"]]
    for i, r in enumerate(rows if is_all else rows[:MOVES_SHOWN]):
        before, now = moved_cells(r)
        change = in_hundredths(r["change"], "+") if r["change"] is not None else "-"
        why = "、".join(CAUSES[c][0] for c in r["causes"])
        to_date = " 累计ytd" if r["period_type"] == "ytd" else ""
        what = f"{r['name_zh']} [dim]{r['org_name']} {r['period']}{to_date}[/dim]"
        say(console, f"• {what} {before}→{now} ({change}) {why}")
        if i in (told if is_all else told[:1]):
            both, zh = f"{r['because_zh']} {r['because_en']}", r["because_zh"]
            said = Text(both) if is_all else fitting(console.width - 2, Text(both), Text(zh))
            say(console, said, indent=2, style="dim")


def _print_ahead(console: Console, morning: Morning, is_all: bool) -> None:
    if not morning.ahead:
        then = "；下一批 next:" if morning.then else ""
        say(console, f"近五个工作日没有到期的报表 Nothing is due within five working days{then}")
    alike: dict[tuple[date, str, int, int], list[str]] = {}
    for due in morning.ahead or morning.then:
        alike.setdefault((due.due_date, due.period, due.missing, due.counties), []).append(due.title_zh)
    for (day, period, missing, counties), titles in alike.items():
        when = f"{day:%m-%d} 截止 due {period}，"
        named = [some(titles, "种报表", "forms", len(titles) if is_all else most) for most in (NAMED, 2)]
        lacking = f"counties to come {missing}/{counties}"
        ways = (f"未收齐的县 {lacking}", f"未收齐 {lacking}") if missing else ("已收齐 all in",)
        said = (f"{when}{ways[0]}：{named[0]}", *(f"{when}{ways[-1]}：{forms}" for forms in named))
        say(console, fitting(console.width, *map(Text, said)))
    if morning.locked:
        say(console, f"已锁定 locked: {'、'.join(morning.locked)}", style="dim")


def _count(n: int, style: str = "") -> str:
    if not n:
        return NONE
    return f"[{style}]{n:,}[/{style}]" if style else f"{n:,}"
