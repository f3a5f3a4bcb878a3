"""What a month carries: which periods are computed when it is built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from qiangji.catalogue import Form
from qiangji.periods import Period, due_at, span


@dataclass(frozen=True)
class Scope:
    """One period of one type to compute: its label, its type (month, quarter, year, ytd), the months it covers."""

    period: str
    period_type: str
    months: tuple[Period, ...]


def scopes(month: Period, forms: Sequence[Form], zone: str, now: datetime) -> list[Scope]:
    """The month itself, its year to date, and the quarter and year that it completes once they are due.

    Due is what every form is due for: the day by which the last report must be in has passed.
    """
    start = Period("month", month.year * 12)
    found = [Scope(str(month), "ytd", tuple(span(start, month)))]
    if any(f.period_type == "month" for f in forms):
        found.insert(0, Scope(str(month), "month", (month,)))
    for whole in (month.ends_in("quarter"), month.ends_in("year")):
        if whole and all(due_at(month, f.due_working_day, zone) <= now for f in forms):
            found.append(Scope(str(whole), whole.type, tuple(whole.months)))
    return found
