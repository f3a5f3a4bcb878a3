"""Prints rows of figures and of the reporting grid: tables for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.table import Column

from qiangji.cli.blocks import Line, print_card, print_in_blocks
from qiangji.cli.common import right
from qiangji.cli.words import STYLES, Names, said_once
from qiangji.figures import comparison
from qiangji.figures.reading import COUNTED
from qiangji.periods import Period
from qiangji.settings import settings
from qiangji.text import ends_of, in_hundredths
from qiangji.warehouse.dictionary import UNITS
from qiangji.workdays import unknown_words

Rows = list[dict[str, Any]]
Held = Mapping[tuple[str, str, str], Sequence[tuple[str, str]]]
_REASON = ("county_code", "period", "status", "reason_code", "delivery_id", "message_zh", "message_en")
TYPES = {
    "month": "月 month",
    "quarter": "季 quarter",
    "half": "半年 half-year",
    "year": "年 year",
    "ytd": "累计 ytd",
}
"""Period type -> words."""
MATRIX_UNITS = 10
"""For up to so many units, values are a matrix of indicators by units; for more, a list of units an indicator."""
_DECIDED = {"release": "经放行 released", "void": "有作废 voided"}
"""What the grid says of a report on which the last decision was this: `qiangji decisions` says more."""
WARNED = "!"
MARKS = {
    "P": "P 不完整 some did not report, or left it blank", "O": "O 缺报 nothing reported",
    "M": "M 不适用 not applicable", "Q": "Q 已隐去 suppressed",
    WARNED: f"{WARNED} 有未确认的核查发现 findings that nobody confirmed",
}  # fmt: skip
"""What stands beside a value, and what it says."""
STATUS_LEGEND = " · ".join(said for mark, said in MARKS.items() if mark != WARNED)
WARNED_LEGEND = f"{MARKS[WARNED]}: `qiangji explain`, `qiangji findings`"


def as_json(rows: Any) -> str:
    """Rows as JSON. Decimals become strings, which keep their digits; moments are in ISO 8601."""

    def plain(value: object) -> str:
        return value.isoformat() if isinstance(value, (date, datetime)) else str(value)

    return json.dumps(rows, ensure_ascii=False, indent=1, default=plain)


def number(value: Decimal | None) -> str:
    """A value with two digits after the point, a half rounded up; `-` for none."""
    return "-" if value is None else in_hundredths(value)


def value_cell(row: dict[str, Any], text: str = "") -> str:
    """A value, with its status unless that is normal and a mark where findings are about it: `41.37 P`, `41.37 !`.

    `text`: the value as it is to be written.
    """
    mark = "" if row["obs_status"] == "A" else f" [dim]{row['obs_status']}[/dim]"
    warned = f" [yellow]{WARNED}[/yellow]" if row.get("has_warning") else ""
    return (text or number(row["value"])) + mark + warned


def moved_cells(row: dict[str, Any]) -> tuple[str, str]:
    """A figure before and after, so that the change beside them can be seen in them."""
    before, after = row["value_before"], row["value"]
    first, last = ends_of(before, after) if row["change"] is not None else ("", "")
    was = {"value": before, "obs_status": row["obs_status_before"] or "A"}
    return value_cell(was, first), value_cell(row | {"obs_status": row["obs_status"] or "A"}, last)


def print_values(console: Console, rows: Rows) -> None:
    """A matrix for few units, lists for many."""
    units = list(dict.fromkeys((r["org_code"], r["org_name"]) for r in rows))
    if len(units) <= MATRIX_UNITS:
        _print_matrix(console, rows, units)
    else:
        _print_lists(console, rows)
    console.print(STATUS_LEGEND, style="dim")
    if any(r.get("has_warning") for r in rows):
        console.print(WARNED_LEGEND, style="yellow")
    if _is_compared(rows):
        console.print(comparison.LEGEND, style="dim")


def _is_compared(rows: Rows) -> bool:
    return "ranked_units" in rows[0]


def _print_matrix(console: Console, rows: Rows, units: Sequence[tuple[str, str]]) -> None:
    main = _main_period(rows)
    found: dict[tuple[str, str, str], dict[str, dict[str, Any]]] = {}
    for r in rows:
        found.setdefault((r["indicator_code"], r["period_type"], r["period"]), {})[r["org_code"]] = r
    lines = []
    for (code, type_, period), by_unit in found.items():
        first = next(iter(by_unit.values()))
        cells = [value_cell(by_unit[u]) if u in by_unit else "" for u, _ in units]
        if _is_compared(rows):
            below = (
                f"\n[dim]{comparison.beneath(by_unit[u])}[/dim]" if u in by_unit else "" for u, _ in units
            )
            cells = [cell + more for cell, more in zip(cells, below, strict=True)]
        when = TYPES[type_] if period == main else f"{TYPES[type_]} {period}"
        unit = UNITS.get(first["unit"], first["unit"])
        about = f"{first['name_zh']}\n[dim]{unit}, {when}\n{code}[/dim]"
        lines.append(Line([about], cells))
    title = f"指标值 Indicator values, {main}"
    print_in_blocks(console, title, ["指标 indicator"], right(*(name for _, name in units)), lines)


def _main_period(rows: Rows) -> str:
    """The period of most rows. Rows of another period show it beside their type."""
    periods = [str(r["period"]) for r in rows]
    return max(dict.fromkeys(periods), key=periods.count)


def _print_lists(console: Console, rows: Rows) -> None:
    """A table for each indicator and period, with a line a unit."""
    more = ("较上期 change", "同比 a year", "排名 rank") if _is_compared(rows) else ()
    columns = right("分子 n", "分母 d", "值 value", "上报率 rate %", *more)
    found: dict[tuple[str, str, str], Rows] = {}
    for r in rows:
        found.setdefault((r["indicator_code"], r["period_type"], r["period"]), []).append(r)
    for (code, type_, period), mine in found.items():
        unit = UNITS.get(mine[0]["unit"], mine[0]["unit"])
        lines = [
            Line(
                [r["org_name"], r["org_code"]],
                [
                    number(r["numerator"]), number(r["denominator"]), value_cell(r), number(r["reporting_rate"]),
                    *(comparison.cells(r) if more else ()),
                ],
            )
            for r in mine
        ]  # fmt: skip
        title = f"{mine[0]['name_zh']} {code}（{unit}）, {TYPES[type_]} {period}"
        print_in_blocks(console, title, ["单位 unit", "代码 code"], columns, lines)


def print_status(console: Console, rows: Rows, names: Names | None = None) -> None:
    """One grid a period: a line a county, a column a form."""
    names = names or Names()
    titles, of_groups = names.forms, names.of_groups
    for period in dict.fromkeys(r["period"] for r in rows):
        mine = [r for r in rows if r["period"] == period]
        forms = sorted({r["form"] for r in mine})
        lines = []
        for county, name in dict.fromkeys((r["county_code"], r["county_name"]) for r in mine):
            cells = {r["form"]: r for r in mine if r["county_code"] == county}
            lines.append(
                Line(
                    [f"{county}\n{name}"],
                    [_status_cell(cells[f], f in of_groups) if f in cells else "" for f in forms],
                )
            )
        columns = [Column(f"{titles[f]}\n{f}" if f in titles else f) for f in forms]
        print_in_blocks(console, f"报送状态 Reporting status, {period}", ["县 county"], columns, lines)


def _status_cell(row: dict[str, Any], is_of_groups: bool) -> str:
    """What came last, by when and how much; and that an earlier revision counts, where what came does not."""
    style = STYLES.get(row["status"], "white")
    lines = [f"[{style}]{row['status_zh']} {row['status']}[/{style}]"]
    revision = f"v{row['revision']}" if row["revision"] else ""
    if row["received_at"] is not None:
        counted = f"{revision}  " if revision and row["status"] in COUNTED else ""
        lines.append(f"[dim]{counted}{local(row['received_at']):%m-%d %H:%M}[/dim]")
    if row["is_unchanged"]:
        lines.append(f"[dim]无变动 unchanged, {row['repeated_period'] or '-'}[/dim]")
    if row["is_nil"]:
        lines.append("[dim]零报告 nil[/dim]")
    if said := _DECIDED.get(row.get("decision") or ""):
        lines.append(f"[dim]{said}[/dim]")
    if row["rows_received"]:
        lines.append(f"[dim]{_counts(row, is_of_groups)}[/dim]")
    if revision and row["status"] not in COUNTED:
        lines.append(f"[green]{revision} 仍有效 still counts[/green]")
    return "\n".join(lines)


def print_unknown_years(console: Console, years: Sequence[int]) -> None:
    """Years whose days off are not known, and what to do; nothing where all are."""
    for year in years:
        console.print("[yellow]注意 Note[/yellow]", "\n".join(unknown_words(year)))


def _counts(row: dict[str, Any], is_of_groups: bool) -> str:
    """`接收 6 / 应报 199`, and how many rows went back where some did; of what does not count, `来件 6行`."""
    if row["status"] not in COUNTED:
        return f"来件 {row['rows_received']:,}行 rows"
    units = "村" if is_of_groups else ""
    expected = f" / 应报 {row['expected_units']:,}{units}" if row["expected_units"] else ""
    rejected = f", 退回 {row['rows_rejected']:,}" if row["rows_rejected"] else ""
    return f"接收 {row['rows_accepted']:,}{'组' if is_of_groups else ''}{expected}{rejected}"


def local(at: datetime) -> datetime:
    """A moment in the counties' time zone, in which all times are shown and typed."""
    return at.astimezone(ZoneInfo(settings().timezone))


