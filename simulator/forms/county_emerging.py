"""“两企三新”党建季报表: counties, quarterly."""

from __future__ import annotations

import numpy as np

from simulator.forms.spec import Column, Form, blank_some, integer_fields, integers
from simulator.periods import month_number, year_and_month
from simulator.population import Floats, Ints, Population, backlog, part_of, year_to_date

_DIFFICULTIES = {"insurance": 2.2, "career": 1.4, "schooling": 1.0, "other": 1.8}  # raised in a typical month


def values(population: Population, period: str) -> dict[str, Column]:
    """Columns for every county, in code order."""
    t = month_number(period)
    year, month = year_and_month(period)
    rng, yearly = population.rng("county_emerging"), population.rng("county_emerging_year", year)
    size = len(population.tree.county_level)

    def drifting(base: Floats, rate: float) -> Ints:
        moved = base * (1 + rate * t) + rng.random(size)
        return np.floor(moved).astype(np.int64)

    def covered(whole: Ints, low: float, high: float, rate: float) -> Ints:
        return part_of(whole, rng.uniform(low, high, size) + rate * t)

    enterprises = drifting(rng.lognormal(np.log(420), 0.4, size).clip(150, 1500), 0.001)
    large = part_of(enterprises, rng.uniform(0.15, 0.3, size))
    share = rng.uniform(0.72, 0.85, size) + 0.003 * t
    social = drifting(rng.lognormal(np.log(160), 0.4, size).clip(40, 600), 0.0005)
    committees_due = rng.integers(8, 15, size)
    committees = covered(committees_due, 0.55, 0.85, 0.006)
    staff = committees * 2 + np.floor(rng.uniform(0, 6, size)).astype(np.int64)
    workers = drifting(rng.lognormal(np.log(6000), 0.5, size).clip(1500, 18_000), 0.003)
    workers_covered = covered(workers, 0.5, 0.7, 0.006)
    members = part_of(workers_covered, rng.uniform(0.01, 0.04, size))
    centres = drifting(rng.uniform(1, 6, size), 0.01)
    raised = {name: yearly.poisson(mean, (size, 12)) for name, mean in _DIFFICULTIES.items()}
    start, next_start = (
        population.rng("county_difficulties_open", each).poisson(8, size) for each in (year, year + 1)
    )
    in_all: Ints = np.sum(list(raised.values()), axis=0)
    _, resolved, still_open = backlog(in_all, start, next_start, month)
    posts = rng.integers(12, 40, size)

    gaps = population.rng("county_emerging_gaps", t + 1200)
    return {
        "enterprises_eligible": integers(enterprises),
        "enterprises_with_party_org": integers(part_of(enterprises, share)),
        "enterprises_large_eligible": integers(large),
        "enterprises_large_with_party_org": integers(part_of(large, share + 0.05)),
        "social_orgs_eligible": integers(social),
        "social_orgs_with_party_org": integers(covered(social, 0.7, 0.88, 0.002)),
        "industry_committees_due": integers(committees_due),
        "industry_committees": integers(committees),
        "industry_committee_staff": blank_some(integers(staff), gaps, 0.02),
        "new_employment_workers": integers(workers),
        "new_employment_covered": integers(workers_covered),
        "new_employment_members": blank_some(integers(members), gaps, 0.02),
        "rights_centres": blank_some(integers(centres), gaps, 0.02),
        "difficulties_open_at_start": integers(start),
        **{
            f"difficulties_raised_{name}": integers(year_to_date(each, month))
            for name, each in raised.items()
        },
        "difficulties_resolved": integers(resolved),
        "difficulties_open": integers(still_open),
        "social_work_posts": integers(posts),
        "social_work_in_post": integers(covered(posts, 0.7, 0.9, 0.003)),
    }


FORM = Form(
    code="county_emerging",
    grain="county",
    key="county_code",
    name_field="county_name",
    period_type="quarter",
    fields=(
        *integer_fields("enterprises_eligible enterprises_with_party_org enterprises_large_eligible"),
        *integer_fields("enterprises_large_with_party_org social_orgs_eligible social_orgs_with_party_org"),
        *integer_fields("industry_committees_due industry_committees industry_committee_staff"),
        *integer_fields(
            "new_employment_workers new_employment_covered new_employment_members rights_centres"
        ),
        *integer_fields("difficulties_open_at_start"),
        *integer_fields(" ".join(f"difficulties_raised_{name}" for name in _DIFFICULTIES), "ytd"),
        *integer_fields("difficulties_resolved", "ytd"),
        *integer_fields("difficulties_open social_work_posts social_work_in_post"),
    ),
    pairs=(
        ("enterprises_with_party_org", "enterprises_eligible"),
        ("enterprises_large_eligible", "enterprises_eligible"),
        ("enterprises_large_with_party_org", "enterprises_large_eligible"),
        ("enterprises_large_with_party_org", "enterprises_with_party_org"),
        ("social_orgs_with_party_org", "social_orgs_eligible"),
        ("industry_committees", "industry_committees_due"),
        ("new_employment_covered", "new_employment_workers"),
        ("new_employment_members", "new_employment_workers"),
        ("social_work_in_post", "social_work_posts"),
    ),
    jiggle="rights_centres",
    values=values,
)
