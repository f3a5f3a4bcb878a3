"""Which figures of a build are hidden: the rule of `indicators.suppression` over the months of each year, in order.

In: result rows by period, as was and restated. Out: the same rows with a column `h__<indicator>` for each indicator
that counts persons. What earlier months of the year hide is what their builds left where that is up to date
(`earlier`), else it is read from calc.*, or computed. So a month's flags follow from the reports of its year up to it,
in whatever order months are built.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy.engine import Connection

from qiangji.building.carried import Carried
from qiangji.building.earlier import Earlier, add_rows, rows_of
from qiangji.building.models import Tables
from qiangji.building.parts import Part
from qiangji.building.scopes import Scope
from qiangji.catalogue.indicators import Indicator
from qiangji.catalogue.lineage import Restating, later_codes
from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.tree import LEVELS
from qiangji.indicators import HIDDEN, Base
from qiangji.indicators.suppression import Cells, Hidden, Paths, are_small, carries_over, decide
from qiangji.periods import MONTHS_IN, Period
from qiangji.warehouse.queries import query
from qiangji.warehouse.rows import fetch

_ABOVE = LEVELS[LEVELS.index("village") - 1 :: -1]
_HELD = 4
"""Scopes of which the units above each village are held: those of one month."""


@dataclass
class Hiding:
    """The flags of one base, month after month.

    `fresh`: months whose rows in calc.* are what a build would write now. `reported`: months with a report of the
    base's forms. `compute` gives a scope's rows as was. `part`: the units whose rows these are.
    """

    c: Connection
    catalogue: Catalogue
    base: Base
    restating: Restating
    fresh: Collection[Period]
    reported: Collection[Period]
    scopes_of: Callable[[Period], Sequence[Scope]]
    compute: Callable[[Scope], pa.Table]
    part: Part = field(default_factory=lambda: Part(()))
    _above: dict[tuple[Period, ...], Paths] = field(default_factory=dict, init=False)
    carried: Carried | None = None
    _years: dict[int, dict[str, Earlier]] = field(default_factory=dict, init=False)
    """Year -> indicator -> what its months hide that were looked at."""
    _through: dict[int, Period] = field(default_factory=dict, init=False)
    """Year -> the last month that was looked at."""

    def run(
        self, built: dict[Period, list[tuple[Scope, Tables]]]
    ) -> dict[Period, list[tuple[Scope, Tables]]]:
        """The months that are built, with flags; unchanged where no indicator of the base counts persons."""
        if not self.base.persons:
            return built
        found = {}
        for month in sorted(built):
            earlier = self._before(month)
            hidden = self._month(month, built[month], earlier)
            found[month] = [(scope, self._flagged(scope, tables, hidden)) for scope, tables in built[month]]
            self._leave(month, earlier)
        return found

    # ---- what earlier months hide

    @property
    def _name(self) -> str:
        return f"hidden-{self.base.name}"

    def _before(self, month: Period) -> dict[str, Earlier]:
        """What the months of the year before this one hide: indicator by indicator."""
        year = month.year
        if year not in self._years:
            self._years[year] = {x.code: Earlier(self._carries(x)) for x in self.base.persons}
            self._take_over(month)
        for before in sorted(m for m in self.reported if m.year == year and m < month):
            if before > self._through.get(year, before - 1):
                self._month(before, None, self._years[year])
        return self._years[year]

    def _take_over(self, month: Period) -> None:
        """Begin with what the last month before this one left whose figures are what they would be now."""
        for before in sorted((m for m in self.fresh if m.year == month.year and m < month), reverse=True):
            if self.carried and (tables := self.carried.rows(self._name, before, self.part.counties)):
                add_rows(self._years[month.year], tables, self.part, self.scopes_of)
                self._through[month.year] = before
                return

    def _leave(self, month: Period, earlier: dict[str, Earlier]) -> None:
        """Leave what is hidden until now to the builds that follow."""
        if self.carried:
            self.carried.put(self._name, month, rows_of(earlier), self.part.counties)

    def leave_others(self, month: Period) -> None:
        """Leave what the month's last build left of the units of other parts."""
        if self.carried and self.base.persons and self.part.units is not None:
            mine = set(self.part.counties)
            for rows, counties in self.carried.whole(self.carried.of_the_last(self._name, month)):
                others = pc.invert(pc.is_in(rows.column("org_code"), value_set=self.part.units))
                left = [c for c in counties if c not in mine]
                self.carried.put(self._name, month, rows.filter(others), left)

    def _carries(self, x: Indicator) -> bool:
        """By any of the indicator's definitions that read these forms."""
        return any(carries_over(i, self.catalogue) for i in self.base.indicators if i.code == x.code)

    # ---- inside

    def _month(
        self,
        month: Period,
        built: list[tuple[Scope, Tables]] | None,
        earlier: dict[str, Earlier],
    ) -> dict[tuple[str, Scope], tuple[set[str], set[str]]]:
        """(indicator, scope) -> hidden villages, and hidden units above; the month joins the earlier ones."""
        self._through[month.year] = month
        if built is None and month in self.fresh:
            self._read(month, earlier)
            return {}
        scopes = sorted(
            built or [(s, (self.compute(s), None)) for s in self.scopes_of(month)],
            key=lambda x: _length(x[0].period_type),
        )
        tables = [(scope, _villages(as_was)) for scope, (as_was, _) in scopes]
        found: dict[tuple[str, Scope], tuple[set[str], set[str]]] = {}
        for x in self.base.persons:
            earlier[x.code].rename(later_codes(self.catalogue.lineage, date(month.year, 1, 1), month.end))
            hidden = self._decide(x, tables, earlier[x.code])
            above = [(s, units) for (s, _), units in zip(tables, hidden.above, strict=True)]
            found |= {(x.code, scope): (hidden.villages, units) for scope, units in above}
            if month in self.reported:
                earlier[x.code].add(month, hidden.villages, above, self.catalogue.org)
        return found

    def _decide(self, x: Indicator, tables: Sequence[tuple[Scope, pa.Table]], earlier: Earlier) -> Hidden:
        """What the rule hides of one indicator in the periods that end with a month."""
        if earlier.carries:
            before = kept = earlier.villages
        else:  # a village that reported all has a new state: its old one is no longer to be protected
            before = earlier.villages if tables else set()
            kept = before - _complete(tables[0][1], x) if before else before
        look = self._contained if earlier.carries else partial(self._unchanged, tables)
        periods = [self._cells(x, scope, rows, look(scope, earlier)) for scope, rows in tables]
        return decide(periods, before, kept, earlier.carries, self.catalogue.suppression)

    def _contained(self, scope: Scope, earlier: Earlier) -> frozenset[str]:
        """Units above villages that are hidden in a period because a shorter period within it hides them.

        If a hidden village changed its town, both the old and the new town are hidden: their sums no longer hold the
        same villages. So it is with the units above.
        """
        found: set[str] = set()
        org = self.catalogue.org
        for month, shorter, units in earlier.above:
            if month in scope.months and set(shorter.months) <= set(scope.months):
                found |= units
        for month, villages in earlier.dated:
            later = later_codes(self.catalogue.lineage, month.end, scope.months[-1].end)
            for code in villages if month in scope.months else ():
                last = later.get(code, code)
                found |= _above(org.path(code, month)) ^ _above(org.path(last, *scope.months))
        return frozenset(found)

    def _unchanged(
        self, tables: Sequence[tuple[Scope, pa.Table]], scope: Scope, earlier: Earlier
    ) -> frozenset[str]:
        """Units above villages that stay hidden as no village beneath them has reported since.

        A longer period shows the same sums as the last month did. With other ones hidden, both would tell each other's.
        """
        shortest, rows = tables[0]
        units = frozenset().union(*(u for month, _, u in earlier.above if month in scope.months))
        if not units or scope == shortest:  # which has no figures of theirs
            return frozenset()
        paths, reporting = self._paths(scope), _codes(rows, pc.greater(rows.column("reported_units"), 0))
        return units.difference(*(paths[village] for village in reporting if village in paths))

    def _cells(self, x: Indicator, scope: Scope, rows: pa.Table, above: frozenset[str]) -> Cells:
        n, d = _sides(x, rows)
        return Cells(
            _by_village(rows, n),
            _by_village(rows, d),
            self._paths(scope),
            frozenset(_codes(rows, are_small(self.catalogue.suppression, n, d))),
            frozenset(_codes(rows, pc.greater(rows.column("reported_units"), 0))),
            above,
        )

    def _paths(self, scope: Scope) -> Paths:
        """The units above each village in the scope; the same for all indicators, and where the tree never changes."""
        org = self.catalogue.org
        key = scope.months if org.dated else ()
        if key not in self._above:
            if len(self._above) >= _HELD:
                self._above.clear()
            tree = self.part.chosen(org.paths_in(*scope.months))
            villages = tree.filter(pc.equal(tree.column("village_code"), tree.column("org_code")))
            above = (villages.column(f"{level}_code").to_pylist() for level in _ABOVE)
            codes = villages.column("org_code").to_pylist()
            self._above[key] = Paths(zip(codes, zip(*above, strict=True), strict=True))
        return self._above[key]

    def _flagged(
        self, scope: Scope, tables: Tables, hidden: dict[tuple[str, Scope], tuple[set[str], set[str]]]
    ) -> Tables:
        """The scope's tables with their flags."""
        as_was, restated = tables
        for x in self.base.persons:
            villages, above = hidden[x.code, scope]
            if restated is not None:
                again = self._restated(x, scope, restated, villages) | above
                restated = _with_flag(restated, x, again)
            as_was = _with_flag(as_was, x, villages | above)
        return as_was, restated

    def _restated(self, x: Indicator, scope: Scope, rows: pa.Table, villages: set[str]) -> set[str]:
        """Units of today that are hidden.

        These are the heirs of hidden villages, the units above that gained or lost such a village since (by itself, or
        with its town), and villages that are small by themselves.
        """
        org, restating = self.catalogue.org, self.restating
        found: set[str] = set()
        whole = len(self.base.forms) > 1
        for code in villages & restating.displaced:
            heirs = [restating.heir(code, scope.months)] if whole else restating.targets(code, scope.months)
            for heir in heirs:
                found.add(heir)
                found |= _above(org.path(code, *scope.months)) ^ _above(restating.path(heir))
        today = _villages(rows)
        return found.union(_codes(today, are_small(self.catalogue.suppression, *_sides(x, today))))

    def _read(self, month: Period, earlier: dict[str, Earlier]) -> None:
        """A month joins the earlier ones with what it hides by its rows in the warehouse."""
        scopes = sorted(self.scopes_of(month), key=lambda s: _length(s.period_type))
        flags = {x.code: f"{HIDDEN}__{x.code}" for x in self.base.persons}
        statement = query(
            "building/hidden",
            table=self.base.table,
            flags=", ".join(flags.values()),
            any_flag=" OR ".join(flags.values()),
        )
        asked = {"types": [s.period_type for s in scopes], "periods": [s.period for s in scopes]}
        rows = fetch(self.c, statement, asked) if scopes else []
        mine = set(self.part.holds([r["org_code"] for r in rows]))
        found = [r for r in rows if r["org_code"] in mine]
        for code, flag in flags.items():
            villages = {r["org_code"] for r in found if r[flag] and r["org_level"] == "village"}
            above = [(s, _units(found, flag, s)) for s in scopes]
            earlier[code].add(month, villages, above, self.catalogue.org)


