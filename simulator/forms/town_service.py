"""镇街联系服务群众月报表: towns, monthly."""

from __future__ import annotations

import numpy as np

from simulator.forms.spec import Column, Form, blank_some, integer_fields, integers
from simulator.periods import month_number, year_and_month
from simulator.population import Floats, Ints, Population, backlog, part_of, reached_by, year_to_date


def values(population: Population, period: str) -> dict[str, Column]:
    """Columns for every town of the city, in code order."""
    t = month_number(period)
    year, month = year_and_month(period)
    rng, yearly = population.rng("town_service"), population.rng("town_service_year", year)
    monthly = population.rng("town_service_month", t + 1200)
    size = len(population.tree.town_places)

    def drifting(base: Floats, rate: float, low: int, high: int) -> Ints:
        moved = base + rng.random(size) + rng.uniform(0, 2 * rate, size) * t
        return np.floor(moved).astype(np.int64).clip(low, high)

    centres = 1 + population.by_town(np.ones(len(population.tree.places), dtype=np.int64))
    with_menu = monthly.binomial(centres, min(0.86 + 0.003 * t, 0.99))
    elderly, children, new_groups = (monthly.poisson(centres * mean) for mean in (1.6, 1.3, 0.4))
    attendances = np.floor((elderly + children + new_groups) * monthly.uniform(15, 60, size)).astype(np.int64)
    cadres = drifting(rng.uniform(25, 140, size), 0.05, 20, 200)

    due = np.floor(yearly.lognormal(np.log(6000), 0.6, size).clip(500, 30_000)).astype(np.int64)
    visited = reached_by(due, yearly.uniform(0.75, 1, size), yearly.uniform(0.5, 1.5, (size, 12)), month)
    start, next_start = (
        population.rng("town_concerns_open", each).poisson(9, size) for each in (year, year + 1)
    )
    raised, resolved, still_open = backlog(yearly.poisson(8, (size, 12)), start, next_start, month)

    members_due = drifting(rng.lognormal(np.log(260), 0.5, size), 0.3, 40, 2000)
    members_in = part_of(members_due, rng.uniform(0.72, 0.92, size) + 0.002 * t)
    units_due = drifting(rng.uniform(8, 60, size), 0.03, 5, 80)
    units_in = part_of(units_due, rng.uniform(0.75, 0.95, size) + 0.002 * t)
    serving = part_of(members_in, monthly.uniform(0.2, 0.6, size))
    calls = yearly.poisson(0.35, (size, 12))
    answered = np.floor(calls * yearly.uniform(20, 120, (size, 12))).astype(np.int64)

    gaps = population.rng("town_service_gaps", t + 1200)
    return {
        "service_centres": integers(centres),
        "centres_with_menu": integers(with_menu),
        "activities_elderly": integers(elderly),
        "activities_children": integers(children),
        "activities_new_groups": blank_some(integers(new_groups), gaps, 0.01),
        "attendances": blank_some(integers(attendances), gaps, 0.01),
        "liaison_cadres": blank_some(integers(cadres), gaps, 0.01),
        "households_due": integers(due),
        "households_visited": integers(visited),
        "concerns_open_at_start": integers(start),
        "concerns_raised": integers(raised),
        "concerns_resolved": integers(resolved),
        "concerns_open": blank_some(integers(still_open), gaps, 0.01),
        "members_due_check_in": integers(members_due),
        "members_checked_in": integers(members_in),
        "units_due_check_in": integers(units_due),
        "units_checked_in": integers(units_in),
        "members_serving": blank_some(integers(serving), gaps, 0.01),
        "mobilisations": integers(year_to_date(calls, month)),
        "members_mobilised": integers(year_to_date(answered, month)),
    }


FORM = Form(
    code="town_service",
    grain="town",
    key="town_code",
    name_field="town_name",
    fields=(
        *integer_fields("service_centres"),
        *integer_fields("centres_with_menu activities_elderly activities_children", "flow"),
        *integer_fields("activities_new_groups attendances", "flow"),
        *integer_fields("liaison_cadres households_due"),
        *integer_fields("households_visited", "ytd"),
        *integer_fields("concerns_open_at_start"),
        *integer_fields("concerns_raised concerns_resolved", "ytd"),
        *integer_fields("concerns_open members_due_check_in members_checked_in units_due_check_in"),
        *integer_fields("units_checked_in"),
        *integer_fields("members_serving", "distinct"),
        *integer_fields("mobilisations members_mobilised", "ytd"),
    ),
    pairs=(
        ("centres_with_menu", "service_centres"),
        ("households_visited", "households_due"),
        ("members_checked_in", "members_due_check_in"),
        ("units_checked_in", "units_due_check_in"),
        ("members_serving", "members_checked_in"),
    ),
    jiggle="liaison_cadres",
    values=values,
)
