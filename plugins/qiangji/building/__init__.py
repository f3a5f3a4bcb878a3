"""Build: current revisions into facts and figures, in one transaction.

In: the months asked for; the ledger's current revisions; their rows in the lake; sql/models. Out: fact.* of the
submissions whose revision changed, calc.* rows that differ (the old ones closed, the new ones inserted), findings,
and one event in the journal. build(P) covers P, the quarter and the year that it completes once they are due, the
year to date, and every later built month whose figures depend on what changed. A month whose inputs are the same
as when it was last built costs a look at its signature.
"""

from __future__ import annotations

import hashlib
import json
import logging
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji import indicators
from qiangji.building import corrected, facts, figures, hiding, repeating
from qiangji.building.corrected import Corrected, Held
from qiangji.building.scopes import scopes
from qiangji.catalogue import Catalogue, lineage, tree
from qiangji.engines import open_engine
from qiangji.errors import UsageError
from qiangji.indicators import suppression
from qiangji.ledger import Current, Key, Ledger, dispositions, locks
from qiangji.periods import Period, local_day, span
from qiangji.settings import Settings
from qiangji.stopwatch import Stopwatch
from qiangji.warehouse.locks import BUILD_LOCK

log = logging.getLogger(__name__)


@dataclass
class Built:
    """What a build did; `months` is empty when everything was up to date.

    `in_locked` is how many result rows of locked periods changed: definitions, corrections and decisions reach them.
    `stale` are corrections that were not applied, as the report no longer holds the wrong value: an error of theirs.
    """

    build_id: str
    months: list[Period] = field(default_factory=list)
    facts_replaced: int = 0
    rows_closed: int = 0
    rows_inserted: int = 0
    in_locked: dict[str, int] = field(default_factory=dict)
    stale: list[Held] = field(default_factory=list)
    seconds: Stopwatch = field(default_factory=Stopwatch)


def pending_months(catalogue: Catalogue, ledger: Ledger) -> list[Period]:
    """Months with a current revision, or built before: all that a build without periods looks at."""
    with ledger.engine.connect() as c:
        periods = {period for _, period, _ in ledger.current(c)}
        built = set(c.scalars(sa.text("SELECT month FROM ops.built_month")))
    return sorted({Period.parse(p).last_month for p in periods} | {Period.parse(m) for m in built})


def unbuilt_months(ledger: Ledger) -> list[Period]:
    """Months of which a build would show something new.

    They have a current revision that the facts do not show, or facts whose revision is no longer current, or a finding
    of which somebody decided something since the month was built.
    """
    with ledger.engine.connect() as c:
        decided = c.scalars(
            sa.text(
                "SELECT DISTINCT b.month FROM ops.disposition d JOIN ops.finding f USING (finding_id)"
                " JOIN dim.period p ON p.period = f.period JOIN ops.built_month b ON b.month = p.last_month"
                " JOIN ops.build x USING (build_id) WHERE d.disposed_at > x.started_at"
            )
        ).all()
        periods = c.scalars(
            sa.text(
                "SELECT DISTINCT period FROM"
                " (SELECT form, period, county_code, rows_hash, revision, true AS is_there"
                "  FROM ops.submission WHERE is_current AND NOT is_unchanged"
                "  UNION ALL SELECT form, period, county_code, l.rows_hash, s.revision, true"  # rows it repeats
                "  FROM ops.submission s LEFT JOIN ops.fact_load l USING (form, period, county_code)"
                "  WHERE s.is_current AND s.is_unchanged) s"
                " FULL JOIN ops.fact_load f USING (form, period, county_code, rows_hash, revision)"
                " WHERE s.is_there IS NULL OR f.build_id IS NULL"
            )
        )
        return sorted({Period.parse(x).last_month for x in [*periods, *decided]})


def require_sense(ledger: Ledger, months: Sequence[Period], today: date) -> None:
    """Refuse months in which nothing can have been reported: before the first that was ever collected, or to come."""
    with ledger.engine.connect() as c:
        first = c.scalar(sa.text("SELECT min(first_month) FROM ops.collection"))
    this = Period.of(today)
    for month in months:
        if first is None or month < Period.parse(first) or month > this:
            raise UsageError(
                f"nothing was collected for {month}",
                expected=f"{first} to {this}" if first else "a month after `qiangji collect`",
                code="not_collected",
            )


