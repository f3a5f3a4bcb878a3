"""What the simulated county systems hold: plausible, consistent, the same each time, and wrong as planned.

The checks here are written against the catalogue's words, not with the package's code.
"""

from __future__ import annotations

import ast
import csv
import hashlib
import io
import json
import re
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml

import simulator
from simulator import Simulator, rendering
from simulator.forms import FORMS
from simulator.headers import required
from simulator.periods import (
    begins_year,
    earlier_in_year,
    last_month,
    reporting_month,
    served_months,
    served_periods,
    shift,
)
from simulator.submissions import Submission
from simulator.tree import Tree
from simulator.workbook import Sheet, letter, workbook

PACKAGE = Path(simulator.__file__).parent
TODAY = "2026-11-24"
MONTHS = ["2026-07", "2026-08", "2026-09", "2026-10"]
QUARTER = "2026Q3"  # the one that ends in one of these months
OF_PLACES = ("village_group", "village", "community")  # forms of groups, villages and communities
DIRECT = "440799"  # the city's own departments
Key = tuple[str, str, str]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Simulator:
    """Everything at full scale but 440783 (its data are made alike), written to disk, nothing served."""
    prepared = Simulator(
        tmp_path_factory.mktemp("prepared"), today=TODAY, postgres_url="postgresql://nobody@127.0.0.1:1/none"
    )
    prepared.prepare()
    return prepared


@pytest.fixture(scope="module")
def rows(prepared: Simulator) -> dict[Key, list[dict[str, Any]]]:
    """The truth as written, by county, form and period."""
    held = {}
    for path in sorted((prepared.directory / "truth").glob("*/*/*.jsonl")):
        key = path.parts[-3], path.parts[-2], path.stem
        held[key] = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    monthly = sum(form.period_type == "month" for form in FORMS.values())
    assert (monthly, len(FORMS)) == (4, 11)
    assert len(held) == 7 * (4 * 4 + 7) + 2
    return held


def test_it_shares_no_code_with_the_package() -> None:
    imported = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").split(".")[0])
    assert "simulator" in imported, "nothing was read"
    assert "qiangji" not in imported


def test_periods() -> None:
    tree_date = Simulator("unused", today="2027-02-01", counties=["440703"], months=4)
    assert tree_date.months == ["2026-10", "2026-11", "2026-12", "2027-01"]
    assert shift("2024-01", -1) == "2023-12"
    assert shift("2023-11", 14) == "2025-01"
    assert reporting_month(tree_date.today) == "2027-01"
    assert served_periods(tree_date.months, "quarter") == ["2026Q4"]
    assert (shift("2026Q4", 1), shift("2020Q1", -12), last_month("2026Q3")) == ("2027Q1", "2017Q1", "2026-09")
    assert (earlier_in_year("2026Q3"), earlier_in_year("2027Q1")) == (["2026Q1", "2026Q2"], [])
    with pytest.raises(ValueError, match="at least 1"):
        served_months(tree_date.today, 0)


def test_arguments_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no county system 440798"):
        Simulator(tmp_path, counties=["440798"])
    with pytest.raises(ValueError, match="share"):
        Simulator(tmp_path, scale=2, counties=["440703"]).prepare()
    without = Simulator(tmp_path, today=TODAY)
    assert "440783" not in without.counties


def test_the_tree_holds_the_units_that_report() -> None:
    tree = Tree()
    assert len(tree.towns) == 73
    assert len(tree.villages) == 1056
    assert len(tree.communities) == 279
    assert not {"圭峰区", "银湖湾", "翠山湖新区", "广东省江门监狱"} & set(tree.towns.values())
    assert all(place.code[9] in "0123" for place in tree.places)


def test_headers_name_every_field_once() -> None:
    table = yaml.safe_load((PACKAGE / "headers.yaml").read_text(encoding="utf-8"))
    counties = [key for key in table if key.isdecimal()]
    assert counties == ["440703", "440704", "440705", "440781", "440783", "440784", "440785", DIRECT]
    assert list(table[DIRECT]) == [form.code for form in FORMS.values() if form.also_direct]
    for form in FORMS.values():
        expected = [form.key, form.name_field, *(field.name for field in form.fields)]
        for county in counties if form.also_direct else counties[:-1]:
            labels = table[county][form.code]
            assert list(labels) == expected, (county, form.code)
            assert len(set(labels.values())) == len(labels), (county, form.code)
        assert set(required(form.code)) <= set(expected)
        assert form.key in required(form.code)


