"""The suites, run in Great Expectations itself: good rows pass, and every single rule can fail.

The cases are data (tests/golden/suites). A rule without a case is a failure: no check may never bite.
"""

from __future__ import annotations

import copy
import json
import logging
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from qiangji.catalogue import load
from qiangji.catalogue.suite_checks import check_suite
from qiangji.catalogue.suites import SEVERITIES, Rule, Suite, columns_of, context_column
from qiangji.checking.expectations import _raised
from qiangji.errors import CatalogueError

ROOT = Path(__file__).resolve().parents[3]
CATALOGUE = load(ROOT / "catalogue", ROOT / "expectations")
KINDS = {u.kind for u in CATALOGUE.org}
FORMS = list(CATALOGUE.forms)


@cache
def cases_of(form: str) -> dict[str, Any]:
    path = ROOT / "tests" / "golden" / "suites" / f"{form}.yaml"
    cases: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return cases


def suite_of(form: str) -> Suite:
    return CATALOGUE.suites[form]


def rule_of(id: str) -> Rule:
    return next(rule for rule in suite_of(id.partition(".")[0]).rules if rule.id == id)


def arrow_type(form: str, column: str) -> Any:
    """The type that a column has when the suite runs (decimals as float64, dates as text)."""
    import pyarrow as pa

    if column in ("_is_known", "_totals_agree", "_is_total", "_is_sum"):
        return pa.bool_()
    if column.startswith(("_occurrences", "_units_", "_count_")):
        return pa.int64()
    if column.startswith(("_change_", "_z_", "_year_", "_gap_")):
        return pa.float64()
    context = context_column(column, form, CATALOGUE.forms)
    fields = CATALOGUE.forms[context.form if context else form].fields
    field = fields.get(context.field if context else column)
    types = {"integer": pa.int64(), "decimal": pa.float64(), "boolean": pa.bool_()}
    return types.get(field.type, pa.string()) if field else pa.string()


def frame_of(form: str, rows: list[dict[str, Any]]) -> Any:
    """Rows as checking gives them to Great Expectations: from Arrow, every column an ArrowDtype."""
    import pandas as pd
    import pyarrow as pa

    table = pa.table({c: pa.array([r[c] for r in rows], arrow_type(form, c)) for c in rows[0]})
    return table.to_pandas(types_mapper=pd.ArrowDtype)


