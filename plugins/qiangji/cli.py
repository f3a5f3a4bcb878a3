"""The command line.

Exit codes: 0 done, 1 error, 2 usage, 3 done, but something failed, was returned, held or is late.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.status import Status

from qiangji import cli_feedback, cli_findings, cli_restore
from qiangji.errors import QiangjiError, UsageError
from qiangji.masking import Masking, in_all_logs, masked
from qiangji.periods import Period, parse_range

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
# In a file or a pipe tables keep their width; COLUMNS says otherwise.
console = Console(highlight=False, width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 160)
ATTENTION = 3

Counties = Annotated[
    list[str] | None, typer.Option("--county", help="county code; may be repeated; default: all")
]
Periods = Annotated[
    list[str] | None,
    typer.Option("--period", help="2026-10, 2026Q3, 2026 or a range 2026-07..2026-10; repeatable"),
]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Reason = Annotated[str, typer.Option("--reason", help="why; recorded with who and when")]
FormOption = Annotated[str | None, typer.Option("--form", help="only this form of the delivery")]


def main() -> None:
    """Entry point: errors of ours are one line on stderr, not a traceback."""
    try:
        app()
    except QiangjiError as e:
        Console(stderr=True, highlight=False, markup=False).print(f"{e.code}: {e}", style="red")
        sys.exit(2 if isinstance(e, UsageError) else 1)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception:  # as Python would show it, masked
        sys.stderr.write(masked(traceback.format_exc()))
        sys.exit(1)


@app.callback()
def options(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="log what is done, to stderr")] = False,
) -> None:
    """Collect, check and build grassroots reports; read figures."""
    in_all_logs()
    to_stderr = logging.StreamHandler()
    to_stderr.setLevel(logging.INFO if verbose else logging.CRITICAL)  # outcomes are printed, not logged
    to_stderr.setFormatter(Masking("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(handlers=[to_stderr])
    logging.getLogger("qiangji").setLevel(logging.INFO)
    for noisy in ("alembic", "asyncssh", "httpx2", "great_expectations", "stamina"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


@app.command()
def collect(
    county: Counties = None,
    period: Periods = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="show what would be fetched and said; record nothing")
    ] = False,
    json: Json = False,
) -> None:
    """Pull from county systems and check what came."""
    from qiangji import pipeline

    with _progress("collecting"), pipeline.open_pipeline() as p:
        run = pipeline.preview if dry_run else pipeline.collect
        result = run(p, county or [], _periods(period))
    failures = [
        {"county_code": c, "form": f, "period": t, "reason_code": e.code, "message": str(e)}
        for c, f, t, e in result.failures
    ]
    verdicts = [_verdict(s) for s in result.submissions]
    _report(
        json,
        {
            "run_id": result.run_id,
            "deliveries": result.deliveries,
            "failures": failures,
            "checked": verdicts,
            "seconds": result.seconds,
        },
    )
    if not json:
        said = "would be fetched" if dry_run else "new"
        console.print(f"Deliveries {said}: {result.deliveries}. Failures: {len(failures)}.")
    _exit_on(failures or [v for v in verdicts if v["status"] in ("returned", "withheld", "held")])


@app.command()
def reprocess(
    period: Periods = None,
    form: Annotated[
        list[str] | None, typer.Option("--form", help="form; may be repeated; default: all")
    ] = None,
    json: Json = False,
) -> None:
    """Check again from the lake with today's catalogue and suites; nothing is fetched."""
    from qiangji import pipeline

    with _progress("checking again"), pipeline.open_pipeline() as p:
        if unknown := [f for f in form or [] if f not in p.catalogue.forms]:
            raise UsageError(f"no form {', '.join(unknown)}", expected=", ".join(p.catalogue.forms))
        verdicts = [_verdict(s) for s in pipeline.reprocess(p, form or [], _periods(period))]
    _report(json, {"checked": verdicts})
    _exit_on([v for v in verdicts if v["status"] in ("returned", "withheld", "held")])


