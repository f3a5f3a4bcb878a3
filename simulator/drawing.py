"""Draws every submission of the served months, and of the quarters that end in one of them.

In: population, months, counties. Out: submissions without faults, which `faults` plants later.

Two irregularities belong to good data and are drawn here: a few groups open during the served months, and a few units
do not report in some month.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

import numpy as np

from simulator.forms import FORMS, Form
from simulator.forms.county_milestones import TASKS
from simulator.forms.spec import Value
from simulator.periods import earlier_in_year, last_month, month_number, served_periods, shift
from simulator.population import Population
from simulator.submissions import Key, Row, Submission
from simulator.tree import DIRECT, Place

SHANGHAI = timezone(timedelta(hours=8))
OPENED_GROUPS = 8
MISSING_UNITS = {"village_group": 6, "village": 2, "community": 1, "town_service": 1, "town_training": 1}


@dataclass
class Drawn:
    """All submissions by (county, form, period), and their irregularities that are no faults."""

    submissions: dict[Key, Submission] = field(default_factory=dict)
    earlier: dict[Key, Submission] = field(
        default_factory=dict
    )  # quarters of the year before the first served
    opened_units: list[dict[str, Any]] = field(default_factory=list)
    missing_units: list[dict[str, Any]] = field(default_factory=list)
    rural_communities: list[str] = field(default_factory=list)


def units_of(form: Form, population: Population) -> list[tuple[str, str, Place]]:
    """Code, name and place of each unit of the form's grain in the whole city, in the order of the drawn values."""
    tree = population.tree
    if form.grain == "group":
        places = [tree.places[index] for index in population.group_place.tolist()]
        return list(zip(population.group_codes, population.group_names, places, strict=True))
    counties = tree.county_level if form.also_direct else tree.county_places
    if form.grain == "task":
        return [
            (f"{place.code}-{number:02d}", name, place)
            for place in counties
            for number, (name, *_) in enumerate(TASKS, start=1)
        ]
    chosen = {
        "village": tree.villages,
        "community": tree.communities,
        "town": tree.town_places,
        "county": counties,
    }[form.grain]
    return [(place.code, place.name, place) for place in chosen]


def reports(form: Form, county: str) -> bool:
    """Whether a county system holds the form at all."""
    return county != DIRECT or form.also_direct


def published_at(period: str, county: str, form: str, today: date) -> datetime:
    """When a submission was published: day 2 of the month after the period, at the latest the morning of `today`."""
    year, month = shift(last_month(period), 1).split("-")
    spread = (int(county[4:]) * 7 + len(form) * 13) % 60
    moment = datetime(int(year), int(month), 2, 9, spread, tzinfo=SHANGHAI)
    return min(moment, datetime.combine(today, time(0, spread), SHANGHAI))


def draw(population: Population, months: list[str], counties: list[str], today: date) -> Drawn:
    """Submissions of all forms, periods and counties, rows in key order."""
    tree = population.tree
    kept = {
        place.code for place, stays in zip(tree.places, population.reports.tolist(), strict=True) if stays
    }
    wanted = set(counties)
    rural = [tree.places[index] for index in population.rural.tolist()]
    drawn = Drawn(
        rural_communities=[place.code for place in rural if place.county in wanted and place.code in kept]
    )
    opened = _opened_groups(population, months, kept, wanted)
    drawn.opened_units = [
        {"unit": code, "county": code[:6], "form": "village_group", "from": period}
        for code, period in sorted(opened.items())
    ]
    before = _before_opening(population, opened)
    for form in FORMS.values():
        units = [
            (index, code, name, place)
            for index, (code, name, place) in enumerate(units_of(form, population))
            if place.county in wanted and (place.code in kept or place.village is None)
        ]
        served = served_periods(months, form.period_type)
        unserved = earlier_in_year(served[0]) if served and form.period_type == "quarter" else []
        for period in unserved + served:
            columns = form.values(population, period)
            # the city's own departments are last in the columns, and not among the units of every form
            cells = list(zip(*(columns[each.name] for each in form.fields), strict=True))
            by_county: dict[str, list[Row]] = defaultdict(list)
            for index, code, name, place in units:
                if opened.get(code, period) <= period:
                    by_county[place.county].append(Row(code, name, place, list(cells[index])))
            for county in counties:
                if not reports(form, county):
                    continue
                moment = published_at(period, county, form.code, today)
                submission = Submission(form, county, period, by_county[county], moment)
                if form.grain == "group":
                    for row in submission.rows:
                        if row.code in before and period[:4] == opened[row.code][:4]:
                            _start_from_zero(submission, row, before[row.code])
                if period in unserved:
                    submission.is_published = False
                    drawn.earlier[submission.key] = submission
                else:
                    drawn.submissions[submission.key] = submission
    _leave_units_out(population, months, drawn)
    return drawn


