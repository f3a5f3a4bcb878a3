"""Periods and times as county systems say them, in a listing or in a view's period column."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from qiangji.periods import Period
from qiangji.sources.said import is_day, moment_of, period_of, within

WANTED = [Period.parse(p) for p in ("2026-09", "2026-10", "2026Q3")]


@pytest.mark.parametrize(
    "value",
    [
        "2026-10", "2026-10-01", "2026-10-31", "2026/10/31", "2026-10-31T00:00:00", "2026-10-31 00:00:00", "202610",
        202610, "2026年10月", date(2026, 10, 1), date(2026, 10, 31), datetime(2026, 10, 15, 8, 30),
        "2026-09-30T16:00:00Z", datetime(2026, 9, 30, 16, tzinfo=UTC), "2026-10-01T00:00:00+08:00",
    ],
)  # fmt: skip
def test_october(value: Any) -> None:
    """Midnight in China is the day before in UTC."""
    assert str(within(value, WANTED)) == "2026-10"


def test_a_day_of_a_quarter_is_the_quarter() -> None:
    assert str(within(date(2026, 9, 30), WANTED[2:])) == "2026Q3"
    assert str(within("2026Q3", WANTED)) == "2026Q3"
    assert str(within("2026年第三季度", WANTED)) == "2026Q3"


@pytest.mark.parametrize("value", [None, "", "x", "2026", "2026-11-01", date(2026, 11, 1), 17, True])
def test_none_of_them(value: Any) -> None:
    assert within(value, WANTED) is None


def test_what_is_no_period() -> None:
    assert period_of("latest") is None


def test_a_day_is_a_weak_version_and_a_moment_is_not() -> None:
    assert is_day("2026-11-03")
    assert is_day("20261103")
    assert not is_day("2026-11-03T08:00:00")
    assert not is_day("7")


def test_moments() -> None:
    at = datetime(2026, 11, 3, 8, tzinfo=UTC)
    assert moment_of("2026-11-03T16:00:00") == moment_of("2026-11-03T16:00:00+08:00") == at
    assert moment_of("Tue, 03 Nov 2026 08:00:00 GMT") == at
    assert moment_of("t1") is moment_of("") is None
