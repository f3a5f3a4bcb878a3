"""整治群众身边腐败季报表: counties, quarterly. Funds are year-to-date, in 万元 with two decimals."""

from __future__ import annotations

import numpy as np

from simulator.forms.spec import Column, Field, Form, amounts, integer_fields, integers
from simulator.periods import year_and_month
from simulator.population import Population, backlog, year_to_date


def values(population: Population, period: str) -> dict[str, Column]:
    """Columns for every county, in code order."""
    year, month = year_and_month(period)
    yearly = population.rng("county_oversight_year", year)
    size = len(population.tree.county_level)

    clues = yearly.poisson(yearly.uniform(5, 25, size)[:, None], (size, 12)).clip(0, 130)
    start, next_start = (
        population.rng("county_cases_open", each).poisson(14, size) for each in (year, year + 1)
    )
    opened, closed, still_open = backlog(yearly.binomial(clues, 0.45), start, next_start, month)
    funds = np.floor(yearly.gamma(1.2, 600, (size, 12))).astype(np.int64)
    return {
        "clues_received": integers(year_to_date(clues, month)),
        "cases_open_at_start": integers(start),
        "cases_opened": integers(opened),
        "cases_closed": integers(closed),
        "cases_open": integers(still_open),
        "funds_returned": amounts(year_to_date(funds, month)),
    }


FORM = Form(
    code="county_oversight",
    grain="county",
    key="county_code",
    name_field="county_name",
    period_type="quarter",
    fields=(
        *integer_fields("clues_received", "ytd"),
        *integer_fields("cases_open_at_start"),
        *integer_fields("cases_opened cases_closed", "ytd"),
        *integer_fields("cases_open"),
        Field("funds_returned", "decimal", "ytd"),
    ),
    pairs=(),
    jiggle="clues_received",
    values=values,
)
