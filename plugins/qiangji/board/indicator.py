"""One indicator: its trend with the path to the target, the units beneath ranked and on a map, what it means.

In: an engine on a snapshot, the catalogue, the state of the page (`indicator`, `org`, `level`). Out: `IndicatorPage`.
Figures are those of `qiangji values`, ranks those of mart.indicator_comparison. Path and band are those of
mart.indicator_target_status, which there are for now only, not as of a moment or on today's tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.engine import Engine

from qiangji.board import compared
from qiangji.board.choosing import (
    TYPES,
    Choices,
    NothingThere,
    Offered,
    chosen_indicator,
    figures_of,
    kind_of,
    offered,
)
from qiangji.board.overview import Figure, Unit, path_of, units
from qiangji.board.sketch import Sketch, sketch
from qiangji.board.state import State
from qiangji.board.tables import Table, of_rows
from qiangji.catalogue.indicators import Indicator
from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.tree import LEVELS, OrgUnit
from qiangji.figures import Row, Rows, contributing, contributing_words, read
from qiangji.figures.contributing import Change, Part
from qiangji.periods import Period
from qiangji.text import ends_of
from qiangji.warehouse.queries import query

SHOWN = 200
"""Lines of a table of units at most; the file has all."""
UNRANKED: Row = {"rank": None, "ranked_units": None}


@dataclass(frozen=True)
class Ranked:
    """A unit beneath: its figure, and its place (the best first), where it has one."""

    figure: Figure
    place: int | None


@dataclass(frozen=True)
class Moved:
    """A change as contributions of the units beneath."""

    change: Change

    def said(self, language: str) -> str:
        return contributing_words.sentence(self.change, language)

    @property
    def parts(self) -> tuple[Part, ...]:
        return self.change.parts

    def chart(self, language: str) -> dict[str, Any]:
        """The waterfall: from the value before, by each part that moved it visibly, to the value after."""
        steps = [
            (contributing_words.name_of(p, language), p.shown.total) for p in self.parts if p.shown.total
        ]
        return {
            "first": self.change.move.before.period,
            "last": self.change.move.after.period,
            "before": self.change.value_before,
            "after": self.change.value_after,
            "ends": ends_of(self.change.value_before, self.change.value_after),
            "names": [name for name, _ in steps],
            "steps": [size for _, size in steps],
        }


@dataclass(frozen=True)
class IndicatorPage:
    """Everything that the page shows.

    `trend`: rows of the whole over time, the oldest first; `parts`: the units right beneath, the best first;
    `beneath`: the units of the chosen level; `above`: from the top down to the whole, for the way back; `meant`: the
    definition; `moved`: what made it move since the period before; `choices`: the indicators that the whole
    has figures of.
    """

    indicator: Indicator
    aspect: tuple[str, str]
    whole: Unit
    above: tuple[Unit, ...]
    period: Period
    period_type: str
    periods: tuple[str, ...]
    figure: Figure
    trend: Rows
    parts: tuple[Ranked, ...]
    map: Sketch | None
    levels: tuple[str, ...]
    level: str
    beneath: tuple[Figure, ...]
    meant: Row
    is_rated: bool
    moved: Moved | None
    choices: Offered
    rows: Rows = field(repr=False)

    @property
    def chart(self) -> dict[str, Any]:
        """What the line of time draws; None where there is no value."""
        return {
            "periods": [r["period"] for r in self.trend],
            "values": [r["value"] for r in self.trend],
            "path": [r["path"] for r in self.trend],
            "target": [r["target"] for r in self.trend],
            "partial": [r["obs_status"] == "P" for r in self.trend],
        }


def indicator(engine: Engine, catalogue: Catalogue, state: State) -> IndicatorPage:
    """The page's data, by five statements at most.

    Raises UsageError: unknown_indicator, unknown_unit, as_of_restated; NothingThere no_figure.
    """
    whole, beneath = units(catalogue, state.get("org"))
    chosen = chosen_indicator(engine, catalogue, state, whole.code)
    type_, shown = kind_of(chosen, state), state.figures
    children, siblings = [u.code for u in beneath], _siblings(catalogue, whole.code)
    codes = list(dict.fromkeys([whole.code, *siblings, *children]))
    series = compared.of_an_indicator(engine, catalogue, shown, codes, (chosen.code, type_))
    mine = [r for r in series if r["org_code"] == whole.code]
    period = _period(mine, state)
    if period is None:
        raise _no_figure(engine, catalogue, state, mine, (chosen, whole, type_))
    places: dict[str, Row] = {}
    for among in (siblings, children):
        places |= _places(
            [r for r in series if r["period"] == str(period) and r["org_code"] in among], chosen
        )
    now = [r | places.get(r["org_code"], UNRANKED) for r in series if r["period"] == str(period)]
    rows = [r | UNRANKED for r in mine if r["period"] != str(period)] + now
    rows = [r for r in rows if r["org_code"] == whole.code or r["org_code"] in children]
    rows = sorted(compared.rated(engine, rows, shown), key=lambda r: str(r["last_month"]))
    now = [r for r in rows if r["period"] == str(period)]
    figure = next(r for r in now if r["org_code"] == whole.code)
    levels, level = _levels(catalogue, chosen, whole), state.get("level")
    deeper = _deeper(engine, catalogue, state, whole, figure) if level in levels else []
    meant = query("board/definition", dictionary=shown.dictionary, figures=shown.figures)
    bound = {"indicator": chosen.code, "version": figure["definition_version"], "unit": whole.code}
    known = read(engine, meant, bound | shown.bound(catalogue))[0]
    return IndicatorPage(
        indicator=chosen,
        aspect=_aspect(catalogue, chosen),
        whole=whole,
        above=path_of(catalogue, whole.code),
        period=period,
        period_type=type_,
        periods=tuple(reversed([r["period"] for r in mine])),
        figure=_figure(figure),
        trend=[r for r in rows if r["org_code"] == whole.code],
        parts=_in_order([r for r in now if r["org_code"] != whole.code], chosen),
        map=sketch(catalogue.outlines, children),
        levels=levels,
        level=level if level in levels else "",
        beneath=tuple(_figure(r) for r in deeper),
        meant=known,
        is_rated=compared.has_path(shown),
        moved=_moved(engine, state, figure),
        choices=offered(catalogue, known["with_figures"]),
        rows=deeper or now,
    )


def table(page: IndicatorPage, state: State) -> Table:
    """The units of the chosen level, or the whole and the units right beneath; `table=trend`: the figure over time."""
    if state.get("table") == "trend":
        return of_rows(f"{page.indicator.code}_{page.whole.code}", page.trend, state)
    name = "_".join(filter(None, (page.indicator.code, page.whole.code, page.level, str(page.period))))
    return of_rows(name, page.rows, state)


def _period(mine: Rows, state: State) -> Period | None:
    """The period that is asked for; of a month that has none of the kind, the last before it; None without any."""
    known = [Period.parse(r["period"]) for r in mine if state.period or r["reported_units"]] or [
        Period.parse(r["period"]) for r in mine
    ]
    if state.period is None or state.period in known:
        return state.period or next(reversed(known), None)
    near = (
        [p for p in known if state.period - 11 <= p.last_month <= state.period]
        if state.period.type == "month"
        else []
    )
    return next(reversed(near), None)


def _no_figure(
    engine: Engine, catalogue: Catalogue, state: State, mine: Rows, of: tuple[Indicator, Unit, str]
) -> NothingThere:
    """What there is in the place of the figure that is asked for."""
    chosen, whole, type_ = of
    there = {r["indicator_code"] for r in figures_of(engine, catalogue, state, whole.code)} | {chosen.code}
    names = [r["period"] for r in mine]
    choices = Choices(
        tuple(reversed(names)),
        str(state.period or ""),
        TYPES,
        type_ if state.period_type else None,
        offered(catalogue, there),
        chosen.code,
    )
    return NothingThere(
        f"no figure of {chosen.code} at {whole.code} {whole.name}"
        + (f" for {state.period}" if state.period else "")
        + f" ({type_})",
        choices,
        expected=f"{names[0]} to {names[-1]}" if names else "another kind of period, unit or time",
        zh=f"{chosen.name.zh}（{whole.name}）没有"
        + (f"{state.period}的" if state.period else "")
        + "指标值"
        + (f"；可选{names[0]}至{names[-1]}。" if names else "：请改选口径、单位或时点。"),
        code="no_figure",
    )


def _siblings(catalogue: Catalogue, code: str) -> list[str]:
    """A unit and those beside it, beneath the same parent; none at the top of the tree."""
    parent = catalogue.org.units[code].parent_code
    return [u.code for u in catalogue.org if parent and u.parent_code == parent]


def _places(rows: Rows, chosen: Indicator) -> dict[str, Row]:
    """Unit -> `rank` and `ranked_units` among these, as mart.indicator_comparison ranks: the best is 1.

    Only units with a value of which at least 90 % reported have a place; equal ones share it.
    """
    if chosen.direction == "none":
        return {}
    placed = [r for r in rows if r["value"] is not None and (r["reporting_rate"] or 0) >= 90]
    sign = 1 if chosen.direction == "down" else -1
    values = sorted(sign * r["value"] for r in placed)
    ranked = {r["org_code"]: values.index(sign * r["value"]) + 1 for r in placed}
    return {r["org_code"]: {"rank": ranked.get(r["org_code"]), "ranked_units": len(placed)} for r in rows}


def _deeper(engine: Engine, catalogue: Catalogue, state: State, whole: Unit, figure: Row) -> Rows:
    """The figures of the units of the chosen level, in the period of the whole's."""
    level = state.get("level")
    orgs = [u.code for u in _beneath(catalogue, whole.code) if u.level == level]
    kind = (figure["indicator_code"], figure["period_type"])
    rows = compared.of_an_indicator(engine, catalogue, state.figures, orgs, kind, of=figure)
    return [r | UNRANKED for r in compared.unrated(rows)]


