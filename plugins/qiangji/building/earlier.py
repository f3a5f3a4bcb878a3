"""What the months of a year hide so far of one indicator, and how a build leaves that to the next one.

In: what each month hides. Out: what suppression must know of the months before another one, as rows for lake/carried
and from them. Where figures hold amounts of earlier months, a village that was hidden once stays so in the year;
where they are the state of the last report, only what the last month hides is to be protected.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.building.parts import Part
from qiangji.building.scopes import Scope
from qiangji.catalogue.tree import OrgTree
from qiangji.periods import Period

_SCHEMA = pa.schema(
    [
        ("indicator", pa.dictionary(pa.int32(), pa.string())),
        ("what", pa.dictionary(pa.int32(), pa.string())),
        ("month", pa.string()),
        ("period_type", pa.string()),
        ("org_code", pa.string()),
    ]
)


@dataclass
class Earlier:
    """`villages`: those hidden in any month so far, or, if nothing `carries` over, in the last one; `above`: the units
    above them that are hidden in the periods of these months.

    Only where something carries over: `dated`, of each month the hidden villages that change in time.
    """

    carries: bool
    villages: set[str] = field(default_factory=set)
    above: list[tuple[Period, Scope, frozenset[str]]] = field(default_factory=list)
    dated: list[tuple[Period, frozenset[str]]] = field(default_factory=list)

    def add(
        self,
        month: Period,
        villages: Collection[str],
        above: Iterable[tuple[Scope, Collection[str]]],
        org: OrgTree,
    ) -> None:
        """What one more month hides."""
        hidden = [(month, scope, frozenset(units)) for scope, units in above]
        if not self.carries:
            self.villages, self.above = set(villages), hidden
            return
        self.villages |= set(villages)
        self.above += hidden
        if org.dated:
            self.dated.append((month, frozenset(v for v in villages if org.is_dated(v))))

    def rename(self, later: Mapping[str, str]) -> None:
        """Villages that have got another code since go on by the later one."""
        self.villages = {later.get(code, code) for code in self.villages}


def rows_of(year: Mapping[str, Earlier]) -> pa.Table:
    """Indicator -> what is hidden of it so far, as rows."""
    tables = [_SCHEMA.empty_table()]
    for code, earlier in year.items():
        tables.append(_rows(code, "village", "", "", sorted(earlier.villages)))
        tables += [
            _rows(code, "above", str(m), s.period_type, sorted(units)) for m, s, units in earlier.above
        ]
        tables += [_rows(code, "dated", str(m), "", sorted(units)) for m, units in earlier.dated]
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()


def _rows(code: str, what: str, month: str, period_type: str, units: Sequence[str]) -> pa.Table:
    said = (code, what, month, period_type)
    columns = [pa.repeat(value, len(units)) for value in said]
    return pa.table([*columns, pa.array(units, pa.string())], names=_SCHEMA.names).cast(_SCHEMA)


def add_rows(
    year: Mapping[str, Earlier],
    tables: Sequence[pa.Table],
    part: Part,
    scopes_of: Callable[[Period], Sequence[Scope]],
) -> None:
    """Have a year's indicators, of which nothing is known yet, know of a part what rows say."""
    rows = part.chosen(pa.concat_tables(tables))
    for code, earlier in year.items():
        own = rows.filter(pc.equal(rows.column("indicator"), code))
        earlier.villages = set(_units(own, "village"))
        for (month, period_type), units in _by_place(own, "above"):
            scope = next(s for s in scopes_of(month) if s.period_type == period_type)
            earlier.above.append((month, scope, units))
        earlier.dated += [(month, units) for (month, _), units in _by_place(own, "dated")]


def _units(rows: pa.Table, what: str) -> list[str]:
    found: list[str] = rows.filter(pc.equal(rows.column("what"), what)).column("org_code").to_pylist()
    return found


def _by_place(rows: pa.Table, what: str) -> Iterator[tuple[tuple[Period, str], frozenset[str]]]:
    """(month, type of period) and the units of each, month by month."""
    mine = rows.filter(pc.equal(rows.column("what"), what))
    found: dict[tuple[str, str], set[str]] = {}
    for row in mine.select(["month", "period_type", "org_code"]).to_pylist():
        found.setdefault((row["month"], row["period_type"]), set()).add(row["org_code"])
    for (month, period_type), units in sorted(found.items()):
        yield (Period.parse(month), period_type), frozenset(units)
