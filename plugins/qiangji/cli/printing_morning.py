"""Prints a morning: one sentence about the night, a row a county, which reports are late or went back and why, what
waits, what moved, what comes next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.text import Text

from qiangji.cli.blocks import Line, print_in_blocks
from qiangji.cli.common import right
from qiangji.cli.decided import print_told
from qiangji.cli.printing import local, value_cell
from qiangji.cli.printing_figures import counted
from qiangji.cli.words import Names
from qiangji.errors import failure_in_brief
from qiangji.figures import Rows
from qiangji.figures.deciding import Open, Waiting, back_by_reason, late_by_county
from qiangji.figures.decisions import ON_REPORTS
from qiangji.figures.explaining import CAUSES
from qiangji.figures.morning import CountyMorning, Due, Morning, Moves, Night
from qiangji.text import in_hundredths

NONE = "·"
_PAST = (
    "以前某日：当时的核查提醒、失效更正、未计算月份和退回工作簿的去向没有留存，未列。 A day that was: open findings,"
    " corrections that do not fit, months not built and workbooks are on record as they are now alone: not listed."
)
_NAMELESS = Names()
COLUMNS = {
    "待报": "待报 awaited", "逾期": "逾期 late (天 days)", "退回": "退回 returned", "扣留": "扣留 withheld",
    "待审": "待审 held", "退回记录": "退回记录 rows sent back", "已反馈": "已反馈 told",
    "待转交": "待转交 to hand over", "有效至": "有效至 last month that counts",
}  # fmt: skip
"""Heading -> what it means. A column without anything in it is left out."""
COUNTIES_SHOWN = 20
"""Counties, at most, that need something: `qiangji today --all` shows all."""
WAITING_SHOWN = 6
"""Things that wait, at most: `qiangji today --all` shows all."""
REASONS_SHOWN, OPEN_SHOWN = 6, 3
"""Counties with late reports, and reasons for which reports went back, at most; and reports of each."""
BESIDE, ONE_LINE = 100, 120
"""Cells of a terminal from which the counties' contacts are a column, and the largest moves are a table."""
BECAUSE_SHOWN = 5
"""Moves, at most, of which it is told by what units: `qiangji explain --change` says it of any figure."""


def print_morning(
    console: Console, morning: Morning, names: Names = _NAMELESS, *, is_all: bool = False
) -> None:
    """The whole morning; `is_all`: also counties that are well and every thing that waits."""
    if morning.night is None:
        console.print("尚未采集 Nothing was collected yet: `qiangji collect`.")
        return
    console.print(sentence(morning.night), markup=True)
    _print_counties(console, morning.counties, is_all)
    _print_open(console, morning.open_reports, is_all)
    _print_waiting(console, morning.waiting, is_all)
    if morning.is_past:
        console.print(_PAST, style="dim")
    of_reports = [d for d in morning.decided if d["action"] in ON_REPORTS]
    others = len(morning.decided) - len(of_reports)
    print_told(console, of_reports, names, "昨夜以来的人工决定 Decided since the night", others)
    if morning.moves:
        _print_moves(console, morning.moves)
    _print_ahead(console, morning)


def sentence(night: Night) -> str:
    """When, how long, how many of the counties, what turned it red, and how old the figures are; with rich's markup."""
    minutes, seconds = divmod(round((night.ended_at - night.started_at).total_seconds()), 60)
    took = f"{minutes}分{seconds}秒" if minutes else f"{seconds}秒"
    took_en = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    reached = night.counties - len(night.lost)
    when = f"{local(night.started_at):%m-%d %H:%M}"
    months = "–".join(dict.fromkeys((night.first_month, night.last_month)))
    good = not night.lost
    mark = "[green]●[/green]" if good else "[red]●[/red]"
    text = (
        f"{mark} {when} 采集{months}，用时{took}：{night.counties}个县（市、区）采到{reached}个，"
        f"新来件{night.deliveries}。\n  collected {reached} of {night.counties} counties in {took_en},"
        f" {night.deliveries} new deliveries."
    )
    if not good:
        lost = "、".join(f"{name} {failure_in_brief(code)}" for _, name, code in night.lost)
        text += f"\n  [red]未采到 not reached: {escape(lost)}[/red]"
    if night.built_at:
        text += f"\n  指标截至 figures as of {local(night.built_at):%m-%d %H:%M}"
    return text


