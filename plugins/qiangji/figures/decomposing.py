"""Splits the change of a ratio of sums into what each unit did to it, in exact fractions; rounds them for display.

In: what each unit adds to both sums, before and after. Out: its effects, which add up to the change. The method and
its sources: docs/what-made-it-move.md.

| effect | what it is |
| --- | --- |
| rate | the unit's own ratio changed |
| mix | its part of the denominator changed |
| reporting | it counts on one side alone, as it did not report on the other |
| boundary | the same, as it moved, was opened or was closed |
| rest | what the units beneath do not account for |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Generic, Literal, TypeVar

Effect = Literal["rate", "mix", "reporting", "boundary", "rest"]
EFFECTS: tuple[Effect, ...] = ("rate", "mix", "reporting", "boundary", "rest")
N = TypeVar("N", Fraction, Decimal)
_ZERO = Fraction(0)
_HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Effects(Generic[N]):
    """What a unit did to the change, or all of them did."""

    rate: N
    mix: N
    reporting: N
    boundary: N
    rest: N

    @property
    def total(self) -> N:
        return self.rate + self.mix + self.reporting + self.boundary + self.rest

    def of(self, effect: Effect) -> N:
        found: N = getattr(self, effect)
        return found


@dataclass(frozen=True)
class Sums:
    """What a unit adds to the two sums of a ratio."""

    numerator: Fraction
    denominator: Fraction

    @property
    def ratio(self) -> Fraction | None:
        return self.numerator / self.denominator if self.denominator else None

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.numerator + other.numerator, self.denominator + other.denominator)

    def __sub__(self, other: Sums) -> Sums:
        return Sums(self.numerator - other.numerator, self.denominator - other.denominator)


NONE = Sums(_ZERO, _ZERO)


@dataclass(frozen=True)
class Unit:
    """A unit's sums before and after; None where it does not count.

    `one_sided`: which effect it is if it counts on one side alone. `is_rest`: what the units leave of the sums.
    """

    before: Sums | None
    after: Sums | None
    one_sided: Literal["reporting", "boundary"] = "reporting"
    is_rest: bool = False


def effects_of(factor: Fraction, units: Sequence[Unit]) -> list[Effects[Fraction]]:
    """Each unit's effects: together they are the change of `factor x sum of numerators / sum of denominators`.

    Units that count on both sides are compared among themselves, by rate and mix. What the others add to that is
    theirs. Where none counts on both sides, each is held against the mean of the two ratios. Raises ZeroDivisionError
    where a side has no ratio.
    """
    whole = _sums(units)
    stayed = _sums([u for u in units if u.before and u.after])
    is_whole = not all(side.denominator for side in stayed)
    compared = whole if is_whole else stayed
    ratios = [side.numerator / side.denominator for side in compared]
    middle = sum(ratios, _ZERO) / 2
    beside = [middle, middle] if is_whole else ratios
    found = []
    for unit in units:
        effects: dict[Effect, Fraction] = {}
        if unit.before and unit.after:
            effects["rate"], effects["mix"] = _both((unit.before, unit.after), compared, middle)
        else:
            went = _beside(unit.before, beside[0], whole[0])
            effects[unit.one_sided] = _beside(unit.after, beside[1], whole[1]) - went
        if unit.is_rest:
            effects = {"rest": sum(effects.values(), _ZERO)}
        found.append(Effects(*(factor * effects.get(e, _ZERO) for e in EFFECTS)))
    return found


def _sums(units: Sequence[Unit]) -> tuple[Sums, Sums]:
    before = after = NONE
    for unit in units:
        before += unit.before or NONE
        after += unit.after or NONE
    return before, after


def _both(unit: tuple[Sums, Sums], all_: tuple[Sums, Sums], middle: Fraction) -> tuple[Fraction, Fraction]:
    """The rate and the mix effect of a unit that counts on both sides.

    With the unit's ratio r and its part of the denominator w, before and after, and the mean ratio R of all: the rate
    is (r' - r) x (w + w') / 2, the mix (w' - w) x ((r + r') / 2 - R). A side without a denominator takes the ratio of
    the other: then all of it is mix.
    """
    part = [side.denominator / whole.denominator for side, whole in zip(unit, all_, strict=True)]
    share = [side.numerator / whole.denominator for side, whole in zip(unit, all_, strict=True)]
    ratios = [r for r in (unit[0].ratio, unit[1].ratio) if r is not None]
    own = sum(ratios, _ZERO) / len(ratios) if ratios else _ZERO
    grown = part[1] - part[0]
    return share[1] - share[0] - grown * own, grown * (own - middle)


def _beside(unit: Sums | None, ratio: Fraction, whole: Sums) -> Fraction:
    """By how much a unit draws the whole's ratio away from that of the units that it is held against."""
    return (unit.numerator - ratio * unit.denominator) / whole.denominator if unit else _ZERO


def rounded(rows: Sequence[Effects[Fraction]], change: Decimal, digits: int) -> list[Effects[Decimal]]:
    """The effects of each row in so many digits, so that they add up to the change as it is shown.

    First the sums of the effects are rounded, then each effect's cells to its sum: rows are as they come.
    """
    scale = 10**digits
    sums = [sum((row.of(e) for row in rows), _ZERO) * scale for e in EFFECTS]
    wanted = _nearest(Fraction(change) * scale)
    columns = [
        _apportioned([row.of(e) * scale for row in rows], total)
        for e, total in zip(EFFECTS, _apportioned(sums, wanted), strict=True)
    ]
    one = Decimal(1).scaleb(-digits)
    return [Effects(*(one * cell for cell in cells)) for cells in zip(*columns, strict=True)]


def _apportioned(exact: Sequence[Fraction], total: int) -> list[int]:
    """Whole numbers near these that add up to a total: what rounding leaves over goes where it took the most away."""
    found = [_nearest(x) for x in exact]
    lacking = total - sum(found)
    step = 1 if lacking > 0 else -1
    order = sorted(range(len(exact)), key=lambda i: step * (found[i] - exact[i]))
    for i in order[: abs(lacking)]:
        found[i] += step
    return found


def _nearest(x: Fraction) -> int:
    """The whole number next to it; a half goes away from 0, as in all that is shown."""
    size = int(abs(x) + _HALF)
    return size if x >= 0 else -size
