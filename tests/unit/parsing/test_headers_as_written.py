"""Headers, pages and codes as offices write them, and what stands outside the form's columns.

A header may stand once more among the data, and have rows of units, times and column numbers below it; a unit's row is
never one of these.
"""

from __future__ import annotations

import re

import pytest

from qiangji.checking.spans import other_spans
from qiangji.periods import Period
from tests.unit.parsing.tables import CODE, FORM, HEADER, ROWS, book, content, csv, read, refused

# ---- pages, codes and headers as offices write them


@pytest.mark.parametrize(
    "again",
    [
        [HEADER],
        ["行政村月报表,,,,,", HEADER],
        [",,,,,", "行政村月报表（续）,,,,,", HEADER],
        ["村编码,,党员,女,,"],
    ],
)
def test_a_header_once_more_among_the_data_is_passed_over(again: list[str]) -> None:
    above = ["行政村月报表,,,,,"] if len(again) > 1 else []
    read_ = read("\n".join([*above, HEADER, *ROWS[:2], *again, *ROWS[2:]]) + "\n", title_rows=len(above))
    assert read_.rows.num_rows == 4
    assert read_.unreadable == []
    assert read_.sheet.repeated_headers == len([line for line in again if line.strip(",")])


def test_a_unit_called_as_a_header_is_no_header() -> None:
    assert read(csv(*ROWS, f"{CODE}09,党员,1,1,1,1")).rows.num_rows == 5


def test_a_header_of_two_rows_once_more_is_passed_over() -> None:
    upper, lower = "村编码,村名,党员,其中,,", ",,,女,青年,老年"
    read_ = read("\n".join([upper, lower, *ROWS[:2], upper, lower, *ROWS[2:]]) + "\n", header_rows=2)
    assert (read_.rows.num_rows, read_.sheet.repeated_headers, read_.unreadable) == (4, 2, [])


@pytest.mark.parametrize(
    "rows",
    [
        [",,人,人,人,人"],
        ["甲,乙,1,2,3,4"],
        [",,（1）,（2）,（3）,（4）"],
        ["1,2,3,4,5,6"],
        ["栏,,1栏,2栏,3栏,4栏"],
        ["栏次,,第1栏,第2栏,第3栏,第4栏"],
        ["代码,,A01,A02,A03,A04"],
        ["A,B,C,D,E,F"],
        ["甲,乙,丙,1,2,3"],
        ["必填,必填,必填,选填,选填,选填"],
        ["文本,文本,整数,小数,整数,整数"],
        ["（必填）,,必填,—,选填,"],
        ["计量单位,,—,—,—,—"],
        [",,—,—,—,"],
        ["计量单位,—,人,人,人,人", "1,2,3,4,5,6", "必填,必填,必填,选填,选填,选填"],
        ["口径,,期末数,期末数,期末数,期末数"],
        ["单位,,人,人,人,", "栏次,,1,2=3+4,3,4"],
    ],
)
def test_rows_of_units_and_column_numbers_belong_to_the_header(rows: list[str]) -> None:
    read_ = read(csv(*rows, *ROWS))
    assert (read_.rows.num_rows, read_.unreadable, read_.sheet.repeated_headers) == (4, [], 0)
    assert read_.sheet.units_below.get("members", "") == ("人" if "人" in rows[0] else "")


@pytest.mark.parametrize("numbers", ["1,甲,乙,1,2,3,4", "序号,甲,乙,1,2,3,4", "1,2,3,4,5,6,7", ",,,1,2,3,4"])
def test_column_numbers_beside_a_column_of_numbers_of_rows(numbers: str) -> None:
    rows = [f"{i},{row}" for i, row in enumerate(ROWS, 1)]
    read_ = read("\n".join([f"序号,{HEADER}", numbers, *rows]) + "\n", ignore=["序号"])
    assert (read_.rows.num_rows, read_.unreadable) == (4, [])


