"""The tables at the end of the demonstration: figures, the reporting grid, rejected rows, where the time went.

In: the clock of a demonstration, and the warehouse that it filled. Out: tables on the console.
"""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from qiangji import pipeline, stages
from qiangji.cli import printing
from qiangji.cli.common import right, table, unbroken
from qiangji.figures import reading
from qiangji.local.demo import BACKFILLED, Clock
from qiangji.local.runs import busy_seconds, task_seconds
from qiangji.periods import Period, reporting_month
from qiangji.settings import Settings
from qiangji.text import in_hundredths
from qiangji.warehouse import reading_warehouse


def show(console: Console, s: Settings, clock: Clock) -> None:
    """Print all tables, and where to look next."""
    last = reporting_month(stages.local_today())
    first = last - BACKFILLED
    catalogue = pipeline.read_catalogue()
    with reading_warehouse(s) as engine:
        now = reading.values(engine, catalogue, period=str(last))
        then = reading.values(engine, catalogue, period=str(first))
        grid = reading.status(engine)
        month = [r for r in grid if r["period"] == str(last)]
        rejected = reading.rejections(engine, month)
    console.print()
    console.print(_headlines(now, then, last, first))
    console.print(printing.STATUS_LEGEND, style="dim")
    console.print()
    printing.print_status(console, month)
    printing.print_reasons(console, reading.needs_attention(grid))
    printing.print_rejections(console, rejected)
    console.print(_times(clock))
    console.print(f"\n湖 lake       {s.lake}")
    console.print("仓库 warehouse  .venv/bin/qiangji warehouse-url   (PostgreSQL, role qiangji_bi)")
    console.print(
        "接着看 next     .venv/bin/qiangji values --level town --indicator group_leader_party_share"
    )
    console.print("               .venv/bin/qiangji status")


def _headlines(now: list[dict[str, Any]], then: list[dict[str, Any]], last: Period, first: Period) -> Table:
    before = {(r["indicator_code"], r["org_code"]): r["value"] for r in then}
    units = list(dict.fromkeys((r["org_code"], r["org_name"]) for r in now))
    shown = table(
        f"指标值 Indicators, {last} (模拟数据 simulated); small: change since {first}",
        Column("指标 indicator"),
        *(unbroken(name, "right") for _, name in units),
    )
    lines: dict[str, dict[str, dict[str, Any]]] = {}
    for r in now:
        lines.setdefault(r["indicator_code"], {})[r["org_code"]] = r
    for code, by_unit in lines.items():
        first_row = next(iter(by_unit.values()))
        cells = []
        for unit, _ in units:
            row = by_unit.get(unit)
            old = before.get((code, unit))
            cell = printing.value_cell(row) if row else ""
            if row and row["value"] is not None and old is not None:
                cell += f"\n[dim]{in_hundredths(row['value'] - old, '+')}[/dim]"
            cells.append(cell)
        mark = {"ytd": "本年累计 ytd", "quarter": "季 quarter"}.get(first_row["period_type"], "月 month")
        shown.add_row(f"{first_row['name_zh']}\n[dim]{first_row['unit']}, {mark}[/dim]", *cells)
    return shown


def _times(clock: Clock) -> Table:
    times = table("用时 Where the time went", "step", *right("tasks", "s"))
    for what, seconds in clock.steps:
        times.add_row(what, "", f"{seconds:.1f}")
    times.add_row("all", "", f"{time.monotonic() - clock.began:.1f}", style="bold", end_section=True)
    for task, (n, seconds) in sorted(task_seconds(clock.tasks).items(), key=lambda each: -each[1][1]):
        times.add_row(f"  {task}, side by side with others", str(n), f"{seconds:.1f}", style="dim")
    # from the queueing of the night to the end of the last build, less the time in which a task ran
    whole = busy_seconds((r.queued, r.end) for r in clock.runs)
    busy = busy_seconds((t.start, t.end) for t in clock.tasks)
    times.add_row("  Airflow's own: no task ran", "", f"{whole - busy:.1f}", style="dim")
    return times
