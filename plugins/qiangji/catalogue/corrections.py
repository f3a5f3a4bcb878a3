"""Corrections: wrong values that only a person may declare to be wrong, one file a form under catalogue/corrections/.

In: the entries of a file, as read; the form and the tree. Out: `Correction`s, or a CatalogueError that names the file,
the entry and the rule. A wrong row normally goes back to the county: a correction is for what it cannot send again.
Corrections apply when a month is built (`building.corrected`); what the county sent stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator
from pydantic import Field as F

from qiangji.catalogue.models import MAX_DIGITS, Code, Field, Form
from qiangji.catalogue.places import Place
from qiangji.catalogue.tree import OrgTree
from qiangji.errors import CatalogueError, Problems, UsageError
from qiangji.periods import Period

Value = bool | int | Decimal | str | None
"""What a cell holds, in Python: a decimal as Decimal, a date as ISO text, nothing as None."""
Action = Literal["set", "missing", "leave_out"]


def _plain(value: Any) -> Any:
    """YAML's own dates and fractions, as cells hold them."""
    if isinstance(value, float):
        return Decimal(str(value))
    return value.isoformat() if isinstance(value, date) else value


Cell = Annotated[Value, BeforeValidator(_plain, json_schema_input_type=bool | int | float | str | None)]
Said = Annotated[str, F(pattern=r"\S", max_length=400)]


class Entry(BaseModel):
    """One wrong value, what is done about it, and who says so why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: Annotated[str, F(pattern=r"^\S+$")] = F(description="the row's key, as the form has it")
    period: Annotated[str, F(pattern=r"^\d{4}(-\d{2}|Q[1-4])?$"), BeforeValidator(lambda p: str(p))]
    field: Code
    was: Cell = F(
        description="the wrong value, as the report has it; null: an empty cell. Once the report no longer has it,"
        " the correction is an error"
    )
    action: Action = F(
        description="set: the value that `now` says; missing: as if the cell were empty; leave_out: the whole row"
    )
    now: Cell = F(None, description="action set: the right value")
    reason: Said = F(description="why the county cannot send it again, and where the right value comes from")
    by: Said = F(description="who declares it: an office or an account")
    date: date
    status: Literal["proposed", "active", "retired"] = F(description="only active ones apply")

    @model_validator(mode="after")
    def _action_and_value(self) -> Entry:
        if (self.action == "set") != ("now" in self.model_fields_set and self.now is not None):
            raise ValueError("`now` belongs to action set, which needs it")
        return self


class Correction(Entry):
    """An entry with the place where it stands, read against its form: `was` and `now` are of the field's type."""

    form: str
    county: str = F(description="the county that reports the unit in the period")
    org_code: str = F(description="the unit of the tree: the unit itself, or a group's village")
    where: str = F(description="file and entry, for messages")

    @property
    def key(self) -> tuple[str, str, str]:
        """The submission that it corrects: (form, period, county)."""
        return self.form, self.period, self.county

    @property
    def effect(self) -> tuple[str, ...]:
        """Everything about it that can change a figure, as text."""
        return self.unit, self.field, repr(self.was), self.action, repr(self.now)


def against(
    entries: Iterable[tuple[Place, Entry]], form: Form, org: OrgTree, problems: Problems
) -> tuple[Correction, ...]:
    """The entries of one form's file, held against the form, the tree and each other."""
    found: list[Correction] = []
    for place, entry in entries:
        with problems.noting():
            period = _period(entry, form, place / "period")
            field = _field(entry, form, period, place / "field")
            org_code, county = _unit(entry, form, org, period, place / "unit")
            values = {n: _typed(getattr(entry, n), field, n, place / n) for n in ("was", "now")}
            if entry.action != "leave_out" and values["was"] == values["now"]:
                raise CatalogueError(
                    "changes nothing", where=place, expected="a `now` or an action that differs from `was`"
                )
            _impersonal(entry, place)
            new = Correction(
                **entry.model_dump() | values | {"form": form.form, "county": county},
                org_code=org_code,
                where=f"{place.path.parent.name}/{place.path.name}[{place.keys[0]}]",
            )
            _alone(new, found, place)
            found.append(new)
    return tuple(found)


