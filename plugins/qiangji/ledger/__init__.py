"""The ledger: what was delivered, what was decided, and which revisions count. Schema `ops` of the warehouse.

In: deliveries from landing, verdicts from checking, a person's decisions. Out: what is still to be checked, and the
current revisions. Which revision is current follows from the rows alone (`records.sequence`), never from the order in
which they were written. Every event is written to the lake's journal before its transaction commits.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from qiangji.lake import Lake
from qiangji.ledger import decisions, events, placing
from qiangji.ledger.records import (
    SIDE_BY_SIDE,
    Current,
    Decision,
    Delivery,
    Failure,
    Key,
    Known,
    Listed,
    Locked,
    Part,
    Pending,
    Reading,
    Seen,
    Submission,
    Voided,
    sequence,
)
from qiangji.periods import Period
from qiangji.warehouse.locks import GATE, hold_on, share
from qiangji.warehouse.queries import query
from qiangji.warehouse.queries import statement as piece
from qiangji.warehouse.rows import fetch, insert

TOGETHER = 200
"""Verdicts that one transaction publishes: each holds a lock, and the server has some thousands of them."""
__all__ = [
    "SIDE_BY_SIDE", "Current", "Decision", "Delivery", "Failure", "Key", "Known", "Ledger", "Listed", "Locked", "Part",
    "Pending", "Reading", "Seen", "Submission", "Voided", "apply_collection", "sequence",
]  # fmt: skip


class Ledger:
    """The ledger in one warehouse, with the lake whose journal it writes.

    A submission with less than `shrink_share` of its predecessor's accepted rows is held, and so is one with a doubt.
    """

    def __init__(self, engine: Engine, lake: Lake, shrink_share: float = 0.5) -> None:
        self.engine, self.lake, self.shrink_share = engine, lake, shrink_share

    # ---- collecting

    def known(self, counties: Sequence[str]) -> dict[str, Known]:
        """What is known of counties before they are collected."""
        found = {county: Known() for county in counties}
        asked = {"counties": list(counties)}
        with self.engine.connect() as c:
            for r in fetch(c, "SELECT * FROM ops.source_item WHERE county_code = ANY(:counties)", asked):
                found[r["county_code"]].items[r["name"]] = Listed(r["version"], r["sha256"])
            for r in fetch(c, query("ledger/voided"), asked):
                found[r.pop("county_code")].voided.append(Voided(**r))
        return found

    def counting(self, county: str, reports: Sequence[tuple[str, Period]]) -> dict[tuple[str, Period], str]:
        """The name of what a county sent last of these reports, of those where that counts."""
        asked = {
            "county": county,
            "forms": [form for form, _ in reports],
            "periods": [str(p) for _, p in reports],
        }
        with self.engine.connect() as c:
            rows = fetch(c, query("ledger/counting", later=piece("ledger/later")), asked)
        return {(r["form"], Period.parse(r["period"])): r["name"] for r in rows}

    def add_collected(
        self,
        arrived: Sequence[tuple[Delivery, str]],
        seen: Sequence[Seen],
        outcomes: Callable[[Collection[str]], Sequence[dict[str, Any]]],
        again: Collection[str] = (),
    ) -> set[str]:
        """Record what came of collecting some counties, in one transaction: all or nothing.

        `arrived`: deliveries whose bytes are in the lake, each with its version. `seen`: items that were known.
        `outcomes` gives the rows of ops.collection, for each county and each failed item, by the ids of the deliveries
        that are recorded. Returns these: another night may have recorded the same content meanwhile. `again`: ids of
        deliveries whose bytes are known, and count once more under another version.
        """
        with self.engine.begin() as c:
            hold_on(c, *{f"items {d.county_code}" for d, _ in arrived})
            names = [(d.county_code, d.name) for d, _ in arrived] + [(s.county_code, s.name) for s in seen]
            known = _listed(c, names)
            new = {
                d.delivery_id: (d, version)
                for d, version in arrived
                if (it := known.get((d.county_code, d.name))) is None
                or it.sha256 != d.sha256
                or (d.delivery_id in again and it.version != version)
            }
            other = [s for s in seen if known.get((s.county_code, s.name)) != Listed(s.version, s.sha256)]
            rows = outcomes(new.keys())
            events.collected(self.lake, list(new.values()), other, rows)
            own = [(asdict(d) | {"delivery_id": key}, key) for key, (d, _) in new.items()]
            parts = [part | {"delivery_id": key} for told, key in own for part in told.pop("parts")]
            insert(c, "ops.delivery", [told for told, _ in own], "ON CONFLICT DO NOTHING")
            insert(c, "ops.delivery_part", parts, "ON CONFLICT DO NOTHING")
            arrivals = [Seen(d.county_code, d.name, version, d.sha256) for d, version in new.values()]
            _saw(c, [*arrivals, *seen])
            apply_collection(c, rows)
        return set(new)

    def failures(self, run_id: str) -> list[Failure]:
        """What could not be collected in a run."""
        statement = (
            "SELECT county_code, form, period, reason_code, message FROM ops.collection"
            " WHERE run_id = :run AND status = 'failed' ORDER BY county_code, form, period"
        )
        with self.engine.connect() as c:
            return [Failure(**r) for r in fetch(c, statement, {"run": run_id})]

    # ---- checking

    def unchecked(self, counties: Sequence[str] | None = None) -> list[Pending]:
        """Parts of deliveries that no check has seen, in the order received; None means every county."""
        values = {"counties": None if counties is None else list(counties)}
        return self._parts(piece("ledger/unchecked"), values)

    def leading(self, forms: Sequence[str], periods: Sequence[str]) -> list[Pending]:
        """The latest part of each submission that is not void, to be checked again; empty lists mean all."""
        return self._parts(
            piece("ledger/leading", later=piece("ledger/later")),
            {"forms": list(forms), "periods": list(periods)},
        )

    def parts_of(self, deliveries: Sequence[str]) -> list[Pending]:
        """All parts of these deliveries, in the order received."""
        chosen = (
            "SELECT delivery_id, form, period FROM ops.delivery_part WHERE delivery_id = ANY(:deliveries)"
        )
        return self._parts(chosen, {"deliveries": list(deliveries)})

    def _parts(self, chosen: str, values: dict[str, Any]) -> list[Pending]:
        with self.engine.connect() as c:
            return [Pending(**r) for r in fetch(c, query("ledger/parts", chosen=chosen), values)]

    def publish(self, readings: Sequence[Reading]) -> list[Submission]:
        """Make verdicts part of the record: of each number of them all or none, in one transaction.

        Before it nothing has happened, after it everything has. Returns the submissions, in the order given, with their
        places in the sequence.
        """
        published: list[Submission] = []
        for start in range(0, len(readings), TOGETHER):
            published += self._publish(readings[start : start + TOGETHER])
        return published

    def _publish(self, readings: Sequence[Reading]) -> list[Submission]:
        new = [r.submission for r in readings]
        keys = list(dict.fromkeys(one.at for one in new))
        with self.engine.begin() as c:
            share(c, GATE)
            placing.hold(c, keys)
            known = placing.standing(c, keys, {one.delivery_id for one in new})
            placed = known.with_new(new).placed(self.shrink_share)
            at = {(one.at, one.key): one for one in placed}
            found = [at[one.at, one.key] for one in new]
            events.read(
                self.lake, [r.read_at(one.checked_at) for r, one in zip(readings, found, strict=True)]
            )
            placing.write(c, known, placed, new)
            parts = [r.part for r in readings]
            _replace_at(c, "ops.rejection", parts, [row for r in readings for row in r.rejections])
            _replace_at(
                c, "ops.finding", [r.own for r in readings], [f | r.own for r in readings for f in r.findings]
            )
            _replace_at(c, "ops.explanation", parts, [row for r in readings for row in r.explained()])
        return found

    def replace_contextual(self, c: Connection, found: Mapping[Key, Sequence[dict[str, Any]]]) -> None:
        """Replace the contextual findings of submissions, which belong to no reading."""
        if found:
            at = [{"form": form, "period": period, "county_code": county} for form, period, county in found]
            rows = [row for mine in found.values() for row in mine]
            _replace_at(c, "ops.finding", at, rows, also="delivery_id IS NULL")

    def replace_lacking(
        self, c: Connection, form: str, periods: Sequence[str], rule: str, findings: Sequence[dict[str, Any]]
    ) -> None:
        """Replace the findings of one contextual rule on a form's reports of these periods."""
        where = "form = :f AND period = ANY(:p) AND rule = :r AND delivery_id IS NULL"
        _replace(c, "ops.finding", where, {"f": form, "p": list(periods), "r": rule}, findings)

    # ---- decisions

    def decide(
        self,
        delivery_id: str,
        action: str,
        reason: str,
        form: str | None = None,
        period: str | None = None,
        by: str | None = None,
        *,
        is_all: bool = False,
    ) -> list[Submission]:
        """Release what is held or take a void back, or void what is wrong: `decisions.decide`."""
        part = decisions.Of(delivery_id, form, period, is_all)
        return decisions.decide(self, part, action, reason, by)

    # ---- what counts

    def current(self, c: Connection) -> dict[Key, Current]:
        """Every current revision."""
        rows = c.execute(
            sa.text(
                "SELECT form, period, county_code, coalesce(rows_hash, ''), revision, delivery_id, is_unchanged"
                " FROM ops.submission WHERE is_current ORDER BY form, period, county_code"
            )
        )
        return {(form, period, county): Current(*rest) for form, period, county, *rest in rows}

    def latest(self, one: Submission) -> Submission | None:
        """The latest reading of the same county, form and period that is not void, as the reporting grid shows it."""
        with self.engine.connect() as c:
            known = placing.standing(c, [one.at]).verdicts[one.at]
        valid = (v for v in known if v.status != "void")
        return max(valid, key=lambda v: (v.received_at, v.checked_at), default=None)

    def foreseen(self, one: Submission) -> Submission:
        """A submission with the status that it would have, were it published now; nothing is written."""
        with self.engine.connect() as c:
            known = placing.standing(c, [one.at], [one.delivery_id])
        placed = known.with_new([one]).placed(self.shrink_share)
        return replace(next(s for s in placed if s.key == one.key), revision=None, is_current=False)

    def place(self, c: Connection, keys: Collection[Key]) -> list[Submission]:
        """Work out the sequences of these submissions anew from their readings, decisions and locks.

        Writes down what changed. Returns all their readings.
        """
        placing.hold(c, keys)
        known = placing.standing(c, keys)
        placed = known.placed(self.shrink_share)
        placing.write(c, known, placed)
        return placed


