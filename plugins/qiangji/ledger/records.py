"""What the ledger holds, as values: deliveries and their parts, submissions, decisions; and which revision is current.

Pure: `sequence` decides which revision is current from the verdicts, decisions and locks alone, whatever the order in
which they were written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from qiangji.catalogue.models import FileKind
from qiangji.hashing import short

SIDE_BY_SIDE = "side_by_side"
"""Reason of a part that lies beside another report of the same form and period: it is asked about, and not returned."""
Key = tuple[str, str, str]
"""A submission's (form, period, county)."""


@dataclass(frozen=True)
class Listed:
    """What a county system last listed under a name: its version (empty: it states none) and its content's sha256."""

    version: str
    sha256: str


@dataclass(frozen=True)
class Seen:
    """An item that a county system lists with another version, and whose bytes are known."""

    county_code: str
    name: str
    version: str
    sha256: str

    @property
    def event_id(self) -> str:
        return f"seen-{short(self.county_code, self.name, self.version, self.sha256)}"


@dataclass(frozen=True)
class Voided:
    """A delivery that somebody voided. `is_replaced`: another delivery stands for the same form and period."""

    sha256: str
    form: str
    period: str
    delivery_id: str
    decided_by: str
    is_replaced: bool


@dataclass(frozen=True)
class Known:
    """What is known of a county: what its system last listed, by name, and what was voided and is so still."""

    items: dict[str, Listed] = field(default_factory=dict)
    voided: list[Voided] = field(default_factory=list)


@dataclass(frozen=True)
class Failure:
    """What could not be collected: a county, or (with form and period) one item of it."""

    county_code: str
    form: str | None
    period: str | None
    reason_code: str
    message: str


@dataclass(frozen=True)
class Part:
    """What a delivery holds for one (form, period): where its bytes lie, or why they were not kept.

    A part with bytes and the reason SIDE_BY_SIDE is held.
    """

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
    """One file, listing or database read, as received. `bytes` is its size."""

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
        return short(self.county_code, self.name, self.sha256, self.received_at.isoformat())


@dataclass(frozen=True)
class Current:
    """The current revision of one (form, period, county): the hash of its rows in the lake, its number, its delivery.

    `rows_hash` is empty for a report that says that nothing changed, until a build gives it the rows that it repeats.
    """

    rows_hash: str
    revision: int
    delivery_id: str
    is_unchanged: bool = False


