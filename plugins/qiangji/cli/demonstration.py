"""The end of the demonstration on one screen: the morning after the night, six figures, and where to go on.

In: the clock of a demonstration, and the warehouse that it filled. Out: text on the console.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime

from rich.console import Console

from qiangji import pipeline, stages
from qiangji.cli import words
from qiangji.cli.blocks import Line, print_in_blocks, say
from qiangji.cli.common import right, unbuilt_months
from qiangji.cli.printing import MARKS, WARNED, number
from qiangji.cli.printing_morning import print_morning
from qiangji.figures import Choice, Row, Rows, reading
from qiangji.figures.morning import morning
from qiangji.local.demo import Clock
from qiangji.local.runs import busy_seconds
from qiangji.periods import reporting_month
from qiangji.settings import Settings
from qiangji.warehouse import reading_warehouse
from qiangji.warehouse.dictionary import UNITS

HEADLINES = (
    "group_leader_party_share",
    "group_org_coverage",
    "secretary_training_rate",
    "household_visit_rate",
    "income_per_village",
    "grid_party_coverage",
)
"""One or two indicators of those aspects that every month has figures of."""
NEXT = (
    ("今早全文 the morning in full", ".venv/bin/qiangji today --all"),
    ("镇级指标 towns", ".venv/bin/qiangji values --level town --indicator group_leader_party_share"),
    ("解释一个值 explain", ".venv/bin/qiangji explain group_leader_party_share --org 440700 --period {last}"),
    ("接BI工具 BI tools", ".venv/bin/qiangji warehouse-url"),
)


def show(console: Console, s: Settings, clock: Clock) -> None:
    """Print it all."""
    last = reporting_month(stages.local_today())
    catalogue = pipeline.read_catalogue()
    chosen = Choice([code for code in HEADLINES if code in catalogue.indicators])
    with reading_warehouse(s) as engine:
        found = morning(engine, catalogue, datetime.now(UTC), unbuilt_months(catalogue))
        figures = reading.values(engine, catalogue, chosen, str(last))
    console.print("\n[bold]今早 This morning[/bold] (模拟数据 simulated)")
    print_morning(console, found, words.names(catalogue))
    if figures:
        _print_headlines(console, figures, str(last))
    console.print(_times(s, clock), style="dim", markup=False, soft_wrap=True)
    console.print("[bold]接着看 Next[/bold]")
    for what, command in NEXT:
        console.print(f"  {command.format(last=last)}  [dim]{what}[/dim]", soft_wrap=True)


def _print_headlines(console: Console, figures: Rows, period: str) -> None:
    """A line an indicator, a column a unit; with fewer columns fewer units a block."""
    units = dict.fromkeys((r["org_code"], r["org_name"]) for r in figures)
    found: dict[str, dict[str, Row]] = {}
    for r in figures:
        found.setdefault(r["indicator_code"], {})[r["org_code"]] = r
    lines = [
        Line([_about(own, period)], [_cell(own.get(code)) for code, _ in units]) for own in found.values()
    ]
    columns = right(*(name for _, name in units))
    print_in_blocks(console, "", [f"[bold]指标 figures {period}[/bold]"], columns, lines, is_framed=False)
    met = {r["obs_status"] for r in figures}
    told = [said for mark, said in MARKS.items() if mark in met or (mark == WARNED and _is_warned(figures))]
    if told:
        say(console, " · ".join(told), style="dim")


def _about(own: Mapping[str, Row], period: str) -> str:
    """Its name and its unit; of which period it is, if not of that of the others."""
    one = next(iter(own.values()))
    to_date = "累计" if one["period_type"] == "ytd" else ""
    other = f" {one['period']}" if one["period"] != period else ""
    return f"{one['name_zh']} [dim]{UNITS.get(one['unit'], one['unit'])}{to_date}{other}[/dim]"


def _cell(row: Row | None) -> str:
    """A value, with its status unless that is normal, and a mark where findings are about it: each in its place."""
    if row is None:
        return ""
    status = " " if row["obs_status"] == "A" else row["obs_status"]
    warned = f"[yellow]{WARNED}[/yellow]" if row["has_warning"] else " "
    return f"{number(row['value'])}[dim]{status}[/dim]{warned}"


def _is_warned(figures: Rows) -> bool:
    return any(r["has_warning"] for r in figures)


def _times(s: Settings, clock: Clock) -> str:
    """How long it took, and how long of it no task ran: Airflow's own part. Each step has told its seconds already."""
    whole = busy_seconds((r.queued, r.end) for r in clock.runs)
    busy = busy_seconds((t.start, t.end) for t in clock.tasks)
    return (
        f"共 all {time.monotonic() - clock.began:.0f} s，其中无任务运行 no task ran {whole - busy:.0f} s"
        f" · 数据湖 lake {s.lake}"
    )
