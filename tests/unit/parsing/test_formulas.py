"""Workbooks saved by a program that drops the results of formulas, as openpyxl does."""

from __future__ import annotations

import io
from typing import Any

import pytest
from openpyxl import Workbook

from qiangji import parsing
from qiangji.catalogue.models import County, Layout
from qiangji.checking.verdict import total_words
from qiangji.errors import ReturnedError
from qiangji.parsing import Parsed, read_form, read_grids
from qiangji.parsing.cells import NO_RESULT
from qiangji.parsing.clean import workbook_of
from qiangji.periods import Period
from tests.unit.parsing.villages import village_form

FORM = village_form(
    {"members": "党员", "women": "女", "income": {"label": "收入", "type": "decimal"}}, title="行政村"
)
CODE = "4407031000"
COUNTY = County(
    county="440703", transport="folder", path="x", files="x",
    layout=Layout(title_rows=1, totals=("合计",), subtotals=("小计",), sign_off=("填表人",)),
)  # fmt: skip
ROWS = (
    ("村编码", "村名", "党员", "女", "收入"),
    (f"{CODE}01", "甲村", 10, 4, 1.25),
    (f"{CODE}02", "乙村", 20, 5, 2.5),
    (f"{CODE}03", "丙村", 30, 6, 0.1),
    ("合计", None, "=SUM(C3:C5)", "=SUM(D3:D5)", "=SUM($E$3:$E$5)"),
    ("填表人：", '=IF(1,"某某","")', None, None, None),
)


def book(**cells: Any) -> bytes:
    made = Workbook()
    made.active.title = "行政村"
    made.active.append(["行政村月报表"])
    for row in ROWS:
        made.active.append(row)
    for cell, value in cells.items():
        made.active[cell] = value
    sink = io.BytesIO()
    made.save(sink)
    return sink.getvalue()


def grid(content: bytes) -> parsing.Grid:
    return read_grids(content, "xlsx", COUNTY, ["village"], titles={"village": "行政村"})["village"]


def read(content: bytes) -> Parsed:
    return read_form(grid(content), FORM, COUNTY, Period.parse("2026-10"))


def test_the_totals_of_a_template_need_no_result() -> None:
    parsed = read(book())
    assert parsed.totals_agree is True
    assert parsed.rows.column("members").to_pylist() == [10, 20, 30]
    assert parsed.unreadable == []
    assert parsed.sheet.signed == ()


def test_a_sum_that_leaves_rows_out_is_told_as_if_it_had_its_result() -> None:
    parsed = read(book(C6="=SUM(C3:C4)"))
    assert [(p.address, p.written, p.sum) for p in parsed.totals_problems] == [("行政村!C6", "30", "60")]


def test_a_number_kept_as_text_is_not_added_up_by_a_spreadsheet_program_either() -> None:
    parsed = read(book(C4="20"))
    assert parsed.rows.column("members").to_pylist() == [10, 20, 30]
    assert [(p.written, p.sum) for p in parsed.totals_problems] == [("40", "60")]
    words = total_words(parsed.totals_problems[0], str)
    assert "差额正是行政村!C4的数：该数以文本形式存储" in words.message_zh
    assert "the difference is 行政村!C4, a number stored as text" in words.message_en


@pytest.mark.parametrize(
    ("cells", "named"),
    [
        ({"C4": "20", "C5": "30"}, "行政村!C4、行政村!C5"),
        ({"C4": "20", "C6": 40}, "行政村!C4"),
        ({"C4": "20", "C6": 41}, ""),
        ({"C6": 40}, ""),
        ({"C3": "1,010", "C6": "=SUM(C3:C5)"}, "行政村!C3"),
    ],
)
def test_texts_are_named_where_they_are_what_a_total_lacks(cells: dict[str, Any], named: str) -> None:
    (problem,) = read(book(**cells)).totals_problems
    assert problem.texts == named


@pytest.mark.parametrize(
    "formula",
    [
        "=C3+C4+C5",
        "= c3 + $C$4 +C5",
        "=SUM(C3,C4:C5)",
        "=SUBTOTAL(9,C3:C5)",
        "=SUBTOTAL(109, $C$3:$C$5)",
        "=SUM(C3:C4)+SUM(C5:C5)",
        "=sum(C3:C4) + C5",
        "=+SUM(C3:C5)",
        "=+C3+C4+C5",
        "=ROUND(SUM(C3:C5),2)",
        "=ROUND(SUM(C3:C4)+C5, 0)",
        "=SUBTOTAL(9,C3:C4)+SUM(C5)",
        "=AGGREGATE(9,5,C3:C5)",
        "=AGGREGATE(9, 7, $C$3:$C$5)",
        "=_xlfn.AGGREGATE(9,6,C3:C4,C5)",
        "=ROUND(AGGREGATE(9,0,C3:C5),0)",
    ],
)
def test_a_sum_is_one_however_it_is_written(formula: str) -> None:
    assert read(book(C6=formula)).totals_agree is True
    (problem,) = read(book(C6=formula.replace("3", "4"))).totals_problems
    assert problem.sum == "60"


