"""docs/dictionary.md: current, and complete against the catalogue and against information_schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from qiangji.catalogue import models as catalogue_models
from qiangji.catalogue.load import Catalogue, load
from qiangji.warehouse import dictionary
from tests.conftest import warehouse_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(ROOT / "catalogue", ROOT / "expectations")


@pytest.fixture(scope="module")
def warehouse(
    tmp_path_factory: pytest.TempPathFactory, postgres: Any, catalogue: Catalogue
) -> Iterator[Engine]:
    with warehouse_of(catalogue, tmp_path_factory.mktemp("dictionary"), postgres) as engine:
        yield engine


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / dictionary.PAGE).read_text(encoding="utf-8")


def documented(page: str, catalogue: Catalogue) -> set[tuple[str, str, str]]:
    """Schema, table and column of everything that the page lists; a view of mart stands for its twin in mart_zh."""
    found = set()
    for part in re.split(r"(?m)^### (?=`(?:mart|dim)\.)", page)[1:]:
        ((schema, name),) = re.findall(r"\A`(\w+)\.(\w+)`", part)
        rows = re.findall(r"(?m)^\| `(\w+)` \| ([^|]*) \|", part)
        measured = re.search(r"(?m)^指标列 a column an indicator: (.*)$", part)
        codes = re.findall(r"`(\w+)`", measured[1]) if measured else []
        found |= {(schema, name, column) for column in [c for c, _ in rows] + codes}
        if schema == "mart":
            headings = [h for _, h in rows] + [catalogue.indicators[c].name.zh for c in codes]
            found |= {("mart_zh", name, h) for h in headings}
    return found


def test_the_page_is_current(page: str, warehouse: Engine, catalogue: Catalogue) -> None:
    with warehouse.connect() as connection:
        assert page == dictionary.page(catalogue, connection), "run `make docs`"


def test_every_column_of_the_warehouse_is_in_it(page: str, warehouse: Engine, catalogue: Catalogue) -> None:
    with warehouse.connect() as connection:
        there = {
            tuple(r)
            for r in connection.execute(
                sa.text(
                    "SELECT table_schema, table_name, column_name FROM information_schema.columns"
                    " WHERE table_schema IN ('mart', 'mart_zh', 'dim')"
                )
            )
        }
    assert {schema for schema, _, _ in there} == {"mart", "mart_zh", "dim"}
    assert documented(page, catalogue) == there


def test_every_function_of_the_mart_says_what_it_is(warehouse: Engine) -> None:
    statement = (
        "SELECT p.oid::regprocedure::text FROM pg_proc AS p"
        " WHERE pronamespace = 'mart'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL"
    )
    with warehouse.connect() as connection:
        assert connection.scalars(sa.text(statement)).all() == []


def test_no_cell_of_the_warehouse_is_without_words(page: str) -> None:
    """Each column is explained in both languages."""
    part = page.partition("## 数据仓库 Warehouse")[2]
    rows = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| `")]
    assert len(rows) > 200
    assert [r for r in rows if not re.search("[\u4e00-\u9fff]", r[-2]) or not re.search("[a-z]", r[-1])] == []


def test_everything_of_the_catalogue_is_in_it(page: str, catalogue: Catalogue) -> None:
    for aspect in catalogue.plan.aspects:
        assert f"### {aspect.name.zh} {aspect.name.en} (`{aspect.code}`)" in page
        for initiative in aspect.initiatives:
            assert f"#### {initiative.name.zh} {initiative.name.en} (`{initiative.code}`)" in page
    for x in catalogue.indicators.values():
        own = page.partition(f"(`{x.code}`)\n\n|")[2].partition("\n\n")[0]
        for words in (
            x.definition.zh,
            x.definition.en,
            "公式 formula",
            f"| {x.direction} |",
            f"| {x.headline} |",
            f"| {x.missing}: ",
        ):
            assert words in own, x.code
        assert all(f"{year}: {value}" in own for year, value in x.target.items()), x.code
    for form in catalogue.forms.values():
        own = page.partition(f"(`{form.form}`)\n\n填报粒度")[2].partition("\n###")[0]
        for name, field in form.fields.items():
            line = next(line for line in own.splitlines() if line.startswith(f"| `{name}` |"))
            for text in (field.label.zh, field.label.en, field.unit, field.kind, "、".join(field.headers)):
                assert text in line, f"{form.form}.{name}"
            for note in (field.note.zh, field.note.en) if field.note else ():
                assert note in line, f"{form.form}.{name}"


def test_every_word_of_the_models_has_a_name() -> None:
    """Units, kinds and the like that the catalogue may use."""
    for words, names in (
        (catalogue_models.UNITS, dictionary.UNITS),
        (get_args(catalogue_models.Kind), dictionary.KINDS),
        (get_args(catalogue_models.FieldType), dictionary.TYPES),
        (get_args(catalogue_models.Grain), dictionary.GRAINS),
        (get_args(catalogue_models.Missing), dictionary.MISSING),
    ):
        assert set(words) == set(names)


@pytest.mark.usefixtures("servers")
def test_the_page_is_written_from_nothing(tmp_path: Path, page: str) -> None:
    """As `make docs` does it: with a warehouse of its own that is gone afterwards."""
    dictionary.write(tmp_path / "dictionary.md")
    assert (tmp_path / "dictionary.md").read_text(encoding="utf-8") == page


def test_every_function_of_mart_may_run_in_parallel(warehouse: Engine) -> None:
    """One that may not keeps the whole statement on one process, and there the past of all counties took 17 s."""
    with warehouse.connect() as c:
        found = c.execute(
            sa.text(
                "SELECT p.oid::regprocedure::text FROM pg_proc AS p"
                " WHERE pronamespace = ANY(ARRAY['mart', 'mart_zh']::regnamespace[]) AND proparallel <> 's'"
            )
        )
        assert found.scalars().all() == []


def test_when_a_past_figure_was_due_is_looked_up_by_its_key(warehouse: Engine) -> None:
    """However many figures the planner expects: it expects one, and read all due dates for each of 12,000."""
    with warehouse.connect() as c:
        c.execute(sa.text("SET LOCAL max_parallel_workers_per_gather = 0"))
        c.execute(sa.text("SET LOCAL enable_nestloop = off"))  # a join would read all of them
        plan = c.execute(
            sa.text("EXPLAIN SELECT * FROM mart.indicator_value_as_of(now() - interval '1 s')")
        ).scalars()
        of_due = [line for line in plan if " indicator_due_history " in line]
    assert of_due
    assert all("Index Scan using indicator_due_history_pkey" in line for line in of_due), of_due
