"""What a county's system says about periods and times, in whatever way it writes them.

In: a value of a listing or of a view's period column. Out: the wanted period that it names, or the moment. A day or a
month within a period names it, as in the period column of a file (`parsing.period_column`).
"""

from __future__ import annotations

import email.utils
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from qiangji.parsing.dates import read_period
from qiangji.periods import Period
from qiangji.settings import settings
from qiangji.text import as_text

AHEAD = timedelta(minutes=10)
"""How far a county's clock may be before ours."""
_DAY = re.compile(r"[0-9]{4}([-/.]?)[0-9]{2}\1[0-9]{2}")


def period_of(value: object) -> Period | None:
    """The period that a value names, None if none; a moment with an offset names the month where the counties are."""
    if isinstance(value, datetime) and value.tzinfo:
        return Period.of(value.astimezone(ZoneInfo(settings().timezone)).date())
    if isinstance(value, date):
        return Period.of(value)
    return read_period(as_text(value) or "")


def within(value: object, periods: Sequence[Period]) -> Period | None:
    """The one of these periods that a value names, or within which the day or month lies that it names."""
    if str(value) in (texts := {str(p): p for p in periods}):
        return texts[str(value)]
    said = period_of(value)
    if said is None:
        return None
    return next((p for p in periods if p.start <= said.start and said.end <= p.end), None)


def is_day(version: str) -> bool:
    """Whether a version is a day without a time: what was changed twice on one day has it twice."""
    return _DAY.fullmatch(version) is not None


def moment_of(version: str) -> datetime | None:
    """The moment that a version names, None if it is something else; without an offset it is the counties' time."""
    try:
        at = datetime.fromisoformat(version)
    except ValueError:
        try:
            at = email.utils.parsedate_to_datetime(version)
        except (ValueError, OverflowError, TypeError):
            return None
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(settings().timezone))


def believed(at: datetime | None) -> datetime | None:
    """A time by a county's clock; None for one in the future: the clock was wrong, and it says nothing of the order."""
    return at if at is not None and at <= datetime.now(UTC) + AHEAD else None
