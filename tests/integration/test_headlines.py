"""What `qiangji values` shows of a month: each indicator by its headline, and of quarters the last complete one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from qiangji import building, stages
from qiangji.exporting import extract
from qiangji.exporting.superset.datasets import DATASETS
from qiangji.figures import Choice, explaining, nothing, read, reading
from qiangji.periods import Period
from qiangji.settings import settings
from tests.conftest import make_workplace
from tests.golden import world as worlds

FORMS: dict[str, Any] = {
    "m": {"fields": {"n": {}, "grown": {"kind": "ytd"}}},
    "q": {"grain": "town", "period_type": "quarter", "fields": {"n": {}, "trained": {"kind": "ytd"}}},
}
ROWS = {"form": "m", "count": "rows"}
TOWNS = {"form": "q", "count": "rows"}
INDICATORS = [
    {"code": "monthly", "numerator": {"form": "m", "sum": "n"}, "denominator": ROWS},
    {"code": "grown", "numerator": {"form": "m", "sum": "grown"}, "denominator": ROWS, "headline": "ytd"},
    {
        "code": "quarterly",
        "numerator": {"form": "q", "sum": "n"},
        "denominator": TOWNS,
        "headline": "quarter",
    },
    {"code": "trained", "numerator": {"form": "q", "sum": "trained"}, "denominator": ROWS, "headline": "ytd"},
]
MOMENTS: list[datetime] = []
"""One: before the last month was built, and after the others were."""
Show = Callable[[str], dict[str, tuple[str, str, int]]]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Any]:
    """A pipeline over eight months and two quarters, all built."""
    folder = tmp_path_factory.mktemp("headlines")
    made = worlds.make(folder, {"Z": {"A": {"T": ["V"]}}}, FORMS, INDICATORS)
    months = [Period.parse(f"2017-{m:02d}") for m in range(1, 9)]
    for i, month in enumerate(months, 1):
        made.put("m", str(month), [{"unit": "V", "n": i, "grown": 10 * i}])
    made.put("q", "2017Q1", [{"unit": "T", "n": 100, "trained": 30}])
    made.put("q", "2017Q2", [{"unit": "T", "n": 200, "trained": 60}])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
        patch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
        with make_workplace(Path(folder) / "home", postgres, patch.setenv) as place, place.pipeline() as p:
            stages.collect(p, periods=months)
            building.build(p, months[:-1], now=datetime(2030, 1, 1, tzinfo=UTC))
            MOMENTS.append(datetime.now(UTC))
            building.build(p, months, now=datetime(2030, 1, 1, tzinfo=UTC))
            yield p


@pytest.fixture(scope="module")
def shown(built: Any) -> Show:
    """A month -> indicator -> period type, period and numerator at the city, as printed by default."""

    def show(period: str) -> dict[str, tuple[str, str, int]]:
        rows = reading.values(built.ledger.engine, built.catalogue, Choice(level="city"), period)
        return {r["indicator_code"]: (r["period_type"], r["period"], r["numerator"]) for r in rows}

    return show


def test_a_month_that_completes_a_quarter_shows_that_quarter(shown: Show) -> None:
    assert shown("2017-06") == {
        "monthly": ("month", "2017-06", 6),
        "grown": ("ytd", "2017-06", 60),
        "quarterly": ("quarter", "2017Q2", 200),
        "trained": ("ytd", "2017-06", 60),
    }


def test_a_month_within_a_quarter_shows_the_last_complete_one(shown: Show) -> None:
    assert shown("2017-08") == {
        "monthly": ("month", "2017-08", 8),
        "grown": ("ytd", "2017-08", 80),
        "quarterly": ("quarter", "2017Q2", 200),
        "trained": ("ytd", "2017-06", 60),
    }


def test_before_the_first_quarter_is_complete_there_is_none(shown: Show) -> None:
    assert set(shown("2017-02")) == {"monthly", "grown"}


def test_a_month_of_which_nothing_is_built_shows_no_older_month(shown: Show) -> None:
    """And no older quarter either: what is asked is not built, and `values` says so."""
    assert shown("2017-10") == {}


def test_quarters_older_than_a_year_are_not_shown(shown: Show) -> None:
    assert shown("2018-06") == {}


def test_a_quarter_shows_whatever_it_has(shown: Show) -> None:
    assert shown("2017Q1") == {
        "monthly": ("quarter", "2017Q1", 3),
        "grown": ("quarter", "2017Q1", 30),
        "quarterly": ("quarter", "2017Q1", 100),
        "trained": ("quarter", "2017Q1", 30),
    }


def test_an_export_of_months_has_each_figure_once(built: Any, shown: Show) -> None:
    """A quarter is the headline of the months after it as well, and is one figure."""
    months = [Period.parse(f"2017-{m:02d}") for m in range(1, 9)]
    made = extract(built.ledger.engine, built.catalogue, Choice(level="city"), months, datetime.now(UTC))
    found = [(r["indicator_code"], r["period_type"], r["period"], r["numerator"]) for r in made.rows]
    assert sorted(found) == sorted({(i, *figure) for m in months for i, figure in shown(str(m)).items()})
    assert [r["indicator_code"] for r in made.indicators] == ["monthly", "grown", "quarterly", "trained"]


def test_an_export_without_a_period_is_of_the_last_month(built: Any, shown: Show) -> None:
    made = extract(built.ledger.engine, built.catalogue, Choice(level="city"), [], datetime.now(UTC))
    assert {r["indicator_code"]: (r["period_type"], r["period"], r["numerator"]) for r in made.rows} == shown(
        "2017-08"
    )


def test_a_month_that_was_built_later_says_so(built: Any) -> None:
    """And not that its indicators are not made at that level."""
    engine, catalogue = built.ledger.engine, built.catalogue
    said = nothing.why_none(engine, catalogue, Choice(level="city"), "2017-08", None, MOMENTS[0])
    assert "2017-08尚未计算：首次计算于" in said
    assert "2017-08 was not built by" in said
    assert not reading.values(
        engine, catalogue, Choice(level="city"), "2017-08", state=reading.State(MOMENTS[0])
    )
    assert reading.values(engine, catalogue, Choice(level="city"), "2017-07", state=reading.State(MOMENTS[0]))


def test_a_moment_before_the_first_build_says_which_one_works(built: Any) -> None:
    engine, catalogue = built.ledger.engine, built.catalogue
    first = explaining.first_built(engine)
    assert first
    early = first - timedelta(days=1)
    said = nothing.why_none(engine, catalogue, Choice(level="city"), as_of=early)
    zh, en = said.split("\n")
    works = re.search(r"--as-of应为(\S+)或更晚", zh)
    assert works
    assert f"from {works[1]} on" in en
    state = reading.State(datetime.fromisoformat(works[1]).replace(tzinfo=ZoneInfo(settings().timezone)))
    assert reading.values(engine, catalogue, Choice(level="city"), state=state)
    of_a_period = nothing.why_none(engine, catalogue, Choice(level="city"), "2017-08", None, early)
    assert "2017-08 was not built by" in of_a_period


def test_the_dataset_of_bi_tools_has_what_is_shown(built: Any) -> None:
    """Of every built month with reports, at every level down to towns; the metric of one row is its value."""
    dataset = next(d for d in DATASETS if d.name == "headline")
    ratio = next(m for m in dataset.metrics if m.name == "ratio")
    found = read(
        built.ledger.engine,
        f"SELECT month, indicator_code, org_code, period, period_type, max(value) AS value, {ratio.sql} AS ratio"
        f" FROM ({dataset.sql}) AS d GROUP BY 1, 2, 3, 4, 5",
    )
    months = [f"2017-{m:02d}" for m in range(1, 9)]
    wanted = {
        (month, r["indicator_code"], r["org_code"], r["period"], r["period_type"]): r["value"]
        for month in months
        for level in ("city", "county", "town")
        for r in reading.values(built.ledger.engine, built.catalogue, Choice(level=level), month)
    }
    of = ("month", "indicator_code", "org_code", "period", "period_type")
    assert {tuple(r[c] for c in of): r["value"] for r in found} == wanted
    assert {tuple(r[c] for c in of): r["ratio"] for r in found} == wanted
    assert len(wanted) > 80


def test_the_metric_is_empty_where_rows_do_not_belong_together(built: Any) -> None:
    dataset = next(d for d in DATASETS if d.name == "headline")
    ratio = next(m for m in dataset.metrics if m.name == "ratio")
    for grouped in ("indicator_code, org_level", "month, org_level", "month, indicator_code"):
        found = read(
            built.ledger.engine,
            f"SELECT {ratio.sql} AS ratio, count(*) AS n FROM ({dataset.sql}) AS d GROUP BY {grouped}",
        )
        assert {r["ratio"] for r in found if r["n"] > 1} == {None}, grouped
    (one,) = read(
        built.ledger.engine,
        f"SELECT {ratio.sql} AS ratio FROM (SELECT * FROM ({dataset.sql}) AS d WHERE month = '2017-06'"
        " AND indicator_code = 'monthly' AND org_level = 'town') AS h",
    )
    assert one["ratio"] == 6
    hidden = f"SELECT {ratio.sql} AS ratio FROM (SELECT h.month, h.indicator_code, h.period, h.period_type,"
    hidden += " h.org_level, h.factor, h.numerator, h.denominator, 'Q' AS obs_status"
    hidden += f" FROM ({dataset.sql}) AS h WHERE month = '2017-06' AND indicator_code = 'monthly'"
    assert read(built.ledger.engine, f"{hidden} AND org_level = 'town') AS h")[0]["ratio"] is None