@app.command()
def build(period: Periods = None, json: Json = False) -> None:
    """Compute facts and figures of these months and of those that depend on them; default: all that is due."""
    from qiangji import building, pipeline
    from qiangji.building.corrected import require_none_stale

    with _progress("building"), pipeline.open_pipeline() as p:
        asked = sorted({x.last_month for x in _periods(period)})
        building.require_sense(p.ledger, asked, pipeline.local_today())
        months = asked or building.pending_months(p.catalogue, p.ledger)
        built = building.build(p.catalogue, p.settings, p.ledger, months)
    result = {
        "build_id": built.build_id if built.months else None,
        "months": [str(m) for m in built.months],
        "facts_replaced": built.facts_replaced,
        "rows_inserted": built.rows_inserted,
        "rows_closed": built.rows_closed,
        "changed_in_locked": built.in_locked,
        "stale_corrections": [str(h) for h in built.stale],
        "seconds": built.seconds,
    }
    if json:
        _report(json, result)
    elif built.months:
        console.print(
            f"Built {', '.join(result['months'])}: {built.facts_replaced} fact partitions replaced,"  # type: ignore[arg-type]
            f" {built.rows_inserted:,} result rows inserted, {built.rows_closed:,} closed."
        )
    else:
        console.print("Everything was up to date.")
    if not json:
        for locked, n in built.in_locked.items():
            console.print(
                f"[yellow]{locked} 已锁定 is locked, and {n:,} of its result rows changed:[/yellow]"
                f" `qiangji diff --edition`, or `qiangji explain` a figure."
            )
    require_none_stale(built.stale)


@app.command()
def values(
    indicator: Annotated[
        list[str] | None, typer.Option("--indicator", help="indicator code; may be repeated")
    ] = None,
    level: Annotated[str | None, typer.Option("--level", help="city, county, town or village")] = None,
    org: Annotated[list[str] | None, typer.Option("--org", help="org unit code; may be repeated")] = None,
    period: Annotated[
        str | None, typer.Option("--period", help="default: the last month with figures")
    ] = None,
    period_type: Annotated[
        str | None, typer.Option("--period-type", help="month, quarter, year or ytd")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="as they were shown then: 2026-11-24, 2026-11-24T08:00")
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="change, rank and, in JSON, the way to the target")
    ] = False,
    restated: Annotated[
        bool, typer.Option("--restated", help="history on today's tree of units, along its lineage")
    ] = False,
    edition: Annotated[str | None, typer.Option("--edition", help="as they were published")] = None,
    json: Json = False,
) -> None:
    """Print indicator values."""
    from qiangji import comparison, editions, pipeline, printing, reading
    from qiangji.settings import settings
    from qiangji.warehouse import reading_warehouse

    wanted = str(Period.parse(period)) if period else None
    then = reading.moment(as_of, settings().timezone) if as_of else None
    if edition and (as_of or restated or compare):
        raise UsageError(
            "--edition is as it was published",
            expected="it without --as-of, --restated and --compare",
            code="edition_alone",
        )
    with reading_warehouse(settings()) as engine:
        if edition:
            published = editions.find(engine, edition, wanted)
            wanted, then = published["period"], published["published_at"]
        rows = reading.values(
            engine,
            pipeline.read_catalogue(),
            indicator or [],
            level,
            org or [],
            wanted,
            period_type,
            as_of=then,
            restated=restated,
            edition=edition,
        )
        if compare:
            rows = comparison.compare(engine, rows)
    if json:
        print(printing.as_json(rows))
    else:
        printing.print_values(console, rows)


@app.command()
def diff(
    since: Annotated[
        str | None, typer.Option("--from", help="the earlier time: 2026-11-24, 2026-11-24T08:00")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="the later time; default: now")] = None,
    edition: Annotated[str | None, typer.Option("--edition", help="since this one was published")] = None,
    period: Annotated[str | None, typer.Option("--period", help="of the edition")] = None,
    indicator: Annotated[
        list[str] | None, typer.Option("--indicator", help="indicator code; may be repeated")
    ] = None,
    level: Annotated[str | None, typer.Option("--level", help="city, county, town or village")] = None,
    org: Annotated[list[str] | None, typer.Option("--org", help="org unit code; may be repeated")] = None,
    json: Json = False,
) -> None:
    """Print which figures changed between two times, or since they were published, by how much, and why."""
    from qiangji import editions, explaining, printing, reading
    from qiangji.settings import settings
    from qiangji.warehouse import reading_warehouse

    if (edition is None) == (since is None) or (edition and until):
        raise UsageError("no time to begin with", expected="--from, or --edition", code="no_time")
    wanted = str(Period.parse(period)) if period else None
    with reading_warehouse(settings()) as engine:
        if edition:
            rows = editions.changes(engine, edition, wanted, indicator or [], level, org or [])
        else:
            first = reading.moment(since or "", settings().timezone)
            last = reading.moment(until, settings().timezone) if until else datetime.now(UTC)
            rows = explaining.changes(engine, first, last, indicator or [], level, org or [])
    if json:
        print(printing.as_json(rows))
    else:
        from qiangji import printing_figures

        printing_figures.print_changes(console, rows)


