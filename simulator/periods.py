"""Months as `YYYY-MM` and quarters as `YYYYQn` text, and months as a running number. Pure."""

from __future__ import annotations

from datetime import date
from typing import Literal

EPOCH_YEAR = 2024  # the plan's first year: month 0 of every drift
PeriodType = Literal["month", "quarter"]


def period_type(period: str) -> PeriodType:
    """Whether the text names a month or a quarter."""
    return "quarter" if "Q" in period else "month"


def month_number(period: str) -> int:
    """Months since January of the plan's first year (negative before it); for a quarter, of its last month."""
    if period_type(period) == "quarter":
        year, quarter = period.split("Q")
        return (int(year) - EPOCH_YEAR) * 12 + int(quarter) * 3 - 1
    year, month = period.split("-")
    return (int(year) - EPOCH_YEAR) * 12 + int(month) - 1


def month_text(number: int) -> str:
    """The inverse of `month_number` for months."""
    return f"{EPOCH_YEAR + number // 12:04d}-{number % 12 + 1:02d}"


def quarter_text(number: int) -> str:
    """The quarter that this month is in."""
    return f"{EPOCH_YEAR + number // 12:04d}Q{number % 12 // 3 + 1}"


def last_month(period: str) -> str:
    """The month that a period ends in."""
    return month_text(month_number(period))


def year_and_month(period: str) -> tuple[int, int]:
    """The year and the month (1 to 12) that a period ends in."""
    number = month_number(period)
    return number // 12 + EPOCH_YEAR, number % 12 + 1


def shift(period: str, steps: int) -> str:
    """The period that is `steps` periods of its type later (earlier if negative)."""
    if period_type(period) == "quarter":
        return quarter_text(month_number(period) + 3 * steps)
    return month_text(month_number(period) + steps)


def begins_year(period: str) -> bool:
    """Whether year-to-date figures start anew in this period."""
    return period.endswith(("-01", "Q1"))


def reporting_month(today: date) -> str:
    """The last month that has ended on `today`."""
    return shift(f"{today:%Y-%m}", -1)


def served_months(today: date, count: int) -> list[str]:
    """The months that the county systems hold on `today`, oldest first, the reporting month last."""
    if count < 1:
        raise ValueError(f"{count} months: at least 1 month must be served")
    last = reporting_month(today)
    return [shift(last, back) for back in range(1 - count, 1)]


def served_periods(months: list[str], kind: PeriodType) -> list[str]:
    """The months themselves, or the quarters whose last month is among them, oldest first."""
    if kind == "month":
        return list(months)
    numbers = [month_number(month) for month in months]
    return [quarter_text(number) for number in numbers if number % 3 == 2]


def earlier_in_year(period: str) -> list[str]:
    """The periods of the same kind and year before this one, oldest first."""
    earlier: list[str] = []
    while not begins_year(period):
        period = shift(period, -1)
        earlier.insert(0, period)
    return earlier