def print_locks(console: Console, rows: Rows) -> None:
    """One line a locked period."""
    for r in rows:
        at = f"{local(r['locked_from']):%Y-%m-%d %H:%M}"
        said = f": {r['reason']}" if r["reason"] else ""
        console.print(f"{r['period']} 已锁定 locked {at} {r['locked_by']}{said}", markup=False)


def print_unbuilt(console: Console, months: Sequence[Period]) -> None:
    """One line if reports, or decisions on findings, are not in the figures yet."""
    if months:
        console.print(
            f"{'、'.join(map(str, months))} 有新报送或新决定尚未计算，指标值仍是旧的。"
            " What was collected or decided is not in the figures yet: run `qiangji build`.",
            style="yellow",
            markup=False,
        )


def print_edition(
    console: Console,
    edition: dict[str, Any],
    reservations: Sequence[tuple[str, str]],
    not_accepted: Sequence[Any],
    names: Names,
) -> None:
    """The edition, one line for each thing that was not complete when it was published, and the reports behind it."""
    console.print(
        f"{edition['edition']} {edition['period']} 已发布 published by {edition['published_by']}:"
        f" {edition['figures']:,} 个指标值 figures.",
        markup=False,
    )
    for zh, en in reservations:
        console.print(f"未尽事项 not complete: {zh} {en}", style="yellow", markup=False)
    by_county: dict[str, list[str]] = {}
    for r in not_accepted:
        said = f"{r['period']} {names.forms.get(r['form'], '')} {r['form']} {r['status_zh']} {r['status']}"
        by_county.setdefault(r["county_code"], []).append(said)
    for county, reports in by_county.items():
        print_card(console, names.county(county), *reports)


