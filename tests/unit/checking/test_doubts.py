"""Questions about whole reports: what holds one, what only warns, and what nobody is asked about."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from qiangji.catalogue.load import Catalogue, load
from qiangji.checking import Checked, doubts
from qiangji.checking.breaches import Breach
from qiangji.feedback.problems import problems_of
from qiangji.parsing import Parsed
from qiangji.parsing.facts import ANOTHER, ScaledColumn, SheetFacts
from qiangji.parsing.problems import PROBLEMS
from tests.golden import world
from tests.unit.checking.reports import part_of
from tests.unit.checking.six_villages import BETWEEN, VILLAGES, catalogue, codes, judged, rows_of, small

__all__ = ["catalogue", "small"]


def test_nothing_is_asked_about_a_report_as_it_should_be(catalogue: Catalogue, small: world.World) -> None:
    one = judged(catalogue, small, rows_of([10, 20, 30, 40, 50, 60]))
    assert (one.verdict, one.doubts, one.findings) == ("accepted", [], [])


# ---- most rows


def test_yuan_in_a_column_of_ten_thousand_yuan(catalogue: Catalogue, small: world.World) -> None:
    one = judged(catalogue, small, rows_of([101, 200_000, 300_000, 400_000, 0, 60]))
    assert codes(one) == ["implausible_in_most_rows"]
    assert "是否以元填报" in one.doubts[0].zh
    assert "5条中4条高于100万元" in one.doubts[0].zh  # the zero says nothing about the unit
    assert "in yuan" in one.doubts[0].en
    assert one.verdict == "accepted"
    first = problems_of(one, catalogue.forms["f"])[0]
    assert (first.severity, first.rule, first.is_warning) == ("question", "implausible_in_most_rows", False)


@pytest.mark.parametrize(
    ("incomes", "asked"),
    [
        ([200, 200, 200, 50, 50, 50], False),  # half is not most
        ([200, 200, 200, 200, 50, 50], True),
        ([200, 200], False),  # two rows have their findings
        ([20_000, 20_000], True),  # but so far beyond the limit
        ([200, 200, 0.005, 0.005, 50, 50], False),  # some too much, some too little
        ([0.005, 0.005, 0.005, 0.005, 50, 50], True),
        ([0.5, 0.5, 0.5, 0.5, 50, 50], False),  # small units are small
        ([0, 0, 0, 0, 50, 50], False),
    ],
)
def test_most_is_more_than_half_and_some_rows(
    catalogue: Catalogue, small: world.World, incomes: list[float], asked: bool
) -> None:
    one = judged(catalogue, small, rows_of(incomes))
    assert codes(one) == (["implausible_in_most_rows"] if asked else [])


MANY = [f"{name}村委会" for name in "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉"]


@pytest.mark.parametrize(
    ("incomes", "asked"),
    [
        ([0.5] * 20, True),
        ([0] * 19 + [0.5], True),
        ([0, 0.5, 0.9, 0.5] * 5, True),
        ([0.5] * 19 + [50], False),  # nineteen are not many
        ([0.5] * 15 + [50] * 5, False),  # some units are small
        ([1] * 20, False),
    ],
)
def test_a_column_below_what_is_plausible_in_nearly_all_rows(
    tmp_path: Path, incomes: list[float], asked: bool
) -> None:
    """Members in tens, the month's change in place of the stock, zeros: however near to the limit."""
    rule = {"field": "n", "rule": "plausible", "type": BETWEEN, "severity": "warning",
            "kwargs": {"column": "n", "min_value": 1, "max_value": 100}}  # fmt: skip
    made = world.make(
        tmp_path / "w", {"Z": {"A": {"T": MANY}}}, {"f": {"fields": {"n": {"type": "decimal"}, "m": {}},
                                                          "expectations": [rule]}},
        [{"code": "x", "numerator": {"sum": "n"}, "denominator": {"count": "rows"}}],
    )  # fmt: skip
    rows = [(v, v, income, 9) for v, income in zip(MANY, incomes, strict=True)]
    one = judged(load(made.catalogue, made.expectations), made, rows)
    assert codes(one) == (["implausible_in_most_rows"] if asked else [])
    assert not asked or "低于1" in one.doubts[0].zh


