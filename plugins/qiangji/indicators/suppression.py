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
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property, partial
from itertools import combinations

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.indicators import Indicator
from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Suppression

Number = int | Decimal


class Paths(dict[str, tuple[str, ...]]):
    """Village -> the units above it, nearest first."""

    @cached_property
    def _levels(self) -> dict[int, dict[str, list[str]]]:
        return {}

    def beneath(self, unit: str, level: int) -> Sequence[str]:
        """The villages beneath a unit; worked out once, and only for levels that are asked for."""
        if level not in self._levels:
            found: dict[str, list[str]] = {}
            for village, above in self.items():
                found.setdefault(above[level], []).append(village)
            self._levels[level] = found
        return self._levels[level].get(unit, ())


@dataclass(frozen=True)
class Cells:
    """One period of one type: both sides of the villages with a numerator, and the units above each."""

    numerators: dict[str, Number]
    denominators: dict[str, Number]
    paths: Paths
    small: frozenset[str]
    """Villages whose figure the rule hides by itself."""
    reporting: frozenset[str] = frozenset()
    """Villages with any report."""
    above: frozenset[str] = frozenset()
    """Units above villages that are hidden from the start: a shorter period within this one hides them."""


@dataclass
class Hidden:
    """What one month hides: villages in all its periods, and units above them by period."""

    villages: set[str] = field(default_factory=set)
    above: list[set[str]] = field(default_factory=list)


def are_small(
    rule: Suppression, numerators: pa.ChunkedArray, denominators: pa.ChunkedArray
) -> pa.ChunkedArray:
    """Whether the rule hides each of these figures by itself."""
    small = pc.and_(pc.greater(numerators, 0), pc.less(numerators, rule.threshold))
    if rule.all_or_none:
        is_end = pc.or_(pc.equal(numerators, 0), pc.equal(numerators, denominators))
        small = pc.or_kleene(small, pc.and_(is_end, pc.not_equal(denominators, 0)))
    return pc.fill_null(small, False)


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
    hidden = Hidden(set(kept).union(*(p.small for p in periods)), [set(p.above) for p in periods])
    among = periods[0].numerators if periods else {}
    others = [_Candidates(p.paths, p.numerators, partial(_may_hide, p, rule, among, kept)) for p in periods]
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


def _may_hide(
    p: Cells, rule: Suppression, among: Collection[str], kept: Collection[str], village: str
) -> bool:
    """Whether a village may be hidden beside others. One without persons would protect nobody."""
    n = p.numerators[village]
    return (
        n > 0
        and (village in among or village in kept)
        and village in p.denominators
        and not (rule.all_or_none and n == p.denominators[village])
    )


@dataclass(frozen=True)
class _Candidates:
    """Villages that may be hidden beside others: those with a figure that meet a condition."""

    paths: Paths
    cells: dict[str, Number]
    condition: Callable[[str], bool]

    def beneath(self, unit: str, level: int) -> Sequence[str]:
        """Those beneath a unit, the smallest first."""
        found = (c for c in self.paths.beneath(unit, level) if c in self.cells and self.condition(c))
        return sorted(found, key=lambda c: (self.cells[c], c))


@dataclass(frozen=True)
class _Difference:
    """What a longer period holds beyond a shorter one, where that would tell the figure of a single hidden village.

    The difference of a state holds villages that were hidden before and did not report all in the shorter period. It
    must neither hold one of them alone nor leave one alone among those hidden before (`renewed`: how many of those a
    unit has). The difference of amounts is known anyway, except for units that reported after a gap: they have no
    figure in the shorter period.
    """

    paths: Paths
    cells: dict[str, Number]
    renewed: Counter[str]
    fresh: _Candidates

    @classmethod
    def of(cls, one: Cells, other: Cells, before: Collection[str], carries: bool) -> _Difference:
        differing: dict[str, Number] = {}
        if (one.numerators, one.denominators) != (other.numerators, other.denominators):  # as in each January
            changed = other.numerators.items() - one.numerators.items()
            changed |= other.denominators.items() ^ one.denominators.items()
            differing = {c: other.numerators[c] for c, _ in changed if c in other.numerators}
        renewed: Counter[str] = Counter()
        if carries:
            chosen = (differing.keys() - one.numerators.keys()) & one.reporting
        else:
            chosen = differing.keys() & before
            renewed.update(
                u for c in before if c in other.numerators and c not in chosen for u in other.paths[c]
            )
        cells = {c: differing[c] for c in chosen}
        return cls(other.paths, cells, renewed, _Candidates(other.paths, cells, lambda c: cells[c] > 0))

    def protect(self, villages: set[str], above: set[str]) -> None:
        """Hide more until the difference tells nothing."""
        _Sum(self.paths, self.cells, villages, above).run(
            lambda unit, members: len(members) > 1 and self.renewed[unit] != 1, self.fresh
        )


@dataclass
class _Sum:
    """One addition up the tree. The hidden ones, `villages` and `above`, only grow."""

    paths: Paths
    cells: dict[str, Number]
    villages: set[str]
    above: set[str]
    hidden: dict[int, dict[str, set[str]]] = field(default_factory=dict)
    """Of levels that were asked for, unit -> the hidden villages beneath it."""

    def run(self, are_enough: Callable[[str, Sequence[str]], bool], candidates: _Candidates) -> None:
        """Hide more until the hidden villages beneath every shown unit protect each other's figures."""
        open_ones = sorted(c for c in self.villages if c in self.cells)
        levels = max((len(self.paths[c]) for c in open_ones), default=0)
        for level in range(levels):
            groups: dict[str, list[str]] = {}
            for c in open_ones:
                groups.setdefault(self.paths[c][level], []).append(c)
            open_ones = []
            for unit, members in sorted(groups.items()):
                if unit in self.above or not self._extend(unit, members, level, candidates, are_enough):
                    self.above.add(unit)
                    open_ones += members

    def _extend(
        self,
        unit: str,
        members: list[str],
        level: int,
        candidates: _Candidates,
        are_enough: Callable[[str, Sequence[str]], bool],
    ) -> bool:
        """Hide the next smallest village until the hidden ones are enough; False: there is no other.

        A village of another branch brings those along that the hidden units between then hide.
        """
        if are_enough(unit, members):
            return True
        inside = set(members)
        for c in candidates.beneath(unit, level):
            if c in inside:
                continue
            self._hide(c)
            added = {c}
            if level:
                between = self.paths[c][:level]
                self.above.update(between)
                added |= {v for v in self._hidden(between[-1], level - 1) if self._joins(v, between)}
            members.extend(sorted(added - inside))
            inside |= added
            if are_enough(unit, members):
                return True
        return False

    def _hide(self, village: str) -> None:
        self.villages.add(village)
        for level, hidden in self.hidden.items():
            hidden.setdefault(self.paths[village][level], set()).add(village)

    def _hidden(self, unit: str, level: int) -> set[str]:
        """The hidden villages beneath a unit, so that none is looked for among a nation's."""
        if level not in self.hidden:
            self.hidden[level] = {}
            for c in self.villages:
                if c in self.cells:
                    self.hidden[level].setdefault(self.paths[c][level], set()).add(c)
        return self.hidden[level].get(unit, set())

    def _joins(self, village: str, between: tuple[str, ...]) -> bool:
        """Whether a hidden village is added up into one of these hidden units through hidden units only."""
        path = self.paths[village]
        return any(path[i] == unit and self.above.issuperset(path[:i]) for i, unit in enumerate(between))
