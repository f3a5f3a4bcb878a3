"""镇街教育培训季报表: towns, quarterly. Those due are the roster of 1 January, for the whole year."""

from __future__ import annotations

import numpy as np

from simulator.forms.spec import Column, Form, blank_some, integer_fields, integers
from simulator.forms.village_group import leaders_of_places
from simulator.periods import month_number, year_and_month
from simulator.population import Ints, Population, part_of, reached_by, year_to_date

_KAIPING = "440783"  # the watchtowers (碉楼) are there


def values(population: Population, period: str) -> dict[str, Column]:
    """Columns for every town of the city, in code order."""
    t = month_number(period)
    year, month = year_and_month(period)
    january = month_number(f"{year}-01")
    rng, yearly = population.rng("town_training"), population.rng("town_training_year", year)
    towns = population.tree.town_places
    size = len(towns)

    def trained(due: Ints, low: float) -> Ints:
        return reached_by(due, yearly.uniform(low, 1, size), yearly.uniform(0.4, 1.6, (size, 12)), month)

    members = population.by_town(population.place_members(january))
    # the roster leaves out those about to go: it is shorter than the groups' leaders in any month
    in_groups = [leaders_of_places(population, january + months) for months in (0, 2, 5, 8, 11)]
    fewest = population.by_town(np.min(in_groups, axis=0))
    group_leaders = part_of((fewest - 4).clip(0), np.full(size, 0.92))
    away = part_of(members, rng.uniform(0.15, 0.4, size))
    top = rng.integers(2, 5, size)
    young = rng.integers(6, 40, size)
    in_kaiping = np.array([town.county == _KAIPING for town in towns])
    per_month = (1.2, 0.7, np.where(in_kaiping, 1.1, 0.05)[:, None], 0.25)
    sessions = [yearly.poisson(mean, (size, 12)) for mean in per_month]
    attended = np.floor(sum(sessions) * yearly.uniform(15, 80, (size, 12))).astype(np.int64)
    to_members, to_backbones = (yearly.poisson(mean, (size, 12)) for mean in (0.45, 0.7))

    gaps = population.rng("town_training_gaps", t + 1200)
    return {
        "members_due": integers(members),
        "members_due_away": blank_some(integers(away), gaps, 0.01),
        "members_trained": integers(trained(members, 0.8)),
        "group_leaders_due": integers(group_leaders),
        "group_leaders_trained": integers(trained(group_leaders, 0.75)),
        "top_leaders_due": integers(top),
        "top_leaders_trained": integers(trained(top, 0.85)),
        "young_cadres_due": integers(young),
        "young_cadres_trained": integers(trained(young, 0.7)),
        "backbones_to_members": integers(year_to_date(to_members, month)),
        "members_to_backbones": integers(year_to_date(to_backbones, month)),
        "animation_screenings": integers(year_to_date(sessions[0], month)),
        "vanguard_sessions": integers(year_to_date(sessions[1], month)),
        "diaolou_sessions": integers(year_to_date(sessions[2], month)),
        "music_sessions": blank_some(integers(year_to_date(sessions[3], month)), gaps, 0.01),
        "class_attendances": blank_some(integers(year_to_date(attended, month)), gaps, 0.01),
    }


FORM = Form(
    code="town_training",
    grain="town",
    key="town_code",
    name_field="town_name",
    period_type="quarter",
    fields=(
        *integer_fields("members_due members_due_away"),
        *integer_fields("members_trained", "ytd"),
        *integer_fields("group_leaders_due"),
        *integer_fields("group_leaders_trained", "ytd"),
        *integer_fields("top_leaders_due"),
        *integer_fields("top_leaders_trained", "ytd"),
        *integer_fields("young_cadres_due"),
        *integer_fields("young_cadres_trained", "ytd"),
        *integer_fields("backbones_to_members members_to_backbones animation_screenings", "ytd"),
        *integer_fields("vanguard_sessions diaolou_sessions music_sessions class_attendances", "ytd"),
    ),
    pairs=(
        ("members_due_away", "members_due"),
        ("members_trained", "members_due"),
        ("group_leaders_trained", "group_leaders_due"),
        ("top_leaders_trained", "top_leaders_due"),
        ("young_cadres_trained", "young_cadres_due"),
    ),
    jiggle="members_to_backbones",
    values=values,
)
