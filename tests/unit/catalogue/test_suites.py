"""What suites say of a row, and which suites are refused. That each live rule bites: tests/live/test_suites.py."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from qiangji.catalogue.load import load
from qiangji.catalogue.suite_checks import check_suite
from qiangji.catalogue.suites import Rule, Suite, columns_of, context_column
from qiangji.errors import CatalogueError
from tests.frozen import paths as frozen

ROOT = Path(__file__).resolve().parents[3]
CATALOGUE = load(frozen.CATALOGUE, frozen.EXPECTATIONS)
KINDS = {u.kind for u in CATALOGUE.org}
FORMS = list(CATALOGUE.forms)


def suite_of(form: str) -> Suite:
    return CATALOGUE.suites[form]


def rule_of(id: str) -> Rule:
    return next(rule for rule in suite_of(id.partition(".")[0]).rules if rule.id == id)


def test_what_is_usual_is_said_in_numbers() -> None:
    row = {"party_members": 81, "_low_party_members": -3.2, "_high_party_members": 51.57}
    said = rule_of("village.party_members.as_usual").words(row)
    assert said.expected_zh.startswith("本单位通常为0–52")
    assert said.expected_en.startswith("0–52, as is usual")


def test_what_is_usual_reaches_as_far_as_the_rules_own_limit() -> None:
    rule = rule_of("village.party_members.as_usual")
    content = copy.deepcopy(dict(rule.content))
    content["kwargs"]["max_value"] = 7
    row = {"party_members": 81, "_low_party_members": 30.0, "_high_party_members": 50.0}
    assert rule.words(row).expected_en.startswith("30–50")
    assert Rule.parse(content).words(row).expected_en.startswith("20–60")


def test_no_message_shows_a_number_that_may_be_a_persons() -> None:
    rule = rule_of("village.trees_planted.possible")
    for number in (6222020200112233445, 13800138000, 6222020200112233445.0):
        assert rule.words({"trees_planted": number}).value == f"({len(str(int(number)))} 位数字 digits)"
    assert rule.words({"trees_planted": 10_000_001}).value == "10000001"


def test_required_fields_are_those_that_counties_must_fill() -> None:
    required = yaml.safe_load((ROOT / "simulator" / "headers.yaml").read_text(encoding="utf-8"))["required"]
    for form in FORMS:
        found = [
            e["kwargs"]["column"]
            for e in suite_of(form).expectations
            if e["type"] == "expect_column_values_to_not_be_null" and e["severity"] == "critical"
        ]
        assert sorted(found) == sorted(required[form])


# ---- what an expectation reads


def test_columns_include_those_of_the_condition() -> None:
    rule = rule_of("village_group.org_setup.own_branch_has_members")
    assert rule.columns == {"party_members", "org_setup"}
    assert not rule.is_contextual


def test_contextual_are_those_that_need_other_submissions() -> None:
    known = rule_of("village_group.group_code.known")

    def is_contextual(**kwargs: Any) -> bool:
        return Rule.parse({**known.content, "kwargs": kwargs}).is_contextual

    condition = {"type": "comparison", "column": {"name": "_last_leaders"}, "operator": ">=", "parameter": 1}
    assert not is_contextual(column="_is_known")
    assert is_contextual(column_A="leaders", column_B="_last_leaders")
    assert is_contextual(column="leaders", row_condition=condition)
    assert is_contextual(column="leaders", row_condition={"type": "and", "conditions": [condition]})


def test_context_columns_are_taken_apart() -> None:
    column = context_column("_sum_village_group_party_members", "village", FORMS)
    assert column is not None
    assert (column.kind, column.form, column.field) == ("sum", "village_group", "party_members")
    assert context_column("party_members", "village", FORMS) is None
    names = [c.name for c in suite_of("village").context_columns(FORMS)]
    assert names == sorted(names)
    assert "_change_party_members" in names
    assert "_last_party_members" in names


VALUES: list[tuple[str, dict[str, Any], str]] = [
    ("village_group.party_member_leaders.within_leaders", {"party_member_leaders": 3, "leaders": 2}, "3 / 2"),
    ("village.trees_planted.does_not_fall", {"trees_planted": 5, "_last_trees_planted": 9}, "5 / 9"),
    (
        "village.party_members.no_jump",
        {"party_members": 60, "_last_party_members": 40, "_change_party_members": 0.5},
        "40 → 60 (+50%)",
    ),
    (
        "village.village_code.known",
        {"village_code": "440705200999", "_is_known": False, "county_code": "440705"},
        "440705200999",
    ),
    (
        "village.village_code.known",
        {"village_code": "6222021234567890123", "_is_known": False, "county_code": "440705"},
        "(19 字 characters)",
    ),
]


@pytest.mark.parametrize(("rule", "row", "value"), VALUES)
def test_values_in_messages(rule: str, row: dict[str, Any], value: str) -> None:
    assert rule_of(rule).words(row).value == value


# ---- what a suite may not be


def broken(change: Any) -> Suite:
    content = copy.deepcopy(suite_of("village_group").content)
    change(content["expectations"])
    return Suite("village_group", content, frozen.EXPECTATIONS / "village_group.json")


def find(expectations: list[dict[str, Any]], rule: str) -> dict[str, Any]:
    return next(e for e in expectations if e["meta"].get("rule") == f"village_group.{rule}")


PAIR = "party_member_leaders.within_leaders"
WRONG: dict[str, tuple[Any, list[str]]] = {
    "a field without an expectation": (
        lambda es: es.__setitem__(
            slice(None), [e for e in es if "has_party_work" not in columns_of(e["kwargs"])]
        ),
        ["has_party_work"],
    ),
    "a column that no form has": (
        lambda es: find(es, "leaders.plausible")["kwargs"].update(column="leeders"),
        ["leaders.plausible", "'leeders'", "households"],
    ),
    "a context column of no field": (
        lambda es: find(es, "major_matters.does_not_fall")["kwargs"].update(column_B="_last_mayor_matters"),
        ["_last_mayor_matters", "major_matters"],
    ),
    "a sum over an unknown form": (
        lambda es: find(es, "leaders.plausible")["kwargs"].update(column="_sum_hamlet_leaders"),
        ["_sum_hamlet_leaders", "_sum_<form>_<field>"],
    ),
    "an unknown column in a condition": (
        lambda es: find(es, "org_setup.own_branch_has_members")["kwargs"]["row_condition"].update(
            column={"name": "setup"}
        ),
        ["'setup'"],
    ),
    "a pair without ignore_row_if": (
        lambda es: find(es, PAIR)["kwargs"].pop("ignore_row_if"),
        [PAIR, "either_value_is_missing"],
    ),
    "a pair with another ignore_row_if": (
        lambda es: find(es, PAIR)["kwargs"].update(ignore_row_if="both_values_are_missing"),
        ["both_values_are_missing", "either_value_is_missing"],
    ),
    "a value_set of unit codes": (
        lambda es: find(es, "group_code.known")["kwargs"].update(
            column="group_code", value_set=["440705200201"]
        ),
        ["value_set", "_is_known"],
    ),
    "a long value_set": (
        lambda es: find(es, "group_code.known")["kwargs"].update(value_set=list(range(31))),
        ["value_set", "30"],
    ),
    "no rule id": (lambda es: es[3]["meta"].pop("rule"), ["village_group.json, line ", "meta.rule"]),
    "a rule id of another form": (
        lambda es: es[3]["meta"].update(rule="village.leaders"),
        ["village.leaders", "village_group.<field>"],
    ),
    "a rule id twice": (
        lambda es: es[3]["meta"].update(rule=es[2]["meta"]["rule"]),
        ["group_code.known", "twice"],
    ),
    "no message in Chinese": (lambda es: es[3]["meta"]["message"].pop("zh"), ["meta.message", "zh"]),
    "an empty message": (lambda es: es[3]["meta"]["message"].update(en=" "), ["meta.message"]),
    "an unknown placeholder": (
        lambda es: es[3]["meta"]["message"].update(en="{valeu}"),
        ["{valeu}", "{value}"],
    ),
    "nothing on what was expected": (lambda es: es[3]["meta"].pop("expected"), ["meta.expected"]),
    "no severity": (lambda es: es[3].pop("severity"), ["severity", "critical, warning, info"]),
    "an unknown severity": (
        lambda es: es[3].update(severity="fatal"),
        ["'fatal'", "critical, warning, info"],
    ),
    "no scope": (lambda es: es[3]["meta"].pop("scope"), ["scope", "row, submission"]),
    "a message about an unknown field": (
        lambda es: es[3]["meta"].update(fields=["group_cod"]),
        ["group_cod", "group_code"],
    ),
    "critical on the preceding period": (
        lambda es: find(es, "major_matters.does_not_fall").update(severity="critical"),
        ["major_matters.does_not_fall", "warning or info"],
    ),
    "a type that names no rows": (
        lambda es: es[3].update(type="expect_column_max_to_be_between"),
        ["expect_column_max_to_be_between"],
    ),
    "a number without a maximum": (
        lambda es: es.remove(find(es, "leaders.possible")),
        ["no critical maximum on leaders"],
    ),
    "a maximum that only warns": (
        lambda es: find(es, "leaders.possible").update(severity="warning"),
        ["no critical maximum on leaders"],
    ),
    "an indicator's field whose absence is silent": (
        lambda es: es.remove(find(es, "org_setup.present")),
        ["indicators read org_setup", "a warning at least"],
    ),
    "an indicator's field whose absence is only noted": (
        lambda es: find(es, "org_setup.present").update(severity="info"),
        ["indicators read org_setup"],
    ),
    "the end of the year before, of a stock": (
        lambda es: find(es, "major_matters.starts_anew")["kwargs"].update(column_A="_yearend_leaders"),
        ["_yearend_leaders", "stock", "_last_<field>"],
    ),
    "a share of rows that may fail": (lambda es: es[3]["kwargs"].update(mostly=0.9), ["mostly"]),
    "a condition as text": (
        lambda es: es[3]["kwargs"].update(row_condition="leaders > 0"),
        ["row_condition"],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_suite_is_refused(case: str) -> None:
    change, words = WRONG[case]
    with pytest.raises(CatalogueError) as e:
        check_suite(
            broken(change), CATALOGUE.forms["village_group"], CATALOGUE.forms, KINDS, CATALOGUE.fields_read
        )
    message = str(e.value)
    assert "expectations/village_group.json" in message
    assert not [w for w in words if w not in message], message


GAPS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "of no field": ({"g": {"plus": ["leeders"], "minus": ["leaders"]}}, ["meta.gaps", "leeders", "households"]),
    "of what is no number": ({"g": {"plus": ["org_setup"], "minus": ["leaders"]}}, ["org_setup", "no number"]),
    "without a side": ({"g": {"plus": ["leaders"]}}, ["meta.gaps", "{plus: [...], minus: [...]}"]),
    "that nobody reads": ({"g": {"plus": ["leaders"], "minus": ["residents"]}}, ["reads g", "_gap_<name>"]),
}  # fmt: skip


@pytest.mark.parametrize("case", GAPS)
def test_a_wrong_gap_is_refused(case: str) -> None:
    declared, words = GAPS[case]
    suite = suite_of("village_group")
    content = copy.deepcopy(suite.content)
    content["meta"]["gaps"] = declared
    with pytest.raises(CatalogueError) as e:
        check_suite(
            Suite(suite.form, content, suite.path), CATALOGUE.forms["village_group"], CATALOGUE.forms, KINDS
        )
    assert not [w for w in words if w not in str(e.value)], str(e.value)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("_gap_nothing", ["_gap_nothing", "_units_<kind>"]),
        ("_sum_village_party_members", []),
        ("_sum_town_service_service_centres", ["by a town", "beneath"]),
        ("_sum_community_has_joint_committee", ["no such field"]),
        ("_count_community_has_joint_committee", []),
    ],
)
def test_a_form_is_compared_with_what_lies_at_its_units_or_beneath(column: str, words: list[str]) -> None:
    suite = suite_of("village")
    content = copy.deepcopy(suite.content)
    rule = "village.party_members.covers_groups"
    next(e for e in content["expectations"] if e["meta"]["rule"] == rule)["kwargs"]["column_B"] = column
    changed = Suite(suite.form, content, suite.path)
    if not words:
        check_suite(changed, CATALOGUE.forms["village"], CATALOGUE.forms, KINDS)
        return
    with pytest.raises(CatalogueError) as e:
        check_suite(changed, CATALOGUE.forms["village"], CATALOGUE.forms, KINDS)
    assert not [w for w in words if w not in str(e.value)], str(e.value)


def test_a_month_is_not_held_against_a_quarter() -> None:
    suite = suite_of("town_service")
    content = copy.deepcopy(suite.content)
    rule = "town_service.liaison_cadres.plausible"
    next(e for e in content["expectations"] if e["meta"]["rule"] == rule)["kwargs"]["column"] = (
        "_sum_town_training_members_due"
    )
    with pytest.raises(CatalogueError, match=r"by the quarter.*by the month"):
        check_suite(
            Suite(suite.form, content, suite.path), CATALOGUE.forms["town_service"], CATALOGUE.forms, KINDS
        )