def test_zeros_that_were_lost(catalogue: Catalogue, small: world.World) -> None:
    one = judged(catalogue, small, rows_of([5] * 6, ["1", "", "", "", "2", ""]))
    assert codes(one) == ["missing_in_most_rows"]
    assert "应填0" in one.doubts[0].zh
    assert codes(judged(catalogue, small, rows_of([5] * 6, ["1", "", "", "", "2", "3"]))) == []


def test_zeros_that_came_as_dashes(catalogue: Catalogue, small: world.World) -> None:
    """An accounting format's zero, saved as CSV: in most rows the report is held, in some each is asked about."""
    one = judged(catalogue, small, rows_of([5] * 6, ["1", " -   ", " -   ", "", "2", "-"]))
    assert codes(one) == ["missing_in_most_rows"]
    assert "以“-”表示的零" in one.doubts[0].zh
    few = judged(catalogue, small, rows_of([5] * 6, ["1", " -   ", "3", "4", "2", "-"]))
    assert codes(few) == []
    assert [f.rule.rpartition(".")[2] for f in few.findings] == ["dash", "dash"]


# ---- what the sheet says of itself


def test_hidden_rows_and_columns_are_told(catalogue: Catalogue, small: world.World) -> None:
    one = judged(catalogue, small, rows_of([5] * 6), SheetFacts(hidden_rows=2, hidden_columns=("people",)))
    assert codes(one) == []
    assert [f.rule for f in one.findings] == ["f.unit_code.hidden_rows", "f.people.hidden_column"]
    assert "6行数据中有2行被隐藏" in one.findings[0].words.message_zh
    assert one.verdict == "accepted"


def test_a_number_format_that_divides_is_told_and_asked_about(
    catalogue: Catalogue, small: world.World
) -> None:
    some = SheetFacts(scaled_columns=(ScaledColumn("income", 10_000, 2),))
    one = judged(catalogue, small, rows_of([5] * 6), some)
    assert (codes(one), [f.rule for f in one.findings]) == ([], ["f.income.scaled_format"])
    all_of_them = SheetFacts(scaled_columns=(ScaledColumn("income", 10_000, 6),))
    assert codes(judged(catalogue, small, rows_of([5] * 6), all_of_them)) == ["scaled_number_format"]


def test_a_number_format_that_shows_another_number_is_asked_about(
    catalogue: Catalogue, small: world.World
) -> None:
    sheet = SheetFacts(scaled_columns=(ScaledColumn("income", ANOTHER, 6),))
    one = judged(catalogue, small, rows_of([5] * 6), sheet)
    assert codes(one) == ["scaled_number_format"]
    assert "缩小" not in one.doubts[0].zh + one.findings[0].words.message_zh
    assert "显示的不是存储的数值" in one.doubts[0].zh
    assert "digits, a sign or a multiple" in one.findings[0].words.message_en


def test_another_unit_in_title_or_header_is_asked_about(catalogue: Catalogue, small: world.World) -> None:
    for sheet in (SheetFacts(title_texts=("单位：元",)), SheetFacts(units_in_headers={"income": "元"})):
        one = judged(catalogue, small, rows_of([5] * 6), sheet)
        assert codes(one) == ["unit_of_another_scale"]
        assert "以万元填报" in one.doubts[0].zh


def test_a_returned_report_is_asked_nothing(catalogue: Catalogue, small: world.World) -> None:
    one = judged(
        catalogue, small, [("990009009009", v, 10**6, "") for v in VILLAGES], SheetFacts(hidden_rows=1)
    )
    assert (one.verdict, one.doubts, one.findings) == ("returned", [], [])


