"""What a page of figures lets people choose, also where what they chose has no figure.

In: an engine on a snapshot, the state of a page. Out: `Choices`, and `NothingThere`, an error that carries them: the
page that says so still has the choices, and keeps the others.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.engine import Engine

from qiangji.board.state import State
from qiangji.catalogue.indicators import Indicator
from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Label
from qiangji.errors import UsageError
from qiangji.figures import Row, Rows, read
from qiangji.text import in_full
from qiangji.warehouse.queries import query

TYPES = ("month", "quarter", "half", "year", "ytd")
"""Kinds of periods that a page of one indicator offers."""
Offered = tuple[tuple[Label, tuple[tuple[str, Label], ...]], ...]
"""Each aspect of the plan with its indicators, by code and name."""


@dataclass(frozen=True)
class Choices:
    """Periods, the last first, and kinds of periods to choose from, with what is chosen; `indicators` and `indicator`:
    where the page shows one.
    """

    periods: tuple[str, ...]
    period: str
    types: tuple[str, ...]
    type: str | None
    indicators: Offered = field(default=(), repr=False)
    indicator: str = ""


class NothingThere(UsageError):
    """No figure of what is chosen. `choices`: what there is instead; None where the page has no choice to offer."""

    def __init__(self, what: str, choices: Choices | None, **said: Any) -> None:
        super().__init__(what, **said)
        self.choices = choices


def nothing_yet(state: State, choices: Choices | None = None) -> NothingThere:
    """Nothing at all is built, by now or by the moment that is asked for."""
    at = in_full(state.as_of) if state.as_of else ""
    return NothingThere(
        "no figures are there" + (f" as of {at}" if at else ""),
        choices,
        expected="a night that collected and built",
        do="Choose a later time, or wait for the night.",
        zh=(f"{at}时" if at else "") + "还没有任何指标值：请改选较晚的时点，或等一次夜间采集。",
        code="no_period",
    )


def figures_of(engine: Engine, catalogue: Catalogue, state: State, unit: str) -> Rows:
    """Which figures of a unit there are: `indicator_code`, `period_type`, `period`, `reported_units`, by period."""
    shown = state.figures
    return read(
        engine, query("board/offered", figures=shown.figures), shown.bound(catalogue) | {"unit": unit}
    )


def _first_with_figures(catalogue: Catalogue, there: Rows, state: State) -> Indicator | None:
    """The first indicator of the catalogue that has a figure of the kind and the period that are asked for."""
    month = state.period.last_month if state.period else None

    def is_one(row: Row) -> bool:
        of = catalogue.indicators.get(row["indicator_code"])
        if of is None or row["period_type"] != kind_of(of, state):
            return False
        return bool(row["reported_units"]) if month is None else row["last_month"] == str(month)

    having = {row["indicator_code"] for row in there if is_one(row)} or {r["indicator_code"] for r in there}
    return next((one for code, one in catalogue.indicators.items() if code in having), None)


def chosen_indicator(engine: Engine, catalogue: Catalogue, state: State, unit: str) -> Indicator:
    """The indicator that is asked for; without one the first that has a figure of what else is asked for.

    Raises UsageError unknown_indicator, NothingThere no_period.
    """
    if code := state.get("indicator"):
        catalogue.require_indicators([code])
        return catalogue.indicators[code]
    found = _first_with_figures(catalogue, figures_of(engine, catalogue, state, unit), state)
    if found is None:
        raise nothing_yet(state, Choices((), "", TYPES, state.period_type))
    return found


def kind_of(chosen: Indicator, state: State) -> str:
    """The kind of period: the one that is asked for, else that of the period (a month may be the headline's)."""
    if state.period_type:
        return state.period_type
    return chosen.headline if state.period is None or state.period.type == "month" else state.period.type


def offered(catalogue: Catalogue, codes: Collection[str]) -> Offered:
    """Indicators with these codes, by aspect; aspects without one are left out."""
    of = {i.code: a for a in catalogue.plan.aspects for i in a.initiatives}
    found = (
        (
            a.name,
            tuple(
                (i.code, i.name)
                for i in catalogue.indicators.values()
                if of.get(i.initiative) == a and i.code in codes
            ),
        )
        for a in catalogue.plan.aspects
    )
    return tuple((name, ones) for name, ones in found if ones)
