"""The overview: the plan's aspects, their indicators, a unit's figures and those of the units right beneath it.

In: an engine on a snapshot, the catalogue, the state of the page. Out: an `Overview`. The figures are those that
`qiangji values` prints; see `figures.reading`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sqlalchemy.engine import Engine

from qiangji.board import compared
from qiangji.board.bands import Tally
from qiangji.board.choosing import Choices, NothingThere, nothing_yet
from qiangji.board.state import State
from qiangji.board.tables import Table, of_rows
from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Label
from qiangji.catalogue.tree import OrgUnit
from qiangji.errors import unknown
from qiangji.figures import Row, Rows, read
from qiangji.periods import MONTHS_IN, Period
from qiangji.warehouse.queries import query

TYPES = ("month", "ytd")
"""Kinds of periods that the page offers of a month."""
_OTHERS = Label(zh="已停用的指标", en="Indicators of before")


@dataclass(frozen=True)
class Unit:
    """A unit whose figures are shown, and its name."""

    code: str
    name: str
    level: str


@dataclass(frozen=True)
class Figure:
    """One figure: the row of the warehouse, and its band."""

    row: Row
    band: str

    @property
    def missing(self) -> int | Decimal:
        """Units that should have reported and did not."""
        return max((self.row["expected_units"] or 0) - (self.row["reported_units"] or 0), 0)


@dataclass(frozen=True)
class Line:
    """One indicator in one period: the figure of the whole, then those of the units beneath, None where none is."""

    row: Row
    whole: Figure | None
    parts: tuple[Figure | None, ...]


@dataclass(frozen=True)
class Aspect:
    """An aspect of the plan with its indicators; `tallies`: of the whole and of each unit beneath."""

    code: str
    name: Label
    lines: tuple[Line, ...]
    tallies: tuple[Tally, ...]


@dataclass(frozen=True)
class Overview:
    """Everything that the page shows. `months`: those that have figures, the last first. `is_rated`: whether there is
    a path to hold figures against. `instead`: where nothing is of the kind that is asked for, the last period that is.
    """

    whole: Unit
    parts: tuple[Unit, ...]
    period: Period
    months: tuple[str, ...]
    built_at: datetime | None
    aspects: tuple[Aspect, ...]
    is_rated: bool
    instead: Period | None
    rows: Rows = field(repr=False)

    @property
    def tally(self) -> Tally:
        """Of the whole, over all aspects."""
        return _sum(a.tallies[0] for a in self.aspects)

    @property
    def lines(self) -> int:
        return sum(len(a.lines) for a in self.aspects)


def overview(engine: Engine, catalogue: Catalogue, state: State) -> Overview:
    """The page's data, by three statements. Raises UsageError: unknown_unit, as_of_restated; NothingThere no_period."""
    whole, parts = units(catalogue, state.get("org"))
    months = built_months(engine, catalogue, state, whole.code)
    period = chosen_period(state, months)
    shown = state.figures
    codes = [whole.code, *(u.code for u in parts)]
    rows = compared.of_a_period(engine, catalogue, shown, codes, period, state.period_type)
    rows = compared.rated(engine, rows, shown)
    return Overview(
        whole=whole,
        parts=tuple(parts),
        period=period,
        months=tuple(m["period"] for m in months),
        built_at=next((m["built_at"] for m in months if m["period"] == str(period.last_month)), None),
        aspects=tuple(_aspects(catalogue, rows, [whole, *parts])),
        is_rated=compared.has_path(shown),
        instead=None if rows else _of_kind(state.period_type, period, months),
        rows=rows,
    )


def _of_kind(kind: str | None, period: Period, months: Rows) -> Period | None:
    """The last period of a kind that ends in or before the one that is shown, and in a month with figures."""
    if kind not in MONTHS_IN or kind == period.type:
        return None
    near = period.last_month.as_type(kind)  # type: ignore[arg-type] # MONTHS_IN has it
    last = near if near.last_month == period.last_month else near - 1
    return last if str(last.last_month) in {m["period"] for m in months} else None


def units(catalogue: Catalogue, org: str = "") -> tuple[Unit, list[Unit]]:
    """The unit that is asked for, or the one at the top, and those right beneath it today."""
    known, today = catalogue.org.units, catalogue.org.today
    if org and org not in known:
        raise unknown("org unit", [org], known, ("应为org_units.csv中的编码", "a code of org_units.csv"))
    root = today(org or next(iter(catalogue.org)).code)
    return _unit(root), [_unit(u) for u in map(today, known) if u.parent_code == root.code]


def path_of(catalogue: Catalogue, code: str) -> tuple[Unit, ...]:
    """The units above a unit today, from the top down."""
    above = catalogue.org.today(code).parent_code
    return (*path_of(catalogue, above), _unit(catalogue.org.today(above))) if above else ()


def _unit(unit: OrgUnit) -> Unit:
    return Unit(unit.code, unit.name, unit.level)


def built_months(engine: Engine, catalogue: Catalogue, state: State, unit: str) -> Rows:
    """Months with figures, the last first: `period`, `built_at`, `is_reported`."""
    bound = state.figures.bound(catalogue) | {"unit": unit}
    return read(engine, query("board/periods", figures=state.figures.figures), bound)


def chosen_period(state: State, months: Rows) -> Period:
    """The period that is asked for, else the last month with reports. Raises NothingThere no_period."""
    known = [m["period"] for m in months]
    if state.period is None:
        if found := next((m["period"] for m in months if m["is_reported"]), None):
            return Period.parse(found)
        raise nothing_yet(state, Choices(tuple(known), "", TYPES, state.period_type))
    if str(state.period.last_month) not in known:
        first, last = (known[-1], known[0]) if known else ("-", "-")
        raise NothingThere(
            f"no figures for {state.period}",
            Choices(tuple(known), str(state.period), TYPES, state.period_type),
            expected=f"{first} to {last}, or a quarter, half or year that ends within"
            if known
            else "a month that is built",
            zh=f"{state.period}没有指标值；"
            + (f"可选{first}至{last}，或其间的季度、半年、年度。" if known else "尚未计算任何月份。"),
            code="no_period",
        )
    return state.period


def _aspects(catalogue: Catalogue, rows: Rows, shown: Sequence[Unit]) -> Iterable[Aspect]:
    by_line: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        by_line.setdefault((row["indicator_code"], row["period_type"], row["period"]), []).append(row)
    by_aspect: dict[str | None, list[Line]] = {}
    for mine in by_line.values():
        by_aspect.setdefault(mine[0]["aspect_code"], []).append(_line(mine, shown))
    for code, name in [*((a.code, a.name) for a in catalogue.plan.aspects), (None, _OTHERS)]:
        if lines := by_aspect.get(code):
            tallies = [Tally(Counter(f.band for x in lines if (f := _at(x, i)))) for i in range(len(shown))]
            yield Aspect(code or "others", name, tuple(lines), tuple(tallies))


def _line(rows: Sequence[Row], shown: Sequence[Unit]) -> Line:
    by_unit = {r["org_code"]: Figure(r, r["band"]) for r in rows}
    return Line(rows[0], by_unit.get(shown[0].code), tuple(by_unit.get(u.code) for u in shown[1:]))


def _at(line: Line, i: int) -> Figure | None:
    return line.whole if i == 0 else line.parts[i - 1]


def _sum(tallies: Iterable[Tally]) -> Tally:
    return Tally(sum((Counter(t.counts) for t in tallies), Counter()))


def table(page: Overview, state: State) -> Table:
    """All figures of the page, a line each."""
    return of_rows(f"overview_{page.period}", page.rows, state)
