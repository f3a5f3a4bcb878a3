"""Periods: reading and writing, arithmetic, which contains which, and due dates by the holiday calendar."""

from __future__ import annotations

from datetime import date

import pytest

from qiangji.errors import UsageError
from qiangji.periods import (
    Period,
    parse_range,
    reporting_month,
    span,
)


def test_types() -> None:
    assert [Period.parse(t).type for t in ("2026-10", "2026Q3", "2026H1", "2026")] == [
        "month",
        "quarter",
        "half",
        "year",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "2011Q10",
        "20111",
        "2026-13",
        "2026-00",
        "2026-1",
        "2026Q0",
        "2026Q5",
        "2026q3",
        "2026H0",
        "2026H3",
        "",
        " 2026",
        "2026-10 ",
        "2026-10\n",
        "2026/10",
        "202610",
        "2026-10-01",
        "２０２６-10",
        "2026-10..2026-11",
        "12026",
    ],
)
def test_what_is_not_a_period(text: str) -> None:
    with pytest.raises(UsageError, match="2026-10, 2026Q3, 2026H1 or 2026") as e:
        Period.parse(text)
    assert e.value.code == "bad_period"


@pytest.mark.parametrize("text", ["9999-12", "0001-01", "0026-10", "3000Q1", "1899H2", "1000"])
def test_a_year_of_which_no_report_can_be_is_refused_as_that(text: str) -> None:
    with pytest.raises(UsageError, match="a year from 1900 to 2999") as e:
        Period.parse(text)
    assert e.value.code == "impossible_period"
    assert "1900至2999" in e.value.zh


@pytest.mark.parametrize("text", ["1900-01", "2999-12", "2999Q4", "2999"])
def test_the_first_and_the_last_period_have_their_days(text: str) -> None:
    period = Period.parse(text)
    assert period.start.year == period.end.year == period.year


def test_arithmetic_crosses_years() -> None:
    assert str(Period.parse("2020-01") + 12) == "2021-01"
    assert str(Period.parse("2020Q1") - 12) == "2017Q1"
    assert str(Period.parse("2026-01") - 1) == "2025-12"
    assert str(Period.parse("2024") + 2) == "2026"


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
        ("2026Q1", date(2026, 1, 1), date(2026, 3, 31)),
        ("2026Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("2026H1", date(2026, 1, 1), date(2026, 6, 30)),
        ("2026H2", date(2026, 7, 1), date(2026, 12, 31)),
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_bounds(text: str, start: date, end: date) -> None:
    assert (Period.parse(text).start, Period.parse(text).end) == (start, end)


def test_partition_is_the_month_it_ends_in() -> None:
    assert [str(Period.parse(t).last_month) for t in ("2026-10", "2026Q3", "2026")] == [
        "2026-10",
        "2026-09",
        "2026-12",
    ]


def test_months_of() -> None:
    assert [str(m) for m in Period.parse("2026Q3").months] == ["2026-07", "2026-08", "2026-09"]
    assert len(Period.parse("2026").months) == 12


def test_containing_period() -> None:
    september = Period.parse("2026-09")
    assert str(september.as_type("quarter")) == "2026Q3"
    assert str(september.as_type("half")) == "2026H2"
    assert str(september.as_type("year")) == "2026"
    assert str(Period.of(date(2026, 5, 31), "quarter")) == "2026Q2"
    assert str(Period.parse("2026Q3").as_type("month")) == "2026-09"


def test_completed_periods() -> None:
    assert str(Period.parse("2026-09").ends_in("quarter")) == "2026Q3"
    assert Period.parse("2026-08").ends_in("quarter") is None
    assert Period.parse("2026-09").ends_in("year") is None
    assert str(Period.parse("2026-12").ends_in("year")) == "2026"
    assert str(Period.parse("2026-08").ends_in("month")) == "2026-08"


def test_order_is_by_the_last_month() -> None:
    texts = ["2026Q3", "2026-08", "2026", "2026-10", "2026-09"]
    assert [str(p) for p in sorted(map(Period.parse, texts))] == [
        "2026-08",
        "2026-09",
        "2026Q3",
        "2026-10",
        "2026",
    ]


def test_ranges_include_both_ends() -> None:
    assert [str(p) for p in parse_range("2026-11..2027-01")] == ["2026-11", "2026-12", "2027-01"]
    assert [str(p) for p in parse_range("2026Q4")] == ["2026Q4"]
    assert list(span(Period.parse("2026-02"), Period.parse("2026-01"))) == []


@pytest.mark.parametrize("text", ["2026-10..2026-09", "2026-10..2026Q4", "..2026-10", "2026-10..x"])
def test_wrong_ranges(text: str) -> None:
    with pytest.raises(UsageError):
        parse_range(text)


def test_the_reporting_month_has_ended() -> None:
    assert str(reporting_month(date(2026, 11, 1))) == "2026-10"
    assert str(reporting_month(date(2026, 1, 31))) == "2025-12"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("2026-10", "2026-10"),
        ("2026Q4", "2026-10 2026-11 2026-12 2026Q4"),
        (
            "2026",
            " ".join(
                [
                    *(f"2026-{m:02d}" for m in range(1, 13)),
                    *(f"2026Q{q}" for q in range(1, 5)),
                    *("2026H1", "2026H2", "2026"),
                ]
            ),
        ),
        ("2026H1", "2026-01 2026-02 2026-03 2026-04 2026-05 2026-06 2026Q1 2026Q2 2026H1"),
    ],
)
def test_parts_are_the_period_and_those_within(text: str, parts: str) -> None:
    assert [str(p) for p in Period.parse(text).parts] == parts.split()