@app.command()
def explain(
    indicator: str,
    org: Annotated[str, typer.Option("--org", help="org unit code")],
    period: Annotated[str, typer.Option("--period", help="2026-10, 2026Q3 or 2026")],
    period_type: Annotated[
        str | None, typer.Option("--period-type", help="month, quarter, year or ytd")
    ] = None,
    json: Json = False,
) -> None:
    """Print what stands behind a figure: formula, sums, reports, what is missing or was rejected, its history."""
    from qiangji import explaining, printing
    from qiangji.settings import settings
    from qiangji.warehouse import reading_warehouse

    with reading_warehouse(settings()) as engine:
        explained = explaining.explain(engine, indicator, org, period, period_type)
    if json:
        print(printing.as_json(explained))
    else:
        from qiangji import printing_figures

        printing_figures.print_explanation(console, explained)


@app.command()
def status(
    period: Annotated[
        str | None, typer.Option("--period", help="one period; default: all that have ended")
    ] = None,
    json: Json = False,
) -> None:
    """Print the reporting grid, what is locked, and what needs attention."""
    from qiangji import dispositions, printing, reading
    from qiangji.settings import settings
    from qiangji.warehouse import reading_warehouse

    wanted = str(Period.parse(period)) if period else None
    with reading_warehouse(settings()) as engine:
        rows = reading.status(engine, wanted)
        rejected = reading.rejections(engine, rows)
        still_open = dispositions.count_open(engine, wanted)
        stale = reading.stale_corrections(engine)
        locked = reading.locks(engine)
    attention = reading.needs_attention(rows)
    if json:
        print(printing.as_json(rows))
    else:
        printing.print_status(console, rows)
        printing.print_locks(console, locked)
        printing.print_reasons(console, attention)
        if stale:
            from qiangji import printing_figures

            title = "已失效的人工更正 Corrections whose wrong value is gone"
            printing_figures.print_corrections(console, stale, title)
        if wanted:
            printing.print_rejections(console, rejected)
        cli_findings.print_count(console, still_open, wanted)
    _exit_on(attention or stale)


@app.command()
def release(
    delivery: str,
    reason: Reason,
    form: FormOption = None,
    period: Annotated[str | None, typer.Option()] = None,
) -> None:
    """Accept what a guard holds. DELIVERY is an id as `qiangji status` prints it."""
    _decide(delivery, "release", reason, form, period)


@app.command()
def void(
    delivery: str,
    reason: Reason,
    form: FormOption = None,
    period: Annotated[str | None, typer.Option()] = None,
) -> None:
    """Withdraw a delivery that is wrong: the revision before it counts again."""
    _decide(delivery, "void", reason, form, period)


cli_findings.add_to(app, console)
cli_restore.add_to(app, console)
cli_feedback.add_to(app, console)


@app.command()
def publish(
    period: str,
    name: Annotated[str, typer.Option("--name", help="the edition's name, such as 审定版")],
    by: Annotated[str, typer.Option("--by", help="who signs it off; default: the system's user")] = "",
    json: Json = False,
) -> None:
    """Freeze the figures of PERIOD (a month with its year to date, a quarter or a year) under a name."""
    from qiangji import editions, pipeline, printing

    wanted = Period.parse(period)
    with _progress("publishing"), pipeline.open_pipeline() as p:
        edition = editions.publish(p.ledger, wanted, name, by)
    if json:
        print(printing.as_json(edition))
    else:
        printing.print_edition(console, edition, editions.reservations_in_words(edition["reservations"]))
    _exit_on(edition["reservations"])


@app.command()
def lock(
    period: str,
    reason: Annotated[str, typer.Option("--reason", help="why; recorded with who and when")] = "",
    by: Annotated[str, typer.Option("--by", help="who locks it; default: the system's user")] = "",
) -> None:
    """Hold what arrives for PERIOD from now on, of every form whose period ends within it, until it is released."""
    _lock(period, "lock", reason, by)


@app.command()
def unlock(
    period: str,
    reason: Reason,
    by: Annotated[str, typer.Option("--by", help="who unlocks it; default: the system's user")] = "",
) -> None:
    """Take what arrives for PERIOD from now on as before; what was held stays held until it is released."""
    _lock(period, "unlock", reason, by)


@app.command("warehouse-url")
def warehouse_url(
    role: Annotated[
        str, typer.Option("--role", help="qiangji_bi, qiangji_analyst, qiangji_loader or qiangji_owner")
    ] = ("qiangji_bi"),
) -> None:
    """Print the connection string for a BI tool.

    It holds the password where the warehouse is the embedded one; another's passwords are known where it is run.
    """
    from qiangji import warehouse
    from qiangji.settings import settings

    if role not in warehouse.ROLES:
        raise UsageError(f"no role {role!r}", expected=", ".join(warehouse.ROLES), code="unknown_role")
    print(warehouse.url_for_tools(settings(), role))
    if not settings().warehouse_url:
        print("(the embedded server answers while `make up`, or a command, runs)", file=sys.stderr)