@dataclass(frozen=True)
class Submission:
    """One county's one form for one period, as read from one delivery by one catalogue and suite.

    `verdict` is what the check found; `status`, `revision`, `is_current` and `held_reason` follow from the sequence.
    `doubt`: the code of what the check asks about the report as a whole, in words `doubt_zh` and `doubt_en`.
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
    doubt: str | None = None
    doubt_zh: str | None = None
    doubt_en: str | None = None
    status: str = ""
    revision: int | None = None
    is_current: bool = False
    held_reason: str | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """Which reading this is, among all of its (form, period, county)."""
        return self.delivery_id, self.catalogue_hash, self.suite_hash

    @property
    def at(self) -> Key:
        return self.form, self.period, self.county_code

    @property
    def placing(self) -> tuple[str, int | None, bool, str | None]:
        """What follows from the sequence."""
        return self.status, self.revision, self.is_current, self.held_reason


@dataclass(frozen=True)
class Reading:
    """A verdict with what was found: rows of ops.rejection and, without their reading, of ops.finding.

    `explanations`: unit -> what the county says about its row.
    """

    submission: Submission
    rejections: Sequence[dict[str, Any]] = ()
    findings: Sequence[dict[str, Any]] = ()
    explanations: Mapping[str, str] = field(default_factory=dict)

    @property
    def part(self) -> dict[str, str]:
        """The part of a delivery that was read."""
        one = self.submission
        return {"delivery_id": one.delivery_id, "form": one.form, "period": one.period}

    @property
    def own(self) -> dict[str, str]:
        """The reading: a part, read by a catalogue and a suite."""
        return self.part | {
            "catalogue_hash": self.submission.catalogue_hash,
            "suite_hash": self.submission.suite_hash,
        }

    def read_at(self, at: datetime) -> Reading:
        return replace(self, submission=replace(self.submission, checked_at=at))

    def explained(self) -> list[dict[str, str]]:
        """Rows of ops.explanation."""
        place = self.part | {"county_code": self.submission.county_code}
        return [place | {"unit_code": unit, "explanation": text} for unit, text in self.explanations.items()]

    def event(self, at: datetime) -> dict[str, Any]:
        """What the journal keeps of it; `at`: when it was published."""
        event = {"event": "submission", **vars(self.submission), "published_at": at}
        event |= {"rejections": list(self.rejections), "findings": list(self.findings)}
        return event | ({"explanations": dict(self.explanations)} if self.explanations else {})

    @property
    def event_id(self) -> str:
        """The same reading, published again, is the same event."""
        one = self.submission
        return "-".join(("submission", one.delivery_id, one.form, one.period, *one.key[1:]))


@dataclass(frozen=True)
class Decision:
    """A person's `release` or `void` of a delivery, or (with form or period) of a part of it: a row of ops.decision.

    `parts`: each report that it is about, with the status that it found: form, period, status. None: it was made before
    this was kept.
    """

    decision_id: str
    delivery_id: str
    form: str | None
    period: str | None
    action: str
    reason: str
    decided_by: str
    decided_at: datetime
    parts: list[dict[str, str]] | None = None


def decided(decisions: Iterable[Decision], form: str, period: str) -> dict[str, Decision]:
    """Delivery -> the decision that counts for a form and period. `decisions` come latest first."""
    found: dict[str, Decision] = {}
    for one in decisions:
        if one.form in (None, form) and one.period in (None, period):
            found.setdefault(one.delivery_id, one)
    return found


@dataclass(frozen=True)
class Locked:
    """A stretch of time in which a period was locked: from `since` to just before `until` (None: it still is)."""

    since: datetime
    until: datetime | None = None

    def __contains__(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or at < self.until)


def sequence(
    verdicts: Iterable[Submission],
    decisions: Mapping[str, Decision],
    shrink_share: float,
    locks: Sequence[Locked] = (),
) -> list[Submission]:
    """Status, revision and which is current, for all verdicts on one (county, form, period), by time of receipt.

    `decisions` maps a delivery to its latest decision. The order of the input does not matter. A revision is a verdict
    whose accepted rows differ from those of the revision before it: A, B, A are three.

    | held until its delivery is released                                  | held_reason    |
    | -------------------------------------------------------------------- | -------------- |
    | received while the period was locked                                 | period_locked  |
    | read again in a lock, with other rows (only a later release counts)  | period_locked  |
    | less than `shrink_share` of the accepted rows of the fullest so far  | far_fewer_rows |
    | the check has a question about the report as a whole                 | its `doubt`    |

    The first that applies. The fullest is among the deliveries that counted, each as last read, from the last on that
    a person released: so a report does not shrink in small steps, and a release moves the bar. A report that says that
    nothing changed has no rows: it is never too short, and nothing is compared with it. A doubt follows from the
    reading alone, so it holds in whatever order readings are made.
    """
    verdicts = sorted(verdicts, key=lambda v: (v.received_at, v.delivery_id, v.checked_at, v.key))
    first: dict[str, Submission] = {}  # the first reading of each delivery counts whenever it was made
    for v in verdicts:
        first.setdefault(v.delivery_id, v)
    placed: list[Submission] = []
    last: Submission | None = None
    full: dict[str, int] = {}  # delivery -> its accepted rows, of those that a report is held against
    for verdict in verdicts:
        one = replace(verdict, status=verdict.verdict, revision=None, is_current=False, held_reason=None)
        decision = decisions.get(one.delivery_id)
        if decision and decision.action == "void":
            one = replace(one, status="void")
        elif one.verdict in ("accepted", "partial"):
            released = decision.decided_at if decision else None
            arrived_locked = any(one.received_at in x for x in locks) and not released
            reread_locked = (
                verdict is not first[one.delivery_id]
                and any(one.checked_at in x for x in locks)
                and (released is None or released < one.checked_at)
                and not (last and one.rows_hash == last.rows_hash)  # read anew, and still the same
            )
            is_short = one.rows_accepted < shrink_share * max(full.values(), default=0)
            if arrived_locked or reread_locked:
                one = replace(one, status="held", held_reason="period_locked")
            elif is_short and not one.is_unchanged and not released:
                one = replace(one, status="held", held_reason="far_fewer_rows")
            elif one.doubt and not released:
                one = replace(one, status="held", held_reason=one.doubt)
            else:
                changed = last is None or one.rows_hash != last.rows_hash
                one = replace(one, revision=((last.revision or 0) if last else 0) + changed)
                last = one
                if not one.is_unchanged:
                    full = ({} if released else full) | {one.delivery_id: one.rows_accepted}
        placed.append(one)
    return [replace(one, is_current=one is last) for one in placed]