def _print_counties(console: Console, counties: Sequence[CountyMorning], is_all: bool) -> None:
    chosen = [c for c in counties if is_all or not c.is_well or c.rows_sent_back or c.to_hand_over]
    # of a nation's thousands, those that lack most
    shown = (
        chosen if is_all or len(chosen) <= COUNTIES_SHOWN else sorted(chosen, key=_trouble)[:COUNTIES_SHOWN]
    )
    contacts = [escape(c.contact_zh) for c in shown if c.contact_zh]
    is_beside = bool(contacts) and console.width >= BESIDE
    columns = {
        "待报": [_count(c.awaited) for c in shown],
        "逾期": [f"[red]{c.late} ({c.late_days}天)[/red]" if c.late else NONE for c in shown],
        "退回": [_count(c.returned, "magenta") for c in shown],
        "扣留": [_count(c.withheld, "bold magenta") for c in shown],
        "待审": [_count(c.held, "yellow") for c in shown],
        "退回记录": [_count(c.rows_sent_back, "yellow") for c in shown],
        "已反馈": [_count(c.feedback_sent) for c in shown],
        "待转交": [_count(c.to_hand_over, "yellow") for c in shown],
        "有效至": [c.last_good or "-" for c in shown],
    } | ({"联系": [escape(c.contact_zh) or NONE for c in shown]} if is_beside else {})
    columns = {name: cells for name, cells in columns.items() if set(cells) != {NONE}}
    lines = [
        Line([f"{_mark(c)} {c.county_name}"], [cells[i] for cells in columns.values()])
        for i, c in enumerate(shown)
    ]
    if lines:
        print_in_blocks(console, "各县（市、区） Counties", ["县 county"], right(*columns), lines)
    if contacts and not is_beside:
        console.print(f"联系 contacts: {' '.join(contacts)}", style="dim")
    if len(chosen) > len(shown):
        console.print(f"… 另有 and {len(chosen) - len(shown):,} more: --all", style="dim")
    if well := len(counties) - len(chosen):
        console.print(f"另有{well}个县（市、区）无事 {well} more counties need nothing.", style="dim")
    told = [COLUMNS[name] for name in columns if name in COLUMNS]
    told += ["✗ 未采到 not reached"] if any(c.is_reached is False for c in shown) else []
    told += ["- 本次未安排采集 not asked this time"] if any(c.is_reached is None for c in shown) else []
    console.print(" · ".join(told), style="dim")


def _trouble(county: CountyMorning) -> tuple[bool, int, int]:
    """Orders counties: those not reached, then by what is late, returned, withheld or held, then by rows sent back."""
    open_ = county.late + county.returned + county.withheld + county.held
    return county.is_reached is not False, -open_, -county.rows_sent_back


def _mark(county: CountyMorning) -> str:
    """Whether the night reached it, with why not."""
    if county.is_reached is None:
        return "[dim]-[/dim]"
    return "[green]✓[/green]" if county.is_reached else "[red]✗[/red]"


def _print_open(console: Console, reports: Sequence[Open], is_all: bool) -> None:
    """What is late, a line a county; and what went back, a line a reason. `is_all`: each with the whole message."""
    late, back = late_by_county(reports), back_by_reason(reports)
    _print_grouped(console, "逾期未报 {}份 Late, days", late, lambda r: escape(r.county_name), is_all)
    _print_grouped(console, "退回、扣留 {}份及原因 Returned or withheld, and why", back, _why, is_all)
    if back and not is_all:
        console.print(
            "逐份说明 each in full: `qiangji status --county …`, `qiangji today --all`", style="dim"
        )


def _why(report: Open) -> str:
    return f"{escape(report.brief_zh)} [dim]{report.reason_code}[/dim]"


def _print_grouped(
    console: Console, title: str, groups: Sequence[list[Open]], name: Callable[[Open], str], is_all: bool
) -> None:
    if groups:
        console.print(f"[bold]{title.format(sum(map(len, groups)))}[/bold]")
    for own in groups if is_all else groups[:REASONS_SHOWN]:
        if is_all:
            console.print(f"• {name(own[0])} {len(own)}")
            for one in own:
                console.print(Padding.indent(Text(f"{_named(one)} {one.why_zh}".strip(), "dim"), 2))
            continue
        told = "、".join(escape(_named(one)) for one in own[:OPEN_SHOWN])
        more = f"等{len(own)}份" if len(own) > OPEN_SHOWN else ""
        console.print(f"• {name(own[0])}：{told}{more}")
    if not is_all and len(groups) > REASONS_SHOWN:
        rest = sum(len(own) for own in groups[REASONS_SHOWN:])
        console.print(f"… 另有 and {rest} more: --all", style="dim")


