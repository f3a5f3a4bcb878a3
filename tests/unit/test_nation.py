"""The nation that `bench/national.py` measures: the same rows at every share, a catalogue that holds, and the floor."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from bench import nation_world
from bench.nation_world import World
from qiangji import indicators
from qiangji.catalogue.load import load

MONTH = "2026-01"


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(nation_world, "MADE", tmp_path)
    return tmp_path


@pytest.mark.usefixtures("made")
def test_a_small_share_is_a_catalogue_with_its_files() -> None:
    from bench import (
        nation_floor,  # duckdb complains at the end of a process that had it before the tests began
    )

    world = World(0.001, MONTH)
    counts = world.made()
    catalogue = load(world.catalogue, world.expectations)
    assert counts["counties"] == len(catalogue.counties) == counts["files"] == 2
    assert {i.code for i in indicators.bases(catalogue)[0].indicators} == set(nation_floor.SIDES)
    assert "".join(indicators.PARTS) == nation_floor.PARTS
    assert {i.code for i in indicators.bases(catalogue)[0].persons} == set(nation_floor.PERSONS)
    assert world.made() == counts, "made once"


@pytest.mark.usefixtures("made")
def test_the_floor_takes_what_holds_and_no_more() -> None:
    import duckdb

    from bench import nation_floor

    taken = {}
    for rejected in (0.0, 0.05):
        world = World(0.001, MONTH, rejected)
        rows = world.made()["rows"]
        with duckdb.connect() as duck:
            for statement in (
                nation_floor.read(world),
                nation_floor.units(world),
                nation_floor.validated(world),
            ):
                duck.execute(statement)
            taken[rejected] = duck.table("accepted").shape[0] / rows
    assert taken[0.0] == 1
    assert 0.94 < taken[0.05] < 0.96


@pytest.mark.usefixtures("made")
def test_a_tenth_has_the_rows_that_the_whole_has() -> None:
    """Figures follow from codes alone; workbooks have the rows of the tables."""
    found = {}
    for xlsx in (0.0, 1.0):
        world = World(0.001, MONTH, xlsx=xlsx)
        assert world.made()["files"] == 2
        paths = sorted(world.folder.glob("tables/*/*.csv"))
        found[xlsx] = [list(csv.reader(p.open(encoding="utf-8", newline=""))) for p in paths]
        suffixes = {p.suffix for p in world.catalogue.glob("incoming/*/*")}
        assert suffixes == {".xlsx" if xlsx else ".csv"}
    assert found[0.0] == found[1.0]


def test_a_county_with_its_citys_code_has_no_city() -> None:
    units = list(
        nation_world._units(
            [("441900", "东莞市", "441900"), ("440705", "新会区", "440700")],
            nation_world._villages(["441900"]),
        )
    )
    assert [u[:5] for u in units[:3]] == [
        ("440700", "440700市", "city", "city", ""),
        ("441900", "东莞市", "county", "county", ""),
        ("440705", "新会区", "county", "county", "440700"),
    ]
