"""Scopes: which periods are computed when a month is built.

In: a month, the forms that are read together, the clock. Out: a `Scope` for each period.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from qiangji.catalogue.models import Form, shortest_of
from qiangji.periods import MONTHS_IN, Period, span
from qiangji.workdays import Calendar


@dataclass(frozen=True)
class Scope:
    """One period of one type to compute: its label, its type (month, quarter, half, year, ytd), its months."""

    period: str
    period_type: str
    months: tuple[Period, ...]


def scopes(month: Period, forms: Sequence[Form], calendar: Calendar, zone: str, now: datetime) -> list[Scope]:
    """The periods that are computed of forms that are read together when a month is built.

    | period | when |
    | --- | --- |
    | month | all forms are monthly: the shortest period is the longest of the forms' own |
    | year to date | such a shortest period ends with the month |
    | quarter, half, year | the month completes it, and it is due: every form's last report must be in by now |
    """
    shortest = shortest_of(forms)
    if month.ends_in(shortest) is None:
        return []
    found = [Scope(str(month), "month", (month,))] if shortest == "month" else []
    found.append(Scope(str(month), "ytd", tuple(span(Period("month", month.year * 12), month))))
    for whole in (month.ends_in("quarter"), month.ends_in("half"), month.ends_in("year")):
        if (
            whole
            and MONTHS_IN[whole.type] >= MONTHS_IN[shortest]
            and all(calendar.due_at(month, f.due_working_day, zone) <= now for f in forms)
        ):
            found.append(Scope(str(whole), whole.type, tuple(whole.months)))
    return found


def own_periods(form: Form, months: Sequence[Period]) -> list[Period]:
    """The form's own periods that end in these months and in which the form held."""
    return [p for m in months if (p := m.ends_in(form.period_type)) is not None and form.holds_in(str(m))]


def period_before(periods: Sequence[Period]) -> list[Period]:
    """The period just before, if it lies in the same year: a year-to-date field's difference is taken from it."""
    first = min(periods, default=None)
    return [first - 1] if first and first.year == (first - 1).year else []
