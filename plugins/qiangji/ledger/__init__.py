"""The ledger: what was delivered, what of it counts, and what a person decided. Schema `ops` of the warehouse.

In: deliveries from landing, verdicts from checking, decisions. Out: what is still to do, and the current revisions.
Which revision is current follows from the rows alone (`records.sequence`), never from the order in which they were
written. Every event is written to the lake's journal before its transaction commits.
"""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, Row

from qiangji.errors import UsageError
from qiangji.lake import Lake
from qiangji.ledger import events, locks
from qiangji.ledger.records import Current, Delivery, Key, Locked, Part, Pending, Submission, sequence
from qiangji.periods import Period
from qiangji.warehouse.rows import insert

__all__ = [
    "Current", "Delivery", "Key", "Ledger", "Locked", "Part", "Pending", "Submission", "apply_collection", "sequence",
]  # fmt: skip


class Ledger:
    """The ledger in one warehouse, with the lake whose journal it writes."""

    def __init__(self, engine: Engine, lake: Lake, shrink_share: float = 0.5) -> None:
        self.engine, self.lake, self.shrink_share = engine, lake, shrink_share

    # ---- collecting

    def known_items(self, county: str) -> dict[str, Row[Any]]:
        """Name -> (version, sha256) of what each county system last listed."""
        with self.engine.connect() as c:
            rows = c.execute(
                sa.text("SELECT name, version, sha256 FROM ops.source_item WHERE county_code = :c"),
                {"c": county},
            )
            return {r.name: r for r in rows}

    def saw(self, county: str, name: str, version: str, sha256: str) -> None:
        """Remember an item's content and version, so that it is not fetched again."""
        with self.engine.begin() as c:
            known = c.execute(
                sa.text("SELECT version, sha256 FROM ops.source_item WHERE (county_code, name) = (:c, :n)"),
                {"c": county, "n": name},
            ).one_or_none()
            if known is None or tuple(known) != (version, sha256):
                events.saw(self.lake, county, name, version, sha256)
            _saw(c, county, name, version, sha256)

    def add_delivery(self, delivery: Delivery, version: str) -> bool:
        """Record a delivery whose bytes are in the lake; False if another night has recorded the same meanwhile."""
        with self.engine.begin() as c:
            _lock_on(c, f"item {delivery.county_code} {delivery.name}")
            known = c.scalar(
                sa.text("SELECT sha256 FROM ops.source_item WHERE (county_code, name) = (:c, :n)"),
                {"c": delivery.county_code, "n": delivery.name},
            )
            if known == delivery.sha256:
                return False
            self.lake.record(
                f"delivery-{delivery.delivery_id}",
                delivery.received_at,
                {"event": "delivery", "version": version, **asdict(delivery)},
            )
            row = {k: v for k, v in asdict(delivery).items() if k != "parts"} | {
                "delivery_id": delivery.delivery_id
            }
            insert(c, "ops.delivery", [row], "ON CONFLICT DO NOTHING")
            parts = [asdict(p) | {"delivery_id": delivery.delivery_id} for p in delivery.parts]
            insert(c, "ops.delivery_part", parts, "ON CONFLICT DO NOTHING")
            _saw(c, delivery.county_code, delivery.name, version, delivery.sha256)
        return True

    def add_collection(self, rows: Sequence[dict[str, Any]]) -> None:
        """Record what came of collecting a county (and, for items that failed, of each)."""
        with self.engine.begin() as c:
            events.collected(self.lake, rows)
            apply_collection(c, rows)

    def failures(self, run_id: str) -> list[Row[Any]]:
        """What could not be collected in a run: county_code, form, period, reason_code, message."""
        with self.engine.connect() as c:
            return list(
                c.execute(
                    sa.text(
                        "SELECT county_code, form, period, reason_code, message FROM ops.collection"
                        " WHERE run_id = :r AND status = 'failed' ORDER BY county_code, form, period"
                    ),
                    {"r": run_id},
                )
            )

    # ---- checking

    def unchecked(self, counties: Sequence[str] | None = None) -> list[Pending]:
        """Parts of deliveries that no check has seen, in the order received."""
        return self._parts(
            "NOT EXISTS (SELECT FROM ops.submission s WHERE (s.delivery_id, s.form, s.period)"
            " = (p.delivery_id, p.form, p.period))",
            counties=counties,
        )

    def leading(self, forms: Sequence[str], periods: Sequence[str]) -> list[Pending]:
        """The latest part of each submission that is not void: what a reprocess reads again. Empty means all."""
        return self._parts(
            "NOT EXISTS (SELECT FROM ops.delivery_part q JOIN ops.delivery e USING (delivery_id)"
            " WHERE (q.form, q.period, e.county_code) = (p.form, p.period, d.county_code)"
            " AND (e.received_at, e.delivery_id) > (d.received_at, d.delivery_id)"
            " AND NOT EXISTS (SELECT FROM ops.submission s WHERE s.delivery_id = e.delivery_id AND s.form = q.form"
            " AND s.period = q.period AND s.status = 'void'))"
            " AND NOT EXISTS (SELECT FROM ops.submission s WHERE s.delivery_id = d.delivery_id AND s.form = p.form"
            " AND s.period = p.period AND s.status = 'void')",
            forms=forms,
            periods=periods,
        )

    def _parts(
        self,
        condition: str,
        counties: Sequence[str] | None = None,
        forms: Sequence[str] = (),
        periods: Sequence[str] = (),
    ) -> list[Pending]:
        with self.engine.connect() as c:
            return [
                Pending(**row._mapping)
                for row in c.execute(
                    sa.text(
                        "SELECT d.delivery_id, d.county_code, d.received_at, p.form, p.period, p.kind, p.sha256,"
                        " p.reason_code, p.message_zh, p.message_en"
                        " FROM ops.delivery_part p JOIN ops.delivery d USING (delivery_id)"
                        f" WHERE {condition}"
                        " AND (:counties IS NULL OR d.county_code = ANY(:counties))"
                        " AND (cardinality(:forms) = 0 OR p.form = ANY(:forms))"
                        " AND (cardinality(:periods) = 0 OR p.period = ANY(:periods))"
                        " ORDER BY d.received_at, d.delivery_id, p.form, p.period"
                    ).bindparams(
                        sa.bindparam("counties", type_=sa.ARRAY(sa.Text)),
                        sa.bindparam("forms", type_=sa.ARRAY(sa.Text)),
                        sa.bindparam("periods", type_=sa.ARRAY(sa.Text)),
                    ),
                    {
                        "counties": None if counties is None else list(counties),
                        "forms": list(forms),
                        "periods": list(periods),
                    },
                )
            ]

    def publish(
        self,
        submission: Submission,
        rejections: Sequence[dict[str, Any]],
        findings: Sequence[dict[str, Any]],
        explanations: Mapping[str, str] | None = None,
    ) -> Submission:
        """Make a verdict part of the record, in one transaction: before it nothing has happened, after it all has.

        `explanations`: unit -> what the county says about its row.
        """
        explained = {"explanations": dict(explanations)} if explanations else {}
        with self.engine.begin() as c:
            locks.pass_gate(c)
            _lock(c, submission.county_code, submission.form, submission.period)
            submission = _as_known(c, submission)
            self.lake.record(
                "submission-"
                + "-".join((submission.delivery_id, submission.form, submission.period, *submission.key[1:])),
                submission.checked_at,
                {"event": "submission", **asdict(submission), "published_at": datetime.now(UTC)}
                | {"rejections": list(rejections), "findings": list(findings), **explained},
            )
            row = asdict(submission) | {"status": submission.verdict}
            updates = ", ".join(
                f"{n} = excluded.{n}" for n in row if n not in ("delivery_id", "form", "period")
            )
            insert(
                c,
                "ops.submission",
                [row],
                "ON CONFLICT (delivery_id, form, period, catalogue_hash, suite_hash) DO UPDATE SET "
                + updates,
            )
            placed = self.place(c, submission.county_code, submission.form, submission.period)
            at = {"d": submission.delivery_id, "f": submission.form, "p": submission.period}
            c.execute(
                sa.text("DELETE FROM ops.rejection WHERE (delivery_id, form, period) = (:d, :f, :p)"), at
            )
            insert(c, "ops.rejection", rejections)
            key = {"d": submission.delivery_id, "ch": submission.catalogue_hash, "sh": submission.suite_hash}
            c.execute(
                sa.text(
                    "DELETE FROM ops.finding WHERE (delivery_id, form, period) = (:d, :f, :p)"
                    " AND (catalogue_hash, suite_hash) = (:ch, :sh)"
                ),
                at | key,
            )
            own = {n: getattr(submission, n) for n in ("delivery_id", "catalogue_hash", "suite_hash")}
            insert(c, "ops.finding", [f | own for f in findings])
            c.execute(
                sa.text("DELETE FROM ops.explanation WHERE (delivery_id, form, period) = (:d, :f, :p)"), at
            )
            place = {n: getattr(submission, n) for n in ("delivery_id", "form", "period", "county_code")}
            said = [place | {"unit_code": u, "explanation": t} for u, t in (explanations or {}).items()]
            insert(c, "ops.explanation", said)
        return next(s for s in placed if s.key == submission.key)

    def replace_contextual(
        self, c: Connection, county: str, form: str, period: str, findings: Sequence[dict[str, Any]]
    ) -> None:
        """Put a submission's contextual findings in the place of those it had."""
        c.execute(
            sa.text(
                "DELETE FROM ops.finding WHERE (county_code, form, period) = (:c, :f, :p) AND delivery_id IS NULL"
            ),
            {"c": county, "f": form, "p": period},
        )
        insert(c, "ops.finding", findings)

    def replace_lacking(
        self, c: Connection, form: str, periods: Sequence[str], rule: str, findings: Sequence[dict[str, Any]]
    ) -> None:
        """Put the findings of one contextual rule in the place of those that these periods had."""
        c.execute(
            sa.text(
                "DELETE FROM ops.finding WHERE form = :f AND period = ANY(:p) AND rule = :r AND delivery_id IS NULL"
            ),
            {"f": form, "p": list(periods), "r": rule},
        )
        insert(c, "ops.finding", findings)

    # ---- decisions

    def decide(
        self, delivery_id: str, action: str, reason: str, form: str | None = None, period: str | None = None
    ) -> list[Submission]:
        """Release what is held or void what is wrong; who, when and why are recorded. Returns what it touched."""
        if not reason.strip():
            raise UsageError("no reason given", expected="--reason with a few words", code="no_reason")
        with self.engine.begin() as c:
            locks.pass_gate(c)
            touched = c.execute(
                sa.text(
                    "SELECT DISTINCT d.county_code, p.form, p.period FROM ops.delivery d"
                    " JOIN ops.delivery_part p USING (delivery_id) WHERE delivery_id = :d"
                    " AND (CAST(:f AS text) IS NULL OR p.form = :f) AND (CAST(:p AS text) IS NULL OR p.period = :p)"
                    " ORDER BY 1, 2, 3"
                ),
                {"d": delivery_id, "f": form, "p": period},
            ).all()
            if not touched:
                raise UsageError(
                    f"no delivery {delivery_id}",
                    expected="an id as `qiangji status` prints it",
                    code="unknown_delivery",
                )
            _lock_on(c, f"decisions {delivery_id}")
            before = c.scalar(
                sa.text("SELECT count(*) FROM ops.decision WHERE delivery_id = :d"), {"d": delivery_id}
            )
            at = datetime.now(UTC)
            row = {
                "decision_id": events.decision_id(delivery_id, before or 0),
                "delivery_id": delivery_id,
                "form": form,
                "period": period,
                "action": action,
                "reason": reason,
                "decided_by": getpass.getuser(),
                "decided_at": at,
            }
            self.lake.record(f"decision-{row['decision_id']}", at, {"event": "decision", **row})
            insert(c, "ops.decision", [row])
            placed: list[Submission] = []
            for county, one_form, one_period in touched:
                placed += [
                    s for s in self.place(c, county, one_form, one_period) if s.delivery_id == delivery_id
                ]
            return placed

    # ---- what counts

    def current(self, c: Connection) -> dict[Key, Current]:
        """Every current revision."""
        rows = c.execute(
            sa.text(
                "SELECT form, period, county_code, rows_hash, revision, delivery_id, is_unchanged"
                " FROM ops.submission WHERE is_current ORDER BY form, period, county_code"
            )
        )
        return {
            (r.form, r.period, r.county_code): Current(
                r.rows_hash or "", r.revision, r.delivery_id, r.is_unchanged
            )
            for r in rows
        }

    def place(self, c: Connection, county: str, form: str, period: str) -> list[Submission]:
        """Write down what follows from all verdicts and decisions on a submission, and the locks of its period."""
        _lock(c, county, form, period)
        at = {"c": county, "f": form, "p": period}
        where = "(county_code, form, period) = (:c, :f, :p)"
        verdicts = [
            Submission(**r._mapping)
            for r in c.execute(sa.text(f"SELECT * FROM ops.submission WHERE {where}"), at)
        ]
        decisions = {
            r.delivery_id: (r.action, r.decided_at)
            for r in c.execute(
                sa.text(
                    "SELECT DISTINCT ON (delivery_id) delivery_id, action, decided_at FROM ops.decision"
                    " WHERE delivery_id = ANY(:ids) AND (form IS NULL OR form = :f)"
                    " AND (period IS NULL OR period = :p) ORDER BY delivery_id, decided_at DESC, decision_id"
                ),
                {"ids": [v.delivery_id for v in verdicts], "f": form, "p": period},
            )
        }
        placed = sequence(
            verdicts,
            {d: action for d, (action, _) in decisions.items()},
            self.shrink_share,
            locks.of(c, Period.parse(period)),
            {d: when for d, (_, when) in decisions.items()},
        )
        before = {v.key: _placing(v) for v in verdicts}
        changed = [s for s in placed if before[s.key] != _placing(s)]
        # what stops being current first: only one may be at any moment
        for one in sorted(changed, key=lambda s: s.is_current):
            c.execute(
                sa.text(
                    "UPDATE ops.submission SET status = :status, revision = :revision, is_current = :current,"
                    " held_reason = :held_reason"
                    f" WHERE {where} AND (delivery_id, catalogue_hash, suite_hash) = (:d, :ch, :sh)"
                ),
                at
                | {"status": one.status, "revision": one.revision, "current": one.is_current}
                | {"held_reason": one.held_reason}
                | {"d": one.delivery_id, "ch": one.catalogue_hash, "sh": one.suite_hash},
            )
        return placed


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


