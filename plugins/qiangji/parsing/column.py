"""A column as read: typed values, and what is to be said of its cells.

In: nothing. Out: `Column`, and the texts that mean that nothing was given.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import pyarrow as pa
import pyarrow.compute as pc

DECIMAL = pa.decimal128(18, 4)
NOTHING = r"^[-‐‑–—―─−/\\]*$"
"""Tidied texts that mean not applicable or missing: dashes and slashes alone, or nothing."""


@dataclass(frozen=True)
class Column:
    """`values`: typed, null where missing or unreadable. The others: bool, no nulls, of the same length.

    `too_large` are those of the unreadable that are numbers, beyond any bound. `dashes` are missing values of which it
    has to be asked whether they are zeros.
    """

    values: pa.Array
    unreadable: pa.Array
    too_large: pa.Array
    dashes: pa.Array

    @classmethod
    def of(cls, values: pa.Array, unreadable: pa.Array | None = None) -> Column:
        """A column of which nothing else is to be said."""
        none = pa.repeat(pa.scalar(False), len(values))
        return cls(values, none if unreadable is None else unreadable, none, none)

    def taken(self, indices: pa.Array) -> Column:
        """The column whose distinct values these are, by its cells' positions among them (null: an empty cell)."""
        masks = (getattr(self, f.name) for f in fields(self)[1:])
        return Column(self.values.take(indices), *(_mask(m, indices) for m in masks))


def _mask(mask: pa.Array, indices: pa.Array) -> pa.Array:
    if not pc.any(mask).as_py():
        return pa.repeat(pa.scalar(False), len(indices))
    return pc.fill_null(mask.take(indices), False)
