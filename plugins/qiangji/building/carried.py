"""What a build leaves to the builds that follow, by month: rows from which a later month's are worked out.

In: rows with a name, of a month and of some counties. Out: those that the month's last build left, this build included
(lake/carried). It may all be lost: what is not there is worked out from the reports again.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from qiangji.lake import Lake
from qiangji.periods import Period

_COUNTIES = b"qiangji.counties"


@dataclass
class Carried:
    """Of one build. `before`: built months, and the builds that built them last."""

    lake: Lake
    build_id: str
    before: Mapping[Period, str]
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1), init=False)

    def put(self, name: str, month: Period, rows: pa.Table, counties: Collection[str] = ()) -> None:
        """Leave rows in which these counties are whole."""
        file = f"{name}-{month}-{self.build_id.rpartition('-')[2]}-{next(self._numbers)}"
        said = {_COUNTIES: json.dumps(list(counties)).encode()}
        rows = rows.replace_schema_metadata({**(rows.schema.metadata or {}), **said})
        self.lake.put_carried(self.build_id, file, rows)

    def put_again(self, path: Path) -> None:
        """Leave to the next builds what an earlier one left."""
        self.lake.carry_over(self.build_id, path)

    def of_this_build(self, name: str, month: Period) -> list[Path]:
        return self._files(self.build_id, name, month)

    def of_the_last(self, name: str, month: Period) -> list[Path]:
        """What the build left that built the month before this one."""
        return self._files(self.before[month], name, month) if month in self.before else []

    def rows(self, name: str, month: Period, counties: Collection[str] = ()) -> list[pa.Table]:
        """What was left of a month in which these counties are whole; nothing where one is not, or any is damaged."""
        tables = self.whole(self.of_this_build(name, month) or self.of_the_last(name, month))
        known = {county for _, mine in tables for county in mine}
        return [rows for rows, _ in tables] if known.issuperset(counties) else []

    def whole(self, paths: Iterable[Path]) -> list[tuple[pa.Table, list[str]]]:
        """The rows of files that are not damaged, each with the counties that are whole in it."""
        found = [rows for path in paths if (rows := self.lake.get_carried(path)) is not None]
        said = [(rows, (rows.schema.metadata or {}).get(_COUNTIES)) for rows in found]
        return [(rows, json.loads(counties)) for rows, counties in said if counties is not None]

    def _files(self, build_id: str, name: str, month: Period) -> list[Path]:
        return sorted(self.lake.carried(build_id).glob(f"{name}-{month}-*.parquet"))
