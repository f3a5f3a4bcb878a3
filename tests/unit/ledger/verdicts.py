"""Verdicts on deliveries of one submission, and how they stand in its sequence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from qiangji.ledger import Decision, Submission

START = datetime(2026, 11, 2, 1, 30, tzinfo=UTC)
COUNTY, FORM, PERIOD = "440703", "village", "2026-10"


def verdict(hour: int, content: str | None, rows: int = 100, **changes: Any) -> Submission:
    """What a check found in the delivery of that hour; without content it was returned."""
    one = Submission(
        county_code=COUNTY,
        form=FORM,
        period=PERIOD,
        delivery_id=f"d{hour}",
        catalogue_hash="c1",
        suite_hash="s1",
        received_at=START + timedelta(hours=hour),
        checked_at=START + timedelta(days=1),
        verdict="accepted" if content else "returned",
        reason_code=None if content else "unknown_header",
        rows_received=rows,
        rows_accepted=rows if content else 0,
        rows_rejected=0 if content else rows,
        rows_hash=content,
    )
    return replace(one, **changes)


def decided(delivery: str, action: str) -> dict[str, Decision]:
    return {delivery: Decision("id", delivery, None, None, action, "why", "who", START)}


def told(placed: list[Submission]) -> list[tuple[str, int | None, bool]]:
    return [(s.status, s.revision, s.is_current) for s in placed]
