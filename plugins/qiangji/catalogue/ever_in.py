"""Which lines of the tree lie in a county or ever lay there: by them a county's deliveries are read.

In: a tree. Out: by county, the kinds of its units that report, and its lines as text, in an order of their own. A unit
lies where it always lay, unless it or one above it opens, closes or changes: most of a large tree is taken at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from qiangji.catalogue.tree import OrgTree, OrgUnit

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

_AS_IT_IS = r"^[0-9A-Za-z_ \x{4e00}-\x{9fff}（）()·-]*$"
"""Texts that Python writes between quotation marks as they are."""


class EverIn:
    """The tree's lines by county."""

    def __init__(self, org: OrgTree) -> None:
        self._org = org

    def kinds(self, county: str) -> set[str]:
        """The kinds of units that report, or ever did."""
        return self._kinds.get(county, set())

    @cached_property
    def _kinds(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for county, units in self._one_by_one:
            found.setdefault(county, set()).update(u.kind for u in units if u.reports)
        if len(rows := self._at_once):
            import numpy as np

            standing = self._org.standing
            names = standing.kinds.dictionary.to_pylist()
            rows = rows[standing.reports[rows]]
            pairs = self._county_rows[rows] * len(names) + standing.kind_numbers[rows]
            for pair in np.unique(pairs).tolist():
                county, kind = divmod(pair, len(names))
                found.setdefault(standing.codes[county].as_py(), set()).add(names[kind])
        return found

    @cached_property
    def as_json(self) -> dict[str, str]:
        """County -> `repr` of its lines, sorted, as a list in JSON."""
        found: dict[str, list[str]] = {}
        joined = dict[str, str]()
        for county, units in self._one_by_one:
            found.setdefault(county, []).extend(map(repr, units))
        if len(self._at_once):
            import pyarrow.compute as pc

            counties, texts = self._texts()
            is_plain = _are_plain(self._org.columns)
            told = pc.binary_join(texts, '", "').to_pylist()
            for i, county in enumerate(counties):
                if is_plain and county not in found:
                    joined[county] = f'["{told[i]}"]'
                else:
                    found.setdefault(county, []).extend(texts[i].as_py())
        lists = {county: json.dumps(sorted(lines), ensure_ascii=False) for county, lines in found.items()}
        return joined | lists

    def _texts(self) -> tuple[list[str], pa.ListArray]:
        """Counties, and `repr` of each one's units that always lay there, by their codes."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        standing, rows = self._org.standing, self._at_once
        rows = rows[pc.sort_indices(standing.codes.take(pa.array(rows))).to_numpy()]
        rows = rows[np.argsort(self._county_rows[rows], kind="stable")]
        counties = self._county_rows[rows]
        begins = np.flatnonzero(np.diff(counties, prepend=-1))
        texts = written(self._org.columns.take(pa.array(rows)))
        ends = pa.array([*begins.tolist(), len(rows)], pa.int32())
        codes: list[str] = standing.codes.take(pa.array(counties[begins])).to_pylist()
        return codes, pa.ListArray.from_arrays(ends, texts)

    @cached_property
    def _one_by_one(self) -> Sequence[tuple[str, Sequence[OrgUnit]]]:
        """(county, lines of a unit) where a unit is, or may have been, in several counties."""
        return list(self._looked_at())

    def _looked_at(self) -> Iterator[tuple[str, Sequence[OrgUnit]]]:
        org = self._org
        for code in org.units if not org.is_large else org.standing.codes.filter(self._moving).to_pylist():
            for above in org.ever_above(code):
                if org.units[above].level == "county":
                    yield above, org.versions[code]

    @cached_property
    def _moving(self) -> pa.Array:
        """Units that change, and all that lie beneath one."""
        import numpy as np
        import pyarrow as pa

        standing = self._org.standing
        moving = np.zeros(len(standing.codes), np.bool_)
        moving[self._org.dated_rows] = True
        for _ in range(3):
            moving |= np.where(standing.parents >= 0, moving[standing.parents], False)
        return pa.array(moving)

    @cached_property
    def _at_once(self) -> npt.NDArray[np.int64]:
        """Units of a large tree that always lay in one county."""
        import numpy as np

        if not self._org.is_large:
            return np.zeros(0, np.int64)
        is_moving = self._moving.to_numpy(zero_copy_only=False)
        return np.flatnonzero(~is_moving & (self._county_rows >= 0))

    @property
    def _county_rows(self) -> npt.NDArray[np.int64]:
        rows: npt.NDArray[np.int64] = self._org.standing.above[1]
        return rows


def _are_plain(table: pa.Table) -> bool:
    """Whether JSON writes what `written` makes of these units as it is, and that is in the order of their codes."""
    import pyarrow.compute as pc

    plain = {"code": "^[0-9A-Za-z]*$"} | dict.fromkeys(("name", "level", "kind", "parent_code"), _AS_IT_IS)
    return all(
        pc.all(pc.match_substring_regex(table.column(n).unique(), like)).as_py() for n, like in plain.items()
    )


def written(table: pa.Table) -> pa.Array:
    """`repr` of each unit that never changes, of its row in `units.Lines.table`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    def quoted(name: str) -> pa.Array:
        encoded = table.column(name).combine_chunks().dictionary_encode()
        texts = encoded.dictionary
        if pc.all(pc.match_substring_regex(texts, _AS_IT_IS)).as_py():
            shown = pc.binary_join_element_wise("'", texts, "'", "")
        else:
            shown = pa.array([repr(t) for t in texts.to_pylist()], pa.string())
        return shown.take(encoded.indices)

    pieces: list[pa.Array | str] = ["OrgUnit("]
    for name in ("code", "name", "level", "kind", "parent_code"):
        pieces += [f"{name}=", quoted(name), ", "]
    pieces += ["reports=", pc.if_else(table.column("reports"), "True", "False").combine_chunks()]
    places = table.column("sort_order").cast(pa.string()).combine_chunks()
    pieces += [", valid_from=None, valid_to=None, sort_order=", places, ")"]
    return pc.binary_join_element_wise(*pieces, "")