@pytest.fixture(scope="module")
def failures_of() -> Any:
    """(form, which of `ROWS`) -> rule id -> positions, among those rows, of the ones that fail it.

    A form's rows of all kinds but one are validated at once: most of what Great Expectations does is for a suite, not
    for a row. An errored expectation is an error.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    batches = context.data_sources.add_pandas("rows").add_dataframe_asset("rows")
    whole = batches.add_batch_definition_whole_dataframe("rows")

    @cache
    def failed_of(form: str, kinds: tuple[str, ...]) -> dict[str, list[int]]:
        content = copy.deepcopy(suite_of(form).content)
        suite = gx.ExpectationSuite(
            name=content["name"], expectations=content["expectations"], meta=content["meta"]
        )
        rows = [row for kind in kinds for row in ROWS[kind](form)]
        batch = whole.get_batch({"dataframe": frame_of(form, rows)})
        wanted = "BOOLEAN_ONLY" if len(rows) == 1 else "COMPLETE"  # which row it is takes twice as long
        results = batch.validate(suite, result_format=wanted).results
        assert len(results) == len(content["expectations"])
        failed = {}
        for result in results:
            rule = result.expectation_config.meta["rule"]
            assert not _raised(result.exception_info or {}), f"{rule} raised: {result.exception_info}"
            if not result.success:
                failed[rule] = [0] if len(rows) == 1 else result.result["unexpected_index_list"]
        return failed

    def run(form: str, kind: str) -> dict[str, list[int]]:
        kinds = (kind,) if kind == ALONE else tuple(k for k in ROWS if k != ALONE)
        first = sum(len(ROWS[k](form)) for k in kinds[: kinds.index(kind)])
        mine = range(first, first + len(ROWS[kind](form)))
        failed = failed_of(form, kinds).items()
        among = {rule: [at - first for at in found if at in mine] for rule, found in failed}
        return {rule: found for rule, found in among.items() if found}

    return run


def good_rows(form: str) -> list[dict[str, Any]]:
    return [cases_of(form)["good"]] * 2


def broken_rows(form: str) -> list[dict[str, Any]]:
    """One row a rule, between good rows."""
    cases = cases_of(form)
    rows = [cases["good"]]
    for case in cases["breaks"].values():
        rows += [{**cases["good"], **case["set"]}, cases["good"]]
    return rows


def row_of_what_is_required(form: str) -> list[dict[str, Any]]:
    """Without any field that is not required."""
    required = {
        e["kwargs"]["column"]
        for e in suite_of(form).expectations
        if e["severity"] == "critical" and e["type"] == "expect_column_values_to_not_be_null"
    }
    kept = {*required, "_is_known", "_occurrences", "_is_total", "period", "county_code"}
    return [{c: v if c in kept else None for c, v in cases_of(form)["good"].items()}]


def at_the_bounds(form: str) -> list[tuple[str, dict[str, Any]]]:
    """Rule and row, for each bound of each rule."""
    good = cases_of(form)["good"]
    return [
        (e["meta"]["rule"], {**good, **change})
        for e in suite_of(form).expectations
        for change in bounds_of(e, good)
    ]


def below_the_range(form: str) -> list[tuple[str, dict[str, Any]]]:
    """Rule and row, for each rule whose range has room below."""
    good = cases_of(form)["good"]
    ranges = [e for e in suite_of(form).expectations if {"min_value", "max_value"} <= set(e["kwargs"])]
    return [
        (e["meta"]["rule"], {**good, e["kwargs"]["column"]: e["kwargs"]["min_value"] - 1})
        for e in ranges
        if _has_room_below(e)
    ]


ROWS: dict[str, Callable[[str], list[dict[str, Any]]]] = {
    "good": good_rows,
    "broken": broken_rows,
    "required": row_of_what_is_required,
    "at the bounds": lambda form: [row for _, row in at_the_bounds(form)],
    "below the range": lambda form: [row for _, row in below_the_range(form)],
}
ALONE = "required"
"""In a frame of its own: there every other column is empty."""


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


def test_every_year_to_date_field_is_held_against_the_year_before() -> None:
    for form in CATALOGUE.forms.values():
        for name in (n for n, f in form.fields.items() if f.kind == "ytd"):
            assert rule_of(f"{form.form}.{name}.starts_anew").columns == {name, f"_yearend_{name}"}


def test_every_form_knows_a_row_that_is_no_unit() -> None:
    for form in CATALOGUE.forms.values():
        assert rule_of(f"{form.form}.{form.key}.not_a_total").is_critical
        read = {c for r in suite_of(form.form).rules for c in r.columns}
        assert ("_is_sum" in read) == (form.grain not in ("county", "task"))


@pytest.mark.parametrize("form", FORMS)
def test_good_row_passes_everything(form: str, failures_of: Any) -> None:
    assert failures_of(form, "good") == {}


@pytest.mark.parametrize("form", FORMS)
def test_every_rule_has_a_case_and_no_case_is_left_over(form: str) -> None:
    assert set(cases_of(form)["breaks"]) == {rule.id for rule in suite_of(form).rules}


@pytest.mark.parametrize("form", FORMS)
def test_every_rule_fails_on_its_case_and_only_it(form: str, failures_of: Any) -> None:
    """One row a rule, between good rows: each rule must fail at its rows' positions and nowhere else."""
    expected: dict[str, list[int]] = {}
    for i, (rule, case) in enumerate(cases_of(form)["breaks"].items()):
        for name in (rule, *case.get("also", ())):
            expected.setdefault(name, []).append(2 * i + 1)
    found = failures_of(form, "broken")
    assert {rule: sorted(at) for rule, at in found.items()} == expected


@pytest.mark.parametrize("form", FORMS)
def test_optional_fields_missing_reject_nothing(form: str, failures_of: Any) -> None:
    """Missing is not wrong: without any field that is not required, no critical rule fails."""
    critical = {rule.id for rule in suite_of(form).rules if rule.is_critical}
    assert not critical & set(failures_of(form, "required"))


