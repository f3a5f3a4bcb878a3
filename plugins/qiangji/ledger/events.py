"""Events of collecting, as the journal keeps them (those of verdicts and decisions are written where they are made).

In: what a county system listed, what came of collecting it. Out: one file each in the lake's journal, named so that the
same event is written once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from qiangji.lake import Lake


def saw(lake: Lake, county: str, name: str, version: str, sha256: str) -> None:
    """A county system states another version of an item whose bytes are known."""
    at = datetime.now(UTC)
    event = {"county_code": county, "name": name, "version": version, "sha256": sha256}
    lake.record(
        f"seen-{_short(county, name, version, sha256)}", at, {"event": "seen", **event, "seen_at": at}
    )


def collected(lake: Lake, rows: Sequence[dict[str, Any]]) -> None:
    """What came of collecting one county: an outcome row of the whole and of each item that failed."""
    if rows:
        at = max(r["ended_at"] for r in rows)
        event_id = f"collection-{_short(*sorted(map(repr, rows)))}"
        lake.record(event_id, at, {"event": "collection", "at": at, "rows": list(rows)})


def decision_id(target: str, before: int) -> str:
    """Of the next decision on something on which so many were made before.

    The event of one that was killed before its commit has the id that the next one takes, and gives way to it: what
    nobody decided in the end must not come back with the journal.
    """
    return hashlib.sha256(f"{target}|{before}".encode()).hexdigest()[:32]


def _short(*words: str) -> str:
    return hashlib.sha256("|".join(words).encode()).hexdigest()[:16]
