"""The warehouse after its catalogue changed: what is added, what stays; and where it cannot be opened."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from qiangji import indicators
from qiangji.catalogue.load import Catalogue, load
from qiangji.errors import WarehouseError
from qiangji.settings import Settings, settings
from qiangji.warehouse import open_warehouse, prepare, reading_warehouse
from tests.frozen import paths as frozen
from tests.golden import world
from tests.unit.warehouse.asked import ask

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def copied(tmp_path: Path, workplace: Any) -> Settings:
    """Settings with a copy of the catalogue that a test may change, on a database of its own."""
    shutil.copytree(frozen.CATALOGUE, tmp_path / "catalogue")
    shutil.copytree(frozen.EXPECTATIONS, tmp_path / "expectations")
    return settings().model_copy(
        update={"catalogue": tmp_path / "catalogue", "expectations": tmp_path / "expectations"}
    )


def prepared(config: Settings) -> Catalogue:
    """Bring the warehouse in line with the copy as it is now."""
    load.look()
    found = load(config.catalogue, config.expectations)
    engine = sa.create_engine(config.warehouse_url)
    try:
        prepare(engine, config, found)
    finally:
        engine.dispose()
    return found


def test_a_new_field_and_indicator_become_columns_and_nothing_is_lost(copied: Settings) -> None:
    prepared(copied)
    engine = sa.create_engine(copied.warehouse_url)
    with engine.begin() as c:
        c.execute(
            sa.text(
                "INSERT INTO fact.village (village_code, period, revision, county_code, party_members)"
                " VALUES ('440703001001', '2026-10', 1, '440703', 7)"
            )
        )
        c.execute(
            sa.text(
                "INSERT INTO calc.village (org_code, org_level, period, period_type, expected_units, reported_units,"
                " built_from) VALUES ('440703', 'county', '2026-10', 'month', 2, 1, now())"
            )
        )
    form = copied.catalogue / "forms" / "village.yaml"
    content = yaml.safe_load(form.read_text(encoding="utf-8"))
    content["fields"]["bridges"] = {
        "label": {"zh": "桥梁", "en": "Bridges"}, "type": "decimal", "kind": "stock", "unit": "item",
    }  # fmt: skip
    form.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    suite = copied.expectations / "village.json"
    rules = json.loads(suite.read_text(encoding="utf-8"))
    bounds = {"column": "bridges", "min_value": 0, "max_value": 1000}
    for what, severity, type_, kwargs in (
        ("possible", "critical", "expect_column_values_to_be_between", bounds),
        ("present", "warning", "expect_column_values_to_not_be_null", {"column": "bridges"}),
    ):
        meta: dict[str, Any] = {"rule": f"village.bridges.{what}", "fields": ["bridges"], "scope": "row"}
        meta["message"] = meta["expected"] = {"zh": "桥梁", "en": "Bridges"}
        rules["expectations"].append({"type": type_, "kwargs": kwargs, "severity": severity, "meta": meta})
    suite.write_text(json.dumps(rules, ensure_ascii=False), encoding="utf-8")
    extra = {
        "code": "bridges_per_village", "name": {"zh": "村均桥梁", "en": "Bridges per village"},
        "definition": {"zh": "村均桥梁数。", "en": "Bridges per village."}, "initiative": "rural_greening",
        "numerator": {"form": "village", "sum": "bridges"}, "denominator": {"form": "village", "count": "rows"},
        "unit": "item", "direction": "none", "headline": "month",
    }  # fmt: skip
    added = copied.catalogue / "indicators" / "zz_bridges.yaml"
    added.write_text(yaml.safe_dump([extra], allow_unicode=True), encoding="utf-8")
    prepared(copied)
    (fact,) = ask(engine, "SELECT party_members, bridges FROM fact.village")
    assert (fact.party_members, fact.bridges) == (7, None)
    (figure,) = ask(
        engine,
        "SELECT expected_units, reported_units, numerator, obs_status FROM mart.indicator_value"
        " WHERE indicator_code = 'bridges_per_village'",
    )
    assert (figure.expected_units, figure.reported_units, figure.numerator) == (2, 1, None)
    assert len(ask(engine, "SELECT bridges_per_village FROM mart.v_county_month")) == 1
    assert len(ask(engine, 'SELECT "村均桥梁" FROM mart_zh.v_county_month')) == 1
    (kind,) = ask(
        engine,
        "SELECT format_type(atttypid, atttypmod) AS type FROM pg_attribute"
        " WHERE attrelid = 'calc.village'::regclass AND attname = 'n__bridges_per_village'",
    )
    assert kind.type == "numeric(38,4)"

    # and what leaves the catalogue keeps its column and its past
    added.unlink()
    prepared(copied)
    assert ask(engine, "SELECT 1 FROM mart.indicator WHERE indicator_code = 'bridges_per_village'") == []
    assert len(ask(engine, "SELECT n__bridges_per_village FROM calc.village")) == 1
    with pytest.raises(sa.exc.ProgrammingError, match="bridges_per_village"):
        ask(engine, "SELECT bridges_per_village FROM mart.v_county_month")
    engine.dispose()


def test_a_warehouse_never_built_says_what_to_do(workplace: Any) -> None:
    with pytest.raises(WarehouseError, match="make demo"), reading_warehouse(settings()):
        pass


def test_a_warehouse_that_an_older_version_filled_says_what_to_do(copied: Settings) -> None:
    prepared(copied)
    with (
        pytest.raises(WarehouseError, match="qiangji build") as caught,
        reading_warehouse(copied) as engine,
        engine.connect() as c,
    ):
        c.execute(sa.text("SELECT * FROM mart.of_a_later_version"))
    assert caught.value.code == "old_warehouse"


def test_a_warehouse_that_is_not_there_is_an_error_without_its_password(
    catalogue: Catalogue, workplace: Any
) -> None:
    gone = settings().model_copy(
        update={"warehouse_url": "postgresql+psycopg://who:Geheim1@127.0.0.1:9/none"}
    )
    with pytest.raises(WarehouseError) as raised, open_warehouse(gone, catalogue):
        pass
    assert "Geheim1" not in f"{raised.value} {raised.value!r}"
    assert "127.0.0.1" in str(raised.value)


def test_a_word_that_is_missing_is_an_error_that_names_the_column(
    tmp_path: Path, workplace: Any, catalogue: Catalogue
) -> None:
    """Without a comment nobody can explain the column: the dictionary is not allowed to fall behind."""
    shutil.copytree(ROOT / "sql", tmp_path / "sql")
    words = yaml.safe_load((ROOT / "sql" / "dictionary.yaml").read_text(encoding="utf-8"))
    del words["columns"]["reporting_rate"]
    (tmp_path / "sql" / "dictionary.yaml").write_text(
        yaml.safe_dump(words, allow_unicode=True), encoding="utf-8"
    )
    config = settings().model_copy(update={"sql": tmp_path / "sql"})
    engine = sa.create_engine(config.warehouse_url)
    with pytest.raises(WarehouseError, match="reporting_rate"):
        prepare(engine, config, catalogue)
    engine.dispose()


def test_a_form_that_left_the_catalogue_keeps_its_table(copied: Settings) -> None:
    prepared(copied)
    for path in (
        "catalogue/forms/community.yaml",
        "catalogue/indicators/urban.yaml",
        "expectations/community.json",
    ):
        (copied.catalogue.parent / path).unlink()
    counties = copied.catalogue / "counties.yaml"
    entries = yaml.safe_load(counties.read_text(encoding="utf-8"))
    for entry in entries:
        entry.get("sheets", {}).pop("community", None)
    counties.write_text(yaml.safe_dump(entries, allow_unicode=True), encoding="utf-8")
    found = prepared(copied)
    assert "community" not in found.forms
    engine = sa.create_engine(copied.warehouse_url)
    assert ask(engine, "SELECT * FROM fact.community") == []
    assert ask(engine, "SELECT obj_description('fact.community'::regclass) AS text")[0].text
    engine.dispose()


def test_a_catalogue_with_a_form_no_indicator_reads_still_gets_its_facts(copied: Settings) -> None:
    (copied.catalogue / "indicators" / "urban.yaml").unlink()
    found = prepared(copied)
    assert "community" not in {f for b in indicators.bases(found) for f in b.name.split("__")}
    engine = sa.create_engine(copied.warehouse_url)
    assert ask(engine, "SELECT * FROM fact.community") == []
    assert ask(engine, "SELECT * FROM mart.v_village_month") == []
    engine.dispose()


def test_what_is_renamed_is_renamed_in_dimensions_and_comments(copied: Settings) -> None:
    label = prepared(copied).forms["village"].fields["party_members"].label
    form = copied.catalogue / "forms" / "village.yaml"
    form.write_text(form.read_text(encoding="utf-8").replace(label.en, "Comrades"), encoding="utf-8")
    tree = copied.catalogue / "org_units.csv"
    tree.write_text(
        tree.read_text(encoding="utf-8").replace("440703,蓬江区", "440703,新蓬江区"), encoding="utf-8"
    )
    found = prepared(copied)
    assert replace(found).name_of("440703") == "新蓬江区"
    engine = sa.create_engine(copied.warehouse_url)
    rows = ask(engine, "SELECT path FROM dim.org_unit WHERE county_code = '440703'")
    assert rows
    assert all("新蓬江区" in r.path for r in rows)
    told = (
        "SELECT attname AS field, col_description(attrelid, attnum) AS words FROM pg_attribute"
        " WHERE attrelid = 'fact.village'::regclass AND attnum > 0"
    )
    words = {r.field: r.words for r in ask(engine, told)}
    assert words["party_members"] == f"{label.zh} / Comrades"
    assert all(words.values())
    engine.dispose()


def test_nothing_is_expected_of_what_is_not_asked_for_any_more(tmp_path: Path, workplace: Any) -> None:
    """Forms whose names a wide view has for its own parts, too: `k`, `o` and `p`."""
    measured = {"code": "x", "numerator": {"form": "k", "sum": "n"}, "denominator": {"form": "o", "sum": "n"}}
    forms: dict[str, Any] = {name: {"fields": {"n": {}}} for name in "kop"}
    made = world.make(tmp_path / "world", {"Z": {"A": {"T": ["V1"]}, "B": {"U": ["W1"]}}}, forms, [measured])
    config = settings().model_copy(update={"catalogue": made.catalogue, "expectations": made.expectations})
    prepared(config)
    engine = sa.create_engine(config.warehouse_url)
    assert ask(engine, "SELECT x FROM mart.v_city_month") == []
    asked = "SELECT county_code, form, period FROM dim.expected_units"
    before = {tuple(row) for row in ask(engine, asked)}
    path = made.catalogue / "counties.yaml"
    counties = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump([counties[0] | {"forms": ["k"]}, *counties[1:]]), encoding="utf-8")
    path = made.catalogue / "forms" / "p.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8")) | {"since": "2026-02"}
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    prepared(config)
    left = {tuple(row) for row in ask(engine, asked)}
    first, second = (county["county"] for county in counties)
    assert left == {
        (c, f, p) for c, f, p in before if f == "k" or (c == second and (f == "o" or p >= "2026-02"))
    }
    assert first in {c for c, _, _ in left}
    engine.dispose()
