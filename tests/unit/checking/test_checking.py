"""What is accepted, rejected, returned and found in a report, and that each guard is what stops what it stops.

Reports of two small counties: one row or several, a warning, a control sum, two counties at once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.suites import Suite
from tests.golden import world
from tests.unit.checking.reports import GOOD, accepted, as_csv, judged, one, rejected


def without(catalogue: Catalogue, *rules: str, form: str = "f") -> Suite:
    """The form's suite without these rules."""
    suite = catalogue.suites[form]
    kept = [r.content for r in suite.rules if r.id not in rules]
    assert len(kept) == len(suite.expectations) - len(rules)
    return replace(suite, content={**suite.content, "expectations": kept})


# ---- verdicts


def test_what_is_right_is_accepted(catalogue: Catalogue, small: world.World) -> None:
    checked = one(catalogue, small, GOOD)
    assert checked.verdict == "accepted"
    assert accepted(checked) == [small.codes[v] for v in ("V1", "V2", "V3")]
    assert (checked.rejections, checked.findings, rejected(checked)) == ([], [], {})


def test_accepted_rows_lie_in_the_order_of_their_keys(catalogue: Catalogue, small: world.World) -> None:
    """Whatever the order in the file: the same rows are the same revision."""
    turned = one(catalogue, small, GOOD[::-1])
    assert turned.accepted is not None
    assert turned.accepted.equals(one(catalogue, small, GOOD).accepted)


def test_one_bad_row_goes_back_and_the_others_count(catalogue: Catalogue, small: world.World) -> None:
    checked = one(catalogue, small, [GOOD[0], ["V2", 101, 2, "否"], GOOD[2]])
    assert (checked.verdict, checked.reason_code) == ("partial", "rows_rejected")
    assert accepted(checked) == [small.codes["V1"], small.codes["V3"]]
    assert rejected(checked) == {small.codes["V2"]: ["f.n.critical_max"]}
    assert "f!B3" in (checked.message_en or "")
    assert "f!B3" in (checked.message_zh or "")


def test_every_row_bad_is_returned(catalogue: Catalogue, small: world.World) -> None:
    checked = one(catalogue, small, [["V1", 101, 1, ""], ["V2", 102, 1, ""]])
    assert (checked.verdict, checked.reason_code) == ("returned", "no_row_accepted")
    assert len(rejected(checked)) == 2


def test_a_row_names_every_rule_that_it_breaks(catalogue: Catalogue, small: world.World) -> None:
    checked = one(catalogue, small, [GOOD[0], ["X9", 101, 102, "是"]])
    assert sorted(rejected(checked)["X9"]) == ["f.n.critical_max", "f.part.within_n", "f.unit_code.known"]


def test_rejected_rows_are_kept_as_received_with_cell_addresses(
    catalogue: Catalogue, small: world.World
) -> None:
    checked = one(catalogue, small, [GOOD[0], ["V2", "１０１", "2", "maybe"]])
    assert checked.rejected is not None
    (row,) = checked.rejected.to_pylist()
    assert (row["n"], row["note"]) == ("１０１", "maybe")
    assert dict(zip(row["rules"], row["addresses"], strict=True)) == {
        "f.note.type": "f!D3",
        "f.n.critical_max": "f!B3",
    }


def test_no_rejected_row_is_kept_with_a_person_in_it(catalogue: Catalogue, small: world.World) -> None:
    checked = one(catalogue, small, [GOOD[0], ["990001101002 林佩仪", "1", "2", "是"]])
    assert checked.rejected is not None
    (row,) = checked.rejected.to_pylist()
    assert row["unit_code"] == "(16 字 characters)"
    assert "林佩仪" not in str(checked.rejections) + str(checked.rejected.to_pylist())


def test_the_summary_counts_rows_a_rule_and_shows_the_first_cell(
    catalogue: Catalogue, small: world.World
) -> None:
    checked = one(catalogue, small, [["V1", 101, 1, ""], ["V2", 102, 1, ""], ["V3", "x", 1, ""]])
    lines = {line.rule: (line.rows, line.example) for line in checked.rejections}
    assert lines == {"f.n.critical_max": (2, "f!B2"), "f.n.type": (1, "f!B4")}
    assert all(line.message_zh and line.message_en for line in checked.rejections)


# ---- severities


def test_a_warning_is_a_finding_on_an_accepted_row(catalogue: Catalogue, small: world.World) -> None:
    checked = one(catalogue, small, [GOOD[0], ["V2", 51, 2, ""]])
    assert checked.verdict == "accepted"
    (found,) = checked.findings
    assert (found.rule, found.severity, found.words.value) == ("f.n.warn_above", "warning", "51")
    assert (found.unit_code, found.org_code) == (small.codes["V2"], small.codes["V2"])


def test_an_info_is_a_finding_too(catalogue: Catalogue, small: world.World) -> None:
    (found,) = one(catalogue, small, [["V1", 5, 0, ""]]).findings
    assert (found.rule, found.severity) == ("f.part.usual", "info")


def test_a_rejected_row_has_no_findings(catalogue: Catalogue, small: world.World) -> None:
    """101 breaks the limit and the warning; what goes back is not also flagged."""
    checked = one(catalogue, small, [GOOD[0], ["V2", 101, 0, ""]])
    assert rejected(checked)
    assert checked.findings == []


