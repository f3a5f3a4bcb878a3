"""The lake's journal, read whole: every event that made the ledger what it is.

In: lake/journal. Out: events by kind, oldest first; of events that were written more than once, the one that stands.
An event is written before its transaction commits, so the journal may have events that were never committed. Those of
builds are left out, as a later build shows which they are.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from qiangji.errors import QiangjiError
from qiangji.lake import Lake

AT = {
    "delivery": "received_at", "seen": "seen_at", "collection": "at", "submission": "published_at",
    "decision": "decided_at", "lock": "decided_at", "disposition": "disposed_at", "edition": "published_at",
    "corrections": "at", "definitions": "at", "suppression": "at", "build": "built_at",
    "feedback": "sent_at", "letter": "told_at",
}  # fmt: skip
"""Kind of event -> the entry that says when it was."""
DECIDED = {"decision": "decision_id", "lock": "lock_id", "disposition": "disposition_id"}
"""Kind of decision -> its id. If two events share an id, the later one stands; the earlier was never committed."""
Event = dict[str, Any]
"""An event as its file has it: JSON."""
Watch = Callable[[Sequence[Any], str], Iterable[Any]]
"""Goes through things one by one and shows the progress of what they are called."""


def unwatched(things: Sequence[Any], _what: str) -> Iterable[Any]:
    return things


class JournalError(QiangjiError):
    """The journal is missing, or one of its files cannot be read."""

    code = "journal"

    def _usual_zh(self) -> str:
        return "湖中的日志（journal）缺失或有文件读不出：请核对QIANGJI_HOME，或从备份取回；见docs/runbooks/restore.md。"


@dataclass(frozen=True)
class Journal:
    """Events by kind, oldest first; `unknown` counts events of kinds that this version does not know; `refused` names
    files of decisions that no ledger could take.
    """

    events: dict[str, list[Event]]
    unknown: Counter[str]
    refused: tuple[str, ...] = ()

    def of(self, kind: str) -> list[Event]:
        return self.events.get(kind, [])

    def __len__(self) -> int:
        return sum(map(len, self.events.values()))

    def submissions(self) -> list[Event]:
        """The last publication of each reading, in the order in which they were published."""
        keys = ("delivery_id", "form", "period", "catalogue_hash", "suite_hash")
        last = {tuple(e[k] for k in keys): e for e in self.of("submission")}
        return sorted(last.values(), key=when)

    def builds(self) -> list[Event]:
        """Builds that were committed. A build that was not has no successor, while another has the same predecessor."""
        found = self.of("build")
        followed = {e.get("previous") for e in found}
        last = {e.get("previous"): e["build_id"] for e in found}
        return [
            e
            for e in found
            if e["build_id"] in followed or e.get("previous") is None or last[e["previous"]] == e["build_id"]
        ]


def when(event: Event) -> datetime:
    """The instant of an event."""
    at = event.get(AT[event["event"]]) or event["checked_at"]  # older verdicts have no published_at
    return datetime.fromisoformat(at)


def read(lake: Lake, watch: Watch = unwatched) -> Journal:
    """Read every event. Raises JournalError for a journal that is missing and a file that is no event."""
    files = sorted((lake.root / "journal").glob("*/*.json"))
    if not files:
        raise JournalError(
            "holds no event",
            where=str(lake.root / "journal"),
            expected="the journal of the nights that were",
            do="Is QIANGJI_HOME right, and the lake there? docs/runbooks/restore.md",
            code="no_journal",
        )
    events: dict[str, list[Event]] = {}
    unknown: Counter[str] = Counter()
    refused: list[str] = []
    for path in watch(files, "journal"):
        told, is_storable = _read(path)
        for event in told:
            if not is_storable and event["event"] in (*DECIDED, "edition"):
                refused.append(str(path.relative_to(lake.root)))  # so it was never committed
            elif event["event"] in AT:
                events.setdefault(event["event"], []).append(event)
            else:
                unknown[str(event["event"])] += 1
    for kind, key in DECIDED.items():
        events[kind] = list({e[key]: e for e in events.get(kind, ())}.values())
    for found in events.values():
        found.sort(key=when)  # files come by name, which settles the order of events of one instant
    return Journal(events, unknown, tuple(refused))


def _cleared(value: Any) -> Any:
    """A part of an event without U+0000, which PostgreSQL has no place for: a mark stands in its place."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, list):
        return [_cleared(one) for one in value]
    return {_cleared(k): _cleared(v) for k, v in value.items()} if isinstance(value, dict) else value


def _read(path: Path) -> tuple[list[Event], bool]:
    """The events of a file: one, or a list of those that were committed together; and whether PostgreSQL can hold them
    as they are.
    """
    try:
        text = path.read_text(encoding="utf-8")
        told = json.loads(text)
        found = _cleared(told) if "\\u0000" in text else told
        events = found if isinstance(found, list) else [found]
        if not all(isinstance(one, dict) and "event" in one for one in events):
            raise ValueError
        return events, found is told or found == told
    except (ValueError, OSError) as e:
        raise JournalError(
            "cannot be read as an event",
            where=str(path),
            expected="a JSON object with `event`, or a list of them",
            do="Take the file from a backup of the lake. docs/runbooks/restore.md",
            code="broken_event",
        ) from e