def digest(directory: Path) -> str:
    sums = hashlib.sha256()
    for path in sorted(directory.rglob("*.jsonl")):
        sums.update(f"{path.relative_to(directory)}".encode() + path.read_bytes())
    return sums.hexdigest()


def test_the_same_seed_and_date_give_the_same_bytes(tmp_path: Path) -> None:
    def prepare(name: str, **arguments: Any) -> Simulator:
        chosen: dict[str, Any] = {"today": TODAY, "scale": 0.05, "months": 2} | arguments
        made = Simulator(tmp_path / name, **chosen)
        made.prepare()
        return made

    first, again = prepare("first"), prepare("again")
    assert digest(first.directory) == digest(again.directory)
    assert (first.directory / "manifest.json").read_bytes() == (
        again.directory / "manifest.json"
    ).read_bytes()
    other = prepare("other", seed=7)
    assert digest(other.directory) != digest(first.directory)
    assert other.manifest["rural_communities"] != first.manifest["rural_communities"]


def test_a_unit_has_the_same_figures_whatever_is_served_with_it(tmp_path: Path) -> None:
    few = Simulator(tmp_path / "few", today=TODAY, scale=0.05, months=1, faults="none", counties=["440781"])
    many = Simulator(tmp_path / "many", today="2026-12-02", scale=0.3, months=3, faults="none")
    few.prepare()
    many.prepare()
    wanted = {row["unit"]: row for row in few.truth("440781", "village", "2026-10")}
    held = {row["unit"]: row for row in many.truth("440781", "village", "2026-10")}
    common = wanted.keys() & held.keys()
    assert len(common) > 5
    assert all(wanted[unit] == held[unit] for unit in common)


# --- plausible and consistent ---------------------------------------------------------------------------


def test_it_has_the_size_of_the_city(prepared: Simulator) -> None:
    units = prepared.manifest["units"]
    assert units["villages"] == 1056
    assert units["communities"] == 279
    assert 12_500 < units["groups"] < 13_500
    assert len(prepared.manifest["rural_communities"]) == 35


RANGES = {
    "village_group": {
        "households": (1, 300), "residents": (5, 1500), "party_members": (0, 30), "leaders": (0, 3),
        "major_matters": (0, 20),
    },
    "village": {
        "party_members": (10, 250), "collective_income": (0, 8000), "professional_managers": (0, 3),
        "joint_town_village": (0, 6), "joint_enclave": (0, 6),
    },
    "community": {
        "party_members": (20, 1500), "member_units": (2, 40), "property_projects": (0, 40), "grids": (1, 40),
        "owners_committees_eligible": (0, 20), "community_workers": (4, 60),
    },
    "town_service": {"households_due": (500, 30_000), "service_centres": (1, 60)},
    "town_training": {"top_leaders_due": (2, 4)},
    "county_oversight": {"clues_received": (0, 3 * 400)},
    "county_emerging": {"new_employment_workers": (1500, 20_000)},
}  # fmt: skip


def test_accepted_figures_are_within_the_catalogues_ranges(rows: dict[Key, list[dict[str, Any]]]) -> None:
    for (_, form, _), held in rows.items():
        for field, (low, high) in RANGES.get(form, {}).items():
            right = [row[field] for row in held if row["accepted"] and not row["fault"]]
            values = [Decimal(value) for value in right if value is not None]
            assert all(low <= value <= high for value in values), (form, field, min(values), max(values))
    assert set(RANGES) <= {form for _, form, _ in rows}


def test_the_citys_share_of_party_leaders_starts_between_35_and_45_percent_and_rises(tmp_path: Path) -> None:
    shares = []
    for today in ("2024-02-01", "2025-02-01", "2026-02-01", "2027-02-01"):
        made = Simulator(
            tmp_path, today=today, months=1, faults="none", postgres_url="postgresql://127.0.0.1:1/"
        )
        made.prepare()
        groups = [
            row
            for county in made.counties
            if county != DIRECT
            for row in made.truth(county, "village_group", made.months[0])
        ]
        shares.append(
            Fraction(
                sum(row["party_member_leaders"] for row in groups), sum(row["leaders"] for row in groups)
            )
        )
    assert all(Fraction(35, 100) < share < Fraction(45, 100) for share in shares), [
        float(each) for each in shares
    ]
    assert shares == sorted(shares)


