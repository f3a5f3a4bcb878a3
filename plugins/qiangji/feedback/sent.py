"""What went back to counties, as the ledger and the journal have it.

In: the ledger. Out: `Sent`s, read and written down. A workbook that was taken back once its correction was accepted
keeps its line; `reason_code` says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji.ledger import Ledger
from qiangji.warehouse.queries import query
from qiangji.warehouse.rows import fetch, insert

TAKEN_BACK, LEFT = "taken_back", "left_changed"
"""Reason codes of a workbook whose correction was accepted: it is gone, or somebody changed it and it was left."""


@dataclass(frozen=True)
class Sent:
    """What became of one delivery's feedback. `status`: sent, failed, known (was sent before), planned (dry run),
    answered (its correction was accepted: the workbook goes).

    `digest`: of all that its workbook says is wrong. `basis`: see `Outstanding`.
    """

    county_code: str
    name: str
    delivery_id: str
    digest: str
    basis: str
    problems: int
    transport: str
    status: str
    submissions: tuple[tuple[str, str, str], ...] = ()
    reason_code: str | None = None
    message: str | None = None
    sha256: str = ""
    sent_at: datetime | None = None


def known(c: Connection, deliveries: Sequence[str]) -> dict[tuple[str, str], Sent]:
    """(delivery, digest) and (delivery, basis) -> what was sent, and not taken back."""
    found = {}
    statement = (
        "SELECT * FROM ops.feedback WHERE status = 'sent' AND reason_code IS NULL"
        " AND delivery_id = ANY(CAST(:d AS text[]))"
    )
    for row in fetch(c, statement, {"d": list(deliveries)}):
        sent = Sent(**row)
        found[sent.delivery_id, sent.digest] = found[sent.delivery_id, sent.basis] = sent
    return found


def answered(c: Connection, counties: Sequence[str], outstanding: Sequence[str]) -> list[Sent]:
    """The workbooks whose corrections were accepted, by county. `outstanding`: deliveries that still wait."""
    rows = fetch(c, query("feedback/answered"), {"counties": list(counties), "open": list(outstanding)})
    return [Sent(**row) for row in rows]


def record(ledger: Ledger, sent: Sent) -> None:
    """Write it down, in the journal first."""
    at = sent.sent_at or datetime.now(UTC)
    event: dict[str, Any] = {n: v for n, v in vars(sent).items() if n != "submissions"} | {"sent_at": at}
    ledger.lake.record(f"feedback-{sent.delivery_id}-{sent.digest[:16]}", at, {"event": "feedback", **event})
    news = ", ".join(f"{n} = excluded.{n}" for n in event if n not in ("delivery_id", "digest"))
    with ledger.engine.begin() as c:
        insert(c, "ops.feedback", [event], f"ON CONFLICT (delivery_id, digest) DO UPDATE SET {news}")


def note_basis(ledger: Ledger, sent: Sent) -> None:
    """Another form or suite found the same. The journal need not know: the delivery is only read once more."""
    with ledger.engine.begin() as c:
        c.execute(
            sa.text("UPDATE ops.feedback SET basis = :b WHERE (delivery_id, digest) = (:d, :g)"),
            {"b": sent.basis, "d": sent.delivery_id, "g": sent.digest},
        )
