"""The warehouse: made from empty, as the catalogue says, explained in two languages, and exact."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Context, Decimal
from fractions import Fraction
from math import floor
from typing import Any

import psycopg
import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st
from psycopg import sql
from sqlalchemy.engine import Engine

from qiangji import indicators
from qiangji.catalogue.load import Catalogue
from qiangji.periods import PERIOD_TYPES
from qiangji.settings import settings
from qiangji.warehouse import definitions, prepare, tables, views
from qiangji.warehouse.ddl import define, named
from qiangji.warehouse.rows import copy_in
from tests.conftest import warehouse_of
from tests.unit.warehouse.asked import ask

SCHEMAS = ("ops", "dim", "fact", "calc", "mart", "mart_zh")
CHINESE = re.compile("[\u4e00-\u9fff]")
OBJECTS = """
SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, NULL) AS type,
    obj_description(c.oid) AS of_table, col_description(c.oid, a.attnum) AS of_column, c.relkind
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'v', 'm', 'p')
ORDER BY n.nspname, c.relname, a.attnum
"""


@pytest.fixture(scope="module")
def warehouse(
    tmp_path_factory: pytest.TempPathFactory, postgres: Any, catalogue: Catalogue
) -> Iterator[Engine]:
    """The frozen catalogue's; tests here read it."""
    with warehouse_of(catalogue, tmp_path_factory.mktemp("warehouse"), postgres) as engine:
        yield engine


@pytest.fixture(scope="module")
def objects(warehouse: Engine) -> list[Any]:
    """Every column of every table and view."""
    return ask(warehouse, OBJECTS, schemas=list(SCHEMAS))


# ---- what is there


def test_every_schema_has_something(objects: list[Any]) -> None:
    assert {o.nspname for o in objects} == set(SCHEMAS)


def test_every_table_view_and_column_is_explained_in_both_languages(objects: list[Any]) -> None:
    unexplained = [
        f"{o.nspname}.{o.relname}.{o.attname}: {text!r}"
        for o in objects
        for text in (o.of_table, o.of_column)
        if not text
        or not CHINESE.search(text.split(" / ")[0])
        or not re.search("[a-z]", text.partition(" / ")[2])
    ]
    assert unexplained == []


def test_nothing_is_a_float(objects: list[Any]) -> None:
    floats = [o for o in objects if o.type in ("real", "double precision", "money")]
    assert floats == []
    assert {o.type for o in objects if o.nspname in ("fact", "calc")} <= {
        "text", "bigint", "integer", "numeric", "boolean", "date", "timestamp with time zone",
    }  # fmt: skip


def test_what_bi_tools_list_are_tables_and_views(objects: list[Any]) -> None:
    assert {o.relkind for o in objects} == {"r", "v"}
    assert {o.relkind for o in objects if o.nspname.startswith("mart")} == {"v"}


def test_names_are_snake_case_and_codes_are_text(objects: list[Any]) -> None:
    for o in objects:
        assert re.fullmatch("[a-z][a-z0-9_]*", o.relname)
        if o.nspname != "mart_zh":
            assert re.fullmatch("[a-z][a-z0-9_]*", o.attname), o
            if o.attname.endswith("_code"):
                assert o.type == "text", o


def test_every_mart_has_its_chinese_twin(objects: list[Any]) -> None:
    columns: dict[str, dict[str, list[str]]] = {"mart": {}, "mart_zh": {}}
    for o in objects:
        if o.nspname in columns:
            columns[o.nspname].setdefault(o.relname, []).append(o.attname)
    assert columns["mart"]
    assert {t: len(c) for t, c in columns["mart"].items()} == {
        t: len(c) for t, c in columns["mart_zh"].items()
    }
    assert all(CHINESE.search(name) for names in columns["mart_zh"].values() for name in names)