IN_ONE_ROW = {  # warnings that a row shows by itself
    "branch_below_three", "members_above_residents", "open_does_not_balance", "cases_above_clues",
    "due_after_plan", "done_without_evidence",
}  # fmt: skip


def broken_rules(form: str, row: dict[str, Any]) -> set[str]:
    """What an accepted row breaks: parts above wholes, blanks, and warnings, in the words of the manifest."""
    found = set()
    for part, whole in FORMS[form].pairs:
        if row[part] is not None and row[whole] is not None and Decimal(row[part]) > Decimal(row[whole]):
            found.add(f"{form}.{part}.within_{whole}")
    found |= {"required" for field in required(form)[1:] if row[field] is None}
    if form == "village_group":
        if row["org_setup"] == "单独支部" and row["party_members"] < 3:
            found.add("village_group.org_setup.own_branch_has_members")
        if row["party_members"] > row["residents"]:
            found.add("village_group.party_members.within_residents")
        if row["party_member_leaders"] > row["party_members"]:
            found.add("more Party leaders than members")
    for of, opened, resolved, still_open in BALANCES.get(form, []):
        was = row[of] + sum(row[name] for name in opened)
        if row[resolved] > was:
            found.add(f"more {resolved} than there were")
        if row[still_open] is not None and row[still_open] != was - row[resolved]:
            found.add(f"{form}.{still_open}.balances")
    if form == "county_oversight" and row["cases_opened"] > row["clues_received"]:
        found.add("county_oversight.cases_opened.at_most_clues_received")
    if form == "county_milestones":
        if not "2024-01-01" <= row["due_date"] <= "2026-12-31":
            found.add("county_milestones.due_date.within_the_plan")
        if row["status"] in ("已完成", "已销号") and row["evidence_no"] is None:
            found.add("county_milestones.evidence_no.present_when_done")
    return found


BALANCES = {
    "town_service": [
        ("concerns_open_at_start", ["concerns_raised"], "concerns_resolved", "concerns_open"),
    ],
    "county_oversight": [("cases_open_at_start", ["cases_opened"], "cases_closed", "cases_open")],
    "county_emerging": [
        (
            "difficulties_open_at_start",
            [f"difficulties_raised_{kind}" for kind in ("insurance", "career", "schooling", "other")],
            "difficulties_resolved",
            "difficulties_open",
        )
    ],
}


def test_accepted_rows_break_nothing_but_what_was_planted(
    prepared: Simulator, rows: dict[Key, list[dict[str, Any]]]
) -> None:
    planted = {fault["id"]: fault for fault in prepared.manifest["faults"]}
    found = {}
    for (_, form, _), held in rows.items():
        for row in held:
            if row["accepted"] and (broken := broken_rules(form, row)):
                assert row["fault"], (form, row["unit"], broken)
                found[row["fault"]] = broken
    expected = {
        fault: {entry["expected_rule"]} for fault, entry in planted.items() if entry["kind"] in IN_ONE_ROW
    }
    assert found == expected
    assert {planted[fault]["kind"] for fault in found} == IN_ONE_ROW


def test_year_to_date_figures_accumulate(prepared: Simulator, rows: dict[Key, list[dict[str, Any]]]) -> None:
    falls = set()
    compared = 0
    for (county, form, period), held in rows.items():
        if period == MONTHS[0] or begins_year(period):
            continue
        earlier = prepared.truth(county, form, shift(period, -1))  # quarters before the first are not served
        before = {row["unit"]: row for row in earlier if row["accepted"] or period == QUARTER}
        for row in held:
            if not row["accepted"] or row["unit"] not in before:
                continue
            for field in FORMS[form].fields:
                last, now = before[row["unit"]][field.name], row[field.name]
                if field.kind == "ytd" and last is not None and now is not None:
                    compared += 1
                    if Decimal(now) < Decimal(last):
                        falls.add(row["fault"])
    assert compared > 50_000
    assert falls == {fault["id"] for fault in prepared.manifest["faults"] if fault["kind"] == "ytd_falls"}
    assert len(falls) == 4


