"""The reducers: what YAML may say, what each is as SQL and in words, and what others must know of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qiangji.catalogue.indicators import Indicator
from qiangji.catalogue.load import Catalogue, load
from qiangji.catalogue.models import Form
from qiangji.catalogue.places import Place
from qiangji.catalogue.terms import CountRows, CountWhere, Max, Min, Reports, Sum, Term
from qiangji.errors import CatalogueError, UsageError
from qiangji.indicators import columns
from qiangji.rendering import rendered
from tests.frozen import paths as frozen
from tests.golden import world

PROJECT = Path(__file__).parents[3]
MODELS = PROJECT / "sql" / "models"
FORM = Form.model_validate(
    world.form_of(
        "v",
        {
            "fields": {
                "s": {}, "f": {"kind": "flow"}, "y": {"kind": "ytd"}, "u": {"kind": "distinct"},
                "m": {"kind": "flow", "type": "decimal"}, "t": {"type": "text"},
            }
        },
    )
)  # fmt: skip


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(frozen.CATALOGUE, frozen.EXPECTATIONS)


def term(**written: Any) -> Term:
    """A term as an indicator's YAML has it."""
    side = {"form": "v", **written}
    return Indicator.model_validate(
        world.indicator_of({"code": "x", "numerator": side, "denominator": side})
    ).terms[0]


WHERE = {"field": "s", "at_least": 3}


@pytest.mark.parametrize(
    ("written", "reducer", "fields"),
    [
        ({"sum": "s"}, Sum, {"s"}),
        ({"count": "rows"}, CountRows, set()),
        ({"count_where": WHERE}, CountWhere, {"s"}),
        ({"max": "f"}, Max, {"f"}),
        ({"min": "f", "minus": True}, Min, {"f"}),
        ({"sum": "s", "count": None, "max": None, "each_report": False}, Sum, {"s"}),
        ({"count": "rows", "each_report": False, "sum": None}, CountRows, set()),
    ],
)
def test_the_key_says_which_reducer_it_is(
    written: dict[str, Any], reducer: type[Term], fields: set[str]
) -> None:
    found = term(**written)
    assert type(found) is reducer
    assert found.fields == fields
    assert type(found).model_validate(found.model_dump(by_alias=True)) == found


def test_every_dumped_term_has_the_keys_that_definition_hashes_are_made_of() -> None:
    keys = {"form", "sum", "count", "count_where", "max", "min", "minus", "each_report"}
    for written in ({"sum": "s"}, {"count": "rows"}, {"count_where": WHERE}, {"max": "s"}, {"min": "s"}):
        assert set(term(**written).model_dump(mode="json")) == keys


@pytest.mark.parametrize(
    ("written", "in_a_quarter", "last", "before", "over", "decimal"),
    [
        ({"sum": "s"}, "max_by(s, month) FILTER (WHERE in_period AND s IS NOT NULL)", True, False, False, False),
        ({"sum": "s", "each_report": True}, "sum(s) FILTER (WHERE in_period)", False, False, True, False),
        ({"sum": "f"}, "sum(f) FILTER (WHERE in_period)", False, False, True, False),
        ({"sum": "m"}, "sum(m) FILTER (WHERE in_period)", False, False, True, True),
        (
            {"sum": "y"},
            "max_by(y, month) FILTER (WHERE in_period AND y IS NOT NULL)"
            " - (CASE WHEN bool_or(starts_year) THEN 0 ELSE max(y) FILTER (WHERE is_before) END)",
            True, True, True, False,
        ),
        ({"sum": "u"}, "CAST(NULL AS bigint)", False, False, True, False),
        ({"count": "rows"}, "max(1) FILTER (WHERE in_period)", False, False, False, False),
        (
            {"count_where": WHERE},
            "max_by((CASE WHEN s >= 3 THEN 1 WHEN NOT (s >= 3) THEN 0 END), month)"
            " FILTER (WHERE in_period AND (CASE WHEN s >= 3 THEN 1 WHEN NOT (s >= 3) THEN 0 END) IS NOT NULL)",
            True, False, False, False,
        ),
        ({"max": "m"}, "max(m) FILTER (WHERE in_period)", False, False, True, True),
        ({"min": "s"}, "min(s) FILTER (WHERE in_period)", False, False, True, False),
    ],
)  # fmt: skip
def test_what_a_reducer_is(
    written: dict[str, Any], in_a_quarter: str, last: bool, before: bool, over: bool, decimal: bool
) -> None:
    found = term(**written)
    assert found.operand(FORM, "quarter", (), Reports()) == in_a_quarter
    assert (found.last_report(FORM, ()) is not None) == last
    assert found.reads_before(FORM, "quarter") == before
    assert not found.reads_before(FORM, "ytd")
    assert found.carries_over(FORM) == over
    assert found.is_decimal(FORM) == decimal


