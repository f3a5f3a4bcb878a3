"""`qiangji values`, `diff`, `explain` and `status`: figures and the reporting grid, read from the warehouse."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qiangji.cli import decided, findings, words
from qiangji.cli.common import (
    Counties,
    Export,
    Indicators,
    Json,
    Level,
    Orgs,
    PeriodType,
    as_period,
    console,
    exit_on,
    require_place,
    unbuilt_months,
)
from qiangji.errors import CatalogueError, UsageError

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from qiangji.catalogue.load import Catalogue
    from qiangji.figures.moving import Asked


def values(
    indicator: Indicators = None,
    level: Level = None,
    org: Orgs = None,
    period: Annotated[
        str | None, typer.Option("--period", help="one period; default: the last month with figures")
    ] = None,
    period_type: PeriodType = None,
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
    export: Export = None,
) -> None:
    """Print indicator values."""
    from qiangji import pipeline
    from qiangji.cli import printing
    from qiangji.cli.export import given
    from qiangji.figures import Choice, comparison, editions, nothing, reading
    from qiangji.settings import settings
    from qiangji.warehouse import reading_warehouse

    require_place(export)
    wanted = as_period(period)
    then = reading.moment(as_of, settings().timezone) if as_of is not None else None
    if edition is not None and (as_of or restated or compare):
        raise UsageError(
            "--edition is as it was published",
            expected="it without --as-of, --restated and --compare",
            zh="--edition按发布时的样子显示，不能与--as-of、--restated、--compare同用。",
            code="edition_alone",
        )
    choice = Choice(indicator or [], level, org or [])
    catalogue = pipeline.read_catalogue()
    with reading_warehouse(settings()) as engine:
        if edition is not None:
            published = editions.find(engine, edition, wanted)
            wanted, then = published["period"], published["published_at"]
        state = reading.State(then, edition, restated)
        rows = reading.values(engine, catalogue, choice, wanted, period_type, state)
        if compare:
            rows = comparison.compare(engine, rows)
        if given(rows, json, export):
            return
        if rows:
            printing.print_values(console, rows)
        else:
            console.print(
                nothing.why_none(engine, catalogue, choice, wanted, period_type, then), markup=False
            )


def diff(
    since: Annotated[
        str | None,
        typer.Option(
            "--from", help="the earlier time: 2026-11-24, 2026-11-24T08:00; default: before the last build"
        ),
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="the later time; default: now")] = None,
    edition: Annotated[str | None, typer.Option("--edition", help="since this one was published")] = None,
    period: Annotated[
        str | None, typer.Option("--period", help="the edition's, if several have its name")
    ] = None,
    indicator: Indicators = None,
    level: Level = None,
    org: Orgs = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="lines at most, the largest changes first; `--json` has all")
    ] = 40,
    json: Json = False,
    export: Export = None,
) -> None:
    """Print which figures changed between two times, or since they were published, by how much, and why.

    Without `--from` and `--edition`: what the last build changed. Without `--level` and `--org` it looks at the city
    and its counties, and says how many changed beneath them.
    """
    from qiangji.cli.export import given
    from qiangji.figures import Choice, decisions, editions, explaining
    from qiangji.settings import settings
    from qiangji.warehouse import reading_warehouse

    if edition is not None and (since is not None or until is not None):
        raise UsageError(
            "an edition and a time to begin with, or to end with",
            expected="--from (with --to, or without), or --edition",
            zh="--edition不能与--from、--to同用：二者取一。",
            code="no_time",
        )
    if until is not None and since is None:
        raise UsageError(
            "a time to end with, and none to begin with",
            expected="--from with --to",
            zh="有--to而没有--from：请给出起点--from。",
            code="no_time",
        )
    require_place(export)
    wanted, choice = as_period(period), Choice(indicator or [], level, org or [])
    with reading_warehouse(settings()) as engine:
        built = explaining.first_built(engine)
        if edition is not None:
            published = editions.find(engine, edition, wanted)
            first, last = published["published_at"], datetime.now(UTC)
            rows = editions.changes(engine, edition, wanted, choice)
            beneath = {} if json else editions.changed_beneath(engine, edition, wanted, choice)
        else:
            first, last = _moments(engine, since, until)
            rows = explaining.changes(engine, first, last, choice)
            beneath = {} if json else explaining.changed_beneath(engine, first, last, choice)
        taken = decisions.in_between(engine, first, last, choice.orgs)
    if not given(rows, json, export):
        from qiangji.cli import printing_figures

        if edition is None:
            printing_figures.print_since(console, first, built, is_chosen=since is not None)
        else:
            printing_figures.print_compared(console, published)
        printing_figures.print_changes(console, rows, choice, beneath, limit)
        names = words.names(_readable_catalogue())
        decided.print_told(console, taken, names, "期间的人工决定 Decided in between")


def _moments(engine: Engine, since: str | None, until: str | None) -> tuple[datetime, datetime]:
    """The two times that are compared. Raises UsageError no_time."""
    from qiangji.figures import explaining, reading
    from qiangji.settings import settings

    zone, now = settings().timezone, datetime.now(UTC)
    last = now if until is None else reading.moment(until, zone)
    if since is not None:
        return reading.moment(since, zone), last
    return explaining.before_last_build(engine) or now - timedelta(seconds=1), last


def explain(
    indicator: Annotated[str, typer.Argument(help="indicator code")],
    org: Annotated[str | None, typer.Option("--org", help="org unit code")] = None,
    period: Annotated[str | None, typer.Option("--period", help="2026-10, 2026Q3, 2026H1 or 2026")] = None,
    period_type: PeriodType = None,
    sql: Annotated[
        bool, typer.Option("--sql", help="only the SQL by which a build computes it, for its headline period")
    ] = False,
    change: Annotated[
        bool,
        typer.Option("--change", help="only what made it move since the period before, by the units beneath"),
    ] = False,
    against: Annotated[str | None, typer.Option("--against", help="with --change: since this period")] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="with --change: the same period as it was shown at this time")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="and at this one; default: now")] = None,
    levels: Annotated[
        int, typer.Option("--levels", min=1, max=3, help="with --change: how many levels down the units lie")
    ] = 1,
    json: Json = False,
) -> None:
    """Print what stands behind a figure: formula, sums, reports, what is missing or was rejected, its history.

    With `--change`: what made it move (docs/what-made-it-move.md).
    """
    from qiangji import pipeline
    from qiangji.cli import printing
    from qiangji.figures import explaining, moving
    from qiangji.settings import settings
    from qiangji.warehouse import reading_warehouse

    if sql:
        from dataclasses import asdict

        from qiangji.indicators import columns

        steps = list(columns.statements(settings().sql / "models", pipeline.read_catalogue(), indicator))
        print(
            printing.as_json([asdict(s) for s in steps])
            if json
            else "\n\n".join(f"-- {s.title}\n{s.sql}" for s in steps)
        )
        return
    catalogue = pipeline.read_catalogue()
    if org is None or period is None:
        catalogue.require_indicators([indicator])
        raise UsageError(
            "a figure is of a unit and a period",
            expected="--org and --period; or --sql",
            zh="指标值属于一个单位和一个报告期：请给出--org和--period，或用--sql。",
            code="no_figure",
        )
    if change or against or since or until or levels > 1:
        asked = moving.Asked(indicator, org, period, period_type, as_period(against), levels=levels)
        _explain_change(_between(asked, since, until), json)
        return
    with reading_warehouse(settings()) as engine:
        explained = explaining.explain(engine, catalogue, indicator, org, period, period_type)
    if json:
        print(printing.as_json(explained))
    else:
        from qiangji.cli import printing_figures

        printing_figures.print_explanation(console, explained, words.names(catalogue))


def _between(asked: Asked, since: str | None, until: str | None) -> Asked:
    """What is asked, with the moments of `--from` and `--to`. Raises UsageError no_time."""
    from qiangji.figures import reading
    from qiangji.settings import settings

    if since is None and until is None:
        return asked
    if since is None or asked.against is not None:
        raise UsageError(
            "no time to begin with, or a period and a time",
            expected="--against; or --from (with --to, or without)",
            zh="请给出--against；或--from（可加--to）：二者取一。",
            code="no_time",
        )
    zone = settings().timezone
    last = datetime.now(UTC) if until is None else reading.moment(until, zone)
    return replace(asked, since=reading.moment(since, zone), until=last)


def _explain_change(asked: Asked, json: bool) -> None:
    from qiangji.cli import printing, printing_change
    from qiangji.figures import moving
    from qiangji.settings import settings
    from qiangji.warehouse import reading_warehouse

    with reading_warehouse(settings()) as engine:
        found = moving.change(engine, asked)
    if json:
        print(printing.as_json(printing_change.as_row(found)))
    else:
        printing_change.print_change(console, found)


def status(
    period: Annotated[
        str | None,
        typer.Option("--period", help="a period, and those within it; default: all that have ended"),
    ] = None,
    county: Counties = None,
    json: Json = False,
    export: Export = None,
) -> None:
    """Print the reporting grid, what is locked, was decided, needs attention, or was collected and is not built.

    Of a county and a period (`--county`, `--period`) it prints each report's delivery too.
    Exit code 3: something needs attention.
    """
    from qiangji import pipeline
    from qiangji.cli import printing
    from qiangji.cli.export import given
    from qiangji.figures import decisions, reading
    from qiangji.ledger import dispositions
    from qiangji.settings import settings
    from qiangji.warehouse import reading_warehouse

    require_place(export)
    wanted = as_period(period)
    counties = pipeline.read_catalogue().select_counties(county) if county else []
    with reading_warehouse(settings()) as engine:
        reading.require_reported(engine, wanted)
        rows = decisions.with_last(engine, reading.status(engine, wanted, counties))
        rejected = reading.rejections(engine, rows)
        still_open = dispositions.count_open(engine, wanted, counties)
        stale = reading.stale_corrections(engine, counties)
        locked, held = reading.locks(engine), reading.held_files(engine)
        catalogue = _readable_catalogue()
        attention, unbuilt = reading.needs_attention(rows), unbuilt_months(catalogue, wanted)
    if not given(rows, json, export):
        names = words.names(catalogue)
        printing.print_status(console, rows, names)
        printing.print_locks(console, locked)
        decided.print_told(console, decisions.last_of(rows), names, "人工决定 Decided")
        printing.print_deliveries(console, rows if wanted and counties else (), names)
        printing.print_reasons(console, attention, names, held)
        printing.print_unknown_years(console, _unknown_years(catalogue))
        printing.print_unbuilt(console, unbuilt)
        _print_stale(stale, names)
        printing.print_rejections(console, rejected if wanted else _only_reason(rejected, attention), names)
        findings.print_count(still_open, wanted, counties)
    exit_on(attention or stale or unbuilt)


def _print_stale(rows: list[dict[str, Any]], names: words.Names) -> None:
    from qiangji.cli import printing_figures

    if rows:
        title = "已失效的人工更正 Corrections whose wrong value is gone"
        printing_figures.print_corrections(console, rows, title, names)


def _unknown_years(catalogue: Catalogue | None) -> list[int]:
    from qiangji import stages

    return catalogue.calendar.unknown(stages.local_today()) if catalogue else []


def _readable_catalogue() -> Catalogue | None:
    """None while it cannot be read: the grid is shown all the same, and `qiangji doctor` says why."""
    from qiangji import pipeline

    with suppress(CatalogueError):
        return pipeline.read_catalogue()
    return None


def _only_reason(rejected: list[dict[str, Any]], attention: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rejected rows of reports that were returned as a whole: they are why."""
    returned = {(r["county_code"], r["form"], r["period"]) for r in attention if r["status"] == "returned"}
    return [r for r in rejected if (r["county_code"], r["form"], r["period"]) in returned]
