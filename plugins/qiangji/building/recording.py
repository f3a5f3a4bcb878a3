"""What a build did: its results in calc.* and in the lake, its event in the ledger and in the journal.

In: results, in the caller's transaction. Out: calc.* rows closed and inserted, lake/builds, ops.build, and one event
from which the ledger and calc.* can be filled again.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji.building import figures
from qiangji.building.corrected import Held
from qiangji.building.failing import Failed
from qiangji.building.signatures import Signatures
from qiangji.ledger import Ledger
from qiangji.periods import Period
from qiangji.stopwatch import Stopwatch
from qiangji.warehouse.queries import query
from qiangji.warehouse.rows import fetch


@dataclass
class Built:
    """What a build did; `months` is empty when everything was up to date.

    `in_locked`: how many result rows of each locked period changed, as definitions, corrections and decisions reach
    them too. `stale`: corrections skipped because the report no longer contains the wrong value. `failed`:
    sets of forms whose figures could not be computed. The build then ends with an error.
    """

    build_id: str
    months: list[Period] = field(default_factory=list)
    facts_replaced: int = 0
    rows_closed: int = 0
    rows_inserted: int = 0
    in_locked: dict[str, int] = field(default_factory=dict)
    stale: list[Held] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    seconds: Stopwatch = field(default_factory=Stopwatch)


@dataclass(frozen=True)
class Written:
    """The rows of one result table as a build wrote them; `rows_hash` names them in the lake, None: there are none."""

    table: str
    scopes: list[tuple[str, str]]
    rows: int
    rows_hash: str | None


def write(
    c: Connection, ledger: Ledger, built: Built, results: figures.Results, at: datetime
) -> list[Written]:
    """Put a base's results into the warehouse and, as they are, into the lake: while the server takes them."""
    written = []
    scopes = [(s.period, s.period_type) for s in results.scopes]
    with ThreadPoolExecutor(1) as beside:
        for table, rows in figures.tables(c, results):
            digest = (
                beside.submit(ledger.lake.put_build, built.build_id, table, rows) if rows.num_rows else None
            )
            closed, inserted = figures.write(c, table, rows, scopes, at)
            built.rows_closed += closed
            built.rows_inserted += inserted
            written.append(Written(table, scopes, rows.num_rows, digest.result() if digest else None))
    return written


def record(
    c: Connection,
    ledger: Ledger,
    built: Built,
    signatures: Signatures,
    times: tuple[datetime, datetime],
    checked: dict[str, Any],
    tables: list[Written],
) -> None:
    """Say what was built from what, in the ledger and, before the commit, in the journal; `times`: started, built.

    The journal also keeps what the ledger and calc.* can be filled from again: the build's findings (`checked`), its
    tables and its changes to the facts. It names the build before, since one that never committed has no successor.
    """
    previous = c.scalar(sa.text("SELECT build_id FROM ops.build ORDER BY built_at DESC LIMIT 1"))
    # where figures are lacking, the months are not what their signature says, and the next build takes them up again
    mark = "failed " if built.failed else ""
    of_months = {str(m): mark + s for m, s in signatures.of(built.months).items() if m in built.months}
    c.execute(
        sa.text(
            "INSERT INTO ops.built_month VALUES (:month, :signature, :build) ON CONFLICT (month)"
            " DO UPDATE SET signature = excluded.signature, build_id = excluded.build_id"
        ),
        [{"month": m, "signature": s, "build": built.build_id} for m, s in of_months.items()],
    )
    event: dict[str, Any] = {
        "build_id": built.build_id,
        "months": [str(m) for m in built.months],
        "started_at": times[0],
        "built_at": times[1],
        "definitions_hash": signatures.definitions,
        "tree_hash": signatures.tree,
        "facts_replaced": built.facts_replaced,
        "rows_closed": built.rows_closed,
        "rows_inserted": built.rows_inserted,
    }
    c.execute(query("building/record_build"), event | {"seconds": json.dumps(built.seconds)})
    event |= checked | {"tables": [asdict(t) for t in tables], "previous": previous}
    event |= {"seconds": dict(built.seconds), "signatures": of_months}
    for table in ("fact_load", "fact_change"):
        mine = f"SELECT * FROM ops.{table} WHERE build_id = :b ORDER BY form, period, county_code"
        event[table] = fetch(c, mine, {"b": built.build_id})
    ledger.lake.record(f"build-{built.build_id}", times[1], {"event": "build", **event})
