"""Parts: counties whose figures depend on no county outside, with all the units that these figures are of.

In: the tree as it is and ever was, lineage. Out: parts to compute one after the other, so that a nation's month needs
the memory of one part; or the part that holds what has changed. Figures are added up no further than to the city, and
suppression looks no further. Cities between which a unit ever moved are in one part, and so are those of two units of
which one became the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.standing import CITY, COUNTY

VILLAGES = 60_000
"""Units of the lowest level in a part of a whole month, about: half a million villager groups lie in these."""


@dataclass(frozen=True)
class Part:
    """Counties, and the units of the tree in or above them in its order; `units` None: all units that there are."""

    counties: Collection[str]
    units: pa.Array | None = field(default=None, compare=False)

    def chosen(self, rows: pa.Table, column: str = "org_code") -> pa.Table:
        """The rows of the part's units."""
        if self.units is None:
            return rows
        return rows.filter(pc.is_in(rows.column(column), value_set=self.units))

    def codes(self, found: pa.Array) -> pa.Array:
        """Those of some units that are the part's."""
        return found if self.units is None else found.filter(pc.is_in(found, value_set=self.units))

    def holds(self, codes: Collection[str]) -> list[str]:
        """Those of a few units that are the part's."""
        return list(codes) if self.units is None else [c for c in codes if c in self._among]

    @cached_property
    def _among(self) -> frozenset[str]:
        return frozenset(self.units.to_pylist() if self.units is not None else ())


class Parts:
    """The parts that a tree falls into."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def whole(self) -> list[Part]:
        """All that there is, in parts of about the same size; a city's tree is one part."""
        groups, sizes = self._groups, self._sizes
        numbers = np.unique(groups).tolist()
        if len(numbers) < 2 or sizes.sum() <= VILLAGES:
            return [Part(tuple(self._catalogue.all_counties))]
        found: list[list[int]] = [[]]
        held = 0
        for group in numbers:
            if held and held + sizes[group] > VILLAGES:
                found.append([])
                held = 0
            found[-1].append(group)
            held += int(sizes[group])
        parts = [self._part(np.isin(groups, mine)) for mine in found]
        known = {county for part in parts for county in part.counties}
        others = [c for c in self._catalogue.all_counties if c not in known]  # they lie nowhere in the tree
        return [Part((*parts[0].counties, *others), parts[0].units), *parts[1:]]

    def around(self, codes: Collection[str]) -> Part | None:
        """The part that holds these units; None where that is more than half of all, or one is not in the tree."""
        rows = pc.index_in(pa.array(sorted(codes), pa.string()), value_set=self._codes)
        if rows.null_count:
            return None
        groups = np.unique(self._groups[rows.to_numpy(zero_copy_only=False)])
        if 2 * self._sizes[groups].sum() > self._sizes.sum():
            return None
        return self._part(np.isin(self._groups, groups))

    # ---- inside

    def _part(self, mine: npt.NDArray[np.bool_]) -> Part:
        standing = self._catalogue.org.standing
        counties = standing.codes.filter(pa.array(mine & (standing.levels == COUNTY))).to_pylist()
        return Part(tuple(counties), standing.codes.filter(pa.array(mine)))

    @property
    def _codes(self) -> pa.Array:
        return self._catalogue.org.standing.codes

    @cached_property
    def _sizes(self) -> npt.NDArray[np.int64]:
        """How many villages each group has, by its number."""
        standing = self._catalogue.org.standing
        lowest = standing.levels == standing.levels.max(initial=0)
        return np.bincount(self._groups[lowest], minlength=self._groups.max(initial=-1) + 1)

    @cached_property
    def _groups(self) -> npt.NDArray[np.int64]:
        """The number of each unit's group."""
        standing = self._catalogue.org.standing
        _, tops = np.unique(standing.above[CITY], return_inverse=True)
        number = np.arange(tops.max(initial=-1) + 1)
        bound = [sorted(codes) for codes in self._bound()]
        flat = pa.array([code for codes in bound for code in codes], pa.string())
        rows = pc.fill_null(pc.index_in(flat, value_set=self._codes), -1).to_numpy()
        for own in np.split(rows, np.cumsum([len(codes) for codes in bound])[:-1]):
            together = np.unique(number[tops[own[own >= 0]]])
            number[np.isin(number, together[1:])] = together[:1]
        return np.asarray(number[tops], np.int64)

    def _bound(self) -> Iterator[frozenset[str]]:
        """Units that belong together although they lie in several cities now."""
        org = self._catalogue.org
        for code in org.dated:
            yield org.ever_above(code)
        for link in self._catalogue.lineage:
            yield org.ever_above(link.from_code) | org.ever_above(link.to_code)
