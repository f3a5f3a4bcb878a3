"""The filled text of every model is what DuckDB and Spark both know and read alike."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise

import pytest
import sqlglot
import yaml
from sqlglot import exp

from qiangji import indicators
from qiangji.catalogue.load import load
from qiangji.indicators import Base
from qiangji.indicators.columns import pieces
from qiangji.periods import PERIOD_TYPES
from qiangji.rendering import rendered
from tests.frozen import paths as frozen
from tests.sql.test_models import CASES, MODELS, base_of

BOTH = {
    "bool_or",
    "cast",
    "chr",
    "coalesce",
    "count",
    "decimal",
    "filter",
    "max",
    "max_by",
    "min",
    "right",
    "sum",
}
"""Functions, and words that stand before a parenthesis as they do. Held on real engines by tests/sql/test_models.py."""
WORDS = {"and", "as", "having", "in", "not", "on", "or", "then", "using", "when", "where"}


def filled(model: str, base: Base, period_type: str) -> Iterator[str]:
    """The text of a model, for each form where it is run for one."""
    text = (MODELS / f"{model}.sql").read_text(encoding="utf-8")
    for form in base.forms if model in ("operands", "operands_of_one", "corrected") else (None,):
        yield rendered(text, model, pieces(model, base, form, period_type))


@cache
def texts() -> list[tuple[str, str]]:
    """(where, text): every model of every base of the catalogue and of the cases, for each type of period."""
    catalogue = load(frozen.CATALOGUE, frozen.EXPECTATIONS)
    found = [("the catalogue", base) for base in indicators.bases(catalogue)]
    for folder in CASES:
        case = yaml.safe_load((folder / "case.yaml").read_text(encoding="utf-8"))
        if (of := base_of(case)) is not None:
            found.append((folder.name, of[0]))
    every = {
        text: f"{model} of {base.name} ({where}, {period_type})"
        for where, base in found
        for period_type in PERIOD_TYPES
        for model in sorted(p.stem for p in MODELS.glob("*.sql"))
        for text in filled(model, base, period_type)
    }
    return [(where, text) for text, where in every.items()]


def called(text: str) -> set[str]:
    """The words that a parenthesis follows."""
    tokens = sqlglot.tokenize(text, read="spark")
    found = {one.text.lower() for one, then in pairwise(tokens) if then.text == "("}
    return {word for word in found if word.replace("_", "").isalnum()} - WORDS


def tree(text: str, dialect: str) -> exp.Expr:
    """What a dialect reads in a text. To sqlglot a cast of Spark's may fail quietly; as it is set here, none does."""
    parsed = sqlglot.parse_one(text, read=dialect)
    for cast in list(parsed.find_all(exp.TryCast)):
        cast.replace(exp.Cast(this=cast.this, to=cast.args["to"]))
    return parsed


@pytest.mark.usefixtures("servers")  # for its time: it starts nothing
def test_both_dialects_read_the_same() -> None:
    assert len(texts()) > 100
    for where, text in texts():
        assert tree(text, "duckdb") == tree(text, "spark"), where


def test_only_functions_are_used_that_both_know() -> None:
    used: set[str] = set()
    for where, text in texts():
        found = called(text)
        assert found <= BOTH | {"due", "reported", "touched", "known", "counted"}, (where, found - BOTH)
        used |= found
    assert {"max_by", "right", "bool_or", "coalesce"} <= used


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("SELECT arg_max(a, b) FROM t", {"arg_max"}),
        ("SELECT list_sort(a), max (b) FROM t", {"list_sort", "max"}),
    ],
)
def test_a_function_of_one_engine_is_seen(text: str, names: set[str]) -> None:
    assert called(text) == names


def test_a_text_that_one_engine_reads_otherwise_is_seen() -> None:
    one = r"SELECT 'a\nb' AS x"
    assert tree(one, "duckdb") != tree(one, "spark")