def test_what_a_person_does_not_see_or_was_not_read_is_told(catalogue: Catalogue, small: world.World) -> None:
    sheet = SheetFacts(
        unseen_cells={"people": 2}, merged_cells={"income": 3}, sheet="行政村",
        covered_cells={"income": (2, "行政村!D5")}, alike_sheets=("行政村 (2)",),
        repeated_headers=2, spaced_codes=4, unheaded_cells=3, unheaded_numbers=1, unheaded_first="行政村!AA10",
        uncomputed_totals=("行政村!D20", "行政村!E20"), uncomputed_names=(1, "行政村!C4"),
    )  # fmt: skip
    one = judged(catalogue, small, rows_of([5] * 6), sheet)
    told = {f.rule.removeprefix("f."): (f.severity, f.fields) for f in one.findings}
    assert told == {
        "people.unseen_cells": ("warning", ("people",)), "income.merged_cells": ("warning", ("income",)),
        "income.covered_cells": ("warning", ("income",)),
        "unit_code.alike_sheets": ("warning", ()), "unit_code.repeated_header": ("info", ()),
        "unit_code.spaced_codes": ("info", ()), "unit_code.no_header": ("warning", ()),
        "unit_code.uncomputed_total": ("warning", ()), "unit_code.uncomputed_names": ("warning", ()),
    }  # fmt: skip
    assert (codes(one), one.verdict) == ([], "accepted")
    covered = next(f.words for f in one.findings if "covered" in f.rule)
    assert "2格（从行政村!D5起）被合并单元格盖住" in covered.message_zh
    assert "not show what is stored there, and it was read" in covered.message_en
    assert "“行政村 (2)”没有读取" in next(f.words.message_zh for f in one.findings if "alike" in f.rule)


@pytest.mark.parametrize(("corrections", "severity"), [((0, ""), "info"), ((1, "行政村!E6"), "warning")])
def test_comments_are_told_by_their_cells(
    catalogue: Catalogue, small: world.World, corrections: tuple[int, str], severity: str
) -> None:
    sheet = SheetFacts(comments=(2, "行政村!D5"), corrections=corrections)
    (told,) = judged(catalogue, small, rows_of([5] * 6), sheet).findings
    assert (told.rule, told.severity) == ("f.unit_code.comments", severity)
    assert "有2格加了批注（从行政村!D5起），批注没有读取" in told.words.message_zh
    assert ("1格（从行政村!E6起）的批注含数字" in told.words.message_zh) == (severity == "warning")
    assert ("is it a correction?" in told.words.message_en) == (severity == "warning")


def test_merged_cells_are_told_where_they_are_why_a_report_goes_back(
    catalogue: Catalogue, small: world.World
) -> None:
    rows = [("990009009009", v, 5, "") for v in VILLAGES]
    one = judged(catalogue, small, rows, SheetFacts(merged_cells={"people": 5}))
    assert (one.verdict, one.findings) == ("returned", [])
    assert next(p.rule for p in problems_of(one, catalogue.forms["f"])) == "f.people.merged_cells"


def test_a_header_of_another_time_and_a_format_of_another_unit_are_asked_about(
    catalogue: Catalogue, small: world.World
) -> None:
    sheet = SheetFacts(headers={"income": ("收入(上年累计)", "income")}, units_in_formats={"people": "户"})
    one = judged(catalogue, small, rows_of([5] * 6), sheet)
    assert codes(one) == ["unit_of_another_scale", "another_time_span"]
    assert "数字格式写明“f_people”的单位是“户”，本表要求以“人”计" in one.doubts[0].zh
    assert "“上年累计”，本表2026-10期要求填期末数" in one.doubts[1].zh
    assert "asks for the number at the end of the period" in one.doubts[1].en