def test_a_rounded_sum_is_rounded_half_up() -> None:
    assert read(book(E6="=ROUND(SUM(E3:E5),1)")).totals_agree is True  # 3.85 as 3.9
    (problem,) = read(book(E6="=ROUND(SUM(E3:E3),1)")).totals_problems
    assert problem.written == "1.3"  # of 1.25


@pytest.mark.parametrize("beneath", ["SUBTOTAL(9,", "AGGREGATE(9,5,"])
@pytest.mark.parametrize("above", ["SUBTOTAL(9,", "AGGREGATE(9,0,", "AGGREGATE(9,3,"])
def test_a_subtotal_function_leaves_other_subtotals_out(beneath: str, above: str) -> None:
    cells: dict[str, Any] = {"A5": "小计", "B5": None, "A6": "合计"}
    cells |= {f"{c}5": f"={beneath}{c}3:{c}4)" for c in "CDE"}
    cells |= {f"{c}6": f"={above}{c}3:{c}5)" for c in "CDE"}
    parsed = read(book(**cells))
    assert parsed.rows.column("members").to_pylist() == [10, 20]
    assert (parsed.totals_agree, parsed.totals_problems) == (True, [])


@pytest.mark.parametrize("formula", ["={c}6+{c}8", "=SUM({c}6,{c}8)", "=SUBTOTAL(9,{c}4:{c}8)"])
@pytest.mark.parametrize("whole", [3, 9])
def test_a_total_of_subtotals_is_added_up_above_and_below_them(formula: str, whole: int) -> None:
    """Each sum was put down as a text, and no sum counts texts: the total of all was told as 0."""
    rows = {4: ("01", 10), 5: ("02", 20), 7: ("03", 30)}
    cells: dict[str, Any] = {f"{c}{row}": None for row in (3, 9) for c in "AB"}
    for row, (code, members) in rows.items():
        cells |= {f"A{row}": CODE + code, f"B{row}": "村", f"C{row}": members, f"D{row}": 1, f"E{row}": 2}
    cells |= {"A6": "小计", "B6": None, "A8": "小计", "A3": None, "A9": None, f"A{whole}": "合计"}
    for c in "CDE":
        first, second = ("=SUBTOTAL(9,{}4:{}5)", "=SUBTOTAL(9,{}7:{}7)")
        cells |= {f"{c}3": None, f"{c}6": first.format(c, c), f"{c}8": second.format(c, c)}
        cells |= {f"{c}{whole}": formula.format(c=c)}
    parsed = read(book(**cells))
    assert (parsed.totals_agree, parsed.totals_problems) == (True, [])
    assert parsed.sheet.uncomputed_totals == ()


def test_an_aggregate_that_leaves_nothing_out_counts_subtotals_twice() -> None:
    cells: dict[str, Any] = {"A5": "小计", "B5": None, "A6": "合计"}
    cells |= {f"{c}5": f"=SUM({c}3:{c}4)" for c in "CDE"}
    cells |= {f"{c}6": f"=AGGREGATE(9,5,{c}3:{c}5)" for c in "CDE"}
    assert [p.written for p in read(book(**cells)).totals_problems] == ["60", "18", "7.5"]


@pytest.mark.parametrize(("option", "told"), [(5, ("行政村!C6",)), (6, ()), (7, ()), (2, ())])
def test_an_aggregate_passes_over_errors_where_it_says_so(option: int, told: tuple[str, ...]) -> None:
    parsed = read(book(C4="#DIV/0!", C6=f"=AGGREGATE(9,{option},C3:C5)"))
    assert parsed.sheet.uncomputed_totals == told
    assert [cell.address for cell in parsed.unreadable] == ["行政村!C4"]


@pytest.mark.parametrize(
    "formula",
    [
        "=AGGREGATE(4,5,C3:C5)",
        "=AGGREGATE(9,8,C3:C5)",
        "=SUMPRODUCT(SUBTOTAL(9,OFFSET(C3,ROW(C3:C5)-3,0)))",
        "=SUM(D3:D5)",
        "=SUM(C3:C6)",
        "=SUMIF(C3:C5,1)",
        "=C3*2",
        "=C3+D4+C5",
        "=SUM(C3:C5)+1",
        "=SUBTOTAL(1,C3:C5)",
        "=SUMPRODUCT(C3:C5)",
        "=ROUND(SUM(C3:C5)*2,0)",
        "=SUM(C3:C5)-C4",
        "=SUM(C3:C5)+",
        "=C3",
        "=SUM(C3:C5)+SUM(D3:D5)",
        "=IFERROR(SUM(C3:C5),0)",
    ],
)
def test_any_other_formula_of_a_total_is_told_and_not_taken_for_a_sum(formula: str) -> None:
    """The rows are read, and the other totals are held against them."""
    parsed = read(book(C6=formula))
    assert (parsed.sheet.uncomputed_totals, parsed.totals_problems) == (("行政村!C6",), [])
    assert (parsed.totals_agree, parsed.rows.column("members").to_pylist()) == (True, [10, 20, 30])
    (wrong,) = read(book(C6=formula, D6="=SUM(D3:D4)")).totals_problems
    assert wrong.address == "行政村!D6"


