"""A form's suite and its rules: what each rule reads, whom it concerns, and what is said of a row that breaks it.

In: Great Expectations' own JSON, as read, and for the words a row. Out: a `Suite` with its `Rule`s, gaps and context
columns. `suite_checks` holds what a suite must be. Great Expectations is not imported here: the catalogue loads fast.

Context columns are filled before the suite runs, and are named here and nowhere else:

| column | type | value |
| --- | --- | --- |
| `_is_known` | bool | the unit (of a group: its village or community) is the county's and reports |
| `_occurrences` | int | rows of the submission with this key |
| `_totals_agree` | bool, null | totals written in the file equal the sums of the rows; same in all rows |
| `_is_total` | bool | the row's name says 小计, 合计, 总计, or a group's serial is all zeros: no unit |
| `_is_sum` | bool | every number of the row is the sum of the other rows beside it (see `checking.frame`) |
| `_units_<kind>` | int | units of that kind at or beneath the row's unit that report in the period |
| `_gap_<name>` | the fields' | `plus` less `minus` of the suite's `meta.gaps.<name>`; null without any of them |
| `_last_<field>` | the field's | the unit's value in the current report before this; ytd: null in January |
| `_yearend_<field>` | the field's | of a ytd field: the unit's value in the last report of the year before; null but in
the first report of a year, no later than March's |
| `_z_<field>` | float | modified z-score of a stock or flow against the unit's own earlier values (see
`checking.jumps`); null without enough of them, or where they do not move |
| `_change_<field>` | float | (field - _last) / _last: 0.25 is +25 %; null without either, where _last is 0, or where
the suite also reads `_z_<field>` and the row has one, which knows better |
| `_year_<field>` | float | the same against the period a year before, for a field with seasons |
| `_sum_<form>_<field>` | the field's | sum over the unit's rows of that form and period; null without any |
| `_count_<form>_<field>` | int | the unit's rows of that form and period that have a value; null without any row |

A sum or count takes the rows of that form at the unit and beneath it; a form with shorter periods gives the last of
them. Great Expectations compares two columns at most. A gap lets a suite hold several fields against each other (open =
open before + raised - resolved); the suite names its fields in `meta.gaps`:
`{"cases": {"plus": ["cases_open", "cases_closed"], "minus": ["cases_open_at_start", "cases_opened"]}}`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from qiangji.catalogue.models import Form, Label
from qiangji.hashing import short
from qiangji.personal_data import quoted

Severity = Literal["critical", "warning", "info"]
Scope = Literal["row", "submission"]
SEVERITIES: tuple[str, ...] = get_args(Severity)
SCOPES: tuple[str, ...] = get_args(Scope)

OWN_CONTEXT = ("_is_known", "_occurrences", "_totals_agree", "_is_total", "_is_sum")
OWN_PREFIXES = ("_units_", "_gap_")
"""Context columns that follow from the submission and the tree alone."""

PRESENT = "expect_column_values_to_not_be_null"
USUAL_Z = 3.5
"""The z-score at the ends of what is usual for a unit, as `_low_<field>` and `_high_<field>` hold it."""
MANY_DIGITS = 11
"""A number of so many digits may be a person's: a telephone, a card, an ID. No message shows it."""

_COMPARED = ("column", "column_A", "column_B")
_KEYS_OF_COLUMNS = (*_COMPARED, "column_list", "column_set")


@dataclass(frozen=True)
class Words:
    """What is said of a row: the value at fault (None: no value is), what is wrong, and what was expected."""

    value: str | None
    message_zh: str
    message_en: str
    expected_zh: str
    expected_en: str


