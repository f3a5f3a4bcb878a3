"""What a suite must hold beyond being one: rules that Great Expectations itself does not know.

In: a form, its suite, the forms that it may be compared with, the kinds of unit that there are. Out: nothing, or one
CatalogueError for all that does not hold; each says the file, the rule, the key and what was allowed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from qiangji.catalogue.models import Form
from qiangji.catalogue.places import Place
from qiangji.catalogue.suites import (
    OWN_CONTEXT,
    PRESENT,
    SCOPES,
    SEVERITIES,
    Rule,
    Suite,
    columns_of,
    context_column,
    kinds_in,
)
from qiangji.catalogue.tree import LEVELS
from qiangji.errors import CatalogueError, Problems
from qiangji.periods import MONTHS_IN

MAX_VALUE_SET = 30
"""A longer `value_set` is a code list: slow in GX (13,000 codes took 1.2 s), and the tree knows better."""
FRAME_COLUMNS = ("period", "county_code")
BETWEEN = "expect_column_values_to_be_between"
ROW_TYPES = (
    PRESENT,
    "expect_column_values_to_be_null",
    BETWEEN,
    "expect_column_values_to_be_in_set",
    "expect_column_values_to_not_be_in_set",
    "expect_column_values_to_match_regex",
    "expect_column_values_to_not_match_regex",
    "expect_column_pair_values_a_to_be_greater_than_b",
    "expect_column_pair_values_to_be_equal",
)
"""Expectation types that give the position of every failing row in `unexpected_index_list`, tried one by one
on Arrow-backed frames, with and without `row_condition`. Table-level and aggregate types give none."""

_RULE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+", re.ASCII)
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def check_suite(
    suite: Suite,
    form: Form,
    forms: Mapping[str, Form],
    kinds: Collection[str],
    needed: Collection[tuple[str, str]] = (),
) -> None:
    """Hold one suite against its form, the forms that it compares with, and the kinds of unit that there are.

    `needed`: (form, field) that indicators read: their absence must be announced. Raises one CatalogueError for all
    that does not hold.
    """
    place = Place(suite.path)
    problems = Problems()
    with problems.noting():
        _check_gaps(suite, form)
    problems.tell()
    declared = {g.column: g for g in suite.gaps}
    seen: set[str] = set()
    read: set[str] = set()
    for i, expectation in enumerate(suite.expectations):
        at = place / "expectations" / i
        columns = columns_of(expectation.get("kwargs", {}))
        read |= columns
        read |= {
            c for name in columns & declared.keys() for c in (*declared[name].plus, *declared[name].minus)
        }
        with problems.noting():
            _check_meta(expectation, form, at)
            rule = Rule.parse(expectation)
            if rule.id in seen:
                raise CatalogueError(
                    f"rule {rule.id} appears twice", where=at, expected="one expectation a rule"
                )
            seen.add(rule.id)
            _check_type(expectation, at)
            _check_columns(rule, form, forms, declared, at)
            _check_kwargs(expectation["kwargs"], at)
    with problems.noting():
        _check_use(suite, form, read, kinds)
    problems.tell()
    with problems.noting():
        _check_presence(suite, form, needed)
    with problems.noting():
        _check_maxima(suite, form)
    problems.tell()


def _check_presence(suite: Suite, form: Form, needed: Collection[tuple[str, str]]) -> None:
    """A missing value of a field that an indicator reads changes a figure: it is never missing in silence."""
    announced = {
        r.content["kwargs"]["column"]
        for r in suite.rules
        if r.presence_of and r.severity != "info" and "row_condition" not in r.content["kwargs"]
    }
    if silent := [n for n in form.fields if (form.form, n) in needed and n not in announced]:
        raise CatalogueError(
            f"indicators read {', '.join(silent)}, and no rule says that a value is missing",
            where=Place(suite.path),
            expected=f"{PRESENT} on each, a warning at least and without a condition",
            zh=f"指标用到{'、'.join(silent)}，但校验规则里没有一条说明该项未填：请为每一项加一条{PRESENT}（至少为warning，不带条件）。",
        )


def _check_maxima(suite: Suite, form: Form) -> None:
    """A number without a critical maximum lets a pasted number of a card into every sum above its unit."""
    bounded = {
        r.content["kwargs"]["column"]
        for r in suite.rules
        if r.content["type"] == BETWEEN
        and r.is_critical
        and "row_condition" not in r.content["kwargs"]
        and r.content["kwargs"].get("max_value") is not None
    }
    if open_ := [n for n, f in form.fields.items() if f.is_number and n not in bounded]:
        raise CatalogueError(
            f"no critical maximum on {', '.join(open_)}",
            where=Place(suite.path),
            expected=f"{BETWEEN} with max_value on each number: what no unit can have, not what is unusual",
        )


def _check_use(suite: Suite, form: Form, read: set[str], kinds: Collection[str]) -> None:
    """Every field is judged, every gap is read, and every kind of unit that is counted exists."""
    place = Place(suite.path)
    if unused := [g.name for g in suite.gaps if g.column not in read]:
        raise CatalogueError(
            f"no expectation reads {', '.join(unused)}",
            where=place / "meta" / "gaps",
            expected="one on _gap_<name>",
        )
    if unread := [c for c in (form.key, *form.fields) if c not in read]:
        raise CatalogueError(
            f"no expectation on {', '.join(unread)}",
            where=place,
            expected="at least one on every field of the form",
            zh=f"{'、'.join(unread)}没有任何校验规则：报表的每一项至少要有一条。",
        )
    if unknown := [k for k in kinds_in(read) if k not in kinds]:
        raise CatalogueError(
            f"_units_{unknown[0]}: no unit of kind {unknown[0]}",
            where=place,
            expected=", ".join(sorted(kinds)),
        )


def _check_gaps(suite: Suite, form: Form) -> None:
    where = Place(suite.path) / "meta" / "gaps"
    declared = suite.content.get("meta", {}).get("gaps", {})
    numbers = [n for n, f in form.fields.items() if f.is_number]
    for name, gap in declared.items() if isinstance(declared, dict) else [("gaps", declared)]:
        if (
            not isinstance(gap, dict)
            or set(gap) != {"plus", "minus"}
            or not all(isinstance(side, list) and side for side in gap.values())
        ):
            raise CatalogueError(f"{name}: {gap!r:.80}", where=where, expected="{plus: [...], minus: [...]}")
        if unknown := [
            c for side in gap.values() for c in side if c not in numbers and not _is_unit_count(c)
        ]:
            raise CatalogueError(
                f"{name}: {', '.join(map(str, unknown))} is no number of the form",
                where=where,
                expected=", ".join((*numbers, "_units_<kind>")),
            )


def _check_meta(expectation: Mapping[str, Any], form: Form, at: Place) -> None:
    meta = expectation.get("meta")
    if not isinstance(meta, dict) or not isinstance(meta.get("rule"), str):
        raise CatalogueError(
            "no meta.rule", where=at, expected=f"a stable id such as {form.form}.<field>.<what>"
        )
    if not _RULE.fullmatch(meta["rule"]) or not meta["rule"].startswith(f"{form.form}."):
        raise CatalogueError(
            f"{meta['rule']!r} is no id of this form",
            where=at / "meta" / "rule",
            expected=f"{form.form}.<field>.<what>",
        )
    if expectation.get("severity") not in SEVERITIES:
        raise CatalogueError(
            f"severity {expectation.get('severity')!r}",
            where=at / "severity",
            expected=", ".join(SEVERITIES),
        )
    if meta.get("scope") not in SCOPES:
        raise CatalogueError(
            f"scope {meta.get('scope')!r}", where=at / "meta" / "scope", expected=", ".join(SCOPES)
        )
    if not isinstance(meta.get("fields"), list) or (meta["scope"] == "row" and not meta["fields"]):
        raise CatalogueError(
            "no meta.fields", where=at, expected="a list of the form's fields that the message names"
        )
    if unknown := [f for f in meta["fields"] if f != form.key and f not in form.fields]:
        raise CatalogueError(
            f"unknown field {', '.join(map(str, unknown))}",
            where=at / "meta" / "fields",
            expected=", ".join((form.key, *form.fields)),
        )
    has_usual = any(c.startswith("_z_") for c in columns_of(expectation.get("kwargs", {})))
    for key in ("message", "expected"):
        text = meta.get(key)
        if not isinstance(text, dict) or set(text) != {"zh", "en"} or not all(map(_is_text, text.values())):
            raise CatalogueError(f"no meta.{key} in both languages", where=at, expected="{zh: ..., en: ...}")
        if wrong := [
            p
            for t in text.values()
            for p in _PLACEHOLDER.findall(t)
            if (key, p) != ("message", "value") and not ((key, p) == ("expected", "usual") and has_usual)
        ]:
            raise CatalogueError(
                f"placeholder {{{wrong[0]}}}",
                where=at / "meta" / key,
                expected="{value}, in a message only; {usual}, where a _z_ is held, in what is expected only",
            )


def _check_type(expectation: Mapping[str, Any], at: Place) -> None:
    if expectation.get("type") not in ROW_TYPES:
        raise CatalogueError(
            f"type {expectation.get('type')!r} does not say which rows fail",
            where=at / "type",
            expected=", ".join(ROW_TYPES),
        )


def _check_columns(
    rule: Rule, form: Form, forms: Mapping[str, Form], declared: Iterable[str], at: Place
) -> None:
    own = (form.key, *form.fields, *FRAME_COLUMNS, *OWN_CONTEXT, *declared)
    for column in sorted(rule.columns):
        if column in own or _is_unit_count(column):
            continue
        context = context_column(column, form.form, forms)
        if context is None:
            compared = ("last", "yearend", "z", "change", "year", "sum_<form>", "count_<form>")
            allowed = (*own, "_units_<kind>", *(f"_{c}_<field>" for c in compared))
            raise CatalogueError(f"unknown column {column!r}", where=at, expected=", ".join(allowed))
        numbers = [n for n, f in forms[context.form].fields.items() if f.is_number]
        fields = list(forms[context.form].fields) if context.kind in ("last", "count") else numbers
        if context.field not in fields:
            raise CatalogueError(
                f"{column}: no such field of {context.form}", where=at, expected=", ".join(fields)
            )
        if context.kind == "z" and form.fields[context.field].kind not in ("stock", "flow"):
            raise CatalogueError(
                f"{column}: {context.field} is {form.fields[context.field].kind}, whose own history is no measure",
                where=at,
                expected="a stock or a flow; for a year to date _year_<field>",
            )
        if context.kind == "yearend" and form.fields[context.field].kind != "ytd":
            raise CatalogueError(
                f"{column}: {context.field} is {form.fields[context.field].kind}, which does not begin anew in January",
                where=at,
                expected="a ytd field; for others _last_<field>",
            )
        if context.is_across:
            _check_across(form, forms[context.form], column, at)
    if rule.is_critical and rule.is_contextual:
        raise CatalogueError(
            "critical, but reads other submissions, which may come later or be corrected",
            where=at / "severity",
            expected="warning or info",
        )


def _check_across(form: Form, other: Form, column: str, at: Place) -> None:
    """A form is compared with rows at its units or beneath them, in its own periods or parts of them."""
    if LEVELS.index(other.base_level) < LEVELS.index(form.base_level):
        raise CatalogueError(
            f"{column}: {other.form} is reported by a {other.base_level}, {form.form} by a {form.base_level}",
            where=at,
            expected="a form at the same units or beneath them",
        )
    if MONTHS_IN[other.period_type] > MONTHS_IN[form.period_type]:
        raise CatalogueError(
            f"{column}: {other.form} is reported by the {other.period_type}, {form.form} by the {form.period_type}",
            where=at,
            expected="a form whose periods are as long or shorter",
        )


def _is_unit_count(column: object) -> bool:
    return isinstance(column, str) and column.startswith("_units_")


def _check_kwargs(kwargs: Mapping[str, Any], at: Place) -> None:
    if "column_A" in kwargs and kwargs.get("ignore_row_if") != "either_value_is_missing":
        raise CatalogueError(
            f"ignore_row_if {kwargs.get('ignore_row_if')!r} judges rows of which one side is missing",
            where=at / "kwargs" / "ignore_row_if",
            expected="either_value_is_missing",
        )
    if "mostly" in kwargs:
        raise CatalogueError(
            "mostly lets failing rows pass", where=at / "kwargs" / "mostly", expected="no `mostly`"
        )
    if isinstance(kwargs.get("row_condition"), str) or "condition_parser" in kwargs:
        raise CatalogueError(
            "row_condition as text", where=at / "kwargs" / "row_condition", expected='an object with a "type"'
        )
    values = kwargs.get("value_set")
    if values is not None and (len(values) > MAX_VALUE_SET or any(map(_is_unit_code, values))):
        raise CatalogueError(
            f"value_set is a list of {len(values)} codes or values",
            where=at / "kwargs" / "value_set",
            expected=f"at most {MAX_VALUE_SET} values and no unit codes; the tree answers by _is_known",
        )


def _is_unit_code(value: object) -> bool:
    return bool(re.fullmatch(r"\d{6}|\d{9}|\d{12}|\d{14}", str(value), re.ASCII)) and not isinstance(
        value, bool
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