@pytest.mark.parametrize(
    ("field", "said", "code"),
    [
        ("income", "上月", "another_time_span"),
        ("income", "计划", "another_time_span"),
        ("income", "同期", "another_time_span"),
        ("income", "9月", "another_time_span"),
        ("income", "2025年", "another_time_span"),
        ("income", "人均", "another_measure"),
        ("income", "万元、元", "unit_of_another_scale"),
        ("people", "个支部", "another_measure"),
        ("people", "女", "another_measure"),
        ("income", "10月", ""),
        ("income", "10月末", ""),
        ("income", "2026年", ""),
        ("income", "万元", ""),
        ("people", "人、名", ""),
    ],
)
def test_what_a_number_format_says_beside_the_numbers_is_held_against_the_field(
    catalogue: Catalogue, small: world.World, field: str, said: str, code: str
) -> None:
    one = judged(catalogue, small, rows_of([5] * 6), SheetFacts(units_in_formats={field: said}))
    assert codes(one) == ([code] if code else [])
    if code and code != "unit_of_another_scale":
        assert f"的数字格式在数值旁写着“{said}”" in one.doubts[0].zh


@pytest.mark.parametrize(
    ("sheet", "code", "words"),
    [
        (SheetFacts(title_texts=("（2026年10月）年度目标",)), "another_time_span", "标题写着“年度目标”"),
        (SheetFacts(sheet="上年同期数"), "another_time_span", "工作表名写着“上年同期数”"),
        (
            SheetFacts(headers={"income": ("收入(人均)", "收入")}),
            "another_measure",
            "列）在“f_income”上写着“人均”",
        ),
        (
            SheetFacts(headers={"income": ("收入(港币万元)", "x")}),
            "unit_of_another_scale",
            "单位是“港币万元”",
        ),
    ],
)
def test_words_of_titles_and_headers_are_asked_about(
    catalogue: Catalogue, small: world.World, sheet: SheetFacts, code: str, words: str
) -> None:
    one = judged(catalogue, small, rows_of([5] * 6), sheet)
    assert (codes(one), one.verdict) == ([code], "accepted")
    assert words in one.doubts[0].zh
    assert re.search("numbers|counted|in which unit", one.doubts[0].en)


def test_an_amount_in_hundred_millions(catalogue: Catalogue, small: world.World) -> None:
    one = judged(catalogue, small, rows_of([0.0832, 0.0116, 0.0466, 0.0043, 3, 0]), None)
    assert codes(one) == ["implausible_in_most_rows"]
    assert "5个非零数中4个不足0.1万元。是否以亿元填报" in one.doubts[0].zh
    assert codes(judged(catalogue, small, rows_of([0.05, 0.05, 0.5, 3, 3, 0]))) == []
    assert codes(judged(catalogue, small, rows_of([0.05, 0.05]))) == []  # few rows may be small


def test_an_unfilled_form_is_asked_about_and_a_month_without_events_told(
    catalogue: Catalogue, small: world.World
) -> None:
    one = judged(catalogue, small, rows_of([0] * 6, [0] * 6))
    assert codes(one) == ["all_zero"]
    assert "6条记录的数字全部为0" in one.doubts[0].zh
    assert [f.rule for f in one.notes] == ["f.unit_code.nil_report"]
    assert one.notes[0].fields == ("income", "people")
    two = judged(catalogue, small, rows_of([0, 0], [0, 0]))
    assert (codes(two), [f.rule for f in two.notes]) == ([], ["f.unit_code.nil_report"])
    assert judged(catalogue, small, rows_of([0] * 6, [0] * 5 + [1])).notes == []


@pytest.mark.parametrize(
    ("sums", "form", "serial", "is_held"),
    [
        (4, "f", "01", True),
        (2, "f", "01", False),
        (1, "g", "99", True),
        (1, "g", "98", False),
        (1, "f", "99", False),
    ],
)
def test_subtotals_under_codes_of_units_are_held(
    catalogue: Catalogue, small: world.World, sums: int, form: str, serial: str, is_held: bool
) -> None:
    rule = replace(catalogue.suites[form].rules[0], id=f"{form}.unit_code.not_a_sum")
    keys = [f"{small.codes[v][:10]}{serial}" for v in VILLAGES]
    rows = pa.table({"unit_code": keys, "_row": range(2, 8)})
    one = Checked(part_of("990001", form), Parsed(rows, rows, PROBLEMS.empty_table()))
    one.breaches = [Breach(rule, i, i + 2, (0,), f"{form}!A{i + 2}") for i in range(sums)]
    held = list(doubts._of_sums(one, catalogue.forms[form], range(6)))
    assert [d.code for d in held] == (["sums_of_other_rows"] if is_held else [])
    assert not held or f"6条记录中有{sums}条" in held[0].zh
    assert (
        list(doubts._of_sums(one, catalogue.forms[form], [])) == []
    )  # those that go back are counted by nobody


