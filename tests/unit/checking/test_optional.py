"""A field that is optional until a month: what a report without its column, or with an empty one, is judged to be."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from qiangji import checking
from qiangji.catalogue.load import Catalogue, load
from qiangji.checking.verdict import Checked
from qiangji.errors import CatalogueError
from qiangji.lake import Lake, rows_hash
from qiangji.ledger import Pending
from tests.golden import world

PRESENT = "expect_column_values_to_not_be_null"
UNITS = ["V1", "V2", "V3", "V4"]
INDICATORS = [
    {"code": "x", "numerator": {"sum": "n"}, "denominator": {"count": "rows"}},
    {"code": "y", "since": "2026-10", "numerator": {"sum": "new"}, "denominator": {"count": "rows"}},
]
COUNTY = "990001"


def made(folder: Path, severity: str = "warning", **of_new: Any) -> tuple[Catalogue, world.World]:
    new = {"since": "2026-10", "may_be_empty": False, "headers": ["新项"]} | of_new
    rule = {
        "field": "new",
        "rule": "present",
        "type": PRESENT,
        "severity": severity,
        "kwargs": {"column": "new"},
    }
    forms: dict[str, Any] = {"f": {"fields": {"n": {}, "new": new}, "expectations": [rule]}}
    small = world.make(folder / "world", {"Z": {"A": {"T": UNITS}}}, forms, INDICATORS)
    return load(small.catalogue, small.expectations), small


def examined(
    catalogue: Catalogue, small: world.World, folder: Path, period: str, head: str, cells: str, rows: int = 4
) -> Checked:
    """What check makes of a report, through the cage as in a night."""
    lines = [f"unit_code,n{head}", *(f"{small.codes[u]},{i}{cells}" for i, u in enumerate(UNITS[:rows], 1))]
    lake = Lake(folder / "lake")
    part = Pending(
        delivery_id="d", county_code=COUNTY, received_at=datetime.now(UTC), form="f", period=period, kind="csv",
        sha256=lake.put_raw("\n".join(lines).encode()),
    )  # fmt: skip
    (one,) = checking.examine(catalogue, lake, [part])
    return one


def said(one: Checked) -> list[str]:
    return [f.rule for f in one.findings]


@pytest.mark.parametrize("severity", ["warning", "critical"])
@pytest.mark.parametrize("rows", [1, 4])
def test_without_its_column_a_report_is_accepted_and_asked_for_it_once(
    tmp_path: Path, severity: str, rows: int
) -> None:
    catalogue, small = made(tmp_path, severity, optional_until="2027-01")
    one = examined(catalogue, small, tmp_path, "2026-10", "", "", rows)
    assert (one.verdict, one.doubts) == ("accepted", [])
    assert said(one) == ["f.new.absent_column"]
    words = one.findings[0].words
    assert "自2027-02期起缺少该列将退回" in words.message_zh
    assert "a report for 2027-02 or later goes back without it" in words.message_en
    assert "新项" in words.expected_en
    assert one.notes == one.findings


def test_its_rows_are_those_of_a_form_without_it(tmp_path: Path) -> None:
    """So a report that was accepted before the field came is the same revision when it is read again."""
    catalogue, small = made(tmp_path, optional_until="2027-01")
    old = examined(catalogue, small, tmp_path, "2026-09", "", "")  # when the form had no such field
    new = examined(catalogue, small, tmp_path, "2026-10", "", "")
    assert old.accepted is not None
    assert new.accepted is not None
    assert rows_hash(old.accepted) == rows_hash(new.accepted)


@pytest.mark.parametrize(
    ("period", "verdict", "code"),
    [("2026-09", "accepted", None), ("2027-01", "accepted", None), ("2027-02", "returned", "missing_column")],
)
def test_it_is_asked_for_from_its_first_month_and_required_after_its_last_optional_one(
    tmp_path: Path, period: str, verdict: str, code: str | None
) -> None:
    catalogue, small = made(tmp_path, optional_until="2027-01")
    one = examined(catalogue, small, tmp_path, period, "", "")
    assert (one.verdict, one.reason_code) == (verdict, code)
    assert ("f.new.absent_column" in said(one)) == (period == "2027-01")


def test_an_empty_column_is_a_finding_and_holds_nothing_while_it_is_optional(tmp_path: Path) -> None:
    catalogue, small = made(tmp_path, optional_until="2027-01")
    optional = examined(catalogue, small, tmp_path, "2027-01", ",新项", ",")
    required = examined(catalogue, small, tmp_path, "2027-02", ",新项", ",")
    assert (said(optional), [d.code for d in optional.doubts]) == (["f.new.blank_column"], [])
    assert [d.code for d in required.doubts] == ["blank_column"]


def test_a_column_that_is_there_is_read(tmp_path: Path) -> None:
    catalogue, small = made(tmp_path, "critical", optional_until="2027-01")
    one = examined(catalogue, small, tmp_path, "2026-10", ",新项", ",7")
    assert (one.verdict, said(one)) == ("accepted", [])
    assert one.accepted is not None
    assert one.accepted.column("new").to_pylist() == [7, 7, 7, 7]
    bad = examined(catalogue, small, tmp_path, "2026-10", ",新项", ",x")
    assert (bad.verdict, bad.reason_code) == ("returned", "no_row_accepted"), "what is sent has to be right"


def test_without_the_key_it_is_required_at_once(tmp_path: Path) -> None:
    catalogue, small = made(tmp_path)
    assert examined(catalogue, small, tmp_path, "2026-10", "", "").reason_code == "missing_column"


@pytest.mark.parametrize("last", ["2026-09", "2027-07"])
def test_it_is_optional_while_it_holds(tmp_path: Path, last: str) -> None:
    with pytest.raises(
        CatalogueError, match=rf"f.yaml.*fields.new.*optional_until {last} is not within since"
    ):
        made(tmp_path, optional_until=last, until="2027-06")
