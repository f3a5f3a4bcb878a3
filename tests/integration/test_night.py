"""One night on the simulated county systems: all that was planted is found, nothing else, and figures are right.

The figures are computed a second time from what the counties mean (the simulator's truth), with plain
fractions and from the words of the design alone: nothing here comes from the package's indicators or models.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
import yaml

from tests.integration.nights import FORMS, PROJECT, Night, night

KEYS = {"village_group": "group_code", "village": "village_code", "community": "community_code"}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Night]:
    """All four months of all counties, collected and built."""
    with night(tmp_path_factory.mktemp("night"), postgres, whole_tree=True, scale=0.1) as one:
        result = one.run()
        assert result.failures == []
        yield one


# --- what was planted ---------------------------------------------------------------------------------


def test_submissions_end_as_planted(done: Night) -> None:
    codes = {  # reason of the manifest -> reason code, as its faults say
        (f["county"], f["form"], f["period"]): f["expected_rule"].rsplit(".", 1)[-1]
        for f in done.systems.manifest["faults"]
        if f["effect"] in ("submission_returned", "submission_withheld")
    }
    assert len(codes) >= 8
    found = done.statuses()
    planted = done.systems.manifest["submissions"]
    assert {(s["county"], s["form"], s["period"]): s["status"] for s in planted} == found
    for s in planted:
        place = (s["county"], s["form"], s["period"])
        row = done.status(*place)
        if s["status"] == "partial":
            assert row["reason_code"] == "rows_rejected", place
        else:
            assert row["reason_code"] == codes.get(place), place
        if s["status"] not in ("accepted", "late"):
            assert row["message_zh"], place
            assert row["message_en"], place


def test_accepted_and_rejected_make_received(done: Night) -> None:
    for s in done.systems.manifest["submissions"]:
        row = done.status(s["county"], s["form"], s["period"])
        if s["status"] in ("accepted", "partial"):
            counted = (row["rows_received"], row["rows_accepted"], row["rows_rejected"])
            assert counted == (s["rows_sent"], s["rows_accepted"], s["rows_rejected"]), s
            assert row["rows_accepted"] + row["rows_rejected"] == row["rows_received"]
            in_facts = done.query(
                f"SELECT count(*) AS n FROM fact.{s['form']} WHERE (county_code, period) = (:c, :p)",
                c=s["county"], p=s["period"],
            )  # fmt: skip
            assert in_facts == [{"n": s["rows_accepted"]}]
        else:
            assert not row["rows_accepted"], s
            assert row["revision"] is None, s


def test_rows_rejected_are_those_planted_each_by_its_rule(done: Night) -> None:
    planted: Counter[tuple[str, str, str, str | None]] = Counter()
    rules: dict[tuple[str, str, str, str | None], str] = {}
    for fault in done.systems.manifest["faults"]:
        if fault["effect"] != "row_rejected":
            continue
        for row in fault["rows"]:
            sent = _key_as_sent(fault["kind"], row["unit"])
            place = (fault["county"], fault["form"], fault["period"], sent)
            planted[place] += 1
            rules[place] = fault["expected_rule"]
    assert len(planted) > 35
    found: Counter[tuple[str, str, str, str | None]] = Counter()
    for s in done.query(
        "SELECT * FROM ops.submission WHERE rejected_hash IS NOT NULL AND verdict = 'partial'"
    ):
        at = (s["form"], s["period"], s["county_code"])
        rows = done.pipeline.ledger.lake.get_rows("rejected", *at, s["rejected_hash"]).to_pylist()
        for row in rows:
            place = (s["county_code"], s["form"], s["period"], row[KEYS[s["form"]]])
            found[place] += 1
            assert rules[place] in row["rules"].split(), (place, row["rules"])
            assert row["addresses"].split()[0].startswith(f"{s['form']}!")
        summed = done.query(
            "SELECT * FROM ops.rejection WHERE (delivery_id, form, period) = (:d, :f, :p)",
            d=s["delivery_id"], f=s["form"], p=s["period"],
        )  # fmt: skip
        said = Counter(rule for row in rows for rule in set(row["rules"].split()))
        assert {r["rule"]: r["rows"] for r in summed} == said
        assert all(r["message_zh"] and r["message_en"] and "!" in r["example"] for r in summed)
    assert found == planted


def _key_as_sent(kind: str, unit: str) -> str | None:
    if kind == "blank_key":
        return None
    if kind == "malformed_key":
        return unit[:13] if len(unit) == 14 else unit + "0"
    return unit


def test_warnings_are_those_planted(done: Night) -> None:
    planted = {
        (f["county"], f["form"], f["period"], f["unit"][:12], f["expected_rule"])
        for f in done.systems.manifest["faults"]
        if f["effect"] == "warning"
    }
    assert len(planted) >= 6
    rows = done.query("SELECT * FROM mart.finding")
    found = {(r["county_code"], r["form"], r["period"], r["org_code"], r["rule"]) for r in rows}
    assert planted <= found
    rules = {p[-1] for p in planted}  # other rules may find what drifts into a warning by itself
    assert {f for f in found if f[-1] in rules} == planted
    assert {r["severity"] for r in rows} <= {"warning", "info"}
    assert all(r["message_zh"] and r["message_en"] for r in rows)


def test_a_county_that_is_clean_has_no_finding_and_no_rejected_row(done: Night) -> None:
    rows = done.query(
        "SELECT * FROM mart.reporting_status WHERE county_code = '440703' AND period = ANY(:m)", m=done.months
    )
    assert len(rows) == len(FORMS) * len(done.months)
    assert {(r["status"], r["rows_rejected"]) for r in rows} == {("accepted", 0)}


# --- every figure, a second time ----------------------------------------------------------------------


@dataclass
class Unit:
    """A base unit (a group, a village, a community): its reports by month."""

    base: str
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)


class Truth:
    """What the counties mean and the warehouse may know, with the tree as its file says."""

    def __init__(self, one: Night) -> None:
        with (PROJECT / "catalogue/org_units.csv").open(encoding="utf-8", newline="") as f:
            tree = {row["code"]: row for row in csv.DictReader(f)}
        self.above: dict[str, list[str]] = {}
        for code in tree:
            path = [code]
            while parent := tree[path[-1]]["parent_code"]:
                path.append(parent)
            self.above[code] = path
        self.branches = {a for c, u in tree.items() if u["level"] == "village" for a in self.above[c][1:]}
        self.months = one.months
        self.reporting = {
            kind: [c for c, u in tree.items() if u["kind"] == kind and u["reports"] == "true"]
            for kind in ("village", "community")
        }
        forms = {
            p.stem: yaml.safe_load(p.read_text(encoding="utf-8"))
            for p in (PROJECT / "catalogue/forms").glob("*.yaml")
        }
        assert set(forms) == set(FORMS)
        self.kinds = {
            (f, name): spec["kind"] for f, form in forms.items() for name, spec in form["fields"].items()
        }
        self.types = {
            (f, name): spec["type"] for f, form in forms.items() for name, spec in form["fields"].items()
        }
        self.units: dict[str, dict[str, Unit]] = {f: {} for f in FORMS}
        self.first_of_county: dict[str, str] = {}
        for s in one.systems.manifest["submissions"]:
            for row in one.systems.truth(s["county"], s["form"], s["period"]):
                if row["accepted"]:
                    unit = self.units[s["form"]].setdefault(row["unit"], Unit(row["village"]))
                    unit.reports[s["period"]] = row
                    if s["form"] == "village_group":
                        first = self.first_of_county.get(s["county"], s["period"])
                        self.first_of_county[s["county"]] = min(first, s["period"])

    def value(self, form: str, name: str, report: dict[str, Any]) -> Any:
        """As a fraction where it is a number; amounts come as text."""
        value = report[name]
        if value is None or self.types[form, name] not in ("integer", "decimal"):
            return value
        return Fraction(str(value))

    def expected(self, form: str, months: list[str]) -> dict[str, int]:
        """Base unit -> unit-periods that should be reported in these months."""
        found: Counter[str] = Counter()
        if form != "village_group":
            return {code: len(months) for code in self.reporting[form]}
        for unit in self.units[form].values():
            found[unit.base] += sum(m >= min(unit.reports) for m in months)
        for village in self.reporting["village"]:  # of counties of which no group is known yet: one a village
            first = self.first_of_county.get(village[:6], "9999")
            found[village] += sum(m < first for m in months)
        return found


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


def _before(month: str) -> str | None:
    """The month before within the year."""
    year, number = month.split("-")
    return f"{year}-{int(number) - 1:02d}" if number != "01" else None


def _operand(
    truth: Truth, terms: list[dict[str, Any]], term: dict[str, Any], unit: Unit, months: list[str], type_: str
) -> Fraction | None:
    """One term for one unit, reduced over the months, under `missing: matched`."""
    reports = [unit.reports[m] for m in months if m in unit.reports]
    kind = truth.kinds[term["form"], term["sum"]] if "sum" in term else "stock"
    if kind == "ytd":
        values = [v for r in reports if (v := _in_one_report(truth, term, r)) is not None]
        if not values:
            return None
        if type_ == "ytd":
            return values[-1]
        before = _before(months[0])
        if before is None:
            return values[-1]
        earlier = _in_one_report(truth, term, unit.reports[before]) if before in unit.reports else None
        return None if earlier is None else values[-1] - earlier
    if kind == "flow":
        values = [v for r in reports if (v := _in_one_report(truth, term, r)) is not None]
        return sum(values, Fraction(0)) if values else None
    assert kind == "stock"
    whole = [r for r in reports if all(_in_one_report(truth, t, r) is not None for t in terms)]
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
    (form,) = {t["form"] for t in terms}
    expected, reported, lacking = Counter[str](), Counter[str](), Counter[str]()
    sums: dict[str, tuple[Fraction, Fraction]] = {}
    for code, n in truth.expected(form, months).items():
        for above in truth.above[code]:
            expected[above] += n
    for unit in truth.units[form].values():
        times = sum(m in unit.reports for m in months)
        if not times:
            continue
        sides = [
            _side([(t, _operand(truth, terms, t, unit, months, type_)) for t in side])
            for side in (numerator, denominator)
        ]
        for above in truth.above[unit.base]:
            reported[above] += times
            if sides[0] is None or sides[1] is None:
                lacking[above] += 1
            else:
                n, d = sums.get(above, (Fraction(0), Fraction(0)))
                sums[above] = n + sides[0], d + sides[1]
    figures: dict[str, Figure] = {}
    # of villages and communities those that are expected or reported; above them every unit, even if not applicable
    for code in expected.keys() | reported.keys() | truth.branches:
        if not expected[code] and not reported[code] and code not in truth.branches:
            continue
        n, d = sums.get(code, (None, None))
        value = _rounded(Fraction(indicator.get("factor", 1)) * n / d) if n is not None and d else None
        if expected[code] and not reported[code]:
            status = "O"
        elif not expected[code] or not d:
            status = "M"
        else:
            status = "P" if reported[code] < expected[code] or lacking[code] else "A"
        figures[code] = (n, d, value, expected[code], reported[code], status)
    return figures


def _indicators() -> list[dict[str, Any]]:
    files = sorted((PROJECT / "catalogue/indicators").glob("*.yaml"))
    return [i for path in files for i in yaml.safe_load(path.read_text(encoding="utf-8"))]


@pytest.fixture(scope="module")
def truth(done: Night) -> Truth:
    return Truth(done)


@pytest.fixture(scope="module")
def shown(done: Night) -> dict[tuple[str, str, str], dict[str, Figure]]:
    """(indicator, period type, period) -> unit -> what the warehouse shows."""
    found: dict[tuple[str, str, str], dict[str, Figure]] = defaultdict(dict)
    for r in done.query("SELECT * FROM mart.indicator_value"):
        n, d = (None if v is None else Fraction(v) for v in (r["numerator"], r["denominator"]))
        found[r["indicator_code"], r["period_type"], r["period"]][r["org_code"]] = (
            n, d, r["value"], int(r["expected_units"]), int(r["reported_units"]), r["obs_status"],
        )  # fmt: skip
    return found


def test_every_indicator_has_every_scope_and_no_other(done: Night, shown: dict[Any, Any]) -> None:
    scopes = [("month", m) for m in done.months] + [("ytd", m) for m in done.months] + [("quarter", "2026Q3")]
    assert set(shown) == {(i["code"], *scope) for i in _indicators() for scope in scopes}


@pytest.mark.parametrize("indicator", _indicators(), ids=lambda i: i["code"])
def test_figures_equal_those_computed_from_the_truth(
    indicator: dict[str, Any], done: Night, truth: Truth, shown: dict[Any, Any]
) -> None:
    year = [f"2026-{n:02d}" for n in range(1, 13)]
    scopes = [("month", m, [m]) for m in done.months]
    scopes += [("ytd", m, [each for each in year if each <= m]) for m in done.months]
    scopes += [("quarter", "2026Q3", ["2026-07", "2026-08", "2026-09"])]
    with_value = 0
    for type_, period, months in scopes:
        right, found = _recomputed(truth, indicator, months, type_), shown[indicator["code"], type_, period]
        assert found.keys() == right.keys(), (type_, period)
        for code in right:
            assert found[code] == right[code], (type_, period, code)
            with_value += right[code][2] is not None
    assert with_value > 100  # it has been computed, not only agreed to be missing


def test_a_warning_is_shown_at_its_figure_and_those_above(done: Night, truth: Truth) -> None:
    fault = next(f for f in done.systems.manifest["faults"] if f["kind"] == "members_above_residents")
    flagged = {
        r["org_code"]
        for r in done.query(
            "SELECT org_code FROM mart.indicator_value WHERE indicator_code = 'group_member_share'"
            " AND has_warning AND period_type = 'month' AND period = :p AND org_code LIKE :c",
            p=fault["period"], c=fault["county"] + "%",
        )
    }  # fmt: skip
    village, town, county, _ = truth.above[fault["unit"][:12]]
    warned = done.query(
        "SELECT DISTINCT org_code FROM ops.current_finding WHERE form = 'village_group'"
        " AND (county_code, period) = (:c, :p) AND fields && ARRAY['party_members', 'residents']",
        c=fault["county"], p=fault["period"],
    )  # fmt: skip
    assert {village, town, county} <= flagged
    assert flagged == {above for w in warned for above in truth.above[w["org_code"]]} - {"440700"}


def test_wide_views_show_the_same_values(done: Night, shown: dict[Any, Any]) -> None:
    codes = [i["code"] for i in _indicators()]
    checked = 0
    for level in ("city", "county", "town", "village"):
        for type_ in ("month", "ytd", "quarter"):
            for row in done.query(f"SELECT * FROM mart.v_{level}_{type_}"):
                for code in codes:
                    figure = shown[code, type_, row["period"]].get(row["org_code"])
                    assert row[code] == (figure[2] if figure else None), (level, type_, row["period"], code)
                    checked += 1
    assert checked > 10_000