def _levels(catalogue: Catalogue, chosen: Indicator, whole: Unit) -> tuple[str, ...]:
    """Levels beneath the units right beneath at which the whole has units, and there may be figures."""
    if catalogue.is_restricted(chosen):
        return ()
    at = LEVELS.index(whole.level)
    present = {u.level for u in _beneath(catalogue, whole.code)}
    return tuple(level for level in LEVELS[at + 2 : -1] if level in present)


def _beneath(catalogue: Catalogue, whole: str) -> Iterator[OrgUnit]:
    """Units that belong to a unit, or did."""
    return (u for u in catalogue.org if whole in catalogue.org.ever_above(u.code))


def _moved(engine: Engine, state: State, figure: Row) -> Moved | None:
    """What made the figure move since the period before; None where that cannot be split, or on today's tree."""
    before = figure["previous_period"]
    if state.is_restated or not before or figure["change"] is None:
        return None
    move = contributing.Move(
        indicator_code=figure["indicator_code"],
        org_code=figure["org_code"],
        period_type=figure["period_type"],
        before=contributing.At(before, state.as_of),
        after=contributing.At(figure["period"], state.as_of),
    )
    (change,) = contributing.contributions(engine, [move])
    return None if change is None else Moved(change)


def _aspect(catalogue: Catalogue, chosen: Indicator) -> tuple[str, str]:
    for aspect in catalogue.plan.aspects:
        for initiative in aspect.initiatives:
            if initiative.code == chosen.initiative:
                return f"{aspect.name.zh} · {initiative.name.zh}", f"{aspect.name.en} · {initiative.name.en}"
    return "", ""


def _figure(row: Row) -> Figure:
    return Figure(row, row["band"])


def _in_order(rows: Rows, chosen: Indicator) -> tuple[Ranked, ...]:
    """The best first; where neither direction is better, the highest first; units without a value last."""
    sign = 1 if chosen.direction == "down" else -1
    ordered = sorted(rows, key=lambda r: (r["value"] is None, sign * (r["value"] or 0)))
    return tuple(Ranked(_figure(r), r["rank"]) for r in ordered)