def _placing(s: Submission) -> tuple[str, int | None, bool, str | None]:
    return s.status, s.revision, s.is_current, s.held_reason


def _as_known(c: Connection, submission: Submission) -> Submission:
    """In a locked period the same reading once more stays as old as it was: its place among others is settled."""
    if not any(submission.checked_at in x for x in locks.of(c, Period.parse(submission.period))):
        return submission
    known = c.scalar(
        sa.text(
            "SELECT checked_at FROM ops.submission WHERE (delivery_id, form, period) = (:d, :f, :p)"
            " AND (catalogue_hash, suite_hash) = (:ch, :sh)"
        ),
        {"d": submission.delivery_id, "f": submission.form, "p": submission.period}
        | {"ch": submission.catalogue_hash, "sh": submission.suite_hash},
    )
    return replace(submission, checked_at=known) if known else submission


def _lock(c: Connection, county: str, form: str, period: str) -> None:
    """One writer of a submission at a time."""
    _lock_on(c, f"submission {county} {form} {period}")


def _lock_on(c: Connection, what: str) -> None:
    c.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:k, 0))"), {"k": what})


def _saw(c: Connection, county: str, name: str, version: str, sha256: str) -> None:
    row = {
        "county_code": county,
        "name": name,
        "version": version,
        "sha256": sha256,
        "seen_at": datetime.now(UTC),
    }
    insert(
        c,
        "ops.source_item",
        [row],
        "ON CONFLICT (county_code, name) DO UPDATE SET version = excluded.version, sha256 = excluded.sha256,"
        " seen_at = excluded.seen_at",
    )
