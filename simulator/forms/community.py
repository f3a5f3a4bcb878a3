"""社区党建月报表: communities, monthly."""

from __future__ import annotations

import numpy as np

from simulator.forms.spec import Column, Field, Form, blank_some, booleans, integers
from simulator.periods import EPOCH_YEAR, month_number
from simulator.population import Ints, Population, part_of, year_to_date


def values(population: Population, period: str) -> dict[str, Column]:
    """Columns for every community of the city, in code order."""
    t = month_number(period)
    year, month = t // 12 + EPOCH_YEAR, t % 12 + 1
    rng = population.rng("community")
    size = int((~population.is_village).sum())
    yearly = population.rng("community_year", year)

    def drifting(base: Ints, rate: float, low: int, high: int) -> Ints:
        slope = rng.uniform(0, 2 * rate, size)
        return (base + np.floor(rng.random(size) + slope * t).astype(np.int64)).clip(low, high)

    units = drifting(rng.lognormal(np.log(10), 0.5, size).astype(np.int64), 0.02, 2, 40)
    projects = year_to_date(yearly.poisson(0.5, (size, 12)), month)
    # The year's list only grows, so the wishes met never fall and never exceed it.
    new_needs = yearly.poisson(1.5, (size, 12))
    needs_start = yearly.integers(4, 15, size)
    needs = needs_start + year_to_date(new_needs, month)
    met = np.minimum(year_to_date(yearly.binomial(new_needs, 0.85), month), needs)
    supplies = np.maximum(needs + yearly.integers(-3, 8, size), 1)

    property_projects = drifting(rng.gamma(1.3, 4, size).astype(np.int64), 0.01, 0, 40)
    property_eligible = part_of(property_projects, rng.uniform(0.5, 0.95, size))
    property_with = part_of(property_eligible, (rng.beta(5, 3, size) + 0.004 * t))
    committees = drifting(rng.gamma(1.0, 2.2, size).astype(np.int64), 0.005, 0, 20)
    committees_with = part_of(committees, (rng.beta(5, 4, size) + 0.004 * t))
    grids = drifting(rng.lognormal(np.log(8), 0.5, size).astype(np.int64), 0.01, 1, 40)
    grids_with = part_of(grids, (rng.beta(8, 2.5, size) + 0.004 * t))
    grid_workers = np.ceil(grids * rng.normal(1.3, 0.35, size).clip(0.55, 4.5)).astype(np.int64)
    volunteers = part_of(grids * 8, rng.random(size))
    base_workers = rng.lognormal(np.log(19), 0.35, size).astype(np.int64).clip(4, 50)
    workers = drifting(base_workers, 0.03, 4, 60)
    graded = part_of(workers, (rng.beta(6, 3, size) + 0.005 * t))
    trained = year_to_date(
        yearly.binomial(np.repeat(base_workers[:, None], 12, axis=1), 0.05), month, base_workers
    )

    gaps = population.rng("community_gaps", t + 1200)
    return {
        "party_members": integers(population.place_members(t)[~population.is_village]),
        "has_joint_committee": booleans(rng.random(size) < 0.86 + 0.004 * t),
        "member_units": integers(units),
        "joint_projects": blank_some(integers(projects), gaps, 0.006),
        "needs_listed": blank_some(integers(needs), gaps, 0.004),
        "supplies_listed": blank_some(integers(supplies), gaps, 0.006),
        "needs_met": blank_some(integers(met), gaps, 0.004),
        "property_projects": integers(property_projects),
        "property_eligible": integers(property_eligible),
        "property_with_party_org": blank_some(integers(property_with), gaps, 0.004),
        "owners_committees_eligible": integers(committees),
        "owners_committees_with_party_org": blank_some(integers(committees_with), gaps, 0.004),
        "grids": integers(grids),
        "grids_with_party_org": integers(grids_with),
        "grid_workers": integers(np.minimum(grid_workers, grids * 5)),
        "grid_volunteers": blank_some(integers(volunteers), gaps, 0.006),
        "community_workers": integers(workers),
        "workers_graded": blank_some(integers(graded), gaps, 0.004),
        "workers_trained": blank_some(integers(trained), gaps, 0.004),
    }


FORM = Form(
    code="community",
    grain="community",
    key="community_code",
    name_field="community_name",
    fields=(
        Field("party_members", "integer"),
        Field("has_joint_committee", "boolean"),
        Field("member_units", "integer"),
        Field("joint_projects", "integer", "ytd"),
        Field("needs_listed", "integer"),
        Field("supplies_listed", "integer"),
        Field("needs_met", "integer", "ytd"),
        Field("property_projects", "integer"),
        Field("property_eligible", "integer"),
        Field("property_with_party_org", "integer"),
        Field("owners_committees_eligible", "integer"),
        Field("owners_committees_with_party_org", "integer"),
        Field("grids", "integer"),
        Field("grids_with_party_org", "integer"),
        Field("grid_workers", "integer"),
        Field("grid_volunteers", "integer"),
        Field("community_workers", "integer"),
        Field("workers_graded", "integer"),
        Field("workers_trained", "integer", "ytd"),
    ),
    pairs=(
        ("property_eligible", "property_projects"),
        ("property_with_party_org", "property_eligible"),
        ("owners_committees_with_party_org", "owners_committees_eligible"),
        ("grids_with_party_org", "grids"),
        ("workers_graded", "community_workers"),
    ),
    jiggle="grid_volunteers",
    values=values,
)
