"""A tree whose top is a county (a county's own installation, or 东莞): every door shows its figures as a city's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from qiangji import building, stages
from qiangji.board import overview
from qiangji.board.state import State
from qiangji.exporting import extract
from qiangji.exporting.superset.dashboards import dashboards
from qiangji.exporting.superset.datasets import DATASETS
from qiangji.figures import Choice, read, reading
from qiangji.letters.situation import situation
from qiangji.periods import Period
from tests.conftest import make_workplace
from tests.golden import world

FORMS: dict[str, Any] = {"v": {"fields": {"n": {}, "m": {}}}}
INDICATORS: list[dict[str, Any]] = [{"code": "share", "numerator": {"sum": "n"}, "denominator": {"sum": "m"}}]
MONTHS = [Period.parse("2017-01"), Period.parse("2017-02")]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("lone")
    made = world.make(folder, {"": {"A": {"T": ["a", "b"]}}}, FORMS, INDICATORS)
    for month in MONTHS:
        made.put("v", str(month), "unit n m\na 8 9\nb 2 9")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
        patch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
        with make_workplace(Path(folder) / "home", postgres, patch.setenv) as place, place.pipeline() as p:
            stages.collect(p, periods=MONTHS)
            building.build(p, MONTHS, now=datetime(2030, 1, 1, tzinfo=UTC))
            yield p


@pytest.mark.parametrize("level", [None, "county", "town"])
def test_values_of_a_month_are_shown_at_every_level(built: Any, level: str | None) -> None:
    rows = reading.values(built.ledger.engine, built.catalogue, Choice(level=level), "2017-02")
    assert [(r["org_level"], r["numerator"]) for r in rows] == [(level or "county", 10)]


def test_an_export_has_them(built: Any) -> None:
    made = extract(built.ledger.engine, built.catalogue, Choice(), MONTHS, datetime.now(UTC))
    assert made.periods == ["2017-01", "2017-02"]


def test_the_datasets_of_bi_tools_and_the_dashboards_have_them(built: Any) -> None:
    found = {d.name: read(built.ledger.engine, d.sql) for d in DATASETS if d.is_of_months}
    assert {(name, r["month"]) for name, rows in found.items() for r in rows} >= {
        (name, str(month)) for name in found for month in MONTHS
    }
    levels = {
        w.value
        for d in dashboards(built.catalogue)
        for c in d.charts
        for w in c.where
        if w.column == "org_level"
    }
    assert "city" not in levels


def test_the_board_and_the_letter_have_them(built: Any) -> None:
    page = overview.overview(built.ledger.engine, built.catalogue, State("", MONTHS[1]))
    assert page.whole.name == "A"
    assert [(r["period"], r["numerator"]) for r in page.rows if r["org_level"] == "county"] == [
        ("2017-02", 10)
    ]
    told = situation(built.ledger.engine, built.catalogue, datetime.now(UTC))
    assert [f["numerator"] for f in told.figures] == [10]
