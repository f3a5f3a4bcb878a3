"""Org units: the tree of city, counties, towns, villages and communities, dated.

In: org_units.csv (code, name, level, kind, parent_code, reports, valid_from, valid_to). A unit that changes its name or
parent and keeps its code has several lines, one for each stretch of time. Out: the units that are expected to report in
a period, and the path of each unit in that period, as values and as an Arrow table. `lineage` says what became of units
that ended. Villager groups are not in the tree: they are known by the reports of the groups' form.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

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

    @property
    def columns(self) -> dict[str, Any]:
        """What dim.org_unit and dim.org_unit_version have of it, but for the path and its order."""
        return {
            "org_code": self.code,
            "name": self.name,
            "org_level": self.level,
            "kind": self.kind,
            "parent_code": self.parent_code or None,
            "reports": self.reports,
            "valid_from": self.valid_from,
            "valid_to": self.valid_to,
        }

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

    def _check(self, unit: OrgUnit, where: str) -> None:
        at = f"line {unit.sort_order + 1}: unit {unit.code}"
        if unit.level not in LEVELS[:-1]:
            raise CatalogueError(
                f"{at} has level {unit.level!r}", where=where, expected=", ".join(LEVELS[:-1])
            )
        if unit.level != self.units[unit.code].level:
            raise CatalogueError(
                f"{at} has another level than its other lines", where=where, expected="one level a code"
            )
        if unit.level == "city":
            if unit.parent_code:
                raise CatalogueError(
                    f"{at} has parent {unit.parent_code!r}", where=where, expected="no parent above a city"
                )
            return
        parent = self.units.get(unit.parent_code)
        above = LEVELS[LEVELS.index(unit.level) - 1]
        if parent is None or parent.level != above:
            raise CatalogueError(
                f"{at} has parent {unit.parent_code!r}",
                where=where,
                expected=f"the code of a {above}",
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

        In periods, a unit lies where it last lay while it was open in them. It has one path, so the sums of children
        are their parent's. A unit that was not open in the periods lies where it lay before them, else after.
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
        return [
            u
            for code in self.units
            if (u := self.version(code, (period,))) is not None
            and u.kind in wanted
            and self.reports(code, period)
            and county in (None, self.county_of(code, period))
        ]

    def reports(self, code: str, period: Period) -> bool:
        """Whether the unit and all above it are open in the period, and reports are expected of it."""
        steps = [self.version(c, (period,)) for c in self.path(code, period).values()]
        return bool(steps) and all(steps) and steps[-1] is not None and steps[-1].reports

    def is_dated(self, code: str) -> bool:
        """Whether the unit, or one that it ever lay beneath, opens, closes or changes."""
        return not self._dated.keys().isdisjoint(self.ever_above(code))

    def counts_of(self, kind: str, period: Period) -> dict[str, int]:
        """Unit -> how many units of the kind that should report for the period lie beneath it (or are it)."""
        counts: dict[str, int] = {}
        for unit in self.expected([kind], period):
            for code in self.path(unit.code, period).values():
                counts[code] = counts.get(code, 0) + 1
        return counts

    def __iter__(self) -> Iterator[OrgUnit]:
        return iter(self.units.values())

    def paths_in(self, *months: Period) -> pa.Table:
        """One row a unit: org_code and its <level>_code path in these periods."""
        if not self._dated:
            return self.table
        if months not in self._tables:
            import pyarrow as pa

            paths = [self.path(code, *months) for code in self.units]
            columns = {"org_code": pa.array(list(self.units), pa.string())}
            columns |= {
                f"{level}_code": pa.array([p.get(level) for p in paths], pa.string()) for level in LEVELS[:-1]
            }
            self._tables[months] = pa.table(columns)
        return self._tables[months]

    @cached_property
    def table(self) -> pa.Table:
        """One row a unit: code, name, level, kind, parent_code, reports, dates, order, <level>_code path."""
        import pyarrow as pa

        rows = [
            u.columns
            | {"sort_order": u.sort_order}
            | {f"{level}_code": path.get(level) for level in LEVELS[:-1]}
            for u in self.units.values()
            for path in [self.path(u.code)]
        ]
        text = ["org_code", "name", "org_level", "kind", "parent_code"]
        return pa.Table.from_pylist(
            rows,
            schema=pa.schema(
                [(c, pa.string()) for c in text]
                + [("reports", pa.bool_()), ("valid_from", pa.date32()), ("valid_to", pa.date32())]
                + [("sort_order", pa.int64())]
                + [(f"{level}_code", pa.string()) for level in LEVELS[:-1]]
            ),
        )


def _in_time_order(lines: list[OrgUnit], where: str) -> tuple[OrgUnit, ...]:
    """A unit's lines by time; no two may hold on one day."""
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
