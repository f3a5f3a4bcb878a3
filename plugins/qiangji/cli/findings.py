"""`qiangji findings` and `qiangji dispose`: what checks flagged, and what people decided about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from qiangji.cli.common import By, Counties, Forms, Json, Reason, as_period, console, table, unbroken


def findings(
    period: Annotated[
        str | None, typer.Option("--period", help="a period, and those within it; default: all")
    ] = None,
    county: Counties = None,
    form: Forms = None,
    is_all: Annotated[
        bool, typer.Option("--all", help="also those that were confirmed or sent back")
    ] = False,
    json: Json = False,
) -> None:
    """Print findings that nobody has decided on yet: what was accepted and looks wrong."""
    from qiangji import pipeline
    from qiangji.cli import printing
    from qiangji.figures import reading
    from qiangji.ledger import dispositions
    from qiangji.settings import settings
    from qiangji.warehouse import reading_warehouse

    catalogue = pipeline.read_catalogue()
    counties = catalogue.select_counties(county) if county else []
    forms = catalogue.require_forms(form or [])
    with reading_warehouse(settings()) as engine:
        reading.require_reported(engine, as_period(period))
        rows = dispositions.findings(engine, as_period(period), counties, forms, is_all=is_all)
    if json:
        print(printing.as_json(rows))
    else:
        print_findings(rows)


def dispose(
    finding: Annotated[list[str], typer.Argument(help="ids as `qiangji findings` prints them")],
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
        console.print("Run `qiangji build` to bring the warnings of figures up to date.")


def print_findings(rows: list[dict[str, Any]]) -> None:
    """One line a finding, in the order of `rows`; then how many each rule has."""
    from qiangji.ledger.dispositions import DISPOSITIONS

    if not rows:
        console.print("没有待核的核查发现 No open findings.")
        return
    shown = table(
        "核查发现 Findings", unbroken("编号 id"), "县 county", "报表 form", unbroken("期 period"), "单位 unit",
        "说明 finding", "处置 disposition",
    )  # fmt: skip
    for r in rows:
        lines = [
            f"{r['message_zh']}，应为{r['expected_zh']}",
            f"{r['message_en']} (expected {r['expected_en']})",
        ]
        if r["message_zh"].endswith(r["expected_zh"]):  # the value is not shown at this unit
            lines = [r["message_zh"], r["message_en"]]
        decided = f"{DISPOSITIONS[r['disposition']]} {r['disposition']}"
        if r["disposition_by"]:
            decided += f"\n{r['disposition_by']} {r['disposition_at']:%m-%d}\n{r['disposition_reason']}"
        shown.add_row(
            r["finding_id"], f"{r['county_code']} {r['county_name']}", r["form"], r["period"],
            f"{r['org_name'] or ''}\n{r['org_code']}", "\n".join([*lines, r["rule"]]), decided,
        )  # fmt: skip
    console.print(shown)
    rules = Counter(r["rule"] for r in rows)
    console.print(f"{len(rows):,}: " + " · ".join(f"{rule} {n:,}" for rule, n in rules.most_common()))


def print_count(count: int, period: str | None, counties: Sequence[str] = ()) -> None:
    """How many findings are open, and where to read them."""
    if count:
        chosen = f" --period {period}" if period else ""
        chosen += "".join(f" --county {code}" for code in counties)
        console.print(f"核查发现待核 Open findings: {count:,}. `qiangji findings{chosen}` lists them.")
