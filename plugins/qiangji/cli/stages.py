"""`qiangji collect`, `reprocess` and `build`: the stages of the nightly DAGs, by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qiangji.cli.common import (
    Counties,
    Forms,
    Json,
    Periods,
    as_periods,
    console,
    exit_on,
    progress,
)

if TYPE_CHECKING:
    from qiangji.cli.words import Names
    from qiangji.ledger import Submission
    from qiangji.stages import Rehearsed


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
    from qiangji.cli import printing, printing_stages, words

    with progress("collecting"), pipeline.open_pipeline() as p:
        run = stages.preview if dry_run else stages.collect
        result = run(p, county or [], as_periods(period))
        names = words.names(p.catalogue)
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
    if json:
        print(
            printing.as_json(
                {
                    "run_id": result.run_id,
                    "deliveries": result.deliveries,
                    "failures": failures,
                    "notes": notes,
                    "nothing_found": [str(m) for m in result.not_seen],
                    "not_reached": [str(m) for m in result.not_reached],
                    "checked": verdicts,
                    "seconds": result.seconds,
                }
            )
        )
    else:
        printing_stages.print_failures(console, names, result.failures)
        printing_stages.print_notes(console, names, notes)
        printing_stages.print_checked(console, names, verdicts)
        if period:
            printing_stages.print_missing(console, result)
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
    from qiangji.cli import printing, printing_stages, words

    if dry_run:
        with progress("checking again, for a try"), pipeline.open_pipeline() as p:
            forms = p.catalogue.require_forms(form or [])
            rehearsed = stages.rehearse(p, forms, as_periods(period))
            names = words.names(p.catalogue)
        _show_rehearsed(names, rehearsed, json)
        exit_on([r for r in rehearsed if r.turns_bad])
        return
    with progress("checking again"), pipeline.open_pipeline() as p:
        forms = p.catalogue.require_forms(form or [])
        verdicts = [_verdict(s) for s in stages.reprocess(p, forms, as_periods(period))]
        names = words.names(p.catalogue)
    if json:
        print(printing.as_json({"checked": verdicts}))
    else:
        printing_stages.print_checked(console, names, verdicts)
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
    from qiangji.cli import printing, printing_stages

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
        printing_stages.print_built(console, built)
    require_none_failed(built.failed)
    require_none_stale(built.stale)


def _show_rehearsed(names: Names, rehearsed: Sequence[Rehearsed], json: bool) -> None:
    """What would change, and how many of each kind; the rest is counted."""
    from qiangji.cli import printing, printing_stages

    changes = sorted(
        (_change(r) for r in rehearsed if r.is_changed),
        key=lambda c: (c["form"], c["period"], c["county_code"]),
    )
    if json:
        counts = Counter(f"{c['before']} -> {c['after']}" for c in changes)
        print(printing.as_json({"checked": len(rehearsed), "counts": dict(counts), "changes": changes}))
        return
    printing_stages.print_rehearsed(console, names, changes, len(rehearsed))


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