def print_deliveries(console: Console, rows: Sequence[dict[str, Any]], names: Names) -> None:
    """A card a report that a delivery stands for, with the id that `release` and `void` take."""
    reports = [r for r in rows if r["delivery_id"]]
    if not reports:
        return
    console.print("[bold]来件 Deliveries[/bold]")
    for r in reports:
        about = names.report(r["county_code"], r["form"], r["period"])
        print_card(console, f"{about}：{r['status_zh']} {r['status']}", r["delivery_id"])


def print_reasons(
    console: Console,
    rows: Rows,
    names: Names,
    held: Held | None = None,
) -> None:
    """A card a submission that was returned, held or withheld, failed, is late or lacks units, with the reason.

    Submissions of one county and period of which the same is said have one card.
    `held`: the files of each that is held (`reading.held_files`), each of which waits for a decision.
    """
    if not rows:
        console.print("没有需要处理的事项 Nothing needs attention.")
        return
    console.print(f"[bold]需要处理 Needs attention: {len(rows):,}[/bold]")
    for alike in said_once(rows, *_REASON):
        for mine in [alike] if alike[0]["message_zh"] else [[r] for r in alike]:
            r = mine[0]
            style = STYLES.get(r["status"], "white")
            what = f"[{style}]{r['status_zh']} {r['status']}[/{style}]"
            heading = " ".join(filter(None, (names.reports(mine), what, r["reason_code"], r["delivery_id"])))
            files = [file for one in mine for file in _held_files(one, held or {})]
            reasons = [line for one in mine for line in _reason(one)]
            print_card(console, heading, *reasons, *(f"待审来件 held: {id_} {name}" for id_, name in files))


def _held_files(row: Mapping[str, Any], held: Held) -> Sequence[tuple[str, str]]:
    return held.get((row["county_code"], row["form"], row["period"]), ()) if row["status"] == "held" else ()


def print_rejections(console: Console, rows: Rows, names: Names) -> None:
    """A card for each rule that rejected rows, with the first cell as an example."""
    if not rows:
        return
    console.print(f"[bold]部分记录退回 Rows rejected: {sum(r['rows'] for r in rows):,}[/bold]")
    for r in rows:
        heading = (
            f"{names.report(r['county_code'], r['form'], r['period'])}：{r['rows']:,}条 rows，"
            f"如 e.g. {escape(r['example'])} [dim]{r['rule']}[/dim]"
        )
        print_card(console, heading, r["message_zh"], r["message_en"])


def _reason(row: dict[str, Any]) -> tuple[str | None, ...]:
    due = f"截止 due {row['due_date']}" if row["status"] == "late" else None
    return due, row["message_zh"], row["message_en"]
