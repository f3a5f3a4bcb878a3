"""Org units: the tree of city, counties, towns, villages and communities, dated.

In: org_units.csv (code, name, level, kind, parent_code, reports, valid_from, valid_to). A unit that changes its name or
parent and keeps its code has several lines, one for each stretch of time. A county without a parent is its own city, as
is one that has no counties (东莞 441900): one code is one unit, and its level is county. Out: the units that are
expected to report in a period, and the path of each unit in that period, as values and as an Arrow table. `lineage`
says what became of units that ended. Villager groups are not in the tree: the reports of the groups' form have them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from qiangji.catalogue import units as lines_of
from qiangji.catalogue.units import COLUMNS, LEVELS, Lazy, Lines, OrgUnit
from qiangji.errors import CatalogueError
from qiangji.periods import Period

if TYPE_CHECKING:
    import pyarrow as pa

    from qiangji.catalogue.standing import Standing

__all__ = ["COLUMNS", "LEVELS", "OrgTree", "OrgUnit"]


class OrgTree:
    """All units by code, with their paths. The tree never changes, so whatever is worked out is kept.

    A unit has a line for each stretch of time with one name, parent and duty to report (`versions`, in time order);
    `units` holds the last of each, `dated` the lines of units that open, close or change. Without a period, a path is
    that of the last lines. What is asked of many units is answered by `standing`, for all at once; between two dates
    at which something changes the answer is the same.
    """

    def __init__(self, units: Iterable[OrgUnit], where: str = "org_units.csv") -> None:
        self.versions: Mapping[str, tuple[OrgUnit, ...]] = lines_of.versions_of(units, where)
        self.units: Mapping[str, OrgUnit] = {code: lines[-1] for code, lines in self.versions.items()}
        dated = {c: v for c, v in self.versions.items() if len(v) > 1 or v[0].valid_from or v[0].valid_to}
        self._remember(dated)

    def _remember(self, dated: dict[str, tuple[OrgUnit, ...]], lines: Lines | None = None) -> None:
        self.dated, self._lines = dated, lines
        self._paths: dict[tuple[str, tuple[Period, ...]], dict[str, str]] = {}
        self._tables: dict[tuple[Period, ...], pa.Table] = {}
        self._above: dict[str, frozenset[str]] = {}
        self._changes = sorted(
            {u.valid_from for v in dated.values() for u in v if u.valid_from}
            | {u.valid_to + timedelta(1) for v in dated.values() for u in v if u.valid_to}
        )
        self._states: dict[int, Standing] = {}
        self._towns: dict[int, dict[int, list[OrgUnit]]] = {}
        self._counts: dict[tuple[str, int], dict[str, int]] = {}

    @classmethod
    def read(cls, path: Path) -> OrgTree:
        """The tree of a CSV file with a header. Raises CatalogueError that names each line that does not hold."""
        if not path.is_file():
            raise CatalogueError("no such file", where=path, expected="the tree of org units, as CSV")
        lines = Lines.of(path)
        if lines is None:
            return cls(lines_of.read(path), where=str(path))
        tree = cls.__new__(cls)
        tree.versions, tree.units = Lazy(lines.at, lines.versions), Lazy(lines.at, lines.unit)
        tree._remember(lines.dated, lines)
        return tree

    def version(self, code: str, months: Sequence[Period]) -> OrgUnit | None:
        """The unit as it was when it was last open at the end of one of these periods; None if it never was."""
        for period in reversed(months):
            for unit in self.versions.get(code, ()):
                if unit.is_valid(period):
                    return unit
        return None

    def today(self, code: str) -> OrgUnit:
        """The unit by the last of its lines that has begun, or its first."""
        return line_on(self.versions[code], date.today()) if code in self.dated else self.units[code]

    def path(self, code: str, *months: Period) -> dict[str, str]:
        """Level -> code, from the city down to the unit itself (not to be changed); empty if unknown.

        Where a county is its own city the path begins with it, so that no unit stands in it twice. In periods, a unit
        lies where it last lay while it was open in them. It has one path, so the sums of children are their parent's. A
        unit that was not open in the periods lies where it lay before them, else after.
        """
        key = (code, months if self.dated else ())
        if key not in self._paths:
            unit = self._nearest(code, key[1])
            self._paths[key] = {**self.path(unit.parent_code, *months), unit.level: code} if unit else {}
        return self._paths[key]

    def _nearest(self, code: str, months: tuple[Period, ...]) -> OrgUnit | None:
        found = self.versions.get(code)
        if not found or not months or code not in self.dated:
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

    @cached_property
    def kinds(self) -> frozenset[str]:
        """Every kind of unit that there is."""
        if self._lines is not None:
            return frozenset(self._lines.table.column("kind").unique().to_pylist())
        return frozenset(u.kind for u in self)

    @cached_property
    def tops(self) -> tuple[str, ...]:
        """The units with none above them: cities, and counties that are their own city."""
        import pyarrow.compute as pc

        is_top = pc.equal(self.columns.column("parent_code"), "")
        return tuple(self.columns.column("code").filter(is_top).to_pylist())

    def codes_of(self, level: str) -> list[str]:
        """The units of a level."""
        import pyarrow.compute as pc

        is_there = pc.equal(self.columns.column("level"), level)
        found: list[str] = self.columns.column("code").filter(is_there).to_pylist()
        return found

    @cached_property
    def top_levels(self) -> list[str]:
        """The highest level that there is: city, or county in a tree of counties that are their own city."""
        found = {self.units[code].level for code in self.tops}
        return [level for level in LEVELS if level in found][:1]

    def any_beneath(self, kinds: Collection[str], level: str, others: Collection[str]) -> bool:
        """Whether any unit of these kinds lies beneath a unit of the level, of one of the other kinds, or is it."""
        if self.is_large:
            return self.standing.any_beneath(kinds, LEVELS.index(level), others)
        return any(
            (above := self.path(u.code).get(level)) and self.units[above].kind in others
            for u in self
            if u.kind in kinds
        )

    def expected(self, kinds: Iterable[str], period: Period, county: str | None = None) -> list[OrgUnit]:
        """Units of these kinds that should report for the period, as they are then, in tree order."""
        found = (
            self.version(code, (period,)) for code in self.expected_codes(period, kinds, county).to_pylist()
        )
        return [unit for unit in found if unit is not None]

    def expected_codes(
        self, period: Period, kinds: Iterable[str] | None = None, county: str | None = None
    ) -> pa.Array:
        """The codes of `expected`, in tree order; without kinds, of all units that should report."""
        import pyarrow as pa

        standing = self._standing_in(period)
        row = None if county is None else self._rows.get(county, len(self._rows))
        return standing.codes.take(pa.array(standing.expected_of(kinds, row)))

    def expected_by_county(self, kinds: Iterable[str], period: Period) -> dict[str, int]:
        """County -> how many of its units of these kinds should report."""
        standing = self._standing_in(period)
        found = standing.by_county(standing.expected_of(kinds))
        codes = standing.codes.take([county for county in found if county >= 0]).to_pylist()
        return dict(zip(codes, (len(rows) for county, rows in found.items() if county >= 0), strict=True))

    def closed_in(self, months: Sequence[Period]) -> list[str]:
        """Units that were open at the end of none of these months."""
        return [code for code in self.dated if self.version(code, months) is None]

    def towns_of(self, county: str, period: Period) -> Sequence[OrgUnit]:
        """The towns that lie in a county in a period, open or not, by their last lines."""
        from qiangji.catalogue.standing import TOWN

        state = self._state(period)
        if state not in self._towns:
            standing = self._lying_in((period,))
            towns = standing.by_county((standing.levels == TOWN).nonzero()[0])
            codes = {county: standing.codes.take(rows).to_pylist() for county, rows in towns.items()}
            self._towns[state] = {county: [self.units[c] for c in mine] for county, mine in codes.items()}
        return self._towns[state].get(self._rows.get(county, -1), ())

    def names_in(self, county: str) -> frozenset[str]:
        """Every name that a unit of the county has or had, the county's own and its city's with them."""
        import pyarrow.compute as pc

        beneath = self.table.filter(pc.equal(self.table.column("county_code"), county)).column("name")
        before = (u.name for lines in self.dated.values() for u in lines if self.county_of(u.code) == county)
        return frozenset(
            (*beneath.to_pylist(), *before, *(self.units[c].name for c in self.path(county).values()))
        )

    def counts_of(self, kind: str, period: Period) -> dict[str, int]:
        """Unit -> how many units of the kind that should report for the period lie beneath it, or are it.

        Not to be changed: it is worked out once a state of the tree.
        """
        key = (kind, self._state(period))
        if key not in self._counts:
            standing = self._standing_in(period)
            counts = standing.counts_above(standing.expected_of([kind]))
            some = counts.nonzero()[0]
            codes = standing.codes.take(some).to_pylist()
            self._counts[key] = dict(zip(codes, counts[some].tolist(), strict=True))
        return self._counts[key]

    def reports(self, code: str, period: Period) -> bool:
        """Whether the unit and all above it are open in the period, and reports are expected of it."""
        steps = [self.version(c, (period,)) for c in self.path(code, period).values()]
        return bool(steps) and all(steps) and steps[-1] is not None and steps[-1].reports

    def is_open(self, code: str, period: Period) -> bool:
        """Whether a unit is open on the period's last day; one that the tree does not know is open always."""
        return code not in self.dated or self.version(code, (period,)) is not None

    def is_dated(self, code: str) -> bool:
        """Whether the unit, or one that it ever lay beneath, opens, closes or changes."""
        return not self.dated.keys().isdisjoint(self.ever_above(code))

    @cached_property
    def changing(self) -> dict[str, tuple[OrgUnit, ...]]:
        """The units with several lines."""
        return {code: lines for code, lines in self.dated.items() if len(lines) > 1}

    def __iter__(self) -> Iterator[OrgUnit]:
        return iter(self.units.values())

    def paths_in(self, *months: Period) -> pa.Table:
        """One row a unit: org_code and its <level>_code path in these periods."""
        if not self.dated:
            return self.table
        if months not in self._tables:
            import pyarrow as pa

            standing = self._lying_in(months)
            self._tables[months] = pa.table({"org_code": standing.codes} | standing.path_columns())
        return self._tables[months]

    @cached_property
    def table(self) -> pa.Table:
        """One row a unit: code, name, level, kind, parent_code, reports, dates, order, <level>_code path."""
        return _with_paths(self.columns, self.standing)

    def table_on(self, day: date) -> pa.Table:
        """The same by the lines that have begun by a day; of a unit that begins later, by its first."""
        import numpy as np
        import pyarrow as pa

        from qiangji.catalogue.standing import Standing

        begun = {code: line_on(lines, day) for code, lines in self.dated.items()}
        changed = {self._rows[code]: unit for code, unit in begun.items() if unit is not self.units[code]}
        if not changed:
            return self.table
        places = np.arange(len(self.columns))
        places[list(changed)] = len(places) + np.arange(len(changed))
        lines = (
            lines_of.table_of(changed.values()).select(self.columns.column_names).cast(self.columns.schema)
        )
        columns = pa.concat_tables([self.columns, lines]).take(pa.array(places))
        return _with_paths(columns, Standing.of(columns))

    def changes_until(self, day: date) -> int:
        """How often something has opened, closed or changed by a day: `table_on` is the same for the same number."""
        return bisect_right(self._changes, day)

    # ---- many units at once

    @property
    def is_large(self) -> bool:
        """Whether its units are made of columns one by one: whoever asks for many asks the columns."""
        return self._lines is not None

    @property
    def dated_rows(self) -> list[int]:
        return [self._rows[code] for code in self.dated]

    @cached_property
    def columns(self) -> pa.Table:
        """A row a unit, by its last line: `units.Lines.table`."""
        return self._lines.table if self._lines else lines_of.table_of(self.units.values())

    @cached_property
    def _rows(self) -> Mapping[str, int]:
        return self._lines.at if self._lines else {code: i for i, code in enumerate(self.units)}

    @cached_property
    def standing(self) -> Standing:
        """The units as their last lines say."""
        from qiangji.catalogue.standing import Standing

        return Standing.of(self.columns)

    def _lying_in(self, months: tuple[Period, ...]) -> Standing:
        """The units where they last lay in these periods: as `path` says of each."""
        changed = {self._rows[code]: self._nearest(code, months) for code in self.dated}
        return self.standing.but(changed, self._rows)

    def _standing_in(self, period: Period) -> Standing:
        """The units as they are open and report at the end of a period; worked out once a state of the tree."""
        state = self._state(period)
        if state not in self._states:
            changed = {self._rows[code]: self.version(code, (period,)) for code in self.dated}
            self._states[state] = self.standing.but(changed, self._rows)
        return self._states[state]

    def _state(self, period: Period) -> int:
        """The same for two periods between whose ends nothing in the tree changes."""
        return bisect_right(self._changes, period.end)


def line_on(lines: Sequence[OrgUnit], day: date) -> OrgUnit:
    """The last of a unit's lines that has begun by a day, or its first."""
    begun = [unit for unit in lines if unit.valid_from is None or unit.valid_from <= day]
    return (begun or lines[:1])[-1]


def _with_paths(columns: pa.Table, standing: Standing) -> pa.Table:
    """Units as `units.Lines.table` has them, by the names of dim.org_unit, with the codes above each."""
    import pyarrow.compute as pc

    table = columns.rename_columns(["org_code", "name", "org_level", *columns.column_names[3:]])
    parents = table.column("parent_code")
    at = table.column_names.index("parent_code")
    table = table.set_column(at, "parent_code", pc.if_else(pc.equal(parents, ""), None, parents))
    for name, codes in standing.path_columns().items():
        table = table.append_column(name, codes)
    return table
