"""Rows of many counties' reports beside those of other reports: each county's rows by their keys.

In: reports and those that they are compared with, by county. Out: for each row where its unit stands in the others. A
county is compared with itself; where its keys are the same in the same order, as mostly, nothing is looked up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Numbers = npt.NDArray[np.int64]


def at_of(reports: Sequence[tuple[str, pa.Table]], others: Mapping[str, pa.Table], key: str) -> Numbers:
    """For each row of the reports, one behind the other, its row among the others so arranged; -1: there is none."""
    starts = dict(zip(others, np.cumsum([0, *map(len, others.values())]).tolist(), strict=False))
    found = []
    for county, rows in reports:
        if (other := others.get(county)) is None:
            found.append(np.full(len(rows), -1))
            continue
        mine, theirs = (t.column(key).combine_chunks() for t in (rows, other))
        if mine.equals(theirs):
            at = np.arange(len(rows))
        else:
            at = pc.fill_null(pc.index_in(mine, value_set=theirs), -1).to_numpy(zero_copy_only=False)
        found.append(np.where(at < 0, -1, at + starts[county]))
    return np.concatenate(found).astype(np.int64) if found else np.zeros(0, np.int64)


def taken(column: pa.ChunkedArray, at: Numbers) -> pa.ChunkedArray:
    """The values at these rows; null for -1."""
    return column.take(pa.array(at, mask=at < 0))


def one_behind_the_other(tables: Sequence[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables, promote_options="permissive").combine_chunks()


def numbered(sizes: Sequence[int]) -> Numbers:
    """For each row of tables of these sizes the number of its table."""
    return np.repeat(np.arange(len(sizes)), sizes)


def counted(of: Numbers, what: npt.NDArray[Any], n: int) -> Numbers:
    """The sum of `what` over the rows of each of `n` tables."""
    return np.bincount(of, weights=what, minlength=n).astype(np.int64)


def are(mask: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """A mask of Arrow as one of NumPy; what is null is not."""
    found = pc.fill_null(mask, False)
    found = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    return np.asarray(found.to_numpy(zero_copy_only=False), np.bool_)


@dataclass(frozen=True)
class Alike:
    """Two reports each of some counties that have the same columns, one behind the other.

    `of`: the number of each row's county. `at`: see `at_of`.
    """

    counties: list[str]
    now: list[pa.Table]
    before: list[pa.Table]
    rows: pa.Table
    others: pa.Table
    of: Numbers
    at: Numbers


@dataclass(frozen=True)
class Pairs:
    """County -> its report and the one before."""

    key: str
    reports: Mapping[str, tuple[pa.Table, pa.Table]]

    def by_schema(self) -> Iterator[Alike]:
        """Those together whose columns are the same: whether a report lacks a field makes a difference."""
        groups: dict[tuple[pa.Schema, pa.Schema], list[str]] = {}
        for county, (now, before) in self.reports.items():
            groups.setdefault((now.schema, before.schema), []).append(county)
        for counties in groups.values():
            now, before = ([self.reports[c][i] for c in counties] for i in (0, 1))
            at = at_of(
                list(zip(counties, now, strict=True)), dict(zip(counties, before, strict=True)), self.key
            )
            rows, others = one_behind_the_other(now), one_behind_the_other(before)
            yield Alike(counties, now, before, rows, others, numbered([len(t) for t in now]), at)
