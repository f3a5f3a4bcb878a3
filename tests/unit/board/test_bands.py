"""Bands: each follows from the path and the pace of mart.indicator_target_status, and from nothing else."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from qiangji.board.bands import band
from qiangji.board.overview import Tally

BEHIND: dict[str, Any] = {
    "period": "2026-05", "value": Decimal(40), "path": Decimal(45), "is_reached": False, "is_on_path": False,
    "pace": Decimal(1), "reached_by": date(2027, 2, 28),
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "red"),
        ({"reached_by": None}, "red"),  # never, at this pace
        ({"reached_by": date(2026, 12, 31)}, "yellow"),
        ({"pace": None, "reached_by": None}, "yellow"),  # too few months to tell
        ({"is_on_path": True}, "green"),
        ({"is_reached": True}, "green"),
        ({"path": None, "is_on_path": None}, "none"),  # no target
        ({"value": None}, "none"),
    ],
)
def test_a_band_follows_from_path_and_pace(changed: dict[str, Any], expected: str) -> None:
    assert band(BEHIND | changed) == expected


def test_a_figure_without_the_columns_is_not_rated() -> None:
    assert band({"value": Decimal(1)}) == "none"


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
