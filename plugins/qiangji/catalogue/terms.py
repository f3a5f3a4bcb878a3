"""Terms: what the sides of an indicator are added up from. One class a reducer holds all that is particular to it.

In: a term as the catalogue writes it, the form that it reads. Out: its SQL for the models, its words, what corrections
and suppression must know of it. A new reducer is a class here and a line in `_Reducer`.

| key | class | per unit, over the reports of a period |
| --- | --- | --- |
| `sum` | Sum | by the field's kind: see there |
| `count` | CountRows | 1 for a unit that reported |
| `count_where` | CountWhere | 1 or 0: whether the unit's last report meets the condition |
| `max`, `min` | Max, Min | the largest or the smallest value of all reports |

The models' view `reports` holds the period's own reports (`in_period`) and those of the month just before it
(`is_before`). A year-to-date field's amount is the difference of the two. `starts_year` says that the year begins with
the period, so that nothing is taken off.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import (
    BeforeValidator,
    Discriminator,
    SerializerFunctionWrapHandler,
    Tag,
    model_serializer,
    model_validator,
)
from pydantic import Field as F

from qiangji.catalogue.conditions import Condition
from qiangji.catalogue.models import Code, Form, Model
from qiangji.catalogue.places import Place
from qiangji.errors import CatalogueError

_SHAPE = {"sum": None, "count": None, "count_where": None, "max": None, "min": None, "each_report": False}
"""Keys that every dumped term has: definition hashes are made of them. Not to be changed for a new reducer."""


class Reports:
    """SQL that brings together the values of a unit's reports, of those that meet a condition."""

    def last(self, value: str, condition: str) -> str:
        return f"max_by({value}, month) FILTER (WHERE {condition})"

    def of_all(self, function: str, value: str, condition: str) -> str:
        """Their sum, or the largest or smallest of them."""
        return f"{function}({value}) FILTER (WHERE {condition})"

    def any(self, condition: str) -> str:
        return f"bool_or({condition})"


class OneReport(Reports):
    """The same for units that each have one report in the period: nothing is to be brought together.

    What the report just before the period said stands beside it, as `before__<field>`.
    """

    def last(self, value: str, condition: str) -> str:
        return f"CASE WHEN {condition} THEN {value} END"

    def of_all(self, function: str, value: str, condition: str) -> str:
        return f"before__{value}" if condition == "is_before" else self.last(value, condition)

    def any(self, condition: str) -> str:
        return condition


