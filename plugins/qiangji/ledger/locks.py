"""Locks of periods: what arrives for a locked period is held until somebody releases it.

In: the lock and unlock events in ops.period_lock. Out: the stretches of time in which a form's period was locked, for
`records.sequence`. A lock covers every form's period that ends within the locked month, quarter or year:

| lock    | monthly forms      | quarterly forms |
| ------- | ------------------ | --------------- |
| 2026-09 | 2026-09            | 2026Q3          |
| 2026Q3  | 2026-07 to 2026-09 | 2026Q3          |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji.errors import UsageError
from qiangji.ledger import events
from qiangji.ledger.records import Locked
from qiangji.periods import Period, local_day
from qiangji.settings import settings
from qiangji.warehouse.locks import GATE, hold
from qiangji.warehouse.rows import fetch, insert

if TYPE_CHECKING:
    from qiangji.ledger import Ledger


@dataclass(frozen=True)
class Lock:
    """A person's `lock` or `unlock` of a period: a row of ops.period_lock, an event `lock` of the journal."""

    lock_id: str
    period: str
    action: str
    reason: str
    decided_by: str
    decided_at: datetime


def covers(locked: Period, period: Period) -> bool:
    """Whether a lock of one period covers another: the other one ends within it."""
    return locked.start <= period.end <= locked.end


def stretches(c: Connection) -> dict[Period, list[Locked]]:
    """Every period that was ever locked by itself, and the stretches of time in which it was."""
    found: dict[Period, list[Locked]] = {}
    for row in fetch(c, "SELECT * FROM ops.period_lock ORDER BY decided_at, lock_id"):
        lock = Lock(**row)
        mine = found.setdefault(Period.parse(lock.period), [])
        is_open = bool(mine) and mine[-1].until is None
        if lock.action == "lock" and not is_open:
            mine.append(Locked(lock.decided_at))
        elif lock.action == "unlock" and is_open:
            mine[-1] = Locked(mine[-1].since, lock.decided_at)
    return found


def covering(locked: Mapping[Period, Iterable[Locked]], period: Period) -> list[Locked]:
    """When a form's period was locked, by its own lock or by that of a period in which it ends."""
    return [x for other, times in locked.items() if covers(other, period) for x in times]


def now_locked(c: Connection) -> list[Period]:
    """Periods that are locked now, by themselves."""
    return sorted(
        (p for p, times in stretches(c).items() if times and times[-1].until is None),
        key=lambda p: (p.start, p.end),
    )


def decide(ledger: Ledger, period: Period, action: str, reason: str = "", by: str | None = None) -> Lock:
    """Lock or unlock a period, and record who decided it, when and why.

    Raises UsageError: not_ended, is_locked, no_reason (of an unlock), personal_reason, control_reason, not_locked,
    no_person.
    """
    events.require_public(reason)
    with ledger.engine.begin() as c:
        hold(c, GATE)
        _require_sense(c, period, action, reason)
        before = c.scalar(
            sa.text("SELECT count(*) FROM ops.period_lock WHERE period = :period"), {"period": str(period)}
        )
        lock = Lock(
            events.decision_id(f"lock {period}", before or 0),
            str(period),
            action,
            reason.strip(),
            events.decided_by(by),
            datetime.now(UTC),
        )
        apply(ledger, c, lock)
        ledger.lake.record(f"lock-{lock.lock_id}", lock.decided_at, {"event": "lock", **asdict(lock)})
    return lock


def apply(ledger: Ledger, c: Connection, lock: Lock) -> None:
    """Make a lock part of the ledger, and place again what came after it. Doing it twice changes nothing."""
    insert(c, "ops.period_lock", [asdict(lock)], "ON CONFLICT DO NOTHING")
    # nothing came after a lock that is made now, unless the clock of another machine is ahead
    later = c.execute(
        sa.text(
            "SELECT DISTINCT form, period, county_code FROM ops.submission"
            " WHERE received_at >= :at OR checked_at >= :at"
        ),
        {"at": lock.decided_at},
    ).all()
    locked = Period.parse(lock.period)
    ledger.place(c, [tuple(at) for at in later if covers(locked, Period.parse(at.period))])


def _require_sense(c: Connection, period: Period, action: str, reason: str) -> None:
    holding = [p for p in now_locked(c) if covers(p, period)]
    if action == "lock":
        if period.end >= local_day(datetime.now(UTC), settings().timezone):
            raise UsageError(
                f"{period} has not ended",
                expected="a period that has",
                zh=f"{period}尚未结束：只能锁定已结束的报告期。",
                code="not_ended",
            )
        if period in holding:
            raise UsageError(
                f"{period} is locked",
                expected="a period that is not",
                zh=f"{period}已经锁定。",
                code="is_locked",
            )
        return
    events.require_reason(reason)
    if period not in holding:
        standing = ", ".join(map(str, holding or now_locked(c)))
        raise UsageError(
            f"{period} has no lock of its own",
            expected=standing or "a period that `qiangji lock` locked; none is",
            zh=f"{period}没有单独锁定；"
            + (f"已锁定：{standing}。" if standing else "目前没有锁定的报告期。"),
            code="not_locked",
        )
