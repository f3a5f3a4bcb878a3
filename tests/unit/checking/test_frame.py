"""Context columns that follow from the submission: rows that are no unit, rows that add up others."""

from __future__ import annotations

from typing import Any

import pytest

from qiangji.checking import Checked
from qiangji.parsing.totals import says_total
from tests.unit.checking.reports import REAL, as_csv, judged

GROUP = REAL.forms["village_group"]
COLUMNS = ["小组编码", "小组名称", *GROUP.fields]
V = "440705001203"


@pytest.mark.parametrize(
    "text",
    [
        "小计",
        "小 计",
        "合计：",
        "白沙街道小计",
        "总计（全县）",
        "累计",
        "Total",
        "“合计”",
        "第1村民小组小计",
        "共  计",
    ],
)
def test_what_a_total_is_called(text: str) -> None:
    assert says_total(text)


@pytest.mark.parametrize(
    "text", ["第1村民小组", "计家村委会", "小计村", "合计社区", "其他", "Sumner", "", None]
)
def test_what_a_unit_is_called(text: str | None) -> None:
    assert not says_total(text)


def group(serial: str, name: str, *numbers: int, village: str = V) -> list[Any]:
    """A group: households, residents, members, away, leaders, of the Party, concurrent; matters, by procedure."""
    return [village + serial, name, *numbers[:7], "联合支部", "是", *numbers[7:]]


ONE = group("01", "第1组", 41, 155, 4, 0, 1, 1, 0, 1, 1)
TWO = group("02", "第2组", 42, 160, 3, 0, 1, 0, 0, 1, 1)
SUM = (83, 315, 7, 0, 2, 1, 0, 2, 2)


def check(*rows: list[Any]) -> Checked:
    return judged(REAL, {"440705": as_csv([COLUMNS, *rows])}, form="village_group")[0]


def keys(checked: Checked) -> list[str]:
    assert checked.accepted is not None
    return checked.accepted.column("group_code").to_pylist()


def rules_of_rejected(checked: Checked) -> set[str]:
    assert checked.rejected is not None
    return {rules[0] for rules in checked.rejected.column("rules").to_pylist()}


@pytest.mark.parametrize(
    "line",
    [
        group("00", "小计", *SUM),
        group("00", "沙坑村", *SUM),
        group("09", "小计", *SUM),
        group("08", "沙坑村 合计：", *SUM),
    ],
    ids=["serial and name", "serial alone", "name alone", "name behind the village's"],
)
def test_a_subtotal_is_no_group(line: list[Any]) -> None:
    checked = check(line, ONE, TWO)
    assert keys(checked) == [V + "01", V + "02"]
    assert rules_of_rejected(checked) == {"village_group.group_code.not_a_total"}
    assert checked.verdict == "partial"
    assert "不是填报单位" in (checked.message_zh or "")
    assert not [f for f in checked.findings if f.rule.endswith("not_a_sum")]


def test_a_row_that_adds_up_its_siblings_is_found() -> None:
    checked = check(ONE, TWO, group("03", "沙坑村", *SUM))
    assert keys(checked) == [V + "01", V + "02", V + "03"]
    assert [f.unit_code for f in checked.findings if f.rule == "village_group.group_code.not_a_sum"] == [
        V + "03"
    ]


@pytest.mark.parametrize(
    "rows",
    [
        [ONE, group("02", "第2组", *ONE[2:9], *ONE[11:])],
        [ONE, TWO, group("03", "第3组", 83, 315, 7, 0, 2, 1, 0, 2, 3)],
        [group("01", "a", 1, 0, 0, 0, 0, 0, 0, 0, 0), group("02", "b", 1, 0, 0, 0, 0, 0, 0, 0, 0),
         group("03", "c", 2, 0, 0, 0, 0, 0, 0, 0, 0)],
    ],
    ids=["two that are alike", "one number differs", "hardly any number"],
)  # fmt: skip
def test_what_only_looks_like_a_sum_is_not_found(rows: list[list[Any]]) -> None:
    assert not [f for f in check(*rows).findings if f.rule.endswith("not_a_sum")]


def test_a_total_of_the_whole_report_under_a_units_code_is_found() -> None:
    other = "440705001204"
    rows = [ONE, TWO, group("01", "第1组", 10, 40, 1, 0, 1, 0, 0, 1, 0, village=other)]
    total = group("02", "第2组", 93, 355, 8, 0, 3, 1, 0, 3, 2, village=other)
    found = [f.unit_code for f in check(*rows, total).findings if f.rule.endswith("not_a_sum")]
    assert found == [other + "02"]


def test_a_control_sum_adds_up_the_groups_and_not_their_subtotals() -> None:
    total = ["", "合计", *SUM[:7], "", "", *SUM[7:]]
    rows = [COLUMNS, group("00", "小计", *SUM), ONE, TWO, total]
    (checked,) = judged(REAL, {"440705": as_csv(rows)}, form="village_group", totals=("合计",))
    assert (checked.verdict, keys(checked)) == ("partial", [V + "01", V + "02"])


def test_a_code_that_lost_a_digit_is_no_subtotal() -> None:
    """Serial 02 cut to 0: its row goes back for its code, and the total adds it up as the county did."""
    total = ["", "合计", *SUM[:7], "", "", *SUM[7:]]
    rows = [COLUMNS, ONE, [V + "0", *TWO[1:]], total]
    (checked,) = judged(REAL, {"440705": as_csv(rows)}, form="village_group", totals=("合计",))
    assert (checked.verdict, keys(checked)) == ("partial", [V + "01"])
    assert rules_of_rejected(checked) == {"village_group.group_code.format"}