def test_below_the_first_code_such_a_row_is_none_of_the_header() -> None:
    assert [
        c.rule for c in read(csv(ROWS[0], ",,1,2,3,4", *ROWS[1:])).unreadable
    ] == []  # a unit's without its code
    assert read(csv(ROWS[0], ",,1,2,3,4", *ROWS[1:])).rows.num_rows == 5
    assert read(csv(",,4,2,3,9", *ROWS)).rows.num_rows == 5
    assert read(csv(",戊村,1,2,3,4", *ROWS)).rows.num_rows == 5


@pytest.mark.parametrize(
    "row",
    [
        "44070310009,戊村,3,4,5,6",
        "440703100009,,1,2,3,4",
        ",,5,6,7,8",
        "12,,5,6,7,8",
        "5,戊村,6,7,8,9",
        ",戊村,—,—,—,—",
        "9,戊村,必填,必填,必填,必填",
        ",,3,,,",
        "戊,戊村,1,1,1,1",
        ",戊村,期末数,期末数,期末数,期末数",
        "总计,,1,2,3,4",
    ],
)
def test_a_unit_s_row_above_the_first_code_is_none_of_the_header(row: str) -> None:
    assert read(csv(row, *ROWS)).rows.num_rows == 5


def test_a_row_of_times_is_held_against_the_fields() -> None:
    said = read(csv(",,期末数,累计数,—,上月数", *ROWS)).sheet.headers
    assert said == {
        "members": ("", "党员(期末数)"),
        "women": ("", "女(累计数)"),
        "young": ("", "青年"),
        "old": ("", "老年(上月数)"),
    }
    spans = other_spans(said, FORM.fields, Period.parse("2026-10"))
    assert [(span.field, span.said) for span in spans] == [("women", "累计"), ("old", "上月")]


@pytest.mark.parametrize(
    "numbers",
    [
        "甲,乙,1,2,3,4",
        "1,2,3,4,5,6",
        "栏次,,1栏,2栏,3栏,4栏",
        ",,A01,A02,A03,A04",
        "必填,必填,必填,选填,选填,选填",
    ],
)
def test_column_numbers_may_be_the_last_of_the_declared_header_rows(numbers: str) -> None:
    for titles in (["行政村（2026年10月）,,,,,"], []):
        written = "\n".join([*titles, HEADER, numbers, *ROWS]) + "\n"
        for rows in (1, 2):
            read_ = read(written, title_rows=len(titles), header_rows=rows)
            assert (read_.rows.num_rows, read_.unreadable, len(read_.columns)) == (4, [], 5)


@pytest.mark.parametrize(
    "line",
    ["——以下无正文——", "—以下空白—", "（以下无正文）", "***以下空白***", "此处以下空白", "本页以下无正文"],
)
def test_a_line_that_ends_the_table_is_passed_over(line: str) -> None:
    for rows in ([*ROWS, f"{line},,,,,"], [*ROWS, "合计,,46,10,10,10", f",{line},,,,"]):
        parsed = read(csv(*rows), totals=["合计"])
        assert (parsed.rows.num_rows, parsed.unreadable) == (4, [])


@pytest.mark.parametrize("line", [",,—,—,—,—", "计量单位,,—,—,—,—"])
def test_dashes_below_the_codes_are_no_page_number(line: str) -> None:
    assert all(not p.rule.endswith(".page") for p in read(csv(*ROWS, line)).unreadable)
    assert [p.rule for p in read(csv(*ROWS, "第1页,,,,,")).unreadable] == ["village.village_code.page"]


@pytest.mark.parametrize(
    "written", ["440703 001 001", "4407 0310 0001", "440703-100001", "440703　100001", "440703–100001"]
)
def test_blanks_inside_a_code_are_taken_out(written: str) -> None:
    read_ = read(csv(f"{written},甲村,1,1,1,1", *ROWS[1:]))
    assert read_.rows.column("village_code")[0].as_py() == re.sub(r"\D", "", written)
    assert read_.raw.column("village_code")[0].as_py() == written
    assert (read_.sheet.spaced_codes, read_.unreadable) == (1, [])


def test_blanks_in_what_is_no_code_stay() -> None:
    read_ = read(csv(*ROWS, "44 07,戊村,1,1,1,1"))
    assert read_.rows.column("village_code")[4].as_py() == "44 07"
    assert read_.sheet.spaced_codes == 0


