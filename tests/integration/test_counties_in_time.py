"""Counties that end or begin in the course of a year: nothing is due of them outside, and their history stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
import yaml

from qiangji import building, landing, stages
from qiangji.board.overview import units
from qiangji.catalogue.load import load
from qiangji.periods import Period
from tests.conftest import _forget, make_workplace
from tests.golden import world

TREE = {"Z": {"A": {"T": ["a", "b"]}, "B": {"U": ["u"]}, "C": {"W": ["w"]}}}
FORMS: dict[str, Any] = {"v": {"fields": {"n": {"kind": "flow"}, "m": {}}}}
INDICATORS: list[dict[str, Any]] = [{"code": "share", "numerator": {"sum": "n"}, "denominator": {"sum": "m"}}]
DAY, EVE = date(2017, 3, 1), date(2017, 2, 28)
DATED: dict[str, Any] = {
    "closed": {"B": EVE},
    "opened": {"C": DAY, "W": DAY, "w": DAY},
    "moves": [{"unit": "U", "to": "A", "day": DAY}],
    "lineage": [{"kind": "merged_into", "from": "B", "to": "A", "day": DAY}],
}
MONTHS = [Period.parse(f"2017-0{m}") for m in (1, 2, 3)]


@pytest.fixture
def made(tmp_path: Any, postgres: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    found = world.make(tmp_path, TREE, FORMS, INDICATORS, DATED)
    for month in MONTHS[:2]:
        found.put("v", str(month), "unit n m\na 1 9\nb 2 9\nu 8 9")
    found.put("v", "2017-03", "unit n m\na 1 9\nb 2 9\nu 8 9\nw 4 9")
    monkeypatch.setenv("QIANGJI_CATALOGUE", str(found.catalogue))
    monkeypatch.setenv("QIANGJI_EXPECTATIONS", str(found.expectations))
    with make_workplace(tmp_path / "home", postgres, monkeypatch.setenv) as place:
        with place.pipeline() as p:
            stages.collect(p, periods=MONTHS)
        yield found, place


def _ask(place: Any, statement: str) -> list[tuple[Any, ...]]:
    with place.pipeline() as p, p.ledger.engine.connect() as c:
        return [tuple(r) for r in c.execute(sa.text(statement))]


def _built(place: Any, again: bool = False) -> list[tuple[Any, ...]]:
    with place.pipeline() as p:
        building.build(p, MONTHS, now=datetime(2030, 1, 1, tzinfo=UTC), again=again)
    statement = (
        "SELECT org_code, period, period_type, numerator, denominator, reported_units, expected_units"
        " FROM mart.indicator_value WHERE org_level IN ('city', 'county') AND period_type IN ('month', 'ytd')"
        " ORDER BY 1, 3, 2"
    )
    return _ask(place, statement)


def test_nothing_is_due_of_a_county_before_it_opens_and_after_it_ends(made: Any) -> None:
    world_, place = made
    b, c = world_.codes["B"], world_.codes["C"]
    grid = _ask(
        place, "SELECT county_code, period, status FROM mart.reporting_status WHERE period <= '2017-03'"
    )
    found = {(county, period): status for county, period, status in grid}
    assert {found[b, f"2017-0{m}"] for m in (1, 2)} | {found[c, "2017-03"]} == {"accepted"}
    assert found[b, "2017-03"] == found[c, "2017-01"] == found[c, "2017-02"] == "not_due"
    with place.pipeline() as p:
        assert landing.wanted_periods(p.catalogue, b, MONTHS) == [("v", m) for m in MONTHS[:2]]
        assert b not in {x for batch in stages.batches(p.catalogue, MONTHS[2:], 9) for x in batch["counties"]}


def test_a_county_that_leaves_the_entries_keeps_its_history(made: Any) -> None:
    world_, place = made
    before = _built(place)
    assert ("990000", "2017-01", "month", 11, 27, 3, 3) in before
    path = world_.catalogue / "counties.yaml"
    left = [e for e in yaml.safe_load(path.read_text(encoding="utf-8")) if e["county"] != world_.codes["B"]]
    path.write_text(yaml.safe_dump(left), encoding="utf-8")
    _forget()
    assert _built(place, again=True) == before
    assert _ask(place, "SELECT sum(n) FROM fact.v WHERE period = '2017-01'") == [(11,)]


def test_what_is_entered_ahead_is_shown_from_its_day_on(made: Any) -> None:
    """A town that moves, under the names and with the parents of the day on which somebody looks."""
    world_, place = made
    before = "SELECT county_code, parent_code FROM dim.org_unit WHERE name = 'U'"
    for day, county in (("2017-02-28", "B"), ("2017-03-01", "A")):
        with time_machine.travel(f"{day}T04:00:00Z", tick=True):
            _forget()
            assert _ask(place, before) == [(world_.codes[county], world_.codes[county])]
            whole, parts = units(load(world_.catalogue, world_.expectations), world_.codes["B"])
            assert (whole.name, [p.name for p in parts]) == ("B", ["U"] if county == "B" else [])
