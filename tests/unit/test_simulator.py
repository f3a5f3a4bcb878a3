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
from simulator.periods import reporting_month, served_months, shift
from simulator.submissions import Submission
from simulator.tree import Tree
from simulator.workbook import Sheet, letter, workbook

PACKAGE = Path(simulator.__file__).parent
TODAY = "2026-11-24"
MONTHS = ["2026-07", "2026-08", "2026-09", "2026-10"]
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
    assert len(held) == 7 * 3 * 4
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
    with pytest.raises(ValueError, match="at least 1"):
        served_months(tree_date.today, 0)


def test_arguments_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no county system 440799"):
        Simulator(tmp_path, counties=["440799"])
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
    assert counties == ["440703", "440704", "440705", "440781", "440783", "440784", "440785"]
    for form in FORMS.values():
        expected = [form.key, form.name_field, *(field.name for field in form.fields)]
        for county in counties:
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
        made = Simulator(tmp_path / name, **{"today": TODAY, "scale": 0.05, "months": 2} | arguments)
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
}  # fmt: skip


def test_accepted_figures_are_within_the_catalogues_ranges(rows: dict[Key, list[dict[str, Any]]]) -> None:
    for (_, form, _), held in rows.items():
        for field, (low, high) in RANGES[form].items():
            right = [row[field] for row in held if row["accepted"] and not row["fault"]]
            values = [Decimal(value) for value in right if value is not None]
            assert all(low <= value <= high for value in values), (form, field, min(values), max(values))


def test_the_citys_share_of_party_leaders_starts_between_35_and_45_percent_and_rises(tmp_path: Path) -> None:
    shares = []
    for today in ("2024-02-01", "2025-02-01", "2026-02-01", "2027-02-01"):
        made = Simulator(
            tmp_path, today=today, months=1, faults="none", postgres_url="postgresql://127.0.0.1:1/"
        )
        made.prepare()
        groups = [
            row for county in made.counties for row in made.truth(county, "village_group", made.months[0])
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
    return found


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
        fault: {entry["expected_rule"]}
        for fault, entry in planted.items()
        if entry["kind"] in ("branch_below_three", "members_above_residents")
    }
    assert found == expected


def test_year_to_date_figures_accumulate(prepared: Simulator, rows: dict[Key, list[dict[str, Any]]]) -> None:
    falls = set()
    compared = 0
    for (county, form, period), held in rows.items():
        if period == MONTHS[0]:
            continue
        before = {row["unit"]: row for row in rows[county, form, shift(period, -1)] if row["accepted"]}
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
    assert len(falls) == 3


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
        if form == "village_group":
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
        "duplicate_key", "malformed_key", "blank_key", "unknown_unit", "other_county_unit", "unknown_enum",
        "required_blank", "ytd_falls", "branch_below_three", "members_above_residents",
        "groups_above_village",
        "wrong_total", "personal_data", "empty_package", "truncated_upload", "late_county", "unknown_header",
        "missing_column",
    }  # fmt: skip
    pairs = {
        (fault["form"], fault["expected_rule"]) for fault in faults if fault["kind"] == "part_above_whole"
    }
    assert pairs == {
        (form.code, f"{form.code}.{part}.within_{whole}")
        for form in FORMS.values()
        for part, whole in form.pairs
    }
    counties = Counter(fault["county"] for fault in faults if fault["effect"] in ("row_rejected", "warning"))
    assert sorted(counties) == ["440704", "440705", "440781", "440783", "440784", "440785"]
    assert max(counties.values()) - min(counties.values()) <= 3


def test_the_manifest_agrees_with_the_truth(
    prepared: Simulator, rows: dict[Key, list[dict[str, Any]]]
) -> None:
    manifest = json.loads((prepared.directory / "manifest.json").read_text(encoding="utf-8"))
    assert manifest == json.loads(json.dumps(prepared.manifest))
    by_id = {fault["id"]: fault for fault in manifest["faults"]}
    for entry in manifest["submissions"]:
        held = rows[entry["county"], entry["form"], entry["period"]]
        assert sum(row["accepted"] for row in held) == entry["rows_accepted"]
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
    assert Counter(statuses.values())["returned"] == 7


def submission(prepared: Simulator, fault: dict[str, Any]) -> Submission:
    return prepared._held[fault["county"], fault["form"], fault["period"]]


def test_planted_faults_are_in_what_is_written(prepared: Simulator) -> None:
    tree = Tree()
    seen = set()
    for fault in prepared.manifest["faults"]:
        if fault["effect"] != "row_rejected":
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
            assert cell > written[0][fault["expected_rule"].partition(".within_")[2]]
        elif kind == "duplicate_key":
            assert written[0][held.form.key] == written[1][held.form.key]
            assert written[0] != written[1]
        elif kind == "malformed_key":
            assert len(key) == 13
        elif kind == "blank_key":
            assert key is None
        elif kind == "unknown_unit":
            assert key[:12] not in tree.codes
            assert key[:9] in tree.towns
        elif kind == "other_county_unit":
            assert key[:12] in tree.codes
            assert key[:6] != fault["county"]
        elif kind == "unknown_enum":
            assert cell in ("党总支", "其他")
        else:
            assert kind == "required_blank"
            assert cell is None
    assert len(seen) == 12


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
    assert len(manifest["missing_units"]) == 9
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
    for form in FORMS:
        held = prepared._held["440781", form, "2026-07"]
        text = rendering.csv_text(held, rendering.hand_written, "\r\n")
        cut = list(csv.reader(io.StringIO(rendering.cut_text(text))))
        assert len(cut[-1]) == 2
        assert all(len(row) == len(cut[0]) for row in cut[:-1])
        assert 0.4 < len(cut) / (len(held.rows) + 1) < 0.8


def test_the_workbook_writer_writes_what_others_read() -> None:
    sheets = [
        Sheet("字典", [["甲"]], is_hidden=True),
        Sheet("表", [["题", None], ["<a&b>", 12], [" 1,234 ", 1.25], [None, -3]], merges=[(1, 1, 1, 2)]),
    ]
    content = workbook(sheets)
    assert content == workbook(sheets)
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book["字典"].sheet_state == "hidden"
    assert [list(row) for row in book["表"].iter_rows(values_only=True)] == sheets[1].rows
    assert [str(each) for each in book["表"].merged_cells.ranges] == ["A1:B1"]
    assert [letter(number) for number in (1, 26, 27, 52, 53, 703)] == ["A", "Z", "AA", "AZ", "BA", "AAA"]
