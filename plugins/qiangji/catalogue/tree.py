"""Org units: the tree of city, counties, towns, villages and communities, dated.

In: org_units.csv (code, name, level, kind, parent_code, reports, valid_from, valid_to). A unit that changes its name or
parent and keeps its code has several lines, one for each stretch of time. A county without a parent is its own city, as
is one that has no counties (东莞 441900): one code is one unit, and its level is county. Out: the units that are
expected to report in a period, and the path of each unit in that period, as values and as an Arrow table. `lineage`
says what became of units that ended. Villager groups are not in the tree: the reports of the groups' form have them.
"""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from qiangji.errors import CatalogueError, Problems
from qiangji.periods import Period

if TYPE_CHECKING:
    import pyarrow as pa

LEVELS = ("city", "county", "town", "village", "group")
"""From the top down. A result row belongs to one of the first four."""
COLUMNS = ("code", "name", "level", "kind", "parent_code", "reports", "valid_from", "valid_to")


@dataclass(frozen=True, slots=True)
class OrgUnit:
    """`kind` tells units of one level apart: village, community, special; county, direct."""

    code: str
    name: str
    level: str
    kind: str
    parent_code: str
    reports: bool
    valid_from: date | None = None
    valid_to: date | None = None
    sort_order: int = field(default=0, compare=False)

    def is_valid(self, period: Period) -> bool:
        """Open on the period's last day."""
        return (self.valid_from is None or self.valid_from <= period.end) and (
            self.valid_to is None or self.valid_to >= period.end
        )