@pytest.mark.parametrize(
    ("answers", "blank"),
    [
        ("是是  是", 2),
        ("√√   ", 3),
        ("是是是是 ", 1),
        ("是否  是", 0),
        ("是是是是是", 0),
        ("     ", 0),
        ("否否   ", 0),
    ],
)
def test_yes_or_blank_is_asked_about(tmp_path: Path, answers: str, blank: int) -> None:
    form = {"fields": {"n": {}, "done": {"type": "boolean", "may_be_empty": False}}, "expectations": []}
    made = world.make(
        tmp_path / "w", {"Z": {"A": {"T": VILLAGES[:5]}}}, {"f": form},
        [{"code": "x", "numerator": {"sum": "n"}, "denominator": {"count": "rows"}}],
    )  # fmt: skip
    rows = [(v, v, 7, a.strip()) for v, a in zip(VILLAGES, answers, strict=False)]
    one = judged(load(made.catalogue, made.expectations), made, rows)
    told = [f for f in one.findings if f.rule == "f.done.yes_or_blank"]
    assert [f.words.value for f in told] == ([str(blank)] if blank else [])
    assert not told or f"{blank}条空白" in told[0].words.message_zh


# ---- rows that nobody filled in


def test_rows_that_are_not_filled_in_are_one_line_for_a_run(catalogue: Catalogue, small: world.World) -> None:
    one = judged(catalogue, small, rows_of([10, "", "", 40, 50, ""], [5, "", "", 5, "", ""]))
    assert one.verdict == "accepted"
    told = [
        (p.rule, p.address, p.row, p.last_row, p.message_zh)
        for p in problems_of(one, catalogue.forms["f"])
        if p.row
    ]
    assert told == [
        ("f.unit_code.not_filled", "f!A3:A4", 3, 4, "第3至4行未填写：共2个单位"),
        ("f.people.present", "f!D6", 6, None, told[1][4]),
        ("f.unit_code.not_filled", "f!A7", 7, None, "该行未填写"),
    ]
    found = [(f.rule, f.severity, f.fields) for f in one.findings if "not_filled" in f.rule]
    assert found == 3 * [("f.unit_code.not_filled", "warning", ("people",))]


def test_a_row_with_a_name_alone_is_to_be_deleted_and_its_name_is_not_shown(
    catalogue: Catalogue, small: world.World
) -> None:
    rows = [*rows_of([10, 20, 30, ""], [5, 5, 5, ""]), ("", "陈小明", "", ""), ("", "李大强", "", "")]
    one = judged(catalogue, small, rows)
    told = [p for p in problems_of(one, catalogue.forms["f"]) if p.row]
    assert [(p.rule, p.row, p.last_row) for p in told] == [
        ("f.unit_code.not_filled", row, None) for row in (5, 6, 7)
    ]
    assert one.rejected is not None
    assert one.rejected.column("unit_name").to_pylist()[-2:] == ["(3 字 characters)"] * 2
    for p in told[1:]:
        assert p.message_zh == "该行只有名称，没有编码和数据"
        assert "删除该行" in p.expected_zh
        assert not {"陈", "李"} & set(p.message_zh + p.expected_zh + p.value)


def test_most_rows_not_filled_in_are_asked_about_as_before(catalogue: Catalogue, small: world.World) -> None:
    one = judged(catalogue, small, rows_of([10, "", "", "", "", ""], [5, "", "", "", "", ""]))
    assert "missing_in_most_rows" in codes(one)
