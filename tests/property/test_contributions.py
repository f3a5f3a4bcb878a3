"""What made a figure move: whatever the units did, their parts are the whole change, exactly and as it is shown."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qiangji.figures.decomposing import EFFECTS, NONE, Effects, Sums, Unit, effects_of, rounded
from tests.property.often import times

SUMS = st.just(NONE) | st.builds(
    lambda n, d: Sums(Fraction(n), Fraction(d)), st.integers(0, 50), st.integers(0, 60) | st.just(0)
)
UNITS = st.lists(
    st.builds(
        Unit, st.none() | SUMS, st.none() | SUMS, st.sampled_from(("reporting", "boundary")), st.booleans()
    ),
    min_size=1,
    max_size=12,
)


def value(units: list[Unit], side: str, factor: Fraction = Fraction(1)) -> Fraction | None:
    """The figure, as mart has it before it is rounded; None where nothing is its denominator."""
    sums = [getattr(u, side) or NONE for u in units]
    whole = sum((s.denominator for s in sums), Fraction(0))
    return factor * sum((s.numerator for s in sums), Fraction(0)) / whole if whole else None


def mirrored(unit: Unit) -> Unit:
    return Unit(unit.after, unit.before, unit.one_sided, unit.is_rest)


def as_mart(x: Fraction) -> Decimal:
    """Six digits, a half away from 0."""
    scaled = abs(x) * 10**6
    size = int(scaled + Fraction(1, 2))
    return Decimal(size if x >= 0 else -size).scaleb(-6)


@settings(max_examples=times(200))
@given(UNITS, st.sampled_from((1, 100, 10000)))
def test_the_parts_are_the_change_exactly(units: list[Unit], factor: int) -> None:
    before, after = (value(units, side, Fraction(factor)) for side in ("before", "after"))
    if before is None or after is None:
        with pytest.raises(ZeroDivisionError):
            effects_of(Fraction(factor), units)
        return
    found = effects_of(Fraction(factor), units)
    assert sum(e.total for e in found) == after - before


@settings(max_examples=times(200))
@given(UNITS)
def test_the_way_back_is_the_way_with_its_sign_turned(units: list[Unit]) -> None:
    if None in (value(units, "before"), value(units, "after")):
        return
    there = effects_of(Fraction(100), units)
    back = effects_of(Fraction(100), [mirrored(u) for u in units])
    assert [[-e.of(k) for k in EFFECTS] for e in there] == [[e.of(k) for k in EFFECTS] for e in back]


@settings(max_examples=times(200))
@given(UNITS)
def test_a_unit_has_the_effects_of_what_happened_to_it(units: list[Unit]) -> None:
    if None in (value(units, "before"), value(units, "after")):
        return
    for unit, e in zip(units, effects_of(Fraction(100), units), strict=True):
        if unit.is_rest:
            assert (e.rate, e.mix, e.reporting, e.boundary) == (0, 0, 0, 0)
        elif unit.before is None and unit.after is None:
            assert e.total == 0
        elif unit.before and unit.after:
            assert (e.reporting, e.boundary, e.rest) == (0, 0, 0)
            ratios = [side.ratio for side in (unit.before, unit.after) if side != NONE]
            if len(set(ratios)) == 1 and ratios[0] is not None:  # also where it had nothing on one side
                assert e.rate == 0
        else:
            assert (e.rate, e.mix, e.rest) == (0, 0, 0)
            assert {"reporting": e.boundary, "boundary": e.reporting}[unit.one_sided] == 0


@settings(max_examples=times(200))
@given(UNITS, st.sampled_from((2, 6)))
def test_what_is_shown_adds_up_to_the_change_that_is_shown(units: list[Unit], digits: int) -> None:
    before, after = (value(units, side, Fraction(100)) for side in ("before", "after"))
    if before is None or after is None:
        return
    change = as_mart(after) - as_mart(before)
    exact = effects_of(Fraction(100), units)
    shown = rounded(exact, change, digits)
    one = Decimal(1).scaleb(-digits)
    assert sum(e.total for e in shown) == change.quantize(one, rounding="ROUND_HALF_UP")
    for e, s in zip(exact, shown, strict=True):
        for k in EFFECTS:
            assert abs(e.of(k) - Fraction(s.of(k))) < 2 * Fraction(one)
    for k in EFFECTS:  # each effect of all units is as near to its own sum
        assert abs(sum(e.of(k) for e in exact) - Fraction(sum(s.of(k) for s in shown))) < 2 * Fraction(one)


def test_many_that_are_too_small_to_be_seen_are_seen_together() -> None:
    """Two hundred parts of a thousandth are not lost, nor is what stands against them."""
    small = Fraction(1, 1000)
    rows = [Effects(small, -small, Fraction(0), Fraction(0), Fraction(0)) for _ in range(200)]
    shown = rounded(rows, Decimal("0.000000"), 2)
    assert sum(e.rate for e in shown) == Decimal("0.20")
    assert sum(e.mix for e in shown) == Decimal("-0.20")