@dataclass(frozen=True)
class Rule:
    """One expectation of a suite, parsed once.

    `id`: the stable id in `ops`, in `mart.finding` and on rejected rows. `fields`: those that the message names.
    `columns`: every column that the rule reads, those of its row condition included. `content`: the JSON that Great
    Expectations gets.
    """

    id: str
    severity: Severity
    scope: Scope
    fields: tuple[str, ...]
    columns: frozenset[str]
    message: Label
    expected: Label
    content: Mapping[str, Any] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, expectation: Mapping[str, Any]) -> Rule:
        """The rule that an entry of `expectations` is; the entry holds what `suite_checks` asks for."""
        meta = expectation["meta"]
        return cls(
            id=meta["rule"],
            severity=expectation["severity"],
            scope=meta["scope"],
            fields=tuple(meta["fields"]),
            columns=frozenset(columns_of(expectation.get("kwargs", {}))),
            message=Label(**meta["message"]),
            expected=Label(**meta["expected"]),
            content=expectation,
        )

    @property
    def is_critical(self) -> bool:
        """Whether a row that breaks it is rejected."""
        return self.severity == "critical"

    @property
    def presence_of(self) -> str:
        """The field that it holds to be filled in; empty of any other rule."""
        return str(self.content["kwargs"]["column"]) if self.content["type"] == PRESENT else ""

    def as_warning(self) -> Rule:
        """The same rule, which rejects nothing."""
        if not self.is_critical:
            return self
        return replace(self, severity="warning", content={**self.content, "severity": "warning"})

    @property
    def is_contextual(self) -> bool:
        """Whether it needs other submissions. Such a rule runs once those are known, and rejects nothing."""
        return any(c.startswith("_") and not is_own(c) for c in self.columns)

    def words(self, row: Mapping[str, object]) -> Words:
        """What is said of a row (column -> value) that breaks the rule. `county_code`: whose codes may be quoted."""
        value, usual = self._value(row), self._usual(row)
        return Words(
            value,
            *(text.replace("{value}", value) for text in (self.message.zh, self.message.en)),
            *(text.replace("{usual}", usual) for text in (self.expected.zh, self.expected.en)),
        )

    def _value(self, row: Mapping[str, object]) -> str:
        """The values of `fields`, then those of other columns that the rule compares.

        A pair gives `3 / 2`, a change `40 → 60 (+50%)`.
        """
        kwargs = self.content["kwargs"]
        county = str(row.get("county_code") or "")
        texts = [_shown(row.get(f), county) for f in self.fields]
        for column in [kwargs[k] for k in _COMPARED if k in kwargs]:
            if column.startswith("_change_"):
                change = row.get(column)
                percent = f"{change:+.0%}" if isinstance(change, (int, float)) else _shown(change)
                before = _shown(row.get(column.replace("_change_", "_last_", 1)))
                texts = [f"{before} → {' / '.join(texts)} ({percent})"]
            elif column.startswith("_year_"):
                change = row.get(column)
                texts = [
                    f"{' / '.join(texts)} ({change:+.0%})" if isinstance(change, (int, float)) else texts[0]
                ]
            elif column not in (*self.fields, *OWN_CONTEXT) and not column.startswith(("_gap_", "_z_")):
                texts.append(_shown(row.get(column), county))
        return " / ".join(texts)

    def _usual(self, row: Mapping[str, object]) -> str:
        """The unit's own usual range up to the rule's own limit, where the rule holds a z-score."""
        reach = self.content["kwargs"].get("max_value", USUAL_Z) / USUAL_Z
        for column in self.columns:
            if column.startswith("_z_"):
                name = column.removeprefix("_z_")
                low, high = row.get(f"_low_{name}"), row.get(f"_high_{name}")
                if not isinstance(low, (int, float)) or not isinstance(high, (int, float)):
                    return "—"
                middle, half = (low + high) / 2, (high - low) / 2 * reach
                return f"{_rounded(middle - half)}–{_rounded(middle + half)}"
        return ""


@dataclass(frozen=True)
class ContextColumn:
    """A contextual column taken apart.

    `last`, `yearend`, `z`, `change`, `year` look at the form itself, `sum` and `count` at another.
    """

    name: str
    kind: Literal["last", "yearend", "z", "change", "year", "sum", "count"]
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


