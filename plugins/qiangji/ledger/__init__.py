"""The ledger: what was delivered, what was decided, and which revisions count. Schema `ops` of the warehouse.

In: deliveries from landing, verdicts from checking, a person's decisions. Out: what is still to be checked, and the
current revisions. Which revision is current follows from the rows alone (`records.sequence`), never from the order in
which they were written. Every event is written to the lake's journal before its transaction commits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from qiangji.errors import UsageError
from qiangji.lake import Lake
from qiangji.ledger import events, locks
from qiangji.ledger.records import (
    SIDE_BY_SIDE,
    Current,
    Decision,
    Delivery,
    Failure,
    Key,
    Listed,
    Locked,
    Part,
    Pending,
    Submission,
    Voided,
    sequence,
)
from qiangji.periods import Period
from qiangji.warehouse.locks import GATE, hold_on, share
from qiangji.warehouse.queries import query
from qiangji.warehouse.queries import statement as piece
from qiangji.warehouse.rows import fetch, insert

__all__ = [
    "SIDE_BY_SIDE", "Current", "Decision", "Delivery", "Failure", "Key", "Ledger", "Listed", "Locked", "Part",
    "Pending", "Submission", "Voided", "apply_collection", "sequence",
]  # fmt: skip


class Ledger:
    """The ledger in one warehouse, with the lake whose journal it writes.

    A submission with less than `shrink_share` of its predecessor's accepted rows is held, and so is one with a doubt.
    """

    def __init__(self, engine: Engine, lake: Lake, shrink_share: float = 0.5) -> None:
        self.engine, self.lake, self.shrink_share = engine, lake, shrink_share

    # ---- collecting

    def known_items(self, county: str) -> dict[str, Listed]:
        """What a county system last listed, by name."""
        statement = "SELECT name, version, sha256 FROM ops.source_item WHERE county_code = :county"
        with self.engine.connect() as c:
            rows = fetch(c, statement, {"county": county})
        return {r["name"]: Listed(r["version"], r["sha256"]) for r in rows}

    def voided(self, county: str) -> list[Voided]:
        """What of a county was voided and is so still."""
        with self.engine.connect() as c:
            return [Voided(**r) for r in fetch(c, query("ledger/voided"), {"county": county})]

    def saw(self, county: str, name: str, version: str, sha256: str) -> None:
        """Remember an item's version and content, so that it is not fetched again."""
        with self.engine.begin() as c:
            if _listed(c, county, name) != Listed(version, sha256):
                events.saw(self.lake, county, name, version, sha256)
            _saw(c, county, name, version, sha256)

    def add_delivery(self, delivery: Delivery, version: str) -> bool:
        """Record a delivery whose bytes are in the lake; False if another night has recorded it meanwhile."""
        with self.engine.begin() as c:
            hold_on(c, f"item {delivery.county_code} {delivery.name}")
            known = _listed(c, delivery.county_code, delivery.name)
            if known and known.sha256 == delivery.sha256:
                return False
            told = asdict(delivery)
            event = {"event": "delivery", "version": version, **told}
            self.lake.record(f"delivery-{delivery.delivery_id}", delivery.received_at, event)
            own = {"delivery_id": delivery.delivery_id}
            parts = [part | own for part in told.pop("parts")]
            insert(c, "ops.delivery", [told | own], "ON CONFLICT DO NOTHING")
            insert(c, "ops.delivery_part", parts, "ON CONFLICT DO NOTHING")
            _saw(c, delivery.county_code, delivery.name, version, delivery.sha256)
        return True

    def add_collection(self, rows: Sequence[dict[str, Any]]) -> None:
        """Record what came of collecting a county: rows of ops.collection, for the county and each failed item."""
        with self.engine.begin() as c:
            events.collected(self.lake, rows)
            apply_collection(c, rows)

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
        return self._parts(piece("ledger/leading"), {"forms": list(forms), "periods": list(periods)})

    def parts_of(self, deliveries: Sequence[str]) -> list[Pending]:
        """All parts of these deliveries, in the order received."""
        chosen = (
            "SELECT delivery_id, form, period FROM ops.delivery_part WHERE delivery_id = ANY(:deliveries)"
        )
        return self._parts(chosen, {"deliveries": list(deliveries)})

    def _parts(self, chosen: str, values: dict[str, Any]) -> list[Pending]:
        with self.engine.connect() as c:
            return [Pending(**r) for r in fetch(c, query("ledger/parts", chosen=chosen), values)]

    def publish(
        self,
        submission: Submission,
        rejections: Sequence[dict[str, Any]],
        findings: Sequence[dict[str, Any]],
        explanations: Mapping[str, str] | None = None,
    ) -> Submission:
        """Make a verdict part of the record, in one transaction: before it nothing has happened, after it all has.

        `rejections` and `findings` are rows of ops.rejection and, without the reading, ops.finding. `explanations` maps
        a unit to what the county says about its row. Returns the submission with its place in the sequence.
        """
        one = submission
        with self.engine.begin() as c:
            share(c, GATE)
            _hold(c, one.county_code, one.form, one.period)
            one = _as_known(c, one)
            event = {"event": "submission", **asdict(one), "published_at": datetime.now(UTC)}
            event |= {"rejections": list(rejections), "findings": list(findings)}
            event |= {"explanations": dict(explanations)} if explanations else {}
            event_id = "-".join(("submission", one.delivery_id, one.form, one.period, *one.key[1:]))
            self.lake.record(event_id, one.checked_at, event)
            _upsert(c, one)
            placed = self.place(c, one.county_code, one.form, one.period)
            part = "(delivery_id, form, period) = (:delivery_id, :form, :period)"
            reading = f"{part} AND (catalogue_hash, suite_hash) = (:catalogue_hash, :suite_hash)"
            own = {n: getattr(one, n) for n in ("delivery_id", "catalogue_hash", "suite_hash")}
            place = {n: getattr(one, n) for n in ("delivery_id", "form", "period", "county_code")}
            said = [place | {"unit_code": u, "explanation": text} for u, text in (explanations or {}).items()]
            _replace(c, "ops.rejection", part, place, rejections)
            _replace(c, "ops.finding", reading, place | own, [f | own for f in findings])
            _replace(c, "ops.explanation", part, place, said)
        return next(s for s in placed if s.key == one.key)

    def replace_contextual(
        self, c: Connection, county: str, form: str, period: str, findings: Sequence[dict[str, Any]]
    ) -> None:
        """Replace a submission's contextual findings, which belong to no reading."""
        where = "(county_code, form, period) = (:c, :f, :p) AND delivery_id IS NULL"
        _replace(c, "ops.finding", where, {"c": county, "f": form, "p": period}, findings)

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
    ) -> list[Submission]:
        """Release what is held or void what is wrong, and record who decided it, when and why.

        Without a form or period the decision is on all that the delivery holds. Returns the delivery's submissions
        with their new places. `by`: who decides, if not the login. Raises UsageError: no_reason, no_person,
        unknown_delivery, not_in_delivery.
        """
        events.require_reason(reason)
        who = events.decided_by(by)
        with self.engine.begin() as c:
            share(c, GATE)
            touched = _touched(c, delivery_id, form, period)
            hold_on(c, f"decisions {delivery_id}")  # an id follows from the count of those before
            before = c.scalar(
                sa.text("SELECT count(*) FROM ops.decision WHERE delivery_id = :d"), {"d": delivery_id}
            )
            decision = Decision(
                events.decision_id(delivery_id, before or 0),
                delivery_id,
                form,
                period,
                action,
                reason,
                who,
                datetime.now(UTC),
            )
            event = {"event": "decision", **asdict(decision)}
            self.lake.record(f"decision-{decision.decision_id}", decision.decided_at, event)
            insert(c, "ops.decision", [asdict(decision)])
            placed = [s for each in touched for s in self.place(c, *each)]
        return [s for s in placed if s.delivery_id == delivery_id]

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
            known = _verdicts(c, one.county_code, one.form, one.period)
        standing = (v for v in known if v.status != "void")
        return max(standing, key=lambda v: (v.received_at, v.checked_at), default=None)

    def foreseen(self, one: Submission) -> Submission:
        """A submission with the status that it would have, were it published now; nothing is written."""
        with self.engine.connect() as c:
            verdicts = _verdicts(c, one.county_code, one.form, one.period)
            placed = self._sequence(c, [*verdicts, one], one.county_code, one.form, one.period)
        return replace(next(s for s in placed if s.key == one.key), revision=None, is_current=False)

    def place(self, c: Connection, county: str, form: str, period: str) -> list[Submission]:
        """Work out a submission's sequence anew from its verdicts, decisions and locks; write down what changed."""
        _hold(c, county, form, period)
        verdicts = _verdicts(c, county, form, period)
        placed = self._sequence(c, verdicts, county, form, period)
        before = {v.key: v.placing for v in verdicts}
        changed = [s for s in placed if before[s.key] != s.placing]
        # what stops being current first: only one may be at any moment
        for one in sorted(changed, key=lambda s: s.is_current):
            c.execute(query("ledger/place"), asdict(one))
        return placed

    def _sequence(
        self, c: Connection, verdicts: Sequence[Submission], county: str, form: str, period: str
    ) -> list[Submission]:
        at = {"county": county, "form": form, "period": period}
        deliveries = {"deliveries": [v.delivery_id for v in verdicts]}
        decisions = [Decision(**r) for r in fetch(c, query("ledger/last_decisions"), at | deliveries)]
        decided = {d.delivery_id: d for d in decisions}
        return sequence(verdicts, decided, self.shrink_share, locks.of(c, Period.parse(period)))


