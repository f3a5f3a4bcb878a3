"""The lines of org_units.csv: what a line is, what it must hold, and the lines of a file.

In: a CSV with a header. Out: units in the file's order, or a CatalogueError that names each line that does not hold.
`Lines` has a nation's units as Arrow columns and makes one where somebody asks for it. It is used where a file is large
and holds; `read` and `versions_of` take small files, and say what does not hold in others.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from qiangji.errors import CatalogueError, Problems
from qiangji.periods import Period

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
LEVELS = ("city", "county", "town", "village", "group")
"""From the top down. A result row belongs to one of the first four."""
COLUMNS = ("code", "name", "level", "kind", "parent_code", "reports", "valid_from", "valid_to")


@dataclass(frozen=True, slots=True)
class OrgUnit:
    """`kind` tells units of one level apart: village, community, special; county, direct."""

    code: str
    name: str
    level: str
    kind: str
    parent_code: str
    reports: bool
    valid_from: date | None = None
    valid_to: date | None = None
    sort_order: int = field(default=0, compare=False)

    def is_valid(self, period: Period) -> bool:
        """Open on the period's last day."""
        return (self.valid_from is None or self.valid_from <= period.end) and (
            self.valid_to is None or self.valid_to >= period.end
        )


def read(path: Path) -> list[OrgUnit]:
    """The lines of a file, each by itself as it should be."""
    with path.open(encoding="utf-8", newline="") as f:
        reader = csv.DictReader(f)
        missing = [c for c in COLUMNS if c not in (reader.fieldnames or [])]
        if missing:
            raise CatalogueError(f"no column {', '.join(missing)}", where=path, expected=", ".join(COLUMNS))
        units, problems = [], Problems()
        for line, row in enumerate(reader, 2):
            with problems.noting():
                units.append(_unit(row, line, path))
        problems.tell()
        return units


def _unit(row: dict[str, str], line: int, path: Path) -> OrgUnit:
    try:
        unit = OrgUnit(
            code=row["code"],
            name=row["name"],
            level=row["level"],
            kind=row["kind"] or row["level"],
            parent_code=row["parent_code"],
            reports={"true": True, "false": False}[row["reports"]],
            valid_from=date.fromisoformat(row["valid_from"]) if row["valid_from"] else None,
            valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
            sort_order=line - 1,
        )
        if not unit.code or not unit.name:
            raise ValueError("no code or no name")
        if unit.valid_from and unit.valid_to and unit.valid_to < unit.valid_from:
            raise ValueError(f"valid_to {unit.valid_to} is before valid_from {unit.valid_from}")
        return unit
    except (KeyError, TypeError, ValueError) as e:
        raise CatalogueError(
            f"line {line}: {e}",
            where=path,
            expected="a code, a name, reports true or false, dates as 2026-01-31 or empty",
        ) from e


def versions_of(units: Iterable[OrgUnit], where: str) -> dict[str, tuple[OrgUnit, ...]]:
    """Code -> its lines in time order. Raises CatalogueError for lines that do not fit together."""
    lines: dict[str, list[OrgUnit]] = {}
    for unit in units:
        lines.setdefault(unit.code, []).append(unit)
    problems = Problems()
    versions: dict[str, tuple[OrgUnit, ...]] = {}
    for code, found in lines.items():
        with problems.noting():
            versions[code] = _in_time_order(found, where)
    problems.tell()
    for each in versions.values():
        for unit in each:
            with problems.noting():
                _check(unit, versions, where)
    problems.tell()
    return versions


def _in_time_order(lines: list[OrgUnit], where: str) -> tuple[OrgUnit, ...]:
    """A unit's lines by time: of one level, and no two may hold on one day."""
    if other := next((u for u in lines if u.level != lines[0].level), None):
        raise CatalogueError(
            f"line {other.sort_order + 1}: unit {other.code} has another level than its other lines",
            where=where,
            expected="one level a code; of a city without counties, one line of level county without a parent",
        )
    found = sorted(lines, key=lambda u: u.valid_from or date.min)
    for before, after in pairwise(found):
        if before.valid_to is None or after.valid_from is None or after.valid_from <= before.valid_to:
            raise CatalogueError(
                f"line {after.sort_order + 1}: unit {after.code} appears twice with overlapping validity"
                f" (line {before.sort_order + 1})",
                where=where,
                expected="one line a unit, or several of which each ends before the next begins",
                code="overlapping_validity",
            )
    return tuple(found)


