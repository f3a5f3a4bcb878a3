"""bi/superset/assets: current, whole, and true to the warehouse. A real Superset is asked by `make test-bi`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from sqlalchemy.engine import Engine

from qiangji.catalogue.load import Catalogue, load
from qiangji.exporting import superset
from qiangji.exporting.superset.charts import Chart
from qiangji.exporting.superset.dashboards import dashboards
from qiangji.exporting.superset.datasets import DATASETS
from qiangji.settings import PROJECT
from tests.bi.server import uploader
from tests.conftest import warehouse_of

FOLDER = PROJECT / superset.FOLDER
Files = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(PROJECT / "catalogue", PROJECT / "expectations")


@pytest.fixture(scope="module")
def warehouse(
    tmp_path_factory: pytest.TempPathFactory, postgres: Any, catalogue: Catalogue
) -> Iterator[Engine]:
    with warehouse_of(catalogue, tmp_path_factory.mktemp("superset"), postgres) as engine:
        yield engine


@pytest.fixture(scope="module")
def files() -> Files:
    return {
        p.relative_to(FOLDER).as_posix(): yaml.safe_load(p.read_text("utf-8"))
        for p in FOLDER.rglob("*")
        if p.is_file()
    }


@pytest.fixture(scope="module")
def charts(catalogue: Catalogue) -> list[Chart]:
    return [c for d in dashboards(catalogue) for c in d.charts]


def of(files: Files, kind: str) -> Files:
    return {path: what for path, what in files.items() if path.startswith(f"{kind}s/")}


def test_the_files_are_current(warehouse: Engine, catalogue: Catalogue, files: Files) -> None:
    with warehouse.connect() as connection:
        made = superset.texts(catalogue, connection)
    assert made.keys() == files.keys(), "run `make docs`"
    for path, text in made.items():
        assert text == (FOLDER / path).read_text(encoding="utf-8"), f"{path}: run `make docs`"


def test_every_part_has_an_id_of_its_own_and_refers_to_parts_that_are_there(files: Files) -> None:
    ids = [what["uuid"] for path, what in files.items() if path != "metadata.yaml"]
    assert len(ids) == len(set(ids)) > 20
    databases, datasets = ({x["uuid"] for x in of(files, kind).values()} for kind in ("database", "dataset"))
    assert {x["database_uuid"] for x in of(files, "dataset").values()} == databases
    assert {x["dataset_uuid"] for x in of(files, "chart").values()} <= datasets
    placed = {
        part["meta"]["uuid"]: part["meta"]["chartId"]
        for page in of(files, "dashboard").values()
        for part in page["position"].values()
        if isinstance(part, dict) and part["type"] == "CHART"
    }
    assert placed.keys() == {x["uuid"] for x in of(files, "chart").values()}
    for page in of(files, "dashboard").values():
        for chosen in page["metadata"]["native_filter_configuration"]:
            assert chosen["targets"][0]["datasetUuid"] in datasets


def test_an_id_stays_what_it_is() -> None:
    """An import finds by it what is there: another id would leave two of everything."""
    assert superset.own_id("dashboard", "overview") == "83827896-5242-5d7b-80c2-a8434ded0cc3"


def test_charts_and_filters_name_what_their_dataset_has(files: Files, catalogue: Catalogue) -> None:
    has = {
        what["table_name"]: (
            {c["column_name"] for c in what["columns"]},
            {m["metric_name"] for m in what["metrics"]},
        )
        for what in of(files, "dataset").values()
    }
    for dashboard in dashboards(catalogue):
        chosen = {f.column for f in dashboard.filters}
        for f in dashboard.filters:
            assert {f.column, *(w.column for w in f.where)} <= has[f.dataset][0]
        for chart in dashboard.charts:
            columns, metrics = has[chart.dataset]
            named = {*chart.columns, *chart.filters, *(w.column for w in chart.where)}
            assert named <= columns, chart.key
            assert set(chart.metrics) <= metrics, chart.key
            assert {c for c, _ in chart.order} <= columns | metrics, chart.key
            assert set(chart.filters) <= chosen, chart.key


def test_every_chart_has_the_query_of_its_editor(files: Files) -> None:
    for path, what in of(files, "chart").items():
        stored = json.loads(what["query_context"])
        assert stored["form_data"] == what["params"], path
        assert len(stored["queries"]) == 1, path


def test_every_column_and_metric_says_what_it_is_in_both_languages(files: Files) -> None:
    for path, what in of(files, "dataset").items():
        for part in (*what["columns"], *what["metrics"]):
            zh, slash, en = part["description"].partition(" / ")
            assert slash, (path, part)
            assert part["verbose_name"] == zh, (path, part)
            assert re.search(r"[\u4e00-\u9fff]", zh), (path, part)
            assert re.search("[a-z]", en), (path, part)


def test_no_metric_is_an_average_and_a_division_is_of_sums() -> None:
    for dataset in DATASETS:
        for metric in dataset.metrics:
            assert not re.search(r"\b(avg|median|percentile\w*)\b", metric.sql, re.IGNORECASE), metric
            if "/" in metric.sql:
                assert re.search(r"(SUM|COUNT)\(.*/ NULLIF\((SUM|COUNT)\(", metric.sql), metric


def test_every_chart_runs_on_a_warehouse(warehouse: Engine, charts: list[Chart]) -> None:
    """As Superset asks it, without a row: every column and function is there."""
    datasets = {d.name: d for d in DATASETS}
    with warehouse.connect() as connection:
        for chart in charts:
            dataset = datasets[chart.dataset]
            metrics = [f"{m.sql} AS {m.name}" for m in dataset.metrics if m.name in chart.metrics]
            shown = ", ".join([*chart.columns, *metrics])
            grouped = f" GROUP BY {', '.join(chart.columns)}" if metrics else ""
            found = connection.execute(sa.text(f"SELECT {shown} FROM ({dataset.sql}) AS v{grouped}"))
            assert found.all() == [], chart.key


def test_no_secret_is_in_it_and_the_uploader_knows_the_placeholder(files: Files) -> None:
    (database,) = of(files, "database").values()
    assert database["sqlalchemy_uri"] == superset.CONNECTION == uploader().PLACEHOLDER
    assert not {"password", "encrypted_extra"} & database.keys()
    assert not any(database[may] for may in ("allow_dml", "allow_ctas", "allow_cvas", "allow_csv_upload"))


def test_what_is_no_part_any_more_goes(tmp_path: Path) -> None:
    (tmp_path / "charts").mkdir()
    (tmp_path / "charts" / "old.yaml").touch()
    superset.replace(tmp_path, {"charts/new.yaml": "uuid: x\n"})
    assert [p.name for p in tmp_path.rglob("*.yaml")] == ["new.yaml"]


def test_the_statements_of_the_page_run(warehouse: Engine) -> None:
    text = (PROJECT / "docs" / "bi.md").read_text(encoding="utf-8")
    blocks = re.findall(r"(?s)```sql\n(.*?)```", text)
    assert blocks
    with warehouse.connect() as connection:
        for block in blocks:
            connection.execute(sa.text(block)).all()
