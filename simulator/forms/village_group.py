"""村民小组情况月报表: villager groups, monthly."""

from __future__ import annotations

import numpy as np

from simulator.forms.spec import Column, Field, Form, blank_some, booleans, choices, integers
from simulator.periods import EPOCH_YEAR, month_number
from simulator.population import Ints, Population, part_of, year_to_date

ORG_SETUPS = ("单独支部", "联合支部", "党小组", "无")
_FIRST_SHARE = (
    0.385  # Party members among group leaders in January 2024; some groups have no member to choose
)
_SHARE_A_MONTH = 0.0018


def _leaders(rng: np.random.Generator, size: int, t: int) -> Ints:
    """Leaders of each group in month t: now and then a post is vacant for some months."""
    posts = rng.choice([1, 2, 3], size, p=[0.93, 0.06, 0.01])
    vacant_from = rng.integers(-12, 72, size)
    vacant_until = vacant_from + rng.integers(1, 6, size)
    is_vacant = (rng.random(size) < 0.3) & (vacant_from <= t) & (t < vacant_until)
    leaders: Ints = np.where(is_vacant, 0, posts)
    return leaders


def leaders_of_places(population: Population, t: int) -> Ints:
    """Leaders in month t, summed over the groups of each village and community."""
    size = len(population.group_place)
    rng = population.rng("village_group")
    rng.beta(3.5, 5.5, size)  # the form's first draw from this stream, repeated here
    leaders = _leaders(rng, size, t)
    return np.bincount(population.group_place, leaders, minlength=len(population.tree.places)).astype(
        np.int64
    )


def values(population: Population, period: str) -> dict[str, Column]:
    """Columns for every group of the city, in code order."""
    t = month_number(period)
    year, month = t // 12 + EPOCH_YEAR, t % 12 + 1
    size = len(population.group_place)
    rng = population.rng("village_group")
    members = population.group_members(t)

    away_share = rng.beta(3.5, 5.5, size).clip(0.15, 0.65)
    away, leaders = part_of(members, away_share), _leaders(rng, size, t)

    # Each post has a threshold; the village's share of Party leaders rises past one after another.
    by_place = population.rng("leader_share").beta(1.6, 1.6 / _FIRST_SHARE - 1.6, len(population.tree.places))
    share = (by_place + _SHARE_A_MONTH * t)[population.group_place].clip(0, 1)
    thresholds = rng.random((size, 3))
    held = (thresholds < share[:, None]) & (np.arange(3) < leaders[:, None])
    party_leaders = np.minimum(held.sum(axis=1), members)
    concurrent = ((rng.random((size, 3)) < 0.08) & (np.arange(3) < leaders[:, None])).sum(axis=1)

    wanted = rng.random(size) - 0.002 * t  # fewer groups without any setup as the plan proceeds
    setup = np.select([wanted < 0.12, wanted < 0.30, wanted < 0.80], [0, 1, 2], 3)
    setup = np.where((setup == 0) & (members < 3), 1, setup)
    setup = np.where((setup == 2) & (members == 0), 3, setup)
    has_work = (setup != 3) | (rng.random(size) < 0.35 + 0.004 * t)

    yearly = rng.gamma(2.0, 1.6, size)
    procedure_share = rng.beta(8, 2, size)
    draws = population.rng("village_group_matters", year)
    matters_by_month = draws.poisson(np.repeat(yearly[:, None] / 12, 12, axis=1))
    adopted_by_month = draws.binomial(matters_by_month, procedure_share[:, None])
    matters = year_to_date(matters_by_month, month, 20)
    adopted = np.minimum(year_to_date(adopted_by_month, month), matters)

    gaps = population.rng("village_group_gaps", t + 1200)
    return {
        "households": integers(population.households(t)),
        "residents": integers(population.residents(t)),
        "party_members": integers(members),
        "members_away": blank_some(integers(away), gaps, 0.006),
        "leaders": integers(leaders),
        "party_member_leaders": integers(party_leaders),
        "leaders_concurrent": blank_some(integers(concurrent), gaps, 0.004),
        "org_setup": blank_some(choices(setup, ORG_SETUPS), gaps, 0.001),
        "has_party_work": blank_some(booleans(has_work), gaps, 0.003),
        "major_matters": blank_some(integers(matters), gaps, 0.002),
        "matters_by_procedure": blank_some(integers(adopted), gaps, 0.002),
    }


FORM = Form(
    code="village_group",
    grain="group",
    key="group_code",
    name_field="group_name",
    fields=(
        Field("households", "integer"),
        Field("residents", "integer"),
        Field("party_members", "integer"),
        Field("members_away", "integer"),
        Field("leaders", "integer"),
        Field("party_member_leaders", "integer"),
        Field("leaders_concurrent", "integer"),
        Field("org_setup", "enum"),
        Field("has_party_work", "boolean"),
        Field("major_matters", "integer", "ytd"),
        Field("matters_by_procedure", "integer", "ytd"),
    ),
    pairs=(
        ("members_away", "party_members"),
        ("party_member_leaders", "leaders"),
        ("leaders_concurrent", "leaders"),
        ("matters_by_procedure", "major_matters"),
    ),
    jiggle="households",
    values=values,
)
