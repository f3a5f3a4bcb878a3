"""Every figure a second time, from what the counties mean (the simulator's truth), with plain fractions.

In: a night on the simulated county systems, an indicator as its file says it. Out: a figure for each unit, from the
words of the design alone: nothing here comes from the package's indicators or models.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

import yaml

from tests.frozen import paths as frozen
from tests.integration.nights import FORMS, QUARTERLY, Night

DEFINITIONS = {
    p.stem: yaml.safe_load(p.read_text(encoding="utf-8")) for p in (frozen.CATALOGUE / "forms").glob("*.yaml")
}
LEVELS = ("city", "county", "town", "village")
BASES = {"group": "village", "village": "village", "community": "village", "town": "town", "county": "county",
         "task": "county"}  # fmt: skip
"""Grain -> the level from which on a form's figures appear."""


def _org_code(form: str, unit: str) -> str:
    """The unit of the tree that a row belongs to."""
    return unit[: DEFINITIONS[form].get("parent_digits", len(unit))]


@dataclass
class Unit:
    """What reports: its unit of the tree, and its reports by period."""

    base: str
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)


class Truth:
    """What the counties mean and the warehouse may know, with the tree as its file says."""

    def __init__(self, one: Night) -> None:
        with (frozen.CATALOGUE / "org_units.csv").open(encoding="utf-8", newline="") as f:
            self.tree = {row["code"]: row for row in csv.DictReader(f)}
        self.above: dict[str, list[str]] = {}
        for code in self.tree:
            path = [code]
            while parent := self.tree[path[-1]]["parent_code"]:
                path.append(parent)
            self.above[code] = path
        assert set(DEFINITIONS) == {*FORMS, *QUARTERLY}
        self.kinds = {(f, n): x["kind"] for f, form in DEFINITIONS.items() for n, x in form["fields"].items()}
        self.types = {(f, n): x["type"] for f, form in DEFINITIONS.items() for n, x in form["fields"].items()}
        self.units: dict[str, dict[str, Unit]] = {f: {} for f in DEFINITIONS}
        self.first_known: dict[tuple[str, str], str] = {}  # of a form and unit of the tree: a row of it
        for s in one.systems.manifest["submissions"]:
            for row in one.systems.truth(s["county"], s["form"], s["period"]):
                if row["accepted"]:
                    base = _org_code(s["form"], row["unit"])
                    self.units[s["form"]].setdefault(row["unit"], Unit(base)).reports[s["period"]] = row
                    known = self.first_known.get((s["form"], base), s["period"])
                    self.first_known[s["form"], base] = min(known, s["period"])

    def branches(self, level: str) -> set[str]:
        """Units that have others of the level beneath them."""
        return {a for c, u in self.tree.items() if u["level"] == level for a in self.above[c][1:]}

    def at(self, code: str, level: str) -> str:
        """The unit of the level that a unit belongs to."""
        return next(c for c in self.above[code] if self.tree[c]["level"] == level)

    def reporting(self, kinds: list[str]) -> list[str]:
        return [c for c, u in self.tree.items() if u["kind"] in kinds and u["reports"] == "true"]

    def value(self, form: str, name: str, report: dict[str, Any]) -> Any:
        """As a fraction where it is a number; amounts come as text."""
        if name == DEFINITIONS[form]["key"]:
            return report["unit"]
        value = report[name]
        if value is None or self.types[form, name] not in ("integer", "decimal"):
            return value
        return Fraction(str(value))

    def expected(self, form: str, periods: list[str]) -> dict[str, int]:
        """Unit of the tree -> unit-periods that should be reported in these periods."""
        found: Counter[str] = Counter()
        definition = DEFINITIONS[form]
        if "parent_digits" not in definition:
            return {code: len(periods) for code in self.reporting(definition["kinds"])}
        for unit in self.units[form].values():
            found[unit.base] += sum(p >= min(unit.reports) for p in periods)
        for code in self.reporting(definition["placeholder_kinds"]):  # of which no row is known yet
            first = self.first_known.get((form, code), "9999")
            found[code] += sum(p < first for p in periods)
        return found