class OrgTree:
    """All units by code, with their paths. The tree never changes, so paths are cached.

    A unit has a line for each stretch of time with one name, parent and duty to report (`versions`, in time order);
    `units` holds the last of each. Without a period, a path is that of the last lines.
    """

    def __init__(self, units: Iterable[OrgUnit], where: str = "org_units.csv") -> None:
        lines: dict[str, list[OrgUnit]] = {}
        for unit in units:
            lines.setdefault(unit.code, []).append(unit)
        problems = Problems()
        self.versions: dict[str, tuple[OrgUnit, ...]] = {}
        for code, found in lines.items():
            with problems.noting():
                self.versions[code] = _in_time_order(found, where)
        problems.tell()
        self.units = {code: versions[-1] for code, versions in self.versions.items()}
        for versions in self.versions.values():
            for unit in versions:
                with problems.noting():
                    self._check(unit, where)
        problems.tell()
        self._dated = {
            c: v for c, v in self.versions.items() if len(v) > 1 or v[0].valid_from or v[0].valid_to
        }
        self._paths: dict[tuple[str, tuple[Period, ...]], dict[str, str]] = {}
        self._tables: dict[tuple[Period, ...], pa.Table] = {}
        self._above: dict[str, frozenset[str]] = {}
        self._changes = sorted(
            {u.valid_from for v in self._dated.values() for u in v if u.valid_from}
            | {u.valid_to + timedelta(1) for v in self._dated.values() for u in v if u.valid_to}
        )
        self._reporting: dict[int, dict[str | None, list[OrgUnit]]] = {}
        self._towns: dict[int, dict[str | None, list[OrgUnit]]] = {}
        self._codes: dict[tuple[frozenset[str] | None, int], pa.Array] = {}
        self._counts: dict[tuple[str, int], dict[str, int]] = {}

    def _check(self, unit: OrgUnit, where: str) -> None:
        at = f"line {unit.sort_order + 1}: unit {unit.code}"
        if unit.level not in LEVELS[:-1]:
            raise CatalogueError(
                f"{at} has level {unit.level!r}", where=where, expected=", ".join(LEVELS[:-1])
            )
        if unit.level == "city":
            if unit.parent_code:
                raise CatalogueError(
                    f"{at} has parent {unit.parent_code!r}", where=where, expected="no parent above a city"
                )
            return
        if unit.level == "county" and not unit.parent_code:
            return
        parent = self.units.get(unit.parent_code)
        above = LEVELS[LEVELS.index(unit.level) - 1]
        if parent is None or parent.level != above:
            itself = ", or no parent if it is its own city" if unit.level == "county" else ""
            raise CatalogueError(
                f"{at} has parent {unit.parent_code!r}",
                where=where,
                expected=f"the code of a {above}{itself}",
                code="unknown_unit",
            )

    @classmethod
    def read(cls, path: Path) -> OrgTree:
        """The tree of a CSV file with a header. Raises CatalogueError that names each line that does not hold."""
        if not path.is_file():
            raise CatalogueError("no such file", where=path, expected="the tree of org units, as CSV")
        with path.open(encoding="utf-8", newline="") as f:
            reader = csv.DictReader(f)
            missing = [c for c in COLUMNS if c not in (reader.fieldnames or [])]
            if missing:
                raise CatalogueError(
                    f"no column {', '.join(missing)}", where=path, expected=", ".join(COLUMNS)
                )
            units, problems = [], Problems()
            for line, row in enumerate(reader, 2):
                with problems.noting():
                    units.append(_unit(row, line, path))
            problems.tell()
            return cls(units, where=str(path))

    def version(self, code: str, months: Sequence[Period]) -> OrgUnit | None:
        """The unit as it was when it was last open at the end of one of these periods; None if it never was."""
        for period in reversed(months):
            for unit in self.versions.get(code, ()):
                if unit.is_valid(period):
                    return unit
        return None

    def path(self, code: str, *months: Period) -> dict[str, str]:
        """Level -> code, from the city down to the unit itself (not to be changed); empty if unknown.

        Where a county is its own city the path begins with it, so that no unit stands in it twice. In periods, a unit
        lies where it last lay while it was open in them. It has one path, so the sums of children are their parent's. A
        unit that was not open in the periods lies where it lay before them, else after.
        """
        key = (code, months if self._dated else ())
        if key not in self._paths:
            unit = self._nearest(code, key[1])
            self._paths[key] = {**self.path(unit.parent_code, *months), unit.level: code} if unit else {}
        return self._paths[key]

    def _nearest(self, code: str, months: tuple[Period, ...]) -> OrgUnit | None:
        found = self.versions.get(code)
        if not found or not months or code not in self._dated:
            return self.units.get(code)
        before = [u for u in found if u.valid_from is None or u.valid_from <= months[-1].end]
        return self.version(code, months) or (before or found[:1])[-1]

    def ever_above(self, code: str) -> frozenset[str]:
        """Every unit that the unit ever lay beneath, itself included."""
        if code not in self._above:
            above = (self.ever_above(u.parent_code) for u in self.versions.get(code, ()) if u.parent_code)
            self._above[code] = frozenset({code}).union(*above)
        return self._above[code]

    def county_of(self, code: str, *months: Period) -> str | None:
        return self.path(code, *months).get("county")

    def expected(self, kinds: Iterable[str], period: Period, county: str | None = None) -> list[OrgUnit]:
        """Units of these kinds that should report for the period, as they are then, in tree order."""
        wanted = set(kinds)
        return [u for u in self._reporting_in(period).get(county, ()) if u.kind in wanted]

    def expected_codes(self, period: Period, kinds: Iterable[str] | None = None) -> pa.Array:
        """The codes of `expected`, in tree order; without kinds, of all units that should report."""
        import pyarrow as pa

        key = (None if kinds is None else frozenset(kinds), self._state(period))
        if key not in self._codes:
            found = self._reporting_in(period)[None]
            codes = [u.code for u in found if key[0] is None or u.kind in key[0]]
            self._codes[key] = pa.array(codes, pa.string())
        return self._codes[key]

    def closed_in(self, months: Sequence[Period]) -> list[str]:
        """Units that were open at the end of none of these months."""
        return [code for code in self._dated if self.version(code, months) is None]

    def _reporting_in(self, period: Period) -> dict[str | None, list[OrgUnit]]:
        """County -> units of it that should report, in tree order; None: all. Worked out once a state of the tree."""
        state = self._state(period)
        if state not in self._reporting:
            places: dict[str, str | None] = {"": None}
            """Units that are open, as all above them are -> the county in which they lie."""
            expecting: dict[str, OrgUnit] = {}
            for code in self._downwards:
                unit = self.version(code, (period,))
                if unit is None or unit.parent_code not in places:
                    continue
                places[code] = code if unit.level == "county" else places[unit.parent_code]
                if unit.reports:
                    expecting[code] = unit
            found: dict[str | None, list[OrgUnit]] = {None: []}
            for code in self.units:
                if code in expecting:
                    found[None].append(expecting[code])
                    if county := places[code]:
                        found.setdefault(county, []).append(expecting[code])
            self._reporting[state] = found
        return self._reporting[state]

    def _state(self, period: Period) -> int:
        """The same for two periods between whose ends nothing in the tree changes."""
        return bisect_right(self._changes, period.end)

    @cached_property
    def _downwards(self) -> list[str]:
        """All codes, those of upper levels first."""
        return sorted(self.units, key=lambda code: LEVELS.index(self.units[code].level))

    def towns_of(self, county: str, period: Period) -> Sequence[OrgUnit]:
        """The towns that lie in a county in a period, open or not, by their last lines."""
        state = self._state(period)
        if state not in self._towns:
            found: dict[str | None, list[OrgUnit]] = {}
            for unit in (u for u in self if u.level == "town"):
                found.setdefault(self.county_of(unit.code, period), []).append(unit)
            self._towns[state] = found
        return self._towns[state].get(county, ())

    def reports(self, code: str, period: Period) -> bool:
        """Whether the unit and all above it are open in the period, and reports are expected of it."""
        steps = [self.version(c, (period,)) for c in self.path(code, period).values()]
        return bool(steps) and all(steps) and steps[-1] is not None and steps[-1].reports

    def is_dated(self, code: str) -> bool:
        """Whether the unit, or one that it ever lay beneath, opens, closes or changes."""
        return not self._dated.keys().isdisjoint(self.ever_above(code))

    def counts_of(self, kind: str, period: Period) -> dict[str, int]:
        """Unit -> how many units of the kind that should report for the period lie beneath it, or are it.

        Not to be changed: it is worked out once a state of the tree.
        """
        key = (kind, self._state(period))
        if key not in self._counts:
            counts: dict[str, int] = {}
            for unit in self.expected([kind], period):
                for code in self.path(unit.code, period).values():
                    counts[code] = counts.get(code, 0) + 1
            self._counts[key] = counts
        return self._counts[key]

    @cached_property
    def changing(self) -> dict[str, tuple[OrgUnit, ...]]:
        """The units with several lines."""
        return {code: lines for code, lines in self._dated.items() if len(lines) > 1}

    def __iter__(self) -> Iterator[OrgUnit]:
        return iter(self.units.values())

    def paths_in(self, *months: Period) -> pa.Table:
        """One row a unit: org_code and its <level>_code path in these periods."""
        if not self._dated:
            return self.table
        if months not in self._tables:
            import pyarrow as pa

            columns = {"org_code": pa.array(list(self.units), pa.string())}
            self._tables[months] = pa.table(columns | self._path_columns(months))
        return self._tables[months]

    @cached_property
    def table(self) -> pa.Table:
        """One row a unit: code, name, level, kind, parent_code, reports, dates, order, <level>_code path."""
        import pyarrow as pa

        units = list(self.units.values())
        columns = {
            "org_code": pa.array([u.code for u in units], pa.string()),
            "name": pa.array([u.name for u in units], pa.string()),
            "org_level": pa.array([u.level for u in units], pa.string()),
            "kind": pa.array([u.kind for u in units], pa.string()),
            "parent_code": pa.array([u.parent_code or None for u in units], pa.string()),
            "reports": pa.array([u.reports for u in units], pa.bool_()),
            "valid_from": pa.array([u.valid_from for u in units], pa.date32()),
            "valid_to": pa.array([u.valid_to for u in units], pa.date32()),
            "sort_order": pa.array([u.sort_order for u in units], pa.int64()),
        }
        return pa.table(columns | self._path_columns(()))

    def _path_columns(self, months: tuple[Period, ...]) -> dict[str, pa.Array]:
        """<level>_code of every unit in these periods, in tree order; of all levels at once, from the top down."""
        import pyarrow as pa

        none = (None,) * len(LEVELS[:-1])
        places: dict[str, tuple[str | None, ...]] = {"": none}
        for code in self._downwards:
            unit = self._nearest(code, months)
            assert unit is not None
            at = LEVELS.index(unit.level)
            above = places[unit.parent_code][:at]
            if unit.level == "county" and not unit.parent_code:
                above = (code,)  # it stands for its own city
            places[code] = (*above, code, *none[at + 1 :])
        columns = zip(*(places[code] for code in self.units), strict=True) if self.units else none
        return {
            f"{level}_code": pa.array(column or (), pa.string())
            for level, column in zip(LEVELS[:-1], columns, strict=True)
        }


