"""`qiangji findings` and `qiangji dispose`: what checks flagged, and what people decided about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

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
    right,
    table,
    unbroken,
)


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
        print_findings(rows, limit)


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
    if json:
        told = {
            "disposition": disposition,
            "disposition_by": events.decided_by(by),
            "disposition_reason": reason,
        }
        print(printing.as_json([row | told for row in touched]))
        return
    for row in touched:
        console.print(
            f"{row['finding_id']} {row['county_code']} {row['form']} {row['period']} {row['rule']}:"
            f" {row['disposition']} → {disposition} {dispositions.DISPOSITIONS[disposition]}"
        )
    if any("confirmed" in (row["disposition"], disposition) for row in touched):
        console.print(
            "请运行 qiangji build 更新指标的提醒标记。 Run `qiangji build` to bring the warnings of figures up to date."
        )


def print_findings(rows: list[dict[str, Any]], limit: int) -> None:
    """How many each rule has in each county, then up to `limit` findings in the order of `rows`, and what is left."""
    if not rows:
        console.print("没有待核的核查发现 No open findings.")
        return
    _print_summary(rows)
    shown = table(
        "核查发现 Findings", unbroken("编号 id"), "县 county", "报表 form", unbroken("期 period"), "单位 unit",
        "说明 finding", "处置 disposition",
    )  # fmt: skip
    for r in rows[:limit]:
        shown.add_row(
            r["finding_id"], f"{r['county_code']} {r['county_name']}", r["form"], r["period"],
            f"{r['org_name'] or ''}\n{r['org_code']}", _said(r), _decided(r),
        )  # fmt: skip
    if limit:
        console.print(shown)
    if len(rows) > limit:
        console.print(
            f"… 另有 and {len(rows) - limit:,} more: --limit, --county, --form, --severity;"
            " 全部 all: --export FILE, --json",
            style="dim",
        )


def _print_summary(rows: list[dict[str, Any]]) -> None:
    from qiangji.ledger.dispositions import SEVERITIES, summed_up

    counted = summed_up(rows)
    summary = table(
        "按规则和县汇总 By rule and county",
        "规则 rule",
        "级别 severity",
        *right("数 findings"),
        "县 counties",
    )
    for one in counted:
        summary.add_row(
            one.rule, f"{SEVERITIES[one.severity]} {one.severity}", f"{one.findings:,}",
            "、".join(f"{name} {n:,}" for _, name, n in one.counties),
        )  # fmt: skip
    console.print(summary)
    console.print(f"共 in all {len(rows):,} 个核查发现 findings, {len(counted):,} 条规则 rules.")


def _said(r: dict[str, Any]) -> str:
    lines = [f"{r['message_zh']}，应为{r['expected_zh']}", f"{r['message_en']} (expected {r['expected_en']})"]
    if r["message_zh"].endswith(r["expected_zh"]):  # the value is not shown at this unit
        lines = [r["message_zh"], r["message_en"]]
    return "\n".join([*lines, r["rule"]])


def _decided(r: dict[str, Any]) -> str:
    from qiangji.ledger.dispositions import DISPOSITIONS

    decided = f"{DISPOSITIONS[r['disposition']]} {r['disposition']}"
    if r["disposition_by"]:
        decided += f"\n{r['disposition_by']} {r['disposition_at']:%m-%d}\n{r['disposition_reason']}"
    return decided


def print_count(count: int, period: str | None, counties: Sequence[str] = ()) -> None:
    """How many findings are open, and where to read them."""
    if count:
        chosen = f" --period {period}" if period else ""
        chosen += "".join(f" --county {code}" for code in counties)
        console.print(f"核查发现待核 Open findings: {count:,}. `qiangji findings{chosen}` lists them.")