def test_the_contract_s_views_are_there(objects: list[Any]) -> None:
    found = {o.relname for o in objects if o.nspname == "mart"}
    wide = {f"v_{level}_{t}" for level in ("city", "county", "town", "village") for t in PERIOD_TYPES}
    others = {
        "indicator_value",
        "indicator_value_history",
        "indicator",
        "field",
        "reporting_status",
        "data_freshness",
        "finding",
    }
    assert wide | others <= found


def test_indicator_value_has_the_contract_s_columns(objects: list[Any]) -> None:
    found = {o.attname for o in objects if (o.nspname, o.relname) == ("mart", "indicator_value")}
    text = """indicator_code org_code org_level period period_type period_start period_end numerator denominator value
    target expected_units reported_units reporting_rate obs_status is_corrected has_warning is_closed built_at"""
    assert set(text.split()) <= found


def test_facts_and_results_are_those_of_the_catalogue(objects: list[Any], catalogue: Catalogue) -> None:
    def types(schema: str, table: str) -> dict[str, str]:
        return {o.attname: o.type for o in objects if (o.nspname, o.relname) == (schema, table)}

    for form in catalogue.forms.values():
        found = types("fact", form.form)
        assert {n: found[n] for n in form.fields} == {
            n: tables.SQL_TYPES[f.type].split("(")[0] for n, f in form.fields.items()
        }
    for base in indicators.bases(catalogue):
        found = types("calc", base.name)
        assert {n: found[n] for n in base.result_columns()} == {
            n: t.split("(")[0] for n, t in base.result_columns().items()
        }
        assert {p for p, _, _ in (n.partition("__") for n in base.result_columns())} == set(indicators.PARTS)
        assert (found["built_from"], found["built_to"]) == ("timestamp with time zone",) * 2


def test_the_wide_views_show_every_indicator_of_their_level(objects: list[Any], catalogue: Catalogue) -> None:
    """And period: a quarterly form has no months; what is made of restricted fields begins at the county."""
    shown: dict[str, set[str]] = {}
    for o in objects:
        if o.nspname == "mart" and o.relname.startswith("v_"):
            shown.setdefault(o.relname, set()).add(o.attname)
    for base in indicators.bases(catalogue):
        for level in ("city", "county", "town", "village"):
            for type_ in ("month", "quarter", "year", "ytd"):
                has = level in base.levels and not (type_ == "month" and base.shortest_period == "quarter")
                for i in base.indicators:
                    hidden = catalogue.is_restricted(i) and level in ("town", "village")
                    assert (i.code in shown[f"v_{level}_{type_}"]) == (has and not hidden), (
                        i.code,
                        level,
                        type_,
                    )


def test_the_dictionary_is_the_catalogue(warehouse: Engine, catalogue: Catalogue) -> None:
    found = ask(warehouse, "SELECT indicator_code FROM mart.indicator ORDER BY sort_order")
    assert [r.indicator_code for r in found] == list(catalogue.indicators)
    fields = ask(warehouse, "SELECT form, field FROM mart.field ORDER BY form, sort_order")
    assert {(r.form, r.field) for r in fields} == {
        (f.form, n) for f in catalogue.forms.values() for n in f.fields
    }


def test_the_tree_is_the_catalogue_s(warehouse: Engine, catalogue: Catalogue) -> None:
    (row,) = ask(
        warehouse, "SELECT count(*) AS n, count(*) FILTER (WHERE path = '') AS without FROM dim.org_unit"
    )
    assert (row.n, row.without) == (len(catalogue.org.units), 0)


def test_the_planner_knows_the_dimensions_at_once(warehouse: Engine) -> None:
    """Without it the board's overview took 1.3 s until the server looked by itself, a minute later."""
    with warehouse.connect() as c:
        rows = c.execute(sa.text("SELECT relname, reltuples FROM pg_class WHERE oid = ANY(:t)"), {
            "t": [c.scalar(sa.text(f"SELECT 'dim.{n}'::regclass::oid")) for n in ("period", "indicator", "due")]
        }).all()  # fmt: skip
    assert {r.relname for r in rows if r.reltuples > 0} == {"period", "indicator", "due"}


