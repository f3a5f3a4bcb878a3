"""Rows that add up others: every number of a sum is the sum of the other rows beside it.

In: the rows of reports, one report behind the other. Out: which rows are sums: of their unit's rows, of their town's,
or of all of their report. Rows that say themselves that they are totals are no sums, whatever they hold, and no part
of one. All reports are looked at at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.models import Form

SUM_OF = 2
"""A row is held to be a sum of at least so many others: what equals one other may be a neighbour of the same size."""
SUM_FIELDS = 3
"""In at least so many fields that are not zero: in one or two a sum may be chance."""
WIDE = pa.decimal128(28, 4)
"""Holds any bigint exactly."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Keyed:
    """Rows by numbers: `report`, and `key`, which is a place in `keys` (each once, null among them)."""

    report: Ints
    key: Ints
    keys: pa.Array

    @classmethod
    def of(cls, keys: pa.Array, sizes: Sequence[int]) -> Keyed:
        """`sizes`: how many of the keys are each report's."""
        report = np.repeat(np.arange(len(sizes)), sizes)
        if _is_each_once(keys, sizes):
            return cls(report, np.arange(len(keys)), keys)
        encoded = keys.dictionary_encode(null_encoding="encode")
        return cls(report, numbers_of(encoded.indices), encoded.dictionary)

    @property
    def own(self) -> Ints:
        """A number for each report and key."""
        found: Ints = self.report * len(self.keys) + self.key
        return found

    def beside(self, digits: int) -> Ints:
        """A number, from 0, for each report and what the keys begin with: so many digits (0: the report)."""
        begin = pc.utf8_slice_codeunits(pc.fill_null(self.keys, ""), 0, digits).dictionary_encode()
        return ranked(self.report * max(len(begin.dictionary), 1) + numbers_of(begin.indices)[self.key])


def _is_each_once(keys: pa.Array, sizes: Sequence[int]) -> bool:
    """Whether no key is there twice, at a glance: each report's ascend, and no two reports reach into each other."""
    ends = np.cumsum(sizes)
    begins = ends - sizes
    if keys.null_count or not len(keys) or not all(sizes):
        return False
    ascend = pc.less(keys[:-1], keys[1:]).to_numpy(zero_copy_only=False)
    if not np.delete(ascend, ends[:-1] - 1).all():
        return False
    first, last = (np.array(keys.take(pa.array(at)).to_pylist()) for at in (begins, ends - 1))
    order = np.argsort(first)
    return bool((last[order[:-1]] < first[order[1:]]).all())


def are_sums(rows: pa.Table, keyed: Keyed, form: Form) -> pa.Array:
    """Whether each row is a sum. `rows`: those that `keyed` numbers, with `_is_total`."""
    own, are_totals = keyed.own, rows.column("_is_total").to_numpy()
    counted = np.flatnonzero(~are_totals)
    numbers = [rows.column(n) for n, f in form.fields.items() if f.is_number and n in rows.column_names]
    if len(counted) < len(own):
        numbers = [n.take(pa.array(counted)) for n in numbers]
    floats = [pc.fill_null(n.cast(pa.float64()), 0.0).to_numpy() for n in numbers]
    found = [counted[:0]]
    for digits in _siblings(form):
        beside = keyed.beside(digits)[counted]
        found.append(counted[_exactly(_nearly(floats, beside), numbers, beside)])
    has_key = pc.is_valid(keyed.keys).to_numpy(zero_copy_only=False)[keyed.key]
    return pa.array(np.isin(own, own[np.concatenate(found)]) & has_key)


def _siblings(form: Form) -> list[int]:
    """How many digits rows have in common that one of them might add up; 0: all of the report."""
    if form.grain == "group":
        return [12, 9, 0]
    return [9, 0] if form.grain in ("village", "community") else [0]


def _nearly(numbers: Sequence[npt.NDArray[np.float64]], beside: Ints) -> Ints:
    """Rows that may be the sums of the others beside them: enough rows and fields, and equal as floats may be."""
    left = np.flatnonzero((np.bincount(beside, minlength=1) > SUM_OF)[beside])
    may, filled = np.ones(len(left), np.bool_), np.zeros(len(left), np.int64)
    for values in numbers:
        at, own = beside[left], values[left]
        total, size = (np.bincount(at, weights, minlength=1)[at] for weights in (own, np.abs(own)))
        may &= np.abs(2 * own - total) <= 1e-9 * size
        filled += own != 0
        here = (np.bincount(at[may], minlength=at.max(initial=0) + 1) > 0)[at]  # beside some that may be
        left, may, filled = left[here], may[here], filled[here]
    return left[may & (filled >= SUM_FIELDS)]


def _exactly(may: Ints, numbers: Sequence[pa.ChunkedArray], beside: Ints) -> Ints:
    """Those of these rows whose double is to the last digit what all that stand beside them add up to."""
    if not len(may):
        return may
    here = np.flatnonzero(np.isin(beside, beside[may]))
    wide = [pc.fill_null(n.take(pa.array(here)).cast(WIDE), 0) for n in numbers]
    columns = {str(i): values for i, values in enumerate(wide)}
    sums = (
        pa.table({"beside": beside[here], **columns})
        .group_by("beside")
        .aggregate([(n, "sum") for n in columns])
    )
    at = pc.index_in(pa.array(beside[here]), value_set=sums.column("beside").combine_chunks())
    are = pa.array(np.isin(here, may))
    for name, values in columns.items():
        are = pc.and_(are, pc.equal(pc.add(values, values), sums.column(f"{name}_sum").take(at)))
    found: Ints = here[np.flatnonzero(are)]
    return found


def ranked(numbers: Ints) -> Ints:
    """For each number its place, from 0, among those that there are. Reports in the order of their codes ascend."""
    steps = np.diff(numbers, prepend=numbers[:1])
    if (steps >= 0).all():
        return np.cumsum(steps > 0)
    found: Ints = np.unique(numbers, return_inverse=True)[1]
    return found


def numbers_of(indices: pa.Array) -> Ints:
    """Arrow's integers as numpy has them."""
    found: Ints = indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return found
