"""Whether a county reports a form for a period: what somebody asks for is refused with what there is instead.

In: a form, a county and a period, as typed. Out: the period, or a UsageError with the nearest periods of the form.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Form
from qiangji.errors import UsageError
from qiangji.periods import TYPES_ZH, Period, reporting_month


def require_reported(catalogue: Catalogue, form: str, county: str) -> None:
    """Raise UsageError: unknown_county, unknown_form."""
    catalogue.select_counties([county])
    reported = [f.form for f in catalogue.forms_of(county)]
    if form not in reported:
        raise UsageError(
            f"{county} reports no form {form!r}",
            expected=", ".join(reported),
            zh=f"{county}不报送报表{form}；可选：{'、'.join(reported)}。",
            code="unknown_form",
        )


def own_period(catalogue: Catalogue, form: Form, period: str) -> Period:
    """The period, if the form is reported for it. Raises UsageError: bad_period, before_plan, wrong_period."""
    asked = Period.parse(period)
    catalogue.require_in_plan([asked])
    if catalogue.due(form, asked.last_month) == asked:
        return asked
    near = list(_nearest(catalogue, form, asked))
    raise UsageError(
        f"{form.form} is not reported for {asked}",
        expected=f"a {form.period_type} in which the form holds"
        + (", the nearest: " + " or ".join(f"{p} (due {day})" for p, day in near) if near else ""),
        zh=f"报表{form.form}在{asked}不报送：应为该表施行期间的一个{TYPES_ZH[form.period_type]}"
        + (f"，最近的是{'、'.join(f'{p}（{day}截止）' for p, day in near)}。" if near else "。"),
        code="wrong_period",
    )


def last_ended(catalogue: Catalogue, form: Form, today: date) -> Period:
    """The form's last period that has ended; of a form that is no more, its last; of one to come, its first."""
    ended = reporting_month(today).as_type(form.period_type)
    if ended.last_month > reporting_month(today):
        ended -= 1
    month = str(ended.last_month)
    if form.until is not None and month > form.until:
        return _within(Period.parse(form.until), form)
    if form.since is not None and month < form.since:
        return Period.parse(form.since).as_type(form.period_type)
    return max(ended, catalogue.first_month.as_type(form.period_type))


def _nearest(catalogue: Catalogue, form: Form, asked: Period) -> Iterator[tuple[Period, date]]:
    """The form's periods around the one asked for, with the days on which they are due."""
    at = asked.last_month.as_type(form.period_type)
    found = {at - 1, at, at + 1} if form.period_type == asked.type else {at - 1, at}
    if form.until is not None:
        found.add(_within(Period.parse(form.until), form))
    if form.since is not None:
        found.add(Period.parse(form.since).as_type(form.period_type))
    held = [
        p
        for p in found
        if p.last_month >= catalogue.first_month and catalogue.due(form, p.last_month) == p and p != asked
    ]
    held.sort(key=lambda p: (abs(p.last_month.index - asked.last_month.index), p))
    for period in sorted(held[:2]):
        yield period, catalogue.calendar.due_date(period, form.due_working_day)


def _within(month: Period, form: Form) -> Period:
    """The form's last period that ends by this month."""
    period = month.as_type(form.period_type)
    return period if period.last_month <= month else period - 1
