"""The end of the demonstration on one screen: the morning after the night, six figures, and where to go on.

In: the clock of a demonstration, and the warehouse that it filled. Out: text on the console.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

from rich.console import Console

from qiangji import pipeline, stages
from qiangji.cli import printing, words
from qiangji.cli.common import unbuilt_months
from qiangji.cli.printing_morning import print_morning
from qiangji.figures import Choice, reading
from qiangji.figures.morning import morning
from qiangji.local.demo import Clock
from qiangji.local.runs import busy_seconds
from qiangji.periods import reporting_month
from qiangji.settings import Settings
from qiangji.warehouse import reading_warehouse

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
    ("早上第一眼 the morning again", ".venv/bin/qiangji today"),
    ("镇级指标 towns", ".venv/bin/qiangji values --level town --indicator group_leader_party_share"),
    ("报送详情 reports, in full", ".venv/bin/qiangji status"),
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
    console.print()
    if figures:
        printing.print_values(console, figures)
    console.print(_times(clock), style="dim")
    console.print(f"湖 lake {s.lake}", style="dim", soft_wrap=True)
    console.print("[bold]接着看 Next[/bold]")
    for what, command in NEXT:
        console.print(f"  {command.format(last=last)}  [dim]{what}[/dim]", soft_wrap=True)


def _times(clock: Clock) -> str:
    """How long each step took, and how long of it no task ran: Airflow's own part."""
    steps = ", ".join(f"{what} {seconds:.0f} s" for what, seconds in clock.steps)
    whole = busy_seconds((r.queued, r.end) for r in clock.runs)
    busy = busy_seconds((t.start, t.end) for t in clock.tasks)
    return (
        f"用时 Where the time went: {steps}; all {time.monotonic() - clock.began:.0f} s,"
        f" of which no task ran {whole - busy:.0f} s."
    )