class Term(Model):
    """One addend of a side: what a reducer makes of a form's reports."""

    key: ClassVar[str]
    """The word in YAML that says which reducer it is."""

    form: Code
    minus: bool = False

    @property
    @abstractmethod
    def value(self) -> str | None:
        """SQL of the term's value in one report; None where the report itself is what counts."""

    @property
    def fields(self) -> set[str]:
        """Fields of the form that the term reads."""
        return set()

    @abstractmethod
    def operand(self, form: Form, period_type: str, together: Sequence[str], of: Reports) -> str:
        """SQL of the term's value at one unit, reduced over the period (model `operands`).

        `together`: under `missing: matched` the values that a stock's report must have to count, else none. `of`: how
        the values of its reports are brought together.
        """

    @abstractmethod
    def in_words(self, form: Form, language: str) -> str:
        """The term as people read it, in `zh` or `en`."""

    def last_report(self, form: Form, together: Sequence[str]) -> str | None:
        """SQL that picks the reports among which the last one is the operand; None if the operand rests on all reports.

        Where one report is the operand, a correction of an earlier report does not touch it.
        """
        return None

    def has_operand(self, form: Form, period_type: str) -> bool:
        """Whether there is such an operand at all in periods of this type, whatever is reported."""
        return True

    def reads_before(self, form: Form, period_type: str) -> bool:
        """Whether the operand also rests on the report just before the period."""
        return False

    def follows_from_the_last(self, form: Form, period_type: str) -> bool:
        """Whether the unit's last report that has all fields says what the operand is, whatever was reported before."""
        return self.last_report(form, ()) is not None and not self.reads_before(form, period_type)

    def carries_over(self, form: Form) -> bool:
        """Whether a longer period's operand holds amounts of earlier months (see `indicators.suppression`)."""
        return False

    def is_decimal(self, form: Form) -> bool:
        """Whether the operand has decimals."""
        return False

    def check(self, form: Form, where: Place) -> None:
        """Raise a CatalogueError where the form has not what the term needs; that its fields exist is known."""
        return

    @model_validator(mode="before")
    @classmethod
    def _as_written(cls, written: Any) -> Any:
        """Without keys that are null, and with a word about `each_report` where it does not belong."""
        if not isinstance(written, dict):
            return written
        given = {k: v for k, v in written.items() if v is not None}
        if "each_report" not in cls.model_fields and given.pop("each_report", False):
            raise ValueError("each_report belongs to the sum of a stock")
        return given

    @model_serializer(mode="wrap")
    def _in_one_shape(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {**_SHAPE, **dump(self)}


class _OfField(Term):
    """A term that reads one field, a number."""

    @property
    def value(self) -> str:
        return str(getattr(self, self.key))

    @property
    def fields(self) -> set[str]:
        return {self.value}

    def is_decimal(self, form: Form) -> bool:
        return form.fields[self.value].type == "decimal"

    def check(self, form: Form, where: Place) -> None:
        if not form.fields[self.value].is_number:
            numbers = [n for n, f in form.fields.items() if f.is_number]
            raise CatalogueError(f"field {self.value} is no number", where=where, expected=", ".join(numbers))


class Sum(_OfField):
    """A field added up over units. Over time its kind decides.

    A stock is the last report (under `matched`: the last that has both sides), or with `each_report` the sum over all
    reports. A flow is summed. A year-to-date field is the last report like a stock, or for a month, quarter or half the
    difference from the report just before. A distinct count exists in the form's own period only.
    """

    key = "sum"
    sum: Code
    each_report: bool = F(
        False,
        description="a stock: summed over the reports of a longer period, as what a flow is held against",
    )

    def operand(self, form: Form, period_type: str, together: Sequence[str], of: Reports) -> str:
        kind = form.fields[self.sum].kind
        if self.each_report:
            return of.of_all("sum", self.sum, _reports_with(together))
        if kind == "flow":
            return of.of_all("sum", self.sum, "in_period")
        if kind == "distinct":
            own = self.has_operand(form, period_type)
            return of.of_all("max", self.sum, "in_period") if own else "CAST(NULL AS bigint)"
        last = of.last(self.sum, self.last_report(form, together) or "in_period")
        if not self.reads_before(form, period_type):
            return last
        before = of.of_all("max", self.sum, "is_before")
        return f"{last} - (CASE WHEN {of.any('starts_year')} THEN 0 ELSE {before} END)"

    def last_report(self, form: Form, together: Sequence[str]) -> str | None:
        is_last = form.fields[self.sum].kind in ("stock", "ytd") and not self.each_report
        return _reports_with(together or [self.sum]) if is_last else None

    def has_operand(self, form: Form, period_type: str) -> bool:
        return form.fields[self.sum].kind != "distinct" or period_type == form.period_type

    def reads_before(self, form: Form, period_type: str) -> bool:
        return form.fields[self.sum].kind == "ytd" and period_type in ("month", "quarter", "half")

    def carries_over(self, form: Form) -> bool:
        return self.each_report or form.fields[self.sum].kind != "stock"

    def in_words(self, form: Form, language: str) -> str:
        return form.label_of(self.sum, language)

    def check(self, form: Form, where: Place) -> None:
        super().check(form, where)
        if self.each_report and form.fields[self.sum].kind != "stock":
            raise CatalogueError(
                "each_report belongs to the sum of a stock", where=where, expected="sum: <a stock>"
            )


class CountRows(Term):
    """Units that reported, one each."""

    key = "count"
    count: Literal["rows"]

    @property
    def value(self) -> None:
        return None

    def follows_from_the_last(self, form: Form, period_type: str) -> bool:
        return True

    def operand(self, form: Form, period_type: str, together: Sequence[str], of: Reports) -> str:
        return of.of_all("max", "1", "in_period")

    def in_words(self, form: Form, language: str) -> str:
        return f"count({getattr(form.title, language)})"


class CountWhere(Term):
    """Units whose last report meets a condition; missing where that cannot be said."""

    key = "count_where"
    count_where: Condition

    @property
    def value(self) -> str:
        condition = self.count_where.sql()
        return f"(CASE WHEN {condition} THEN 1 WHEN NOT ({condition}) THEN 0 END)"

    @property
    def fields(self) -> set[str]:
        return self.count_where.fields

    def operand(self, form: Form, period_type: str, together: Sequence[str], of: Reports) -> str:
        return of.last(self.value, self.last_report(form, together))

    def last_report(self, form: Form, together: Sequence[str]) -> str:
        return _reports_with(together or [self.value])

    def in_words(self, form: Form, language: str) -> str:
        return f"count({self.count_where.in_words(lambda field: form.label_of(field, language))})"

    def check(self, form: Form, where: Place) -> None:
        self.count_where.check(form, where / self.key)


class _Extreme(_OfField):
    """The outermost value of all reports of the period."""

    def operand(self, form: Form, period_type: str, together: Sequence[str], of: Reports) -> str:
        return of.of_all(self.key, self.value, "in_period")

    def carries_over(self, form: Form) -> bool:
        return True

    def in_words(self, form: Form, language: str) -> str:
        return f"{self.key}({form.label_of(self.value, language)})"


class Max(_Extreme):
    """The largest value that a unit reported in the period."""

    key = "max"
    max: Code


class Min(_Extreme):
    """The smallest value that a unit reported in the period."""

    key = "min"
    min: Code


def _reports_with(values: Sequence[str]) -> str:
    """SQL that is true for the period's reports that have these values."""
    return " AND ".join(["in_period", *(f"{v} IS NOT NULL" for v in values)])


_Reducer = (
    Annotated[Sum, Tag("Sum")]
    | Annotated[CountRows, Tag("CountRows")]
    | Annotated[CountWhere, Tag("CountWhere")]
    | Annotated[Max, Tag("Max")]
    | Annotated[Min, Tag("Min")]
)
"""Every reducer under the name of its class: the one place that names them all."""
_CLASSES: dict[str, type[Term]] = {c.key: c for c, *_ in map(get_args, get_args(_Reducer))}


def _class_of(written: Any) -> str | None:
    """The name of the class that a term is of; None unless the term has exactly one reducer's key."""
    if isinstance(written, Term):
        return type(written).__name__
    given = [key for key in _CLASSES if isinstance(written, dict) and written.get(key) is not None]
    return _CLASSES[given[0]].__name__ if len(given) == 1 else None


AnyTerm = Annotated[
    _Reducer,
    Discriminator(
        _class_of,
        custom_error_type="one_reducer",
        custom_error_message=f"exactly one of {', '.join(_CLASSES)}",
    ),
]
Side = Annotated[
    tuple[AnyTerm, ...],
    F(min_length=1),
    BeforeValidator(
        lambda side: side if isinstance(side, (list, tuple)) else [side],
        json_schema_input_type=AnyTerm | tuple[AnyTerm, ...],
    ),
]
"""Terms added up (or, with `minus`, taken off)."""
