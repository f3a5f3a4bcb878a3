"""Locks of periods: what arrives for a locked period is held until somebody releases it.

In: the lock and unlock events in ops.period_lock. Out: the stretches of time in which a form's period was locked, for
`records.sequence`. A lock of a month, quarter or year covers every form's period that ends within it: of 2026Q3 the
months July to September and the third quarter, of 2026-09 the month and, of quarterly forms, the third quarter.
"""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji.errors import UsageError
from qiangji.ledger import events
from qiangji.ledger.records import Locked
from qiangji.periods import Period, local_day
from qiangji.settings import settings
from qiangji.warehouse.rows import insert

if TYPE_CHECKING:
    from qiangji.ledger import Ledger

_GATE = 0x514A4C  # shared by who places submissions, alone for who locks


def covers(locked: Period, period: Period) -> bool:
    """Whether a lock of one period is a lock of another: the other one ends within it."""
    return locked.start <= period.end <= locked.end


def stretches(c: Connection) -> dict[Period, list[Locked]]:
    """Each period that was ever locked by itself, and from when until when."""
    found: dict[Period, list[Locked]] = {}
    for r in c.execute(sa.text("SELECT * FROM ops.period_lock ORDER BY decided_at, lock_id")):
        mine = found.setdefault(Period.parse(r.period), [])
        is_open = bool(mine) and mine[-1].until is None
        if r.action == "lock" and not is_open:
            mine.append(Locked(r.decided_at))
        elif r.action == "unlock" and is_open:
            mine[-1] = Locked(mine[-1].since, r.decided_at)
    return found


def of(c: Connection, period: Period) -> list[Locked]:
    """When a form's period was locked, by a lock of its own or of what it ends in."""
    return [x for locked, times in stretches(c).items() if covers(locked, period) for x in times]


def now_locked(c: Connection) -> list[Period]:
    """Periods with a lock that holds."""
    return sorted(
        (p for p, times in stretches(c).items() if times and times[-1].until is None),
        key=lambda p: (p.start, p.end),
    )


def pass_gate(c: Connection) -> None:
    """Whoever places submissions sees every lock that is older: none is made meanwhile."""
    c.execute(sa.text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": _GATE})


def decide(ledger: Ledger, period: Period, action: str, reason: str = "", by: str = "") -> dict[str, Any]:
    """Lock or unlock a period; who, when and why are recorded. Returns the event. Raises UsageError."""
    with ledger.engine.begin() as c:
        c.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _GATE})
        _require_sense(c, period, action, reason)
        before = c.scalar(
            sa.text("SELECT count(*) FROM ops.period_lock WHERE period = :p"), {"p": str(period)}
        )
        event: dict[str, Any] = {
            "lock_id": events.decision_id(f"lock {period}", before or 0),
            "period": str(period),
            "action": action,
            "reason": reason.strip(),
            "decided_by": by.strip() or getpass.getuser(),
            "decided_at": datetime.now(UTC),
        }
        ledger.lake.record(f"lock-{event['lock_id']}", event["decided_at"], {"event": "lock", **event})
        apply(ledger, c, event)
    return event


def apply(ledger: Ledger, c: Connection, event: dict[str, Any]) -> None:
    """Make an event of the journal part of the ledger; once more changes nothing."""
    columns = ("lock_id", "period", "action", "reason", "decided_by", "decided_at")
    insert(c, "ops.period_lock", [{n: event[n] for n in columns}], "ON CONFLICT DO NOTHING")
    locked = Period.parse(event["period"])
    later = c.execute(  # what came or was read since: nothing where events are written as they happen
        sa.text(
            "SELECT DISTINCT county_code, form, period FROM ops.submission"
            " WHERE received_at >= :at OR checked_at >= :at ORDER BY 1, 2, 3"
        ),
        {"at": event["decided_at"]},
    ).all()
    for county, form, period in later:
        if covers(locked, Period.parse(period)):
            ledger.place(c, county, form, period)


def _require_sense(c: Connection, period: Period, action: str, reason: str) -> None:
    holding = [p for p in now_locked(c) if covers(p, period)]
    if action == "lock":
        if period.end >= local_day(datetime.now(UTC), settings().timezone):
            raise UsageError(f"{period} has not ended", expected="a period that has", code="not_ended")
        if period in holding:
            raise UsageError(f"{period} is locked", expected="a period that is not", code="is_locked")
        return
    if not reason.strip():
        raise UsageError("no reason given", expected="--reason with a few words", code="no_reason")
    if period not in holding:
        raise UsageError(
            f"{period} has no lock of its own",
            expected=_listed(holding or now_locked(c)),
            code="not_locked",
        )


def _listed(periods: Iterable[Period]) -> str:
    return ", ".join(map(str, periods)) or "a period that `qiangji lock` locked; none is"
