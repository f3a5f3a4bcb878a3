"""Working days, and the day by which a report is due.

In: what the State Council's notices say, year by year (`catalogue/holidays/<year>.yaml`, read by `catalogue.holidays`).
Out: whether a day is worked, due dates, and the years of which nothing is known. A year with a file is as the file
says; one without is as the package chinesecalendar says; of any other Monday to Friday are worked, and `unknown` names
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from qiangji.periods import Period

FORESIGHT_MONTH = 11
"""From this month on the next year has to be known: the notice comes out in November, and what is reported for December
is due in January.
"""


@dataclass(frozen=True)
class Year:
    """One year's notice: days off (weekends within them too), and days worked in exchange."""

    off: frozenset[date]
    worked: frozenset[date]


@dataclass(frozen=True)
class Calendar:
    """`years`: those that the catalogue has a file of."""

    years: Mapping[int, Year] = field(default_factory=dict)

    def is_working_day(self, day: date) -> bool:
        """Whether offices are open on a day."""
        own = self.years.get(day.year)
        if own is not None:
            return day in own.worked or (day.weekday() < 5 and day not in own.off)
        known = _of_package(day)
        return day.weekday() < 5 if known is None else known

    def knows(self, year: int) -> bool:
        """Whether the days off of a year are known, by a file or by the package."""
        return year in self.years or _of_package(date(year, 1, 1)) is not None

    def unknown(self, today: date) -> list[int]:
        """The years that have to be known by now and are not: this one, and from November on the next."""
        last = today.year + (today.month >= FORESIGHT_MONTH)
        return [year for year in range(today.year, last + 1) if not self.knows(year)]

    def differing(self) -> list[date]:
        """The days of which a file says something else than the package. The file counts."""
        days = (date(y, 1, 1) + timedelta(n) for y in self.years for n in range(366))
        return [
            day
            for day in days
            if day.year in self.years and _of_package(day) not in (None, self.is_working_day(day))
        ]

    def due_date(self, period: Period, working_day: int) -> date:
        """The n-th working day after the period's end: the last day on which its report is in time."""
        day, left = period.end, working_day
        while left:
            day += timedelta(days=1)
            left -= self.is_working_day(day)
        return day

    def due_at(self, period: Period, working_day: int, zone: str) -> datetime:
        """The instant from which a report that is not there is late: midnight after the due date, local time."""
        last_day = self.due_date(period, working_day)
        return datetime.combine(last_day + timedelta(days=1), time(), ZoneInfo(zone))


def unknown_words(year: int) -> tuple[str, str]:
    """(zh, en): what is said of a year that is not known, and what to do."""
    return (
        f"{year}年的节假日安排尚未录入，该年的截止日暂按周一至周五推算；"
        f"国务院办公厅的通知公布后，请按catalogue/holidays/README.md录入{year}.yaml",
        f"the holidays of {year} are not known, and due dates in it count Monday to Friday; when the State Council's"
        f" notice is out, write catalogue/holidays/{year}.yaml as catalogue/holidays/README.md says",
    )


@cache  # a catalogue asks for each day once a form
def _of_package(day: date) -> bool | None:
    """What chinesecalendar says of a day; None in years that it does not have."""
    import chinese_calendar

    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return None
