"""What follows from all reports until a month, and is carried from month to month: `Chain`.

In: current revisions; what earlier builds left in lake/carried. Out: rows as of a month, which follow from those of the
month before and its own reports, so that history costs nothing. What was left of a county holds while its reports up to
then are the same; else it is worked out from all of them.

| chain | rows |
| --- | --- |
| `known` | since which month each unit of a registered form is known, villager groups above all |
| `year` | of each unit the reports of the year that a year to date rests on (`year.py`) |
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
from qiangji.catalogue.models import Form
from qiangji.hashing import short
from qiangji.periods import Period

_KNOWN = pa.schema([("unit_code", pa.string()), ("county_code", pa.string()), ("month", pa.int64())])
_STATES = b"qiangji.states"


@dataclass(frozen=True)
class Chain:
    """`name`: in lake/carried. `since`: the month from which on reports matter, None: all do.

    `read` gives what counties report in a period, with their `county_code`; `fold` adds that to what is known.
    """

    name: str
    form: Form
    since: Period | None
    empty: pa.Table
    read: Callable[[Form, Period, Collection[str]], pa.Table]
    fold: Callable[[pa.Table, pa.Table, Period], pa.Table]

    @cached_property
    def columns(self) -> str:
        """The rows' columns with their types: an indicator may come to read another field."""
        return repr([(f.name, str(f.type)) for f in self.empty.schema])


def known(form: Form, read: Callable[[Form, Period, Collection[str]], pa.Table]) -> Chain:
    """The units of a registered form: unit_code, and the first month of each. `read` gives unit_code."""
    return Chain(known_name(form), form, None, _KNOWN.empty_table(), read, _with_new)


def known_name(form: Form) -> str:
    return f"known-{form.form}"


def _with_new(units: pa.Table, found: pa.Table, period: Period) -> pa.Table:
    new = found.filter(pc.invert(pc.is_in(pairs(found), value_set=pairs(units)))) if len(units) else found
    new = new.append_column("month", pa.repeat(period.last_month.index, len(new)))
    return pa.concat_tables([units, new.select(_KNOWN.names)])


@dataclass(frozen=True)
class _Kept:
    """A file of lake/carried: some counties' rows as of a month. `states`: county -> see `Registry._state`."""

    path: Path
    month: Period
    states: Mapping[str, str]


@dataclass
class Registry:
    """The chains of one build; without `carried` they are worked out from all reports."""

    reports: Corrected
    carried: Carried | None = None
    _looked_at: dict[Path, _Kept] = field(default_factory=dict, init=False)

    def rows(self, chain: Chain, month: Period, counties: Collection[str]) -> pa.Table:
        """What follows from the reports of these counties up to a month."""
        start: dict[str, Period] = {}
        tables = [chain.empty]
        for kept in self._kept(chain, month):
            valid = [c for c in counties if c not in start and self._holds(kept, chain, c)]
            rows = self.reports.lake.get_carried(kept.path) if valid else None
            if rows is not None:
                mine = pc.is_in(rows.column("county_code"), value_set=pa.array(valid))
                tables.append(rows.filter(mine).replace_schema_metadata())
                start |= dict.fromkeys(valid, kept.month)
            if len(start) == len(counties):
                break
        found = pa.concat_tables(tables).combine_chunks()
        for period in sorted(self._periods.get(chain.form.form, ())):
            last = period.last_month
            if last > month or (chain.since and last < chain.since):
                continue
            missing = [c for c in counties if c not in start or start[c] < last]
            if missing:
                found = chain.fold(found, chain.read(chain.form, period, missing), period).combine_chunks()
        return found

    def leave(self, chain: Chain, month: Period, counties: Collection[str], rows: pa.Table) -> None:
        """Leave the rows of these counties as of a month to the builds that follow."""
        if self.carried:
            states = json.dumps({c: self._state(chain, c, month) for c in counties})
            self.carried.put(chain.name, month, rows.replace_schema_metadata({_STATES: states.encode()}))

    def leave_others(self, name: str, month: Period, counties: Collection[str]) -> None:
        """Leave what the month's last build left of other counties; what does not hold any more is passed over."""
        if not self.carried:
            return
        for path in self.carried.of_the_last(name, month):
            if self._look(path, month).states.keys() - set(counties):
                self.carried.put_again(path)

    # ---- inside

    def _kept(self, chain: Chain, month: Period) -> Iterator[_Kept]:
        """What was left as of months up to one, the latest first; of a month, what this build left first."""
        if self.carried:
            for last in sorted((m for m in self._months if m <= month), reverse=True):
                if chain.since and last < chain.since:
                    return
                for find in (self.carried.of_this_build, self.carried.of_the_last):
                    yield from (self._look(path, last) for path in find(chain.name, last))

    @cached_property
    def _months(self) -> set[Period]:
        """The last months of all reports."""
        return {period.last_month for periods in self._periods.values() for period in periods}

    def _look(self, path: Path, month: Period) -> _Kept:
        import pyarrow.parquet as pq

        if path not in self._looked_at:
            said = (pq.read_schema(path).metadata or {}).get(_STATES, b"{}")
            self._looked_at[path] = _Kept(path, month, json.loads(said))
        return self._looked_at[path]

    def _holds(self, kept: _Kept, chain: Chain, county: str) -> bool:
        """Whether a county's rows are still those that were kept."""
        return kept.states.get(county) == self._state(chain, county, kept.month)

    @cached_property
    def _periods(self) -> dict[str, set[Period]]:
        found: dict[str, set[Period]] = {}
        for form, period in self.reports.counties:
            found.setdefault(form, set()).add(Period.parse(period))
        return found

    @cached_property
    def _reports(self) -> dict[tuple[str, str], list[tuple[Period, str]]]:
        """Form and county -> the last month of each report, and what its rows follow from; the earliest first."""
        found: dict[tuple[str, str], list[tuple[Period, str]]] = {}
        for key, one in self.reports.current.items():
            what = f"{key[1]} {one.rows_hash} {self.reports.effect(key)}"
            found.setdefault((key[0], key[2]), []).append((Period.parse(key[1]).last_month, what))
        return {at: sorted(reports) for at, reports in found.items()}

    def _state(self, chain: Chain, county: str, month: Period) -> str:
        """A hash of all that a county's rows follow from as of a month, and of the columns that they have."""
        said = self._reports.get((chain.form.form, county), ())
        mine = (what for last, what in said if last <= month and (chain.since is None or last >= chain.since))
        return short(chain.columns, *mine)


def pairs(rows: pa.Table) -> pa.Array:
    """What a row is found by: a unit that moved is reported by two counties."""
    return pc.binary_join_element_wise(
        rows.column("county_code"), rows.column("unit_code"), " "
    ).combine_chunks()