def test_a_number_beside_the_table_is_one_problem_and_in_no_total() -> None:
    read_ = read(csv(*ROWS, "合计,,50,10,10,10", ",,50,,,"), totals=("合计",))
    assert [(c.rule, c.value) for c in read_.unreadable] == [("village.village_code.loose", "50")]
    assert read_.totals_agree
    many = read(csv(*ROWS, ",,50,1,1,"))  # half a row may be a unit's, whose code is missing
    assert many.unreadable == []


@pytest.mark.parametrize(
    "header",
    [
        "党员\nParty members",
        "党员 / Members",
        "Party members 党员",
        "党员（人）Members",
        "党员(本年累计)",
        "党员（人、期末）",
    ],
)
def test_a_header_in_two_languages_or_with_its_time_is_the_field(header: str) -> None:
    quoted = f'"{header}"'
    assert read("\n".join([HEADER.replace("党员", quoted), *ROWS])).rows.column("members")[0].as_py() == 11


@pytest.mark.parametrize(
    "header", ["党员 women", "e党员", '党员""', "党员 xyz abc 女", "Members (women)", "党员(女)"]
)
def test_a_header_whose_other_language_is_another_field_is_unknown(header: str) -> None:
    assert refused("\n".join([HEADER.replace("党员", header), *ROWS])).code == "unknown_header"


@pytest.mark.parametrize("label", ["全村", "本镇", "全 县", "全区合计", "全街道", "本村总数"])
def test_all_of_a_unit_is_a_total(label: str) -> None:
    read_ = read(csv(*ROWS, f",{label},50,10,10,10"))
    assert [c.rule for c in read_.unreadable] == ["village.village_code.total"]


# ---- outside the form's columns


def test_what_stands_under_no_header_is_told_with_its_first_cell() -> None:
    made = book(*ROWS, sheet="行政村")
    made.active["AA4"], made.active["H3"], made.active["H9"] = 12, "见备注", "核对人自用"
    sheet = read(content(made), "xlsx").sheet
    assert (sheet.unheaded_cells, sheet.unheaded_numbers, sheet.unheaded_first) == (3, 1, "行政村!H3")


def test_a_column_without_a_header_among_the_others_is_told_too() -> None:
    text = csv(*ROWS).replace(",党员", ",,党员").replace("村,1", "村,见附页,1")
    sheet = read(text).sheet
    assert (sheet.unheaded_cells, sheet.unheaded_numbers, sheet.unheaded_first) == (4, 0, "village!C2")


def test_empty_columns_totals_and_sign_off_lines_are_nothing_outside() -> None:
    lines = ["合计,,50,10,10,10,元", "填表人：林某,,,,,,138"]
    text = csv(*(f"{row}, " for row in ROWS), *lines).replace("老年\n", "老年,\n")
    assert read(text, totals=["合计"], sign_off=["填表人"]).sheet.unheaded_cells == 0


@pytest.mark.parametrize(
    "below",
    [
        ["计量单位,—,人,人,人,人"],
        [",,人,人,人,人", "甲,乙,1,2,3,4"],
        [",,期末数,期末数,期末数,期末数"],
        [",,—,—,—,—"],
    ],
)
def test_units_or_times_may_be_the_last_of_the_declared_header_rows(below: list[str]) -> None:
    written = "\n".join(["行政村（2026年10月）,,,,,", HEADER, *below, *ROWS]) + "\n"
    for rows in range(1, len(below) + 2):
        read_ = read(written, title_rows=1, header_rows=rows)
        assert (read_.rows.num_rows, read_.unreadable, len(read_.columns)) == (4, [], 5)
        assert read_.sheet.units_below.get("members", "") == ("人" if "人" in below[0] else "")
        assert ("期末数" in read_.sheet.headers["women"][1]) is ("期末数" in below[0])


def test_a_unit_s_row_is_none_of_the_declared_header_rows() -> None:
    written = "\n".join(["行政村（2026年10月）,,,,,", HEADER, *ROWS]) + "\n"
    assert refused(written, title_rows=1, header_rows=2).code == "misplaced_header"
