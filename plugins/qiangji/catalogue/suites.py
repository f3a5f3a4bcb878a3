"""What a suite must hold beyond being one: rules that Great Expectations itself does not know.

In: a form and its suite (GX's own JSON, as read). Out: nothing, or a CatalogueError that names the file, the
rule, the key and what was allowed. Also what checking asks of one expectation: which columns it reads, its
message, and whether it needs other submissions (a period before, another form) and so runs later.
Great Expectations is not imported here: loading the catalogue stays fast.

Context columns, filled before the suite runs, are named here and nowhere else:

| column | type | value |
| --- | --- | --- |
| `_is_known` | bool | the unit (of a group: its village or community) is the county's and reports |
| `_occurrences` | int | rows of the submission with this key |
| `_totals_agree` | bool, null | totals written in the file equal the sums of the rows; same in all rows |
| `_units_<kind>` | int | units of that kind at or beneath the row's unit that report in the period |
| `_gap_<name>` | the fields' | `plus` less `minus` of the suite's `meta.gaps.<name>`; null without any of them |
| `_last_<field>` | the field's | the unit's value in the current report before this; ytd: null in January |
| `_z_<field>` | float | modified z-score of a stock or flow against the unit's own earlier values (see
`history`); null without enough of them, or where they do not move |
| `_change_<field>` | float | (field - _last) / _last: 0.25 is +25 %; null without either, or _last 0, or where
the suite reads `_z_<field>` too and there is one: it knows better |
| `_year_<field>` | float | the same against the period a year before, of a field with seasons |
| `_sum_<form>_<field>` | the field's | sum over the unit's rows of that form and period; null without any |
| `_count_<form>_<field>` | int | the unit's rows of that form and period that have a value; null without any row |

A sum or count is over rows of that form at the unit and beneath it; of a form with shorter periods it is over the
last of them. Great Expectations compares two columns and no more: a gap lets a suite say what holds between several
fields (open = open before + raised - resolved), and names them in its own file, `meta.gaps`:
`{"cases": {"plus": ["cases_open", "cases_closed"], "minus": ["cases_open_at_start", "cases_opened"]}}`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from qiangji.catalogue.models import Form
from qiangji.catalogue.places import Place
from qiangji.catalogue.tree import LEVELS
from qiangji.errors import CatalogueError, Problems
from qiangji.periods import MONTHS_IN

Expectation = Mapping[str, Any]
"""One entry of a suite's `expectations`: type, kwargs, severity, meta."""

Severity = Literal["critical", "warning", "info"]
Scope = Literal["row", "submission"]
SEVERITIES: tuple[str, ...] = get_args(Severity)
SCOPES: tuple[str, ...] = get_args(Scope)
MAX_VALUE_SET = 30
"""A longer `value_set` is a code list: slow in GX (13,000 codes took 1.2 s), and the tree knows better."""

OWN_CONTEXT = ("_is_known", "_occurrences", "_totals_agree")
OWN_PREFIXES = ("_units_", "_gap_")
"""Context columns that follow from the submission and the tree alone."""
FRAME_COLUMNS = ("period", "county_code")

ROW_TYPES = (
    "expect_column_values_to_not_be_null",
    "expect_column_values_to_be_null",
    "expect_column_values_to_be_between",
    "expect_column_values_to_be_in_set",
    "expect_column_values_to_not_be_in_set",
    "expect_column_values_to_match_regex",
    "expect_column_values_to_not_match_regex",
    "expect_column_pair_values_a_to_be_greater_than_b",
    "expect_column_pair_values_to_be_equal",
)
"""Expectation types that give the position of every failing row in `unexpected_index_list`, tried one by one
on Arrow-backed frames, with and without `row_condition`. Table-level and aggregate types give none."""