def _touched(
    c: Connection, delivery_id: str, form: str | None, period: str | None
) -> list[tuple[str, str, str]]:
    """The submissions of a delivery, or of one form or period in it; a UsageError says what there is instead."""
    held = [(r.county_code, r.form, r.period) for r in c.execute(query("ledger/touched"), {"d": delivery_id})]
    if not held:
        raise UsageError(
            f"no delivery {delivery_id}",
            expected="an id as `qiangji status` prints it",
            zh=f"没有来件{delivery_id}：请用qiangji status列出的编号。",
            code="unknown_delivery",
        )
    touched = [one for one in held if form in (None, one[1]) and period in (None, one[2])]
    if not touched:
        wanted = " ".join(filter(None, (form, period)))
        there = [f"{one[1]} {one[2]}" for one in held]
        raise UsageError(
            f"delivery {delivery_id} holds no {wanted}",
            expected=", ".join(there),
            zh=f"来件{delivery_id}中没有{wanted}；其中有：{'、'.join(there)}。",
            code="not_in_delivery",
        )
    return touched


def apply_collection(c: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Make outcomes of collecting part of the ledger; another try of the same run adds to the first."""
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


def _verdicts(c: Connection, county: str, form: str, period: str) -> list[Submission]:
    at = {"county": county, "form": form, "period": period}
    where = "(county_code, form, period) = (:county, :form, :period)"
    return [Submission(**r) for r in fetch(c, f"SELECT * FROM ops.submission WHERE {where}", at)]


def _as_known(c: Connection, one: Submission) -> Submission:
    """Re-checking inside a locked period keeps the original `checked_at`, so that the order of readings stays."""
    if not any(one.checked_at in x for x in locks.of(c, Period.parse(one.period))):
        return one
    known = c.scalar(
        sa.text(
            "SELECT checked_at FROM ops.submission WHERE (delivery_id, form, period, catalogue_hash, suite_hash)"
            " = (:delivery_id, :form, :period, :catalogue_hash, :suite_hash)"
        ),
        asdict(one),
    )
    return replace(one, checked_at=known) if known else one


def _upsert(c: Connection, one: Submission) -> None:
    """A reading's row, in the place of the one that it may have."""
    row = asdict(one) | {"status": one.verdict}
    key = ("delivery_id", "form", "period", "catalogue_hash", "suite_hash")
    updates = ", ".join(f"{n} = excluded.{n}" for n in row if n not in key)
    insert(c, "ops.submission", [row], f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {updates}")


def _replace(
    c: Connection, table: str, where: str, values: Mapping[str, Any], rows: Sequence[dict[str, Any]]
) -> None:
    """Put rows in the place of those of the table for which `where` holds."""
    c.execute(sa.text(f"DELETE FROM {table} WHERE {where}"), values)
    insert(c, table, rows)


def _hold(c: Connection, county: str, form: str, period: str) -> None:
    """One writer of a submission at a time."""
    hold_on(c, f"submission {county} {form} {period}")


def _listed(c: Connection, county: str, name: str) -> Listed | None:
    statement = "SELECT version, sha256 FROM ops.source_item WHERE (county_code, name) = (:c, :n)"
    row = c.execute(sa.text(statement), {"c": county, "n": name}).one_or_none()
    return Listed(*row) if row else None


def _saw(c: Connection, county: str, name: str, version: str, sha256: str) -> None:
    row = {"county_code": county, "name": name, "version": version, "sha256": sha256}
    insert(
        c,
        "ops.source_item",
        [row | {"seen_at": datetime.now(UTC)}],
        "ON CONFLICT (county_code, name) DO UPDATE SET version = excluded.version, sha256 = excluded.sha256,"
        " seen_at = excluded.seen_at",
    )
