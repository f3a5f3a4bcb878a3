"""Properties of every period."""

from __future__ import annotations

from datetime import date, timedelta
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from qiangji.errors import UsageError
from qiangji.periods import Period, PeriodType, parse_range
from qiangji.workdays import Calendar, Year

DAYS = st.dates(date(1900, 1, 1), date(2900, 12, 31))
TYPES: st.SearchStrategy[PeriodType] = st.sampled_from(get_args(PeriodType))
PERIODS = st.builds(Period.of, DAYS, TYPES)
STEPS = st.integers(-500, 500)


@given(PERIODS)
def test_text_reads_back(period: Period) -> None:
    assert Period.parse(str(period)) == period


@given(st.text("0123456789-QH", max_size=8) | st.text(max_size=9))
def test_only_periods_are_read(text: str) -> None:
    try:
        period = Period.parse(text)
    except UsageError:
        return
    assert str(period) == text


@given(DAYS, TYPES)
def test_a_day_is_in_its_period(day: date, type: PeriodType) -> None:
    period = Period.of(day, type)
    assert period.start <= day <= period.end


@given(PERIODS)
def test_periods_follow_without_gap(period: Period) -> None:
    assert (period + 1).start - period.end == timedelta(days=1)


@given(PERIODS, STEPS, STEPS)
def test_addition_is_addition(period: Period, a: int, b: int) -> None:
    assert (period + a) + b == period + (a + b)
    assert (period + a) - a == period
    assert (period + a < period) == (a < 0)


@given(PERIODS, TYPES)
def test_months_fill_the_period(period: Period, type: PeriodType) -> None:
    months = period.months
    assert (months[0].start, months[-1].end) == (period.start, period.end)
    assert months[-1] == period.last_month
    longer = period.as_type(type)
    assert longer.type == type
    assert longer.start <= period.last_month.end <= longer.end
    completed = period.ends_in(type)
    assert completed is None or completed.end == period.end


@given(PERIODS, st.integers(0, 60))
def test_ranges_have_every_period_once(first: Period, n: int) -> None:
    found = parse_range(f"{first}..{first + n}")
    assert len(found) == n + 1
    assert found == sorted(set(found))


@given(
    st.builds(Period.of, st.dates(date(2010, 1, 1), date(2030, 12, 31)), TYPES),
    st.integers(1, 23),
    st.sets(st.dates(date(2025, 1, 1), date(2031, 12, 31)), max_size=30),
)
def test_the_due_date_is_that_working_day(period: Period, n: int, off: set[date]) -> None:
    """By the package, by a file, and where neither knows the year."""
    calendar = Calendar({y: Year(frozenset(off), frozenset()) for y in range(2025, 2029)})
    due = calendar.due_date(period, n)
    assert calendar.is_working_day(due)
    days = (period.end + timedelta(days=i + 1) for i in range((due - period.end).days))
    assert sum(map(calendar.is_working_day, days)) == n
