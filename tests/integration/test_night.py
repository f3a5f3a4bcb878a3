"""One night on the simulated county systems: all that was planted is found, nothing else, and figures are right.

The figures are held against `recomputing.py`, which knows nothing of the package's indicators or models.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from qiangji import letters
from qiangji.figures.morning import morning
from tests.frozen import paths as frozen
from tests.integration.causes import assert_each_has_its_own
from tests.integration.nights import FORMS, QUARTERLY, Night, night
from tests.integration.recomputing import (
    BASES,
    DEFINITIONS,
    Figure,
    Truth,
    _indicators,
    _org_code,
    _recomputed,
    _scopes,
    _terms,
)


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
        if f["effect"] in ("submission_returned", "submission_withheld", "submission_held")
        or f["expected_rule"] == "other_name"
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


def test_the_morning_after_counts_what_was_planted(done: Night) -> None:
    found = morning(done.pipeline.ledger.engine, done.pipeline.catalogue, datetime.now(UTC))
    assert found.night
    assert (found.night.lost, found.night.counties) == ((), len(done.pipeline.catalogue.counties))
    planted = Counter((s["county"], s["status"]) for s in done.systems.manifest["submissions"])
    for county in found.counties:
        counted = (county.late, county.returned, county.withheld, county.held)
        expected = tuple(planted[county.county_code, s] for s in ("late", "returned", "withheld", "held"))
        assert counted == expected, county
        assert county.is_reached
    held = [w for w in found.waiting if w.what == "held"]
    assert len(held) == sum(n for (_, status), n in planted.items() if status == "held")
    assert all(w.why_zh and w.why_en and w.delivery_id in w.command for w in held)
    assert {"findings", "not_sent"} <= {w.what for w in found.waiting}
    assert found.moves
    assert found.moves.first_shown == found.moves.figures > 1000, "nothing was shown before"
    reports = Counter((r.county_code, r.status) for r in found.open_reports)
    assert all(reports[c.county_code, "late"] == c.late for c in found.counties)
    assert all(reports[c.county_code, "returned"] == c.returned for c in found.counties)
    assert all(r.why_zh and r.brief_zh != r.reason_code for r in found.open_reports if r.status == "returned")
    assert bool(found.ahead) != bool(found.then)
    then = morning(
        done.pipeline.ledger.engine, done.pipeline.catalogue, found.at, None
    )  # what is known as it is now alone is not told of a moment that was
    assert then.is_past
    assert [w.what for w in then.waiting] == [
        w.what for w in found.waiting if w.what not in ("findings", "not_sent", "unbuilt", "hand_over")
    ]
    before = morning(
        done.pipeline.ledger.engine, done.pipeline.catalogue, found.night.started_at - timedelta(1)
    )
    assert (before.night, before.moves) == (None, None)


def test_a_county_with_something_to_do_gets_a_letter_of_its_own_things(done: Night) -> None:
    p = done.pipeline
    s = letters.look(p)
    found = {one.reader: one for one in letters.compose(s, p.catalogue, p.settings, lambda _: [])}
    told = ("late", "returned", "withheld", "partial")
    busy = {m["county"] for m in done.systems.manifest["submissions"] if m["status"] in told}
    assert busy <= found.keys() - {"city"}
    for code in found.keys() - {"city"}:
        text = found[code].text
        others = {c: p.catalogue.name_of(c) for c in p.catalogue.counties if c != code}
        assert p.catalogue.name_of(code) in text
        assert not [c for c, name in others.items() if name in text or f"{c}年" in text]
        counts = Counter(m["status"] for m in done.systems.manifest["submissions"] if m["county"] == code)
        for status, zh in (("late", "逾期"), ("returned", "退回"), ("withheld", "扣留")):
            if counts[status]:
                assert f"{zh}{counts[status]}" in found[code].subject, code
    city = found["city"]
    assert all(c.county_name in city.text for c in s.morning.counties)
    assert "全市指标" in city.text


def test_the_grid_as_of_now_is_the_grid(done: Night) -> None:
    columns = (
        "county_code, form, period, status, revision, rows_accepted, reason_code, message_zh, received_at"
    )
    now = done.query(f"SELECT {columns} FROM mart.reporting_status ORDER BY 1, 2, 3")
    then = done.query(f"SELECT {columns} FROM mart.reporting_status_as_of(now()) ORDER BY 1, 2, 3")
    assert now == then
    assert len(now) > 100
    assert not done.query("SELECT * FROM mart.reporting_status_as_of('2026-01-01'::date)"), (
        "nothing was collected"
    )


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
            assert in_facts == [{"n": s["rows_accepted"] + s["rows_repeated"]}]
            assert row["is_unchanged"] == bool(s["rows_repeated"]), s
        else:
            assert s["status"] == "held" or not row["rows_accepted"], s
            assert row["revision"] is None, s


def test_rows_rejected_are_those_planted_each_by_its_rule(done: Night) -> None:
    planted: Counter[tuple[str, str, str, str | None]] = Counter()
    rules: dict[tuple[str, str, str, str | None], str] = {}
    with (frozen.CATALOGUE / "crosswalk/440799.csv").open(encoding="utf-8", newline="") as f:
        own_codes = {row["org_code"]: row["county_unit_code"] for row in csv.DictReader(f)}
    for fault in done.systems.manifest["faults"]:
        if fault["effect"] != "row_rejected":
            continue
        for row in fault["rows"]:
            sent = own_codes.get(row["unit"]) or _key_as_sent(fault["kind"], row["unit"])
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
            place = (s["county_code"], s["form"], s["period"], row[DEFINITIONS[s["form"]]["key"]])
            found[place] += 1
            assert rules[place] in row["rules"].split(), (place, row["rules"])
            sheets = done.pipeline.catalogue.counties[s["county_code"]].sheets
            named = row["addresses"].split("!")[0]
            assert named in {s["form"], sheets.get(s["form"]), "Sheet1"}, "a file of text has no sheet"
        summed = done.query(
            "SELECT * FROM ops.rejection WHERE (delivery_id, form, period) = (:d, :f, :p)",
            d=s["delivery_id"], f=s["form"], p=s["period"],
        )  # fmt: skip
        said = Counter(rule for row in rows for rule in set(row["rules"].split()))
        assert {r["rule"]: r["rows"] for r in summed} == said
        assert all(r["message_zh"] and r["message_en"] and "!" in r["example"] for r in summed)
    assert found == planted


def _key_as_sent(kind: str, unit: str) -> str | None:
    if kind in ("blank_key", "loose_number", "zeros", "nameless_total"):
        return None
    if kind == "malformed_key":
        return unit[:13] if len(unit) == 14 else unit + "0"
    if kind == "shortened_code":
        return f"{int(unit):.5E}"
    if kind == "note_below":
        return f"({len(unit)} 字 characters)"  # a note may hold a name
    return unit


def test_warnings_are_those_planted(done: Night) -> None:
    planted = {
        (f["county"], f["form"], f["period"], _org_code(f["form"], f["unit"]), f["expected_rule"])
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


def test_what_reports_say_of_themselves_is_found_where_it_was_planted(done: Night) -> None:
    """One of each kind, at its report or row, and in no other report whatever its form."""
    words = (
        "dash",
        "hidden_rows",
        "hidden_column",
        "repeats_last",
        "not_a_sum",
        "another_name",
        "starts_anew",
        "merged_cells",
        "unseen_cells",
        "alike_sheets",
        "repeated_header",
        "spaced_codes",
        "yes_or_blank",
        "another_scale",
        "nil_report",
        "not_signed",
        "struck_rows",
        "row_numbers",
        "one_value",
        "equal_columns",
        "filled_down",
        "copied_rows",
        "names_moved",
    )
    not_served = {"starts_anew", "nil_report"}  # no January, no form without stocks
    planted = {
        (f["county"], f["form"], f["period"], f["unit"], f["expected_rule"])
        for f in done.systems.manifest["faults"]
        if f["expected_rule"].rpartition(".")[2] in words
    }
    assert {p[-1].rpartition(".")[2] for p in planted} == {*words} - not_served
    rows = done.query("SELECT * FROM ops.current_finding")
    found = {
        (r["county_code"], r["form"], r["period"], r["unit_code"], r["rule"])
        for r in rows
        if r["rule"].rpartition(".")[2] in words
    }
    assert found == planted


def test_a_file_under_another_name_is_told_where_it_was_planted(done: Night) -> None:
    planted = {
        (f["county"], f["form"], f["period"])
        for f in done.systems.manifest["faults"]
        if f["expected_rule"] == "other_name"
    }
    rows = done.query("SELECT * FROM ops.collection WHERE reason_code = 'other_name'")
    assert {(r["county_code"], r["form"], r["period"]) for r in rows} == planted != set()
    assert all(f"{r['form']}_{r['period']} (1).xlsx" in r["message"] for r in rows)
    held = done.query("SELECT * FROM ops.submission WHERE verdict = 'held' OR doubt IS NOT NULL")
    assert {(s["county_code"], s["form"], s["period"], s["doubt"]) for s in held} == {
        (f["county"], f["form"], f["period"], f["expected_rule"])
        for f in done.systems.manifest["faults"]
        if f["effect"] == "submission_held"
    }


def test_a_report_of_few_units_needs_attention(done: Night, truth: Truth) -> None:
    """Of forms of towns: the others are thinned, the tree is not. A row sent back makes few of three towns."""
    from qiangji.figures import reading

    (few,) = (f for f in done.systems.manifest["faults"] if f["kind"] == "few_units")
    towns = Counter(code[:6] for code in truth.reporting(["town"]))
    right = {
        (s["county"], s["form"], s["period"]): s["rows_accepted"]
        for s in done.systems.manifest["submissions"]
        if s["form"].startswith("town") and s["status"] in ("accepted", "partial")
        if 5 * s["rows_accepted"] < 4 * towns[s["county"]]
    }
    grid = done.query("SELECT * FROM mart.reporting_status WHERE form LIKE 'town%' AND period = ANY(:m)",
                      m=[*done.months, *done.systems.manifest["quarters"]])  # fmt: skip
    told = {
        (r["county_code"], r["form"], r["period"]): r["rows_accepted"]
        for r in reading.needs_attention(grid)
        if r["reason_code"] == few["expected_rule"]
    }
    assert told == right
    assert 0 < told[few["county"], few["form"], few["period"]] < towns[few["county"]] / 3


def test_a_year_that_goes_on_in_january_is_found(
    tmp_path_factory: pytest.TempPathFactory, postgres: Any
) -> None:
    """Counts of a few a year may be as high in January by themselves: only the field that was planted is compared."""
    folder = tmp_path_factory.mktemp("january")
    with night(folder, postgres, today="2026-02-10", months=2, scale=0.2, counties=["440781"]) as one:
        one.run()
        (fault,) = (f for f in one.systems.manifest["faults"] if f["kind"] == "year_goes_on")
        found = one.query("SELECT * FROM ops.current_finding WHERE rule = :r", r=fault["expected_rule"])
        assert [(r["form"], r["period"], r["unit_code"]) for r in found] == [
            (fault["form"], "2026-01", fault["unit"])
        ]


def test_units_that_nobody_expected_are_findings_too(done: Night) -> None:
    planted = {
        (f["county"], f["form"], f["period"], row["unit"])
        for f in done.systems.manifest["faults"]
        if f["kind"] in ("unexpected_unit", "other_county_unit") and f["effect"] == "row_rejected"
        for row in f["rows"]
    }
    assert len(planted) >= 4
    assert {f["kind"] for f in done.systems.manifest["faults"]} >= {"unexpected_unit", "unchanged"}
    rows = done.query("SELECT * FROM ops.current_finding WHERE rule LIKE '%.unexpected'")
    found = {(r["county_code"], r["form"], r["period"], r["unit_code"]) for r in rows}
    assert found == planted


def test_a_county_that_is_clean_has_no_finding_and_no_rejected_row(done: Night) -> None:
    rows = done.query(
        "SELECT * FROM mart.reporting_status WHERE county_code = '440703' AND period = ANY(:m)",
        m=[*done.months, "2026Q3"],
    )
    assert len(rows) == len(FORMS) * len(done.months) + len(QUARTERLY)
    assert {(r["status"], r["rows_rejected"]) for r in rows} == {("accepted", 0)}


# --- every figure, a second time ----------------------------------------------------------------------


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
    scopes = {i["code"]: _scopes(i, done.months) for i in _indicators()}
    assert set(shown) == {(code, t, p) for code, found in scopes.items() for t, p, _ in found}


@pytest.mark.parametrize("indicator", _indicators(), ids=lambda i: i["code"])
def test_figures_equal_those_computed_from_the_truth(
    indicator: dict[str, Any], done: Night, truth: Truth, shown: dict[Any, Any]
) -> None:
    with_value = 0
    for type_, period, months in _scopes(indicator, done.months):
        right, found = _recomputed(truth, indicator, months, type_), shown[indicator["code"], type_, period]
        assert found.keys() == right.keys(), (type_, period)
        for code in right:
            is_hidden = found[code][5] == "Q"
            expected = (None, None, None, *right[code][3:5], "Q") if is_hidden else right[code]
            assert found[code] == expected, (type_, period, code)
            # hidden are small numbers of persons at villages, and what would give them away
            assert not is_hidden or (indicator.get("persons") and right[code][0] is not None)
            if indicator.get("persons") and truth.tree[code]["level"] == "village":
                assert is_hidden or not 0 < (right[code][0] or 0) < 3, (type_, period, code)
            with_value += right[code][2] is not None
    # it has been computed, not only agreed to be missing
    lowest = {BASES[DEFINITIONS[t["form"]]["grain"]] for t in _terms(indicator)}
    assert with_value > (100 if lowest == {"village"} else 3)


def test_figures_that_cannot_be_are_findings_and_no_others(done: Night, shown: dict[Any, Any]) -> None:
    """A part above its whole goes back with its row; a year to date that falls makes a month's share negative, and is
    found once, where it began.
    """
    bounded = {i["code"] for i in _indicators() if i.get("bounded", i["unit"] == "percent")}
    beyond = {
        (f"{code}.bounded", org)
        for (code, *_), figures in shown.items()
        if code in bounded
        for org, (n, d, *_) in figures.items()
        if n is not None and d and not 0 <= n <= d
    }
    rows = done.query("SELECT * FROM ops.current_finding WHERE rule LIKE '%.bounded'")
    assert {(r["rule"], r["org_code"]) for r in rows} == beyond
    falls = (f for f in done.systems.manifest["faults"] if f["kind"] == "ytd_falls")
    (fall,) = (f for f in falls if f["field"] == "households_visited")
    assert [(r["org_code"], r["period"]) for r in rows if r["rule"] == "household_visit_rate.bounded"] == [
        (fall["unit"], fall["period"])
    ]


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


def test_all_causes_at_once_are_those_of_each_figure(done: Night) -> None:
    """Of all figures of the city and the counties, whose forms, periods and reports are of every kind."""
    with done.pipeline.ledger.engine.connect() as c:
        assert_each_has_its_own(c, datetime(2026, 1, 1, tzinfo=UTC), datetime.now(UTC), ("city", "county"))


def test_wide_views_show_the_same_values(done: Night, shown: dict[Any, Any]) -> None:
    codes = {i["code"] for i in _indicators()}
    checked = 0
    for level in ("city", "county", "town", "village"):
        for type_ in ("month", "ytd", "quarter"):
            for row in done.query(f"SELECT * FROM mart.v_{level}_{type_}"):
                for code in row.keys() & codes:
                    figure = shown[code, type_, row["period"]].get(row["org_code"])
                    assert row[code] == (figure[2] if figure else None), (level, type_, row["period"], code)
                    checked += 1
    assert checked > 10_000
