"""`qiangji findings` and `qiangji dispose`: what checks flagged, and what people decided about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.markup import escape

from qiangji.cli import words
from qiangji.cli.blocks import print_card
from qiangji.cli.common import (
    By,
    Counties,
    Export,
    Forms,
    Json,
    Reason,
    as_period,
    console,
    require_place,
)
from qiangji.cli.words import Names


def findings(
    period: Annotated[
        str | None, typer.Option("--period", help="a period, and those within it; default: all")
    ] = None,
    county: Counties = None,
    form: Forms = None,
    severity: Annotated[str | None, typer.Option("--severity", help="warning or info; default: both")] = None,
    is_all: Annotated[
        bool, typer.Option("--all", help="also those that were confirmed or sent back")
    ] = False,
    limit: Annotated[
        int,
        typer.Option(
            "--limit", min=0, help="findings at most, below the summary; `--json` and `--export` have all"
        ),
    ] = 40,
    json: Json = False,
    export: Export = None,
) -> None:
    """Print findings that nobody has decided on yet, what was accepted and looks wrong: first by rule and county."""
    from qiangji import pipeline
    from qiangji.cli.export import given
    from qiangji.figures import reading
    from qiangji.ledger import dispositions
    from qiangji.settings import settings
    from qiangji.warehouse import reading_warehouse

    require_place(export)
    catalogue = pipeline.read_catalogue()
    counties = catalogue.select_counties(county) if county else []
    forms = catalogue.require_forms(form or [])
    with reading_warehouse(settings()) as engine:
        reading.require_reported(engine, as_period(period))
        rows = dispositions.findings(
            engine, as_period(period), counties, forms, severity=severity, is_all=is_all
        )
    if not given(rows, json, export):
        print_findings(rows, limit, words.names(catalogue))


def dispose(
    finding: Annotated[
        list[str], typer.Argument(help="ids as `qiangji findings` prints them, or their beginnings")
    ],
    disposition: Annotated[str, typer.Option("--as", help="confirmed, resubmit or open")],
    reason: Reason,
    by: By = None,
    json: Json = False,
) -> None:
    """Decide on findings: confirmed as right, to be sent again by the county, or open again."""
    from qiangji import pipeline
    from qiangji.cli import printing
    from qiangji.ledger import dispositions, events

    with pipeline.open_pipeline() as p:
        touched = dispositions.dispose(p.ledger, finding, disposition, reason, by)
        names = words.names(p.catalogue)
    if json:
        told = {
            "disposition": disposition,
            "disposition_by": events.decided_by(by),
            "disposition_reason": reason,
        }
        print(printing.as_json([row | told for row in touched]))
        return
    decisions = dispositions.DISPOSITIONS
    for row in touched:
        console.print(
            f"[cyan]{row['finding_id']}[/cyan] {names.report(row['county_code'], row['form'], row['period'])}"
            f" [dim]{row['rule']}[/dim]: {decisions[row['disposition']]} {row['disposition']}"
            f" → {decisions[disposition]} {disposition}"
        )
    if any("confirmed" in (row["disposition"], disposition) for row in touched):
        console.print(
            "请运行 qiangji build 更新指标的提醒标记。 Run `qiangji build` to bring the warnings of figures up to date."
        )


def print_findings(rows: list[dict[str, Any]], limit: int, names: Names) -> None:
    """How many each rule has in each county, then up to `limit` findings in the order of `rows`, and what is left."""
    if not rows:
        console.print("没有待核的核查发现 No open findings.")
        return
    _print_summary(rows, names)
    for r in rows[:limit]:
        heading = (
            f"[cyan]{r['finding_id']}[/cyan] {names.report(r['county_code'], r['form'], r['period'])}"
            f" {escape(r['org_name'] or '')} [dim]{r['org_code']} {r['rule']}[/dim]"
        )
        print_card(console, heading, *_said(r), _decided(r))
    if len(rows) > limit:
        console.print(
            f"… 另有 and {len(rows) - limit:,} more: --limit, --county, --form, --severity;"
            " 全部 all: --export FILE, --json",
            style="dim",
        )


def _print_summary(rows: list[dict[str, Any]], names: Names) -> None:
    from qiangji.ledger.dispositions import SEVERITIES, summed_up

    counted = summed_up(rows)
    console.print("[bold]按规则和县汇总 By rule and county[/bold]")
    expected: dict[str, set[str]] = {}
    for r in rows:
        expected.setdefault(r["rule"], set()).add(r["expected_zh"])
    for one in counted:
        always = f"应为{next(iter(expected[one.rule]))}" if len(expected[one.rule]) == 1 else None
        counties = "、".join(f"{name} {n:,}" for _, name, n in one.counties)
        heading = f"{one.findings:,} {SEVERITIES[one.severity]} {one.severity} {names.rule(one.rule)}"
        print_card(console, heading, always, counties)
    console.print(f"共 in all {len(rows):,} 个核查发现 findings, {len(counted):,} 条规则 rules.")


def _said(r: dict[str, Any]) -> list[str]:
    if r["message_zh"].endswith(r["expected_zh"]):  # the value is not shown at this unit
        return [r["message_zh"], r["message_en"]]
    return [f"{r['message_zh']}，应为{r['expected_zh']}", f"{r['message_en']} (expected {r['expected_en']})"]


def _decided(r: dict[str, Any]) -> str:
    from qiangji.cli.printing import local
    from qiangji.ledger.dispositions import DISPOSITIONS

    said = f"{DISPOSITIONS[r['disposition']]} {r['disposition']}"
    if not r["disposition_by"]:
        return said
    return f"{said}: {r['disposition_by']} {local(r['disposition_at']):%m-%d} {r['disposition_reason']}"


def print_count(count: int, period: str | None, counties: Sequence[str] = ()) -> None:
    """How many findings are open, and where to read them."""
    if count:
        chosen = f" --period {period}" if period else ""
        chosen += "".join(f" --county {code}" for code in counties)
        console.print(f"核查发现待核 Open findings: {count:,}. `qiangji findings{chosen}` lists them.")
