"""What was sent, in the ledger and the journal: at most once a day, reader and connection.

In: an open ledger, a letter, a channel. Out: whether the letter may be sent now, and the record of what came of it.

A letter is taken (`sending`, in the journal and the ledger) before it is handed over. Whoever is killed in between
leaves it so: it may have arrived, and is not sent again by itself. A letter tells how things stand, and the next
working day's letter tells what is still so: one that is lost costs a day, one that comes twice costs its readers'
trust. The id of the message follows from the letter, so that one sent again by a person is the same to a mail server.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from qiangji.hashing import short
from qiangji.ledger import Ledger
from qiangji.letters.addresses import Channel
from qiangji.letters.document import Letter
from qiangji.warehouse.queries import query
from qiangji.warehouse.rows import fetch, insert


@dataclass(frozen=True)
class Taken:
    """A letter that is this run's to send."""

    row: dict[str, Any]

    @property
    def message_id(self) -> str:
        return str(self.row["message_id"])


def letter_id(letter: Letter, connection: str) -> str:
    return short("letter", str(letter.day), letter.reader, connection, length=32)


def message_id(letter: Letter, channel: Channel) -> str:
    domain = channel.sender.rpartition("@")[2] or "qiangji.invalid"
    return f"<qiangji.{letter.day:%Y%m%d}.{letter_id(letter, channel.connection)}@{domain}>"


def known(ledger: Ledger, letter: Letter, connection: str) -> dict[str, Any] | None:
    """What the ledger says of the letter; None if nobody has tried it."""
    with ledger.engine.connect() as c:
        rows = fetch(
            c, "SELECT * FROM ops.letter WHERE letter_id = :id", {"id": letter_id(letter, connection)}
        )
    return rows[0] if rows else None


def take(ledger: Ledger, letter: Letter, channel: Channel, *, again: bool = False) -> Taken | None:
    """The letter, if it is to be sent now; None if it was sent, or may have been. `again`: whatever became of it."""
    asked = {
        "letter_id": letter_id(letter, channel.connection),
        "day": letter.day,
        "reader": letter.reader,
        "connection": channel.connection,
        "channel": channel.kind,
        "message_id": message_id(letter, channel),
        "digest": hashlib.sha256(letter.text.encode()).hexdigest(),
        "told_at": datetime.now(UTC),
        "again": again,
    }
    with ledger.engine.begin() as c:
        rows = fetch(c, query("letters/claim"), asked)
        if not rows:
            return None
        _tell(ledger, rows[0])
        return Taken(rows[0])


def record(ledger: Ledger, taken: Taken, status: str, **said: Any) -> None:
    """What came of it: sent, unsure or failed."""
    row = taken.row | {"status": status, "told_at": datetime.now(UTC)} | said
    _tell(ledger, row)
    news = ", ".join(f"{n} = excluded.{n}" for n in row if n != "letter_id")
    with ledger.engine.begin() as c:
        insert(c, "ops.letter", [row], f"ON CONFLICT (letter_id) DO UPDATE SET {news}")


def _tell(ledger: Ledger, row: dict[str, Any]) -> None:
    """In the journal, a file a letter: the last word on it stands. Its folder is that of the letter's day."""
    day = datetime.combine(row["day"], time(), UTC)
    ledger.lake.record(f"letter-{row['letter_id']}", day, {"event": "letter", **row})
