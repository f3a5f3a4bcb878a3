"""Advisory locks of the warehouse: numbers for what is one in a warehouse, words for what there are many of.

In: a connection in a transaction. Out: nothing; the lock is held until the transaction ends.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

MIGRATION_LOCK = 0x514A
"""One process at a time brings a warehouse up to date."""
BUILD_LOCK = 0x514A42
"""One build, publication or restore at a time."""
GATE = 0x514A4C
"""Placing a submission shares it; locking a period holds it alone."""


def hold(connection: Connection, key: int) -> None:
    """Wait for a lock, and hold it alone."""
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


def share(connection: Connection, key: int) -> None:
    """Wait for a lock, and hold it together with others who share it."""
    connection.execute(sa.text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": key})


def hold_on(connection: Connection, *what: str) -> None:
    """Wait for the locks of things, one after the other in the order of their names, and hold them alone.

    Each is named by a word for its kind first: `items`, `submission` or `decisions` with what identifies it,
    `dispositions`, or `board` with what is decided on there.
    """
    statement = (
        "SELECT pg_advisory_xact_lock(hashtextextended(name, 0))"
        " FROM (SELECT unnest(CAST(:what AS text[])) AS name ORDER BY name OFFSET 0) AS things"
    )
    connection.execute(sa.text(statement), {"what": sorted(what)})
