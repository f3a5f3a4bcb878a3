"""Bands of many figures: one for all of them."""

from __future__ import annotations

from collections import Counter

import pytest

from qiangji.board.bands import Tally


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, "none"),
        ({"none": 3}, "none"),
        ({"green": 3, "none": 1}, "green"),
        ({"green": 2, "red": 1}, "yellow"),
        ({"green": 1, "yellow": 2, "red": 1}, "yellow"),
        ({"green": 1, "red": 1}, "red"),
        ({"red": 2}, "red"),
    ],
)
def test_a_tally_is_green_only_if_all_are(counts: dict[str, int], expected: str) -> None:
    assert Tally(Counter(counts)).band == expected
