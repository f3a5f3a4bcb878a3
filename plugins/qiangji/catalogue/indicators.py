"""Indicators: numerator / denominator x factor, and what they meant before.

In: entries of indicators/<aspect>.yaml. Out: `Indicator`s. Each of its definitions is given as an indicator too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from pydantic import Field as F
from pydantic import model_validator

from qiangji.catalogue.models import Code, Label, Missing, Model, Month, Unit, holds
from qiangji.catalogue.terms import Side, Term
from qiangji.periods import Period


class Earlier(Model):
    """What an indicator meant before: its figures of periods that end by `until` are made so."""

    until: Month
    definition: Label
    numerator: Side
    denominator: Side
    factor: Decimal | None = F(None, description="default: the indicator's own")
    missing: Missing | None = F(None, description="default: the indicator's own")
    bounded: bool | None = F(None, description="default: the indicator's own")


class Indicator(Model):
    """A measured share or rate: numerator / denominator x factor, per org unit and period."""

    code: Code
    name: Label
    definition: Label
    initiative: Code
    numerator: Side
    denominator: Side
    factor: Decimal = Decimal(1)
    unit: Unit
    direction: Literal["up", "down", "none"]
    headline: Literal["month", "quarter", "half", "ytd"]
    missing: Missing = "matched"
    persons: bool = False
    bounded: bool | None = F(
        None,
        description="whether the numerator is a part of the denominator, so that a value below 0 or above the factor"
        " is a finding; default: where the unit is percent",
    )
    since: Month | None = F(
        None,
        description="the first month that has figures of it, such as the one since which a field that it reads is asked"
        " for; default: every month",
    )
    target: dict[int, Decimal] = F(
        default_factory=dict, description="illustrative: the plan publishes no figures"
    )
    tolerance: Decimal | None = F(
        None,
        ge=0,
        description="how far behind its path a figure is still yellow and not red, in the figure's own unit; default: a"
        " twentieth of the year's target",
    )
    earlier: tuple[Earlier, ...] = F((), description="definitions of before, oldest first: the series breaks")

    @model_validator(mode="after")
    def _in_order(self) -> Indicator:
        untils = [e.until for e in self.earlier]
        if untils != sorted(set(untils)):
            raise ValueError("`earlier` is oldest first, each with an `until` of its own")
        if self.since and untils and untils[0] < self.since:
            raise ValueError(
                f"`since` {self.since} lies after the `until` of a definition of before, {untils[0]}"
            )
        return self

    @property
    def is_bounded(self) -> bool:
        """Whether a value below 0 or above the factor cannot be."""
        return self.unit == "percent" if self.bounded is None else self.bounded

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """What it meant and means, oldest first: version 1, 2, ..."""
        found: list[Definition] = []
        since: str | None = self.since
        for e in (*self.earlier, None):
            own = {n: getattr(e, n) for n in Earlier.model_fields if n != "until"} if e else {}
            changed = {n: value for n, value in own.items() if value is not None}
            meant = self.model_copy(update=changed | {"earlier": ()})
            found.append(Definition(len(found) + 1, since, e.until if e else None, meant))
            since = str(Period.parse(e.until) + 1) if e else None
        return tuple(found)

    @property
    def terms(self) -> tuple[Term, ...]:
        return self.numerator + self.denominator

    @property
    def forms(self) -> tuple[str, ...]:
        """The forms it reads, sorted: indicators of the same forms share a result table."""
        return tuple(sorted({t.form for t in self.terms}))


@dataclass(frozen=True)
class Definition:
    """One version of an indicator, as an indicator of its own: in force for periods that end in these months."""

    version: int
    since: str | None
    until: str | None
    indicator: Indicator

    def holds_in(self, month: str) -> bool:
        return holds(self.since, self.until, month)


def fields_read(indicators: Iterable[Indicator]) -> frozenset[tuple[str, str]]:
    """(form, field) of every field that one of these reads, now or by an earlier definition; keys are among them."""
    terms = [t for i in indicators for d in i.definitions for t in d.indicator.terms]
    return frozenset((t.form, f) for t in terms for f in t.fields)
