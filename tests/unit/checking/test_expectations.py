"""Great Expectations behind one function: which rows fail, by position; what cannot be evaluated is an error."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from qiangji.catalogue.suites import Rule
from qiangji.checking import expectations, remembering
from qiangji.checking.expectations import ValidationError, validate

BETWEEN = "expect_column_values_to_be_between"
PAIR = "expect_column_pair_values_a_to_be_greater_than_b"


def expectation(rule: str, type_: str, severity: str = "critical", **kwargs: Any) -> Rule:
    said = {"zh": "", "en": ""}
    meta = {"rule": f"f.{rule}", "fields": ["n"], "scope": "row", "message": said, "expected": said}
    return Rule.parse({"type": type_, "kwargs": kwargs, "severity": severity, "meta": meta})


def found(rows: pa.Table, *rules: Rule) -> dict[str, list[int]]:
    return {b.rule.id: b.rows for b in validate(rows, rules, "f")}


NUMBERS = pa.table(
    {"n": pa.array([1, -1, None, 3, -2], pa.int64()), "m": pa.array([0, 5, 1, 3, None], pa.int64())}
)
NOT_NEGATIVE = expectation("n.not_negative", BETWEEN, column="n", min_value=0)


def test_rows_that_pass_break_nothing() -> None:
    assert found(NUMBERS, expectation("n.wide", BETWEEN, column="n", min_value=-10)) == {}


def test_failing_rows_are_named_by_position_ascending() -> None:
    assert found(NUMBERS, NOT_NEGATIVE) == {"f.n.not_negative": [1, 4]}


def test_a_missing_value_is_no_failure_of_a_range() -> None:
    assert 2 not in found(NUMBERS, NOT_NEGATIVE)["f.n.not_negative"]


def test_a_missing_value_fails_where_one_is_required() -> None:
    assert found(NUMBERS, expectation("n.present", "expect_column_values_to_not_be_null", column="n")) == {
        "f.n.present": [2]
    }


def test_a_pair_with_a_missing_side_is_not_judged() -> None:
    pair = expectation(
        "n.within", PAIR, column_A="n", column_B="m", or_equal=True, ignore_row_if="either_value_is_missing"
    )
    assert found(NUMBERS, pair) == {"f.n.within": [1]}


def test_a_condition_leaves_positions_as_they_are() -> None:
    condition = {"type": "comparison", "column": {"name": "m"}, "operator": ">=", "parameter": 3}
    rule = expectation("n.sometimes", BETWEEN, column="n", min_value=0, row_condition=condition)
    assert found(NUMBERS, rule) == {"f.n.sometimes": [1]}


@pytest.mark.parametrize("chunks", [1, 2, 5])
def test_positions_do_not_depend_on_how_rows_lie_in_memory(chunks: int) -> None:
    size = -(-len(NUMBERS) // chunks)
    parts = pa.concat_tables([NUMBERS.slice(i, size) for i in range(0, len(NUMBERS), size)])
    assert found(parts, NOT_NEGATIVE) == {"f.n.not_negative": [1, 4]}


def test_decimals_are_compared_as_numbers() -> None:
    rows = pa.table({"n": pa.array([Decimal("9.5"), Decimal("10.5"), None], pa.decimal128(18, 4))})
    assert found(rows, expectation("n.most", BETWEEN, column="n", max_value=10)) == {"f.n.most": [1]}


def test_large_counts_are_compared_exactly() -> None:
    rows = pa.table(
        {"n": pa.array([2**60 + 1, 2**60], pa.int64()), "m": pa.array([2**60, 2**60], pa.int64())}
    )
    pair = expectation("n.above", PAIR, column_A="n", column_B="m", ignore_row_if="either_value_is_missing")
    assert found(rows, pair) == {"f.n.above": [1]}


def test_broken_rules_come_in_the_suite_s_order_with_their_severity() -> None:
    rules = [
        expectation("n.z", BETWEEN, "warning", column="n", min_value=0),
        expectation("n.a", BETWEEN, column="n", min_value=0),
        expectation("n.m", BETWEEN, "info", column="n", max_value=2),
    ]
    broken = validate(NUMBERS, rules, "f")
    assert [(b.rule.id, b.rule.is_critical) for b in broken] == [
        ("f.n.z", False),
        ("f.n.a", True),
        ("f.n.m", False),
    ]


def test_one_frame_leaves_nothing_for_the_next() -> None:
    assert found(NUMBERS, NOT_NEGATIVE)
    assert found(NUMBERS.slice(0, 1), NOT_NEGATIVE) == {}
    assert found(NUMBERS.slice(1, 1), NOT_NEGATIVE) == {"f.n.not_negative": [0]}


def test_nothing_to_look_at_breaks_nothing() -> None:
    assert found(NUMBERS.slice(0, 0), NOT_NEGATIVE) == {}
    assert found(NUMBERS) == {}


HERE = {"type": "nullity", "column": {"name": "m"}, "is_null": False}
MIXED = [
    NOT_NEGATIVE,
    expectation("n.there", BETWEEN, column="n", min_value=0, row_condition=HERE),
    expectation("m.there", BETWEEN, "warning", column="m", max_value=4, row_condition=HERE),
    expectation("n.wide", BETWEEN, column="n", min_value=-10, row_condition=HERE),
    expectation("n.within", PAIR, column_A="n", column_B="m", ignore_row_if="either_value_is_missing"),
]


def test_what_is_remembered_within_a_validation_changes_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = found(NUMBERS, *MIXED)
    monkeypatch.setattr(expectations, "remembered", contextlib.nullcontext)
    assert found(NUMBERS, *MIXED) == fast
    assert fast == {"f.n.not_negative": [1, 4], "f.n.there": [1], "f.m.there": [1], "f.n.within": [1, 3]}


def test_the_rows_of_a_condition_are_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    import pandas as pd

    asked, query = [], pd.DataFrame.query

    def counted(frame: Any, *given: Any, **named: Any) -> Any:
        asked.append(given)
        return query(frame, *given, **named)

    monkeypatch.setattr(pd.DataFrame, "query", counted)
    passing = [r for r in MIXED if r.id != "f.n.not_negative"]
    validate(NUMBERS.slice(3, 1), passing[:3], "f")
    assert len(asked) == 1
    monkeypatch.setattr(remembering, "MOST_ROWS", 0)
    validate(NUMBERS.slice(3, 1), passing[:3], "f")
    assert len(asked) == 2, "nor of a large frame, whose parts are not kept"


def test_arguments_that_differ_keep_names_that_differ() -> None:
    from great_expectations.core.id_dict import IDDict

    said = [{"a": 1, "b": 2}, {"a": 1, "b": "2"}, {"a": True, "b": 2}, {"b": 2, "a": 1}, {"a": 1}, {}]
    plain = [IDDict(one).to_id() for one in said]
    with remembering.remembered():
        grown = IDDict(a=1)
        assert grown.to_id() == plain[4]
        grown["b"] = 2
        assert grown.to_id() == plain[0]
        for _ in range(2):
            assert [IDDict(one).to_id() for one in said] == plain
        assert IDDict(said[0]).to_id(id_ignore_keys={"b"}) == plain[4]
    assert len(set(plain)) == len(said) - 1


def test_nothing_is_remembered_afterwards() -> None:
    with pytest.raises(ValidationError):
        validate(NUMBERS, [expectation("x.between", BETWEEN, column="x", min_value=0)], "f")
    assert remembering._kept is None


ERRORED = {
    "a column that is not there": expectation("x.between", BETWEEN, column="x", min_value=0),
    "a condition on a column that is not there": expectation(
        "n.if", BETWEEN, column="n", min_value=0,
        row_condition={"type": "nullity", "column": {"name": "x"}, "is_null": False},
    ),
    "types that do not compare": expectation("t.between", BETWEEN, column="t", min_value=0),
    "a pattern that is none": expectation("t.match", "expect_column_values_to_match_regex", column="t", regex="("),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORED)
def test_what_raises_is_an_error_and_never_a_pass(name: str) -> None:
    """Whether the others pass or fail: nothing is known of the rows until every rule could be evaluated."""
    rows = pa.table({"n": pa.array([1, 2], pa.int64()), "t": ["a", "b"]})
    with pytest.raises(ValidationError) as raised:
        validate(rows, [NOT_NEGATIVE, ERRORED[name]], "f")
    assert f"{ERRORED[name].id}: could not be evaluated" in str(raised.value)
    assert raised.value.code == "expectation_errored"


@pytest.mark.parametrize(
    "wrong",
    [
        expectation("n.wrong", BETWEEN, column="n", min_value="x"),
        expectation("n.wrong", BETWEEN, column="n"),
        expectation("n.wrong", BETWEEN, column="n", min_value=0, most="x"),
    ],
)
def test_a_suite_that_cannot_be_read_is_an_error_of_ours(wrong: Rule) -> None:
    with pytest.raises(ValidationError, match="cannot read the suite"):
        validate(NUMBERS, [NOT_NEGATIVE, wrong], "f")


def test_a_rule_that_great_expectations_drops_is_an_error() -> None:
    """It logs what it does not know and goes on without: a check that never runs must not look like a pass."""
    unknown = expectation("n.wrong", "expect_column_values_to_be_nice", column="n")
    with pytest.raises(ValidationError, match="1 results for 2 expectations"):
        validate(NUMBERS, [NOT_NEGATIVE, unknown], "f")


def test_an_error_names_no_value() -> None:
    rows = pa.table({"n": ["11010519491231002X"]})
    with pytest.raises(ValidationError) as raised:
        validate(rows, [expectation("n.between", BETWEEN, column="n", min_value=0)], "f")
    shown = f"{raised.value!r} {raised.value} {raised.value.__cause__!r}"
    assert "1101051949" not in shown


def test_a_rule_that_fails_without_naming_rows_is_an_error() -> None:
    with pytest.raises(ValidationError, match="without naming rows"):
        validate(NUMBERS, [expectation("rows", "expect_table_row_count_to_equal", value=99)], "f")
