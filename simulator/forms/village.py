"""行政村党建月报表: villages, monthly. Incomes are year-to-date, in 万元 with two decimals."""

from __future__ import annotations

import numpy as np

from simulator.forms.spec import Column, Field, Form, amounts, blank_some, booleans, choices, integers
from simulator.periods import EPOCH_YEAR, month_number
from simulator.population import Floats, Ints, Population, part_of, year_to_date

GRADES = ("一档", "二档", "三档")
COMPANIES = ("自办", "参与", "无")
_XINHUI = "440705"  # 98 % of its villages earn over 1 million yuan a year (published for 2023)


def _monthly_income(population: Population, of: str, year: int, yearly: Floats) -> Ints:
    """Hundredths of 万元 a month, (villages, 12): the year's income in uneven parts."""
    draws = population.rng(f"{of}_income", year)
    weights = draws.uniform(0.4, 1.6, (len(yearly), 12))
    weights /= weights.sum(axis=1, keepdims=True)
    grown = yearly * (1.04 ** (year - EPOCH_YEAR)) * draws.normal(1, 0.05, len(yearly)).clip(0.8, 1.2)
    by_month: Ints = np.floor(grown.clip(10, 8000)[:, None] * weights * 100).astype(np.int64)
    return by_month


def _greening(population: Population, year: int, month: int, size: int) -> tuple[Ints, Ints, Ints]:
    """Trees, gardens and courtyards of the year so far; trees are planted from February to May."""
    draws = population.rng("village_greening", year)
    season = np.isin(np.arange(1, 13), [2, 3, 4, 5])
    planted = np.where(
        season & (draws.random((size, 12)) < 0.8),
        draws.lognormal(np.log(60), 0.9, (size, 12)).clip(0, 2500),
        np.where(
            draws.random((size, 12)) < 0.15, draws.lognormal(np.log(15), 0.8, (size, 12)).clip(0, 200), 0
        ),
    ).astype(np.int64)
    gardens = draws.poisson(0.9, (size, 12)).clip(0, 30)
    courtyards = draws.poisson(1.3, (size, 12)).clip(0, 30)
    return year_to_date(planted, month), year_to_date(gardens, month), year_to_date(courtyards, month)


def values(population: Population, period: str) -> dict[str, Column]:
    """Columns for every village of the city, in code order."""
    t = month_number(period)
    year, month = t // 12 + EPOCH_YEAR, t % 12 + 1
    rng = population.rng("village")
    size = int(population.is_village.sum())
    members = population.place_members(t)[population.is_village]

    in_xinhui = np.array([place.county == _XINHUI for place in population.tree.villages])
    median = np.where(in_xinhui, 330.0, 150.0)
    spread = np.where(in_xinhui, 0.55, 0.85)
    yearly = (median * np.exp(rng.normal(0, 1, size) * spread)).clip(12, 7500)
    income_by_month = _monthly_income(population, "village", year, yearly)
    income = year_to_date(income_by_month, month)
    operating = year_to_date(
        part_of(income_by_month, np.repeat(rng.beta(4, 3, size)[:, None], 12, axis=1)), month
    )
    of_groups = _monthly_income(population, "groups", year, yearly * rng.uniform(0.1, 0.8, size))
    groups_income = year_to_date(of_groups, month)

    grade = np.select([(level := rng.random(size) - 0.001 * t) < 0.2, level < 0.8], [0, 1], 2)
    company = np.select([(stake := rng.random(size) - 0.0005 * t) < 0.05, stake < 0.085], [0, 1], 2)
    # fixed thresholds, not a draw with a moving mean: the draw must not depend on the month
    managers = (rng.random((size, 3)) < 0.03 + 0.001 * t).sum(axis=1)
    trees, gardens, courtyards = _greening(population, year, month, size)

    def projects(mean: float) -> Column:
        start = rng.gamma(0.6, mean / 0.6, size) + rng.random(size) + rng.uniform(0, mean / 30, size) * t
        return integers(np.floor(start).astype(np.int64).clip(0, 6))

    gaps = population.rng("village_gaps", t + 1200)
    return {
        "party_members": integers(members),
        "members_probationary": blank_some(
            integers(part_of(members, rng.uniform(0, 0.05, size))), gaps, 0.004
        ),
        "members_women": blank_some(integers(part_of(members, rng.uniform(0.12, 0.4, size))), gaps, 0.004),
        "members_under_35": blank_some(integers(part_of(members, rng.uniform(0.08, 0.3, size))), gaps, 0.004),
        "members_away": blank_some(integers(part_of(members, rng.uniform(0.15, 0.65, size))), gaps, 0.006),
        "secretary_grade": blank_some(choices(grade, GRADES), gaps, 0.004),
        "secretary_is_head": booleans(rng.random(size) < 0.985),
        "collective_income": amounts(income),
        "operating_income": amounts(operating),
        "group_income": blank_some(amounts(groups_income), gaps, 0.01),
        "pay_linked": blank_some(booleans(rng.random(size) < 0.78 + 0.003 * t), gaps, 0.004),
        "strong_company": choices(company, COMPANIES),
        "professional_managers": integers(managers),
        "joint_town_village": projects(0.15),
        "joint_village_village": projects(0.1),
        "joint_village_group": projects(0.05),
        "joint_village_enterprise": projects(0.2),
        "joint_enclave": projects(0.02),
        "greening_plan": booleans(rng.random(size) < 0.985 + 0.0003 * t),
        "trees_planted": blank_some(integers(trees), gaps, 0.003),
        "small_gardens": blank_some(integers(gardens), gaps, 0.003),
        "beautiful_courtyards": blank_some(integers(courtyards), gaps, 0.003),
    }


FORM = Form(
    code="village",
    grain="village",
    key="village_code",
    name_field="village_name",
    fields=(
        Field("party_members", "integer"),
        Field("members_probationary", "integer"),
        Field("members_women", "integer"),
        Field("members_under_35", "integer"),
        Field("members_away", "integer"),
        Field("secretary_grade", "enum"),
        Field("secretary_is_head", "boolean"),
        Field("collective_income", "decimal", "ytd"),
        Field("operating_income", "decimal", "ytd"),
        Field("group_income", "decimal", "ytd"),
        Field("pay_linked", "boolean"),
        Field("strong_company", "enum"),
        Field("professional_managers", "integer"),
        Field("joint_town_village", "integer"),
        Field("joint_village_village", "integer"),
        Field("joint_village_group", "integer"),
        Field("joint_village_enterprise", "integer"),
        Field("joint_enclave", "integer"),
        Field("greening_plan", "boolean"),
        Field("trees_planted", "integer", "ytd"),
        Field("small_gardens", "integer", "ytd"),
        Field("beautiful_courtyards", "integer", "ytd"),
    ),
    pairs=(
        ("members_probationary", "party_members"),
        ("members_women", "party_members"),
        ("members_under_35", "party_members"),
        ("members_away", "party_members"),
        ("operating_income", "collective_income"),
    ),
    jiggle="professional_managers",
    values=values,
)
