"""Sums among rows without a unit's code: totals that do not say so, and undeclared ones that add up all rows.

In: the codes of the rows read, the fields' columns, the `Stray`s known. Out: these and those found. A total's declared
label is offered for a row that adds up all units' rows alone: of a part's sum it would make a wrong total.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qiangji.parsing.column import Column
from qiangji.parsing.reading import Reading
from qiangji.parsing.strays import Stray, codes_of
from qiangji.parsing.totals import LEAST_SUMS

MAX_SUMS = 200
"""Rows without a code that are held against sums."""
HALF_CENT = 0.005


def held_against_sums(
    codes: pa.Array, read: Mapping[str, Column], strays: list[Stray], reading: Reading
) -> list[Stray]:
    """The strays, and the rows that turn out to be sums. `codes`: of the rows read; `strays`: those known."""
    told = {s.index for s in strays}
    may_be = any(s.what == "total" for s in strays)
    if not may_be and not codes.null_count:
        return strays
    rows = _Rows(codes, read, reading)
    empty = [i for i in rows.odd if i not in told and not codes[i].as_py()]
    if len(rows.odd) > MAX_SUMS or not (may_be or empty):
        return strays
    found = [Stray(i, "subtotal", "", rows.is_of_all(i)) for i in empty if rows.is_sum(i)]
    return [replace(s, is_of_all=s.what == "total" and rows.is_of_all(s.index)) for s in strays] + found


@dataclass(frozen=True)
class _Rows:
    """The rows read, with what they add up to."""

    codes: pa.Array
    read: Mapping[str, Column]
    reading: Reading

    @cached_property
    def known(self) -> pa.Array:
        """Whether a row has a unit's code."""
        pattern = f"^(?:{codes_of(self.reading)})$"
        return pc.fill_null(pc.match_substring_regex(self.codes, pattern), False)

    @cached_property
    def odd(self) -> list[int]:
        """The positions of the others."""
        found: list[int] = pc.indices_nonzero(pc.invert(self.known)).to_pylist()
        return found

    @cached_property
    def numbers(self) -> list[tuple[Column, pa.Array, np.ndarray]]:
        """Each column of numbers, its values, and those of units' rows: 0 elsewhere."""
        columns = [self.read[n] for n, f in self.reading.fields.items() if f.is_number and n in self.read]
        values = [(c, c.values.cast(pa.float64())) for c in columns]
        return [(c, v, pc.fill_null(pc.if_else(self.known, v, 0.0), 0.0).to_numpy()) for c, v in values]

    def is_of_all(self, index: int) -> bool:
        """Whether each number of the row is the sum of all units'."""
        own = [(v[index].as_py(), counted) for _, v, counted in self.numbers]
        return (
            not any(c.unreadable[index].as_py() for c, *_ in self.numbers)
            and any(value for value, _ in own)
            and all(value is None or abs(counted.sum() - value) < HALF_CENT for value, counted in own)
        )

    def is_sum(self, index: int) -> bool:
        """Whether its numbers are the sums of the units' rows right above, right below, or of all."""
        edges = [-1, *self.odd, len(self.codes)]
        at = edges.index(index)
        own = [(value, counted) for _, v, counted in self.numbers if (value := v[index].as_py())]
        parts = (
            *((first + 1, last) for first, last in pairwise(edges[at - 1 : at + 2])),
            (0, len(self.codes)),
        )
        units = self.known.to_numpy(zero_copy_only=False)
        return len(own) >= LEAST_SUMS and any(
            units[first:last].sum() >= LEAST_SUMS
            and all(abs(counted[first:last].sum() - value) < HALF_CENT for value, counted in own)
            for first, last in parts
        )
