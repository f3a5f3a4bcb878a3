"""Counties whose figures depend on no county outside, and what builds leave to each other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pytest

from qiangji.building import parts as parted
from qiangji.building.carried import Carried
from qiangji.building.parts import Part, Parts
from qiangji.catalogue.lineage import Link
from qiangji.catalogue.tree import OrgTree, OrgUnit
from qiangji.lake import Lake
from qiangji.periods import Period

OCTOBER = Period.parse("2026-10")
CITIES = {"1": ["11", "12"], "2": ["21"], "3": ["31"]}
"""City -> its counties; the county 4 is its own city."""


def lines() -> list[OrgUnit]:
    found = [OrgUnit(c, c, "city", "city", "", False) for c in CITIES]
    for county, city in [*((x, c) for c, counties in CITIES.items() for x in counties), ("4", "")]:
        found.append(OrgUnit(county, county, "county", "county", city, True))
        found.append(OrgUnit(f"{county}t", "t", "town", "town", county, True))
        found += [OrgUnit(f"{county}v{n}", "v", "village", "village", f"{county}t", True) for n in range(3)]
    return found


def parts_of(units: Sequence[OrgUnit], lineage: Sequence[Link] = ()) -> Parts:
    counties = dict.fromkeys([u.code for u in units if u.level == "county"] + ["nowhere"])
    catalogue = SimpleNamespace(org=OrgTree(units), lineage=tuple(lineage), all_counties=counties)
    return Parts(cast("Any", catalogue))


def counties_around(parts: Parts, *codes: str) -> list[str] | None:
    part = parts.around(set(codes))
    return None if part is None else sorted(part.counties)


def test_a_city_is_a_part_with_all_that_lies_beneath_it() -> None:
    parts = parts_of(lines())
    assert counties_around(parts, "11") == ["11", "12"]
    assert counties_around(parts, "21") == ["21"]
    assert counties_around(parts, "4") == ["4"]
    assert counties_around(parts, "2", "4") == ["21", "4"]
    part = parts.around({"21"})
    assert part
    assert part.holds(["2", "21t", "21v0", "31v0"]) == ["2", "21t", "21v0"]


def test_of_more_than_half_or_of_what_is_unknown_all_is_computed() -> None:
    parts = parts_of(lines())
    assert counties_around(parts, "11", "21") is None
    assert counties_around(parts, "nowhere") is None
    alone = parts_of([u for u in lines() if u.code.startswith("1")])
    assert counties_around(alone, "11") is None
    assert [(sorted(p.counties), p.units) for p in alone.whole()] == [(["11", "12", "nowhere"], None)]


def test_cities_between_which_a_unit_moved_are_one_part() -> None:
    town = OrgUnit("21t", "t", "town", "town", "21", True, valid_to=date(2026, 3, 31))
    moved = OrgUnit("21t", "t", "town", "town", "31", True, valid_from=date(2026, 4, 1))
    units = [u for u in lines() if u.code != "21t"]
    at = next(i for i, u in enumerate(units) if u.code == "21v0")
    parts = parts_of([*units[:at], town, moved, *units[at:]])
    assert counties_around(parts, "31") == counties_around(parts, "21") == ["21", "31"]
    assert counties_around(parts, "4") == ["4"]


def test_cities_of_which_a_unit_became_anothers_are_one_part() -> None:
    parts = parts_of(lines(), [Link("merged_into", "21v0", "4v0", date(2026, 4, 1))])
    assert counties_around(parts, "4") == ["21", "4"]
    assert counties_around(parts, "31") == ["31"]


def test_a_whole_month_is_parts_that_hold_each_unit_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parted, "VILLAGES", 6)
    whole = parts_of(lines()).whole()
    assert len(whole) == 3
    counties = [c for part in whole for c in part.counties]
    assert sorted(counties) == ["11", "12", "21", "31", "4", "nowhere"]
    units = [code for part in whole if part.units is not None for code in part.units.to_pylist()]
    assert sorted(units) == sorted(u.code for u in lines())
    rows = pa.table({"org_code": ["1", "4v1"]})
    assert [len(part.chosen(rows)) for part in whole].count(0) == 1
    assert len(Part(()).chosen(rows)) == 2


def test_where_files_have_no_links_what_is_carried_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(tmp_path)
    first = Carried(lake, "20261101T000000-a", {})
    first.put("x", OCTOBER, pa.table({"n": [1]}))
    then = Carried(lake, "20261102T000000-b", {OCTOBER: first.build_id})

    def no_links(*_: object) -> None:
        raise PermissionError("Operation not permitted")

    monkeypatch.setattr("os.link", no_links)
    then.put_again(then.of_the_last("x", OCTOBER)[0])
    assert [t.column("n").to_pylist() for t in then.rows("x", OCTOBER)] == [[1]]
    assert len(then.of_this_build("x", OCTOBER)) == 1


def test_what_is_carried_is_of_the_last_build_and_whole_or_nothing(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    first = Carried(lake, "20261101T000000-a", {})
    first.put("x", OCTOBER, pa.table({"n": [1]}), ["11"])
    first.put("x", OCTOBER, pa.table({"n": [2]}), ["21"])
    then = Carried(lake, "20261102T000000-b", {OCTOBER: first.build_id})

    def numbers(*counties: str) -> list[int]:
        return sorted(n for t in then.rows("x", OCTOBER, counties) for n in t.column("n").to_pylist())

    assert numbers("11", "21") == [1, 2]
    assert numbers("31") == []
    (path, _) = then.of_the_last("x", OCTOBER)
    then.put_again(path)
    then.put_again(path)
    assert [p.name for p in then.of_this_build("x", OCTOBER)] == [path.name]
    assert numbers("11") == [1]
    assert numbers("11", "21") == []  # this build has not left all of it
    path = then.of_this_build("x", OCTOBER)[0]
    content = bytearray(path.read_bytes())
    content[8] ^= 0xFF
    path.unlink()
    path.write_bytes(content)
    assert numbers("11") == []  # damaged
    lake.sweep_carried({then.build_id})
    assert [p.name for p in (tmp_path / "carried").iterdir()] == [then.build_id]
