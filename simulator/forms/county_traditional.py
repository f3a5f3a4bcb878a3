"""传统领域党建季报表: counties and the city's own departments, quarterly."""

from __future__ import annotations

import numpy as np

from simulator.forms.spec import Column, Form, blank_some, integer_fields, integers
from simulator.periods import month_number
from simulator.population import Population, part_of

# whole: typical count in a county, in the city's own departments; part: its share in January 2024
_WHOLES = {
    "agencies": (62, 85),
    "agency_branches": (210, 560),
    "soe_organisations": (34, 150),
    "schools": (125, 16),
    "private_schools": (22, 4),
    "public_hospitals": (6, 9),
}
_PARTS = {
    "model_agencies": ("agencies", 0.35),
    "four_strong_branches": ("agency_branches", 0.3),
    "soe_demonstrations": ("soe_organisations", 0.2),
    "schools_compliant": ("schools", 0.8),
    "private_schools_tasks_done": ("private_schools", 0.6),
    "hospitals_four_haves": ("public_hospitals", 0.55),
}
_NAMES = (
    "agencies model_agencies agency_branches four_strong_branches soe_organisations soe_demonstrations schools"
    " schools_compliant private_schools private_schools_tasks_done public_hospitals hospitals_four_haves"
)


def values(population: Population, period: str) -> dict[str, Column]:
    """Columns for every county, in code order, and last the city's own departments."""
    t = month_number(period)
    rng = population.rng("county_traditional")
    size = len(population.tree.county_level)

    wholes = {}
    for name, (county, direct) in _WHOLES.items():
        base = np.array([county] * (size - 1) + [direct]) * rng.uniform(0.75, 1.3, size)
        wholes[name] = np.floor(base + rng.random(size) + rng.uniform(-0.02, 0.05, size) * t).astype(np.int64)
    wholes["private_schools"] = np.minimum(wholes["private_schools"], wholes["schools"])
    parts = {
        part: part_of(wholes[whole], rng.normal(share, 0.07, size) + 0.006 * t)
        for part, (whole, share) in _PARTS.items()
    }
    gaps = population.rng("county_traditional_gaps", t + 1200)
    columns = {name: integers(column) for name, column in (wholes | parts).items()}
    blank_some(columns["private_schools_tasks_done"], gaps, 0.02)
    return columns


FORM = Form(
    code="county_traditional",
    grain="county",
    key="county_code",
    name_field="county_name",
    period_type="quarter",
    also_direct=True,
    fields=integer_fields(_NAMES),
    pairs=tuple((part, whole) for part, (whole, _) in _PARTS.items()),
    jiggle="schools",
    values=values,
)