def test_january_starts_the_year_anew(tmp_path: Path) -> None:
    made = Simulator(tmp_path, today="2027-02-10", months=2, faults="none", counties=["440705"])
    made.prepare()
    december, january = (
        sum(Decimal(row["collective_income"]) for row in made.truth("440705", "village", month))
        for month in ("2026-12", "2027-01")
    )
    assert january < december / 6


def test_a_village_counts_the_members_of_its_groups(
    prepared: Simulator, rows: dict[Key, list[dict[str, Any]]]
) -> None:
    below = set()
    for (county, form, period), held in rows.items():
        if form not in ("village", "community"):
            continue
        in_groups: dict[str, int] = defaultdict(int)
        for row in rows[county, "village_group", period]:
            if row["accepted"]:
                in_groups[row["village"]] += row["party_members"]
        below |= {
            row["fault"] for row in held if row["accepted"] and in_groups[row["unit"]] > row["party_members"]
        }
    assert below == {f["id"] for f in prepared.manifest["faults"] if f["kind"] == "groups_above_village"}
    assert len(below) == 1


def test_forms_agree_with_each_other_and_with_the_tree(
    prepared: Simulator, rows: dict[Key, list[dict[str, Any]]]
) -> None:
    """What the suites may only find where it was planted: a form against the others, and against the tree."""
    tree, found = Tree(), set()
    villages, units = Counter(place.town for place in tree.villages), Counter(p.town for p in tree.places)
    posts = Counter((place.county, place.is_village) for place in tree.places)
    for (county, form, period), held in rows.items():
        of_month = last_month(period)
        for row in held:
            if not row["accepted"]:
                continue
            if form == "town_service" and row["service_centres"] > 1 + units[row["unit"]]:
                found.add((row["fault"], "centres_above_units"))
            if form == "town_overseas" and row["overseas_villages"] > villages[row["unit"]]:
                found.add((row["fault"], "overseas_above_villages"))
            if form == "town_training":
                of_town = [r for r in rows[county, "village_group", of_month] if r["town"] == row["unit"]]
                leaders = sum(each["leaders"] for each in of_town if each["accepted"])
                if row["group_leaders_due"] > leaders:
                    found.add((row["fault"], "leaders_above_groups"))
            if form == "county_secretaries":
                in_post = row["secretaries_village"] + row["secretaries_community"]
                assert max(row["secretaries_graded"], row["secretaries_trained"]) <= in_post
                if row["posts_village"] < posts[county, True]:
                    found.add((row["fault"], "posts_below_units"))
                assert row["posts_community"] >= posts[county, False]
                reported = [each for each in rows[county, "village", of_month] if each["accepted"]]
                if row["secretaries_graded"] < sum(each["secretary_grade"] is not None for each in reported):
                    found.add((row["fault"], "graded_below_villages"))
    kinds = {kind for _, kind in found}
    planted = prepared.manifest["faults"]
    assert found == {(fault["id"], fault["kind"]) for fault in planted if fault["kind"] in kinds}
    assert len(kinds) == 5


def test_a_thinned_city_agrees_with_itself(tmp_path: Path) -> None:
    made = Simulator(tmp_path, today=TODAY, scale=0.05, faults="none", counties=["440705", "440781"])
    made.prepare()
    with (tmp_path / "units.csv").open(encoding="utf-8", newline="") as lines:
        kept = Counter(unit["parent_code"] for unit in csv.DictReader(lines))
    for county in made.counties:
        towns = made.truth(county, "town_service", "2026-10")
        assert {row["unit"]: row["service_centres"] for row in towns} == {
            row["unit"]: 1 + kept[row["unit"]] for row in towns
        }
        graded = sum(row["secretary_grade"] is not None for row in made.truth(county, "village", "2026-09"))
        assert made.truth(county, "county_secretaries", QUARTER)[0]["secretaries_graded"] >= graded