def _named(report: Open) -> str:
    """Which report: a late one's county stands before it already."""
    if report.status == "late":
        return f"{report.title_zh} {report.period} ({report.days}天)"
    return f"{report.county_name} {report.title_zh} {report.period}"


def _print_waiting(console: Console, waiting: Sequence[Waiting], is_all: bool) -> None:
    if not waiting:
        console.print("[green]没有等待决定的事项 Nothing waits for a decision.[/green]")
        return
    console.print(f"[bold]等待处理 {len(waiting)}项 Waiting[/bold]")
    for one in waiting if is_all else waiting[:WAITING_SHOWN]:
        console.print(Text.assemble(f"• {one.zh} ", (one.en, "dim")))
        if is_all and one.why_zh:
            console.print(
                Padding(Text("\n".join(dict.fromkeys((one.why_zh, one.why_en))), "dim"), (0, 0, 0, 2))
            )
        if one.command:
            console.print(f"  {one.command}", markup=False, style="cyan", soft_wrap=True)
    if len(waiting) > WAITING_SHOWN and not is_all:
        console.print(f"… 另有 and {len(waiting) - WAITING_SHOWN} more: --all", style="dim")


def _print_moves(console: Console, moves: Moves) -> None:
    if not moves.figures:
        console.print("指标没有变化 No figure moved.")
        return
    why = counted(moves.by_cause)
    first = f"，其中首次 of them new {moves.first_shown:,}" if moves.first_shown else ""
    console.print(f"[bold]变化 Moved[/bold] {moves.figures:,}个指标值 figures{first}。 {why}")
    for period, n in moves.closed.items():
        console.print(
            f"[red]已锁定或审定的报告期{period}有{n:,}个指标值变化[/red]"
            f" {n:,} figures of {period}, locked or published, changed: `qiangji diff --edition`"
        )
    if moves.largest:
        _print_largest(console, moves.largest)


def _print_largest(console: Console, rows: Rows) -> None:
    """A table, or on a narrow terminal a line each."""
    lines = []
    for r in rows:
        before = {"value": r["value_before"], "obs_status": r["obs_status_before"] or "A"}
        cells = [
            value_cell(before),
            value_cell(r | {"obs_status": r["obs_status"] or "A"}),
            in_hundredths(r["change"], "+") if r["change"] is not None else "-",
            "、".join(CAUSES[c][0] for c in r["causes"]),
        ]
        lines.append(Line([f"{r['name_zh']} [dim]{r['org_name']} {r['period']}[/dim]"], cells))
    title, because = "变化最大 Largest", [i for i, r in enumerate(rows) if r["because_zh"]][:BECAUSE_SHOWN]
    if console.width >= ONE_LINE:
        columns = right("原值 before", "现值 now", "变化 change", "原因 why")
        print_in_blocks(console, title, ["指标、单位和期 figure"], columns, lines)
        for r in (rows[i] for i in because):
            said = f"• {r['name_zh']} {r['org_name']} {r['period']}：{r['because_zh']} "
            console.print(Text.assemble(said, (r["because_en"], "dim")))
        return
    console.print(f"[bold]{title}[/bold]")
    for i, (line, r) in enumerate(zip(lines, rows, strict=True)):
        before_, now, change, why = line.cells
        console.print(f"• {line.lead[0]} {before_}→{now} ({change}) {why}")
        if i in because:
            console.print(Padding.indent(Text(f"{r['because_zh']} {r['because_en']}", "dim"), 2))


def _print_ahead(console: Console, morning: Morning) -> None:
    if not morning.ahead:
        then = "；下一批 next:" if morning.then else ""
        console.print(f"近五个工作日没有到期的报表 Nothing is due within five working days{then}")
    by_day: dict[date, list[Due]] = {}
    for due in morning.ahead or morning.then:
        by_day.setdefault(due.due_date, []).append(due)
    for day, own in by_day.items():
        told = "、".join(f"{one.title_zh} {one.period} {one.missing}/{one.counties}" for one in own)
        console.print(
            f"{day:%m-%d} 截止 due，未收齐的县 counties to come: {told}",
            markup=False,
        )
    if morning.locked:
        console.print(f"已锁定 locked: {'、'.join(morning.locked)}", style="dim")


def _count(n: int, style: str = "") -> str:
    if not n:
        return NONE
    return f"[{style}]{n:,}[/{style}]" if style else f"{n:,}"
