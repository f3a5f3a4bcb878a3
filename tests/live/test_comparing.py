"""Great Expectations as extended here, and as it comes: the same verdicts and the same rows, for every suite."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from qiangji.catalogue.load import Catalogue, load
from qiangji.catalogue.suites import Rule
from qiangji.checking import comparing, expectations
from qiangji.checking.expectations import Broken, validate
from qiangji.errors import QiangjiError
from tests.live.test_catalogue import EXPECTATIONS, PATH

ROWS = 400
BETWEEN = "expect_column_values_to_be_between"
NUMBERS = {"integer": pa.int64(), "decimal": pa.float64()}
BOUNDS = ("min_value", "max_value")
CATALOGUE = load(PATH, EXPECTATIONS)

pytestmark = pytest.mark.usefixtures("servers")  # for its time: it starts nothing


@pytest.mark.parametrize("form", sorted(CATALOGUE.suites))
def test_the_same_of_every_suite(form: str) -> None:
    rules = list(CATALOGUE.suites[form].rules)
    rows = frame(CATALOGUE, rules, random.Random(form))
    found = both(rows, rules)
    assert found["own"] == found["plain"]
    assert len(found["own"]) > len(rules) / 2, "most rules are broken by some row, or nothing is shown here"


@pytest.mark.parametrize(
    ("column", "kwargs"),
    [
        (pa.array([1, 2, 3, None]), {"min_value": 2}),
        (pa.array([1, 2, 3, None]), {"min_value": 1, "max_value": 3, "strict_min": True, "strict_max": True}),
        (pa.array([1, 2, 3]), {"min_value": 1.5}),
        (pa.array([0.1, 0.3, float("nan"), None, float("inf")]), {"max_value": 0.3}),
        (pa.array([2**53 + 1, 2**53]), {"max_value": 2**53}),
        (pa.array([2**62, -(2**62)]), {"min_value": -(2**63), "max_value": 2**80}),
        (pa.array([1, 2]), {"min_value": 3, "max_value": 1}),
        (pa.array(["1", "2"]), {"min_value": 1}),
        (pa.array(["2026-01-01", "2026-02-01"]), {"min_value": "2026-01-15"}),
        (pa.array([True, False]), {"min_value": 1}),
        (pa.array([None, None], pa.int64()), {"min_value": 1}),
    ],
)
def test_the_same_at_the_edges(column: pa.Array, kwargs: dict[str, Any]) -> None:
    rule = Rule.parse(
        {
            "type": BETWEEN,
            "kwargs": {"column": "x", **kwargs},
            "severity": "critical",
            "meta": {
                "rule": "f.x.r", "fields": ["x"], "scope": "row",
                "message": {"zh": "", "en": ""}, "expected": {"zh": "", "en": ""},
            },
        }
    )  # fmt: skip
    found = both(pa.table({"x": column}), [rule])
    assert found["own"] == found["plain"]


def test_frames_of_few_columns_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    form = "village_group"
    rules = list(CATALOGUE.suites[form].rules)
    rows = frame(CATALOGUE, rules, random.Random(form))
    wide = validate(rows, rules, form)
    monkeypatch.setattr(expectations, "NARROW_ROWS", 0)
    assert validate(rows, rules, form) == wide


def test_numbers_are_compared_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Python function sees a cell, and no frame is hashed."""
    rules = [r for r in CATALOGUE.suites["village_group"].rules if not r.is_contextual]
    rows = frame(CATALOGUE, rules, random.Random(1))
    validate(rows, rules, "warm")
    monkeypatch.setattr(pd.Series, "map", refused)
    monkeypatch.setattr(pd.util, "hash_pandas_object", refused)
    assert validate(rows, rules, "village_group")


def refused(*_: object, **__: object) -> None:
    raise AssertionError("a Python function for each cell, or a hash of the frame")


def both(rows: pa.Table, rules: list[Rule]) -> dict[str, list[Broken] | str]:
    """What is broken by Great Expectations as extended here, and as it comes: rules and rows, or the error."""
    from great_expectations.expectations.metrics.column_map_metrics.column_values_between import (
        ColumnValuesBetween,
    )

    found = {"own": said(rows, rules)}
    ColumnValuesBetween._register_metric_functions()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(expectations, "remembered", contextlib.nullcontext)
            found["plain"] = said(rows, rules)
    finally:
        comparing.use()
    return found


def said(rows: pa.Table, rules: list[Rule]) -> list[Broken] | str:
    try:
        return validate(rows, rules, "f")
    except (QiangjiError, expectations.ValidationError) as e:
        return str(e)


def frame(catalogue: Catalogue, rules: list[Rule], draw: random.Random) -> pa.Table:
    """Random cells in every column that the rules read, of numbers at and around all bounds."""
    fields = {n: f.type for form in catalogue.forms.values() for n, f in form.fields.items()}
    columns = {}
    for name in sorted({c for rule in rules for c in rule.columns}):
        limits = [
            rule.content["kwargs"][b]
            for rule in rules
            for b in BOUNDS
            if rule.content["kwargs"].get("column") == name and b in rule.content["kwargs"]
        ]
        sets = [v for r in rules for v in r.content["kwargs"].get("value_set", ()) if name in r.columns]
        columns[name] = cells(type_of(name, fields), limits, sets, draw)
    return pa.table(columns)


def type_of(name: str, fields: Mapping[str, str]) -> pa.DataType:
    """The type of a field's column, and of a context column as `catalogue.suites` lists it."""
    if name.startswith("_is_") or name == "_totals_agree":
        return pa.bool_()
    if name == "_occurrences" or name.startswith(("_units_", "_count_")):
        return pa.int64()
    if name.startswith(("_z_", "_change_", "_year_")):
        return pa.float64()
    field = max((f for f in fields if name == f or name.endswith(f"_{f}")), key=len, default="")
    kind = fields.get(field, "decimal" if name.startswith("_") else "text")
    return NUMBERS.get(kind) or (pa.bool_() if kind == "boolean" else pa.string())


def cells(kind: pa.DataType, limits: list[float], sets: list[Any], draw: random.Random) -> pa.Array:
    if kind == pa.bool_():
        chosen: list[Any] = [True, False, None]
    elif kind == pa.string():
        texts = [v for v in sets if isinstance(v, str)]
        chosen = [*texts, "", "2026-01-31", "44070300100101", "440703001001", "440703", None]
    else:
        near = [at + step for at in (*limits, 0, 5) for step in (-1, 0, 1)]
        chosen = [*near, *(at + 0.25 for at in near), None]
        if kind == pa.int64():
            chosen = [None if v is None else int(v) for v in chosen]
        else:
            chosen = [None if v is None else float(v) for v in chosen]
    return pa.array(draw.choices(chosen, k=ROWS), kind)