def test_quarters_are_served_once_their_last_month_is(tmp_path: Path) -> None:
    def served(today: str, months: int) -> Simulator:
        made = Simulator(tmp_path, today=today, months=months, scale=0.05, faults="none", counties=["440705"])
        made.prepare()
        return made

    def quarters(made: Simulator) -> set[str]:
        return {each["period"] for each in made.manifest["submissions"] if "Q" in each["period"]}

    assert quarters(served("2026-11-24", 1)) == set()
    assert quarters(served("2026-10-09", 1)) == {"2026Q3"}
    half_year = served("2026-10-09", 6)
    assert quarters(half_year) == {"2026Q2", "2026Q3"}
    assert half_year.manifest["quarters"] == ["2026Q2", "2026Q3"]
    before = half_year.truth("440705", "town_training", "2026Q1")
    assert before, "what was meant in the quarter before the first served is known too"
    assert not any(row["accepted"] for row in before)
    assert not (tmp_path / "truth" / "440705" / "town_training" / "2026Q1.jsonl").exists()


def test_a_longer_past_has_falls_in_quarters_too(tmp_path: Path) -> None:
    made = Simulator(tmp_path, today=TODAY, months=7, scale=0.05)
    made.prepare()
    (fall,) = [
        fault
        for fault in made.manifest["faults"]
        if fault["kind"] == "ytd_falls" and fault["form"] == "town_training"
    ]
    assert (fault_period := fall["period"]) == QUARTER

    def attendances(period: str) -> Any:
        of = made.truth(fall["county"], "town_training", period)
        return next(row["class_attendances"] for row in of if row["unit"] == fall["unit"])

    assert attendances(fault_period) < attendances(shift(fault_period, -1))
    held = made._held
    for (county, form, period), now in held.items():
        before = held.get((county, form, shift(period, -1)))
        if "Q" not in period or before is None or begins_year(period):
            continue
        last = {row.code: row for row in before.rows if not row.is_rejected}
        for row in now.rows:
            if row.is_rejected or row.code not in last or row.fault == fall["id"]:
                continue
            for field in (each.name for each in now.form.fields if each.kind == "ytd"):
                was, is_now = before.value(last[row.code], field), now.value(row, field)
                if was is not None and is_now is not None:
                    assert Decimal(str(is_now)) >= Decimal(str(was)), (county, form, field)


def test_the_citys_departments_report_two_forms_under_codes_of_their_own(
    prepared: Simulator, rows: dict[Key, list[dict[str, Any]]]
) -> None:
    assert {form for county, form, _ in rows if county == DIRECT} == {
        "county_traditional",
        "county_milestones",
    }
    tasks = prepared._held[DIRECT, "county_milestones", QUARTER]
    assert [row.code for row in tasks.rows] == [f"{DIRECT}-{number:02d}" for number in range(1, 13)]
    written = [line[0] for line in rendering.cells(tasks, rendering.office)]
    with (PACKAGE / "data" / f"crosswalk_{DIRECT}.csv").open(encoding="utf-8", newline="") as lines:
        ours = {row["county_unit_code"]: row["org_code"] for row in csv.DictReader(lines)}
    assert [ours[code] for code in written] == [row.code for row in tasks.rows]
    assert not set(written) & set(ours.values())
    assert "440799" in ours.values()


def test_a_date_is_written_in_each_countys_way(prepared: Simulator) -> None:
    def first(county: str, style: rendering.Style) -> Any:
        tasks = prepared._held[county, "county_milestones", QUARTER]
        tasks = replace(tasks, rows=[row for row in tasks.rows if not row.fault])
        place = rendering.columns(tasks).index("due_date")
        meant = date.fromisoformat(str(tasks.value(tasks.rows[0], "due_date")))
        return meant, next(iter(rendering.cells(tasks, style)))[place]

    meant, text = first("440703", rendering.native)
    assert text == meant.isoformat()
    meant, text = first("440704", rendering.yes_no)
    assert text == f"{meant.year}年{meant.month}月{meant.day}日"
    meant, text = first("440781", rendering.hand_written)
    assert text == f"{meant.year}/{meant.month}/{meant.day}"
    for county, style in (("440705", rendering.office), ("440783", rendering.typed)):
        meant, cell = first(county, style)
        assert cell == meant


