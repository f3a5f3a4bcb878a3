"""Scopes: which periods are computed when a month is built.

In: a month, the forms that are read together, the clock. Out: a `Scope` for each period.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from qiangji.catalogue.models import Form, shortest_of
from qiangji.periods import MONTHS_IN, Period, PeriodType, span
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
    found += [
        s
        for s in _completed(month, shortest)
        if all(calendar.due_at(month, f.due_working_day, zone) <= now for f in forms)
    ]
    return found


def not_due(month: Period, forms: Sequence[Form], due: Sequence[Scope]) -> list[Scope]:
    """The periods that a month completes and that are not among the due ones: they have no figures.

    They may have had some: a due day moves later when a form is given more time, or days off are entered.
    """
    shortest = shortest_of(forms)
    return [] if month.ends_in(shortest) is None else [s for s in _completed(month, shortest) if s not in due]


def _completed(month: Period, shortest: PeriodType) -> list[Scope]:
    """The quarter, half and year that a month completes, from the shortest period of some forms on."""
    longer = (month.ends_in("quarter"), month.ends_in("half"), month.ends_in("year"))
    return [
        Scope(str(whole), whole.type, tuple(whole.months))
        for whole in longer
        if whole and MONTHS_IN[whole.type] >= MONTHS_IN[shortest]
    ]


def own_periods(form: Form, months: Sequence[Period]) -> list[Period]:
    """The form's own periods that end in these months and in which the form held."""
    return [p for m in months if (p := m.ends_in(form.period_type)) is not None and form.holds_in(str(m))]


def period_before(periods: Sequence[Period]) -> list[Period]:
    """The period just before, if it lies in the same year: a year-to-date field's difference is taken from it."""
    first = min(periods, default=None)
    return [first - 1] if first and first.year == (first - 1).year else []
