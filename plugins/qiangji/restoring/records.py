"""The ledger's own tables again, from the journal.

In: the journal's events. Out: ops.*, in the caller's transaction. Status, revision and which revision is current are
not in the journal: they follow from the verdicts by the ledger's own rule (`sequence`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji.figures import editions
from qiangji.ledger import Decision, Delivery, Key, Ledger, Submission, apply_collection, locks, sequence
from qiangji.ledger.records import decided
from qiangji.periods import Period
from qiangji.restoring.journal import Event, Journal, Watch, when
from qiangji.warehouse.rows import fetch

PLAIN = {"decision": "ops.decision", "lock": "ops.period_lock", "disposition": "ops.disposition"}
"""Kinds of events that are one row each."""
EMPTIED = (
    "ops.published_value", "ops.edition", "ops.decision", "ops.submission", "ops.delivery_part",
    "ops.delivery", "ops.collection", "ops.source_item", "ops.rejection", "ops.finding", "ops.disposition",
    "ops.period_lock", "ops.correction", "ops.build", "ops.explanation", "ops.feedback", "ops.fact_load",
    "ops.fact_change", "ops.context_check", "ops.built_month", "ops.letter",
)  # fmt: skip
"""Every table of the ledger but ops.definition; a table that refers to another comes before it."""
_BATCH = 1000


def populate(c: Connection, table: str, rows: Sequence[dict[str, Any]]) -> int:
    """Add rows as the journal has them to a table; the server reads each value as its column's type."""
    for start in range(0, len(rows), _BATCH):
        c.execute(
            sa.text(
                f"INSERT INTO {table} SELECT * FROM"
                f" jsonb_populate_recordset(CAST(NULL AS {table}), CAST(:rows AS jsonb))"
            ),
            {"rows": json.dumps(rows[start : start + _BATCH], default=str)},
        )
    return len(rows)


def fill(c: Connection, ledger: Ledger, journal: Journal, watch: Watch) -> int:
    """Fill deliveries, verdicts and decisions. Returns how many verdicts came without their reasons.

    Those are older than the reasons and findings in the journal: `qiangji reprocess` finds them again.
    """
    received = {e["delivery_id"]: e for e in deliveries(journal)}
    populate(c, "ops.delivery", list(received.values()))
    parts = [p | {"delivery_id": d} for d, e in received.items() for p in e["parts"]]
    populate(c, "ops.delivery_part", parts)
    populate(c, "ops.source_item", _source_items(journal))
    # what is about a delivery of which no event tells has no place; `lost` names the delivery
    for kind, table in PLAIN.items():
        known = [e for e in journal.of(kind) if (d := e.get("delivery_id")) is None or d in received]
        populate(c, table, known)
    # a workbook that could not be written is tried again; the last try counts
    sent = {
        (e["delivery_id"], e["digest"]): e for e in journal.of("feedback") if e["delivery_id"] in received
    }
    populate(c, "ops.feedback", list(sent.values()))
    letters = {e["letter_id"]: e for e in journal.of("letter")}  # the last word on each
    populate(c, "ops.letter", list(letters.values()))
    for event in watch(journal.of("collection"), "collections"):
        apply_collection(c, event["rows"])
    lacking = _verdicts(c, ledger, [e for e in journal.submissions() if e["delivery_id"] in received])
    for event in journal.of("corrections")[-1:]:
        if all(
            "reason" in row for row in event["corrections"]
        ):  # else an older event; the next build fills it
            populate(c, "ops.correction", event["corrections"])
    for event in watch(journal.of("edition"), "editions"):
        editions.apply(c, ledger.lake, editions.Edition.of(event))
    return lacking


def fill_builds(c: Connection, ledger: Ledger, builds: Sequence[Event], watch: Watch) -> None:
    """Fill builds with what each was built from, and the findings that builds made."""
    populate(c, "ops.build", [{"seconds": {}} | e for e in builds])
    populate(c, "ops.fact_change", [row for e in builds for row in e.get("fact_change", ())])
    loaded: dict[tuple[str, str, str], dict[str, Any]] = {}
    months: dict[str, dict[str, Any]] = {}
    for event in watch(builds, "builds"):
        for row in event.get("fact_change", ()):
            if row["revision"] is None:
                loaded.pop((row["form"], row["period"], row["county_code"]), None)
        for row in event.get("fact_load", ()):
            loaded[row["form"], row["period"], row["county_code"]] = row
        for month, signature in event.get("signatures", {}).items():
            months[month] = {"month": month, "signature": signature, "build_id": event["build_id"]}
        _findings(c, ledger, event)
    populate(c, "ops.fact_load", list(loaded.values()))
    populate(c, "ops.built_month", list(months.values()))