def _check(unit: OrgUnit, versions: Mapping[str, tuple[OrgUnit, ...]], where: str) -> None:
    at = f"line {unit.sort_order + 1}: unit {unit.code}"
    if unit.level not in LEVELS[:-1]:
        raise CatalogueError(f"{at} has level {unit.level!r}", where=where, expected=", ".join(LEVELS[:-1]))
    if unit.level == "city":
        if unit.parent_code:
            raise CatalogueError(
                f"{at} has parent {unit.parent_code!r}", where=where, expected="no parent above a city"
            )
        return
    if unit.level == "county" and not unit.parent_code:
        return
    parent = (versions.get(unit.parent_code) or (None,))[-1]
    above = LEVELS[LEVELS.index(unit.level) - 1]
    if parent is None or parent.level != above:
        itself = ", or no parent if it is its own city" if unit.level == "county" else ""
        raise CatalogueError(
            f"{at} has parent {unit.parent_code!r}",
            where=where,
            expected=f"the code of a {above}{itself}",
            code="unknown_unit",
        )


class Lazy(Mapping[str, T]):
    """Code -> what is made of it when it is asked for."""

    def __init__(self, codes: Mapping[str, int], make: Callable[[str], T]) -> None:
        self._codes, self._make = codes, make

    def __getitem__(self, code: str) -> T:
        if code not in self._codes:
            raise KeyError(code)
        return self._make(code)

    def __contains__(self, code: object) -> bool:
        return code in self._codes

    def __iter__(self) -> Iterator[str]:
        return iter(self._codes)

    def __len__(self) -> int:
        return len(self._codes)


class Lines:
    """The units of a large file, a row a unit by its last line: those that never change as Arrow columns alone.

    `dated`: code -> lines in time order, of the units that open, close or change.
    """

    LARGE = 2**20
    """Bytes from which on a file is large: Arrow takes 0.2 s to load, and Python 14 µs a line."""

    def __init__(self, table: pa.Table, dated: dict[str, tuple[OrgUnit, ...]]) -> None:
        self.table, self.dated = table, dated

    @classmethod
    def of(cls, path: Path) -> Lines | None:
        """The units of a file; None if it is small, or anything in it does not hold: `read` says what."""
        if path.stat().st_size < cls.LARGE:
            return None
        import pyarrow as pa
        import pyarrow.compute as pc

        try:
            rows = _as_columns(path)
            codes = rows.column("code")
            first = pc.index_in(codes, value_set=pc.unique(codes))
            again = pc.is_in(codes, value_set=_repeated(codes))
            has_date = pc.or_(*(pc.not_equal(rows.column(n), "") for n in ("valid_from", "valid_to")))
            special = pc.indices_nonzero(pc.or_(again, has_date))
            units = [
                _unit(row, i + 2, path)
                for i, row in zip(special.to_pylist(), rows.take(special).to_pylist(), strict=True)
            ]
            found: dict[str, list[OrgUnit]] = {}
            for unit in units:
                found.setdefault(unit.code, []).append(unit)
            dated = {code: _in_time_order(lines, str(path)) for code, lines in found.items()}
        except (pa.ArrowException, KeyError, CatalogueError):
            return None
        if not _all_hold(rows):
            return None
        return cls(_last_lines(rows, first, dated), dated)

    @cached_property
    def at(self) -> dict[str, int]:
        """Code -> its row."""
        return {code: i for i, code in enumerate(self.table.column("code").to_pylist())}

    @cached_property
    def _columns(self) -> list[list[Any]]:
        """name, level, kind, parent_code, reports and place of each row; texts that are the same are one object."""
        found: list[list[Any]] = []
        for name in ("name", "level", "kind", "parent_code"):
            encoded = self.table.column(name).combine_chunks().dictionary_encode()
            texts = encoded.dictionary.to_pylist()
            found.append([texts[i] for i in encoded.indices.to_pylist()])
        return [*found, *(self.table.column(n).to_pylist() for n in ("reports", "sort_order"))]

    def versions(self, code: str) -> tuple[OrgUnit, ...]:
        return self.dated.get(code) or (self._plain(code),)

    def unit(self, code: str) -> OrgUnit:
        return self.versions(code)[-1]

    def _plain(self, code: str) -> OrgUnit:
        i = self.at[code]
        name, level, kind, parent, reports, place = (column[i] for column in self._columns)
        return OrgUnit(code, name, level, kind, parent, reports, None, None, place)