def test_figures_drift(rows: dict[Key, list[dict[str, Any]]]) -> None:
    changed: Counter[str] = Counter()
    for row, later in zip(
        rows["440703", "village", MONTHS[0]], rows["440703", "village", MONTHS[-1]], strict=True
    ):
        changed.update(field for field in row if row[field] != later[field])
    assert 0 < changed["party_members"] < 55
    assert changed["collective_income"] == 55


# --- wrong as planned -----------------------------------------------------------------------------------


def test_every_kind_of_fault_is_planted_and_440703_is_clean(prepared: Simulator) -> None:
    faults = prepared.manifest["faults"]
    kinds = Counter(fault["kind"] for fault in faults)
    assert set(kinds) == {
        "text_in_number", "letter_o", "decimal_in_integer", "negative_count", "part_above_whole",
        "duplicate_key", "malformed_key", "blank_key", "unknown_unit", "other_county_unit", "unexpected_unit",
        "unknown_enum", "unchanged",
        "required_blank", "ytd_falls", "branch_below_three", "members_above_residents",
        "groups_above_village", "text_in_date", "part_above_sum", "open_does_not_balance",
        "centres_above_units", "leaders_above_groups", "overseas_above_villages", "posts_below_units",
        "graded_below_villages", "cases_above_clues", "due_after_plan", "done_without_evidence",
        "late_report", "wrong_total", "personal_data", "empty_package", "truncated_upload", "late_county",
        "unknown_header", "missing_column",
    }  # fmt: skip
    pairs = {(fault["form"], rule_of(fault)) for fault in faults if fault["kind"] == "part_above_whole"}
    possible = {
        (form.code, f"{form.code}.{part}.within_{whole}"): form.grain
        for form in FORMS.values()
        for part, whole in form.pairs
    }
    assert pairs <= possible.keys()
    assert {pair for pair in possible.keys() - pairs if possible[pair] != "county"} == set()
    assert {form for form, _ in pairs if form.startswith("county_")} == {  # one a form: a county has one row
        form for form, _ in possible if form.startswith("county_")
    }
    counties = Counter(fault["county"] for fault in faults if fault["effect"] in ("row_rejected", "warning"))
    assert counties.pop(DIRECT) == 1
    assert sorted(counties) == ["440704", "440705", "440781", "440783", "440784", "440785"]
    assert max(counties.values()) - min(counties.values()) <= 4


def test_the_manifest_agrees_with_the_truth(
    prepared: Simulator, rows: dict[Key, list[dict[str, Any]]]
) -> None:
    manifest = json.loads((prepared.directory / "manifest.json").read_text(encoding="utf-8"))
    assert manifest == json.loads(json.dumps(prepared.manifest))
    by_id = {fault["id"]: fault for fault in manifest["faults"]}
    for entry in manifest["submissions"]:
        held = rows[entry["county"], entry["form"], entry["period"]]
        assert sum(row["accepted"] for row in held) == entry["rows_accepted"] + entry["rows_repeated"]
        if entry["rows_repeated"]:
            assert (entry["status"], entry["rows_sent"], entry["rows_accepted"]) == ("accepted", 0, 0)
            continue
        if entry["status"] in ("accepted", "partial"):
            assert entry["rows_accepted"] + entry["rows_rejected"] == entry["rows_sent"] == len(held)
            assert (entry["status"] == "partial") == (entry["rows_rejected"] > 0)
            for ordinal, row in enumerate(held, start=1):
                if row["fault"]:
                    fault = by_id[row["fault"]]
                    assert row["accepted"] == (fault["effect"] == "warning")
                    assert {"unit": row["unit"], "row": ordinal} in fault["rows"]
                else:
                    assert row["accepted"]
    carried = Counter(row["fault"] for held in rows.values() for row in held if row["fault"])
    for fault in manifest["faults"]:
        assert carried[fault["id"]] == len(fault["rows"])
        assert len(fault["rows"]) == {"duplicate_key": 2}.get(fault["kind"], 1) or not fault["rows"]
    statuses = {
        (each["county"], each["form"], each["period"]): each["status"] for each in manifest["submissions"]
    }
    assert statuses["440705", "community", "2026-08"] == "returned"
    assert statuses["440704", "community", "2026-08"] == "returned"
    assert statuses["440781", "village", "2026-08"] == "returned"
    assert statuses["440781", "community", "2026-09"] == "returned"
    assert statuses["440784", "village_group", "2026-07"] == "returned"
    assert statuses["440784", "community", "2026-10"] == "withheld"
    assert statuses["440785", "village", "2026-10"] == "late"
    assert statuses["440784", "town_service", "2026-07"] == "returned"
    assert statuses["440704", "town_overseas", QUARTER] == "late"
    reasons = Counter(each["reason"] for each in manifest["submissions"] if each["status"] == "returned")
    assert reasons.pop("no_row_accepted") == 8
    assert sum(reasons.values()) == 8


