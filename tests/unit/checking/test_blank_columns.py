"""Columns that a whole report leaves empty: told once, asked about where an indicator reads them."""

from __future__ import annotations

from typing import Any

import pytest

from qiangji.catalogue.load import Catalogue, load
from qiangji.checking import Checked, blank_columns
from qiangji.feedback.problems import problems_of
from tests.golden import world
from tests.unit.checking.reports import accepted, one, rejected

PRESENT = "expect_column_values_to_not_be_null"
FORM: dict[str, Any] = {
    "fields": {"n": {}, "part": {}, "note": {"type": "boolean"}},
    "expectations": [
        {"field": "note", "rule": "asked", "type": PRESENT, "kwargs": {"column": "note"}},
    ],
}


def make(folder: Any, form: dict[str, Any]) -> world.World:
    tree = {"Z": {"A": {"T": ["V1", "V2", "V3", "V4"]}}}
    return world.make(
        folder,
        tree,
        {"f": form},
        [{"code": "x", "numerator": {"sum": "n"}, "denominator": {"count": "rows"}}],
    )


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> world.World:
    return make(tmp_path_factory.mktemp("blank"), FORM)


@pytest.fixture(scope="module")
def catalogue(small: world.World) -> Catalogue:
    return load(small.catalogue, small.expectations)


def found(checked: Checked) -> list[tuple[str, str]]:
    return [(f.unit_code, f.rule) for f in checked.findings]


def blank(checked: Checked, catalogue: Catalogue) -> list[str]:
    assert checked.parsed is not None
    return blank_columns.blank_fields(
        checked.parsed, catalogue.forms["f"], catalogue.suites["f"], checked.period
    )


def test_an_empty_column_is_one_finding_on_the_report(catalogue: Catalogue, small: world.World) -> None:
    checked = one(catalogue, small, [["V1", None, 1, "是"], ["V2", None, 2, None], ["V3", None, 3, "否"]])
    assert checked.verdict == "accepted"
    assert found(checked) == [(small.codes["V2"], "f.note.asked"), ("990001", "f.n.blank_column")]
    told = problems_of(checked, catalogue.forms["f"])
    assert [(p.rule, p.row) for p in told] == [("f.n.blank_column", None), ("f.note.asked", 3)]
    assert "整列未填" in told[0].message_zh


def test_two_rows_are_told_one_by_one(catalogue: Catalogue, small: world.World) -> None:
    checked = one(catalogue, small, [["V1", None, 1, "是"], ["V2", None, 2, "是"]])
    assert found(checked) == [(small.codes[v], "f.n.filled") for v in ("V1", "V2")]


def test_a_column_with_one_value_is_told_row_by_row(catalogue: Catalogue, small: world.World) -> None:
    checked = one(catalogue, small, [["V1", None, 1, "是"], ["V2", 0, 2, "是"], ["V3", None, 3, "否"]])
    assert found(checked) == [(small.codes[v], "f.n.filled") for v in ("V1", "V3")]


def test_a_column_of_what_cannot_be_read_is_not_empty(catalogue: Catalogue, small: world.World) -> None:
    checked = one(catalogue, small, [["V1", "x", 1, "是"], ["V2", None, 2, "是"], ["V3", None, 3, "否"]])
    assert blank(checked, catalogue) == []


def test_a_field_that_is_asked_for_in_some_rows_may_be_empty(tmp_path: Any) -> None:
    condition = {"type": "comparison", "column": {"name": "part"}, "operator": ">", "parameter": 9}
    rule = {
        "field": "note",
        "rule": "asked",
        "type": PRESENT,
        "kwargs": {"column": "note", "row_condition": condition},
    }
    made = make(tmp_path, FORM | {"expectations": [rule]})
    catalogue = load(made.catalogue, made.expectations)
    checked = one(catalogue, made, [[v, 1, 2, None] for v in ("V1", "V2", "V3")])
    assert blank(checked, catalogue) == []


def test_where_every_row_must_fill_it_the_report_says_which_column(tmp_path: Any) -> None:
    rule = {
        "field": "part",
        "rule": "present",
        "type": PRESENT,
        "kwargs": {"column": "part"},
        "severity": "critical",
    }
    made = make(tmp_path, FORM | {"expectations": [rule]})
    catalogue = load(made.catalogue, made.expectations)
    checked = one(catalogue, made, [[v, 1, None, "是"] for v in ("V1", "V2", "V3")])
    assert (checked.verdict, checked.reason_code, accepted(checked)) == ("returned", "no_row_accepted", [])
    assert rejected(checked) == {made.codes[v]: ["f.part.present"] for v in ("V1", "V2", "V3")}
    assert "f_part" in (checked.message_zh or "")
    assert "整列未填" in (checked.message_zh or "")


def test_a_report_is_asked_about_where_an_indicator_reads_the_column(
    catalogue: Catalogue, small: world.World
) -> None:
    form, read = catalogue.forms["f"], catalogue.fields_read
    strict = form.model_copy(
        update={"fields": {n: f.model_copy(update={"may_be_empty": False}) for n, f in form.fields.items()}}
    )
    assert read == {("f", "n")}
    assert blank_columns.question(["n", "part"], form, read) is None
    assert blank_columns.question(["part"], strict, read) is None
    asked = blank_columns.question(["n", "part"], strict, read)
    assert asked is not None
    assert (asked.code, "“f_n”" in asked.zh, "f n." in asked.en) == ("blank_column", True, True)
    assert "part" not in asked.zh + asked.en
