"""`qiangji decisions`, and how other commands tell what people decided: what, about what, who, when, why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column
from rich.text import Text

from qiangji.cli import words
from qiangji.cli.blocks import Line, print_card, print_in_blocks
from qiangji.cli.common import (
    Counties,
    Export,
    Forms,
    Json,
    as_period,
    console,
    require_place,
)
from qiangji.cli.words import Names

if TYPE_CHECKING:
    from qiangji.figures import Row

TOLD, TOLD_IN_BRIEF = 5, 2
"""Decisions that another command tells one by one."""
LEAST, MOST = 24, 60
"""Cells of a column of text: those that two beside each other need at least, and what one has at most."""
LEAD, BORDERS = 12, 8
"""Cells of the leading column, and of what stands between it and the others."""
_FOLDING = Console(width=MOST)


def decisions(
    period: Annotated[
        str | None, typer.Option("--period", help="a period, and those within it; default: all")
    ] = None,
    county: Counties = None,
    form: Forms = None,
    limit: Annotated[
        int,
        typer.Option(
            "--limit", min=1, help="decisions at most, the last first; `--json` and `--export` have all"
        ),
    ] = 40,
    json: Json = False,
    export: Export = None,
) -> None:
    """Print what people decided, the last first: on reports (release, void), periods (lock, unlock, publish) and
    findings.
    """
    from qiangji import pipeline
    from qiangji.cli.export import given
    from qiangji.figures import decisions as decided
    from qiangji.settings import settings
    from qiangji.warehouse import reading_warehouse

    require_place(export)
    catalogue = pipeline.read_catalogue()
    counties = catalogue.select_counties(county) if county else []
    forms = catalogue.require_forms(form or [])
    with reading_warehouse(settings()) as engine:
        rows = decided.taken(engine, decided.Asked(counties, forms, as_period(period)))
    if not given(rows, json, export):
        print_decisions(console, rows, limit, words.names(catalogue))


def print_decisions(console: Console, rows: Sequence[Row], limit: int, names: Names) -> None:
    """A table with a line a decision, up to `limit`, and how many more there are."""
    if not rows:
        console.print("没有人工决定 Nothing was decided.")
        return
    left = console.width - LEAD - BORDERS
    half = left // 2 - 2
    room = min(half if half >= LEAST else left, MOST)
    lines = [
        Line([_decided(r)], [_folded(_about(r, names), room), _folded([escape(r["reason"] or "-")], room)])
        for r in rows[:limit]
    ]
    columns = [Column("所涉 about"), Column("理由 why")]
    print_in_blocks(console, f"人工决定 Decisions: {len(rows):,}", ["决定 decided"], columns, lines)
    if len(rows) > limit:
        console.print(
            f"… 另有 and {len(rows) - limit:,} more: --limit, --period, --county, --form;"
            " 全部 all: --export FILE, --json",
            style="dim",
        )


def print_told(
    console: Console,
    rows: Sequence[Row],
    names: Names,
    title: str,
    others: int = 0,
    *,
    is_brief: bool = False,
) -> None:
    """A card a decision, the last first, up to `TOLD`; then how many more, and `others` that are on findings.

    `is_brief`: fewer, a line each where that has room, without the delivery.
    """
    if not rows and not others:
        return
    where = " [dim]qiangji decisions[/dim]" if is_brief else ""
    console.print(f"[bold]{title}: {len(rows) + others:,}[/bold]{where}")
    shown = rows[: TOLD_IN_BRIEF if is_brief else TOLD]
    for r in shown:
        about = " ".join(_about(r | {"delivery_id": None}, names))
        heading = f"[bold]{' '.join(_what(r['action']))}[/bold] {about}"
        said = f"{_local(r):%Y-%m-%d %H:%M} {r['decided_by']}：{r['reason'] or '-'}"
        line = Text.assemble("• ", Text.from_markup(heading), f" {said}")
        if is_brief and line.cell_len <= console.width:
            console.print(line)
        else:
            print_card(console, heading, said, None if is_brief else _delivery(r))
    more = len(rows) - len(shown)
    if others:
        console.print(f"• 核查发现的处置 on findings: {others:,}")
    if not is_brief and (more or others):
        rest = f"… 另有 and {more:,} more: " if more else "逐条 each: "
        console.print(f"{rest}qiangji decisions", style="dim", markup=False)


def _decided(r: Row) -> str:
    """What, when and by whom, a line each: the leading column."""
    at, (zh, word) = _local(r), _what(r["action"])
    lines = [f"[bold]{zh}[/bold]", f"[bold]{word}[/bold]", f"{at:%Y-%m-%d}", f"[dim]{at:%H:%M}[/dim]"]
    return _folded([*lines, escape(r["decided_by"])], LEAD)


def _local(r: Row) -> datetime:
    from qiangji.cli.printing import local

    return local(r["decided_at"])


def _what(action: str) -> tuple[str, str]:
    """What was decided in Chinese, and the word that is typed for it."""
    from qiangji.figures.decisions import ACTIONS

    return ACTIONS[action], action


def _about(r: Row, names: Names) -> list[str]:
    """What a decision is about, with rich's markup: the report, or the reports of a delivery; the period; the unit."""
    several = r.get("reports") or []
    if len(several) > 1:
        reports = [
            "、".join(f"{period} {names.form(form)}" for form, period in (x.split(" ") for x in several))
        ]
    else:
        reports = [" ".join(filter(None, (r["period"], names.form(r["form"]) if r["form"] else "")))]
    county = names.county(r["county_code"]) if r["county_code"] else ""
    unit = f"{escape(r['org_name'] or '')} [dim]{r['org_code']}[/dim]" if r.get("org_code") else ""
    rule = f"[dim]{r['rule']}[/dim]" if r.get("rule") else ""
    return [line for line in (county, *reports, unit, rule, escape(_delivery(r))) if line]


def _delivery(r: Row) -> str:
    return f"来件 {r['delivery_id']} {r['file_name'] or ''}".rstrip() if r.get("delivery_id") else ""


def _folded(lines: Sequence[str], width: int) -> str:
    """Lines with rich's markup, broken to a width, so that a column shows all of them."""
    broken = (
        part for line in lines for part in Text.from_markup(line).wrap(_FOLDING, width, overflow="fold")
    )
    return "\n".join(part.markup for part in broken)
