"""带头人队伍季报表: counties, quarterly."""

from __future__ import annotations

import numpy as np

from simulator.forms import village
from simulator.forms.spec import Column, Form, blank_some, integer_fields, integers
from simulator.periods import last_month, month_number, year_and_month
from simulator.population import Ints, Population, part_of, reached_by, year_to_date


def graded_villages(population: Population, month: str) -> Ints:
    """For each county, the number of villages whose form grades the secretary in this month."""
    grades = iter(village.values(population, month)["secretary_grade"])
    graded = [is_village and next(grades) is not None for is_village in population.is_village.tolist()]
    return population.by_county(np.array(graded, dtype=np.int64))


def values(population: Population, period: str) -> dict[str, Column]:
    """Columns for every county, in code order."""
    t = month_number(period)
    year, month = year_and_month(period)
    rng, yearly = population.rng("county_secretaries"), population.rng("county_secretaries_year", year)
    vacancies = population.rng("county_secretaries_vacant", t + 1200)
    size = len(population.tree.county_level)

    posts = [
        population.places_by_county(villages=is_village, communities=not is_village)
        for is_village in (True, False)
    ]
    in_post = [each - part_of(each, vacancies.uniform(0, 0.05, size)) for each in posts]
    graded = graded_villages(population, last_month(period)) + part_of(
        in_post[1], rng.uniform(0.2, 0.4, size)
    )
    graded = np.minimum(graded, in_post[0] + in_post[1])
    due = part_of(posts[0], np.full(size, 0.94)) + part_of(posts[1], np.full(size, 0.94))
    trained = reached_by(due, yearly.uniform(0.8, 1, size), yearly.uniform(0.3, 1.7, (size, 12)), month)
    recruited, civil_servants, promoted = (yearly.poisson(mean, (size, 12)) for mean in (0.5, 0.15, 0.25))

    gaps = population.rng("county_secretaries_gaps", t + 1200)
    return {
        "posts_village": integers(posts[0]),
        "posts_community": integers(posts[1]),
        "secretaries_village": integers(in_post[0]),
        "secretaries_community": integers(in_post[1]),
        "secretaries_graded": integers(graded),
        "secretaries_trained": integers(trained),
        "recruited_public_posts": integers(year_to_date(recruited, month)),
        "recruited_civil_servants": integers(year_to_date(civil_servants, month)),
        "promoted_town_leadership": blank_some(integers(year_to_date(promoted, month)), gaps, 0.02),
    }


FORM = Form(
    code="county_secretaries",
    grain="county",
    key="county_code",
    name_field="county_name",
    period_type="quarter",
    fields=(
        *integer_fields("posts_village posts_community secretaries_village secretaries_community"),
        *integer_fields("secretaries_graded"),
        *integer_fields("secretaries_trained recruited_public_posts recruited_civil_servants", "ytd"),
        *integer_fields("promoted_town_leadership", "ytd"),
    ),
    pairs=(("secretaries_village", "posts_village"), ("secretaries_community", "posts_community")),
    jiggle="recruited_public_posts",
    values=values,
)
