"""The live suites, run in Great Expectations itself: good rows pass, and every single rule can fail.

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

from qiangji.catalogue.load import load
from qiangji.catalogue.suites import SEVERITIES, Rule, Suite, context_column
from qiangji.checking.expectations import _raised
from qiangji.checking.remembering import remembered

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = load(ROOT / "catalogue", ROOT / "expectations")
FORMS = list(CATALOGUE.forms)
pytestmark = pytest.mark.usefixtures("servers")  # for its time: it starts nothing


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
        with remembered():  # as `qiangji.checking.expectations` runs it: a third of the time
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


def test_every_year_to_date_field_is_held_against_the_year_before() -> None:
    for form in CATALOGUE.forms.values():
        for name in (n for n, f in form.fields.items() if f.kind == "ytd"):
            rule = rule_of(f"{form.form}.{name}.starts_anew")
            assert rule.columns == {name, f"_yearend_{name}"}
            held = rule.content["kwargs"][
                "row_condition"
            ]  # one tree in January and one in December are no fault
            assert (held["operator"], held["parameter"]) == (">=", 10)


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


def test_the_key_format_is_the_forms() -> None:
    for form in CATALOGUE.forms.values():
        found = [
            e["kwargs"]["regex"]
            for e in suite_of(form.form).expectations
            if e["meta"]["rule"] == f"{form.form}.{form.key}.format"
        ]
        assert found == [f"^{form.key_pattern}$"]


def test_no_contextual_rule_rejects() -> None:
    found = [rule for suite in CATALOGUE.suites.values() for rule in suite.rules if rule.is_contextual]
    assert found
    assert {rule.severity for rule in found} <= {"warning", "info"}
    assert {"critical", "warning", "info"} == set(SEVERITIES)


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
    assert [r for i, r in enumerate(rules) if i not in failed.get(r, ())] == []


def _has_room_below(expectation: dict[str, Any]) -> bool:
    """Counts below 0 are another rule's."""
    is_count = expectation["kwargs"]["min_value"] == 0 and not expectation["kwargs"]["column"].startswith(
        "_gap_"
    )
    return not is_count and "no_jump" not in expectation["meta"]["rule"]
