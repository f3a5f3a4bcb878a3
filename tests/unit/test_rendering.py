"""Placeholders of SQL files: each is filled, and none is left."""

from __future__ import annotations

import pytest

from qiangji.rendering import rendered


def test_each_placeholder_gets_its_piece() -> None:
    assert rendered("SELECT {{a}}, {{b}}, {{a}}", "x.sql", {"a": "1", "b": "2"}) == "SELECT 1, 2, 1"


def test_a_piece_is_not_rendered_again() -> None:
    assert rendered("SELECT {{a}}", "x.sql", {"a": "'{{b}}'"}) == "SELECT '{{b}}'"


@pytest.mark.parametrize(
    ("pieces", "said"),
    [({"a": "1", "c": "2"}, "x.sql: no placeholder for c; it has a"), ({}, "x.sql: nothing given for a")],
)
def test_one_too_many_or_too_few_is_an_error(pieces: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        rendered("SELECT {{a}}", "x.sql", pieces)