def _as_columns(path: Path) -> pa.Table:
    """The lines as text, a row a line; `kind` filled in. Raises ArrowException or KeyError for an odd file."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv as pacsv

    with path.open("rb") as f:
        if f.read(3) == b"\xef\xbb\xbf":
            raise KeyError("a byte-order mark is part of the first column's name")
    types = dict.fromkeys(COLUMNS, pa.string())
    options = pacsv.ConvertOptions(column_types=types, include_columns=COLUMNS)
    rows = pacsv.read_csv(path, convert_options=options).combine_chunks()
    kind = pc.if_else(pc.equal(rows.column("kind"), ""), rows.column("level"), rows.column("kind"))
    return rows.set_column(COLUMNS.index("kind"), "kind", kind)


def _repeated(codes: pa.ChunkedArray) -> pa.Array:
    import pyarrow.compute as pc

    counts = pc.value_counts(codes)
    return counts.field("values").filter(pc.greater(counts.field("counts"), 1))


def _all_hold(rows: pa.Table) -> bool:
    """Whether every line holds by itself and against its parent."""
    import pyarrow as pa
    import pyarrow.compute as pc

    level, parent = rows.column("level"), rows.column("parent_code")
    above = pa.array(["", *LEVELS[: len(LEVELS) - 2]])
    wanted = above.take(pc.index_in(level, value_set=pa.array(LEVELS[:-1])))
    at = pc.index_in(parent, value_set=rows.column("code").combine_chunks())
    lies_well = pc.and_(pc.equal(level.take(at), wanted), pc.not_equal(wanted, ""))
    is_top = pc.and_(pc.equal(parent, ""), pc.is_in(level, value_set=pa.array(["city", "county"])))
    holds = [
        pc.is_in(rows.column("reports"), value_set=pa.array(["true", "false"])),
        pc.or_(pc.fill_null(lies_well, False), is_top),
        *(pc.not_equal(rows.column(n), "") for n in ("code", "name")),
    ]
    return all(pc.all(held).as_py() is True for held in holds)


def _last_lines(rows: pa.Table, first: pa.ChunkedArray, dated: Mapping[str, tuple[OrgUnit, ...]]) -> pa.Table:
    """A row a unit, where it comes first, by its last line. `first`: for each line the number of its unit."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    units = first.to_numpy()
    places = np.zeros(units.max(initial=-1) + 1, np.int64)
    places[units[::-1]] = np.arange(len(units))[::-1]  # of several lines the first is written last
    dates = np.full((2, len(places)), np.datetime64("NaT", "D"))
    for lines in dated.values():
        last = lines[-1]
        unit = units[last.sort_order - 1]
        places[unit] = last.sort_order - 1
        dates[:, unit] = [day or "NaT" for day in (last.valid_from, last.valid_to)]
    table = rows.take(pa.array(places))
    reports = pc.equal(table.column("reports"), "true")
    table = table.set_column(COLUMNS.index("reports"), "reports", reports)
    for name, days in zip(("valid_from", "valid_to"), dates, strict=True):
        table = table.set_column(COLUMNS.index(name), name, pa.array(days, pa.date32()))
    return table.append_column("sort_order", pa.array(places + 1))


def table_of(units: Iterable[OrgUnit]) -> pa.Table:
    """Units as `Lines.table` has them."""
    import pyarrow as pa

    found = list(units)
    types = {n: pa.string() for n in COLUMNS} | {"reports": pa.bool_(), "sort_order": pa.int64()}
    types |= {"valid_from": pa.date32(), "valid_to": pa.date32()}
    return pa.table({n: pa.array([getattr(u, n) for u in found], t) for n, t in types.items()})
