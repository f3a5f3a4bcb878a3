"""What is chosen of the figures, and the state in which they are read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from qiangji.errors import UsageError
from qiangji.figures import OVERVIEW, Choice
from qiangji.figures.reading import NOW, State

THEN = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("choice", "levels"),
    [
        (OVERVIEW, ["city", "county"]),
        (Choice(level="town"), ["town"]),
        (Choice(orgs=["440703"], level="town"), ["town"]),
        (Choice(orgs=["440703"]), ["city", "county", "town", "village", "group"]),
    ],
)
def test_units_are_those_named_or_of_a_level_or_the_city_s_and_counties(
    choice: Choice, levels: list[str]
) -> None:
    assert choice.bound["levels"] == levels


def test_a_level_and_units_are_those_of_the_level_beneath_them() -> None:
    assert Choice(orgs=["440705"], level="town").bound["above"] == ["440705"]
    assert Choice(orgs=["440705"]).bound["above"] == Choice(level="town").bound["above"] == []


@pytest.mark.parametrize("level", ["group", "hamlet", ""])
def test_a_level_without_figures_is_refused(level: str) -> None:
    with pytest.raises(UsageError) as e:
        Choice(level=level)
    assert e.value.code == "unknown_level"


@pytest.mark.parametrize(
    ("state", "source"),
    [
        (NOW, "mart.indicator_value"),
        (State(THEN), "mart.indicator_value_as_of(:as_of)"),
        (State(THEN, "审定版"), "mart.published_value"),
        (State(is_restated=True), "mart.indicator_value_restated"),
    ],
)
def test_a_state_is_read_from_one_place(state: State, source: str) -> None:
    assert source in state.figures.split()


def test_a_moment_has_the_dictionary_of_that_moment() -> None:
    assert NOW.dictionary == "SELECT * FROM mart.indicator"
    assert ":as_of" in State(THEN).dictionary


def test_a_moment_cannot_be_restated() -> None:
    with pytest.raises(UsageError) as e:
        State(THEN, is_restated=True)
    assert e.value.code == "as_of_restated"
