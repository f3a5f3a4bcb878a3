"""`holidays/<year>.yaml`: days off and days worked in exchange, as the State Council's notice for the year says.

In: the file as read. Out: a `workdays.Year`. A mistyped day would move due dates in silence, so a file has to be whole
and what it says possible.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from pydantic import Field as F

from qiangji.catalogue.models import Model
from qiangji.catalogue.places import Place
from qiangji.errors import CatalogueError, Problems
from qiangji.workdays import Year

HOLIDAYS = ("元旦", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节")
"""Days off for everybody by 《全国年节及纪念日放假办法》; each is in every year's notice."""
FIXED = {"元旦": (1, 1), "劳动节": (5, 1), "国庆节": (10, 1)}
LONGEST = 12
"""Days: no holiday has been longer than ten."""


class Holiday(Model):
    """One line of the notice."""

    name: str = F(alias="holiday", description="元旦, 春节, ...; two that fall together: 国庆节、中秋节")
    first: date = F(alias="from", description="the first day off")
    last: date = F(alias="to", description="the last day off; the weekends between are off too")
    worked: tuple[date, ...] = F((), description="Saturdays and Sundays that are worked in exchange")
    source: str = F("", description="where another notice than the file's says it")

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(n) for n in range((self.last - self.first).days + 1)]


class HolidayYear(Model):
    """What a file holds."""

    year: int = F(ge=2000, le=2100)
    source: str = F(min_length=10, description="the notice: its title, number and date")
    url: str = ""
    holidays: tuple[Holiday, ...]


def year_of(declared: HolidayYear, place: Place) -> Year:
    """The year as declared. Raises CatalogueError for all that cannot be: file, line, key, what was expected."""
    problems = Problems()
    with problems.noting():
        if place.path.stem != str(declared.year):
            raise CatalogueError(
                f"year {declared.year} in {place.path.name}",
                where=place / "year",
                expected=f"the file's own, year: {place.path.stem}",
            )
    off: dict[date, str] = {}
    worked: dict[date, str] = {}
    for i, holiday in enumerate(declared.holidays):
        at = place / "holidays" / i
        with problems.noting():
            _check_span(holiday, at)
            for day in holiday.days:
                _note(day, holiday.name, off, declared.year, at)
        for j, day in enumerate(holiday.worked):
            with problems.noting():
                if day.weekday() < 5:
                    raise CatalogueError(
                        f"{day} is a {day:%A}, which is worked anyway",
                        where=at / "worked" / j,
                        expected="a Saturday or Sunday that is worked",
                    )
                _note(day, holiday.name, worked, declared.year, at / "worked" / j)
    for day in sorted(off.keys() & worked.keys()):
        problems.found.append(
            CatalogueError(
                f"{day} is off ({off[day]}) and worked ({worked[day]})",
                where=place / "holidays",
                expected="one of the two, as the notice says",
            )
        )
    problems.found += _lacking(declared, off, place)
    problems.tell()
    return Year(frozenset(off), frozenset(worked))


def _check_span(holiday: Holiday, at: Place) -> None:
    if holiday.last < holiday.first:
        raise CatalogueError(
            f"{holiday.name} ends on {holiday.last}, before it begins",
            where=at / "to",
            expected=f"{holiday.first} or later",
        )
    if len(holiday.days) > LONGEST:
        raise CatalogueError(
            f"{holiday.name} has {len(holiday.days)} days",
            where=at / "to",
            expected=f"at most {LONGEST} days",
        )
    if all(day.weekday() >= 5 for day in holiday.days):
        raise CatalogueError(
            f"{holiday.name}, {holiday.first} to {holiday.last}, is a weekend, which is off anyway",
            where=at / "from",
            expected="all days off of the holiday, a working day among them",
        )


def _note(day: date, name: str, noted: dict[date, str], year: int, at: Place) -> None:
    if day.year != year:
        raise CatalogueError(
            f"{day} is not in {year}",
            where=at,
            expected=f"days of {year}",
            do=f"Write that day into {day.year}.yaml, with this notice as its `source`.",
        )
    if day in noted:
        raise CatalogueError(
            f"{day} appears twice, for {noted[day]} and {name}", where=at, expected="each day once"
        )
    noted[day] = name


def _lacking(declared: HolidayYear, off: dict[date, str], place: Place) -> Iterator[CatalogueError]:
    """Holidays that no line names, or whose own day is not off: a file that is not whole yet."""
    named = [h.name for h in declared.holidays]
    if missing := [h for h in HOLIDAYS if not any(h in name for name in named)]:
        yield CatalogueError(
            f"no line for {'、'.join(missing)}",
            where=place / "holidays",
            expected="the whole notice: " + "、".join(HOLIDAYS),
        )
    for name, (month, day) in FIXED.items():
        if name not in missing and date(declared.year, month, day) not in off:
            yield CatalogueError(
                f"{name}: {date(declared.year, month, day)} is not off",
                where=place / "holidays",
                expected="that day within its first and last",
            )
