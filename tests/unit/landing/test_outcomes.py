"""What came of a county, as its run's rows in the ledger; and which counties are recorded together."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from qiangji.errors import PermanentError, TransientError
from qiangji.landing import pulled as landing
from qiangji.landing.pulled import Pulled, in_groups
from qiangji.ledger import Delivery
from qiangji.periods import Period

MONTHS = [Period.parse("2026-10"), Period.parse("2026-09")]
AT = datetime(2026, 11, 2, tzinfo=UTC)


def delivery(name: str, size: int) -> Delivery:
    return Delivery("440703", name, "csv", "s", size, AT, "run")


def outcomes(
    pulled: Pulled, *, but: str = ""
) -> list[tuple[str | None, str | None, str, str | None, int, int]]:
    """With all that arrived recorded, but the delivery of that name."""
    recorded = {d.delivery_id for d, _ in pulled.arrived if d.name != but}
    found = pulled.outcomes(MONTHS, "run", recorded)
    assert {(o.run_id, o.county_code, o.first_month, o.last_month) for o in found} == {
        ("run", "440703", "2026-09", "2026-10")
    }
    return [(o.form, o.period, o.status, o.reason_code, o.deliveries, o.bytes) for o in found]


def test_an_item_that_failed_has_an_outcome_of_its_own() -> None:
    """The county's own outcome comes first, and it alone counts what arrived."""
    pulled = Pulled("440703", arrived=[(delivery("a", 20), ""), (delivery("b", 10), "")])
    pulled.fail("village", MONTHS[0], PermanentError("damaged", where="440703", code="bad_response"))
    failed = ("village", "2026-10", "failed", "bad_response", 0, 0)
    assert outcomes(pulled) == [(None, None, "done", None, 2, 30), failed]
    assert outcomes(pulled, but="a") == [(None, None, "done", None, 1, 10), failed]


def test_a_county_that_was_lost_keeps_what_arrived_before() -> None:
    pulled = Pulled("440703", arrived=[(delivery("a", 10), "")])
    pulled.fail(None, None, TransientError("gone", where="440703", code="unreachable"))
    assert outcomes(pulled) == [(None, None, "failed", "unreachable", 1, 10)]


def test_counties_that_are_done_do_not_wait_for_one_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landing, "WAITING", 0.05)
    go_on = threading.Event()

    def work(county: str) -> Pulled:
        if county == "hangs":
            assert go_on.wait(30)
        return Pulled(county)

    with ThreadPoolExecutor(3) as pool:
        groups = in_groups([pool.submit(work, c) for c in ("hangs", "a", "b")])
        assert {one.county for one in next(groups)} == {"a", "b"}
        go_on.set()
        assert [one.county for group in groups for one in group] == ["hangs"]


def test_no_more_are_recorded_together_than_one_transaction_bears(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landing, "TOGETHER", 2)
    monkeypatch.setattr(landing, "WAITING", 30.0)

    def work(n: int) -> Pulled:
        time.sleep(0.02 * n)
        return Pulled(str(n))

    with ThreadPoolExecutor(5) as pool:
        found = [
            [one.county for one in group] for group in in_groups([pool.submit(work, n) for n in range(5)])
        ]
    assert sorted(c for group in found for c in group) == [*"01234"]
    assert len(found) >= 2


def test_an_error_of_ours_is_raised_once_the_others_are_recorded() -> None:
    broken, well = Future[Pulled](), Future[Pulled]()
    broken.set_exception(ZeroDivisionError())
    well.set_result(Pulled("a"))
    groups = in_groups([broken, well])
    assert [one.county for one in next(groups)] == ["a"]
    with pytest.raises(ZeroDivisionError):
        next(groups)
