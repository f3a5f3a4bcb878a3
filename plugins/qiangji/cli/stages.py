"""`qiangji collect`, `reprocess` and `build`: the stages of the nightly DAGs, by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from qiangji.cli.common import (
    Counties,
    Forms,
    Json,
    Periods,
    as_periods,
    console,
    exit_on,
    progress,
    right,
    table,
    unbroken,
)

if TYPE_CHECKING:
    from qiangji.building import Built
    from qiangji.ledger import Submission
    from qiangji.stages import Rehearsed

_GUARDS = {
    "period_locked": ("报告期锁定后收到", "after the period was locked"),
    "far_fewer_rows": ("记录比上一版本少得多", "far fewer rows than the revision before"),
}
_HELD = "未采用，原数据不变 nothing was replaced: `qiangji release` or `qiangji void` it"


def collect(
    county: Counties = None,
    period: Periods = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="show what would be fetched and said; record nothing")
    ] = False,
    json: Json = False,
) -> None:
    """Pull from county systems and check what came.

    Without `--period` it looks at the last QIANGJI_WINDOW_MONTHS months.

    Exit code 3: a county could not be collected, a submission was returned, withheld or held, or a file lies there
    under another name than the one expected.
    """
    from qiangji import pipeline, stages

    with progress("collecting"), pipeline.open_pipeline() as p:
        run = stages.preview if dry_run else stages.collect
        result = run(p, county or [], as_periods(period))
    failures = [
        {"county_code": c, "form": f, "period": t, "reason_code": e.code, "message": str(e)}
        for c, f, t, e in result.failures
    ]
    notes = [
        {
            "county_code": c,
            "form": n.form,
            "period": str(n.period),
            "reason_code": n.code,
            "message": n.message,
        }
        for c, n in result.notes
    ]
    verdicts = [_verdict(s) for s in result.submissions]
    _report(
        json,
        {
            "run_id": result.run_id,
            "deliveries": result.deliveries,
            "failures": failures,
            "notes": notes,
            "nothing_found": [str(m) for m in result.not_seen],
            "checked": verdicts,
            "seconds": result.seconds,
        },
    )
    if not json:
        if period and result.not_seen:
            none = "、".join(map(str, result.not_seen))
            console.print(
                f"{none} 没有找到任何报表文件 nothing was found for {none}.", style="yellow", markup=False
            )
        zh, en = ("将采集来件", "would be fetched") if dry_run else ("新来件", "new")
        console.print(
            f"{zh} Deliveries {en}: {result.deliveries}. 已核查 Checked: {len(verdicts)}."
            f" 失败 Failures: {len(failures)}."
        )
    exit_on(failures or notes or [v for v in verdicts if v["status"] in ("returned", "withheld", "held")])


def reprocess(
    period: Periods = None,
    form: Forms = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="show what would change, such as accepted to returned; record nothing"
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Check again from the lake with today's catalogue and suites; nothing is fetched.

    Exit code 3: a submission was returned, withheld or held; in a dry run, one would be that is not now.
    """
    from qiangji import pipeline, stages

    if dry_run:
        with progress("checking again, for a try"), pipeline.open_pipeline() as p:
            forms = p.catalogue.require_forms(form or [])
            rehearsed = stages.rehearse(p, forms, as_periods(period))
        _show_rehearsed(rehearsed, json)
        exit_on([r for r in rehearsed if r.turns_bad])
        return
    with progress("checking again"), pipeline.open_pipeline() as p:
        forms = p.catalogue.require_forms(form or [])
        verdicts = [_verdict(s) for s in stages.reprocess(p, forms, as_periods(period))]
    _report(json, {"checked": verdicts})
    exit_on([v for v in verdicts if v["status"] in ("returned", "withheld", "held")])


def build(
    period: Periods = None,
    again: Annotated[
        bool, typer.Option("--again", help="build them even where nothing that they come from has changed")
    ] = False,
    json: Json = False,
) -> None:
    """Compute facts and figures of these months and of the months that depend on them; default: all that is due.

    Exit code 1: sums of some forms could not be computed, or a correction not applied; everything else is built.
    """
    from qiangji import building, pipeline, stages
    from qiangji.building.corrected import require_none_stale
    from qiangji.building.failing import require_none_failed
    from qiangji.cli import printing

    with progress("building"), pipeline.open_pipeline() as p:
        asked = sorted({x.last_month for x in as_periods(period)})
        today = stages.local_today()
        building.require_sense(p.ledger, p.catalogue, asked, today)
        months = asked or building.pending_months(p.ledger, p.catalogue, today)
        built = building.build(p, months, again=again)
    result = {
        "build_id": built.build_id if built.months else None,
        "months": [str(m) for m in built.months],
        "facts_replaced": built.facts_replaced,
        "rows_inserted": built.rows_inserted,
        "rows_closed": built.rows_closed,
        "changed_in_locked": built.in_locked,
        "failed": [str(f) for f in built.failed],
        "stale_corrections": [str(h) for h in built.stale],
        "seconds": built.seconds,
    }
    if json:
        print(printing.as_json(result))
    else:
        _print_built(built)
    require_none_failed(built.failed)
    require_none_stale(built.stale)


