"""The morning by what the grid and the runs say: who is late, whom the last attempt reached, what waits."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from qiangji.catalogue.load import Catalogue, load
from qiangji.figures import deliveries
from qiangji.figures.deciding import _argument, _few_units, _held, open_reports
from qiangji.figures.morning import _missed, standing
from qiangji.figures.reading import Reporting, needs_attention
from tests.frozen import paths as frozen

A, B = "440703", "440785"
AT = datetime(2026, 11, 24, 0, 5, tzinfo=UTC)
TODAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(frozen.CATALOGUE, frozen.EXPECTATIONS)


def row(county: str, status: str, form: str = "village", **said: Any) -> dict[str, Any]:
    """A row of the reporting grid of October, due on 6 November."""
    return {
        "county_code": county, "county_name": f"县{county}", "form": form, "period": "2026-10", "status": status,
        "due_date": date(2026, 11, 6), "revision": None, "rows_rejected": None, "rows_accepted": None,
        "expected_units": None, "reason_code": None, "message_zh": None, "message_en": None, "delivery_id": None,
        "is_unchanged": False, "last_attempt_failed": status == "failed", "last_attempt_reason": None,
        "last_attempt_message": None,
    } | said  # fmt: skip


def test_a_late_report_stays_late_when_a_later_attempt_fails(catalogue: Catalogue) -> None:
    """A county whose system is down after the night has not sent what it had not sent before."""
    early = {"due_date": date(2026, 12, 7), "period": "2026-11"}
    grid = [
        row(B, "late"), row(B, "failed", "community", reason_code="unreachable"),
        row(B, "failed", "town_service", reason_code="unreachable", **early),
    ]  # fmt: skip
    _, counties = standing(catalogue, Reporting(AT, grid, []), [])
    mine = next(c for c in counties if c.county_code == B)
    assert (mine.late, mine.late_days) == (2, 18)
    found = list(open_reports(catalogue, grid, TODAY))
    assert [(r.form, r.status, r.days, r.note[0]) for r in found] == [
        ("village", "late", 18, ""),
        ("community", "late", 18, "采集失败"),
    ]


def test_what_was_voided_here_is_not_told_as_its_county_s_silence(catalogue: Catalogue) -> None:
    grid = [row(B, "late", reason_code="voided", delivery_id="d1"), row(A, "late")]
    assert [r.note for r in open_reports(catalogue, grid, TODAY)] == [("作废后待补", "voided"), ("", "")]


@pytest.mark.parametrize(
    ("same", "beside", "counts", "said"),
    [
        (deliveries.Same(["d2", "d1"]), ("d2",), "", "（d1或d2）"),
        (deliveries.Same(["d2", "d1"], "d2"), (), "d2", "（已计入的是d2）"),
        (deliveries.Same(["d3", "d2", "d1"], "d2"), ("d3",), "d2", "（d1或d3）（已计入的是d2）"),
    ],
)
def test_of_deliveries_side_by_side_the_one_that_counts_is_not_offered(
    catalogue: Catalogue,
    monkeypatch: pytest.MonkeyPatch,
    same: deliveries.Same,
    beside: tuple[str, ...],
    counts: str,
    said: str,
) -> None:
    """There was nothing left to release of it."""
    held = row(A, "held", delivery_id="d1", reason_code="side_by_side", received_at=AT)
    monkeypatch.setattr(deliveries, "parts", lambda *_: {})
    monkeypatch.setattr(deliveries, "of_same_report", lambda *_: {(A, "village", "2026-10"): same})
    (one,) = _held(None, catalogue, Reporting(AT, [held], []))  # type: ignore[arg-type] # what asks is replaced
    assert (one.beside, one.counts) == (beside, counts)
    assert one.zh.endswith(said)


def test_what_came_and_went_back_since_the_night_is_new(catalogue: Catalogue) -> None:
    hour = timedelta(hours=1)
    grid = [
        row(A, "returned", reason_code="missing_column", received_at=AT + hour),
        row(B, "withheld", reason_code="personal_data", received_at=AT - hour),
        row(B, "late", "community", received_at=None),
    ]
    assert [r.is_new for r in open_reports(catalogue, grid, TODAY, AT)] == [True, False, False]
    assert not any(r.is_new for r in open_reports(catalogue, grid, TODAY))


def test_a_held_report_is_named_so_that_no_other_of_its_delivery_is_meant() -> None:
    one = row(A, "held", delivery_id="d1")
    alone, other, months = ("village", "2026-10"), ("community", "2026-10"), ("village", "2026-09")
    assert _argument(one, [alone]) == "d1"
    assert _argument(one, [other, alone]) == "d1 --form village"
    assert _argument(one, [months, alone]) == "d1 --form village --period 2026-10"


def test_a_report_of_few_units_is_told(catalogue: Catalogue) -> None:
    grid = [
        row(A, "accepted", revision=1, rows_accepted=3, rows_rejected=0, expected_units=15),
        row(B, "accepted", revision=1, rows_accepted=15, rows_rejected=0, expected_units=15),
    ]
    (one,) = _few_units(catalogue, needs_attention(grid))
    assert (one.county_code, one.form, one.en) == (A, "village", "3 of 15 units")
    assert one.zh.startswith("应报单位不足 ")
    assert one.zh.endswith("：3/15")


@pytest.mark.parametrize(
    ("ended", "at", "missed"),
    [
        ("2026-12-02 01:31", "2026-12-02 08:00", None),
        ("2026-12-01 01:31", "2026-12-02 08:00", "2026-12-02 01:30"),
        ("2026-12-01 01:31", "2026-12-02 03:00", None),  # it may still be under way
        ("2026-12-01 22:00", "2026-12-02 08:00", "2026-12-02 01:30"),  # by hand, the evening before
        ("2026-12-31 01:31", "2027-01-01 08:00", "2027-01-01 01:30"),
    ],
)
def test_a_night_that_was_due_and_did_not_run_is_missed(ended: str, at: str, missed: str | None) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    moments = [datetime.fromisoformat(t).replace(tzinfo=zone) if t else None for t in (ended, at, missed)]
    assert moments[0] is not None
    assert moments[1] is not None
    assert _missed(moments[0], moments[1]) == moments[2]
