"""Superset's dashboards in a real Superset: imported twice, every chart asked through its API, each figure compared.

Takes minutes and an environment of its own, and so stands outside `make test`: `make test-bi` runs it.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from qiangji.exporting.superset import texts
from qiangji.exporting.superset.charts import Chart
from qiangji.exporting.superset.dashboards import dashboards
from qiangji.figures import Choice, reading
from tests.bi.server import USER, superset, uploader
from tests.integration.nights import Night, night

upload = uploader()

Row = dict[str, Any]
VALUES = ("ratio", "one_value", "value")
"""Columns and metrics that are an indicator's figure."""
BANDS = ("green", "yellow", "red")


@dataclass
class Bench:
    """A warehouse after a night, and a Superset with the assets, brought in twice."""

    done: Night
    session: Any
    folder: Path
    warehouse: str
    first: dict[str, dict[str, int]]
    second: dict[str, dict[str, int]]
    compared: Counter[str]
    password: str

    @property
    def charts(self) -> list[tuple[Any, Chart]]:
        return [(d, c) for d in dashboards(self.done.pipeline.catalogue) for c in d.charts]

    def rows(self, chart: Chart, **chosen: str) -> list[Row]:
        """What Superset shows where a dashboard's filters say this; from its stored query, as its own page asks."""
        number = self.second["chart"][ids_of(self.folder, chart.key)]
        stored = json.loads(self.session.ask("GET", f"chart/{number}")["result"]["query_context"])
        stored["queries"][0]["filters"] += [{"col": c, "op": "==", "val": v} for c, v in chosen.items()]
        answer = self.session.ask("POST", "chart/data", stored)["result"][0]
        assert answer["error"] is None
        return [chosen | row for row in answer["data"]]


def ids_of(folder: Path, key: str) -> str:
    return upload._UUID.search((folder / "charts" / f"{key}.yaml").read_text(encoding="utf-8"))[1]


def known(session: Any) -> dict[str, dict[str, int]]:
    return {
        k: {r["uuid"]: r["id"] for r in session.rows(k)}
        for k in ("database", "dataset", "chart", "dashboard")
    }


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Bench]:
    with night(tmp_path_factory.mktemp("night"), postgres, scale=0.1) as done:
        assert done.run().failures == []
        folder = tmp_path_factory.mktemp("assets")
        with done.pipeline.ledger.engine.connect() as c:
            for path, text in texts(done.pipeline.catalogue, c).items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_text(text, encoding="utf-8")
        postgres.ensure_role("qiangji_bi")
        database = done.place.url.rpartition("/")[2]
        warehouse = postgres.url(database, role="qiangji_bi", driver=None)
        with superset(tmp_path_factory.mktemp("superset")) as (address, password):
            session = upload.Superset(address)
            session.log_in(USER, password)
            assert upload.upload(session, folder, warehouse) == []
            first = known(session)
            assert upload.upload(session, folder, warehouse) == []
            yield (
                made := Bench(done, session, folder, warehouse, first, known(session), Counter(), password)
            )
            print(f"\ncompared: {dict(made.compared)}")


@pytest.fixture(scope="module")
def figures(bench: Bench) -> Callable[..., dict[tuple[str, str, str], Row]]:
    """What `qiangji values` shows of a month at a level: (indicator, county, unit) -> row."""
    engine = bench.done.pipeline.ledger.engine
    counties = {
        r["org_code"]: r["name"]
        for r in bench.done.query(
            "SELECT o.org_code, c.name FROM dim.org_unit AS o JOIN dim.org_unit AS c ON c.org_code = o.county_code"
        )
    }

    def shown(level: str, month: str) -> dict[tuple[str, str, str], Row]:
        found = reading.values(engine, bench.done.pipeline.catalogue, Choice(level=level), month)
        return {(r["name_zh"], counties.get(r["org_code"], ""), r["org_name"]): r for r in found}

    return shown


def test_a_second_import_gives_the_same_ids(bench: Bench) -> None:
    assert bench.first == bench.second
    assert len(bench.second["chart"]) == len(bench.charts)
    assert len(bench.second["dashboard"]) == 3