def events_of(journal: Journal, kind: str) -> list[Event]:
    """All events of a kind, with their ids."""
    if kind == "submission":
        return journal.submissions()
    return _with_ids(journal.of(kind)) if kind == "delivery" else journal.of(kind)


def committed(journal: Journal, kind: str) -> list[Event]:
    """The events of a kind without those that a later event shows were never committed."""
    if kind == "build":
        return journal.builds()
    return deliveries(journal) if kind == "delivery" else events_of(journal, kind)


def deliveries(journal: Journal) -> list[Event]:
    """Deliveries that were committed, with their ids.

    A delivery that was not has no verdict, and the next delivery of its item has the same bytes. Two committed
    deliveries of an item that follow each other never do.
    """
    checked = {e["delivery_id"] for e in journal.of("submission")}
    found, following = [], dict[tuple[str, str], str]()
    for event in reversed(_with_ids(journal.of("delivery"))):
        item = event["county_code"], event["name"]
        if event["delivery_id"] in checked or following.get(item) != event["sha256"]:
            found.append(event)
        following[item] = event["sha256"]
    return found[::-1]


def _with_ids(deliveries: Iterable[Event]) -> list[Event]:
    """The events with their ids, which follow from the delivery's own entries."""
    names = {f.name for f in fields(Delivery)} - {"parts"}
    return [
        e | {"delivery_id": Delivery(**{n: e[n] for n in names} | {"received_at": when(e)}).delivery_id}
        for e in deliveries
    ]


def _source_items(journal: Journal) -> list[dict[str, Any]]:
    """What each county system last listed: each item as last delivered or, since then, seen with the same bytes."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for event in sorted([*journal.of("delivery"), *journal.of("seen")], key=when):
        found[event["county_code"], event["name"]] = {"version": "", "seen_at": str(when(event))} | event
    return list(found.values())


def _verdicts(c: Connection, ledger: Ledger, events: Sequence[Event]) -> int:
    """Fill submissions and what was found in them. Returns how many came without their reasons."""
    by_key: dict[Key, list[Submission]] = {}
    rejections: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    explanations: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    findings: list[dict[str, Any]] = []
    for event in events:
        one = _submission(event)
        by_key.setdefault((one.form, one.period, one.county_code), []).append(one)
        # the last reading of a delivery says which of its rows were rejected
        rejections[one.delivery_id, one.form, one.period] = event.get("rejections", [])
        place = {n: event[n] for n in ("delivery_id", "form", "period", "county_code")}
        explanations[one.delivery_id, one.form, one.period] = [
            place | {"unit_code": unit, "explanation": text}
            for unit, text in event.get("explanations", {}).items()
        ]
        own = {n: event[n] for n in ("delivery_id", "catalogue_hash", "suite_hash")}
        findings += [f | own for f in event.get("findings", [])]
    statement = "SELECT * FROM ops.decision ORDER BY decided_at DESC, decision_id"
    decisions = [Decision(**r) for r in fetch(c, statement)]
    stretches = locks.stretches(c)
    for (form, period, _), verdicts in by_key.items():
        holding = locks.covering(stretches, Period.parse(period))
        placed = sequence(verdicts, decided(decisions, form, period), ledger.shrink_share, holding)
        populate(c, "ops.submission", [asdict(s) for s in placed])
    populate(c, "ops.rejection", [row for rows in rejections.values() for row in rows])
    populate(c, "ops.explanation", [row for rows in explanations.values() for row in rows])
    populate(c, "ops.finding", findings)
    return sum("findings" not in e for e in events)


def _submission(event: Event) -> Submission:
    own = {f.name: event[f.name] for f in fields(Submission) if f.name in event}
    for name in ("received_at", "checked_at"):
        own[name] = datetime.fromisoformat(own[name])
    return Submission(**own)


def _findings(c: Connection, ledger: Ledger, event: Event) -> None:
    """Let a build's contextual findings replace older ones, as the build did."""
    checked: Iterable[dict[str, Any]] = event.get("checked", ())
    for e in checked:
        at = {"f": e["form"], "p": e["period"], "c": e["county_code"]}
        if "findings" in e:
            ledger.replace_contextual(c, {(e["form"], e["period"], e["county_code"]): e["findings"]})
        c.execute(
            sa.text("DELETE FROM ops.context_check WHERE (form, period, county_code) = (:f, :p, :c)"), at
        )
        if e["signature"] is not None:
            populate(c, "ops.context_check", [e])
    for e in event.get("lacking", ()):
        ledger.replace_lacking(c, e["form"], e["periods"], e["rule"], e["findings"])