def _print_built(built: Built) -> None:
    if built.months:
        console.print(
            f"已计算 Built {', '.join(map(str, built.months))}: 替换 {built.facts_replaced} 个事实分区"
            f" {built.facts_replaced} fact partitions replaced,"
            f" 新增 {built.rows_inserted:,} 行结果 result rows inserted, 关闭 {built.rows_closed:,} 行 closed."
        )
    else:
        console.print("无需重新计算 Everything was up to date.")
    for locked, n in built.in_locked.items():
        console.print(
            f"[yellow]{locked} 已锁定，但结果有 {n:,} 行变动 is locked, and {n:,} result rows changed:[/yellow]"
            f" `qiangji diff --edition`, or `qiangji explain` a figure."
        )


def _show_rehearsed(rehearsed: Sequence[Rehearsed], json: bool) -> None:
    """What would change, one line a submission, and how many of each kind; the rest is counted."""
    from qiangji.cli import printing

    changes = sorted(
        (_change(r) for r in rehearsed if r.is_changed),
        key=lambda c: (c["form"], c["period"], c["county_code"]),
    )
    counts = Counter(f"{c['before']} -> {c['after']}" for c in changes)
    if json:
        print(printing.as_json({"checked": len(rehearsed), "counts": dict(counts), "changes": changes}))
        return
    if changes:
        shown = table(
            "重新核查将改变 What would change", "县 county", "报表 form", unbroken("期 period"),
            "现状 before", "改后 after", *right("原行数 rows before", "改后行数 rows after", "退回 rejected"),
            "原因 why",
        )  # fmt: skip
        for c in changes:
            before, after = (f"[{printing.STYLES.get(s, 'white')}]{s}[/]" for s in (c["before"], c["after"]))
            shown.add_row(
                c["county_code"], c["form"], c["period"], before, after, f"{c['rows_accepted_before']:,}",
                f"{c['rows_accepted']:,}", f"{c['rows_rejected']:,}", _why(c),
            )  # fmt: skip
        console.print(shown)
    for kind, n in counts.most_common():
        console.print(f"{n:,} {kind}", markup=False)
    console.print(
        f"试核{len(rehearsed)}份，{len(rehearsed) - len(changes)}份不变；未作任何记录。"
        f" Checked {len(rehearsed):,} for a try, {len(rehearsed) - len(changes):,} would stay as they are;"
        " nothing was recorded."
    )


def _change(r: Rehearsed) -> dict[str, Any]:
    before = {
        "before": r.before.status if r.before else "unchecked",
        "rows_accepted_before": r.before.rows_accepted if r.before else 0,
    }
    after = {name: value for name, value in _verdict(r.after).items() if name != "revision"}
    return {**before, "after": r.after.status, **after}


def _verdict(s: Submission) -> dict[str, Any]:
    """A submission as the commands print it."""
    return {
        "county_code": s.county_code,
        "form": s.form,
        "period": s.period,
        "status": s.status or s.verdict,
        "revision": s.revision,
        "rows_received": s.rows_received,
        "rows_accepted": s.rows_accepted,
        "rows_rejected": s.rows_rejected,
        "reason_code": s.held_reason or s.reason_code,
        "message_zh": s.message_zh,
        "message_en": s.message_en,
        "doubt_zh": s.doubt_zh,
        "doubt_en": s.doubt_en,
        "delivery_id": s.delivery_id,
    }


def _why(verdict: dict[str, Any]) -> str:
    if verdict["status"] == "held":
        guards = [*_GUARDS.get(verdict["reason_code"], ()), verdict["doubt_zh"], verdict["doubt_en"], _HELD]
        return "\n".join(filter(None, guards))
    return "\n".join(dict.fromkeys(filter(None, (verdict["message_zh"], verdict["message_en"]))))


def _report(json: bool, result: Any) -> None:
    from qiangji.cli import printing

    if json:
        print(printing.as_json(result))
        return
    for failure in result.get("failures", []):
        console.print(
            f"[bold red]采集失败 failed[/bold red] {failure['county_code']} {failure['reason_code']}:"
            f" {escape(failure['message'])}"
        )
    for note in result.get("notes", []):
        console.print(
            f"[yellow]未采集 not collected[/yellow] {note['county_code']} {note['form']} {note['period']}"
            f" {note['reason_code']}: {escape(note['message'])}"
        )
    if result.get("checked"):
        checked = table(
            "核查结果 Checked", "县 county", "报表 form", unbroken("期 period"), "状态 status", "版本 revision",
            "行数 rows", "退回 rejected", "原因 why", unbroken("来件 delivery"),
        )  # fmt: skip
        for v in result["checked"]:
            style = printing.STYLES.get(v["status"], "white")
            checked.add_row(
                v["county_code"], v["form"], v["period"], f"[{style}]{v['status']}[/{style}]",
                f"v{v['revision']}" if v["revision"] else "", f"{v['rows_received']:,}", f"{v['rows_rejected']:,}",
                escape(_why(v)), v["delivery_id"] if v["status"] != "accepted" else "",
            )  # fmt: skip
        console.print(checked)
