"""How the units of a tree stand to each other, as arrays: a number a unit, in the tree's order.

In: a row a unit (level, kind, parent, whether it reports), and what is otherwise at a moment. Out: the unit above each
unit at every level, and which units should report. Every step is taken for all units at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.units import LEVELS

if TYPE_CHECKING:
    from qiangji.catalogue.units import OrgUnit

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
CITY, COUNTY, TOWN = 0, 1, 2


@dataclass(frozen=True)
class Standing:
    """`parents`: the row of the unit above; -1: none. `is_open`: by itself. `reports`: by itself, if open."""

    codes: pa.Array
    kinds: pa.DictionaryArray
    levels: npt.NDArray[np.int8]
    parents: Rows
    is_open: Flags
    reports: Flags

    @classmethod
    def of(cls, table: pa.Table) -> Standing:
        """As the last lines say (`units.Lines.table`), all open."""
        codes = table.column("code").combine_chunks()
        levels = pc.index_in(table.column("level").combine_chunks(), value_set=pa.array(LEVELS[:-1]))
        parents = pc.index_in(table.column("parent_code").combine_chunks(), value_set=codes)
        return cls(
            codes,
            table.column("kind").combine_chunks().dictionary_encode(),
            levels.to_numpy(zero_copy_only=False).astype(np.int8),
            pc.fill_null(parents, -1).to_numpy(zero_copy_only=False).astype(np.int64),
            np.ones(len(codes), np.bool_),
            table.column("reports").to_numpy().astype(np.bool_),
        )

    def but(self, changed: Mapping[int, OrgUnit | None], rows: Mapping[str, int]) -> Standing:
        """The same, but for some units (by row) as their lines say; None: it is closed. `rows`: code -> row."""
        if not changed:
            return self
        parents, is_open, reports = self.parents.copy(), self.is_open.copy(), self.reports.copy()
        for row, unit in changed.items():
            is_open[row] = unit is not None
            if unit is not None:
                parents[row], reports[row] = rows.get(unit.parent_code, -1), unit.reports
        return replace(self, parents=parents, is_open=is_open, reports=reports)

    @cached_property
    def above(self) -> npt.NDArray[np.int64]:
        """By level, the row of the unit at or above each unit; -1: none. A county without a city is its own city."""
        found = np.full((len(LEVELS) - 1, len(self.levels)), -1, np.int64)
        at = np.arange(len(self.levels))
        for _ in range(len(LEVELS) - 1):
            known = np.flatnonzero(at >= 0)
            found[self.levels[at[known]], known] = at[known]
            at[known] = self.parents[at[known]]
        is_alone = (found[CITY] < 0) & (found[COUNTY] >= 0)
        found[CITY, is_alone] = found[COUNTY, is_alone]
        return found

    def path_columns(self) -> dict[str, pa.Array]:
        """<level>_code of every unit."""
        return {
            f"{level}_code": self.codes.take(pa.array(rows, mask=rows < 0))
            for level, rows in zip(LEVELS[:-1], self.above, strict=True)
        }

    @cached_property
    def expected(self) -> Rows:
        """The units that should report: open, as all above them are, and reporting; ascending."""
        is_open = self.is_open.copy()
        for _ in range(len(LEVELS) - 2):
            is_open = self.is_open & np.where(self.parents >= 0, is_open[self.parents], True)
        return np.flatnonzero(is_open & self.reports)

    @cached_property
    def _of_counties(self) -> dict[int, Rows]:
        return self.by_county(self.expected)

    def by_county(self, rows: Rows) -> dict[int, Rows]:
        """The county's row -> those of these rows that lie in it, in their order; -1: those in none."""
        if not len(rows):
            return {}
        counties = self.above[COUNTY, rows]
        order = np.argsort(counties, kind="stable")
        found, starts = np.unique(counties[order], return_index=True)
        return dict(zip(found.tolist(), np.split(rows[order], starts[1:]), strict=True))

    def expected_of(self, kinds: Iterable[str] | None, county: int | None = None) -> Rows:
        """Those of `expected` that are of these kinds (None: all), of one county (by its row) or of all."""
        rows = self.expected if county is None else self._of_counties.get(county, self.expected[:0])
        if kinds is None:
            return rows
        return self._of_kinds(rows, kinds)

    def _of_kinds(self, rows: Rows, kinds: Iterable[str]) -> Rows:
        wanted = frozenset(kinds)
        chosen = [i for i, kind in enumerate(self.kinds.dictionary.to_pylist()) if kind in wanted]
        found: Rows = rows[np.isin(self.kind_numbers[rows], chosen)]
        return found

    def any_beneath(self, kinds: Iterable[str], level: int, others: Iterable[str]) -> bool:
        """Whether any unit of these kinds has one of the other kinds above it at a level, or is it."""
        above = self.above[level, self._of_kinds(np.arange(len(self.levels)), kinds)]
        is_above = np.zeros(len(self.levels), np.bool_)
        is_above[above[above >= 0]] = True
        return bool(len(self._of_kinds(np.flatnonzero(is_above), others)))

    @cached_property
    def kind_numbers(self) -> npt.NDArray[np.int64]:
        numbers: Rows = self.kinds.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        return numbers

    def counts_above(self, rows: Rows) -> Rows:
        """For each unit how many of these rows lie beneath it, or are it."""
        counts = np.zeros(len(self.levels), np.int64)
        for level, above in enumerate(self.above[:, rows]):
            mine = above >= 0 if level != CITY else (above >= 0) & (above != self.above[COUNTY, rows])
            counts += np.bincount(above[mine], minlength=len(counts))
        return counts