def _period(entry: Entry, form: Form, where: Place) -> Period:
    try:
        period = Period.parse(entry.period)
    except UsageError as e:
        raise CatalogueError(e.what, where=where, expected=e.expected) from e
    if period.type != form.period_type:
        raise CatalogueError(
            f"form {form.form} is reported by the {form.period_type}",
            where=where,
            expected=f"period: a {form.period_type}",
        )
    return period


def _field(entry: Entry, form: Form, period: Period, where: Place) -> Field:
    fields = form.fields_in(str(period.last_month))
    if entry.field not in fields:
        raise CatalogueError(
            f"form {form.form} of {period} has no field {entry.field!r}",
            where=where,
            expected=", ".join(fields),
        )
    return fields[entry.field]


def _unit(entry: Entry, form: Form, org: OrgTree, period: Period, where: Place) -> tuple[str, str]:
    """The unit of the tree and the county that reports it."""
    if not re.fullmatch(form.key_pattern, entry.unit):
        raise CatalogueError(
            f"unit {entry.unit!r} is no key of form {form.form}", where=where, expected=form.key_pattern
        )
    code = entry.unit[: form.parent_digits] if form.parent_digits else entry.unit
    unit, county = org.version(code, (period,)), org.county_of(code, period)
    if unit is None or county is None or unit.kind not in form.filled_in_by or not org.reports(code, period):
        raise CatalogueError(
            f"no unit {code} that reports form {form.form} for {period}",
            where=where,
            expected=f"a code of org_units.csv of kind {', '.join(form.filled_in_by)}",
            code="unknown_unit",
        )
    return code, county


def _typed(value: Value, field: Field, name: str, where: Place) -> Value:
    """The value in the field's type."""
    allowed = {
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "decimal": isinstance(value, (int, Decimal)) and not isinstance(value, bool),
        "boolean": isinstance(value, bool),
        "enum": value in field.values,
        "date": isinstance(value, str) and _is_day(value),
    }.get(field.type, isinstance(value, str))
    if value is not None and not allowed:
        raise CatalogueError(
            f"{name} is no {field.type}",  # without the value: a text may hold anything
            where=where,
            expected=", ".join(field.values) or f"a value of type {field.type}, or null for an empty cell",
        )
    digits = MAX_DIGITS.get(field.type, 0)
    if name == "now" and digits and isinstance(value, (int, Decimal)) and abs(value) >= 10**digits:
        raise CatalogueError(
            f"{name} is too large", where=where, expected=f"at most {digits} digits before the point"
        )
    if field.type != "decimal" or value is None:
        return value
    try:
        exact = Decimal(str(value)).quantize(Decimal("0.0001"))
    except InvalidOperation:
        exact = Decimal("NaN")
    if exact != Decimal(str(value)):
        raise CatalogueError(
            f"{name} has too many digits", where=where, expected="14 before the point, 4 after it"
        )
    return exact


def _is_day(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def _impersonal(entry: Entry, where: Place) -> None:
    """Refuse personal data: what stands beside a value is shown to many people."""
    from qiangji.personal_data import kind_of

    for name in ("reason", "by", "was", "now"):
        text = getattr(entry, name)
        if isinstance(text, str) and (kind := kind_of(text)):
            raise CatalogueError(
                f"{name} holds a {kind.replace('_', ' ')} number",
                where=where / name,
                expected="no personal data",
            )


def _alone(new: Correction, others: Sequence[Correction], where: Place) -> None:
    """Allow one correction a cell, and none beside a row that is left out; retired ones do not count."""
    for other in others:
        if "retired" in (new.status, other.status) or (new.unit, new.period) != (other.unit, other.period):
            continue
        if new.field == other.field or "leave_out" in (new.action, other.action):
            raise CatalogueError(
                f"two corrections of one {'cell' if new.field == other.field else 'row'}; the other is {other.where}",
                where=where,
                expected="one, or the older one with status: retired",
            )
