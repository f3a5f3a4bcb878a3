"""What the warehouse was last brought in line with, by name: `catalogue` and `suppression` in ops.definition."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection


def found(connection: Connection, name: str) -> str | None:
    """The hash noted under a name; None before the first time, and in a database that is not migrated."""
    if connection.scalar(sa.text("SELECT to_regclass('ops.definition')")) is None:
        return None
    hash_: str | None = connection.scalar(
        sa.text("SELECT hash FROM ops.definition WHERE name = :name"), {"name": name}
    )
    return hash_


def note(connection: Connection, name: str, hash_: str) -> None:
    """Note that the warehouse is in line with what has this hash."""
    connection.execute(
        sa.text(
            "INSERT INTO ops.definition VALUES (:name, :hash, now())"
            " ON CONFLICT (name) DO UPDATE SET hash = excluded.hash, synced_at = excluded.synced_at"
        ),
        {"name": name, "hash": hash_},
    )


def forget(connection: Connection, name: str) -> None:
    """Forget the hash, so that the next look finds everything to do."""
    connection.execute(sa.text("DELETE FROM ops.definition WHERE name = :name"), {"name": name})
