"""Verify: whether lake, ledger and figures hold together, byte by byte and row by row.

In: the lake and a warehouse, neither of which is changed. Out: the faults, each with where, what and what to do.

| a fault is | when |
| --- | --- |
| damage | something that was kept is gone or was altered |
| for attention | an event was never committed, or a restored backup is behind the journal |
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji.catalogue.load import Catalogue
from qiangji.figures import editions
from qiangji.lake import Lake
from qiangji.restoring import journal, lost, records
from qiangji.restoring.journal import Journal, Watch, unwatched
from qiangji.settings import Settings
from qiangji.warehouse import reading_warehouse
from qiangji.warehouse.queries import query
from qiangji.warehouse.roles import LOADER
from qiangji.warehouse.rows import fetch

_REBUILD = "`qiangji rebuild-ledger --force`. docs/runbooks/restore.md"
DO = {
    "altered": lost.BACKUP,
    "missing": lost.BACKUP,
    "not_in_journal": "The journal has lost it: take lake/journal from a backup. docs/runbooks/restore.md",
    "not_in_ledger": f"A step that was killed leaves one; many of them, a restored backup: {_REBUILD}",
    "unnamed": "A step that was killed leaves it: do the same again (`qiangji collect`). If it stays, the journal has"
    " lost a file: take lake/journal from a backup, before a build. docs/runbooks/restore.md",
    "other_in_ledger": _REBUILD,
    "unknown_build": _REBUILD,
    "other_facts": _REBUILD,
}
"""Code of a fault -> what to do about it."""
ATTENTION = ("not_in_ledger", "unnamed")
"""Codes of faults that are no damage."""


@dataclass(frozen=True)
class Recorded:
    """How the ledger records a kind of event: its table, what tells rows apart, and what has to agree."""

    table: str
    key: tuple[str, ...]
    said: tuple[str, ...] = ()


RECORDED = {
    "delivery": Recorded("ops.delivery", ("delivery_id",), ("county_code", "name", "sha256", "bytes")),
    "submission": Recorded(
        "ops.submission",
        ("delivery_id", "form", "period", "catalogue_hash", "suite_hash"),
        ("verdict", "rows_received", "rows_accepted", "rows_rejected", "rows_hash", "rejected_hash"),
    ),
    "decision": Recorded(
        "ops.decision",
        ("decision_id",),
        ("delivery_id", "form", "period", "action", "reason", "decided_by"),
    ),
    "lock": Recorded("ops.period_lock", ("lock_id",), ("period", "action", "reason", "decided_by")),
    "disposition": Recorded(
        "ops.disposition", ("disposition_id",), ("finding_id", "disposition", "reason", "disposed_by")
    ),
    "edition": Recorded("ops.edition", ("period", "edition"), ("published_by", "figures", "rows_hash")),
    "build": Recorded(
        "ops.build", ("build_id",), ("definitions_hash", "tree_hash", "rows_closed", "rows_inserted")
    ),
    "feedback": Recorded(
        "ops.feedback",
        ("delivery_id", "digest"),
        ("county_code", "name", "problems", "status", "sha256"),
    ),
    "letter": Recorded("ops.letter", ("letter_id",), ("reader", "connection", "message_id")),
    "seen": Recorded("ops.source_item", ("county_code", "name")),
}
"""Kinds of events that are rows of the ledger."""


@dataclass(frozen=True)
class Fault:
    """Something that does not hold: where, what, and what to do about it."""

    code: str
    where: str
    what: str
    do: str
    is_damage: bool


@dataclass
class Verified:
    """How many things of each kind were looked at, and the faults."""

    looked_at: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    @property
    def is_damaged(self) -> bool:
        return any(f.is_damage for f in self.faults)

    def note(self, code: str, where: object, what: str) -> None:
        self.faults.append(Fault(code, str(where), what, DO[code], code not in ATTENTION))

    def count(self, what: str, n: int = 1) -> None:
        self.looked_at[what] = self.looked_at.get(what, 0) + n


def verify(catalogue: Catalogue, settings: Settings, watch: Watch = unwatched) -> Verified:
    """Look at everything, in one snapshot of the warehouse.

    Raises JournalError for a journal that cannot be read, WarehouseError for a warehouse that was never filled.
    """
    lake, result, begun = Lake(settings.lake), Verified(), time.time()
    events = journal.read(lake, watch)
    with reading_warehouse(settings, LOADER) as engine, engine.connect() as c:
        c.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        _bytes(lake, result, watch)
        _rows(lake, result, watch)
        _named(c, lake, events, result)
        _lost(c, lake, events, result, begun)
        _editions(c, lake, result)
        _events(c, events, result)
        _builds(c, lake, events, result, watch)
        _facts(c, catalogue, result)
    return result


def _bytes(lake: Lake, result: Verified, watch: Watch) -> None:
    """The sha256 of every file of lake/raw is its name."""
    for path in watch(lost.files(lake.root / "raw", "*"), "raw"):
        result.count("raw files")
        with path.open("rb") as f:
            found = hashlib.file_digest(f, "sha256").hexdigest()
        if found != path.name:
            result.note("altered", path, f"its sha256 is {found}")


def _rows(lake: Lake, result: Verified, watch: Watch) -> None:
    """Every file that is named by a hash of rows holds those rows."""
    areas = ("reports", "rejected", "repeated", "editions", "definitions")
    for path in watch([p for a in areas for p in lost.files(lake.root / a, "*.parquet")], "rows"):
        result.count("files of rows")
        _compare(lake, path, path.stem, result)


def _compare(lake: Lake, path: Path, wanted: str, result: Verified) -> None:
    if isinstance(found := lost.rows_of(lake, path, wanted), str):
        result.note("altered", path, found)


def _named(c: Connection, lake: Lake, events: Journal, result: Verified) -> None:
    """Every file that the ledger (or an event) names is there."""
    for path, by in _paths(c, lake, events):
        result.count("files named")
        if not path.exists():
            result.note("missing", path, f"is named by {by}")


def _lost(c: Connection, lake: Lake, events: Journal, result: Verified, begun: float) -> None:
    """Every file under a final name is named by an event, and so is what facts and builds refer to.

    A file that came since the journal was read has its event to come.
    """
    for path, what in lost.unnamed(lake, events):
        if path.stat().st_mtime < begun:
            result.note("unnamed", path, what)
    for where, what in (*lost.facts(c), *lost.deliveries(events), *lost.builds(events)):
        result.note("not_in_journal", where, what)


def _paths(c: Connection, lake: Lake, events: Journal) -> Iterator[tuple[Path, str]]:
    """Files that have to be there, each with what names it."""
    for r in c.execute(sa.text("SELECT * FROM ops.delivery_part WHERE sha256 IS NOT NULL")):
        yield lake.raw_path(r.sha256), f"delivery {r.delivery_id} {r.form} {r.period}"
    for r in c.execute(sa.text("SELECT * FROM ops.submission")):
        place = (r.form, r.period, r.county_code)
        by = f"submission {' '.join(place)} of delivery {r.delivery_id}"
        if r.rows_hash:
            yield lake.rows_path("reports", *place, r.rows_hash), by
        if r.rejected_hash:
            yield lake.rows_path("rejected", *place, r.rejected_hash), by
    for r in c.execute(sa.text("SELECT * FROM ops.fact_load WHERE rows_hash <> ''")):
        place = (r.form, r.period, r.county_code)
        paths = [lake.rows_path(area, *place, r.rows_hash) for area in ("reports", "repeated")]
        yield next((p for p in paths if p.exists()), paths[0]), f"facts {' '.join(place)}"
    for r in c.execute(sa.text("SELECT * FROM ops.edition")):
        yield lake.edition_path(r.period, r.rows_hash), f"edition {r.edition} of {r.period}"
    for e in events.of("definitions"):
        yield lake.definitions_path(e["due"]), f"definitions of {e['at']}"


def _editions(c: Connection, lake: Lake, result: Verified) -> None:
    """Every edition in the ledger has the figures that were published; files lost by the lake are told by `_named`."""
    keys = [(name, "ascending") for name in ("indicator_code", "org_code", "period_type")]
    for r in c.execute(sa.text("SELECT edition, period, figures, rows_hash FROM ops.edition")).all():
        result.count("editions")
        found = editions.published(c, r.edition, r.period).sort_by(keys)
        where = f"edition {r.edition} of {r.period}"
        if r.figures != len(found):
            result.note("other_in_ledger", where, f"has {len(found)} figures, {r.figures} were published")
            continue
        kept = lost.rows_of(lake, lake.edition_path(r.period, r.rows_hash), r.rows_hash)
        if not isinstance(kept, str):
            kept = kept.sort_by(keys)
            if other := [n for n in kept.column_names if not kept[n].equals(found[n])]:
                what = f"its figures are not those published: {', '.join(other)}"
                result.note("other_in_ledger", where, what)


def _events(c: Connection, events: Journal, result: Verified) -> None:
    """Every event is a row of the ledger, every row an event, and both say the same."""
    for kind, recorded in RECORDED.items():
        table, key = recorded.table, recorded.key
        told = {tuple(e[k] for k in key): e for e in records.events_of(events, kind)}
        rows = {tuple(r[k] for k in key): r for r in fetch(c, f"SELECT * FROM {table}")}
        result.count("events", len(told))
        committed = {tuple(e[k] for k in key) for e in records.committed(events, kind)}
        for at in committed - rows.keys():
            result.note("not_in_ledger", f"{kind} {' '.join(map(str, at))}", f"{table} does not have it")
        if kind == "seen":  # every delivery makes a row of ops.source_item, too
            continue
        for at in rows.keys() - told.keys():
            result.note("not_in_journal", f"{kind} {' '.join(map(str, at))}", f"{table} has it")
        for at in told.keys() & rows.keys():
            if other := [n for n in recorded.said if told[at][n] != rows[at][n]]:
                what = ", ".join(f"{n} is {rows[at][n]!r}, the journal says {told[at][n]!r}" for n in other)
                result.note("other_in_ledger", f"{kind} {' '.join(map(str, at))}", what)


def _builds(c: Connection, lake: Lake, events: Journal, result: Verified, watch: Watch) -> None:
    """The results that each build left are in the lake, and every row that names a build names one of the ledger."""
    for event in watch(events.builds(), "builds"):
        for each in event.get("tables", ()):
            if each["rows_hash"]:
                path = lake.build_path(event["build_id"], each.get("file", each["table"]))
                result.count("results of builds")
                if path.exists():
                    _compare(lake, path, each["rows_hash"], result)
                else:
                    result.note("missing", path, f"is named by build {event['build_id']}")
    for table in c.scalars(
        sa.text("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'calc'")
    ).all():
        for r in c.execute(query("restoring/unknown_moments", table=table)):
            what = f"{r.rows} rows began or ended at {r.at}: no build did"
            result.note("unknown_build", f"calc.{table}", what)
        result.count("result rows", c.scalar(sa.text(f"SELECT count(*) FROM calc.{table}")) or 0)
    for table in ("fact_load", "fact_change", "built_month"):
        n = c.scalar(
            sa.text(
                f"SELECT count(*) FROM ops.{table} t WHERE NOT EXISTS"
                " (SELECT FROM ops.build b WHERE b.build_id = t.build_id)"
            )
        )
        if n:
            what = f"{n} rows name a build that the ledger does not have"
            result.note("unknown_build", f"ops.{table}", what)


def _facts(c: Connection, catalogue: Catalogue, result: Verified) -> None:
    """Facts hold as many rows of each revision as were loaded, and nothing else."""
    for form in catalogue.forms:
        for r in c.execute(query("restoring/facts_loaded", form=form), {"form": form}):
            result.count("facts", r.n or 0)
            if (r.found, r.n) != (r.revision, r.rows) and (r.n or r.rows):
                what = f"{r.n or 0} rows of revision {r.found}; {r.rows or 0} of revision {r.revision} were loaded"
                result.note("other_facts", f"fact.{form} {r.period} {r.county_code}", what)
