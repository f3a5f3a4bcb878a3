"""What a row is rejected for, and in which words: decided once, told to the ledger and to the county."""

from __future__ import annotations

from typing import Any

import pytest

from qiangji.catalogue.load import Catalogue
from qiangji.checking import Checked, publishing
from qiangji.checking.breaches import Unreadable
from qiangji.feedback.problems import problems_of
from tests.golden import world
from tests.unit.checking.reports import GOOD, one


@pytest.fixture
def said(catalogue: Catalogue, small: world.World) -> Any:
    def of(*rows: list[Any], **options: Any) -> Checked:
        return one(catalogue, small, rows, **options)

    return of


def told(checked: Checked, catalogue: Catalogue) -> list[tuple[str, int | None, str]]:
    """(rule, row, address) of what the county is told."""
    return [(p.rule, p.row, p.address) for p in problems_of(checked, catalogue.forms["f"])]


def test_both_printers_tell_the_same_breaches(said: Any, catalogue: Catalogue) -> None:
    """Each rejected row's reasons in the ledger are what its county is told is critical about it."""
    checked = said(GOOD[0], ["V2", 101, 102, "maybe"], ["X9", "x", 1, ""])
    kept = {
        (rule, row["_row"], address)
        for row in checked.rejected.to_pylist()
        for rule, address in zip(row["rules"], row["addresses"], strict=True)
    }
    problems = problems_of(checked, catalogue.forms["f"])
    assert {(p.rule, p.row, p.address) for p in problems if not p.is_warning} == kept
    for line in checked.rejections:
        first = next(p for p in problems if p.rule == line.rule)
        assert line.message_zh == f"{first.message_zh}，应为{first.expected_zh}"
        assert line.message_en == f"{first.message_en} (expected {first.expected_en})"


def test_a_cell_that_cannot_be_read_is_told_once(said: Any, catalogue: Catalogue) -> None:
    """n cannot be read, so nothing is said of part <= n, of which it is a field too."""
    checked = said(GOOD[0], ["V2", "x", 0, ""])
    assert [b.rule.id for b in checked.breaches] == ["f.n.type", "f.part.usual"]
    assert told(checked, catalogue) == [("f.n.type", 3, "f!B3"), ("f.part.usual", 3, "f!C3")]


def test_a_dash_is_asked_about_and_costs_no_row(said: Any, catalogue: Catalogue) -> None:
    """An accounting format's zero is not dropped in silence: is it zero, or is nothing known?"""
    checked = said(GOOD[0], ["V2", " -   ", 1, ""])
    assert (checked.verdict, checked.accepted.num_rows, checked.rejections) == ("accepted", 2, [])
    (finding,) = checked.findings
    assert (finding.rule, finding.severity, finding.fields) == ("f.n.dash", "warning", ("n",))
    assert (finding.words.value, finding.words.expected_zh[:1]) == ("-", "0")
    assert "是否为零" in finding.words.message_zh
    assert "is it zero" in finding.words.message_en
    assert told(checked, catalogue) == [("f.n.dash", 3, "f!B3")]
    assert checked.accepted.column("n").to_pylist() == [5, None]


def test_a_dash_excuses_no_other_cell_of_its_row(said: Any, catalogue: Catalogue) -> None:
    checked = said(GOOD[0], ["V2", "-", 1, "maybe"])
    assert checked.verdict == "partial"
    assert [line.rule for line in checked.rejections] == ["f.note.type"]
    assert checked.findings == []


def test_a_pasted_card_number_goes_back_and_is_not_quoted(said: Any, catalogue: Catalogue) -> None:
    number = "6222021234567890123"
    checked = said(GOOD[0], ["V2", number, 1, ""])
    (line,) = checked.rejections
    assert (checked.verdict, line.rule, line.example) == ("partial", "f.n.too_large", "f!B3")
    assert number not in line.message_zh + line.message_en + (checked.message_zh or "")
    assert "卡号" in line.message_zh
    assert "digits" in line.message_en


def test_where_no_row_is_left_the_rule_of_most_rows_is_told(said: Any, catalogue: Catalogue) -> None:
    """With its first cell and what to do, not only that it is so; a malformed code is not unknown, too."""
    checked = said(["X1", 3, 1, ""], ["X2", 3, 1, ""], ["V3", "x", 1, ""])
    assert (checked.verdict, checked.reason_code) == ("returned", "no_row_accepted")
    (first, second) = checked.rejections
    assert (first.rows, second.rows) == (2, 1)
    assert checked.message_zh == (
        f"3条记录均未通过核查：2条不符合{first.rule}，如{first.example}：{first.message_zh}；另有1类问题。请改正后重报整表"
    )
    assert first.rule in (checked.message_en or "")
    assert len({b.rule.id for b in checked.breaches if b.index == 0}) == 1


def test_questions_stand_one_behind_the_other() -> None:
    assert publishing._joined([], "；", "？") == ""
    assert publishing._joined(["甲？", "乙。请改正", "丙？"], "；", "？") == "甲？乙。请改正；丙？"
    assert publishing._joined(["a?", "b", "c?", "d"], "; ", "? ") == "a? b; c? d"


def test_a_countys_own_text_is_shown_to_it_alone(said: Any, catalogue: Catalogue) -> None:
    name = "林佩仪"
    checked = said(GOOD[0], ["V2", name, 1, ""])
    (line,) = checked.rejections
    (problem,) = problems_of(checked, catalogue.forms["f"])
    assert name not in line.message_zh + line.message_en + checked.message_zh
    assert (problem.value, name in problem.message_zh) == (name, True)


def test_a_submission_that_goes_back_as_a_whole_is_told_cell_by_cell_too(
    said: Any,
    catalogue: Catalogue,
) -> None:
    checked = said(*GOOD[:2], ["V3", "x", 3, ""], ["合计", 11, 7, ""], totals=("合计",))
    assert checked.reason_code == "totals_agree"
    assert checked.rejections == []
    assert told(checked, catalogue) == [
        ("totals_agree", None, ""),
        ("f.part.total", 5, "f!C5"),
        ("f.n.type", 4, "f!B4"),
    ]
    assert isinstance(checked.breaches[0].rule, Unreadable)