def _own(form: str, months: list[str]) -> list[str]:
    """The form's periods that end in these months."""
    if DEFINITIONS[form]["period_type"] == "month":
        return months
    return [f"{m[:4]}Q{int(m[5:]) // 3}" for m in months if int(m[5:]) % 3 == 0]


def _condition(spec: dict[str, Any], get: Callable[[str], Any]) -> bool | None:
    """Three-valued: None where it cannot be told."""
    if "any" in spec or "all" in spec:
        results = [_condition(part, get) for part in spec.get("any") or spec["all"]]
        decisive = "any" in spec
        if decisive in results:
            return decisive
        return None if None in results else not decisive
    value = get(spec["field"])
    if value is None:
        return None
    if "is" in spec:
        return bool(value == spec["is"])
    if "ends_with" in spec:
        return any(value.endswith(end) for end in spec["ends_with"])
    if "in" in spec:
        return value in spec["in"]
    if "not_in" in spec:
        return value not in spec["not_in"]
    return bool(value >= spec["at_least"]) if "at_least" in spec else bool(value <= spec["at_most"])


def _in_one_report(truth: Truth, term: dict[str, Any], report: dict[str, Any]) -> Fraction | None:
    form = term["form"]
    if "count" in term:
        return Fraction(1)
    if "sum" in term:
        value: Fraction | None = truth.value(form, term["sum"], report)
        return value
    met = _condition(term["count_where"], lambda name: truth.value(form, name, report))
    return None if met is None else Fraction(met)


def _before(period: str) -> str | None:
    """The period before within the year."""
    year, quarter, number = period[:4], period[4], int(period[5:])
    if number == 1:
        return None
    return f"{year}Q{number - 1}" if quarter == "Q" else f"{year}-{number - 1:02d}"


def _operand(
    truth: Truth,
    terms: list[dict[str, Any]],
    term: dict[str, Any],
    unit: Unit,
    periods: list[str],
    type_: str,
) -> Fraction | None:
    """One term for one unit, reduced over its form's periods, under `missing: matched`."""
    reports = [unit.reports[p] for p in periods if p in unit.reports]
    kind = truth.kinds[term["form"], term["sum"]] if "sum" in term else "stock"
    values = [v for r in reports if (v := _in_one_report(truth, term, r)) is not None]
    beside = [t for t in terms if t["form"] == term["form"]]
    whole = [r for r in reports if all(_in_one_report(truth, t, r) is not None for t in beside)]
    if kind == "ytd":
        last = _in_one_report(truth, term, whole[-1]) if whole else None
        before = _before(periods[0])
        if last is None or type_ == "ytd" or before is None:
            return last
        earlier = _in_one_report(truth, term, unit.reports[before]) if before in unit.reports else None
        return None if earlier is None else last - earlier
    if kind == "flow":
        return sum(values, Fraction(0)) if values else None
    if kind == "distinct":
        return values[0] if values and type_ == DEFINITIONS[term["form"]]["period_type"] else None
    assert kind == "stock"
    if term.get("each_report"):
        return (
            sum((_in_one_report(truth, term, r) or Fraction(0) for r in whole), Fraction(0))
            if whole
            else None
        )
    return _in_one_report(truth, term, whole[-1]) if whole else None


def _side(operands: list[tuple[dict[str, Any], Fraction | None]]) -> Fraction | None:
    total = Fraction(0)
    for term, value in operands:
        if value is None:
            return None
        total += -value if term.get("minus") else value
    return total


def _rounded(value: Fraction) -> Decimal:
    """To six decimals, halves away from zero."""
    scaled = abs(value) * 10**6
    whole = scaled.numerator // scaled.denominator
    whole += (scaled - whole) * 2 >= 1
    return Decimal(whole if value >= 0 else -whole).scaleb(-6)


Figure = tuple[Fraction | None, Fraction | None, Decimal | None, int, int, str]


