"""Indicators: which ones share a result table, and what the table holds.

In: the catalogue. Out: a `Base` for each set of forms that indicators read together, with its tables and columns.

| file | what |
| --- | --- |
| `columns.py` | the SQL that fills the placeholders of sql/models |
| `words.py` | indicators in words, for the dictionary |
| `suppression.py` | which figures of persons are hidden |
| `qiangji/catalogue/terms.py` | the reducers: what one term of an indicator is worth at a unit |
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from qiangji.catalogue.indicators import Definition, Indicator
from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Form, shortest_of
from qiangji.catalogue.terms import Term
from qiangji.catalogue.tree import LEVELS
from qiangji.indicators.words import dictionary, fields_read, in_words
from qiangji.periods import Period

__all__ = ["HIDDEN", "PARTS", "RESTATED", "Base", "bases", "dictionary", "fields_read", "in_words"]

RESTATED = "__restated"
"""Suffix of a base's result table on today's tree."""
PARTS = ("n", "d", "k", "w", "c")
"""Column prefixes: n numerator, d denominator, k units lacking a side, w units with a warning, c units with a
correction."""
HIDDEN = "h"
"""Column prefix: whether the figure is hidden."""


@dataclass(frozen=True)
class Base:
    """The indicators that read one set of forms, and the result table `calc.<name>` that they share."""

    forms: tuple[Form, ...]
    definitions: tuple[Definition, ...]

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """One indicator a definition: an indicator is there twice if two of its definitions read these forms."""
        return tuple(d.indicator for d in self.definitions)

    def at(self, month: Period) -> Base:
        """The base with only those definitions that are in force for periods that end in the month."""
        return Base(self.forms, tuple(d for d in self.definitions if d.holds_in(str(month))))

    @property
    def name(self) -> str:
        return "__".join(f.form for f in self.forms)

    @property
    def table(self) -> str:
        return f"calc.{self.name}"

    @property
    def restated_table(self) -> str:
        """The table with the same columns on today's tree."""
        return self.table + RESTATED

    @property
    def level(self) -> str:
        """The lowest level with results: the coarsest of the forms' base levels."""
        return min((f.base_level for f in self.forms), key=LEVELS.index)

    @property
    def shortest_period(self) -> str:
        """The shortest period with figures: the longest of the forms' own."""
        return shortest_of(self.forms)

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels with results, from the top down."""
        return LEVELS[: LEVELS.index(self.level) + 1]

    def result_columns(self) -> dict[str, str]:
        """Column -> SQL type of the columns that the models fill, in order."""
        columns: dict[str, str] = {}
        for indicator in self.indicators:
            sides = {"n": indicator.numerator, "d": indicator.denominator}
            decimal = {part: self._is_decimal(side) for part, side in sides.items()}
            for part in PARTS:
                name = f"{part}__{indicator.code}"
                wide = decimal.get(part) or columns.get(name, "bigint") != "bigint"
                columns[name] = "numeric(38,4)" if wide else "bigint"
        return columns

    @property
    def persons(self) -> tuple[Indicator, ...]:
        """Indicators whose small numbers at villages are hidden; each has a flag column."""
        counted = {i.code: i for i in self.indicators if i.persons}
        return tuple(counted.values()) if self.level == "village" else ()

    def flag_columns(self) -> dict[str, str]:
        """Column -> SQL type of the flags of hidden figures; the build adds them to what the models give."""
        return {f"{HIDDEN}__{i.code}": "boolean" for i in self.persons}

    def _is_decimal(self, side: Iterable[Term]) -> bool:
        forms = {f.form: f for f in self.forms}
        return any(t.is_decimal(forms[t.form]) for t in side)


def bases(catalogue: Catalogue) -> list[Base]:
    """One base for every set of forms that an indicator reads or has read, sorted by the forms' names."""
    found: dict[tuple[str, ...], list[Definition]] = {}
    for indicator in catalogue.indicators.values():
        for definition in indicator.definitions:
            found.setdefault(definition.indicator.forms, []).append(definition)
    return [
        Base(tuple(catalogue.forms[f] for f in forms), tuple(members))
        for forms, members in sorted(found.items())
    ]
