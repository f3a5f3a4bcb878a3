"""Build: current revisions into facts and figures, in one transaction.

In: the months asked for; the ledger's current revisions; their rows in the lake; sql/models. Out: fact.* of the
submissions whose revision changed, calc.* rows that differ (the old ones closed, the new ones inserted), findings,
and one event in the journal. build(P) covers P, the quarter and the year that it completes once they are due, the
year to date, and every later built month whose figures depend on what changed. A month whose inputs are the same
as when it was last built costs a look at its signature.

| file | what |
| --- | --- |
| `signatures.py` | which months are up to date; the version of figures |
| `corrected.py`, `repeating.py` | what counts of the reports: as corrected, and what an unchanged one repeats |
| `typed.py` | rows as kept, in the types of today |
| `facts.py`, `moved.py` | fact.* and contextual findings; facts of units that lie elsewhere by now |
| `months.py`, `parts.py` | one month after the other, and of each the part that has changed |
| `scopes.py`, `inputs.py`, `reports.py`, `models.py` | periods, what the models read, the models |
| `carried.py`, `registry.py`, `year.py`, `earlier.py`, `together.py` | what one build leaves to the next |
| `figures.py` | all figures of a month and part, and their rows in calc.* |
| `failing.py` | what could not be computed, and whose values are the likely cause |
| `hiding.py` | which figures are hidden |
| `bounds.py` | figures that cannot be: shares above their whole |
| `recording.py` | calc.*, the ledger and the journal |
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from qiangji.building import corrected, facts, figures, recording, repeating
from qiangji.building import months as computing
from qiangji.building.carried import Carried
from qiangji.building.corrected import Corrected
from qiangji.building.moved import moved
from qiangji.building.recording import Built
from qiangji.building.registry import Registry
from qiangji.building.signatures import Signatures
from qiangji.building.together import Together
from qiangji.catalogue.load import Catalogue
from qiangji.errors import UsageError
from qiangji.lake import Lake
from qiangji.ledger import Key, Ledger, locks
from qiangji.periods import Period, local_day, reporting_month, span
from qiangji.pipeline import Pipeline
from qiangji.warehouse.locks import BUILD_LOCK, hold
from qiangji.warehouse.queries import query

__all__ = ["Built", "build", "pending_months", "require_sense", "unbuilt_months"]
log = logging.getLogger(__name__)


def pending_months(ledger: Ledger, catalogue: Catalogue, today: date) -> list[Period]:
    """Every month of the plan that has ended, from the first of which anything came: what a build of all covers.

    Of some of them nothing may count: they show what is missing. Where nothing ever came, the last that was asked for.
    """
    last = reporting_month(today)
    with ledger.engine.connect() as c:
        asked = c.scalar(sa.text("SELECT max(last_month) FROM ops.collection"))
        came = c.scalars(sa.text("SELECT DISTINCT period FROM ops.delivery_part")).all()
        built = c.scalars(sa.text("SELECT month FROM ops.built_month")).all()
    found = {Period.parse(p).last_month for p in (*came, *built)}
    found |= {Period.parse(asked)} if asked else set()
    found |= set(span(min(found), last)) if found else set()
    return sorted(m for m in found if catalogue.first_month <= m <= last)


def unbuilt_months(engine: Engine, catalogue: Catalogue, today: date) -> list[Period]:
    """Months of the plan that have ended and of which a build would show something new.

    Such a month has a current revision that the facts do not show, or facts whose revision is no longer current, or a
    finding that came or went, or on which somebody decided, since the month was built.
    """
    asked = ("unbuilt_periods", "decided_months", "reread_months")
    with engine.connect() as c:
        found = [x for name in asked for x in c.scalars(query(f"building/{name}"))]
    last = reporting_month(today)
    months = {Period.parse(x).last_month for x in found}
    return sorted(m for m in months if catalogue.first_month <= m <= last)


def require_sense(ledger: Ledger, catalogue: Catalogue, months: Sequence[Period], today: date) -> None:
    """Raise UsageError for months of which nothing can be reported, or that lie before all collected ones."""
    catalogue.require_reportable(months, today)
    with ledger.engine.connect() as c:
        first = c.scalar(sa.text("SELECT min(first_month) FROM ops.collection"))
    for month in months:
        if first is None or month < Period.parse(first):
            last = reporting_month(today)
            raise UsageError(
                f"nothing was collected for {month}",
                expected=f"{first} to {last}" if first else "a month after `qiangji collect`",
                zh=f"{month}没有采集过："
                + (f"应为{first}至{last}，或先采集该月。" if first else "请先运行qiangji collect。"),
                code="not_collected",
            )


def build(p: Pipeline, months: Sequence[Period], now: datetime | None = None, again: bool = False) -> Built:
    """Bring these months, and the later ones that depend on them, up to date.

    `now` decides which quarters and years are due; it defaults to the clock. `again` builds these months even where
    nothing that their figures come from has changed. Raises UsageError: not_due, before_plan.
    """
    now = now or datetime.now(UTC)
    p.catalogue.require_reportable(months, local_day(now, p.settings.timezone))
    built = Built(build_id=f"{now:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}")
    with p.ledger.engine.begin() as c:
        hold(c, BUILD_LOCK)
        _sweep(c, p.ledger.lake)
        reports, lacking = _reports(c, p)
        built.stale = reports.stale
        corrected.record(c, p.ledger.lake, reports.held, now)
        signatures = Signatures(c, p, reports, now)
        built.months = [
            m
            for m, signature in signatures.of(months).items()
            if signatures.known.get(m) != signature or (again and m in months)
        ]
        if not built.months:
            return built
        carried = Carried(p.ledger.lake, built.build_id, signatures.built_by)
        reports.together, reports.moved = Together(reports, carried), moved(c, p, built.months, signatures)
        changed = {m: None if again and m in months else signatures.changed(m, carried) for m in built.months}
        with closing(_loading(c, p, reports, built)) as loading:
            checked = _check(c, p, reports, lacking, built, loading)
            found = computing.build(c, p, Registry(reports, carried), built, changed, signatures, loading)
            for _ in loading:
                pass
        signatures.leave(built.months, carried)
        checked["lacking"] += found.findings
        locked = locks.now_locked(c)
        in_locked = figures.in_locked(c, found.filled, locked, found.at)
        built.in_locked = figures.redefined_in_locked(c, locked) | in_locked
        recording.record(c, p.ledger, built, signatures, (now, found.at), checked, found.written)
    if found.is_whole and built.rows_inserted and not found.is_analyzed:
        with built.seconds.timed("analyze"), p.ledger.engine.begin() as c:
            figures.analyze(c, found.filled)
    if built.in_locked:
        log.warning("changed although locked: %s", built.in_locked)
    log.info(
        "built %s: %d fact partitions replaced, %d rows closed, %d inserted, %s",
        ", ".join(map(str, built.months)), built.facts_replaced, built.rows_closed, built.rows_inserted, built.seconds,
    )  # fmt: skip
    return built


def _sweep(c: Connection, lake: Lake) -> None:
    """Remove what builds left that were killed, and what no later build can need."""
    lake.sweep_builds(set(c.scalars(sa.text("SELECT build_id FROM ops.build"))))
    lake.sweep_carried(set(c.scalars(sa.text("SELECT build_id FROM ops.built_month"))))


def _reports(c: Connection, p: Pipeline) -> tuple[Corrected, list[Key]]:
    """What counts of the reports, and the keys of those that repeat a report that there is not."""
    current, lacking = repeating.filled(p.catalogue, p.ledger.lake, p.ledger.current(c))
    return Corrected(p.catalogue, p.ledger.lake, current), lacking


def _loading(c: Connection, p: Pipeline, reports: Corrected, built: Built) -> Generator[int, None, None]:
    """Bring fact.* up to date, step by step: the server takes rows while others are checked and figures computed."""
    with closing(facts.replacing(c, p, reports, built.months, built.build_id)) as steps:
        for replaced in built.seconds.each("facts", steps):
            built.facts_replaced += replaced
            yield replaced


def _check(
    c: Connection,
    p: Pipeline,
    reports: Corrected,
    lacking: Sequence[Key],
    built: Built,
    loading: Iterator[object],
) -> dict[str, Any]:
    """Bring the findings of the months up to date; returns what the journal keeps of them.

    A year to date shows the findings of all its months, so none may wait for a build of its own.
    """
    through = sorted({each for m in built.months for each in span(Period("month", m.year * 12), m)})
    with ThreadPoolExecutor(1) as beside:
        found = beside.submit(facts.find, c, p, reports, through)
        findings = built.seconds.awaited("checks", found, loading)
    with built.seconds.timed("checks"):
        return {
            "checked": facts.replace_found(c, p, findings),
            "lacking": facts.find_lacking(c, p, lacking, through),
        }
