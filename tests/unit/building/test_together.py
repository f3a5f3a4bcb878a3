"""Rows of many counties in one file: what a build leaves is what it and the builds after it read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qiangji.building.carried import Carried
from qiangji.building.corrected import Corrected
from qiangji.building.together import Together
from qiangji.lake import Lake
from qiangji.ledger import Current, Key
from qiangji.periods import Period
from qiangji.pipeline import read_catalogue

FORM, PERIOD = "village_group", "2026-09"
COUNTIES = [f"44070{n}" for n in range(1, 8)]


def rows_of(county: str, first: int = 1) -> pa.Table:
    return pa.table({"group_code": [f"{county}00120301", f"{county}00120302"], "households": [first, 2]})


class Small:
    """A lake with one report a county, and builds on it."""

    def __init__(self, root: Path) -> None:
        self.lake = Lake(root)
        self.current: dict[Key, Current] = {}
        for county in COUNTIES:
            self.send(county, rows_of(county))

    def send(self, county: str, rows: pa.Table) -> None:
        digest = self.lake.put_rows("reports", FORM, PERIOD, county, rows)
        self.current[FORM, PERIOD, county] = Current(digest, 1, f"d-{county}")

    def build(self, build_id: str, before: str = "") -> Corrected:
        reports = Corrected(read_catalogue(), self.lake, dict(self.current))
        carried = Carried(self.lake, build_id, {Period.parse(PERIOD): before} if before else {})
        reports.together = Together(reports, carried)
        return reports

    def read(self, reports: Corrected, columns: list[str] | None = None) -> dict[str, pa.Table]:
        digests = {county: self.current[FORM, PERIOD, county].rows_hash for county in COUNTIES}
        return reports.get_many(FORM, PERIOD, digests, columns)


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path / "lake")


def lost(small: Small, *counties: str) -> None:
    """The counties' own files are gone: what is read must come from what was left."""
    for county in counties:
        digest = small.current[FORM, PERIOD, county].rows_hash
        small.lake.rows_path("reports", FORM, PERIOD, county, digest).unlink()


def test_a_build_reads_what_it_left_and_no_county_by_itself(small: Small) -> None:
    reports = small.build("20260101T000000-aaaaaaaa")
    assert reports.together
    reports.together.leave(FORM, PERIOD, {county: rows_of(county) for county in COUNTIES})
    lost(small, *COUNTIES)
    found = small.read(reports)
    assert list(found) == COUNTIES
    assert all(found[county].equals(rows_of(county)) for county in COUNTIES)


def test_the_next_build_reads_what_the_last_one_left(small: Small) -> None:
    first = small.build("20260101T000000-aaaaaaaa")
    assert first.together
    first.together.leave(FORM, PERIOD, {county: rows_of(county) for county in COUNTIES})
    later = small.build("20260102T000000-bbbbbbbb", before="20260101T000000-aaaaaaaa")
    lost(small, *COUNTIES)
    found = small.read(later, ["group_code", "no_such_column"])
    assert [t.column_names for t in found.values()] == [["group_code"]] * len(COUNTIES)
    assert found[COUNTIES[3]].column("group_code").to_pylist() == [
        f"{COUNTIES[3]}00120301",
        f"{COUNTIES[3]}00120302",
    ]


def test_a_county_that_sent_another_report_since_is_read_from_its_own_file(small: Small) -> None:
    first = small.build("20260101T000000-aaaaaaaa")
    assert first.together
    first.together.leave(FORM, PERIOD, {county: rows_of(county) for county in COUNTIES})
    again, *others = COUNTIES
    small.send(again, rows_of(again, first=9))
    later = small.build("20260102T000000-bbbbbbbb", before="20260101T000000-aaaaaaaa")
    lost(small, *others)
    found = small.read(later)
    assert found[again].column("households").to_pylist() == [9, 2]
    assert found[others[0]].column("households").to_pylist() == [1, 2]


def flipped(held: bytes, at: int) -> bytes:
    return held[:at] + bytes([held[at] ^ 0xFF]) + held[at + 1 :]


def foreign(_: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"other": [1]}), sink)
    return sink.getvalue().to_pybytes()


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "a flipped byte of a page": lambda held: flipped(held, 40),
    "a flipped byte of the footer": lambda held: flipped(held, len(held) - 7),
    "half of it": lambda held: held[: len(held) // 2],
    "all but three bytes": lambda held: held[:-3],
    "nothing": lambda _: b"",
    "another file": foreign,
}


@pytest.mark.parametrize("what", DAMAGES)
def test_a_damaged_file_costs_nothing_and_is_left_to_nobody(small: Small, what: str) -> None:
    first = small.build("20260101T000000-aaaaaaaa")
    assert first.together
    first.together.leave(FORM, PERIOD, {county: rows_of(county) for county in COUNTIES})
    month = Period.parse(PERIOD)
    (left,) = first.together.carried.of_this_build(f"rows-{FORM}", month)
    left.write_bytes(DAMAGES[what](left.read_bytes()))
    again = small.build("20260101T000000-aaaaaaaa")
    later = small.build("20260102T000000-bbbbbbbb", before="20260101T000000-aaaaaaaa")
    for reports in (again, later):
        assert all(found.equals(rows_of(county)) for county, found in small.read(reports).items())
    assert later.together
    assert later.together.carried.whole([left]) == []
    later.together.leave_others(FORM, PERIOD, [])
    if "page" not in what:  # its pages are not read for that
        assert later.together.carried.of_this_build(f"rows-{FORM}", month) == []


def test_of_a_county_of_many_its_own_file_is_read(small: Small) -> None:
    """To read a file of all for one of them would cost more."""
    reports = small.build("20260101T000000-aaaaaaaa")
    assert reports.together
    many = [f"99{n:04}" for n in range(20)]
    for county in many:
        small.send(county, rows_of(county))
    reports = small.build("20260101T000000-aaaaaaaa")
    assert reports.together
    reports.together.leave(FORM, PERIOD, {county: rows_of(county) for county in many})
    lost(small, many[0])
    digest = small.current[FORM, PERIOD, many[0]].rows_hash
    with pytest.raises(FileNotFoundError):
        reports.get_many(FORM, PERIOD, {many[0]: digest})
