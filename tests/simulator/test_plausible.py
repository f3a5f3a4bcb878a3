"""Figures without planted faults are plausible and agree with each other.

The checks here are written against the catalogue's words, not with the package's code.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from simulator import Simulator, rendering
from simulator.forms import FORMS
from simulator.headers import required
from simulator.periods import begins_year, last_month, shift
from simulator.tree import Tree
from tests.simulator.held import DIRECT, MONTHS, PACKAGE, QUARTER, TODAY, Key


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
    """Rules that an accepted row breaks (parts above wholes, blanks, warnings), named as in the manifest."""
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
    """Forms agree with the other forms and the tree, except where a contradiction was planted."""
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


def test_honest_reports_do_not_look_like_the_last_one_sent_again(tmp_path: Path) -> None:
    """Of the numbers that are no stocks nineteen in twenty would: the fewest rows stand still most."""
    thinned = Simulator(
        tmp_path,
        today=TODAY,
        months=11,
        faults="none",
        scale=0.05,
        postgres_url="postgresql://nobody@127.0.0.1:1/n",
    )
    thinned.prepare()
    periods: dict[tuple[str, str], list[str]] = defaultdict(list)
    for county, form, period in sorted(thinned._held):
        periods[county, form].append(period)
    shares = dict[Key, float]()
    for (county, form), ours in periods.items():
        moving = [
            f.name for f in FORMS[form].fields if f.type in ("integer", "decimal") and f.kind != "stock"
        ]
        for last, period in pairwise(ours):
            before = {row["unit"]: row for row in thinned.truth(county, form, last)}
            pairs = [
                (before[row["unit"]][name] or 0, row[name] or 0)
                for row in thinned.truth(county, form, period)
                if row["unit"] in before
                for name in moving
            ]
            told = [(was, now) for was, now in pairs if float(was) or float(now)]
            if len(told) >= 20:
                shares[county, form, period] = sum(was == now for was, now in told) / len(told)
    assert {form for _, form, _ in shares} >= {"village_group", "village", "town_service", "town_training"}
    assert max(shares.values()) < 0.95
    assert max(share for (_, form, _), share in shares.items() if form != "village_group") < 0.7
