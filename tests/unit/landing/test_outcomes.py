"""What came of a county, as its run's rows in the ledger."""

from __future__ import annotations

from datetime import UTC, datetime

from qiangji import landing
from qiangji.errors import PermanentError, TransientError
from qiangji.landing import Pulled
from qiangji.periods import Period

MONTHS = [Period.parse("2026-10"), Period.parse("2026-09")]
AT = datetime(2026, 11, 2, tzinfo=UTC)


def outcomes(pulled: Pulled) -> list[tuple[str | None, str | None, str, str | None, int, int]]:
    found = landing._outcomes(pulled, MONTHS, AT, "run")
    assert {(o.run_id, o.county_code, o.first_month, o.last_month) for o in found} == {
        ("run", "440703", "2026-09", "2026-10")
    }
    return [(o.form, o.period, o.status, o.reason_code, o.deliveries, o.bytes) for o in found]


def test_an_item_that_failed_has_an_outcome_of_its_own() -> None:
    """The county's own outcome comes first, and it alone counts what arrived."""
    pulled = Pulled("440703", deliveries=["a", "b"], bytes=30)
    pulled.fail("village", MONTHS[0], PermanentError("damaged", where="440703", code="bad_response"))
    assert outcomes(pulled) == [
        (None, None, "done", None, 2, 30),
        ("village", "2026-10", "failed", "bad_response", 0, 0),
    ]


def test_a_county_that_was_lost_keeps_what_arrived_before() -> None:
    pulled = Pulled("440703", deliveries=["a"], bytes=10)
    pulled.fail(None, None, TransientError("gone", where="440703", code="unreachable"))
    assert outcomes(pulled) == [(None, None, "failed", "unreachable", 1, 10)]