@dataclass(frozen=True)
class Suite:
    """A form's expectations in GX's own JSON, as read."""

    form: str
    content: dict[str, Any]
    path: Path

    @property
    def expectations(self) -> list[dict[str, Any]]:
        """The entries as GX reads them; `rules` are the same, parsed."""
        found: list[dict[str, Any]] = self.content["expectations"]
        return found

    @cached_property
    def hash(self) -> str:
        return hash_of(self.content)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(Rule.parse(e) for e in self.expectations)

    @cached_property
    def asked_in_some(self) -> frozenset[str]:
        """The fields that only rows under a condition have to fill in."""
        return frozenset(r.presence_of for r in self.rules if "row_condition" in r.content["kwargs"])

    @cached_property
    def gaps(self) -> tuple[Gap, ...]:
        """The gaps that the suite declares, in its order."""
        declared: Mapping[str, Mapping[str, list[str]]] = self.content.get("meta", {}).get("gaps", {})
        return tuple(Gap(name, tuple(g["plus"]), tuple(g["minus"])) for name, g in declared.items())

    @property
    def kinds_counted(self) -> list[str]:
        """The kinds of org unit whose `_units_<kind>` the suite reads, sorted."""
        columns = {c for rule in self.rules for c in rule.columns}
        return kinds_in(columns | {c for g in self.gaps for c in (*g.plus, *g.minus)})

    def holding_in(self, form: Form, month: str) -> list[Rule]:
        """The rules on the form as it stood in a month: none on a field that it did not have then.

        That a field is filled in is no more than a warning while the field is optional.
        """
        absent = form.fields.keys() - form.fields_in(month).keys()
        empty = {g.column for g in self.gaps if absent & {*g.plus, *g.minus}}
        optional = set(form.optional_in(month))
        held = [r for r in self.rules if not _fields_of(r, form) & (absent | empty)]
        return [r.as_warning() if r.presence_of in optional else r for r in held]

    def context_columns(self, forms: Iterable[str]) -> list[ContextColumn]:
        """The contextual columns that the suite needs, sorted; a `change` brings the `last` it comes from."""
        names = {c for rule in self.rules for c in rule.columns if c.startswith("_") and not is_own(c)}
        names |= {c.replace("_change_", "_last_", 1) for c in names if c.startswith("_change_")}
        found = [context_column(n, self.form, forms) for n in sorted(names)]
        return [c for c in found if c is not None]


def columns_of(kwargs: Mapping[str, Any]) -> set[str]:
    """Every column that an expectation with these arguments reads, those of its row condition included."""
    found: set[str] = set()
    for key in _KEYS_OF_COLUMNS:
        value = kwargs.get(key, ())
        found.update([value] if isinstance(value, str) else value)
    found.update(_columns_of_condition(kwargs.get("row_condition")))
    return found


def _columns_of_condition(condition: object) -> Iterator[str]:
    if not isinstance(condition, Mapping):
        return
    if "column" in condition:
        yield str(condition["column"]["name"])
    for part in condition.get("conditions", ()):
        yield from _columns_of_condition(part)


def _fields_of(rule: Rule, form: Form) -> set[str]:
    """The columns that a rule reads; for a contextual column of the form itself, its field."""
    found = ((c, context_column(c, form.form, ())) for c in rule.columns)
    return {context.field if context else column for column, context in found}


def is_own(column: str) -> bool:
    """Whether a context column follows from the submission and the tree alone."""
    return column in OWN_CONTEXT or column.startswith(OWN_PREFIXES)


def kinds_in(columns: Iterable[str]) -> list[str]:
    """The kinds of org unit that columns count (`_units_<kind>`), sorted."""
    return sorted(c.removeprefix("_units_") for c in columns if c.startswith("_units_"))


def context_column(name: str, form: str, forms: Iterable[str]) -> ContextColumn | None:
    """Take a contextual column's name apart; None for any other column."""
    kind: Literal["last", "yearend", "z", "change", "year"]
    across: Literal["sum", "count"]
    for kind in ("last", "yearend", "z", "change", "year"):
        if name.startswith(f"_{kind}_"):
            return ContextColumn(name, kind, form, name.removeprefix(f"_{kind}_"))
    # The longest form first: one form's name may begin another's (village, village_group).
    for other in sorted(forms, key=len, reverse=True):
        for across in ("sum", "count"):
            if name.startswith(f"_{across}_{other}_"):
                return ContextColumn(name, across, other, name.removeprefix(f"_{across}_{other}_"))
    return None


def _shown(value: object, county: str = "") -> str:
    if value is None or value != value:  # NaN is the one value that differs from itself
        return "—"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, str):
        return quoted(value, county)
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    digits = sum(c.isdigit() for c in text.partition(".")[0])
    return f"({digits} 位数字 digits)" if digits >= MANY_DIGITS else text


def _rounded(value: float) -> str:
    return f"{max(value, 0):.0f}"


def hash_of(content: object) -> str:
    """A short hash of a JSON value, whatever the order of its keys."""
    return short(json.dumps(content, ensure_ascii=False, sort_keys=True, default=str))