@pytest.mark.parametrize("written", [{"sum": "s"}, {"sum": "s", "each_report": True}, {"count_where": WHERE}])
def test_under_matched_a_stock_is_taken_of_reports_that_have_both_sides(written: dict[str, Any]) -> None:
    here = "FILTER (WHERE in_period AND s IS NOT NULL AND f IS NOT NULL)"
    assert here in term(**written).operand(FORM, "quarter", ["s", "f"], Reports())


@pytest.mark.parametrize(
    ("written", "zh", "en"),
    [
        ({"sum": "s"}, "v_s", "v s"),
        ({"count": "rows"}, "count(报表v)", "count(Form v)"),
        ({"count_where": WHERE}, "count(v_s >= 3)", "count(v s >= 3)"),
        ({"max": "f"}, "max(v_f)", "max(v f)"),
        ({"min": "f"}, "min(v_f)", "min(v f)"),
    ],
)
def test_in_words(written: dict[str, Any], zh: str, en: str) -> None:
    assert (term(**written).in_words(FORM, "zh"), term(**written).in_words(FORM, "en")) == (zh, en)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"sum": "t"}, "field t is no number (expected s, f, y, u, m)"),
        ({"max": "t"}, "field t is no number"),
        ({"sum": "f", "each_report": True}, "each_report belongs to the sum of a stock"),
        ({"count_where": {"field": "s", "is": True}}, "s is integer"),
    ],
)
def test_what_a_form_cannot_give(written: dict[str, Any], said: str) -> None:
    with pytest.raises(CatalogueError) as e:
        term(**written).check(FORM, Place(Path("x.yaml")))
    assert said in str(e.value)


def test_statements_are_the_models_with_nothing_left_open(catalogue: Catalogue) -> None:
    for code, indicator in catalogue.indicators.items():
        steps = list(columns.statements(MODELS, catalogue, code))
        models = (
            ["operands"] * len(indicator.forms)
            + ["units"] * (len(indicator.forms) > 1)
            + ["sides", "sums", "results"]
        )
        assert [s.title.split()[0] for s in steps] == [f"sql/models/{m}.sql" for m in models]
        assert all("{{" not in s.sql and code in s.sql for s in steps)
        assert indicator.headline in steps[0].title
    with pytest.raises(UsageError, match="no indicator nothing"):
        list(columns.statements(MODELS, catalogue, "nothing"))


def test_statements_are_what_a_build_runs(catalogue: Catalogue) -> None:
    """Of a base with one indicator alone, word for word."""
    from qiangji.indicators import Base

    indicator = catalogue.indicators["group_leader_party_share"]
    form = catalogue.forms["village_group"]
    base = Base((form,), indicator.definitions)
    text = (MODELS / "operands.sql").read_text(encoding="utf-8")
    built = rendered(text, "operands", columns.pieces("operands", base, form, indicator.headline))
    assert next(columns.statements(MODELS, catalogue, indicator.code)).sql == built.strip()
