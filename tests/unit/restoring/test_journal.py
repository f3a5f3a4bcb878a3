"""The journal is read whatever a file holds; what no ledger could take is nobody's decision."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from qiangji.lake import Lake
from qiangji.restoring import journal

AT = datetime(2026, 11, 30, 6, 0, tzinfo=UTC)


def test_an_event_that_postgresql_cannot_hold_stops_no_rebuild(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.record("disposition-good", AT, _disposition("good", r"a\u0000b"))
    lake.record("disposition-odd", AT, _disposition("odd", "a\0b"))
    lake.record(
        "decision-odd", AT, {"event": "decision", "decision_id": "1", "decided_at": AT, "reason": "\0"}
    )
    lake.record("lock-odd", AT, {"event": "lock", "lock_id": "1", "decided_at": AT, "decided_by": "x\0"})
    lake.record("edition-odd", AT, {"event": "edition", "edition": "\0", "published_at": AT})
    rows = [{"name": "x", "message": "a\0b"}, {"na\0me": ["\0"]}]
    lake.record("collection-odd", AT, {"event": "collection", "at": AT, "rows": rows})
    found = journal.read(lake)
    assert [e["reason"] for e in found.of("disposition")] == [r"a\u0000b"], "what only looks like it is kept"
    assert [found.of(kind) for kind in ("decision", "lock", "edition")] == [[], [], []]
    assert [e["rows"] for e in found.of("collection")] == [
        [{"name": "x", "message": "a\ufffdb"}, {"na\ufffdme": ["\ufffd"]}]
    ]
    names = ("decision-odd", "disposition-odd", "edition-odd", "lock-odd")
    assert found.refused == tuple(f"journal/2026-11/{name}.json" for name in names)
    assert not found.unknown


def _disposition(name: str, reason: str) -> dict[str, object]:
    return {"event": "disposition", "disposition_id": name, "disposed_at": AT, "reason": reason}
