"""What every record of a decision or of collecting needs: ids, who decided, and the journal's events of collecting.

In: what a county system listed, what came of collecting it, who decided. Out: files in the lake's journal. An event's
name follows from its content, so that the same event is written once. Verdicts and decisions are written to the
journal where they are made.
"""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from qiangji.errors import UsageError
from qiangji.hashing import short
from qiangji.lake import Lake


def saw(lake: Lake, county: str, name: str, version: str, sha256: str) -> None:
    """Record that a county system states another version of an item whose bytes are known."""
    at = datetime.now(UTC)
    event = {"county_code": county, "name": name, "version": version, "sha256": sha256}
    lake.record(f"seen-{short(county, name, version, sha256)}", at, {"event": "seen", **event, "seen_at": at})


def collected(lake: Lake, rows: Sequence[dict[str, Any]]) -> None:
    """Record what came of collecting one county: a row for the county, and one for each item that failed."""
    if rows:
        at = max(r["ended_at"] for r in rows)
        event_id = f"collection-{short(*sorted(map(repr, rows)))}"
        lake.record(event_id, at, {"event": "collection", "at": at, "rows": list(rows)})


def decision_id(target: str, before: int) -> str:
    """Id of the next decision on a target that has `before` decisions.

    A decision whose transaction never committed is overwritten in the journal by the next one, which gets the same id:
    a restore must not bring back what nobody decided in the end.
    """
    return short(target, str(before), length=32)


def decided_by(by: str | None = None) -> str:
    """The person who decides: the name that was given, else the system's user."""
    return (by or "").strip() or getpass.getuser()


def require_reason(reason: str) -> None:
    """Refuse a decision without a reason. Raises UsageError no_reason."""
    if not reason.strip():
        raise UsageError("no reason given", expected="--reason with a few words", code="no_reason")
