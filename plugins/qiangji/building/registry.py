"""Registry: since which month each unit of a registered form is known, villager groups above all.

In: the keys of current revisions; what earlier builds left in lake/carried. Out: for a month, the first month of every
unit reported until then. A month's units follow from those of the month before and its own reports, so that history
costs nothing. What was carried of a county holds while its reports up to then are the same; else it is worked out from
all of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.building.corrected import Corrected
from qiangji.catalogue import Form
from qiangji.hashing import short
from qiangji.lake import Lake
from qiangji.periods import Period

Read = Callable[[Form, Period, Collection[str]], pa.Table]
"""Gives the units that counties report in a period: unit_code, county_code."""
_SCHEMA = pa.schema([("unit_code", pa.string()), ("county_code", pa.string()), ("month", pa.int64())])
_STATES = b"qiangji.states"


@dataclass(frozen=True)
class _Kept:
    """A file of lake/carried: some counties' units as of a month. `states`: county -> see `Registry._state`."""

    path: Path
    form: str
    month: Period
    states: Mapping[str, str]


@dataclass
class Registry:
    """The registries of one build. `before`: built months and the builds that built them last."""

    reports: Corrected
    before: Mapping[Period, str] = field(default_factory=dict)
    _new: list[_Kept] = field(default_factory=list, init=False)
    _old: dict[str, list[_Kept]] = field(default_factory=dict, init=False)

    def units(self, form: Form, month: Period, counties: Collection[str], read: Read) -> pa.Table:
        """The units that these counties reported up to a month, with the first month of each: unit_code, month."""
        start: dict[str, Period] = {}
        tables = [_SCHEMA.empty_table()]
        for kept in self._kept(form, month):
            valid = [c for c in counties if c not in start and self._holds(kept, form, c)]
            rows = self._lake.get_carried(kept.path) if valid else None
            if rows is not None:
                mine = pc.is_in(rows.column("county_code"), value_set=pa.array(valid))
                tables.append(rows.filter(mine).replace_schema_metadata())
                start |= dict.fromkeys(valid, kept.month)
            if len(start) == len(counties):
                break
        known = pa.concat_tables(tables).combine_chunks()
        for period in sorted(self._periods.get(form.form, ())):
            last = period.last_month
            missing = [c for c in counties if last <= month and (c not in start or start[c] < last)]
            if missing:
                found = read(form, period, missing)
                again = pc.is_in(_pairs(found), value_set=_pairs(known))
                new = found.filter(pc.invert(again))
                new = new.append_column("month", pa.repeat(last.index, len(new)))
                known = pa.concat_tables([known, new.select(_SCHEMA.names)]).combine_chunks()
        return known

    def keep(
        self, build_id: str, form: Form, month: Period, counties: Collection[str], units: pa.Table
    ) -> None:
        """Leave the units of these counties as of a month to the builds that follow."""
        states = {c: self._state(form, c, month) for c in counties}
        name = f"known-{form.form}-{month}-{len(self._new)}"
        metadata = {_STATES: json.dumps({"form": form.form, "month": str(month), "states": states}).encode()}
        path = self._lake.put_carried(build_id, name, units.replace_schema_metadata(metadata))
        self._new.append(_Kept(path, form.form, month, states))

    def carry_over(self, build_id: str, month: Period, counties: Collection[str]) -> None:
        """Leave what the month's build before knew of other counties to the builds that follow."""
        for form in self._forms:
            for kept in self._left_by(self.before[month]):
                others = kept.states.keys() - set(counties)
                is_of_it = (kept.form, kept.month) == (form.form, month)
                if is_of_it and any(self._holds(kept, form, c) for c in others):
                    self._lake.carry_over(build_id, kept.path)

    # ---- inside

    @property
    def _lake(self) -> Lake:
        return self.reports.lake

    @cached_property
    def _forms(self) -> list[Form]:
        return [f for f in self.reports.catalogue.forms.values() if f.is_registered]

    def _kept(self, form: Form, month: Period) -> Iterator[_Kept]:
        """What is known of a form as of months up to one, the latest first; of a month, what this build left first."""
        for last in sorted({*self.before, *(kept.month for kept in self._new)}, reverse=True):
            if last <= month:
                found = [*self._new, *(self._left_by(self.before[last]) if last in self.before else ())]
                yield from (kept for kept in found if (kept.form, kept.month) == (form.form, last))

    def _left_by(self, build_id: str) -> list[_Kept]:
        import pyarrow.parquet as pq

        if build_id not in self._old:
            found = self._old[build_id] = []
            for path in sorted(self._lake.carried(build_id).glob("known-*.parquet")):
                said = json.loads((pq.read_schema(path).metadata or {})[_STATES])
                found.append(_Kept(path, said["form"], Period.parse(said["month"]), said["states"]))
        return self._old[build_id]

    def _holds(self, kept: _Kept, form: Form, county: str) -> bool:
        """Whether a county's units are still those that were kept."""
        return kept.states.get(county) == self._state(form, county, kept.month)

    @cached_property
    def _periods(self) -> dict[str, set[Period]]:
        found: dict[str, set[Period]] = {}
        for form, period in self.reports.counties:
            found.setdefault(form, set()).add(Period.parse(period))
        return found

    @cached_property
    def _reports(self) -> dict[tuple[str, str], list[tuple[Period, str]]]:
        """Form and county -> the last month of each report, and what its units follow from; the earliest first."""
        found: dict[tuple[str, str], list[tuple[Period, str]]] = {}
        names = {f.form for f in self._forms}
        for key, one in self.reports.current.items():
            if key[0] in names:
                what = f"{key[1]} {one.rows_hash} {self.reports.effect(key)}"
                found.setdefault((key[0], key[2]), []).append((Period.parse(key[1]).last_month, what))
        return {at: sorted(reports) for at, reports in found.items()}

    def _state(self, form: Form, county: str, month: Period) -> str:
        """A hash of all that a county's units follow from as of a month."""
        return short(*(what for last, what in self._reports.get((form.form, county), ()) if last <= month))


def _pairs(rows: pa.Table) -> pa.Array:
    """What a row is found by: a unit that moved is reported by two counties."""
    return pc.binary_join_element_wise(
        rows.column("county_code"), rows.column("unit_code"), " "
    ).combine_chunks()
