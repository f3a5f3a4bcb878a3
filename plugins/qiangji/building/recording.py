"""What a build did: its results in calc.* and in the lake, its event in the ledger and in the journal.

In: results, in the caller's transaction. Out: calc.* rows closed and inserted, lake/builds, ops.build, and one event
from which the ledger and calc.* can be filled again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji.building import figures
from qiangji.building.corrected import Held
from qiangji.building.failing import Failed
from qiangji.building.parts import Part
from qiangji.building.signatures import Signatures
from qiangji.csv_text import texts
from qiangji.ledger import Ledger
from qiangji.periods import Period
from qiangji.stopwatch import Stopwatch
from qiangji.warehouse.queries import query
from qiangji.warehouse.rows import fetch, turn

if TYPE_CHECKING:
    import pyarrow as pa


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
    """The rows of one result table as a build wrote them, all or some of those of its scopes.

    `rows_hash` is that of the file in the lake, None: there are no rows. `units`: the only ones whose rows the build
    replaced; None: those of all units.
    """

    table: str
    scopes: list[tuple[str, str]]
    rows: int
    rows_hash: str | None
    file: str
    units: list[str] | None = None


class Recording:
    """The results of one month as they go into calc.* and the lake, part by part.

    `part`: the only units that are computed; None: all of them, in one part or more.
    """

    def __init__(
        self, c: Connection, ledger: Ledger, built: Built, month: Period, part: Part | None, at: datetime
    ) -> None:
        self._c, self._lake, self._built = c, ledger.lake, built
        self._month, self._part, self._at = month, part, at
        self._empty: dict[str, bool] = {}
        self._units: dict[str, list[Any]] = {}
        self.written: list[Written] = []

    def write(self, results: figures.Results, of: Part) -> None:
        """Put a part's results into the warehouse and, as they are, into the lake: while the server takes them."""
        with turn(self._c):
            tables = figures.tables(self._c, results)
        with ThreadPoolExecutor(1) as beside:
            for table, rows in tables:
                name = f"{table}-{self._month}-{len(self.written)}"
                pieces, put = list(texts(rows)), self._lake.put_build  # once for both
                digest = (
                    beside.submit(put, self._built.build_id, name, rows, pieces) if rows.num_rows else None
                )
                with turn(self._c):
                    self._write(self._place(table, results, of), rows, pieces)
                units = (
                    None if self._part is None or self._part.units is None else self._part.units.to_pylist()
                )
                rows_hash = digest.result() if digest else None
                scopes = [(s.period, s.period_type) for s in results.scopes]
                self.written.append(Written(table, scopes, rows.num_rows, rows_hash, name, units))

    def finish(self) -> None:
        """Close the rows of units that are in no part: they have left the tree."""
        if self._part is None:
            for table, parts in self._units.items():
                if parts and not self._empty[table]:
                    units = [code for part in parts for code in part.to_pylist()]
                    scopes = next(w.scopes for w in self.written if w.table == table)
                    place = figures.Place(table, scopes, self._at, units)
                    self._built.rows_closed += figures.close_others(self._c, place)

    def _place(self, table: str, results: figures.Results, of: Part) -> figures.Place:
        scopes = [(s.period, s.period_type) for s in results.scopes]
        if of.units is not None:
            self._units.setdefault(table, []).append(of.units)
        units = None if of.units is None else of.units.to_pylist()
        place = figures.Place(table, scopes, self._at, units)
        if table not in self._empty:  # before the first part
            self._empty[table] = figures.is_empty(self._c, place)
        return replace(place, is_empty=self._empty[table])

    def _write(self, place: figures.Place, rows: pa.Table, pieces: Sequence[pa.Buffer]) -> None:
        closed, inserted = figures.write(self._c, place, rows, pieces)
        self._built.rows_closed += closed
        self._built.rows_inserted += inserted


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
