"""A form as the simulator knows it: fields, parts that never exceed their whole, how values are drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from simulator.periods import PeriodType
from simulator.population import Bools, Ints, Population

Value = int | str | bool | None  # decimals are text with two decimals, in 万元; dates are text, YYYY-MM-DD
Column = list[Value]


@dataclass(frozen=True)
class Field:
    """One column of a form. `kind`: stock, flow (of the period), distinct (in the period), or ytd (accumulates
    from January).
    """

    name: str
    type: Literal["integer", "decimal", "boolean", "enum", "date", "text"]
    kind: Literal["stock", "flow", "distinct", "ytd"] = "stock"


@dataclass(frozen=True)
class Form:
    """`key` and `name_field` identify the unit; `pairs` are (part, whole) of one population. `jiggle` is a field in no
    pair, so a second version of a row can differ in it and still be right. `also_direct`: the city's own departments
    report it too.
    """

    code: str
    grain: Literal["group", "village", "community", "town", "county", "task"]
    key: str
    name_field: str
    fields: tuple[Field, ...]
    pairs: tuple[tuple[str, str], ...]
    jiggle: str
    values: Callable[[Population, str], dict[str, Column]]
    period_type: PeriodType = "month"
    also_direct: bool = False

    def field(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)


def integers(values: Ints) -> Column:
    """A column of Python integers."""
    return list(values.tolist())


def booleans(values: Bools) -> Column:
    """A column of Python booleans."""
    return list(values.tolist())


def choices(index: Ints, words: Sequence[str]) -> Column:
    """A column of the words at these positions."""
    return [words[position] for position in index.tolist()]


def amounts(hundredths: Ints) -> Column:
    """A column of decimals with two places, as text: exact, and no float on the way."""
    return [f"{value // 100}.{value % 100:02d}" for value in hundredths.tolist()]


def blank_some(column: Column, rng: np.random.Generator, share: float) -> Column:
    """Blank a few cells, as a county does in optional fields."""
    for position in np.flatnonzero(rng.random(len(column)) < share).tolist():
        column[position] = None
    return column


def integer_fields(
    names: str, kind: Literal["stock", "flow", "distinct", "ytd"] = "stock"
) -> tuple[Field, ...]:
    """Integer fields of one kind, by their names."""
    return tuple(Field(name, "integer", kind) for name in names.split())
