"""Days and periods as counties write them; a spreadsheet program's own ways of writing them are read alike.

In: a text. Out: the day or the period, or None. Of a moment, a day is read at midnight only; a period whatever the
time of day. A moment with an offset names the month that it is where the counties are (`QIANGJI_TIMEZONE`), at every
door: in a file, an interface's records, a listing, a database. As a day it is asked for in words (`cells`).

| written | day | period |
| --- | --- | --- |
| `2026-09-30`, `2026年9月30日`, `2026/9/30`, `2026.9.30`, `20260930`, Excel's serial `46295` | 2026-09-30 | 2026-09 |
| `二〇二六年九月三十日`, `二○二六年九月卅日` | 2026-09-30 | 2026-09 |
| the same behind which `0:00`, `00:00:00`, `T00:00:00.000`, `12:00:00 AM`, `上午12:00` stands | 2026-09-30 | 2026-09 |
| the same with another time of day | - | 2026-09 |
| `2026-09`, `2026年9月(份)`, `2026/9`, `2026.9`, `202609`, `二〇二六年九月`, `Sep-26` | - | 2026-09 |
| `2026Q3`, `2026年第3季度`, `2026年三季度` | - | 2026Q3 |
| `2026H1`, `2026年上半年` | - | 2026H1 |
| `2026`, `2026年`, `2026年度` | - | 2026 |
| `2026-09-29T16:00:00Z`, `2026-09-30 00:00:00+08`, `Wed, 30 Sep 2026 00:00:00 +0800` | - | 2026-09 |
| `9/30/2026`, `30-Sep`, `26-Sep`, a day that is none or has a `²` | - | - |
| a year before 1900 or after 2999 | as it is | - |
"""

from __future__ import annotations

import email.utils
import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from qiangji.errors import UsageError
from qiangji.periods import FIRST_YEAR, LAST_YEAR, Period
from qiangji.text import in_arabic, tidy

_DAY = (
    r"(?P<y>[0-9]{4})(?:\s?年\s?(?P<m1>[0-9]{1,2})\s?月\s?(?P<d1>[0-9]{1,2})\s?[日号]"
    r"|\s?(?P<sep>[-/.])\s?(?P<m2>[0-9]{1,2})\s?(?P=sep)\s?(?P<d2>[0-9]{1,2})"
    r"|(?P<m3>[0-9]{2})(?P<d3>[0-9]{2}))"
)
_MIDNIGHT = re.compile(
    r"(?:上午\s?)?0{1,2}:00(?::00(?:\.0+)?)?|12:00(?::00)?\s?AM|上午\s?12:00(?::00)?", re.IGNORECASE
)
_TIME = r"(?:[上下]午\s?)?[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:\s?[AP]M)?"
_MOMENT = re.compile(rf"{_DAY}(?:(?:\s|T|(?<=[日号]))(?P<time>{_TIME}))?", re.IGNORECASE)
_OFFSET = re.compile(r"[0-9:.]{5,}\s?(?:Z|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)", re.IGNORECASE)
"""How a moment with an offset ends: behind its time of day."""
_SERIAL = re.compile(r"(?P<days>[0-9]{5})(?P<time>\.[0-9]+)?")
_LONGEST = 50
_SERIAL_ZERO = date(1899, 12, 30)
"""Day 0 of Excel's dates: a date cell formatted as a number holds the days since then. Five digits span 1927 to 2173.
A workbook that counts from 1904 was returned before."""
_MONTH = re.compile(r"(?P<y>[0-9]{4})(?:[-/.年](?P<m>[0-9]{1,2})月?|(?P<m2>[0-9]{2}))")
_QUARTER = re.compile(r"(?P<y>[0-9]{4})(?:年|-)?(?:第?(?P<q>[1-4])季度?|Q(?P<q2>[1-4]))")
_HALF = re.compile(r"(?P<y>[0-9]{4})(?:年度?|-)?(?:(?P<zh>[上下])半年度?|H(?P<h>[12]))")
_YEAR = re.compile(r"(?P<y>[0-9]{4})(?:年度?)?")
_ENGLISH = re.compile(r"(?P<m>[A-Z]{3})[A-Z]{0,6}[- ]?(?P<y>[0-9]{4}|[0-9]{2})")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_CHINESE = str.maketrans("〇○零一二三四五六七八九", "000123456789")
_OTHER_SIGNS = str.maketrans({"○": "〇", "元": "一", "廿": "二十", "卅": "三十"})
_DAY_IN_CHINESE = re.compile(
    r"([0-9]{4}|[一二][〇○零一二三四五六七八九]{3})\s?年\s?([0-9]{1,2}|元|十[一二]?|[一二三四五六七八九])\s?月"
    r"\s?([0-9]{1,2}|[一二三四五六七八九]|[二三]?十[一二三四五六七八九]?|廿[一二三四五六七八九]?|卅一?)\s?(?=[日号])"
)