def test_ratio_is_exact_rounded_once_and_null_over_nothing(warehouse: Engine) -> None:
    def ratio(*values: Any) -> Any:
        return ask(warehouse, "SELECT mart.ratio(:f, :n, :d) AS r", **dict(zip("fnd", values, strict=True)))[
            0
        ].r

    assert str(ratio(1, 301, 403)) == "0.746898"
    assert str(ratio(100, 2, 3)) == "66.666667"
    assert [ratio(1, 12, 0), ratio(1, None, 12), ratio(1, 12, None)] == [None] * 3
    # more than 16 digits: numeric's own division rounds at the 16th, and round() rounds that again
    assert str(ratio(1, 840191115552, 838)) == "1002614696.362768"
    assert str(ratio(1, 10**15 + 1, 3)) == "333333333333333.666667"
    assert [str(ratio(*v)) for v in ((100, 1, 16), (1, 1, 2 * 10**6), (1, -1, 2 * 10**6), (100, -625, 8))] == [
        "6.250000", "0.000001", "-0.000001", "-7812.500000",
    ]  # fmt: skip
    assert str(ratio(1, Decimal("0.0004"), Decimal("0.0003"))) == "1.333333"
    assert str(ratio(100, 0, 7)) == "0.000000"


DIGITS = st.integers(0, 30).flatmap(lambda n: st.integers(-(10**n), 10**n))
FOUR_PLACES = DIGITS.map(lambda n: Decimal(n).scaleb(-4, context=Context(prec=60)))
OPERANDS = st.one_of(DIGITS.map(Decimal), FOUR_PLACES)