def rule_of(fault: dict[str, Any]) -> str:
    """What its row breaks; of a submission that keeps no row, the manifest says it beside the reason."""
    return str(fault.get("row_rule", fault["expected_rule"]))


def test_most_counties_keep_their_row_of_a_countys_form(
    rows: dict[Key, list[dict[str, Any]]],
) -> None:
    for form in FORMS.values():
        if form.grain == "county":
            kept = [c for c in ALL_BUT_DIRECT if any(row["accepted"] for row in rows[c, form.code, QUARTER])]
            assert len(kept) >= 5, form.code


ALL_BUT_DIRECT = ("440703", "440704", "440705", "440781", "440783", "440784", "440785")


def submission(prepared: Simulator, fault: dict[str, Any]) -> Submission:
    return prepared._held[fault["county"], fault["form"], fault["period"]]


def test_planted_faults_are_in_what_is_written(prepared: Simulator) -> None:
    tree = Tree()
    seen = set()
    for fault in prepared.manifest["faults"]:
        if fault["effect"] != "row_rejected" and "row_rule" not in fault:
            continue
        held = submission(prepared, fault)
        lines = list(rendering.cells(held, rendering.native))
        names = rendering.columns(held)
        written = [dict(zip(names, lines[each["row"] - 1], strict=True)) for each in fault["rows"]]
        cell, key = written[0][fault["field"]], written[0][held.form.key]
        kind = fault["kind"]
        seen.add(kind)
        if kind in ("text_in_number", "letter_o"):
            assert isinstance(cell, str)
            assert re.search(r"[约个O]", cell)
            assert fault["county"] != "440783"
        elif kind == "decimal_in_integer":
            assert cell % 1
        elif kind == "negative_count":
            assert cell < 0
        elif kind == "part_above_whole":
            assert cell > written[0][rule_of(fault).partition(".within_")[2]]
        elif kind == "part_above_sum":
            assert cell > written[0]["concerns_open_at_start"] + written[0]["concerns_raised"]
        elif kind == "text_in_date":
            assert cell == "年底前"
            assert fault["county"] != "440783"
        elif kind == "duplicate_key":
            assert written[0][held.form.key] == written[1][held.form.key]
            assert written[0] != written[1]
        elif kind == "malformed_key":
            assert len(key) == {"group": 13, "town": 10, "task": 10}.get(held.form.grain, 13)
        elif kind == "blank_key":
            assert key is None
        elif kind == "unknown_unit":
            place, above = {"town": (9, 6), "county": (6, 4), "task": (6, 4)}.get(held.form.grain, (12, 9))
            assert key[:place] not in tree.codes
            assert key[:above] in {*tree.towns, *tree.counties, "4407"}
        elif kind == "other_county_unit":
            assert key.partition("-")[0][:12] in tree.codes
            assert key[:6] != fault["county"]
        elif kind == "unexpected_unit":
            assert key in tree.codes - {place.code for place in tree.places}
            assert key[:6] == fault["county"]
        elif kind == "unknown_enum":
            assert cell in ("党总支", "其他", "基本完成", "进行中")
        else:
            assert kind == "required_blank"
            assert cell is None
    assert len(seen) == 15


