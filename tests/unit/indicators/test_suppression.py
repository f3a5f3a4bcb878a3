"""What is hidden beside a small figure, in trees small enough to follow by hand."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from qiangji.catalogue.models import Suppression
from qiangji.indicators.suppression import Cells, Hidden, Paths, are_small, decide

RULE = Suppression(threshold=3)


def cells(figures: dict[str, Any], rule: Suppression = RULE, **more: Any) -> Cells:
    """`{"T1/a": 2}`: village a of town T1, of county C unless the path says another; the denominator is 10."""
    paths = Paths()
    for name in figures:
        *above, village = name.split("/")
        paths[village] = (above[-1], above[0] if len(above) > 1 else "C", "Z")
    numerators = {name.split("/")[-1]: n for name, n in figures.items()}
    denominators = more.pop("denominators", dict.fromkeys(numerators, 10))
    sides = (
        pa.chunked_array([[s.get(c) for c in numerators]], pa.int64()) for s in (numerators, denominators)
    )
    small = {
        c for c, is_small in zip(numerators, are_small(rule, *sides).to_pylist(), strict=True) if is_small
    }
    return Cells(numerators, denominators, paths, frozenset(small), frozenset(numerators), **more)


def one(figures: dict[str, Any], rule: Suppression = RULE, **more: Any) -> Hidden:
    return decide([cells(figures, rule, **more)], (), (), False, rule)


@pytest.mark.parametrize(
    ("n", "d", "all_or_none", "expected"),
    [
        (0, 5, False, False), (1, 5, False, True), (2, 5, False, True), (3, 5, False, False), (5, 5, False, False),
        (None, 5, False, False), (-1, 5, False, False), (0, 5, True, True), (5, 5, True, True), (4, 5, True, False),
        (0, 0, True, False), (0, None, True, False),
    ],
)  # fmt: skip
def test_what_is_small(n: Any, d: Any, all_or_none: bool, expected: bool) -> None:
    sides = (pa.chunked_array([[x]], pa.int64()) for x in (n, d))
    assert are_small(Suppression(threshold=3, all_or_none=all_or_none), *sides).to_pylist() == [expected]


@pytest.mark.parametrize(
    ("figures", "villages", "above"),
    [
        ({"T/a": 5, "T/b": 9}, "", ""),
        ({"T/a": 2, "T/b": 9, "T/c": 4}, "ac", ""),
        # 1 and 1 make 2: whoever knows that a hidden one has somebody knows both
        ({"T/a": 1, "T/b": 1, "T/c": 4, "T/d": 5}, "abc", ""),
        ({"T/a": 2, "T/b": 2, "T/c": 4}, "ab", ""),
        # one without persons hides nothing
        ({"T/a": 2, "T/b": 0, "U/c": 8, "U/d": 7}, "ad", "TU"),
        ({"T/a": 2, "T/b": 0, "U/c": 1, "U/d": 7}, "acd", "TU"),
        # of another county: both counties too
        ({"C/T/a": 2, "D/U/b": 5, "D/U/c": 6, "D/V/d": 9}, "ab", "TCUD"),
        # nobody else anywhere
        ({"T/a": 2}, "a", "TCZ"),
        ({"T/a": 2, "T/b": 0, "D/U/c": 0}, "a", "TCZ"),
    ],
)
def test_what_is_hidden_beside_it(figures: dict[str, Any], villages: str, above: str) -> None:
    found = one(figures)
    assert (found.villages, found.above) == (set(villages), [set(above)])


def test_all_or_none_needs_some_of_both() -> None:
    rule = Suppression(threshold=2, all_or_none=True)
    figures = {"T/a": 10, "T/b": 10, "T/c": 9, "T/d": 4}
    assert one(figures, rule).villages == set("abd"), "9 of 10 would leave one who is not"


def test_a_village_is_hidden_in_all_periods_or_in_none() -> None:
    month, year = cells({"T/a": 2, "T/b": 9, "T/c": 8}), cells({"T/a": 9, "T/b": 9, "T/c": 9})
    assert decide([month, year], (), (), True, RULE).villages == set("ac")


def test_a_longer_period_does_not_tell_what_one_village_did_not_report_again() -> None:
    """Hidden in the month before, and alone in not reporting since: the town's year to date less its month is it."""
    month, year = cells({"T/b": 9, "U/c": 5}), cells({"T/a": 2, "T/b": 9, "U/c": 5})
    found = decide([month, year], {"a", "b"}, {"a"}, False, RULE)
    assert found.villages == set("ab") | {"c"} or "T" in found.above[1]
    assert "T" in found.above[1]


def test_a_unit_hidden_in_a_shorter_period_is_hidden_in_the_longer_one() -> None:
    month, year = cells({"T/a": 2, "U/b": 9}), cells({"T/a": 2, "T/c": 9, "U/b": 9})
    found = decide([month, year], (), (), True, RULE)
    assert found.above[0] <= found.above[1]
    assert found.above[0] == set("TU")