@given(st.sampled_from([1, 100, 1000, Decimal("0.5")]), OPERANDS, OPERANDS)
@settings_of_hypothesis(
    deadline=None, max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_ratio_is_the_fraction_rounded_once_half_up(
    warehouse: Engine, factor: Any, numerator: Decimal, denominator: Decimal
) -> None:
    with warehouse.connect() as c:
        ratio = c.scalar(
            sa.text("SELECT mart.ratio(CAST(:f AS numeric), CAST(:n AS numeric), CAST(:d AS numeric))"),
            {"f": factor, "n": numerator, "d": denominator},
        )
    if not denominator:
        assert ratio is None
        return
    exact = Fraction(factor) * Fraction(numerator) / Fraction(denominator)
    millionths = floor(abs(exact) * 10**6 + Fraction(1, 2)) * (-1 if exact < 0 else 1)
    assert (Fraction(ratio), ratio.as_tuple().exponent) == (Fraction(millionths, 10**6), -6)


# ---- again


def test_preparing_twice_does_nothing(
    warehouse: Engine, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a statement that writes: every command of a day begins with it."""
    statements: list[str] = []

    def note(*event: Any) -> None:
        statements.append(event[2])

    monkeypatch.setattr(views, "create", lambda *_: pytest.fail("made the views anew"))
    sa.event.listen(warehouse, "before_cursor_execute", note)
    try:
        prepare(warehouse, settings(), catalogue)
    finally:
        sa.event.remove(warehouse, "before_cursor_execute", note)
    assert statements
    assert [s for s in statements if not s.lstrip().startswith("SELECT")] == []


# ---- copying in


def test_copying_keeps_every_value(warehouse: Engine) -> None:
    rows = pa.table(
        {
            "t": ["a,b", 'say "x"', "", None, "line\nbreak", "中文", "\\N"],
            "n": pa.array([1, None, 2**62, -1, 0, 5, 6], pa.int64()),
            "d": pa.array(["1.2345", None, "-0.0001", "0", "5", "6", "7"]).cast(pa.decimal128(18, 4)),
            "b": pa.array([True, False, None, True, True, True, True]),
        }
    )
    with warehouse.connect() as c, c.begin() as transaction:
        c.execute(sa.text("CREATE TEMP TABLE copied (t text, n bigint, d numeric(18,4), b boolean)"))
        copy_in(c, "copied", rows)
        found = [dict(r._mapping) for r in c.execute(sa.text("SELECT t, n, d, b FROM copied"))]
        transaction.rollback()
    assert found == rows.to_pylist()


def test_what_all_rows_share_is_added_to_their_text(warehouse: Engine) -> None:
    rows = pa.table({"t": ["a,b", 'say "x"', "", None]})
    with warehouse.connect() as c, c.begin() as transaction:
        c.execute(sa.text("CREATE TEMP TABLE copied (t text, at timestamptz)"))
        copy_in(c, "copied", rows, at="2026-11-02T00:00:00.000001+00:00")
        found = c.execute(sa.text("SELECT t, at FROM copied")).all()
        with pytest.raises(ValueError, match="end of a line"):
            copy_in(c, "copied", pa.table({"t": ["line\nbreak"]}), at="2026-11-02T00:00:00+00:00")
        transaction.rollback()
    at = datetime(2026, 11, 2, microsecond=1, tzinfo=UTC)
    assert [tuple(r) for r in found] == [(t, at) for t in rows.column("t").to_pylist()]


def test_the_server_rejects_what_does_not_fit(warehouse: Engine) -> None:
    with warehouse.connect() as c:
        c.execute(sa.text("CREATE TEMP TABLE copied (n bigint)"))
        with pytest.raises(psycopg.errors.InvalidTextRepresentation, match="bigint"):
            copy_in(c, "copied", pa.table({"n": ["12.5"]}))


# ---- how definitions are made


def test_a_definition_is_run_as_it_stands(warehouse: Engine) -> None:
    """Names and texts are quoted; percent signs, colons and backslashes mean nothing."""
    words = '100 %s: it\'s :name, \\n 中文 "x"'
    with warehouse.connect() as c, c.begin() as transaction:
        define(c, sql.SQL("CREATE TEMP TABLE {} ({} text)").format(named('o"dd'), sql.Identifier("组 %")))
        column = sql.Identifier('o"dd', "组 %")
        define(c, sql.SQL("COMMENT ON COLUMN {} IS {}").format(column, sql.Literal(words)))
        found = c.execute(
            sa.text("SELECT attname, col_description(attrelid, 1) FROM pg_attribute WHERE attname = '组 %'")
        ).one()
        transaction.rollback()
    assert tuple(found) == ("组 %", words)


def test_what_the_warehouse_is_in_line_with_is_noted_by_name(warehouse: Engine) -> None:
    with warehouse.connect() as c, c.begin() as transaction:
        before = definitions.found(c, "catalogue")
        assert (bool(before), definitions.found(c, "test")) == (True, None)
        for hash_ in ("one", "two"):
            definitions.note(c, "test", hash_)
            assert definitions.found(c, "test") == hash_
        definitions.forget(c, "test")
        assert (definitions.found(c, "catalogue"), definitions.found(c, "test")) == (before, None)
        transaction.rollback()


def test_columns_are_added_and_widened_and_never_narrowed(warehouse: Engine) -> None:
    with warehouse.connect() as c, c.begin() as transaction:
        c.execute(sa.text("CREATE SCHEMA made"))
        wanted = {"n": "bigint", "a b": "text"}
        assert tables.add_columns(c, "made.t", wanted) == ["n", "a b"]
        assert tables.add_columns(c, "made.t", {"n": "numeric(38,4)"}) == []
        assert tables.add_columns(c, "made.t", wanted | {"more": "boolean"}) == ["more"]
        found = tables.columns_of(c, "made.t")
        transaction.rollback()
    assert found == {"n": "numeric", "a b": "text", "more": "boolean"}


def test_the_views_of_figures_begin_with_the_same_columns(objects: list[Any]) -> None:
    for view in ("indicator_value", "indicator_value_restated"):
        found = [o.attname for o in objects if (o.nspname, o.relname) == ("mart", view)]
        assert tuple(found[: len(views.FIGURE)]) == views.FIGURE
        assert found[len(views.FIGURE) :] == ["is_closed", "definition_version", "built_at"]
