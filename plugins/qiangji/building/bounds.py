"""Figures that cannot be: a bounded indicator below 0 or above its whole.

In: the results of a build. Out: the same results, where such a figure counts as warned, and findings
`<indicator>.bounded` at its unit and period, which replace those of an earlier build. Suites hold a part against its
whole in each row; a figure beyond its bounds comes of what no row shows: year-to-date amounts that were corrected
downwards, a warning that was let pass, a unit of which one side is missing. A year to date that stays what it was
(nothing more was reported) is marked, and has its finding where it began.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache, cached_property, partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy.engine import Connection

from qiangji.building.figures import Results
from qiangji.building.parts import Part
from qiangji.building.scopes import Scope
from qiangji.catalogue.indicators import Indicator
from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.suites import Words
from qiangji.indicators import HIDDEN
from qiangji.ledger import dispositions
from qiangji.ledger.findings import Finding
from qiangji.periods import Period
from qiangji.pipeline import Pipeline
from qiangji.text import quoted_zh
from qiangji.warehouse.queries import query
from qiangji.warehouse.rows import fetch, turn

RULE = "bounded"
_COUNTY_UP = ("city", "county")


@dataclass(frozen=True)
class _Beyond:
    """A figure beyond its bounds: where it stands, and what is said of it."""

    column: str
    org_code: str
    scope: tuple[str, str]
    finding: Finding


@dataclass
class Bounds:
    """The impossible figures of one month, part by part."""

    c: Connection
    p: Pipeline
    _found: dict[tuple[str, str, tuple[str, ...]], dict[str, dict[str, Any]]] = field(
        default_factory=dict, init=False
    )
    """Form, rule and periods -> findings by their ids."""

    @cached_property
    def _confirmed(self) -> frozenset[str]:
        with turn(self.c):
            return frozenset(finding_id for finding_id, *_ in dispositions.confirmed(self.c))

    def marked(self, results: Sequence[Results]) -> list[Results]:
        """The results of a part with their impossible figures marked.

        A figure that somebody confirmed as right is not marked; its finding stays.
        """
        marked = []
        for each in results:
            beyond = list(_beyond(self.c, self.p.catalogue, each, each.base.table))
            restated_ = replace(each, rows=each.restated)
            today = list(_beyond(self.c, self.p.catalogue, restated_, each.base.restated_table))
            doubted, restated = (
                [b for b in found if b.finding.finding_id not in self._confirmed] for found in (beyond, today)
            )
            marked.append(
                replace(each, rows=_marked(each.rows, doubted), restated=_marked(each.restated, restated))
            )
            self._add(each, beyond)
        return marked

    def _add(self, each: Results, beyond: Collection[_Beyond]) -> None:
        form, periods = each.base.forms[0].form, tuple(sorted({s.period for s in each.scopes}))
        for code in sorted({i.code for i in each.base.indicators}):
            rule = f"{code}.{RULE}"
            mine = [b.finding for b in beyond if b.finding.rule == rule and b.finding.period in periods]
            # of a month and its year to date the month's
            found = {f.finding_id: f.row() for f in reversed(mine)}
            self._found.setdefault((form, rule, periods), {}).update(found)

    def tell(self, part: Part | None) -> list[dict[str, Any]]:
        """Put the findings of each bounded indicator in place of those that the month had; returns what was replaced.

        `part`: the only units that were looked at, None: all. What was found of others stays.
        """
        said = []
        for (form, rule, periods), found in self._found.items():
            others = self._of_others(part, form, rule, periods) if part else []
            findings = [*others, *found.values()]
            self.p.ledger.replace_lacking(self.c, form, periods, rule, findings)
            said.append({"form": form, "periods": list(periods), "rule": rule, "findings": findings})
        return said

    def _of_others(self, part: Part, form: str, rule: str, periods: Sequence[str]) -> list[dict[str, Any]]:
        asked = {"form": form, "rule": rule, "periods": list(periods)}
        rows = fetch(self.c, query("building/bounded"), asked)
        mine = set(part.holds([r["unit_code"] for r in rows]))
        return [r for r in rows if r["unit_code"] not in mine]


def _beyond(c: Connection, catalogue: Catalogue, each: Results, table: str) -> Iterator[_Beyond]:
    """The impossible figures of a base that are shown to somebody, by the definitions in force in each period.

    `table`: of calc, where the results will be.
    """
    of_the_year = cache(partial(_sides_of_the_year, c, each, table))  # every scope of a year asks the same
    for scope in each.scopes:
        rows = each.rows.filter(
            pc.and_(
                pc.equal(each.rows.column("period"), scope.period),
                pc.equal(each.rows.column("period_type"), scope.period_type),
            )
        )
        for x in each.base.at(scope.months[-1]).indicators:
            if x.is_bounded:
                for row in _above_the_whole(catalogue, x, rows):
                    since = _since(of_the_year, x.code, scope, row)
                    found = _finding(catalogue, each, x, scope, since, row)
                    yield _Beyond(f"w__{x.code}", row["org_code"], (scope.period, scope.period_type), found)


def _above_the_whole(catalogue: Catalogue, x: Indicator, rows: pa.Table) -> Iterator[dict[str, Any]]:
    """A denominator below 0 (a year to date that fell) cannot be either, whatever stands above it; 0 is no figure."""
    n, d = (rows.column(f"{side}__{x.code}") for side in "nd")
    above = pc.or_(pc.greater(n, d), pc.less(n, 0))
    found = rows.filter(pc.fill_null(pc.and_(above, pc.not_equal(d, 0)), False))
    flag = f"{HIDDEN}__{x.code}"
    for row in found.to_pylist():
        is_restricted = catalogue.is_restricted(x) and row["org_level"] not in _COUNTY_UP
        if not row.get(flag) and not is_restricted:
            yield row


def _since(of_the_year: OfTheYear, code: str, scope: Scope, row: dict[str, Any]) -> str:
    """The period at which this figure's finding stands: its own, or an earlier month whose year to date is the same.

    A month's own figure has its own. So has a quarter's or year's that is not the year to date at its end.
    """
    if scope.period_type == "month":
        return scope.period
    month, to_date = of_the_year(code, row["org_code"], scope.months[-1].year)
    sides, at = _sides(row[f"n__{code}"], row[f"d__{code}"]), str(scope.months[-1])
    if to_date.get(at) != sides:
        return scope.period
    for before in sorted((p for p in to_date if p < at), reverse=True):
        if month.get(at) == sides or to_date[before] != sides:
            break
        at = before
    return at


_Sides = tuple[Decimal | None, Decimal | None]
OfTheYear = Callable[[str, str, int], tuple[dict[str, _Sides], dict[str, _Sides]]]
"""Indicator, unit and year -> see `_sides_of_the_year`."""


def _sides(n: Any, d: Any) -> _Sides:
    return None if n is None else Decimal(n), None if d is None else Decimal(d)


def _sides_of_the_year(
    c: Connection, each: Results, table: str, code: str, org_code: str, year: int
) -> tuple[dict[str, _Sides], dict[str, _Sides]]:
    """A unit's months' sides in the year, and its years to date, period -> sides: the build's, else the warehouse's."""
    found: dict[str, dict[str, _Sides]] = {"month": {}, "ytd": {}}
    stored = fetch(
        c,
        f"SELECT period, period_type, n__{code} AS n, d__{code} AS d FROM {table} WHERE org_code = :o"
        " AND built_to IS NULL AND period_type = ANY(:t) AND period LIKE :y",
        {"o": org_code, "t": list(found), "y": f"{year}-%"},
    )
    for r in stored:
        found[r["period_type"]][r["period"]] = _sides(r["n"], r["d"])
    for built in each.scopes:
        found.get(built.period_type, {}).pop(built.period, None)
    fresh = each.rows.filter(pc.equal(each.rows.column("org_code"), org_code))
    for row in fresh.select(["period", "period_type", f"n__{code}", f"d__{code}"]).to_pylist():
        if row["period_type"] in found and row["period"][:4] == str(year):
            found[row["period_type"]][row["period"]] = _sides(row[f"n__{code}"], row[f"d__{code}"])
    return found["month"], found["ytd"]


def _finding(
    catalogue: Catalogue, each: Results, x: Indicator, scope: Scope, since: str, row: dict[str, Any]
) -> Finding:
    """What is found of a figure, at its unit and the period `since` which it is so."""
    code = row["org_code"]
    whole = Decimal(row[f"d__{x.code}"])
    value = f"{x.factor * Decimal(row[f'n__{x.code}']) / whole:.2f}"
    said_zh = f"为{value}，超出0至{x.factor:f}：分子应是分母的一部分"
    said_en = f": {value} is not within 0 to {x.factor:f}: the numerator is a part of the denominator"
    if whole < 0:
        value = f"{whole.normalize():f}"
        said_zh, said_en = f"的分母为{value}，小于0", f": its denominator is {value}, below 0"
    year = ("（本年累计）", " (year to date)") if scope.period_type == "ytd" else ("", "")
    words = Words(
        value,
        f"指标{quoted_zh(x.name.zh)}{year[0]}{said_zh}",
        f"{x.name.en}{year[1]}{said_en}",
        f"0至{x.factor:f}；请核对分子、分母各填报项和更正，确属实情请确认",
        f"0 to {x.factor:f}; check the fields of both sides and their corrections, or confirm it",
    )
    county = catalogue.org.county_of(code, Period.parse(scope.period)) or code
    form = each.base.forms[0].form
    return Finding(county, form, since, code, code, f"{x.code}.{RULE}", "warning", (), words)


def _marked(rows: pa.Table, beyond: Collection[_Beyond]) -> pa.Table:
    """The rows, in which these figures count a unit with a warning at least."""
    by_column: dict[str, set[tuple[str, tuple[str, str]]]] = {}
    for b in beyond:
        by_column.setdefault(b.column, set()).add((b.org_code, b.scope))
    if not by_column:
        return rows
    keys = list(
        zip(
            rows.column("org_code").to_pylist(),
            zip(rows.column("period").to_pylist(), rows.column("period_type").to_pylist(), strict=True),
            strict=True,
        )
    )
    for column, places in by_column.items():
        at = rows.column_names.index(column)
        is_here = pa.array([k in places for k in keys], pa.bool_())
        warned = rows.column(column)
        least = pc.max_element_wise(warned, pa.scalar(1, warned.type))
        rows = rows.set_column(at, column, pc.if_else(is_here, least, warned))
    return rows
