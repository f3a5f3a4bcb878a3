"""How a header in English names the time over which its numbers count: `Jan-Oct`, `as of 31 October 2026`, `in Q3`.

In: a period, and the kind of a field. Out: the pattern of its own time, in small letters. It says nothing new, so it is
left out before the header's words are compared. `own_spans` (`facts`) is the same for Chinese.
"""

from __future__ import annotations

import re
from functools import cache

from qiangji.periods import Period

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_ORDINALS = ("first|1st", "second|2nd", "third|3rd", "fourth|4th")
_TO = r"\s*(?:-{1,2}|to|through|thru|until|till|up to|~)\s*"
_AT = r"(?:(?:as (?:of|at)|at|on|by|until|till|up to|through) )"
_NOT_IN = r"(?<!\bin )(?<!\bduring )(?<!\bfor )(?<!\bof )(?<!\bthe )(?<!-)"
"""`Members in October` may be what October added: only `Members, October` is their number at its end."""
START = (
    r"(?:at |as of |from )?(?:the )?(?:start|beginning) of (?:the )?year"
    r"|carried (?:over|forward)(?: from last year)?"
)


def _month(month: int) -> str:
    name = _MONTHS[month - 1]
    short = {"september": "sept?"}.get(name, name[:3])
    return rf"\b(?:{name}|{short})\b\.?"


@cache
def own_time(period: Period | None, kind: str) -> re.Pattern[str]:
    """`kind`: a field's, `start` where it counts what was open at the start of the year, `in the year` where it counts
    what is due in it. Without a period: any time, for those who ask what column it is, whatever it counts.
    """
    if not period:
        return re.compile(rf"{_any_time()}|\b(?:{START})\b")
    last, year = _month(period.end.month), period.year
    if kind == "in the year":
        return re.compile(rf"\b(?:in|of|for|during|within) {year}\b")
    of_year = rf"(?:,? (?:of )?{year}\b)?"
    first = rf"(?:\b1(?:st)?(?: of)? {_month(1)}|{_month(1)}(?: 1(?:st)?\b)?)"
    if kind == "start":
        day = rf"(?:\b1(?:st)?(?: of)? {_month(1)}|{_month(1)} 1(?:st)?\b){of_year}"
        return re.compile(
            rf"(?:{_AT}|from )?(?:{day}|{year}-01-01)|\b(?:{START})\b|(?:start|beginning) of {year}\b"
        )
    n, month = period.end.day, period.end.month
    day = rf"(?:\b{n}(?:st|th|rd)?(?: of)? {last}|{last} {n}(?:st|th|rd)?\b){of_year}"
    day += rf"|\b{year}[-./]{month:02d}[-./]{n}\b"
    whole = rf"(?:{last}{of_year}|{_quarter(period)})"
    end = rf"(?:(?:the )?end(?:[- ]of)?[- ]{whole}|(?:the )?end of {year}\b|{whole}[- ]end\b)"
    end = end if month == 12 else end.replace(rf"|(?:the )?end of {year}\b", "")
    if kind == "stock":
        return re.compile(rf"{_AT}?(?:the )?(?:{day}|{end})|{_NOT_IN}{whole}")
    if kind == "ytd":
        so_far = rf"{first}{of_year}{_TO}(?:(?:the )?end of )?(?:{day}|{last}{of_year})"
        alone = rf"|(?:(?:in|of|for|during) )?{whole}" if period.start.month == 1 else ""
        return re.compile(
            rf"(?:(?:from|for|in|between|of) )?{so_far}|(?:{_AT}|to )(?:the )?(?:{day}|{end})"
            rf"|\b(?:until|till|up to|through|to) {whole}|\b(?:since|from) {first}{of_year}"
            rf"|\b(?:in|of|for|during|within|since) (?:the year )?{year}\b|\b{year} to date\b"
            rf"|\bsince (?:the )?(?:start|beginning) of (?:the year|{year})\b"
            rf"|\bso far(?: in {year}\b| this year)?|{_first(period)}{of_year}{alone}"
        )
    of_month = rf"(?:(?:in|of|for|during) )?(?:the )?(?:month of )?{whole}"
    if period.type == "quarter":
        of_month += rf"|{_month(period.start.month)}{_TO}{last}{of_year}"
    return re.compile(of_month)


def _any_time() -> str:
    months = "|".join(map(_month, range(1, 13)))
    day = (
        rf"(?:\b[0-9]{{1,2}}(?:st|nd|rd|th)?(?: of)? )?(?:{months})(?: [0-9]{{1,2}}(?:st|nd|rd|th)?\b)?"
        r"(?:,? (?:of )?20[0-9]{2}\b)?"
    )
    return (
        rf"(?:{_AT}|(?:from|since|in|for|during|to) )?(?:the )?(?:end[- ]of )?"
        rf"(?:{day}(?:{_TO}(?:the )?(?:end of )?{day})?|\bq[1-4](?:{_TO}q[1-4])?\b"
        r"|\b20[0-9]{2}(?:[-./][0-9]{2}){0,2}\b)"
        r"(?:[- ]end\b)?"
    )


def _quarter(period: Period) -> str:
    """The name of a quarter; what matches nothing for another period."""
    if period.type != "quarter":
        return "(?!)"
    n, year = period.end.month // 3, period.year
    named = rf"(?:\bq{n}|\b{n}q|\b(?:the )?(?:{_ORDINALS[n - 1]}) quarter)\b(?:,? (?:of )?{year}\b)?"
    return rf"(?:{named}|\b{year} ?-?q{n}\b)"


def _first(period: Period) -> str:
    """The months or quarters of the year until the end of the period."""
    n = period.end.month
    found = rf"\b(?:(?:in|of|for|over) )?(?:the )?first (?:{n}|{_NUMBERS[n - 1]}) months?\b"
    if n % 3 == 0:
        found += rf"|\b(?:the )?first (?:{n // 3}|{_NUMBERS[n // 3 - 1]}) quarters?\b|\bq1{_TO}q{n // 3}\b"
    return rf"(?:{found})"