def test_a_finding_keeps_its_id_while_it_is_the_same(catalogue: Catalogue, small: world.World) -> None:
    def ids(n: int) -> list[str]:
        return [f.finding_id for f in one(catalogue, small, [["V2", n, 2, ""], GOOD[0]]).findings]

    assert ids(51) == ids(51)
    assert ids(51) != ids(52)


# ---- many counties at once


def test_each_county_gets_its_own_rows_problems_and_findings(
    catalogue: Catalogue, small: world.World
) -> None:
    header = ["unit_code", "n", "part", "note"]
    a = [[small.codes["V1"], 1, 1, ""], [small.codes["V2"], 200, 1, ""]]
    b = [[small.codes["W1"], 60, 1, "x"], [small.codes["W2"], 1, 2, ""], [small.codes["W3"], "?", 1, ""]]
    first, second = judged(catalogue, {"990001": as_csv([header, *a]), "990002": as_csv([header, *b])})
    assert rejected(first) == {small.codes["V2"]: ["f.n.critical_max"]}
    assert rejected(second) == {small.codes["W2"]: ["f.part.within_n"], small.codes["W3"]: ["f.n.type"]}
    assert [(f.county_code, f.unit_code) for f in second.findings] == [("990002", small.codes["W1"])]
    assert (first.findings, first.rejections[0].example) == ([], "f!B3")
    assert {line.example for line in second.rejections} == {"f!C3", "f!B4"}


def test_a_unit_of_another_county_is_not_known_here(catalogue: Catalogue, small: world.World) -> None:
    checked = one(catalogue, small, [GOOD[0], ["W1", 1, 1, ""]])
    assert rejected(checked) == {small.codes["W1"]: ["f.unit_code.known"]}


# ---- the control sum


def test_totals_that_agree_pass_and_are_no_row(catalogue: Catalogue, small: world.World) -> None:
    checked = one(catalogue, small, [*GOOD, ["合计", 18, 6, ""]], totals=("合计",))
    assert checked.verdict == "accepted"
    assert len(accepted(checked)) == 3


def test_a_total_that_does_not_agree_returns_the_submission(catalogue: Catalogue, small: world.World) -> None:
    checked = one(catalogue, small, [*GOOD, ["合计", 19, 6, ""]], totals=("合计",))
    assert (checked.verdict, checked.reason_code) == ("returned", "totals_agree")
    assert (checked.accepted, checked.rejected, checked.findings) == (None, None, [])
    assert "f!B5" in (checked.message_en or "")
    assert "19" in (checked.message_zh or "")
    assert "18" in (checked.message_zh or "")


def test_a_wrong_total_of_one_county_returns_no_other(catalogue: Catalogue, small: world.World) -> None:
    header = ["unit_code", "n", "part", "note"]
    wrong = as_csv([header, [small.codes["V1"], 1, 1, ""], ["合计", 2, 1, ""]])
    right = as_csv([header, [small.codes["W1"], 1, 1, ""], ["合计", 1, 1, ""]])
    first, second = judged(catalogue, {"990001": wrong, "990002": right}, totals=("合计",))
    assert (first.verdict, second.verdict) == ("returned", "accepted")


# ---- each guard stops what it stops: without it the same rows pass

GUARDS: dict[str, list[Any]] = {
    "f.unit_code.present": ["", 1, 1, ""],
    "f.unit_code.known": ["990001001777", 1, 1, ""],
    "f.unit_code.unique": ["V1", 1, 1, ""],
    "f.n.critical_max": ["V2", 101, 1, ""],
    "f.part.within_n": ["V2", 1, 2, ""],
}


@pytest.mark.parametrize("rule", GUARDS)
def test_without_the_guard_the_faulty_row_passes(catalogue: Catalogue, small: world.World, rule: str) -> None:
    rows = [GOOD[0], GUARDS[rule]]
    stopped = one(catalogue, small, rows)
    assert rule in {r for rules in rejected(stopped).values() for r in rules}
    also = {"f.unit_code.known"} if rule == "f.unit_code.present" else set()  # no code is no known code
    passed = one(catalogue, small, rows, suite=without(catalogue, rule, *also))
    assert passed.verdict == "accepted"
    assert rejected(passed) == {}


def test_without_the_control_sum_a_wrong_total_passes(catalogue: Catalogue, small: world.World) -> None:
    rows = [*GOOD, ["合计", 19, 6, ""]]
    passed = one(catalogue, small, rows, totals=("合计",), suite=without(catalogue, "f.n.totals_agree"))
    assert passed.verdict == "accepted"


def test_both_rows_of_a_key_go_back(catalogue: Catalogue, small: world.World) -> None:
    checked = one(catalogue, small, [GOOD[0], GOOD[1], ["V1", 9, 1, ""]])
    assert checked.rejected is not None
    assert checked.rejected.column("unit_code").to_pylist() == [small.codes["V1"]] * 2
    assert accepted(checked) == [small.codes["V2"]]


def test_a_towns_subtotal_goes_back_once(catalogue: Catalogue, small: world.World) -> None:
    """It is told as what it is, and not as a unit that nobody expected, too; another county's village is."""
    checked = one(catalogue, small, [GOOD[0], ["T", 9, 1, ""], ["W1", 9, 1, ""]])
    assert checked.rejected is not None
    assert checked.rejected.column("unit_code").to_pylist() == [small.codes["T"], small.codes["W1"]]
    unexpected = [f.unit_code for f in checked.findings if f.rule == "f.unit_code.unexpected"]
    assert unexpected == [small.codes["W1"]]