def _units(found: Iterable[dict[str, Any]], flag: str, scope: Scope) -> frozenset[str]:
    """Units above villages whose rows say that the flag's figure is hidden in the scope."""
    return frozenset(
        r["org_code"]
        for r in found
        if r[flag] and r["org_level"] != "village" and r["period_type"] == scope.period_type
    )


def _length(period_type: str) -> int:
    """Months by which the periods that end with one month are ordered; a year to date lies before the year."""
    return MONTHS_IN.get(period_type, 11)


def _above(path: dict[str, str]) -> set[str]:
    return {path[level] for level in _ABOVE if level in path}


def _villages(rows: pa.Table) -> pa.Table:
    return rows.filter(pc.equal(rows.column("org_level"), "village"))


def _sides(x: Indicator, rows: pa.Table) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    return rows.column(f"n__{x.code}"), rows.column(f"d__{x.code}")


def _codes(rows: pa.Table, chosen: pa.ChunkedArray) -> list[str]:
    """The units of the chosen rows."""
    found: list[str] = rows.column("org_code").filter(chosen).to_pylist()
    return found


def _by_village(rows: pa.Table, side: pa.ChunkedArray) -> dict[str, Any]:
    """Village -> its value, where it has one."""
    there = pc.is_valid(side)
    return dict(zip(_codes(rows, there), side.filter(there).to_pylist(), strict=True))


def _complete(rows: pa.Table, x: Indicator) -> set[str]:
    """Villages that reported everything expected, with both sides."""
    full = pc.and_(
        pc.equal(rows.column("reported_units"), rows.column("expected_units")),
        pc.and_(pc.greater(rows.column("expected_units"), 0), pc.equal(rows.column(f"k__{x.code}"), 0)),
    )
    return set(_codes(rows, full))


def _with_flag(rows: pa.Table, x: Indicator, codes: Iterable[str]) -> pa.Table:
    """The rows with the indicator's flag: a row without numerator and denominator has nothing to hide."""
    chosen = pc.is_in(rows.column("org_code"), value_set=pa.array(sorted(codes), pa.string()))
    there = pc.or_(pc.is_valid(rows.column(f"n__{x.code}")), pc.is_valid(rows.column(f"d__{x.code}")))
    return rows.append_column(f"{HIDDEN}__{x.code}", pc.and_(chosen, there))
