"""An attack on hidden figures: small worlds that are drawn, and linear algebra over all that is shown of them.

Drawn are trees (also ones that change), groups that report or not, and months over two years. The build's own code
decides what is hidden, over result rows made here. The attacker knows every shown figure, the tree, the kinds of the
fields and, more than any outsider, which group reported when. Each shown figure is then a linear equation in the
groups' reports.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pyarrow as pa

from qiangji.building.hiding import Hiding
from qiangji.building.scopes import Scope, scopes
from qiangji.catalogue.indicators import Indicator
from qiangji.catalogue.lineage import RENAMING, Link, Restating, later_codes
from qiangji.catalogue.models import Form, Suppression
from qiangji.catalogue.tree import OrgTree, OrgUnit
from qiangji.indicators import Base
from qiangji.periods import Period
from qiangji.workdays import Calendar
from tests.golden import world

PRIME = 2_147_483_647
NOW = datetime(2030, 1, 1, tzinfo=UTC)
LATER = date(2030, 1, 1)
Equation = dict[Any, int]


@dataclass
class World:
    """A tree, the groups' reports of one field, and how a longer period's figure is made of them."""

    org: OrgTree
    kind: str
    groups: dict[str, list[str]]
    reports: dict[tuple[str, Period], tuple[int, int]]
    months: list[Period]
    links: list[Link]
    base: Base

    def parts(self, group: str, scope: Scope) -> Equation | None:
        """The reports that a group's figure in a scope is made of, with their signs; None where it has no figure."""
        found = [m for m in scope.months if (group, m) in self.reports]
        if not found:
            return None
        if self.kind == "flow":
            return {(group, m): 1 for m in found}
        last = {(group, found[-1]): 1}
        if self.kind == "stock" or scope.period_type in ("ytd", "year") or scope.months[0].start.month == 1:
            return last
        before = (group, scope.months[0] - 1)
        return last | {before: -1} if before in self.reports else None

    def villages(self, scope: Scope) -> Iterator[tuple[str, list[str]]]:
        """The villages that were open in the scope, and their groups: one that gets another code by its last one."""
        later = later_codes(self.links, scope.months[0].end, scope.months[-1].end)
        for village, groups in self.groups.items():
            if village not in later and self.org.version(village, scope.months) is not None:
                yield village, groups

    def equations(self, scope: Scope) -> Iterator[tuple[str, str, Equation]]:
        """(village, group, parts) of each group with a figure in the scope."""
        for village, groups in self.villages(scope):
            for group in groups:
                if (parts := self.parts(group, scope)) is not None:
                    yield village, group, parts

    def value(self, parts: Equation, side: int) -> int:
        return sum(factor * self.reports[at][side] for at, factor in parts.items())

    def rows(self, scope: Scope) -> pa.Table:
        """The rows that model `results` would give."""
        sums: dict[str, list[Any]] = {}
        for village, groups in self.villages(scope):
            for level, code in self.org.path(village, *scope.months).items():
                row = sums.setdefault(code, [code, level, 0, 0, None, None, 0, 0])
                row[2] += len(groups) * len(scope.months)
                row[3] += sum((g, m) in self.reports for g in groups for m in scope.months)
        for village, _, parts in self.equations(scope):
            for code in self.org.path(village, *scope.months).values():
                for side in (0, 1):
                    sums[code][4 + side] = (sums[code][4 + side] or 0) + self.value(parts, side)
        return table(sums.values(), scope)

    def restated(self, scope: Scope, restating: Restating) -> pa.Table | None:
        """The rows that model `restated` would give (without shares)."""
        sums: dict[str, list[Any]] = {}
        for code, _, parts in self.equations(scope):
            for heir in restating.targets(code, scope.months):
                for level, unit in restating.path(heir).items():
                    if unit in restating.touched:
                        row = sums.setdefault(unit, [unit, level, 1, 1, 0, 0, 0, 0])
                        for side in (0, 1):
                            row[4 + side] += self.value(parts, side)
        return table(sums.values(), scope) if restating.touched else None