_KEYS_OF_COLUMNS = ("column", "column_A", "column_B", "column_list", "column_set")
_RULE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+", re.ASCII)
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Suite:
    """A form's expectations in GX's own JSON, as read."""

    form: str
    content: dict[str, Any]
    path: Path

    @property
    def expectations(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.content["expectations"]
        return found

    @cached_property
    def hash(self) -> str:
        return hash_of(self.content)


@dataclass(frozen=True)
class ContextColumn:
    """A contextual column taken apart: of the form itself (`last`, `z`, `change`, `year`), or over another (`sum`,
    `count`).
    """

    name: str
    kind: Literal["last", "z", "change", "year", "sum", "count"]
    form: str
    field: str

    @property
    def is_across(self) -> bool:
        """Whether it reads another form."""
        return self.kind in ("sum", "count")


@dataclass(frozen=True)
class Gap:
    """What `_gap_<name>` adds up and takes off: number fields of the form, or `_units_<kind>`."""

    name: str
    plus: tuple[str, ...]
    minus: tuple[str, ...]

    @property
    def column(self) -> str:
        return f"_gap_{self.name}"


def rule_of(expectation: Expectation) -> str:
    """The stable id: in `ops`, in `mart.finding` and on rejected rows."""
    return str(expectation["meta"]["rule"])


def columns_of(expectation: Expectation) -> set[str]:
    """Every column that the expectation reads, those of its row condition included."""
    kwargs = expectation.get("kwargs", {})
    found: set[str] = set()
    for key in _KEYS_OF_COLUMNS:
        value = kwargs.get(key, ())
        found.update([value] if isinstance(value, str) else value)
    found.update(_columns_of_condition(kwargs.get("row_condition")))
    return found


def is_own(column: str) -> bool:
    """Whether a context column follows from the submission and the tree alone."""
    return column in OWN_CONTEXT or column.startswith(OWN_PREFIXES)


def is_contextual(expectation: Expectation) -> bool:
    """Whether it needs other submissions, so that it runs once those are known, and rejects nothing."""
    return any(c.startswith("_") and not is_own(c) for c in columns_of(expectation))


def holding_in(suite: Suite, form: Form, month: str) -> list[Expectation]:
    """The expectations on the form as it stood in a month: none on a field that it had not yet, or no longer has."""
    absent = form.fields.keys() - form.fields_in(month).keys()
    empty = {g.column for g in gaps(suite) if absent & {*g.plus, *g.minus}}
    return [e for e in suite.expectations if not _fields_of(e, form) & (absent | empty)]


def _fields_of(expectation: Expectation, form: Form) -> set[str]:
    """The columns that it reads, the form's own contextual ones as the fields that they are of."""
    found = ((c, context_column(c, form.form, ())) for c in columns_of(expectation))
    return {context.field if context else column for column, context in found}


def gaps(suite: Suite) -> list[Gap]:
    """The gaps that the suite declares, in its order."""
    declared: Mapping[str, Mapping[str, list[str]]] = suite.content.get("meta", {}).get("gaps", {})
    return [Gap(name, tuple(g["plus"]), tuple(g["minus"])) for name, g in declared.items()]


def kinds_counted(suite: Suite) -> list[str]:
    """The kinds of org unit of which the suite reads `_units_<kind>`, by name."""
    columns = {c for e in suite.expectations for c in columns_of(e)}
    columns |= {c for g in gaps(suite) for c in (*g.plus, *g.minus)}
    return sorted(c.removeprefix("_units_") for c in columns if c.startswith("_units_"))


def context_column(name: str, form: str, forms: Iterable[str]) -> ContextColumn | None:
    """Take a contextual column's name apart; None for any other column."""
    kind: Literal["last", "z", "change", "year"]
    across: Literal["sum", "count"]
    for kind in ("last", "z", "change", "year"):
        if name.startswith(f"_{kind}_"):
            return ContextColumn(name, kind, form, name.removeprefix(f"_{kind}_"))
    # The longest form first: one form's name may begin another's (village, village_group).
    for other in sorted(forms, key=len, reverse=True):
        for across in ("sum", "count"):
            if name.startswith(f"_{across}_{other}_"):
                return ContextColumn(name, across, other, name.removeprefix(f"_{across}_{other}_"))
    return None


def context_columns(suite: Suite, forms: Iterable[str]) -> list[ContextColumn]:
    """The contextual columns that a suite needs, by name; a `change` brings the `last` it comes from."""
    names = {c for e in suite.expectations for c in columns_of(e) if c.startswith("_") and not is_own(c)}
    names |= {c.replace("_change_", "_last_", 1) for c in names if c.startswith("_change_")}
    found = [context_column(n, suite.form, forms) for n in sorted(names)]
    return [c for c in found if c is not None]


def value_of(expectation: Expectation, row: Mapping[str, object]) -> str:
    """What a message shows as `{value}`: the values of `meta.fields`, then of other columns that it compares.

    `row` maps column to value. A pair gives `3 / 2`, a change `40 → 60 (+50%)`.
    """
    kwargs = expectation.get("kwargs", {})
    fields: list[str] = list(expectation["meta"].get("fields", ()))
    compared = [kwargs[k] for k in ("column", "column_A", "column_B") if k in kwargs]
    texts = [_shown(row.get(f)) for f in fields]
    for column in compared:
        if column.startswith("_change_"):
            change = row.get(column)
            percent = f"{change:+.0%}" if isinstance(change, (int, float)) else _shown(change)
            before = _shown(row.get(column.replace("_change_", "_last_", 1)))
            texts = [f"{before} → {' / '.join(texts)} ({percent})"]
        elif column.startswith("_year_"):
            change = row.get(column)
            texts = [f"{' / '.join(texts)} ({change:+.0%})" if isinstance(change, (int, float)) else texts[0]]
        elif column not in fields and column not in OWN_CONTEXT and not column.startswith(("_gap_", "_z_")):
            texts.append(_shown(row.get(column)))
    return " / ".join(texts)


def message_of(expectation: Expectation, row: Mapping[str, object]) -> dict[str, str]:
    """The message in both languages (zh, en) with this row's value in it."""
    value = value_of(expectation, row)
    return {lang: text.replace("{value}", value) for lang, text in expectation["meta"]["message"].items()}


def expected_of(expectation: Expectation, row: Mapping[str, object]) -> dict[str, str]:
    """What was expected, in both languages, with the unit's own usual range where the text asks for it."""
    usual = ""
    for column in columns_of(expectation):
        if column.startswith("_z_"):
            field = column.removeprefix("_z_")
            usual = "–".join(_rounded(row.get(f"_{end}_{field}")) for end in ("low", "high"))
    return {lang: text.replace("{usual}", usual) for lang, text in expectation["meta"]["expected"].items()}


def _rounded(value: object) -> str:
    return f"{max(value, 0):.0f}" if isinstance(value, (int, float)) else "—"


def check_suite(suite: Suite, form: Form, forms: Mapping[str, Form], kinds: Collection[str]) -> None:
    """Hold one suite against its form, the forms that it compares with, and the kinds of unit that there are.

    Raises one CatalogueError for all that does not hold.
    """
    place = Place(suite.path)
    problems = Problems()
    with problems.noting():
        _check_gaps(suite, form)
    problems.tell()
    declared = {g.column: g for g in gaps(suite)}
    seen: set[str] = set()
    touched: set[str] = set()
    for i, expectation in enumerate(suite.expectations):
        at = place / "expectations" / i
        columns = columns_of(expectation)
        touched |= columns
        touched |= {
            c for name in columns & declared.keys() for c in (*declared[name].plus, *declared[name].minus)
        }
        with problems.noting():
            _check_meta(expectation, form, at)
            if rule_of(expectation) in seen:
                raise CatalogueError(
                    f"rule {rule_of(expectation)} appears twice", where=at, expected="one expectation a rule"
                )
            seen.add(rule_of(expectation))
            _check_type(expectation, at)
            _check_columns(expectation, form, forms, declared, at)
            _check_kwargs(expectation, at)
    with problems.noting():
        _check_use(suite, form, touched, kinds)
    problems.tell()


def _check_use(suite: Suite, form: Form, touched: set[str], kinds: Collection[str]) -> None:
    """Every field is judged, every gap is read, and what is counted exists."""
    place = Place(suite.path)
    if unused := [g.name for g in gaps(suite) if g.column not in touched]:
        raise CatalogueError(
            f"no expectation reads {', '.join(unused)}",
            where=place / "meta" / "gaps",
            expected="one on _gap_<name>",
        )
    if untouched := [c for c in (form.key, *form.fields) if c not in touched]:
        raise CatalogueError(
            f"no expectation on {', '.join(untouched)}",
            where=place,
            expected="at least one on every field of the form",
        )
    if unknown := [k for k in kinds_counted(suite) if k not in kinds]:
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


def _check_meta(expectation: Expectation, form: Form, at: Place) -> None:
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
    has_usual = any(c.startswith("_z_") for c in columns_of(expectation))
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


def _check_type(expectation: Expectation, at: Place) -> None:
    if expectation.get("type") not in ROW_TYPES:
        raise CatalogueError(
            f"type {expectation.get('type')!r} does not say which rows fail",
            where=at / "type",
            expected=", ".join(ROW_TYPES),
        )


def _check_columns(
    expectation: Expectation, form: Form, forms: Mapping[str, Form], declared: Iterable[str], at: Place
) -> None:
    own = (form.key, *form.fields, *FRAME_COLUMNS, *OWN_CONTEXT, *declared)
    for column in sorted(columns_of(expectation)):
        if column in own or _is_unit_count(column):
            continue
        context = context_column(column, form.form, forms)
        if context is None:
            compared = ("last", "z", "change", "year", "sum_<form>", "count_<form>")
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
        if context.is_across:
            _check_across(form, forms[context.form], column, at)
    if expectation["severity"] == "critical" and is_contextual(expectation):
        raise CatalogueError(
            "critical, but reads other submissions, which may come later or be corrected",
            where=at / "severity",
            expected="warning or info",
        )


def _check_across(form: Form, other: Form, column: str, at: Place) -> None:
    """A form is compared with what lies at its units or beneath them, in its own periods or parts of them."""
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


def _check_kwargs(expectation: Expectation, at: Place) -> None:
    kwargs = expectation["kwargs"]
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


def _columns_of_condition(condition: object) -> Iterator[str]:
    if not isinstance(condition, Mapping):
        return
    if "column" in condition:
        yield str(condition["column"]["name"])
    for part in condition.get("conditions", ()):
        yield from _columns_of_condition(part)


def _is_unit_code(value: object) -> bool:
    return bool(re.fullmatch(r"\d{6}|\d{9}|\d{12}|\d{14}", str(value), re.ASCII)) and not isinstance(
        value, bool
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _shown(value: object) -> str:
    if value is None or value != value:  # NaN is the one value that differs from itself
        return "—"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str):
        from qiangji.personal_data import quoted

        return quoted(value)
    return str(value)


def hash_of(content: object) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
