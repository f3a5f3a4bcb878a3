"""Every model of sql/models on the engine, against golden cases: input views in, rows out. See README.md."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from qiangji.catalogue.indicators import Indicator
from qiangji.catalogue.models import Form
from qiangji.engines import KINDS, Engine, open_engine
from qiangji.errors import EngineError
from qiangji.indicators import Base, columns
from qiangji.settings import Settings
from tests.golden import world

HERE = Path(__file__).parent
MODELS = HERE.parents[1] / "sql" / "models"
CASES = sorted(p.parent for p in HERE.glob("*/*/case.yaml"))
SERVERS = ("spark",)
"""Engines that start a server: tests/<engine>/test_models.py holds them to the same."""
TYPES = {"text": pa.string(), "int": pa.int64(), "bool": pa.bool_(), "decimal": pa.decimal128(18, 4)}


@pytest.fixture(scope="module", params=[k for k in KINDS if k not in SERVERS])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    home = tmp_path_factory.mktemp(request.param)
    with open_engine(Settings(engine=request.param, home=home, sql=MODELS.parent, threads=1)) as e:
        yield e


def view(path: Path) -> pa.Table:
    """A CSV whose header says each column's type."""
    with path.open(encoding="utf-8", newline="") as f:
        header, *lines = csv.reader(f)
    columns = [name.split(":") for name in header]
    cells = [[line[i] or None for line in lines] for i in range(len(columns))]
    return pa.table(
        {n: pa.array(c, pa.string()).cast(TYPES[t]) for (n, t), c in zip(columns, cells, strict=True)}
    )


def base_of(case: dict[str, Any]) -> tuple[Base, str] | None:
    """The case's forms and indicators, and the period type."""
    if "forms" not in case:
        return None
    forms = {n: Form.model_validate(world.form_of(n, f)) for n, f in case["forms"].items()}
    found = [Indicator.model_validate(world.indicator_of(i)) for i in case["indicators"]]
    return Base(tuple(forms.values()), tuple(d for x in found for d in x.definitions)), case.get(
        "period_type", "month"
    )


def placeholders(model: str, case: dict[str, Any]) -> dict[str, str]:
    """What fills the model's placeholders, made as a build makes it."""
    found = base_of(case)
    return columns.pieces(model, found[0], found[0].forms[0], found[1]) if found else {}


def text(rows: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    return sorted(tuple("" if v is None else str(v) for v in row.values()) for row in rows)


@pytest.mark.parametrize("folder", CASES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_case(engine: Engine, folder: Path) -> None:
    case = yaml.safe_load((folder / "case.yaml").read_text(encoding="utf-8"))
    assert case["about"]
    for path in folder.glob("*.csv"):
        if path.name != "expected.csv":
            engine.register(path.stem.removesuffix("_view"), view(path))
    rows = engine.run(folder.parent.name, **placeholders(folder.parent.name, case))
    with (folder / "expected.csv").open(encoding="utf-8", newline="") as f:
        reader = csv.DictReader(f)
        expected = list(reader)
        assert rows.column_names == reader.fieldnames
    assert text(rows.to_pylist()) == text(expected)


@pytest.mark.parametrize("folder", sorted(HERE.glob("operands/*")), ids=lambda p: p.name)
def test_a_report_alone_is_worth_the_same_to_both_models_of_operands(engine: Engine, folder: Path) -> None:
    """With each report that may lie just before it, and without one."""
    case = yaml.safe_load((folder / "case.yaml").read_text(encoding="utf-8"))
    reports = view(folder / "reports.csv")
    base = base_of(case)
    assert base
    ytd = [n for n, f in base[0].forms[0].fields.items() if f.kind == "ytd"]
    tried = 0
    for at, row in enumerate(reports.to_pylist()):
        mine = [
            b
            for b, r in enumerate(reports.to_pylist())
            if r["is_before"] and r["unit_code"] == row["unit_code"]
        ]
        for before in [None, *mine] if row["in_period"] else []:
            engine.register("reports", reports.take([at] if before is None else [at, before]))
            several = engine.run("operands", **placeholders("operands", case))
            one = reports.take([at])
            for name in ytd:
                column = reports.column(name)
                said = pa.nulls(1, column.type) if before is None else column.take([before])
                one = one.append_column(f"before__{name}", said)
            engine.register("reports", one)
            alone = engine.run("operands_of_one", **placeholders("operands_of_one", case))
            assert several.column_names == alone.column_names
            assert text(several.to_pylist()) == text(alone.to_pylist())
            tried += 1
    assert tried


def test_every_model_has_a_case() -> None:
    models = {p.stem for p in MODELS.glob("*.sql")}
    assert models
    assert models == {p.parent.name for p in CASES}


@pytest.mark.parametrize("model", sorted(MODELS.glob("*.sql")), ids=lambda p: p.stem)
def test_a_model_holds_to_what_runs_on_every_engine(model: Path) -> None:
    """No division, no mean, no file: sums are exact, the warehouse divides, engines register the inputs."""
    lines = [line.split("--")[0] for line in model.read_text(encoding="utf-8").lower().splitlines()]
    code = "\n".join(lines)
    for word in ("/", "avg(", "read_parquet", "read_csv", "float", "double", "lateral", "now()", "current_"):
        assert word not in code, f"{model.name}: {word}"


def test_result_columns_fit_their_table() -> None:
    """`sum_columns` gives the columns of the result table, in its order and types."""
    case = yaml.safe_load((HERE / "results/sums_go_up_the_tree/case.yaml").read_text(encoding="utf-8"))
    found = base_of(case)
    assert found
    assert found[0].result_columns() == {
        "n__x": "bigint",
        "d__x": "numeric(38,4)",
        "k__x": "bigint",
        "w__x": "bigint",
        "c__x": "bigint",
    }


def test_a_sum_that_does_not_fit_is_an_error_without_its_value_and_the_engine_goes_on(engine: Engine) -> None:
    """Two card numbers of 19 digits: reports were accepted with such before values had a bound."""
    folder = HERE / "sums/of_the_units_beneath"
    case = yaml.safe_load((folder / "case.yaml").read_text(encoding="utf-8"))
    for path in folder.glob("*.csv"):
        if path.name != "expected.csv":
            engine.register(path.stem.removesuffix("_view"), view(path))
    sides = view(folder / "sides.csv")
    at = sides.column_names.index("n__x")
    large = pa.array([6222021234567890123] * len(sides), pa.int64())
    engine.register("sides", sides.set_column(at, "n__x", large))
    with pytest.raises(EngineError) as caught:
        engine.run("sums", **placeholders("sums", case))
    assert caught.value.code == "not_computed"
    assert "622202" not in str(caught.value)
    engine.register("sides", sides)
    assert engine.run("sums", **placeholders("sums", case)).num_rows