def _opened_groups(
    population: Population, months: list[str], kept: set[str], counties: set[str]
) -> dict[str, str]:
    """Group code -> the month in which it opens, never the first. Each is the last of several groups of a village."""
    if len(months) < 2:
        return {}
    rng = population.rng("opened", month_number(months[-1]) + 1200)
    is_last = np.append(np.diff(population.group_place) != 0, True)
    last = [
        index
        for index in np.flatnonzero(is_last).tolist()
        if population.group_serial[index] > 3
        and (place := population.tree.places[population.group_place[index]]).code in kept
        and place.county in counties
    ]
    chosen = rng.choice(last, min(OPENED_GROUPS, len(last)), replace=False).tolist()
    return {
        population.group_codes[index]: months[1 + turn % (len(months) - 1)]
        for turn, index in enumerate(chosen)
    }


def _before_opening(population: Population, opened: dict[str, str]) -> dict[str, list[Value]]:
    """Group code -> the values drawn for the month before it opens, if that is in the same year."""
    form = FORMS["village_group"]
    position = {code: index for index, code in enumerate(population.group_codes)} if opened else {}
    before: dict[str, list[Value]] = {}
    for since in sorted(set(opened.values())):
        if not since.endswith("-01"):
            columns = form.values(population, shift(since, -1))
            for code in (code for code, month in opened.items() if month == since):
                before[code] = [columns[each.name][position[code]] for each in form.fields]
    return before


def _start_from_zero(submission: Submission, row: Row, before: list[Value]) -> None:
    """Subtract the year-to-date values of the time before a group opened: they begin at 0 with it."""
    for position, each in enumerate(submission.form.fields):
        value, earlier = row.values[position], before[position]
        if each.kind == "ytd" and isinstance(value, int):
            row.values[position] = max(value - (earlier if isinstance(earlier, int) else 0), 0)
    for part, whole in submission.form.pairs:
        most, some = submission.value(row, whole), submission.value(row, part)
        if isinstance(most, int) and isinstance(some, int):
            row.values[submission.position(part)] = min(most, some)


def _leave_units_out(population: Population, months: list[str], drawn: Drawn) -> None:
    """Leave out some units in some period, never the first, so that a collector expects them."""
    rng = population.rng("missing", month_number(months[-1]) + 1200)
    opened = {each["unit"] for each in drawn.opened_units}
    for form, count in MISSING_UNITS.items():
        counties = sorted({county for county, of, _ in drawn.submissions if of == form})
        served = served_periods(months, FORMS[form].period_type)
        periods = served[1:] or served
        if not counties or not periods:
            continue
        for turn in range(count):
            county = counties[int(rng.integers(len(counties)))]
            submission = drawn.submissions[county, form, periods[turn % len(periods)]]
            candidates = [row for row in submission.rows if row.code not in opened]
            if len(candidates) < 3:
                continue
            row = candidates[int(rng.integers(len(candidates)))]
            submission.rows.remove(row)
            drawn.missing_units.append(
                {"unit": row.code, "county": county, "form": form, "period": submission.period}
            )
