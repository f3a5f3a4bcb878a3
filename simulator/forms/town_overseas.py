"""镇街党建带侨建季报表: towns, quarterly. Funds are year-to-date, in 万元 with two decimals."""

from __future__ import annotations

import numpy as np

from simulator.forms.spec import Column, Field, Form, amounts, blank_some, integer_fields, integers
from simulator.periods import month_number, year_and_month
from simulator.population import Population, part_of, year_to_date


def values(population: Population, period: str) -> dict[str, Column]:
    """Columns for every town of the city, in code order. The relatives of overseas Chinese of all towns are
    about the 1.646 million that the city publishes.
    """
    t = month_number(period)
    year, month = year_and_month(period)
    rng, yearly = population.rng("town_overseas"), population.rng("town_overseas_year", year)
    size = len(population.tree.town_places)

    in_town = population.by_town(population.is_village.astype(np.int64))
    villages = part_of(in_town, rng.beta(4, 3, size) + 0.001 * t).clip(0, 40)
    secretaries = part_of(villages, rng.beta(3, 3, size) + 0.004 * t)
    heads = part_of(villages, rng.beta(2.5, 3.5, size) + 0.004 * t)
    in_programme = part_of(villages, rng.beta(3, 5, size) + 0.005 * t)
    helped = part_of(villages, rng.beta(2.5, 5, size) + 0.005 * t)
    enterprises = np.floor(helped * rng.uniform(0.6, 1.8, size)).astype(np.int64)
    relatives = rng.lognormal(np.log(15_900), 0.65, size).clip(500, 95_000) * (1 + 0.0002 * t)
    funds = np.floor(yearly.gamma(0.8, 3000, (size, 12)) * (villages > 0)[:, None]).astype(np.int64)

    gaps = population.rng("town_overseas_gaps", t + 1200)
    return {
        "overseas_villages": integers(villages),
        "overseas_secretaries": integers(secretaries),
        "overseas_heads": integers(heads),
        "villages_in_programme": integers(in_programme),
        "enterprises_helping": blank_some(integers(enterprises), gaps, 0.01),
        "villages_helped": integers(helped),
        "overseas_relatives": blank_some(integers(np.floor(relatives).astype(np.int64)), gaps, 0.01),
        "funds_raised": amounts(year_to_date(funds, month)),
    }


FORM = Form(
    code="town_overseas",
    grain="town",
    key="town_code",
    name_field="town_name",
    period_type="quarter",
    fields=(
        *integer_fields("overseas_villages overseas_secretaries overseas_heads villages_in_programme"),
        *integer_fields("enterprises_helping villages_helped overseas_relatives"),
        Field("funds_raised", "decimal", "ytd"),
    ),
    pairs=(
        ("overseas_secretaries", "overseas_villages"),
        ("overseas_heads", "overseas_villages"),
        ("villages_in_programme", "overseas_villages"),
        ("villages_helped", "overseas_villages"),
    ),
    jiggle="overseas_relatives",
    values=values,
)