def build(
    catalogue: Catalogue,
    settings: Settings,
    ledger: Ledger,
    months: Sequence[Period],
    now: datetime | None = None,
) -> Built:
    """Bring these months, and the later ones that depend on them, up to date.

    `now` decides which quarters and years are due; it defaults to the clock.
    """
    now = now or datetime.now(UTC)
    built = Built(build_id=f"{now:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}")
    with ledger.engine.begin() as c:
        c.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": BUILD_LOCK})
        ledger.lake.sweep_builds(set(c.scalars(sa.text("SELECT build_id FROM ops.build"))))
        current, lacking = repeating.filled(catalogue, ledger.lake, ledger.current(c))
        reports = Corrected(catalogue, ledger.lake, current)
        built.stale = reports.stale
        corrected.record(c, ledger.lake, reports.held, now)
        definitions, tree = definitions_hash(catalogue, settings), tree_hash(catalogue, settings, now)
        signatures_of = partial(
            _signatures, c, catalogue, settings, current, reports, definitions + tree, now
        )
        signatures = signatures_of(months)
        known = {
            r.month: r.signature for r in c.execute(sa.text("SELECT month, signature FROM ops.built_month"))
        }
        built.months = [m for m, s in signatures.items() if known.get(str(m)) != s]
        if not built.months:
            return built
        with built.seconds.timed("facts"):
            built.facts_replaced = facts.replace(c, catalogue, reports, current, built.months, built.build_id)
        with built.seconds.timed("checks"):
            # a year to date shows the findings of all its months: none may wait for a build of its own
            through = {each for m in built.months for each in span(Period("month", m.year * 12), m)}
            checked = {
                "checked": facts.find(c, catalogue, ledger, reports, current, sorted(through)),
                "lacking": facts.find_lacking(c, catalogue, ledger, lacking, sorted(through)),
            }
        with (
            built.seconds.timed("figures"),
            open_engine(settings.engine, settings.sql / "models", settings.threads) as engine,
        ):
            years = {m.year for m in built.months}
            others = [Period.parse(m) for m in known if Period.parse(m) not in built.months]
            earlier = signatures_of([m for m in others if m.year in years])
            fresh = {m for m, s in earlier.items() if known.get(str(m)) == s}
            results = figures.compute(
                c, engine, catalogue, settings, reports, current, built.months, now, fresh
            )
        with built.seconds.timed("load"):
            # after the lock and all reading: later than any build before
            at: datetime = c.scalar(sa.text("SELECT clock_timestamp()"))
            tables = [_write(c, ledger, built, each, at) for each in results]
            locked = locks.now_locked(c)
            built.in_locked = figures.redefined_in_locked(c, locked) | figures.in_locked(
                c, results, locked, at
            )
        kept = checked | {"tables": [t for each in tables for t in each]}
        _record(c, ledger, built, {m: signatures[m] for m in built.months}, definitions, tree, now, at, kept)
    if built.facts_replaced or built.rows_inserted:
        with built.seconds.timed("analyze"), ledger.engine.begin() as c:
            # what the planner knows of tables that were filled a moment ago decides between 0.1 s and seconds
            filled = [f"fact.{form}" for form in catalogue.forms]
            filled += [t for r in results for t in (r.base.table, r.base.restated_table)]
            c.execute(sa.text(f"ANALYZE {', '.join(filled)}"))
    if built.in_locked:
        log.warning("changed although locked: %s", built.in_locked)
    log.info(
        "built %s: %d fact partitions replaced, %d rows closed, %d inserted, %s",
        ", ".join(map(str, built.months)), built.facts_replaced, built.rows_closed, built.rows_inserted, built.seconds,
    )  # fmt: skip
    return built


def _write(
    c: Connection, ledger: Ledger, built: Built, results: figures.Results, at: datetime
) -> list[dict[str, Any]]:
    """Put results into the warehouse and, as they are, into the lake; returns what the journal says of each table."""
    said = []
    scopes = [(s.period, s.period_type) for s in results.scopes]
    for table, rows in figures.tables(c, results):
        closed, inserted = figures.write(c, table, rows, scopes, at)
        built.rows_closed += closed
        built.rows_inserted += inserted
        digest = ledger.lake.put_build(built.build_id, table, rows) if rows.num_rows else None
        said.append({"table": table, "scopes": scopes, "rows": rows.num_rows, "rows_hash": digest})
    return said


