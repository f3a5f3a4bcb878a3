"""Ranks: those of mart.indicator_comparison, worked out of rows that are there already."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from qiangji.board.indicator import _places


def rows(**values: tuple[float | None, float | None]) -> list[dict[str, Any]]:
    return [
        {
            "org_code": code,
            "value": None if value is None else Decimal(str(value)),
            "reporting_rate": None if rate is None else Decimal(str(rate)),
        }
        for code, (value, rate) in values.items()
    ]


def indicator(direction: str) -> Any:
    """As much of one as ranking asks for."""
    return SimpleNamespace(direction=direction)


FIVE = rows(a=(10, 100), b=(30, 95), c=(30, 90), d=(50, 89.99), e=(None, 100), f=(20, None))


@pytest.mark.parametrize(
    ("direction", "places"),
    [
        ("up", {"a": 3, "b": 1, "c": 1, "d": None, "e": None, "f": None}),
        ("down", {"a": 1, "b": 2, "c": 2, "d": None, "e": None, "f": None}),
    ],
)
def test_equal_values_share_a_place_and_units_that_hardly_reported_have_none(
    direction: str, places: dict[str, int | None]
) -> None:
    found = _places(FIVE, indicator(direction))
    assert {code: place["rank"] for code, place in found.items()} == places
    assert {place["ranked_units"] for place in found.values()} == {3}


def test_where_neither_direction_is_better_nothing_is_ranked() -> None:
    assert _places(FIVE, indicator("none")) == {}
