"""Suppression: which figures of persons are hidden, so that none of them can be found by subtraction.

In: the cells of one indicator in all periods that end with one month, the villages that earlier months hide, the rule.
Out: the villages hidden in that month, and the units above them hidden in each of its periods. Nothing is read and
nothing divided here; docs/decisions/0017-suppression.md says why it is so and what it holds against.

1. A village whose figure the rule hides is hidden in all periods that end with the month.
2. Where a town's sum would tell its hidden villages, its smallest other village is hidden too.
3. Where the town has no other, the town itself is hidden. The county's sum is then looked at in the same way: another
   village is hidden, with its town. After that comes the city's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from itertools import combinations

from qiangji.catalogue import Catalogue, Indicator, Suppression

Number = int | Decimal


@dataclass(frozen=True)
class Cells:
    """One period of one type: both sides of the villages with a numerator, and the units above each, nearest first."""

    numerators: dict[str, Number]
    denominators: dict[str, Number]
    paths: dict[str, tuple[str, ...]]
    reporting: frozenset[str] = frozenset()
    """Villages with any report."""
    above: frozenset[str] = frozenset()
    """Units above villages that are hidden from the start: a shorter period within this one hides them."""


@dataclass
class Hidden:
    """What one month hides: villages in all its periods, and units above them by period."""

    villages: set[str] = field(default_factory=set)
    above: list[set[str]] = field(default_factory=list)


def is_small(rule: Suppression, numerator: Number | None, denominator: Number | None) -> bool:
    """Whether the rule hides a figure by itself."""
    if numerator is None:
        return False
    if 0 < numerator < rule.threshold:
        return True
    return rule.all_or_none and bool(denominator) and numerator in (0, denominator)


def carries_over(indicator: Indicator, catalogue: Catalogue) -> bool:
    """Whether a longer period's figure holds amounts of earlier months, even of a unit whose last report is complete.

    A figure made only of the state in the last report does not.
    """
    return any(t.carries_over(catalogue.forms[t.form]) for t in indicator.terms)


def decide(
    periods: Sequence[Cells], before: Collection[str], kept: Collection[str], carries: bool, rule: Suppression
) -> Hidden:
    """What is hidden in the periods that end with a month, the shorter ones first.

    `before`: villages that the year hides so far. `kept`: those of them that stay hidden in any case. `carries`: longer
    periods hold amounts of earlier months (`carries_over`). All sums are looked at again until nothing more is hidden.
    """
    hidden = Hidden(set(kept), [set(p.above) for p in periods])
    for p in periods:
        for code, n in p.numerators.items():
            if is_small(rule, n, p.denominators.get(code)):
                hidden.villages.add(code)
    among = periods[0].numerators.keys() | kept
    others = [_Candidates(p.paths, _smallest_first(p, rule, among)) for p in periods]
    pairs = list(combinations(enumerate(periods), 2))
    differences = [(j, _Difference.of(one, other, before, carries)) for (_, one), (j, other) in pairs]
    while True:
        size = len(hidden.villages), sum(map(len, hidden.above))
        for i, p in enumerate(periods):
            hidden.above[i] |= hidden.above[0]  # what is added up there is in the longer periods too
            _Sum(p.paths, p.numerators, hidden.villages, hidden.above[i]).run(
                partial(_are_enough, p, rule), others[i]
            )
        for j, difference in differences:
            difference.protect(hidden.villages, hidden.above[j])
        if size == (len(hidden.villages), sum(map(len, hidden.above))):
            return hidden


def _are_enough(p: Cells, rule: Suppression, unit: str, members: Sequence[str]) -> bool:
    """Whether villages whose sum can be found protect each other's figures.

    Then the sum is compatible with every value from 1 (with `all_or_none`: 0) to the threshold for each of them.
    """
    if len(members) < 2:
        return False
    total = sum(p.numerators[m] for m in members)
    if not rule.all_or_none:
        return total >= len(members) - 1 + rule.threshold
    rest = sum(p.denominators.get(m, 0) for m in members) - total
    return min(total, rest) >= rule.threshold


def _smallest_first(p: Cells, rule: Suppression, among: Collection[str]) -> list[str]:
    """Villages that may be hidden beside others, the smallest first. A village without persons would protect nobody."""
    return sorted(
        (
            c
            for c, n in p.numerators.items()
            if n > 0
            and c in among
            and c in p.denominators
            and not (rule.all_or_none and n == p.denominators[c])
        ),
        key=lambda c: (p.numerators[c], c),
    )


class _Candidates:
    """Villages in an order, and those beneath a unit; worked out once, and only for levels that are asked for."""

    def __init__(self, paths: dict[str, tuple[str, ...]], villages: Sequence[str]) -> None:
        self._paths, self._villages = paths, villages
        self._levels: dict[int, dict[str, list[str]]] = {}

    def beneath(self, unit: str, level: int) -> Sequence[str]:
        if level not in self._levels:
            found: dict[str, list[str]] = {}
            for c in self._villages:
                found.setdefault(self._paths[c][level], []).append(c)
            self._levels[level] = found
        return self._levels[level].get(unit, ())


@dataclass(frozen=True)
class _Difference:
    """What a longer period holds beyond a shorter one, where that would tell the figure of a single hidden village.

    The difference of a state holds villages that were hidden before and did not report all in the shorter period. It
    must neither hold one of them alone nor leave one alone among those hidden before (`renewed`: how many of those a
    unit has). The difference of amounts is known anyway, except for units that reported after a gap: they have no
    figure in the shorter period.
    """

    paths: dict[str, tuple[str, ...]]
    cells: dict[str, Number]
    renewed: Counter[str]
    fresh: _Candidates

    @classmethod
    def of(cls, one: Cells, other: Cells, before: Collection[str], carries: bool) -> _Difference:
        differing = {
            c: n
            for c, n in other.numerators.items()
            if (n, other.denominators.get(c)) != (one.numerators.get(c), one.denominators.get(c))
        }
        renewed: Counter[str] = Counter()
        if carries:
            chosen = (differing.keys() - one.numerators.keys()) & one.reporting
        else:
            chosen = differing.keys() & before
            renewed.update(
                u for c in before if c in other.numerators and c not in chosen for u in other.paths[c]
            )
        cells = {c: differing[c] for c in chosen}
        fresh = sorted((c for c, n in cells.items() if n > 0), key=lambda c: (cells[c], c))
        return cls(other.paths, cells, renewed, _Candidates(other.paths, fresh))

    def protect(self, villages: set[str], above: set[str]) -> None:
        """Hide more until the difference tells nothing."""
        _Sum(self.paths, self.cells, villages, above).run(
            lambda unit, members: len(members) > 1 and self.renewed[unit] != 1, self.fresh
        )


@dataclass
class _Sum:
    """One addition up the tree. The hidden ones, `villages` and `above`, only grow."""

    paths: dict[str, tuple[str, ...]]
    cells: dict[str, Number]
    villages: set[str]
    above: set[str]
    hidden: list[dict[str, set[str]]] = field(default_factory=list)
    """By level, unit -> the hidden villages beneath it, so that none is looked for among a nation's."""

    def run(self, are_enough: Callable[[str, Sequence[str]], bool], candidates: _Candidates) -> None:
        """Hide more until the hidden villages beneath every shown unit protect each other's figures."""
        open_ones = sorted(c for c in self.villages if c in self.cells)
        levels = max((len(self.paths[c]) for c in open_ones), default=0)
        self.hidden = [{} for _ in range(levels)]
        for c in open_ones:
            self._note(c)
        for level in range(levels):
            groups: dict[str, list[str]] = {}
            for c in open_ones:
                groups.setdefault(self.paths[c][level], []).append(c)
            open_ones = []
            for unit, members in sorted(groups.items()):
                if unit in self.above or not self._extend(
                    unit, members, level, candidates.beneath(unit, level), are_enough
                ):
                    self.above.add(unit)
                    open_ones += members

    def _extend(
        self,
        unit: str,
        members: list[str],
        level: int,
        candidates: Iterable[str],
        are_enough: Callable[[str, Sequence[str]], bool],
    ) -> bool:
        """Hide the next smallest village until the hidden ones are enough; False: there is no other.

        A village of another branch brings those along that the hidden units between then hide.
        """
        if are_enough(unit, members):
            return True
        inside = set(members)
        for c in candidates:
            if c in inside:
                continue
            self.villages.add(c)
            self._note(c)
            added = {c}
            if level:
                between = self.paths[c][:level]
                self.above.update(between)
                added |= {v for v in self.hidden[level - 1][between[-1]] if self._joins(v, between)}
            members.extend(sorted(added - inside))
            inside |= added
            if are_enough(unit, members):
                return True
        return False

    def _note(self, village: str) -> None:
        for hidden, unit in zip(self.hidden, self.paths[village], strict=False):
            hidden.setdefault(unit, set()).add(village)

    def _joins(self, village: str, between: tuple[str, ...]) -> bool:
        """Whether a hidden village is added up into one of these hidden units through hidden units only."""
        path = self.paths[village]
        return any(path[i] == unit and self.above.issuperset(path[:i]) for i, unit in enumerate(between))
