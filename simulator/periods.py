"""Months as `YYYY-MM` text and as a running number. Pure."""

from __future__ import annotations

from datetime import date

EPOCH_YEAR = 2024  # the plan's first year: month 0 of every drift


def month_number(period: str) -> int:
    """Months since January of the plan's first year (negative before it)."""
    year, month = period.split("-")
    return (int(year) - EPOCH_YEAR) * 12 + int(month) - 1


def month_text(number: int) -> str:
    """The inverse of `month_number`."""
    return f"{EPOCH_YEAR + number // 12:04d}-{number % 12 + 1:02d}"


def shift(period: str, months: int) -> str:
    """The period that many months later (earlier if negative)."""
    return month_text(month_number(period) + months)


def reporting_month(today: date) -> str:
    """The last month that has ended on `today`."""
    return shift(f"{today:%Y-%m}", -1)


def served_months(today: date, count: int) -> list[str]:
    """The months that the county systems hold on `today`, oldest first, the reporting month last."""
    if count < 1:
        raise ValueError(f"{count} months: at least 1 month must be served")
    last = reporting_month(today)
    return [shift(last, back) for back in range(1 - count, 1)]