def table(rows: Iterable[list[Any]], scope: Scope) -> pa.Table:
    names = ["org_code", "org_level", "expected_units", "reported_units", "n__x", "d__x", "k__x", "w__x"]
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    types = [pa.string(), pa.string(), *[pa.int64()] * 6]
    found = pa.table({n: pa.array(c, t) for n, c, t in zip(names, columns, types, strict=True)})
    found = found.append_column("period", pa.repeat(scope.period, len(found)))
    return found.append_column("period_type", pa.repeat(scope.period_type, len(found)))


def drawn(
    rng: random.Random, kind: str, moves: bool = False, gaps: bool = True, codes: bool = False
) -> World:
    units = [OrgUnit("0", "Z", "city", "city", "", False)]
    groups: dict[str, list[str]] = {}
    months = [Period.parse("2025-12") + i for i in range(rng.choice([3, 5, 8]))]
    links: list[Link] = []
    towns = []
    for county in map(str, range(1, rng.choice([2, 3, 4]))):
        units.append(OrgUnit(county, county, "county", "county", "0", True))
        for town in (county + str(i) for i in range(1, rng.choice([2, 3]))):
            units.append(OrgUnit(town, town, "town", "town", county, True))
            towns.append(town)
    for town in towns:
        for village in (town + str(i) for i in range(1, rng.choice([2, 3, 4, 6]))):
            groups[village] = [f"{village}/{i}" for i in range(1, rng.choice([2, 2, 3]))]
            line = OrgUnit(village, village, "village", "village", town, True)
            if codes and rng.random() < 0.2:
                day, again, way = rng.choice(months[1:]).start, village + "n", rng.choice(RENAMING)
                new = town if way == "renamed" else rng.choice(towns)
                units.append(OrgUnit(village, village, "village", "village", town, True, None, _eve(day)))
                units.append(OrgUnit(again, again, "village", "village", new, True, day))
                links.append(Link(way, village, again, day))
                groups[again] = groups[village]
            elif moves and rng.random() < 0.2 and len(towns) > 1:
                day = rng.choice(months[1:]).start
                other = rng.choice([t for t in towns if t != town])
                if rng.random() < 0.5:
                    units += [
                        OrgUnit(village, village, "village", "village", town, True, None, _eve(day)),
                        OrgUnit(village, village, "village", "village", other, True, day),
                    ]
                else:
                    units.append(OrgUnit(village, village, "village", "village", town, True, None, _eve(day)))
                    links.append(Link("merged_into", village, other + "1", day))
            else:
                units.append(line)
    links = [x for x in links if x.from_code not in {y.to_code for y in links}]
    org = OrgTree(units)
    links = [
        x for x in links if len(org.versions[x.to_code]) == 1 and org.versions[x.to_code][0].valid_to is None
    ]
    links.sort(key=lambda x: x.on)
    reports: dict[tuple[str, Period], tuple[int, int]] = {}
    diligence, most = rng.choice([0.6, 0.9]) if gaps else 1.0, rng.choice([1, 2, 4])
    for village, names in groups.items():
        for name in names:
            n, rest = rng.randint(0, most), rng.randint(0, 3)
            for m in months:
                if rng.random() < 0.4:
                    n, rest = rng.randint(0, most), rng.randint(0, 3)
                if org.version(village, [m]) is not None and rng.random() < diligence:
                    reports[name, m] = (n, n + rest)
    if kind == "ytd":  # reports grow within the year
        _accumulate(reports)
    form = Form.model_validate(
        world.form_of("f", {"grain": "group", "fields": {"n": {"kind": kind}, "d": {"kind": kind}}})
    )
    side = {"form": "f", "sum": "n"}, {"form": "f", "sum": "d"}
    entry = {"code": "x", "numerator": side[0], "denominator": side[1], "persons": True, "missing": "any"}
    indicator = Indicator.model_validate(world.indicator_of(entry))
    return World(org, kind, groups, reports, months, links, Base((form,), indicator.definitions))