def _record(
    c: Connection,
    ledger: Ledger,
    built: Built,
    signatures: dict[Period, str],
    definitions: str,
    tree: str,
    started_at: datetime,
    built_at: datetime,
    kept: dict[str, Any],
) -> None:
    """What was built from what, in the ledger and, before the commit, in the journal.

    The journal also keeps what the ledger and calc.* can be filled from again: `kept` (findings of the build, its
    tables), what it changed in the facts, and the build before, as one that was never committed has no successor.
    """
    previous = c.scalar(sa.text("SELECT build_id FROM ops.build ORDER BY built_at DESC LIMIT 1"))
    for month, signature in signatures.items():
        c.execute(
            sa.text(
                "INSERT INTO ops.built_month VALUES (:m, :s, :b) ON CONFLICT (month)"
                " DO UPDATE SET signature = excluded.signature, build_id = excluded.build_id"
            ),
            {"m": str(month), "s": signature, "b": built.build_id},
        )
    event: dict[str, Any] = {
        "build_id": built.build_id,
        "months": [str(m) for m in built.months],
        "started_at": started_at,
        "built_at": built_at,
        "definitions_hash": definitions,
        "tree_hash": tree,
        "facts_replaced": built.facts_replaced,
        "rows_closed": built.rows_closed,
        "rows_inserted": built.rows_inserted,
    }
    c.execute(
        sa.text(
            "INSERT INTO ops.build VALUES (:build_id, :months, :started_at, :built_at, :definitions_hash,"
            " :facts_replaced, :rows_closed, :rows_inserted, CAST(:seconds AS jsonb), :tree_hash)"
        ),
        event | {"seconds": json.dumps(built.seconds)},
    )
    event |= kept | {"previous": previous, "seconds": dict(built.seconds)}
    event["signatures"] = {str(m): s for m, s in signatures.items()}
    for table in ("fact_load", "fact_change"):
        mine = sa.text(f"SELECT * FROM ops.{table} WHERE build_id = :b ORDER BY form, period, county_code")
        event[table] = [dict(r._mapping) for r in c.execute(mine, {"b": built.build_id})]
    ledger.lake.record(f"build-{built.build_id}", built_at, {"event": "build", **event})


def definitions_hash(catalogue: Catalogue, settings: Settings) -> str:
    """Changes when a figure may change although no report did: models, indicators, what is hidden."""
    modules = (lineage, tree, indicators, suppression, hiding)
    return _hash_of(
        [
            *(settings.sql / "models").glob("*.sql"),
            *(catalogue.path / "indicators").glob("*.yaml"),
            *(catalogue.path / "forms").glob("*.yaml"),
            catalogue.path / "suppression.yaml",
            *(Path(str(m.__file__)) for m in modules),
        ]
    )


def tree_hash(catalogue: Catalogue, settings: Settings, now: datetime) -> str:
    """Changes when the tree does: its files, or the day on which a dated change takes effect."""
    files = _hash_of([catalogue.path / "org_units.csv", catalogue.path / "org_lineage.csv"])
    today = catalogue.restating(local_day(now, settings.timezone)).signature
    return hashlib.sha256((files + today).encode()).hexdigest()[:16]


def _hash_of(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(p for p in files if p.is_file()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _signatures(
    c: Connection,
    catalogue: Catalogue,
    settings: Settings,
    current: dict[Key, Current],
    reports: Corrected,
    defined: str,
    now: datetime,
    months: Sequence[Period],
) -> dict[Period, str]:
    """For the months asked for and the built ones after them: a hash of all that their figures come from.

    Figures of a month come from the revisions up to it: those of its year through the year to date, earlier ones
    through the registry of groups and through what contextual checks compare with.
    """
    built = [Period.parse(m) for m in c.scalars(sa.text("SELECT month FROM ops.built_month"))]
    wanted = sorted(set(months) | {m for m in built if months and m > min(months)})
    bases = indicators.bases(catalogue)
    signatures = {}
    confirmed = dispositions.confirmed(c)
    for month in wanted:
        digest = hashlib.sha256(defined.encode())
        # which quarters are due decides what is hidden in the rest of the year
        so_far = span(Period("month", month.year * 12), month)
        due = [
            [s.period_type for s in scopes(m, b.forms, settings.timezone, now)] for b in bases for m in so_far
        ]
        digest.update(repr(due).encode())
        digest.update(repr(sorted((f, s.hash) for f, s in catalogue.suites.items())).encode())
        for key, row in current.items():
            last = Period.parse(key[1]).last_month
            if last <= month:
                # the month's own facts show the number too: an earlier delivery that is checked late changes it
                digest.update(repr((key, row.rows_hash, row.revision if last == month else None)).encode())
                digest.update(reports.effect(key).encode())
        digest.update(
            repr([f for f, period in confirmed if Period.parse(period).last_month <= month]).encode()
        )
        signatures[month] = digest.hexdigest()[:16]
    return signatures