def test_an_unchanged_report_repeats_what_was_accepted(
    prepared: Simulator, rows: dict[Key, list[dict[str, Any]]], tmp_path: Path
) -> None:
    (said,) = [each for each in prepared.manifest["submissions"] if each["rows_repeated"]]
    (fault,) = [each for each in prepared.manifest["faults"] if each["kind"] == "unchanged"]
    county, form, period = said["county"], said["form"], said["period"]
    assert (fault["county"], fault["form"], fault["period"]) == (county, form, period)
    assert (county, form, period) == ("440704", "community", MONTHS[-1])
    before = [row for row in rows[county, form, shift(period, -1)] if row["accepted"]]
    assert rows[county, form, period] == [row | {"fault": None} for row in before]
    held = submission(prepared, fault)
    assert [json.loads(row) for row in rendering.json_rows(held, rendering.native)] == [
        {"is_unchanged": True}
    ]
    assert rendering.csv_text(held, rendering.plain_text, "\n").splitlines()[1:] == ["无变动"]
    # a new year starts year-to-date figures anew: of these it says nothing
    january = Simulator(tmp_path, today="2027-02-10", scale=0.05)
    january.prepare()
    ytd = {each.name for each in FORMS["community"].fields if each.kind == "ytd"}
    truth = january.truth("440704", "community", "2027-01")
    assert truth
    assert all(row[name] is None for row in truth for name in ytd)


def test_units_open_and_fail_to_report(prepared: Simulator, rows: dict[Key, list[dict[str, Any]]]) -> None:
    manifest = prepared.manifest
    assert len(manifest["opened_units"]) == 8
    for opened in manifest["opened_units"]:
        present = {
            period
            for period in MONTHS
            if any(row["unit"] == opened["unit"] for row in rows[opened["county"], "village_group", period])
        }
        assert present == {period for period in MONTHS if period >= opened["from"]}
    assert Counter(each["form"] for each in manifest["missing_units"]) == {
        "village_group": 6, "village": 2, "community": 1, "town_service": 1, "town_training": 1,
    }  # fmt: skip
    for missing in manifest["missing_units"]:
        place = missing["county"], missing["form"], missing["period"]
        assert missing["unit"] not in {row["unit"] for row in rows[place]}


def test_without_faults_nothing_is_wrong(tmp_path: Path) -> None:
    made = Simulator(tmp_path, today=TODAY, scale=0.05, faults="none")
    made.prepare()
    assert made.manifest["faults"] == []
    assert {each["status"] for each in made.manifest["submissions"]} == {"accepted"}


# --- as written -----------------------------------------------------------------------------------------


def test_totals_are_those_of_what_is_written(prepared: Simulator) -> None:
    """A spreadsheet's SUM: text counts for nothing, duplicates and strangers count."""
    for (county, form, period), held in prepared._held.items():
        if county != "440705" or held.wrong_total:
            continue
        rows = rendering.titled_sheet(held).rows
        at = next(index for index, row in enumerate(rows) if "合计" in row)
        for column in range(3, len(rows[at])):
            if rows[at][column] is not None:
                total = sum(
                    Decimal(str(row[column])) for row in rows[3:at] if isinstance(row[column], int | float)
                )
                assert Decimal(str(rows[at][column])) == total, (form, period, column)


def test_a_cut_file_ends_inside_a_row(prepared: Simulator) -> None:
    for form in FORMS.values():
        if form.period_type == "quarter":
            continue
        held = prepared._held["440781", form.code, "2026-07"]
        text = rendering.csv_text(held, rendering.hand_written, "\r\n")
        cut = list(csv.reader(io.StringIO(rendering.cut_text(text))))
        assert len(cut[-1]) == 2
        assert all(len(row) == len(cut[0]) for row in cut[:-1])
        assert 0.4 < len(cut) / (len(held.rows) + 1) < 0.8


def test_the_workbook_writer_writes_what_others_read() -> None:
    sheets = [
        Sheet("字典", [["甲"]], is_hidden=True),
        Sheet(
            "表",
            [["题", None], ["<a&b>", 12], [" 1,234 ", 1.25], [date(2026, 9, 30), -3]],
            merges=[(1, 1, 1, 2)],
        ),
    ]
    content = workbook(sheets)
    assert content == workbook(sheets)
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book["字典"].sheet_state == "hidden"
    read = [list(row) for row in book["表"].iter_rows(values_only=True)]
    assert read[3] == [datetime(2026, 9, 30), -3]
    assert read[:3] == sheets[1].rows[:3]
    assert [str(each) for each in book["表"].merged_cells.ranges] == ["A1:B1"]
    assert [letter(number) for number in (1, 26, 27, 52, 53, 703)] == ["A", "Z", "AA", "AZ", "BA", "AAA"]
