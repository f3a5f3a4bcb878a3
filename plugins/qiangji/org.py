"""Org units: the tree of city, counties, towns, villages and communities, dated.

In: org_units.csv (code, name, level, kind, parent_code, reports, valid_from, valid_to).
Out: who is expected to report at a grain in a period, and each unit's path, as values and as an Arrow table.
Villager groups are not in the tree: the registry of groups is what the groups' form says.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from qiangji.errors import CatalogueError
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
    """All units by code, with their paths. It does not change once made: paths are kept when found."""

    def __init__(self, units: Iterable[OrgUnit], where: str = "org_units.csv") -> None:
        self.units: dict[str, OrgUnit] = {}
        self._paths: dict[str, dict[str, str]] = {}
        for unit in units:
            if unit.code in self.units:
                raise CatalogueError(
                    f"unit {unit.code} appears twice", where=where, expected="one line a unit"
                )
            self.units[unit.code] = unit
        for unit in self.units.values():
            self._check(unit, where)

    def _check(self, unit: OrgUnit, where: str) -> None:
        if unit.level not in LEVELS[:-1]:
            raise CatalogueError(
                f"unit {unit.code} has level {unit.level!r}", where=where, expected=", ".join(LEVELS[:-1])
            )
        if unit.level == "city":
            if unit.parent_code:
                raise CatalogueError(
                    f"unit {unit.code} has parent {unit.parent_code!r}",
                    where=where,
                    expected="no parent above a city",
                )
            return
        parent = self.units.get(unit.parent_code)
        above = LEVELS[LEVELS.index(unit.level) - 1]
        if parent is None or parent.level != above:
            raise CatalogueError(
                f"unit {unit.code} has parent {unit.parent_code!r}",
                where=where,
                expected=f"the code of a {above}",
            )

    @classmethod
    def read(cls, path: Path) -> OrgTree:
        """From CSV with a header; a missing file or column, a bad date or flag names where."""
        if not path.is_file():
            raise CatalogueError("no such file", where=str(path), expected="the tree of org units, as CSV")
        with path.open(encoding="utf-8", newline="") as f:
            reader = csv.DictReader(f)
            missing = [c for c in COLUMNS if c not in (reader.fieldnames or [])]
            if missing:
                raise CatalogueError(
                    f"no column {', '.join(missing)}", where=str(path), expected=", ".join(COLUMNS)
                )
            return cls((_unit(row, i, path) for i, row in enumerate(reader, 2)), where=str(path))

    def path(self, code: str) -> dict[str, str]:
        """Level -> code, from the city down to the unit itself (not to be changed); empty if unknown."""
        if code not in self._paths:
            unit = self.units.get(code)
            self._paths[code] = {**self.path(unit.parent_code), unit.level: code} if unit else {}
        return self._paths[code]

    def county_of(self, code: str) -> str | None:
        return self.path(code).get("county")

    def expected(self, kinds: Iterable[str], period: Period, county: str | None = None) -> list[OrgUnit]:
        """Units of these kinds that should report for the period, in tree order."""
        wanted = set(kinds)
        return [
            u
            for u in self.units.values()
            if u.kind in wanted and self.reports(u.code, period) and county in (None, self.county_of(u.code))
        ]

    def reports(self, code: str, period: Period) -> bool:
        """Whether the unit and all above it are open in the period, and reports are expected of it."""
        steps = [self.units[c] for c in self.path(code).values()]
        return bool(steps) and steps[-1].reports and all(u.is_valid(period) for u in steps)

    def counts_of(self, kind: str, period: Period) -> dict[str, int]:
        """Unit -> how many units of the kind that should report for the period lie beneath it (or are it)."""
        counts: dict[str, int] = {}
        for unit in self.expected([kind], period):
            for code in self.path(unit.code).values():
                counts[code] = counts.get(code, 0) + 1
        return counts

    def __iter__(self) -> Iterator[OrgUnit]:
        return iter(self.units.values())

    @cached_property
    def table(self) -> pa.Table:
        """One row a unit: code, name, level, kind, parent_code, reports, dates, order, <level>_code path."""
        import pyarrow as pa

        rows = [
            {
                "org_code": u.code,
                "name": u.name,
                "org_level": u.level,
                "kind": u.kind,
                "parent_code": u.parent_code or None,
                "reports": u.reports,
                "valid_from": u.valid_from,
                "valid_to": u.valid_to,
                "sort_order": u.sort_order,
                **{f"{level}_code": path.get(level) for level in LEVELS[:-1]},
            }
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
            where=str(path),
            expected="a code, a name, reports true or false, dates as 2026-01-31 or empty",
        ) from e