def _accumulate(reports: dict[tuple[str, Period], tuple[int, int]]) -> None:
    sums: dict[tuple[str, int], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for name, m in sorted(reports, key=lambda x: (x[0], x[1].index)):
        before, now = sums[name, m.year], reports[name, m]
        sums[name, m.year] = reports[name, m] = (before[0] + now[0], before[1] + now[1])


def _eve(day: date) -> date:
    return date.fromordinal(day.toordinal() - 1)


def flagged(w: World, rule: Suppression) -> Shown:
    """Every scope's rows, as was and restated, with the flags that a build sets."""
    restating = Restating(w.org, w.links, LATER)
    catalogue: Any = SimpleNamespace(
        org=w.org, lineage=w.links, forms={f.form: f for f in w.base.forms}, suppression=rule
    )

    def scopes_of(m: Period) -> list[Scope]:
        return scopes(m, w.base.forms, Calendar(), "Asia/Shanghai", NOW)

    built = {m: [(s, (w.rows(s), w.restated(s, restating))) for s in scopes_of(m)] for m in w.months}
    reported = {m for _, m in w.reports}
    hiding = Hiding(None, catalogue, w.base, restating, set(), reported, scopes_of, w.rows)  # type: ignore[arg-type] # no engine is asked
    return [(s, a, b) for found in hiding.run(built).values() for s, (a, b) in found]


Shown = list[tuple[Scope, pa.Table, pa.Table | None]]
"""Every scope's rows, as was and restated, with flags."""


def attacked(w: World, rule: Suppression) -> tuple[list[str], int]:
    """The hidden village figures that follow from what a build shows, and the number of hidden ones."""
    hidden, known = read(w, flagged(w, rule))
    return [name for name, parts in hidden.items() if known.gives(parts)], len(hidden)


def read(w: World, shown: Shown) -> tuple[dict[str, Equation], Known]:
    """The hidden figures of villages by name, and what follows from the shown ones."""
    restating = Restating(w.org, w.links, LATER)
    known = Known()
    hidden: dict[str, Equation] = {}
    for scope, as_was, restated in shown:
        sums: dict[str, Equation] = defaultdict(dict)
        today: dict[str, Equation] = defaultdict(dict)
        for village, _, parts in w.equations(scope):
            for code in w.org.path(village, *scope.months).values():
                _add(sums[code], parts)
            for heir in restating.targets(village, scope.months):
                for code in restating.path(heir).values():
                    _add(today[code], parts)
        for row in as_was.to_pylist():
            if row["n__x"] is None:
                continue
            if not row["h__x"]:
                known.learn(sums[row["org_code"]])
            elif row["org_level"] == "village":
                hidden[f"{row['org_code']} {scope.period} {scope.period_type}"] = sums[row["org_code"]]
        for row in restated.to_pylist() if restated is not None else ():
            if not row["h__x"]:
                known.learn(today[row["org_code"]])
    return hidden, known


class Known:
    """Linear equations, kept in echelon form modulo a prime."""

    def __init__(self) -> None:
        self._rows: dict[Any, Equation] = {}

    def _reduced(self, parts: Equation) -> Equation:
        left = {k: v % PRIME for k, v in parts.items() if v % PRIME}
        while True:
            pivot = next((k for k in left if k in self._rows), None)
            if pivot is None:
                return left
            factor = -left[pivot] % PRIME
            for k, v in self._rows[pivot].items():
                left[k] = (left.get(k, 0) + factor * v) % PRIME
                if not left[k]:
                    del left[k]

    def learn(self, parts: Equation) -> None:
        left = self._reduced(parts)
        if not left:
            return
        pivot = next(iter(left))
        inverse = pow(left[pivot], -1, PRIME)
        left = {k: v * inverse % PRIME for k, v in left.items()}
        for key, row in self._rows.items():
            if factor := row.get(pivot):
                for k, v in left.items():
                    row[k] = (row.get(k, 0) - factor * v) % PRIME
                self._rows[key] = {k: v for k, v in row.items() if v}
        self._rows[pivot] = left

    def gives(self, parts: Equation) -> bool:
        return not self._reduced(parts)


def _add(sums: Equation, parts: Equation) -> None:
    for at, factor in parts.items():
        sums[at] = sums.get(at, 0) + factor


def rules(rng: random.Random) -> Suppression:
    return Suppression(threshold=rng.choice([2, 3, 5]), all_or_none=rng.random() < 0.3)
