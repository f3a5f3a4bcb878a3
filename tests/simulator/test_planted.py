"""Submissions have the planned faults, and no others.

The checks here are written against the catalogue's words, not with the package's code.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from simulator import Simulator, rendering
from simulator.forms import FORMS
from simulator.periods import shift
from simulator.tree import Tree
from tests.simulator.held import DIRECT, MONTHS, QUARTER, TODAY, Key, submission

ALL_BUT_DIRECT = ("440703", "440704", "440705", "440781", "440783", "440784", "440785")


def test_every_kind_of_fault_is_planted_and_440703_is_clean(prepared: Simulator) -> None:
    faults = prepared.manifest["faults"]
    kinds = Counter(fault["kind"] for fault in faults)
    assert set(kinds) == {
        "text_in_number", "unit_in_number", "letter_o", "decimal_in_integer", "negative_count", "part_above_whole",
        "duplicate_key", "malformed_key", "blank_key", "unknown_unit", "other_county_unit", "unexpected_unit",
        "unknown_enum", "unchanged",
        "required_blank", "ytd_falls", "branch_below_three", "members_above_residents",
        "groups_above_village", "text_in_date", "part_above_sum", "open_does_not_balance",
        "centres_above_units", "leaders_above_groups", "overseas_above_villages", "posts_below_units",
        "graded_below_villages", "cases_above_clues", "due_after_plan", "done_without_evidence",
        "late_report", "wrong_total", "personal_data", "empty_package", "truncated_upload", "late_county",
        "unknown_header", "missing_column", "subtotal_row", "impossible_number", "yuan_for_ten_thousand",
        "name_of_another_unit", "title_of_another_period", "rows_below_sign_off", "semicolons_in_csv",
        "codes_as_numbers", "divided_by_its_format", "unit_of_another_scale", "blank_column",
        "dashes_for_zeros", "names_slipped", "hidden_rows", "hidden_column", "last_month_again", "few_units",
        "card_number", "shortened_code", "undeclared_total", "note_below", "dash_alone", "sum_of_siblings",
        "loose_number", "percent_in_amount", "title_row_deleted", "cell_twice", "garbled", "two_files", "file_renamed",
        "unfilled_form", "subtotals_as_units", "header_of_last_year", "merged_cells", "unseen_cells", "header_twice",
        "nobody_approved",
        "copied_sheet", "no_left_blank", "blanks_in_codes", "last_month_mended", "in_hundreds", "in_tens",
        "towns_subtotal", "average", "page_number", "zeros", "nameless_total", "struck_rows", "row_numbers",
        "filled_down_income", "column_twice", "unchanged_in_other_words", "nothing_filled", "date_for_a_title",
        "units_below_brackets", "filled_down", "name_of_another_task",
        "groups_appended_again", "group_names_slipped",
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
    counties = Counter(fault["county"] for fault in faults if fault["rows"] and "row_rule" not in fault)
    assert counties.pop(DIRECT) == 1
    assert sorted(counties) == ["440704", "440705", "440781", "440783", "440784", "440785"]
    assert max(counties.values()) - min(counties.values()) <= 7


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
    assert statuses["440783", "village", "2026-08"] == "held"
    assert statuses["440781", "community", "2026-09"] == "returned"
    assert statuses["440784", "village_group", "2026-07"] == "returned"
    assert statuses["440784", "community", "2026-10"] == "withheld"
    assert statuses["440785", "village", "2026-10"] == "late"
    assert statuses["440784", "town_service", "2026-07"] == "returned"
    assert statuses["440704", "town_overseas", QUARTER] == "late"
    reasons = Counter(each["reason"] for each in manifest["submissions"] if each["status"] == "returned")
    assert reasons.pop("no_row_accepted") == 8
    assert sum(reasons.values()) == 18
    assert {
        (each["county"], each["form"], each["period"]): each["reason"]
        for each in manifest["submissions"]
        if each["status"] == "held"
    } == {
        ("440784", "community", "2026-08"): "unit_of_another_scale",
        ("440705", "village", "2026-08"): "scaled_number_format",
        ("440783", "village", "2026-08"): "implausible_in_most_rows",
        ("440783", "village_group", "2026-08"): "blank_column",
        ("440784", "town_service", "2026-08"): "names_of_other_units",
        ("440785", "village", "2026-08"): "missing_in_most_rows",
        ("440781", "town_service", "2026-07"): "side_by_side",
        ("440704", "town_service", "2026-07"): "all_zero",
        ("440785", "village_group", "2026-07"): "sums_of_other_rows",
        ("440705", "community", "2026-09"): "another_time_span",
        ("440785", "village", "2026-07"): "unit_of_another_scale",
    }


def rule_of(fault: dict[str, Any]) -> str:
    """The rule that its row breaks; if the whole submission goes back, from `row_rule`."""
    return str(fault.get("row_rule", fault["expected_rule"]))


def test_most_counties_keep_their_row_of_a_countys_form(
    rows: dict[Key, list[dict[str, Any]]],
) -> None:
    for form in FORMS.values():
        if form.grain == "county":
            kept = [c for c in ALL_BUT_DIRECT if any(row["accepted"] for row in rows[c, form.code, QUARTER])]
            assert len(kept) >= 5, form.code


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
        if kind in ("text_in_number", "unit_in_number", "letter_o"):
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
        elif kind == "subtotal_row":
            assert key[:12] in tree.codes
            assert key[12:] == "00"
        elif kind == "impossible_number":
            assert cell > 10_000_000
        elif kind == "card_number":
            assert re.fullmatch("[0-9]{12}", cell)
        elif kind == "shortened_code":
            assert re.fullmatch(r"4[.]40[0-9]{3}E[+]11", cell)
        elif kind == "undeclared_total":
            last = held.rows[-1]
            assert (cell, written[0][held.form.name_field], last.code) == ("总计", "", "总计")
            counts = [held.value(row, "mobilisations") for row in held.rows[:-1]]
            assert sum(number for number in counts if isinstance(number, int)) == written[0]["mobilisations"]
        elif kind == "note_below":
            assert cell.startswith("注：")
            assert {each for name, each in written[0].items() if name != fault["field"]} == {None, ""}
        elif kind == "loose_number":
            assert len([each for each in written[0].values() if each is not None]) == 1
            assert held.rows[-1].code == "零星数字"
        elif kind == "towns_subtotal":
            assert cell in tree.towns
        elif kind in ("average", "page_number"):
            assert cell == {"average": "平均", "page_number": "第1页"}[kind]
        elif kind in ("zeros", "nameless_total"):
            numbers = [each for each in written[0].values() if each is not None]
            assert (cell, set(numbers) == {0}) == (None, kind == "zeros")
        elif kind == "percent_in_amount":
            assert cell == "12.5%"
        else:
            assert kind == "required_blank"
            assert cell is None
    assert len(seen) == 29


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
    # a new year starts year-to-date figures anew: an unchanged report has none
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