@pytest.fixture(autouse=True)
def logged_in(bench: Bench) -> None:
    """A login of Superset's API holds for a quarter of an hour."""
    bench.session.log_in(USER, bench.password)


def level_of(chart: Chart) -> str:
    return next(str(w.value) for w in chart.where if w.column == "org_level")


def test_every_figure_of_every_chart_is_that_of_values(bench: Bench, figures: Any) -> None:
    """Also that no figure is missing from a chart, and that none is there that `qiangji values` does not show."""
    months = bench.done.months
    (county,) = {key[1] for key in figures("county", months[-1])} & {"开平市"}
    for _, chart in bench.charts:
        measure = next((v for v in VALUES if v in (*chart.columns, *chart.metrics)), None)
        if chart.dataset not in ("headline", "progress") or not measure:
            continue
        level = level_of(chart)
        names = sorted({k[0] for k in figures(level, months[-1])})
        # where one is chosen each is a request: every sixth indicator, of the first and the last month
        is_of_one = "indicator_zh" in chart.filters
        indicators = names[::6] if is_of_one else [None]
        asked = [months[0], months[-1]] if is_of_one else months
        for indicator in indicators:
            for month in asked if "month" in chart.filters else [None]:
                given = {"month": month, "county_name": county, "indicator_zh": indicator}
                chosen = {k: v for k, v in given.items() if k in chart.filters and v}
                wanted = {
                    (m, *key): row["value"]
                    for m in ([month] if month else months)
                    for key, row in figures(level, m).items()
                    if ("county_name" not in chosen or key[1] == county)
                    and (not indicator or key[0] == indicator)
                    and belongs(bench, chart, row)
                }
                found = {}
                for row in bench.rows(chart, **chosen):
                    org = row.get("org_name") or row.get("county_name")
                    (key,) = [
                        k for k in wanted
                        if k[0] == row["month"] and k[1] == row["indicator_zh"] and org in (None, k[3])
                    ]  # fmt: skip
                    found[key] = None if row[measure] is None else Decimal(str(row[measure]))
                assert found == wanted, (chart.key, chosen)
                bench.compared[chart.key] += len(found)
    assert sum(bench.compared.values()) > 1000


def belongs(bench: Bench, chart: Chart, row: Row) -> bool:
    aspects = {str(w.value) for w in chart.where if w.column == "aspect_code"}
    plan = bench.done.pipeline.catalogue.plan
    own = bench.done.pipeline.catalogue.indicators[row["indicator_code"]].initiative
    return not aspects or any(i.code == own for a in plan.aspects if a.code in aspects for i in a.initiatives)


def chart_of(bench: Bench, key: str) -> Chart:
    return next(c for _, c in bench.charts if c.key == key)


def test_bands_are_counted_as_mart_gives_them(bench: Bench, figures: Any) -> None:
    month = bench.done.months[-1]
    bands = {
        (r["indicator_code"], r["org_code"], r["period"], r["period_type"]): r["band"]
        for r in bench.done.query("SELECT * FROM mart.indicator_target_status WHERE org_level = 'county'")
    }
    wanted: dict[str, Counter[str]] = {}
    for (_, _, org), r in figures("county", month).items():
        band = bands.get((r["indicator_code"], r["org_code"], r["period"], r["period_type"]))
        wanted.setdefault(org, Counter())[band or "none"] += 1
    found = bench.rows(chart_of(bench, "overview_bands"), month=month)
    assert {r["org_name"]: [r[b] for b in BANDS] for r in found} == {
        org: [counted[b] for b in BANDS] for org, counted in wanted.items()
    }
    assert sum(r["green"] for r in found) > 0