def _recomputed(truth: Truth, indicator: dict[str, Any], months: list[str], type_: str) -> dict[str, Figure]:
    """Org unit -> numerator, denominator, value, expected and reported unit-periods, status."""
    assert indicator["missing"] == "matched"
    numerator, denominator = (
        side if isinstance(side, list) else [side]
        for side in (indicator["numerator"], indicator["denominator"])
    )
    terms = numerator + denominator
    forms = sorted({t["form"] for t in terms})
    level = min((BASES[DEFINITIONS[f]["grain"]] for f in forms), key=LEVELS.index)
    branches = truth.branches(level)
    expected, reported, lacking = Counter[str](), Counter[str](), Counter[str]()
    sums: dict[str, tuple[Fraction, Fraction]] = {}
    # who reports -> operands by term; of several forms on the unit that they share, operands summed up to it
    operands: dict[str, list[Fraction | None]] = {}
    bases: dict[str, str] = {}
    for form in forms:
        periods = _own(form, months)
        for code, n in truth.expected(form, periods).items():
            for above in truth.above[truth.at(code, level)]:
                expected[above] += n
        for code, unit in truth.units[form].items():
            times = sum(p in unit.reports for p in periods)
            if not times:
                continue
            base = truth.at(unit.base, level)
            for above in truth.above[base]:
                reported[above] += times
            who = code if len(forms) == 1 else base
            bases[who] = base
            mine = operands.setdefault(who, [None] * len(terms))
            for i, term in enumerate(terms):
                if term["form"] == form:
                    value = _operand(truth, terms, term, unit, periods, type_)
                    if value is not None:
                        mine[i] = (mine[i] or Fraction(0)) + value
    for who, values in operands.items():
        found = list(zip(terms, values, strict=True))
        n_side, d_side = _side(found[: len(numerator)]), _side(found[len(numerator) :])
        for above in truth.above[bases[who]]:
            if n_side is None or d_side is None:
                lacking[above] += 1
            else:
                before = sums.get(above, (Fraction(0), Fraction(0)))
                sums[above] = before[0] + n_side, before[1] + d_side
    figures: dict[str, Figure] = {}
    # of the lowest level those that are expected or reported; above it every unit, even if not applicable
    for code in expected.keys() | reported.keys() | branches:
        if not expected[code] and not reported[code] and code not in branches:
            continue
        if _is_restricted(indicator) and truth.tree[code]["level"] not in ("city", "county"):
            continue
        top, below = sums.get(code, (None, None))
        share = (
            _rounded(Fraction(indicator.get("factor", 1)) * top / below)
            if top is not None and below
            else None
        )
        if expected[code] and not reported[code]:
            status = "O"
        elif not expected[code] or below == 0 or not _exists(truth, terms, type_):
            status = "M"
        else:
            is_whole = reported[code] == expected[code] and not lacking[code] and below is not None
            status = "A" if is_whole else "P"
        figures[code] = (top, below, share, expected[code], reported[code], status)
    return figures


def _exists(truth: Truth, terms: list[dict[str, Any]], type_: str) -> bool:
    """Whether there is such a figure of this type of period: persons of several reports are not told apart."""
    return all(
        type_ == DEFINITIONS[term["form"]]["period_type"]
        for term in terms
        if "sum" in term and truth.kinds[term["form"], term["sum"]] == "distinct"
    )


def _terms(indicator: dict[str, Any]) -> list[dict[str, Any]]:
    sides = (indicator["numerator"], indicator["denominator"])
    return [t for side in sides for t in (side if isinstance(side, list) else [side])]


def _is_restricted(indicator: dict[str, Any]) -> bool:
    return any(
        field.get("restricted") and re.search(rf"\b{name}\b", str(term))
        for term in _terms(indicator)
        for name, field in DEFINITIONS[term["form"]]["fields"].items()
    )


def _scopes(indicator: dict[str, Any], months: list[str]) -> list[tuple[str, str, list[str]]]:
    """(period type, period, its months): what has figures of an indicator after the fourth month served."""
    is_monthly = all(DEFINITIONS[t["form"]]["period_type"] == "month" for t in _terms(indicator))
    year = [f"2026-{n:02d}" for n in range(1, 13)]
    chosen = months if is_monthly else ["2026-09"]
    found = [("month", m, [m]) for m in chosen if is_monthly]
    found += [("ytd", m, [each for each in year if each <= m]) for m in chosen]
    return [*found, ("quarter", "2026Q3", ["2026-07", "2026-08", "2026-09"])]


def _indicators() -> list[dict[str, Any]]:
    files = sorted((frozen.CATALOGUE / "indicators").glob("*.yaml"))
    return [i for path in files for i in yaml.safe_load(path.read_text(encoding="utf-8"))]
