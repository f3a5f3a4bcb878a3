"""Periods: months, quarters, halves of a year and years as values.

A period is written `2026-10`, `2026Q3`, `2026H1` or `2026`, everywhere: in file names, paths, tables and on the command
line. This module is the only place where such a text is taken apart or put together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import total_ordering
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from qiangji.errors import UsageError

PeriodType = Literal["month", "quarter", "half", "year"]
MONTHS_IN: dict[str, int] = {"month": 1, "quarter": 3, "half": 6, "year": 12}
TYPES_ZH: dict[str, str] = {"month": "月", "quarter": "季", "half": "半年", "year": "年"}
PERIOD_TYPES = (*MONTHS_IN, "ytd")
"""Kinds of periods that figures are of: those of reports, and the year to date."""
_LETTERS = {"quarter": "Q", "half": "H"}
_PATTERN = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>0[1-9]|1[0-2])|Q(?P<quarter>[1-4])|H(?P<half>[12]))?", re.ASCII
)
FIRST_YEAR, LAST_YEAR = 1900, 2999
"""No report is of a year outside; within, a day of the year before and after is a day of the calendar."""


@total_ordering
@dataclass(frozen=True)
class Period:
    """One month, quarter, half or year. `index` counts periods of its type since year 0: arithmetic on integers."""

    type: PeriodType
    index: int

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read `2026-10`, `2026Q3`, `2026H1` or `2026`. Raises UsageError: bad_period, impossible_period."""
        found = _PATTERN.fullmatch(text)
        if not found:
            raise UsageError(
                f"{text!r} is not a period",
                expected="2026-10, 2026Q3, 2026H1 or 2026",
                zh=f"{text!r}不是报告期，应如2026-10、2026Q3、2026H1或2026。",
                code="bad_period",
            )
        year = int(found["year"])
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise UsageError(
                f"{text} is a period of which no report can be: the year {found['year']}",
                expected=f"a year from {FIRST_YEAR} to {LAST_YEAR}, as in 2026-10, 2026Q3, 2026H1 or 2026",
                zh=f"{text}不可能是报告期：年份为{found['year']}，应在{FIRST_YEAR}至{LAST_YEAR}之间，如2026-10、2026Q3、"
                "2026H1或2026。",
                code="impossible_period",
            )
        if found["month"]:
            return cls("month", year * 12 + int(found["month"]) - 1)
        if found["quarter"]:
            return cls("quarter", year * 4 + int(found["quarter"]) - 1)
        if found["half"]:
            return cls("half", year * 2 + int(found["half"]) - 1)
        return cls("year", year)

    @classmethod
    def of(cls, day: date, type: PeriodType = "month") -> Period:
        """The period of this type that contains the day."""
        month: Period = Period("month", day.year * 12 + day.month - 1)
        return month.as_type(type)

    @property
    def year(self) -> int:
        return self.index * MONTHS_IN[self.type] // 12

    @property
    def start(self) -> date:
        """The first day."""
        months = self.index * MONTHS_IN[self.type]
        return date(months // 12, months % 12 + 1, 1)

    @property
    def end(self) -> date:
        """The last day."""
        return (self + 1).start - timedelta(days=1)

    @property
    def last_month(self) -> Period:
        """The month it ends in: the partition that carries this period's reports."""
        return Period("month", (self.index + 1) * MONTHS_IN[self.type] - 1)

    @property
    def label_zh(self) -> str:
        """2026年10月, 2026年第3季度, 2026年上半年, 2026年."""
        label = f"{self.year}年"
        if self.type == "month":
            return f"{label}{self.start.month}月"
        if self.type == "quarter":
            return f"{label}第{self.index % 4 + 1}季度"
        return f"{label}{'下' if self.index % 2 else '上'}半年" if self.type == "half" else label

    @property
    def months(self) -> list[Period]:
        width = MONTHS_IN[self.type]
        return [Period("month", self.index * width + i) for i in range(width)]

    @property
    def parts(self) -> list[Period]:
        """It and every shorter period within it, the shortest first."""
        shorter = [t for t in get_args(PeriodType) if MONTHS_IN[t] < MONTHS_IN[self.type]]
        of_months = [dict.fromkeys(m.as_type(t) for m in self.months) for t in shorter]
        return [*(p for found in of_months for p in found), self]

    def as_type(self, type: PeriodType) -> Period:
        """The period of another type that contains this one (or, going down, its last part)."""
        return Period(type, self.last_month.index // MONTHS_IN[type])

    def ends_in(self, type: PeriodType) -> Period | None:
        """The longer period that this one completes, e.g. 2026Q3 for 2026-09, else None."""
        longer = self.as_type(type)
        return longer if longer.last_month == self.last_month else None

    def __add__(self, n: int) -> Period:
        return Period(self.type, self.index + n)

    def __sub__(self, n: int) -> Period:
        return Period(self.type, self.index - n)

    def __lt__(self, other: Period) -> bool:
        """By the month it ends in."""
        return (self.last_month.index, self.type) < (other.last_month.index, other.type)

    def __str__(self) -> str:
        if self.type == "month":
            return f"{self.year}-{self.index % 12 + 1:02d}"
        if self.type == "year":
            return str(self.year)
        return f"{self.year}{_LETTERS[self.type]}{self.index % (12 // MONTHS_IN[self.type]) + 1}"


def parse_range(text: str) -> list[Period]:
    """`2026-07` or `2026-07..2026-10` (inclusive) as a list of periods of one type."""
    first, _, last = text.partition("..")
    start = Period.parse(first)
    end = Period.parse(last) if last else start
    if start.type != end.type or end < start:
        raise UsageError(
            f"{text!r} is not a range of periods",
            expected="e.g. 2026-07..2026-10",
            zh=f"{text!r}不是报告期的起止，应如2026-07..2026-10：同一类型，先早后晚。",
            code="bad_period",
        )
    return list(span(start, end))


def span(first: Period, last: Period) -> Iterator[Period]:
    """The periods from first to last, both included."""
    while first.index <= last.index:
        yield first
        first += 1


def reporting_month(today: date) -> Period:
    """The last month that has ended."""
    return Period.of(today) - 1


def local_day(moment: datetime, zone: str) -> date:
    """The calendar day of a moment where the reports are made."""
    return moment.astimezone(ZoneInfo(zone)).date()