def apply_collection(c: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Make outcomes of collecting part of the ledger; another try of the same run adds to the first."""
    if not rows:
        return
    c.execute(  # items that an earlier try of the same run lost may be there now
        sa.text("DELETE FROM ops.collection WHERE (run_id, county_code) = (:r, :c) AND form IS NOT NULL"),
        [{"r": r["run_id"], "c": r["county_code"]} for r in rows],
    )
    insert(
        c,
        "ops.collection",
        rows,
        "ON CONFLICT (run_id, county_code, form, period) DO UPDATE SET status = excluded.status,"
        " reason_code = excluded.reason_code, message = excluded.message, ended_at = excluded.ended_at,"
        " deliveries = ops.collection.deliveries + excluded.deliveries,"
        " bytes = ops.collection.bytes + excluded.bytes",
    )


def _replace(
    c: Connection, table: str, where: str, values: Mapping[str, Any], rows: Sequence[dict[str, Any]]
) -> None:
    """Put rows in the place of those of the table for which `where` holds."""
    c.execute(sa.text(f"DELETE FROM {table} WHERE {where}"), values)
    insert(c, table, rows)


def _replace_at(
    c: Connection,
    table: str,
    at: Sequence[Mapping[str, str]],
    rows: Sequence[dict[str, Any]],
    also: str = "true",
) -> None:
    """Put rows in the place of those of the table with any of these sets of keys (columns of text).

    `also`: a condition that the replaced rows meet besides.
    """
    names = list(at[0])
    keys = ", ".join(f"CAST(:{n} AS text[])" for n in names)
    where = f"({', '.join(names)}) IN (SELECT * FROM unnest({keys})) AND {also}"
    _replace(c, table, where, {n: [one[n] for one in at] for n in names}, rows)


def _listed(c: Connection, items: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Listed]:
    """What is known of items, by (county, name)."""
    asked = {"counties": [county for county, _ in items], "names": [name for _, name in items]}
    rows = c.execute(query("ledger/listed"), asked)
    return {(r.county_code, r.name): Listed(r.version, r.sha256) for r in rows}


def _saw(c: Connection, items: Sequence[Seen]) -> None:
    now = datetime.now(UTC)
    insert(
        c,
        "ops.source_item",
        [vars(one) | {"seen_at": now} for one in items],
        "ON CONFLICT (county_code, name) DO UPDATE SET version = excluded.version, sha256 = excluded.sha256,"
        " seen_at = excluded.seen_at",
    )