@app.command()
def doctor(json: Json = False) -> None:
    """Tell what is configured, reachable and migrated, and what is not."""
    from qiangji import diagnosis

    findings = diagnosis.examine()
    if json:
        _report(json, [vars(f) for f in findings])
    else:
        diagnosis.show(console, findings)
    if any(not f.is_well for f in findings):
        raise typer.Exit(1)


@app.command()
def demo(
    keep: Annotated[bool, typer.Option("--keep", help="leave everything running (`make up`)")] = False,
    down: Annotated[list[str] | None, typer.Option("--down", help="a county whose system is down")] = None,
) -> None:
    """Start the simulated county systems, run a night and a small backfill through Airflow, print the figures."""
    from qiangji import demo as demonstration

    raise typer.Exit(demonstration.run(console, keep=keep, down=down or []))


def _periods(texts: list[str] | None) -> list[Period]:
    return [p for text in texts or [] for p in parse_range(text)]


def _verdict(s: Any) -> dict[str, Any]:
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
        "delivery_id": s.delivery_id,
    }


def _why(verdict: dict[str, Any]) -> str:
    if verdict["reason_code"] == "period_locked":
        return "after the period was locked; nothing was replaced: `qiangji release` or `qiangji void` it"
    if verdict["status"] == "held":
        return "far fewer rows than the revision before; nothing was replaced: `qiangji release` or `qiangji void` it"
    return "\n".join(dict.fromkeys(filter(None, (verdict["message_zh"], verdict["message_en"]))))


def _decide(delivery: str, action: str, reason: str, form: str | None, period: str | None) -> None:
    from qiangji import pipeline

    with pipeline.open_pipeline() as p:
        touched = p.ledger.decide(
            delivery, action, reason, form, str(Period.parse(period)) if period else None
        )
    for s in touched:
        console.print(
            f"{s.county_code} {s.form} {s.period}: {s.status}"
            + (f", revision {s.revision}" if s.revision else "")
        )
    console.print("Run `qiangji build` to bring the figures up to date.")


def _lock(period: str, action: str, reason: str, by: str) -> None:
    from qiangji import pipeline
    from qiangji.ledger import locks

    wanted = Period.parse(period)
    with pipeline.open_pipeline() as p:
        event = locks.decide(p.ledger, wanted, action, reason, by)
    if action == "lock":
        console.print(
            f"{wanted} 已锁定 locked by {event['decided_by']}: what arrives from now on is held until"
            " `qiangji release`."
        )
    else:
        console.print(f"{wanted} 已解锁 unlocked by {event['decided_by']}: what is held stays held.")


def _report(json: bool, result: Any) -> None:
    from rich.table import Table

    from qiangji import printing

    if json:
        print(printing.as_json(result))
        return
    for failure in result.get("failures", []):
        console.print(
            f"[bold red]failed[/bold red] {failure['county_code']} {failure['reason_code']}: {failure['message']}"
        )
    if result.get("checked"):
        table = Table(title="核查结果 Checked", title_justify="left")
        for heading in (
            "county",
            "form",
            "period",
            "status",
            "revision",
            "rows",
            "rejected",
            "why",
            "delivery",
        ):
            table.add_column(heading, overflow="fold", no_wrap=heading in ("period", "delivery"))
        for v in result["checked"]:
            style = printing.STYLES.get(v["status"], "white")
            table.add_row(
                v["county_code"], v["form"], v["period"], f"[{style}]{v['status']}[/{style}]",
                f"v{v['revision']}" if v["revision"] else "", f"{v['rows_received']:,}", f"{v['rows_rejected']:,}",
                _why(v), v["delivery_id"] if v["status"] != "accepted" else "",
            )  # fmt: skip
        console.print(table)


def _exit_on(problems: list[Any]) -> None:
    if problems:
        raise typer.Exit(ATTENTION)


class _Latest(logging.Handler):
    """Shows what was logged last beside the spinner: the county that is done, the submission that was checked."""

    def __init__(self, what: str, status: Status) -> None:
        super().__init__(logging.INFO)
        self._what, self._status, self._done = what, status, 0

    def emit(self, record: logging.LogRecord) -> None:
        self._done += 1
        self._status.update(f"{self._what} [{self._done}] {record.getMessage():.100}")


@contextmanager
def _progress(what: str) -> Iterator[None]:
    """What is being done, on stderr while it takes long (nothing where stderr is no terminal)."""
    with Console(stderr=True, markup=False).status(what) as status:
        latest = _Latest(what, status)
        logging.getLogger("qiangji").addHandler(latest)
        try:
            yield
        finally:
            logging.getLogger("qiangji").removeHandler(latest)