def test_groups_are_those_of_mart(bench: Bench) -> None:
    chart = chart_of(bench, "overview_groups")
    for indicator in bench.done.pipeline.catalogue.indicators.values():
        wanted = bench.done.query(
            "SELECT name_zh, period, period_type, value FROM mart.indicator_value_of_group WHERE indicator_code = :i"
            " AND period_type = :t", i=indicator.code, t=indicator.headline,
        )  # fmt: skip
        found = bench.rows(chart, indicator_zh=indicator.name.zh)
        shown = Counter(
            (
                r["group_zh"],
                r["period"],
                r["period_type"],
                None if r["value"] is None else Decimal(str(r["value"])),
            )
            for r in found
        )
        assert shown == Counter(tuple(r.values()) for r in wanted), indicator.code


def test_reporting_is_that_of_mart(bench: Bench) -> None:
    month = bench.done.months[-1]
    rows = bench.done.query(
        "SELECT r.*, f.title_zh FROM mart.reporting_status AS r JOIN dim.form AS f USING (form)"
        " WHERE r.status <> 'not_due'"
    )
    own = [r for r in rows if r["period"] == month]
    grid = bench.rows(chart_of(bench, "reporting_grid"), month=month)
    assert {(r["county_name"], r["form_zh"], r["state"]) for r in grid} == {
        (r["county_name"], r["title_zh"], r["status_zh"]) for r in own
    }
    for shown in bench.rows(chart_of(bench, "reporting_counties"), month=month):
        of_county = [r for r in own if r["county_name"] == shown["county_name"]]
        on_time = Decimal(100 * sum(bool(r["is_on_time"]) for r in of_county)) / len(of_county)
        received = sum(r["rows_received"] or 0 for r in of_county)
        valid = (
            Decimal(100 * sum(r["rows_accepted"] or 0 for r in of_county)) / received if received else None
        )
        assert shown["on_time_share"] == pytest.approx(float(on_time), abs=0.005)
        assert shown["valid_share"] == (None if valid is None else pytest.approx(float(valid), abs=0.005))


def test_every_chart_answers_within_a_dashboard(bench: Bench) -> None:
    """With its filters, and with none, as somebody sees it who opens the chart alone."""
    month, indicator = bench.done.months[-1], next(iter(bench.done.pipeline.catalogue.indicators.values()))
    given = {"month": month, "county_name": "开平市", "indicator_zh": indicator.name.zh}
    for _, chart in bench.charts:
        assert bench.rows(chart, **{k: v for k, v in given.items() if k in chart.filters}), chart.key
        bench.rows(chart)


def test_several_indicators_or_periods_have_no_ratio(bench: Bench) -> None:
    """A chart that lacks its filters shows nothing instead of a sum over months."""
    assert {r["ratio"] for r in bench.rows(chart_of(bench, "county_towns"))} == {None}


def test_what_no_file_describes_goes_and_what_people_made_stays(bench: Bench, tmp_path: Path) -> None:
    session = bench.session
    dataset = next(d["id"] for d in session.rows("dataset") if d["table_name"] == "figures")
    own = session.ask(
        "POST", "chart/", {"slice_name": "a person's", "viz_type": "table", "datasource_id": dataset,
                          "datasource_type": "table", "params": "{}"},
    )["id"]  # fmt: skip
    shutil.copytree(bench.folder, tmp_path / "fewer")
    (tmp_path / "fewer/charts/overview_theory.yaml").unlink()
    page = tmp_path / "fewer/dashboards/overview.yaml"
    page.write_text(
        page.read_text(encoding="utf-8").replace("CHART-overview_theory", "gone"), encoding="utf-8"
    )
    (tmp_path / "fewer/dashboards/county.yaml").unlink()
    gone = upload.upload(session, tmp_path / "fewer", bench.warehouse)
    theory = bench.second["chart"][ids_of(bench.folder, "overview_theory")]
    assert ("chart", theory) in gone
    assert [kind for kind, _ in gone].count("dashboard") == 1
    assert own in {c["id"] for c in session.rows("chart")}
    assert upload.upload(session, bench.folder, bench.warehouse) == []
    assert {k: set(v) for k, v in known(session).items() if k == "dashboard"} == {
        "dashboard": set(bench.second["dashboard"])
    }
