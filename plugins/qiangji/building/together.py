"""Accepted rows of many counties in one file: what later months are compared with, and add up over the year.

In: the rows of reports, as corrected, when their facts are loaded. Out: the same rows by county, as long as the report
counts (lake/carried); whatever is not there is read from each county's own file. A nation's month has 3,000 of these,
and a month is compared with the twelve before it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from qiangji.building.carried import Carried
from qiangji.ledger import Current, Key
from qiangji.periods import Period

log = logging.getLogger(__name__)
SHARE = 0.1
"""Of a file's reports that are wanted: for fewer the counties' own files are read."""
_SAID = b"qiangji.reports"


class Reports(Protocol):
    """What counts of the reports, and a hash of the corrections applied to one: `Corrected`."""

    @property
    def current(self) -> Mapping[Key, Current]: ...
    def effect(self, key: Key) -> str: ...


@dataclass(frozen=True)
class _Report:
    county: str
    state: str
    rows: int


@dataclass
class Together:
    """The rows of one build, and what the builds before it left."""

    reports: Reports
    carried: Carried
    _known: dict[Path, tuple[str, list[_Report]]] = field(default_factory=dict, init=False)

    def leave(self, form: str, period: str, tables: Mapping[str, pa.Table]) -> None:
        """Leave the rows of some counties; those of other columns in a file of their own."""
        groups: dict[pa.Schema, list[str]] = {}
        for county, rows in tables.items():
            groups.setdefault(rows.schema, []).append(county)
        for counties in groups.values():
            said = [(c, self._state((form, period, c)), len(tables[c])) for c in counties]
            rows = pa.concat_tables([tables[c] for c in counties]).combine_chunks()
            metadata = {_SAID: json.dumps([period, said]).encode()}
            self.carried.put(_name(form), _month(period), rows.replace_schema_metadata(metadata))

    def leave_others(self, form: str, period: str, counties: Collection[str]) -> None:
        """Leave what the month's last build left of other counties, if it still counts."""
        done = frozenset(counties)
        for path in self.carried.of_the_last(_name(form), _month(period)):
            at, known = self._look(path)
            if at == period and any(
                self._counts(form, period, one) for one in known if one.county not in done
            ):
                self.carried.put_again(path)

    def get(
        self, form: str, period: str, counties: Collection[str], columns: Sequence[str] | None
    ) -> dict[str, pa.Table]:
        """The rows of those of some counties that were left."""
        missing, found = set(counties), dict[str, pa.Table]()
        for find in (self.carried.of_this_build, self.carried.of_the_last):
            for path in find(_name(form), _month(period)):
                at, known = self._look(path)
                wanted = {
                    one.county for one in known if one.county in missing and self._counts(form, period, one)
                }
                if at != period or not wanted or len(wanted) < SHARE * len(known):
                    continue
                rows, start = self.carried.lake.get_carried(path, columns), 0
                if rows is None or len(rows) != sum(one.rows for one in known):
                    continue
                for one in known:
                    if one.county in wanted:
                        found[one.county] = rows.slice(start, one.rows)
                    start += one.rows
                missing -= found.keys()
        return found

    # ---- inside

    def _look(self, path: Path) -> tuple[str, list[_Report]]:
        """The period and the reports that a file says it holds; none of a file that is damaged or gone."""
        import pyarrow.parquet as pq

        if path not in self._known:
            try:
                period, said = json.loads((pq.read_schema(path).metadata or {})[_SAID])
                self._known[path] = period, [_Report(*one) for one in said]
            except (OSError, pa.ArrowException, LookupError, TypeError, ValueError):
                log.warning("%s cannot be read: its rows are read from the counties' own files", path)
                self._known[path] = "", []
        return self._known[path]

    def _counts(self, form: str, period: str, one: _Report) -> bool:
        return one.state == self._state((form, period, one.county))

    def _state(self, key: Key) -> str:
        row = self.reports.current.get(key)
        return f"{row.rows_hash} {self.reports.effect(key)}" if row else ""


def _name(form: str) -> str:
    return f"rows-{form}"


def _month(period: str) -> Period:
    return Period.parse(period).last_month
