"""How rows look in a terminal: tables for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from qiangji.figures import comparison
from qiangji.settings import settings

Rows = list[dict[str, Any]]
MATRIX_UNITS = 10
"""Up to so many units, values are a matrix of indicators by units; beyond, one line a value."""
STYLES = {
    "accepted": "green", "partial": "yellow", "late": "red", "failed": "bold red", "returned": "magenta",
    "withheld": "bold magenta", "held": "bold yellow", "awaited": "dim", "not_due": "dim",
}  # fmt: skip


def as_json(rows: Any) -> str:
    """Rows as JSON: decimals as strings keep their digits, instants in ISO 8601."""

    def plain(value: object) -> str:
        return value.isoformat() if isinstance(value, (date, datetime)) else str(value)

    return json.dumps(rows, ensure_ascii=False, indent=1, default=plain)


def number(value: Decimal | None) -> str:
    """A value with two digits after the point, `-` where there is none."""
    return "-" if value is None else f"{value:,.2f}"


def value_cell(row: dict[str, Any]) -> str:
    """A value with its status where that is not normal: `41.37 P`, `- O`."""
    mark = "" if row["obs_status"] == "A" else f" [dim]{row['obs_status']}[/dim]"
    return number(row["value"]) + mark


def print_values(console: Console, rows: Rows) -> None:
    """A matrix for few units, else a list."""
    units = list(dict.fromkeys((r["org_code"], r["org_name"]) for r in rows))
    if len(units) <= MATRIX_UNITS:
        console.print(_matrix(rows, units))
    else:
        console.print(_list(rows))
    console.print(
        "P 不完整 some did not report · O 缺报 nothing reported · M 不适用 not applicable · Q 已隐去 suppressed",
        style="dim",
    )
    if _is_compared(rows):
        console.print(comparison.LEGEND, style="dim")


def _is_compared(rows: Rows) -> bool:
    return "ranked_units" in rows[0]


def _matrix(rows: Rows, units: Sequence[tuple[str, str]]) -> Table:
    table = Table(title=f"指标值 Indicator values, {(main := _main_period(rows))}", title_justify="left")
    table.add_column("指标 indicator")
    table.add_column("期 type", style="dim")
    table.add_column("单位 unit", style="dim")
    for _, name in units:
        table.add_column(name, justify="right", no_wrap=True)
    lines: dict[tuple[str, str, str], dict[str, dict[str, Any]]] = {}
    for r in rows:
        lines.setdefault((r["indicator_code"], r["period_type"], r["period"]), {})[r["org_code"]] = r
    for (code, type_, period), by_unit in lines.items():
        first = next(iter(by_unit.values()))
        cells = [value_cell(by_unit[u]) if u in by_unit else "" for u, _ in units]
        if _is_compared(rows):
            below = (
                f"\n[dim]{comparison.beneath(by_unit[u])}[/dim]" if u in by_unit else "" for u, _ in units
            )
            cells = [cell + more for cell, more in zip(cells, below, strict=True)]
        when = type_ if period == main else f"{type_}\n{period}"
        table.add_row(f"{first['name_zh']}\n[dim]{code}[/dim]", when, first["unit"], *cells)
    return table


def _main_period(rows: Rows) -> str:
    """The period that most rows are of: those of another one say so beside their type."""
    periods = [str(r["period"]) for r in rows]
    return max(dict.fromkeys(periods), key=periods.count)


def _list(rows: Rows) -> Table:
    table = Table(title=f"指标值 Indicator values, {(main := _main_period(rows))}", title_justify="left")
    for heading in ("指标 indicator", "单位 unit", "代码 code", "期 type"):
        table.add_column(heading)
    more = ("较上期 change", "同比 a year", "排名 rank") if _is_compared(rows) else ()
    for heading in ("分子 n", "分母 d", "值 value", "上报率 rate %", *more):
        table.add_column(heading, justify="right")
    for r in rows:
        n, d = number(r["numerator"]), number(r["denominator"])
        rate = number(r["reporting_rate"])
        table.add_row(
            r["indicator_code"], r["org_name"], r["org_code"],
            r["period_type"] if r["period"] == main else f"{r['period_type']} {r['period']}",
            n, d, value_cell(r), rate,
            *(comparison.cells(r) if more else ()),
        )  # fmt: skip
    return table


def print_status(console: Console, rows: Rows) -> None:
    """The grid of each period: a line a county, a column a form."""
    for period in dict.fromkeys(r["period"] for r in rows):
        mine = [r for r in rows if r["period"] == period]
        forms = sorted({r["form"] for r in mine})
        table = Table(title=f"报送状态 Reporting status, {period}", title_justify="left")
        table.add_column("县(市、区) county", no_wrap=True)
        for form in forms:
            table.add_column(form)
        for county, name in dict.fromkeys((r["county_code"], r["county_name"]) for r in mine):
            cells = {r["form"]: r for r in mine if r["county_code"] == county}
            table.add_row(f"{county} {name}", *[_status_cell(cells[f]) if f in cells else "" for f in forms])
        console.print(table)


def _status_cell(row: dict[str, Any]) -> str:
    style = STYLES.get(row["status"], "white")
    lines = [f"[{style}]{row['status_zh']} {row['status']}[/{style}]"]
    if row["received_at"] is not None:
        revision = f"v{row['revision']}  " if row["revision"] else ""
        lines.append(f"[dim]{revision}{local(row['received_at']):%m-%d %H:%M}[/dim]")
    if row["is_unchanged"]:
        lines.append(f"[dim]无变动 unchanged, {row['repeated_period'] or '-'}[/dim]")
    if row["is_nil"]:
        lines.append("[dim]零报告 nil[/dim]")
    if row["rows_received"]:
        lines.append(f"[dim]接收 {row['rows_accepted']:,} / 退回 {row['rows_rejected']:,}[/dim]")
    return "\n".join(lines)


def local(at: datetime) -> datetime:
    """A moment where the counties are, as all times are shown and typed."""
    return at.astimezone(ZoneInfo(settings().timezone))


def print_locks(console: Console, rows: Rows) -> None:
    """One line a period that is locked."""
    for r in rows:
        at = f"{local(r['locked_from']):%Y-%m-%d %H:%M}"
        said = f": {r['reason']}" if r["reason"] else ""
        console.print(f"{r['period']} 已锁定 locked {at} {r['locked_by']}{said}", markup=False)


def print_edition(console: Console, edition: dict[str, Any], reservations: Sequence[tuple[str, str]]) -> None:
    """What was published, and what it was published in spite of."""
    console.print(
        f"{edition['edition']} {edition['period']} 已发布 published by {edition['published_by']}:"
        f" {edition['figures']:,} 个指标值 figures.",
        markup=False,
    )
    for zh, en in reservations:
        console.print(f"未尽事项 not complete: {zh} {en}", style="yellow", markup=False)


def print_reasons(console: Console, rows: Rows) -> None:
    """What was returned, held, withheld, failed or is late, and why."""
    table = Table(title="需要处理 Needs attention", title_justify="left")
    for heading in (
        "县 county",
        "报表 form",
        "期 period",
        "状态 status",
        "原因 reason",
        "说明 message",
        "来件 delivery",
    ):
        table.add_column(heading, overflow="fold", no_wrap=heading.endswith(("period", "delivery")))
    for r in rows:
        style = STYLES.get(r["status"], "white")
        table.add_row(
            f"{r['county_code']} {r['county_name']}", r["form"], r["period"],
            f"[{style}]{r['status_zh']} {r['status']}[/{style}]",
            r["reason_code"] or "", _reason(r), r["delivery_id"] or "",
        )  # fmt: skip
    console.print(table if rows else "没有需要处理的事项 Nothing needs attention.")


def print_rejections(console: Console, rows: Rows) -> None:
    """Why rows went back: a line a rule, with the first cell."""
    if not rows:
        return
    table = Table(title="部分记录退回 Rows rejected", title_justify="left")
    for heading in ("县 county", "报表 form", "期 period", "退回 rows", "如 e.g.", "规则 rule"):
        right = heading.endswith("rows")
        table.add_column(
            heading, overflow="fold", justify="right" if right else "left", no_wrap="period" in heading
        )
    for r in rows:
        table.add_row(
            r["county_name"], r["form"], r["period"], str(r["rows"]),
            f"{r['example']}\n{r['message_zh']}\n{r['message_en']}", r["rule"],
        )  # fmt: skip
    console.print(table)


def _reason(row: dict[str, Any]) -> str:
    if row["status"] == "late":
        return f"截止 due {row['due_date']}"
    parts = list(dict.fromkeys(filter(None, (row["message_zh"], row["message_en"]))))
    return "\n".join(parts)
