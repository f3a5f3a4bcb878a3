"""One indicator: its trend with the path to the target, the units beneath ranked and on a map, what it means.

In: an engine on a snapshot, the catalogue, the state of the page (`indicator`, `org`, `level`). Out: `IndicatorPage`.
Figures are those of `qiangji values`; rank and path are those of mart.indicator_comparison and
mart.indicator_target_status, which there are for now only, not as of a moment or on today's tree.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.engine import Engine

from qiangji.board import compared
from qiangji.board.overview import Figure, Unit, path_of, units
from qiangji.board.sketch import Sketch, sketch
from qiangji.board.state import State
from qiangji.board.tables import Table, of_rows
from qiangji.catalogue import Catalogue, Indicator
from qiangji.catalogue.tree import LEVELS
from qiangji.errors import UsageError
from qiangji.figures import Row, Rows, comparison, read
from qiangji.periods import Period
from qiangji.warehouse.queries import query

SHOWN = 200
"""Lines of a table of units at most; the file has all."""


@dataclass(frozen=True)
class Ranked:
    """A unit beneath: its figure, and its place (the best first), where it has one."""

    figure: Figure
    place: int | None


@dataclass(frozen=True)
class IndicatorPage:
    """Everything that the page shows.

    `trend`: rows of the whole over time, the oldest first; `parts`: the units right beneath, the best first; `beneath`:
    the units of the chosen level; `above`: from the top down to the whole, for the way back; `meant`: the definition.
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

    Raises UsageError: unknown_indicator, unknown_unit, no_figure, as_of_restated.
    """
    chosen = _chosen(catalogue, state)
    whole, beneath = units(catalogue, state.get("org"))
    type_ = _type(chosen, state)
    shown = state.figures
    codes = [whole.code, *(u.code for u in beneath)]
    series = compared.of_an_indicator(engine, catalogue, shown, codes, (chosen.code, type_))
    mine = [r for r in series if r["org_code"] == whole.code]
    period = _period(mine, state, chosen, whole, type_)
    rows = [r for r in series if r["org_code"] == whole.code or r["period"] == str(period)]
    rows = _ranked(engine, compared.rated(engine, rows, shown), str(period), compared.has_path(shown))
    now = [r for r in rows if r["period"] == str(period)]
    figure = next(r for r in now if r["org_code"] == whole.code)
    levels = _levels(catalogue, chosen, whole)
    level = state.get("level")
    deeper = _deeper(engine, catalogue, state, whole, figure) if level in levels else []
    version = {"indicator": chosen.code, "version": figure["definition_version"]}
    meant = query("board/definition", dictionary=shown.dictionary)
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
        map=sketch(catalogue.outlines, [u.code for u in beneath]),
        levels=levels,
        level=level if level in levels else "",
        beneath=tuple(_figure(r) for r in deeper),
        meant=read(engine, meant, version | shown.bound(catalogue))[0],
        is_rated=compared.has_path(shown),
        rows=deeper or now,
    )


def table(page: IndicatorPage, state: State) -> Table:
    """The units of the chosen level, or the whole and the units right beneath; `table=trend`: the figure over time."""
    if state.get("table") == "trend":
        return of_rows(f"{page.indicator.code}_{page.whole.code}", page.trend, state)
    name = "_".join(filter(None, (page.indicator.code, page.whole.code, page.level, str(page.period))))
    return of_rows(name, page.rows, state)


def _chosen(catalogue: Catalogue, state: State) -> Indicator:
    """The indicator that is asked for; the first of all without one."""
    code = state.get("indicator", next(iter(catalogue.indicators)))
    catalogue.require_indicators([code])
    return catalogue.indicators[code]


def _type(chosen: Indicator, state: State) -> str:
    """The kind of period: the one that is asked for, else that of the period (a month may be the headline's)."""
    if state.period_type:
        return state.period_type
    return chosen.headline if state.period is None or state.period.type == "month" else state.period.type


def _period(mine: Rows, state: State, chosen: Indicator, whole: Unit, type_: str) -> Period:
    """The period that is asked for; of a month that has none of the kind, the last before it."""
    known = [Period.parse(r["period"]) for r in mine if state.period or r["reported_units"]] or [
        Period.parse(r["period"]) for r in mine
    ]
    if state.period is None and known:
        return known[-1]
    if state.period in known:
        return state.period
    if state.period and state.period.type == "month" and not state.period_type:
        first = state.period - 11
        near = [p for p in known if first <= p.last_month <= state.period]
        if near:
            return near[-1]
    names = [str(p) for p in known]
    raise UsageError(
        f"no figure of {chosen.code} at {whole.code} {whole.name}"
        + (f" for {state.period}" if state.period else "")
        + f" ({type_})",
        expected=f"{names[0]} to {names[-1]}" if names else "another kind of period, unit or time",
        zh=f"{chosen.name.zh}（{whole.name}）没有"
        + (f"{state.period}的" if state.period else "")
        + "指标值"
        + (f"；可选{names[0]}至{names[-1]}。" if names else "：请改选口径、单位或时点。"),
        code="no_figure",
    )


def _ranked(engine: Engine, rows: Rows, period: str, is_rated: bool) -> Rows:
    """The rows of a period with `rank` and `ranked_units`."""
    names = ("rank", "ranked_units")
    if not is_rated:
        return [r | dict.fromkeys(names) for r in rows]
    places = {
        r["org_code"]: {n: r[n] for n in names}
        for r in comparison.beside(engine, [r for r in rows if r["period"] == period])
    }
    nothing = dict.fromkeys(names)
    return [r | (places[r["org_code"]] if r["period"] == period else nothing) for r in rows]


def _deeper(engine: Engine, catalogue: Catalogue, state: State, whole: Unit, figure: Row) -> Rows:
    """The figures of the units of the chosen level, in the period of the whole's."""
    level = state.get("level")
    orgs = [
        u.code for u in catalogue.org if u.level == level and whole.code in catalogue.org.ever_above(u.code)
    ]
    kind = (figure["indicator_code"], figure["period_type"])
    rows = compared.of_an_indicator(engine, catalogue, state.figures, orgs, kind, of=figure)
    return [r | {"rank": None} for r in compared.unrated(rows)]


def _levels(catalogue: Catalogue, chosen: Indicator, whole: Unit) -> tuple[str, ...]:
    """Levels beneath the units right beneath at which there may be figures."""
    if catalogue.is_restricted(chosen):
        return ()
    at = LEVELS.index(whole.level)
    return tuple(level for level in LEVELS[at + 2 : -1])


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