@pytest.mark.parametrize("form", FORMS)
def test_messages_name_the_value_in_both_languages(form: str) -> None:
    for rule, case in cases_of(form)["breaks"].items():
        words = rule_of(rule).words({**cases_of(form)["good"], **case["set"]})
        assert words.message_en
        assert "{" not in words.message_zh + words.message_en
        assert any("\u4e00" <= c <= "\u9fff" for c in words.message_zh)


def test_required_fields_are_those_that_counties_must_fill() -> None:
    required = yaml.safe_load((ROOT / "simulator" / "headers.yaml").read_text(encoding="utf-8"))["required"]
    for form in FORMS:
        found = [
            e["kwargs"]["column"]
            for e in suite_of(form).expectations
            if e["type"] == "expect_column_values_to_not_be_null" and e["severity"] == "critical"
        ]
        assert sorted(found) == sorted(required[form])


def test_the_key_format_is_the_forms() -> None:
    for form in CATALOGUE.forms.values():
        found = [
            e["kwargs"]["regex"]
            for e in suite_of(form.form).expectations
            if e["meta"]["rule"] == f"{form.form}.{form.key}.format"
        ]
        assert found == [f"^{form.key_pattern}$"]


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


def test_no_contextual_rule_rejects() -> None:
    found = [rule for suite in CATALOGUE.suites.values() for rule in suite.rules if rule.is_contextual]
    assert found
    assert {rule.severity for rule in found} <= {"warning", "info"}
    assert {"critical", "warning", "info"} == set(SEVERITIES)


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
    ("village.village_code.known", {"village_code": "440705200999", "_is_known": False}, "440705200999"),
]


@pytest.mark.parametrize(("rule", "row", "value"), VALUES)
def test_values_in_messages(rule: str, row: dict[str, Any], value: str) -> None:
    assert rule_of(rule).words(row).value == value


# ---- what a suite may not be


def broken(change: Any) -> Suite:
    content = copy.deepcopy(suite_of("village_group").content)
    change(content["expectations"])
    return Suite("village_group", content, ROOT / "expectations/village_group.json")


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


def test_the_real_suites_are_as_gx_writes_them() -> None:
    """Only keys that GX knows, so that its own tools can read and write the files."""
    for suite in CATALOGUE.suites.values():
        assert set(suite.content) == {"name", "meta", "expectations"}
        assert suite.content["name"] == suite.form
        assert all(set(e) == {"type", "kwargs", "severity", "meta"} for e in suite.expectations)
        assert json.loads(suite.path.read_text(encoding="utf-8")) == suite.content


def bounds_of(expectation: dict[str, Any], good: dict[str, Any]) -> list[dict[str, Any]]:
    """Changes to a good row that put the judged value exactly on what is still allowed."""
    kwargs = expectation["kwargs"]
    if "column_A" in kwargs:
        is_strict = expectation["type"].endswith("a_to_be_greater_than_b") and not kwargs.get("or_equal")
        return [{kwargs["column_B"]: good[kwargs["column_A"]] - is_strict}]
    return [{kwargs["column"]: kwargs[b]} for b in ("min_value", "max_value") if b in kwargs]


@pytest.mark.parametrize("form", FORMS)
def test_a_value_on_the_bound_passes(form: str, failures_of: Any) -> None:
    failed = failures_of(form, "at the bounds")
    assert not [rule for i, (rule, _) in enumerate(at_the_bounds(form)) if i in failed.get(rule, ())]


@pytest.mark.parametrize("form", FORMS)
def test_a_value_below_the_usual_range_is_flagged(form: str, failures_of: Any) -> None:
    """The cases break ranges at the top; this holds the bottom."""
    rules = [rule for rule, _ in below_the_range(form)]
    failed = failures_of(form, "below the range")
    assert rules or form in ("county_secretaries", "county_milestones", "town_overseas"), (
        "these have no such range"
    )
    assert [r for i, r in enumerate(rules) if i not in failed.get(r, ())] == []


def _has_room_below(expectation: dict[str, Any]) -> bool:
    """Counts below 0 are another rule's."""
    is_count = expectation["kwargs"]["min_value"] == 0 and not expectation["kwargs"]["column"].startswith(
        "_gap_"
    )
    return not is_count and "no_jump" not in expectation["meta"]["rule"]
