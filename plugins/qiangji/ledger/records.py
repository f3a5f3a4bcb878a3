"""What the ledger holds, as values: deliveries and their parts, submissions, and how these follow each other.

Pure: `sequence` decides which revision is current from the verdicts alone, whatever order they were written in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from qiangji.catalogue.models import FileKind

Key = tuple[str, str, str]
"""Of a submission: (form, period, county)."""


@dataclass(frozen=True)
class Part:
    """What a delivery holds for one (form, period): where its bytes lie, or why they were not kept."""

    form: str
    period: str
    kind: FileKind
    sha256: str | None
    reason_code: str | None = None
    message_zh: str | None = None
    message_en: str | None = None


@dataclass(frozen=True, kw_only=True)
class Pending(Part):
    """A part that is to be checked, with what is known of its delivery."""

    delivery_id: str
    county_code: str
    received_at: datetime


@dataclass(frozen=True)
class Delivery:
    """One file, listing or database read, as received."""

    county_code: str
    name: str
    kind: FileKind
    sha256: str
    bytes: int
    received_at: datetime
    run_id: str
    parts: tuple[Part, ...] = ()

    @property
    def delivery_id(self) -> str:
        text = "|".join((self.county_code, self.name, self.sha256, self.received_at.isoformat()))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Current:
    """What counts of one (form, period, county): the rows in the lake and the revision and delivery they are of.

    `rows_hash` is empty where the revision declares itself unchanged, until a build gives it the rows that it repeats.
    """

    rows_hash: str
    revision: int
    delivery_id: str
    is_unchanged: bool = False


@dataclass(frozen=True)
class Submission:
    """One county's one form for one period, as read from one delivery by one catalogue and suite.

    `verdict` is what the check found; `status`, `revision` and `is_current` follow from the sequence.
    """

    county_code: str
    form: str
    period: str
    delivery_id: str
    catalogue_hash: str
    suite_hash: str
    received_at: datetime
    checked_at: datetime
    verdict: str
    reason_code: str | None = None
    message_zh: str | None = None
    message_en: str | None = None
    rows_received: int = 0
    rows_accepted: int = 0
    rows_rejected: int = 0
    rows_hash: str | None = None
    rejected_hash: str | None = None
    rows_non_empty: int = 0
    cells_filled: int = 0
    cells_total: int = 0
    is_nil: bool = False
    is_unchanged: bool = False
    status: str = ""
    revision: int | None = None
    is_current: bool = False
    held_reason: str | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        return self.delivery_id, self.catalogue_hash, self.suite_hash


@dataclass(frozen=True)
class Locked:
    """A stretch of time in which a period was locked, from an instant until (not including) another, or still."""

    since: datetime
    until: datetime | None = None

    def __contains__(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or at < self.until)


def sequence(
    verdicts: Iterable[Submission],
    decisions: dict[str, str],
    shrink_share: float,
    locks: Sequence[Locked] = (),
    decided: Mapping[str, datetime] | None = None,
) -> list[Submission]:
    """Status, revision and which is current, for all verdicts on one (county, form, period).

    `decisions` maps a delivery to its latest decision, release or void. A revision is a verdict whose accepted rows
    differ from those of the revision before it by received_at: A, B, A are three. One with less than `shrink_share`
    of its predecessor's accepted rows is held until somebody releases it; one that declares itself unchanged has none,
    and is no predecessor to be compared with. So is what was received, or read anew with other rows by another form or
    suite, while the period was locked; `decided` says when each decision was made, as a release covers no later
    reading in a lock. The result does not depend on the order of the input.
    """
    verdicts = sorted(verdicts, key=lambda v: (v.received_at, v.delivery_id, v.checked_at, v.key))
    first: dict[str, Submission] = {}  # the first reading of each delivery counts whenever it was made
    for v in verdicts:
        first.setdefault(v.delivery_id, v)
    placed: list[Submission] = []
    last: Submission | None = None
    full: Submission | None = None  # the last with rows of its own
    for verdict in verdicts:
        one = replace(verdict, status=verdict.verdict, revision=None, is_current=False, held_reason=None)
        decision = decisions.get(one.delivery_id)
        if decision == "void":
            one = replace(one, status="void")
        elif one.verdict in ("accepted", "partial"):
            released = (decided or {}).get(one.delivery_id) if decision == "release" else None
            arrived_locked = any(one.received_at in x for x in locks) and decision != "release"
            reread_locked = (
                verdict is not first[one.delivery_id]
                and any(one.checked_at in x for x in locks)
                and (released is None or released < one.checked_at)
                and not (last and one.rows_hash == last.rows_hash)  # read anew, and still the same
            )
            is_short = full is not None and one.rows_accepted < shrink_share * full.rows_accepted
            if arrived_locked or reread_locked:
                one = replace(one, status="held", held_reason="period_locked")
            elif is_short and not one.is_unchanged and decision != "release":
                one = replace(one, status="held", held_reason="far_fewer_rows")
            else:
                changed = last is None or one.rows_hash != last.rows_hash
                one = replace(one, revision=((last.revision or 0) if last else 0) + changed)
                last = one
                full = full if one.is_unchanged else one
        placed.append(one)
    return [replace(one, is_current=one is last) for one in placed]
