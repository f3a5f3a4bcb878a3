"""Worlds of `hidden_figures` whose trees change in all the ways that org_units.csv and org_lineage.csv can say."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta

from qiangji.catalogue.lineage import Link
from qiangji.catalogue.tree import OrgTree, OrgUnit
from tests.property.hidden_figures import World, drawn

OF_VILLAGES = ("twice", "back", "move", "close", "open", "renamed", "moved_to", "split", "merge")
WAYS = (*OF_VILLAGES, "town", "town merges")


def changing(rng: random.Random, kind: str, gaps: bool, ways: Sequence[str]) -> World:
    """A world of which about a third of the units change in one of these ways."""
    w = drawn(rng, kind, False, gaps)
    change = _Change(rng, w)
    for level, chosen in (
        ("town", [x for x in ways if x not in OF_VILLAGES]),
        ("village", [x for x in ways if x in OF_VILLAGES]),
    ):
        for code in change.of_level(level):
            if chosen and rng.random() < 0.3:
                change.apply(code, rng.choice(chosen))
    return change.world()


class _Change:
    """The lines of a tree that is being changed."""

    def __init__(self, rng: random.Random, w: World) -> None:
        self._rng, self._w = rng, w
        self._lines: dict[str, list[OrgUnit]] = {u.code: [u] for u in w.org}
        self._links: list[Link] = []
        self._reports = dict(w.reports)

    def of_level(self, level: str) -> list[str]:
        return [code for code, lines in self._lines.items() if lines[0].level == level]

    def apply(self, code: str, way: str) -> None:
        unit = self._lines[code][0]
        above = "county" if unit.level == "town" else "town"
        others = [x for x in self._standing(above) if x != unit.parent_code]
        first, second = sorted(self._rng.choices(self._w.months[1:], k=2))
        day = first.start + timedelta(self._rng.choice([0, 0, 14]))
        if way in ("move", "town") and others:
            self._move(unit, (day, self._rng.choice(others)))
        elif way in ("twice", "back") and others and first < second:
            last = unit.parent_code if way == "back" else self._rng.choice(others)
            self._move(unit, (first.start, self._rng.choice(others)), (second.start, last))
        elif way == "close":
            self._lines[code] = [_line(unit, unit.parent_code, None, day)]
        elif way == "open":
            self._lines[code] = [_line(unit, unit.parent_code, day, None)]
        elif way in ("renamed", "moved_to"):
            parent = self._rng.choice(others) if way == "moved_to" and others else unit.parent_code
            self._goes_on(unit, day, parent, way)
        elif way == "split":
            self._splits(unit, day, self._rng.choice([unit.parent_code, *others]))
        elif way in ("merge", "town merges"):
            self._merges(unit, day)

    def world(self) -> World:
        org = OrgTree([u for lines in self._lines.values() for u in lines])
        gone = {code for code, lines in self._lines.items() if lines[-1].valid_to is not None}
        links = [x for x in self._links if x.to_code not in gone]
        w = self._w
        reporting = {
            (g, m) for code, own in w.groups.items() for m in w.months if org.reports(code, m) for g in own
        }
        there = {at: v for at, v in self._reports.items() if at in reporting}
        links.sort(key=lambda x: x.on)
        return World(org, w.kind, w.groups, there, w.months, links, w.base)

    def _standing(self, level: str) -> list[str]:
        return [
            c for c in self.of_level(level) if len(self._lines[c]) == 1 and not self._lines[c][0].valid_to
        ]

    def _move(self, unit: OrgUnit, *changes: tuple[date, str]) -> None:
        lines, start, parent = [], None, unit.parent_code
        for day, other in changes:
            lines.append(_line(unit, parent, start, day))
            start, parent = day, other
        self._lines[unit.code] = [*lines, _line(unit, parent, start, None)]

    def _goes_on(self, unit: OrgUnit, day: date, parent: str, way: str) -> None:
        new = unit.code + "n"
        self._lines[unit.code] = [_line(unit, unit.parent_code, None, day)]
        self._lines[new] = [OrgUnit(new, new, unit.level, unit.kind, parent, True, day)]
        self._w.groups[new] = self._w.groups[unit.code]  # one unit all the time, and so its groups
        self._links.append(Link(way, unit.code, new, day))

    def _splits(self, unit: OrgUnit, day: date, parent: str) -> None:
        new = unit.code + "s"
        self._lines[new] = [OrgUnit(new, new, unit.level, unit.kind, parent, True, day)]
        self._w.groups[new] = [f"{new}/1", f"{new}/2"]
        for group in self._w.groups[new]:
            n = 0
            for m in self._w.months:
                n = n * (self._w.kind == "ytd" and m.start.month > 1) + self._rng.randint(0, 3)
                self._reports[group, m] = (n, n + self._rng.randint(0, 3))
        self._links.append(Link("split_from", unit.code, new, day))

    def _merges(self, unit: OrgUnit, day: date) -> None:
        heirs = [x for x in self._standing(unit.level) if x != unit.code]
        if not heirs or any(x.to_code == unit.code for x in self._links):
            return
        heir = self._rng.choice(heirs)
        self._lines[unit.code] = [_line(unit, unit.parent_code, None, day)]
        self._links.append(Link("merged_into", unit.code, heir, day))
        for village in self.of_level("village") if unit.level == "town" else ():
            if self._lines[village][-1].parent_code == unit.code:
                self._move(self._lines[village][-1], (day, heir))


def _line(unit: OrgUnit, parent: str, start: date | None, until: date | None) -> OrgUnit:
    """A line of the unit; `until`: the first day on which it no longer holds."""
    end = until and until - timedelta(1)
    return OrgUnit(unit.code, unit.name, unit.level, unit.kind, parent, True, start, end)
