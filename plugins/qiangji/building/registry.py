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

from qiangji.building.carried import Carried
from qiangji.building.corrected import Corrected
from qiangji.catalogue import Form
from qiangji.hashing import short
from qiangji.periods import Period

Read = Callable[[Form, Period, Collection[str]], pa.Table]
"""Gives the units that counties report in a period: unit_code, county_code."""
_SCHEMA = pa.schema([("unit_code", pa.string()), ("county_code", pa.string()), ("month", pa.int64())])
_STATES = b"qiangji.states"


@dataclass(frozen=True)
class _Kept:
    """A file of lake/carried: some counties' units as of a month. `states`: county -> see `Registry._state`."""

    path: Path
    month: Period
    states: Mapping[str, str]


@dataclass
class Registry:
    """The registries of one build; without `carried` they are worked out from all reports."""

    reports: Corrected
    carried: Carried | None = None
    _known: dict[Path, _Kept] = field(default_factory=dict, init=False)

    def units(self, form: Form, month: Period, counties: Collection[str], read: Read) -> pa.Table:
        """The units that these counties reported up to a month, with the first month of each: unit_code, month."""
        start: dict[str, Period] = {}
        tables = [_SCHEMA.empty_table()]
        for kept in self._kept(form, month):
            valid = [c for c in counties if c not in start and self._holds(kept, form, c)]
            rows = self.reports.lake.get_carried(kept.path) if valid else None
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

    def leave(self, form: Form, month: Period, counties: Collection[str], units: pa.Table) -> None:
        """Leave the units of these counties as of a month to the builds that follow."""
        if self.carried:
            states = json.dumps({c: self._state(form, c, month) for c in counties})
            self.carried.put(_name(form), month, units.replace_schema_metadata({_STATES: states.encode()}))

    def leave_others(self, month: Period, counties: Collection[str]) -> None:
        """Leave what the month's last build left of other counties."""
        if self.carried is None:
            return
        for form in (f for f in self.reports.catalogue.forms.values() if f.is_registered):
            for path in self.carried.of_the_last(_name(form), month):
                kept = self._look(path, month)
                if any(self._holds(kept, form, c) for c in kept.states.keys() - set(counties)):
                    self.carried.put_again(path)

    # ---- inside

    def _kept(self, form: Form, month: Period) -> Iterator[_Kept]:
        """What is known of a form as of months up to one, the latest first; of a month, what this build left first."""
        if self.carried:
            for last in sorted((m for m in self._months if m <= month), reverse=True):
                for find in (self.carried.of_this_build, self.carried.of_the_last):
                    yield from (self._look(path, last) for path in find(_name(form), last))

    @property
    def _months(self) -> set[Period]:
        """The last months of all reports."""
        return {period.last_month for periods in self._periods.values() for period in periods}

    def _look(self, path: Path, month: Period) -> _Kept:
        import pyarrow.parquet as pq

        if path not in self._known:
            said = (pq.read_schema(path).metadata or {}).get(_STATES, b"{}")
            self._known[path] = _Kept(path, month, json.loads(said))
        return self._known[path]

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
        names = {f.form for f in self.reports.catalogue.forms.values() if f.is_registered}
        for key, one in self.reports.current.items():
            if key[0] in names:
                what = f"{key[1]} {one.rows_hash} {self.reports.effect(key)}"
                found.setdefault((key[0], key[2]), []).append((Period.parse(key[1]).last_month, what))
        return {at: sorted(reports) for at, reports in found.items()}

    def _state(self, form: Form, county: str, month: Period) -> str:
        """A hash of all that a county's units follow from as of a month."""
        return short(*(what for last, what in self._reports.get((form.form, county), ()) if last <= month))


def _name(form: Form) -> str:
    return f"known-{form.form}"


def _pairs(rows: pa.Table) -> pa.Array:
    """What a row is found by: a unit that moved is reported by two counties."""
    return pc.binary_join_element_wise(
        rows.column("county_code"), rows.column("unit_code"), " "
    ).combine_chunks()
