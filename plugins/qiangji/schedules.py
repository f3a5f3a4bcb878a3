"""Schedules as cron writes them: `30 1 * * *` is every night at 01:30.

In: an expression of five fields. Out: the expression, or an error that names the field and what it may hold. Airflow
would find a wrong one only where it reads a DAG, and says so in the words of a library.
"""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

from qiangji.errors import UsageError

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
FIELDS: tuple[tuple[str, str, int, int, tuple[str, ...]], ...] = (
    ("minute", "分", 0, 59, ()),
    ("hour", "时", 0, 23, ()),
    ("day of the month", "日", 1, 31, ()),
    ("month", "月", 1, 12, MONTHS),
    ("day of the week", "周", 0, 7, DAYS),
)
"""Name, name in Chinese, least, greatest, and words for the numbers from the least on."""
LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""Days of each month, of a leap year."""
_PART = re.compile(r"(?P<all>\*)|(?P<first>\w+)(-(?P<last>\w+))?")


def require_cron(expression: str, where: str = "") -> str:
    """The expression with single blanks between its fields.

    Raises UsageError `wrong_schedule` for what is no cron expression, or comes on no day.
    """
    fields = expression.split()
    if len(fields) != len(FIELDS):
        raise _wrong(expression, where, f"{len(fields)} fields", f"有{len(fields)}段")
    found = []
    for text, (name, zh, least, most, words) in zip(fields, FIELDS, strict=True):
        if (numbers := _numbers(text, least, most, words)) is None:
            raise _wrong(
                expression,
                where,
                f"{text!r} is no {name} ({least} to {most})",
                f"“{text}”不能作“{zh}”（{least}至{most}）",
            )
        found.append(numbers)
    _, _, days, months, _ = found
    # a day of the week beside it makes cron take either
    if fields[4] == "*" and min(days) > max(LONGEST[m - 1] for m in months):
        raise _wrong(expression, where, "a day that no such month has", "所写月份没有这一天")
    return " ".join(fields)


def last_due(expression: str, before: datetime) -> datetime | None:
    """The last moment of a schedule up to a moment, in its time zone; None if there was none for a year."""
    minutes, hours, days, months, weekdays = (
        _numbers(text, least, most, words) or set[int]()
        for text, (_, _, least, most, words) in zip(expression.split(), FIELDS, strict=True)
    )
    of_month, of_week = (expression.split()[i].startswith("*") for i in (2, 4))
    times = [
        time(h, m, tzinfo=before.tzinfo)
        for h in sorted(hours, reverse=True)
        for m in sorted(minutes, reverse=True)
    ]
    for n in range(366):
        day = before.date() - timedelta(days=n)
        is_day, is_weekday = day.day in days, bool({day.isoweekday(), day.isoweekday() % 7} & weekdays)
        # cron takes either where both are named
        is_due = is_day and is_weekday if of_month or of_week else is_day or is_weekday
        if not is_due or day.month not in months:
            continue
        for at in times:
            if (found := datetime.combine(day, at)) <= before:
                return found
    return None


def _numbers(text: str, least: int, most: int, words: tuple[str, ...]) -> set[int] | None:
    """What a field stands for: `*`, `5`, `1-5`, `*/15`, `1,15`, `mon-fri`; None if it is none of them."""
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        matched = _PART.fullmatch(span)
        if not matched or (slash and not (step.isascii() and step.isdigit() and 0 < int(step) <= most)):
            return None
        first, last = least, most
        if not matched["all"]:
            named = [_number(x, least, words) for x in (matched["first"], matched["last"]) if x]
            ends = [n for n in named if n is not None]
            if len(ends) < len(named):
                return None
            first, last = ends[0], ends[-1]
            if slash and not matched["last"]:
                last = most
        if not least <= first <= last <= most:
            return None
        found.update(range(first, last + 1, int(step) if slash else 1))
    return found


def _number(text: str, least: int, words: tuple[str, ...]) -> int | None:
    if text.lower() in words:
        return words.index(text.lower()) + least
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 2 else None


def _wrong(expression: str, where: str, what: str, zh: str) -> UsageError:
    return UsageError(
        f"{expression!r} is no schedule: {what}",
        where=where,
        expected="minute, hour, day of the month, month, day of the week, such as 30 1 * * *",
        do="Write it anew, or leave it out for the usual time.",
        zh=f"{where}“{expression}”不是时间表：{zh}。应为“分 时 日 月 周”五段，如30 1 * * *；不写则用默认时间。",
        code="wrong_schedule",
    )
