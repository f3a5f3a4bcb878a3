"""Conditions: which rows of a form an indicator counts.

In: a condition as the catalogue writes it. Out: its SQL for the models, its words for people, or a CatalogueError where
the form cannot answer it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pydantic import Field as F
from pydantic import model_validator

from qiangji.catalogue.models import Code, Form, Model
from qiangji.catalogue.places import Place
from qiangji.errors import CatalogueError


class Condition(Model):
    """What a row must be to count: one test of one field, or `all` / `any` of several."""

    field: Code | None = None
    is_: int | bool | str | None = F(None, alias="is")
    in_: tuple[str, ...] = F((), alias="in")
    not_in: tuple[str, ...] = ()
    ends_with: tuple[str, ...] = F((), description="of a key: its last characters, such as a task's serial")
    at_least: int | None = None
    at_most: int | None = None
    all: tuple[Condition, ...] = ()
    any: tuple[Condition, ...] = ()

    @model_validator(mode="after")
    def _one_test(self) -> Condition:
        tests = sum(
            (self.is_ is not None, bool(self.in_), bool(self.not_in), bool(self.ends_with),
             self.at_least is not None, self.at_most is not None)
        )  # fmt: skip
        groups = bool(self.all) + bool(self.any)
        if (tests, groups) != ((0, 1) if self.field is None else (1, 0)):
            raise ValueError(
                "a condition is one field with one of is, in, not_in, ends_with, at_least, at_most; or all; or any"
            )
        return self

    @property
    def parts(self) -> tuple[Condition, ...]:
        return self.all or self.any

    @property
    def fields(self) -> set[str]:
        return {self.field} if self.field else {f for c in self.parts for f in c.fields}

    def sql(self) -> str:
        """The condition as a three-valued SQL expression: unknown where the row lacks what it tests."""
        if self.parts:
            word = " AND " if self.all else " OR "
            return f"({word.join(part.sql() for part in self.parts)})"
        if self.ends_with:
            tests = (f"right({self.field}, {len(end)}) = {_literal(end)}" for end in self.ends_with)
            return f"({' OR '.join(tests)})"
        if self.is_ is not None:
            return f"{self.field} = {_literal(self.is_)}"
        if self.at_least is not None:
            return f"{self.field} >= {self.at_least}"
        if self.at_most is not None:
            return f"{self.field} <= {self.at_most}"
        values = ", ".join(_literal(v) for v in self.in_ or self.not_in)
        return f"{self.field} {'IN' if self.in_ else 'NOT IN'} ({values})"

    def in_words(self, label: Callable[[str], str]) -> str:
        """The condition as people read it; `label` gives a field's."""
        if self.parts:
            return (" and " if self.all else " or ").join(part.in_words(label) for part in self.parts)
        name = label(self.field or "")
        if self.ends_with:
            return f"{name} …{'/'.join(self.ends_with)}"
        if self.is_ is not None:
            return f"{name} = {self.is_}"
        if self.at_least is not None:
            return f"{name} >= {self.at_least}"
        if self.at_most is not None:
            return f"{name} <= {self.at_most}"
        return f"{name} {'in' if self.in_ else 'not in'} {'/'.join(self.in_ or self.not_in)}"

    def check(self, form: Form, where: Place) -> None:
        """Raise a CatalogueError where the form's field cannot be tested so."""
        for part in self.parts:
            part.check(form, where)
        if self.field is None:
            return
        if (self.field == form.key) != bool(self.ends_with):
            raise CatalogueError(
                f"{self.field}: ends_with is the test of a key, and its only one",
                where=where,
                expected=f"{form.key} with ends_with, or one of {', '.join(form.fields)} with another test",
            )
        if self.ends_with:
            self._check_serials(form, where)
        else:
            self._check_values(form, where)

    def _check_serials(self, form: Form, where: Place) -> None:
        unknown = [e for e in self.ends_with if form.serials and e.removeprefix("-") not in form.serials]
        if unknown:
            raise CatalogueError(
                f"no serial {', '.join(unknown)}",
                where=where,
                expected=", ".join(f"-{s}" for s in form.serials),
            )

    def _check_values(self, form: Form, where: Place) -> None:
        field = form.fields[self.field or ""]
        values = (*self.in_, *self.not_in, *((self.is_,) if isinstance(self.is_, str) else ()))
        if values and field.type == "enum" and (unknown := [v for v in values if v not in field.values]):
            raise CatalogueError(
                f"{self.field} cannot be {', '.join(unknown)}", where=where, expected=", ".join(field.values)
            )
        if values and field.type in ("integer", "decimal", "boolean"):
            raise CatalogueError(
                f"{self.field} is {field.type}", where=where, expected="is, at_least or at_most"
            )
        if isinstance(self.is_, bool) != (field.type == "boolean") and self.is_ is not None:
            raise CatalogueError(
                f"{self.field} is {field.type}, compared with {self.is_!r}",
                where=where,
                expected="true or false for a boolean, a number for a number, one of its values for an enum",
            )
        if type(self.is_) is int and not field.is_number:
            raise CatalogueError(
                f"{self.field} is {field.type}", where=where, expected="true, false or a value"
            )
        if (self.at_least is not None or self.at_most is not None) and not field.is_number:
            raise CatalogueError(f"{self.field} is {field.type}", where=where, expected="a number")


def _literal(value: int | bool | str) -> str:
    """SQL of a value that every engine reads alike: quotes and backslashes within quotes are read in several ways."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    pieces = re.split(r"([\\'])", value)
    return " || ".join(f"chr({ord(p)})" if p in ("\\", "'") else f"'{p}'" for p in pieces)