def read_date(text: str) -> date | None:
    """A day, or None: see the table above."""
    return _day(text, is_midnight=True)


def read_period(text: str) -> Period | None:
    """The period that a text names, or the month of the day that it names; None without either."""
    day = _day(text, is_midnight=False) or _day_here(text)
    if day is not None:
        return Period.of(day) if FIRST_YEAR <= day.year <= LAST_YEAR else None
    plain = tidy(text).replace(" ", "").upper()
    if english := _ENGLISH.fullmatch(plain):
        year = english["y"] if len(english["y"]) == 4 else f"20{english['y']}"
        month = _MONTHS.index(english["m"]) + 1 if english["m"] in _MONTHS else 0
        return _parsed(f"{year}-{month:02}")
    plain = _in_digits(plain)
    if quarter := _QUARTER.fullmatch(plain):
        return _parsed(f"{quarter['y']}Q{quarter['q'] or quarter['q2']}")
    if half := _HALF.fullmatch(plain):
        return _parsed(f"{half['y']}H{half['h'] or '上下'.index(half['zh']) + 1}")
    if year_alone := _YEAR.fullmatch(plain):
        return _parsed(year_alone["y"])
    found = _MONTH.fullmatch(plain.removesuffix("份").removesuffix("度"))
    return _parsed(f"{found['y']}-{int(found['m'] or found['m2']):02}") if found else None


def _day(text: str, *, is_midnight: bool) -> date | None:
    plain = _DAY_IN_CHINESE.sub(_in_arabic, tidy(text))
    if serial := _SERIAL.fullmatch(plain):
        if is_midnight and serial["time"] and serial["time"].strip(".0"):
            return None
        return _SERIAL_ZERO + timedelta(days=int(serial["days"]))
    found = _MOMENT.fullmatch(plain)
    if not found or (is_midnight and found["time"] and not _MIDNIGHT.fullmatch(found["time"])):
        return None
    month, day = (found[f"{part}1"] or found[f"{part}2"] or found[f"{part}3"] for part in "md")
    try:
        return date(int(found["y"]), int(month), int(day))
    except ValueError:
        return None


def _day_here(text: str) -> date | None:
    """The day, where the counties are, of a moment with an offset, as ISO 8601 or RFC 2822 write it."""
    plain = tidy(text)
    if len(plain) > _LONGEST or not (end := _OFFSET.search(plain)) or end.end() != len(plain):
        return None
    try:
        at = datetime.fromisoformat(re.sub(r"\s(?=[Z+-])", "", plain.upper()))
    except ValueError:
        try:
            at = email.utils.parsedate_to_datetime(plain)
        except (ValueError, OverflowError, TypeError):
            return None
    if at.tzinfo is None:
        return None
    from qiangji.settings import settings  # few files need it, and each reader would load it

    try:
        return at.astimezone(ZoneInfo(settings().timezone)).date()
    except OverflowError:  # the first and the last day that there is
        return None


def _in_arabic(day: re.Match[str]) -> str:
    """A day in Chinese numerals in digits."""
    year, month, of_month = (in_arabic(part.translate(_OTHER_SIGNS)) for part in day.groups())
    return f"{year}年{month}月{of_month}"


def _in_digits(text: str) -> str:
    """Chinese numerals of years, months and quarters as digits: `二〇二六年十一月` is `2026年11月`."""
    ten = re.sub(r"(?<=年)十(?=[一二])", "1", text)
    return re.sub(r"(?<=年)十(?=月)", "10", ten).translate(_CHINESE)


def _parsed(text: str) -> Period | None:
    try:
        return Period.parse(text)
    except UsageError:
        return None