def test_totals_without_any_result_are_as_none() -> None:
    parsed = read(book(C6="=SUMIF(C3:C5,1)", D6="=D3*1", E6="=E3*1"))
    assert parsed.totals_agree is None
    assert parsed.sheet.uncomputed_totals == ("行政村!C6", "行政村!D6", "行政村!E6")


def test_a_total_with_its_result_has_been_computed_by_a_program() -> None:
    assert read(book(C6=60)).sheet.uncomputed_totals == ()


def test_subtotals_and_a_total_of_all() -> None:
    cells = {"A6": "小计", "A7": "合计", "B7": None} | {f"{c}7": f"=SUM({c}3:{c}5)" for c in "CDE"}
    parsed = read(book(**cells))
    assert parsed.totals_agree is True


def test_a_formula_in_a_cell_is_a_problem_of_the_cell_and_the_others_are_told_too() -> None:
    parsed = read(book(C4="=10+10", D5="x", E3="#REF!"))
    told = {(c.address, c.rule.rpartition(".")[2]) for c in parsed.unreadable}
    assert told == {("行政村!C4", "formula"), ("行政村!D5", "type"), ("行政村!E3", "error")}
    assert parsed.rows.column("members").to_pylist() == [10, None, 30]
    assert all(p.field not in ("members", "women") for p in parsed.totals_problems)


def test_a_code_that_is_a_formula_is_that_rows_problem() -> None:
    parsed = read(book(A4=f'="{CODE}"&"02"'))
    (cell,) = parsed.unreadable
    assert (cell.address, cell.rule) == ("行政村!A4", "village.village_code.formula")
    assert parsed.totals_agree is True


def test_most_codes_that_are_formulas_are_one_fault() -> None:
    with pytest.raises(ReturnedError) as e:
        read(book(A3='="1"', A4='="2"'))
    assert (e.value.code, "行政村!A3" in str(e.value)) == ("formula_without_value", True)


@pytest.mark.parametrize("cell", ["A1", "C2"])
def test_a_title_or_header_without_its_text_stops_the_sheet(cell: str) -> None:
    with pytest.raises(ReturnedError) as e:
        read(book(**{cell: '="党"&"员"'}))
    assert e.value.code == "formula_without_value"
    assert cell in e.value.zh


def test_a_name_that_is_a_formula_is_no_name() -> None:
    assert read(book(B4='="乙"&"村"')).rows.column("unit_name").to_pylist() == ["甲村", None, "丙村"]


def test_prefilled_formulas_in_an_unused_row_are_a_row_of_the_template() -> None:
    cells = {"A6": None} | {f"{c}6": '=IF($A6="","",1)' for c in "CDE"}
    (cell,) = read(book(**cells)).unreadable
    assert cell.rule == "village.village_code.zeros"
    assert cell.value == "", "the mark of a formula without a result is shown to nobody"


def test_sums_without_their_label_are_a_total_that_does_not_say_so() -> None:
    (cell,) = read(book(A6=None)).unreadable
    assert (cell.address, cell.rule, cell.value) == ("行政村!A6", "village.village_code.subtotal", "")
    assert "合计" in cell.expected_zh


def test_no_message_shows_the_mark_of_a_formula_without_a_result() -> None:
    for cells in (
        {"A6": None, "C6": "=C3", "D6": "=D3", "E6": "=E3"},
        {"A6": None, "D6": None, "E6": None},
        {"A4": None, "B4": None},
        {"B4": '="乙"', "C4": "=1+1", "D4": '=D3&"x"', "E4": "=1"},
        {"A4": "=1", "C4": "=1"},
    ):
        parsed = read(book(**cells))
        assert all(NO_RESULT not in cell.value for cell in parsed.unreadable), cells


def test_a_formula_without_a_result_under_no_header_is_told_beside_all_values_too() -> None:
    sheet = read(book(H4="=1+1")).sheet
    assert (sheet.unheaded_cells, sheet.unheaded_numbers, sheet.unheaded_first) == (1, 1, "行政村!H4")


def test_a_sheet_that_is_kept_by_itself_reads_the_same() -> None:
    content = book(C4="=10+10", C6="=SUM(C3:C4)")
    once, twice = read(content), read(workbook_of(grid(content)))
    assert twice.rows.equals(once.rows)
    assert (twice.unreadable, twice.totals_problems) == (once.unreadable, once.totals_problems)


def test_names_without_a_result_are_told_where_they_begin() -> None:
    """No name was held against its code then."""
    parsed = read(book(B4="=VLOOKUP(A4,X!A:B,2,0)", B5="=VLOOKUP(A5,X!A:B,2,0)"))
    assert parsed.rows.column("unit_name").null_count == 2
    assert parsed.sheet.uncomputed_names == (2, "行政村!B4")
    assert read(book()).sheet.uncomputed_names == (0, "")