def _in_time_order(lines: list[OrgUnit], where: str) -> tuple[OrgUnit, ...]:
    """A unit's lines by time: of one level, and no two may hold on one day."""
    if other := next((u for u in lines if u.level != lines[0].level), None):
        raise CatalogueError(
            f"line {other.sort_order + 1}: unit {other.code} has another level than its other lines",
            where=where,
            expected="one level a code; of a city without counties, one line of level county without a parent",
        )
    found = sorted(lines, key=lambda u: u.valid_from or date.min)
    for before, after in pairwise(found):
        if before.valid_to is None or after.valid_from is None or after.valid_from <= before.valid_to:
            raise CatalogueError(
                f"line {after.sort_order + 1}: unit {after.code} appears twice with overlapping validity"
                f" (line {before.sort_order + 1})",
                where=where,
                expected="one line a unit, or several of which each ends before the next begins",
                code="overlapping_validity",
            )
    return tuple(found)


def _unit(row: dict[str, str], line: int, path: Path) -> OrgUnit:
    try:
        unit = OrgUnit(
            code=row["code"],
            name=row["name"],
            level=row["level"],
            kind=row["kind"] or row["level"],
            parent_code=row["parent_code"],
            reports={"true": True, "false": False}[row["reports"]],
            valid_from=date.fromisoformat(row["valid_from"]) if row["valid_from"] else None,
            valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
            sort_order=line - 1,
        )
        if not unit.code or not unit.name:
            raise ValueError("no code or no name")
        if unit.valid_from and unit.valid_to and unit.valid_to < unit.valid_from:
            raise ValueError(f"valid_to {unit.valid_to} is before valid_from {unit.valid_from}")
        return unit
    except (KeyError, TypeError, ValueError) as e:
        raise CatalogueError(
            f"line {line}: {e}",
            where=path,
            expected="a code, a name, reports true or false, dates as 2026-01-31 or empty",
        ) from e
