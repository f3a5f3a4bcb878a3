"""Working days and due dates: by a year's file, by the package, and where neither knows the year."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from qiangji.periods import Period
from qiangji.workdays import Calendar, Year, unknown_words

PACKAGE = Calendar()


def test_holidays_and_swapped_working_days() -> None:
    """2024: National Day is 1-7 October; Sunday 29 September is worked in exchange."""
    assert not PACKAGE.is_working_day(date(2024, 10, 1))
    assert not PACKAGE.is_working_day(date(2024, 10, 7))
    assert PACKAGE.is_working_day(date(2024, 9, 29))


def test_due_date_skips_holidays() -> None:
    """The fifth working day of October 2024 is the 12th, a Saturday that is worked."""
    assert PACKAGE.due_date(Period.parse("2024-09"), 5) == date(2024, 10, 12)
    assert PACKAGE.due_date(Period.parse("2024Q3"), 5) == date(2024, 10, 12)
    assert PACKAGE.due_date(Period.parse("2024-10"), 5) == date(2024, 11, 7)


def test_beyond_all_calendars_weekdays_count_and_the_year_is_known_to_be_unknown() -> None:
    assert PACKAGE.is_working_day(date(2099, 10, 1))  # a Thursday
    assert not PACKAGE.is_working_day(date(2099, 10, 3))
    assert not PACKAGE.knows(2099)


def test_a_file_completes_the_package() -> None:
    """December's report of a year that only the file knows is due after its days off."""
    made_up = Calendar(
        {2099: Year(frozenset({date(2099, 1, 1), date(2099, 1, 2)}), frozenset({date(2099, 1, 3)}))}
    )
    assert [made_up.knows(year) for year in (2024, 2098, 2099)] == [True, False, True]
    assert PACKAGE.due_date(Period.parse("2098-12"), 1) == date(2099, 1, 1)  # a Thursday
    assert made_up.due_date(Period.parse("2098-12"), 1) == date(2099, 1, 3)  # a Saturday that is worked
    assert made_up.differing() == []


def test_a_file_is_its_whole_year_and_says_where_the_package_differs() -> None:
    own = Calendar({2024: Year(frozenset({date(2024, 10, 1), date(2024, 10, 8)}), frozenset())})
    assert own.is_working_day(date(2024, 10, 2)), "off by the package, and the file does not say so"
    assert not own.is_working_day(date(2024, 10, 8))
    assert {date(2024, 10, 2), date(2024, 10, 8)} <= set(own.differing())
    assert date(2024, 10, 1) not in own.differing()
    assert own.due_date(Period.parse("2025-01"), 1) == PACKAGE.due_date(Period.parse("2025-01"), 1)


@pytest.mark.parametrize(
    ("today", "unknown"),
    [
        (date(2098, 10, 31), [2098]),
        (date(2098, 11, 1), [2098, 2099]),
        (date(2024, 12, 31), []),
    ],
)
def test_the_next_year_has_to_be_known_from_november_on(today: date, unknown: list[int]) -> None:
    assert PACKAGE.unknown(today) == unknown


def test_what_is_said_of_an_unknown_year_says_what_to_do() -> None:
    for words in unknown_words(2099):
        assert all(part in words for part in ("2099.yaml", "catalogue/holidays/README.md"))


def test_late_from_local_midnight_after_the_due_date() -> None:
    moment = PACKAGE.due_at(Period.parse("2024-10"), 5, "Asia/Shanghai")
    assert moment == datetime(2024, 11, 8, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert moment.astimezone(ZoneInfo("UTC")) == datetime(2024, 11, 7, 16, tzinfo=ZoneInfo("UTC"))
