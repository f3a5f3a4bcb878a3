"""Rows that are no unit's: notes, totals, remarks, sign-off lines, town headings, averages and pages.

Each is told once as what it is or passed over, and no unit's row vanishes with it, above a sign-off line or below.
"""

from __future__ import annotations

import pytest

from qiangji.checking.verdict import total_words
from tests.unit.parsing.tables import CODE, ROWS, book, content, csv, read, refused

# ---- rows that are no unit's


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("注：本表由各镇街汇总,,,,,", "note"), ("备注: 数据截至10月31日,,,,,", "note"), ("说明 见附件,,,,,", "note"),
        (",经办人 李雷,,,,", "note"), ("填报人：,,,,,", "note"), (",制表　王丽  审核　陈卓文,,,,", "note"),
        ("1、本表由各镇街汇总,,,,,", "note"), ("填报单位：甲镇（盖章）,,,日期：2026年10月31日,,", "note"),
        ("（备注）此表一式两份,,,,,", "note"), ("本表由各镇街于每月五日前汇总，逾期不报视为漏报。,,,,,", "note"),
        ("制表：王丽,,审核：陈卓文,,,", "note"),
        ("总计,,46,10,10,10", "total"), (",全县合计,46,10,10,10", "total"), (",小 计,46,10,10,10", "total"),
        ("累计：,,46,10,10,10", "total"),
    ],
)  # fmt: skip
def test_a_note_or_an_undeclared_total_is_told_as_what_it_is(line: str, what: str) -> None:
    for parsed in (read(csv(*ROWS, line)), read(content(book(*ROWS, line)), "xlsx")):
        assert [(p.rule, p.index) for p in parsed.unreadable] == [(f"village.village_code.{what}", 4)]
        assert parsed.rows.num_rows == 5
        if what == "note":  # it may name a person
            words = [str(c) for column in parsed.raw.columns[:-1] for c in column.slice(4).to_pylist() if c]
            assert parsed.unreadable[0].value in words
            assert all(word.endswith("characters)") for word in words)


def test_a_short_note_is_no_cut_off_row_and_a_cut_off_row_no_note() -> None:
    parsed = read(csv(*ROWS) + "注：本表由各镇街汇总\n")
    assert [p.rule for p in parsed.unreadable] == ["village.village_code.note"]
    assert refused(csv(*ROWS) + f"{CODE}05,戊").code == "truncated"
    assert refused(csv(*ROWS) + "44070").code == "truncated"


def test_an_undeclared_total_is_not_added_to_the_declared_one() -> None:
    parsed = read(csv(*ROWS, "合计,,50,10,10,10", ",总计,50,10,10,10"), totals=["合计"])
    assert parsed.totals_agree is True
    assert len(parsed.unreadable) == 1


@pytest.mark.parametrize(
    "lines",
    [
        ("备注：甲村数据含新设村,,,,,",),
        ("备注：,,,,,", ",甲村数据含新设村,,,,", "2、乙村不变,,,,,"),
        (",备注,无,,,", "说明,,,,,"),
        (",,,说明：收入为全口径,,",),
    ],
)
def test_remarks_between_the_total_and_the_sign_off_cost_no_row(lines: tuple[str, ...]) -> None:
    parsed = read(
        csv(*ROWS, "合计,,46,10,10,10", *lines, "填表人：,,,,,"), totals=["合计"], sign_off=["填表人"]
    )
    assert (parsed.unreadable, parsed.rows.num_rows) == ([], len(ROWS))


@pytest.mark.parametrize(
    "line", [",说明村,12,1,1,1", "备注：,,12,,,", f"{CODE}09,备注村,1,1,1,1", "备注：,,,3,,"]
)
def test_no_row_with_a_number_is_a_remark(line: str) -> None:
    parsed = read(
        csv(*ROWS, "合计,,46,10,10,10", line, "填表人：,,,,,"), totals=["合计"], sign_off=["填表人"]
    )
    assert parsed.rows.num_rows == len(ROWS) + 1


# ---- below the sign-off line


@pytest.mark.parametrize(
    ("lines", "cells"),
    [
        (["填表人：林某,,,,,", "审核人：,,,,,", ROWS[3]], "A7"),
        (["填表人：林某,,,,,", ROWS[2], ROWS[3]], "A6, A7"),
        (["填表人：林某,,,,,", f"'{ROWS[3]}"], "A6"),
        (["填表人：林某,,,,,", ",无编码村,15,1,2,3"], "A6"),
        (["填表人村,,15,1,2,3"], "A5"),
    ],
)
def test_rows_below_a_sign_off_line_go_back_with_their_addresses(lines: list[str], cells: str) -> None:
    text, workbook = csv(*ROWS[:3], *lines), content(book(*ROWS[:3], *lines))
    for data, kind, sheet in ((text, "csv", "village"), (workbook, "xlsx", "Sheet1")):
        error = refused(data, kind, sign_off=["填表人", "审核人"])
        assert error.code == "rows_below_sign_off"
        assert ", ".join(f"{sheet}!{cell}" for cell in cells.split(", ")) in str(error)
        assert "林" not in str(error) + error.zh


def test_a_sign_off_zone_with_dates_and_telephone_numbers_holds_no_rows() -> None:
    lines = ["填表人：林某,,审核人：,,,", "电话：,07501234567,,,,", "2026,10,31,,,", "合计,,36,6,6,6"]
    assert read(csv(*ROWS[:3], *lines), sign_off=["填表人"], totals=["合计"]).rows.num_rows == 3


@pytest.mark.parametrize(
    ("label", "shown"),
    [("陈小明合计", "…合计"), ("陈小明 小计", "…小计"), ("大泽镇合计", "大泽镇合计"), ("总计", "总计")],
)
def test_a_total_of_a_person_is_told_without_the_name(label: str, shown: str) -> None:
    (cell,) = read(csv(*ROWS, f",{label},50,10,10,10")).unreadable
    assert (cell.rule, cell.value) == ("village.village_code.total", shown)


@pytest.mark.parametrize(
    ("line", "units"),
    [
        (f"{CODE}05,合计,5,0,0,0", 5),
        (f"{CODE}04,合计,5,0,0,0", 4),  # the code of another row, drawn down
        ("440703000000,合计,55,10,10,10", 4),
    ],
)
def test_a_unit_with_its_code_is_no_total_whatever_its_name(line: str, units: int) -> None:
    parsed = read(csv(*ROWS, line, "合计,,55,10,10,10"), totals=["合计"])
    assert parsed.rows.num_rows == units
    if units == 5:
        assert (parsed.totals_agree, parsed.rows["unit_name"].to_pylist()[-1]) == (True, None)


@pytest.mark.parametrize(("members", "agree"), [(50, True), (49, False)])
def test_a_total_below_the_sign_off_lines_is_held_against_the_rows(members: int, agree: bool) -> None:
    lines = ["填表人：林某,,,,,", "电话,13800000000,,,,", "", f"合计,,{members},10,10,10"]
    parsed = read(csv(*ROWS, *lines), totals=["合计"], sign_off=["填表人"])
    assert (parsed.totals_agree, parsed.rows.num_rows, parsed.unreadable) == (agree, 4, [])
    told = [(p.address, p.written, p.sum) for p in parsed.totals_problems]
    assert told == ([] if agree else [("village!C9", "49", "50")])


SIGNED = ("填表人：林某,,,,,", "审核人：,,,,,")
TOTAL = "合计,,50,10,10,10"


@pytest.mark.parametrize(
    ("lines", "agree", "rows"),
    [
        # a table of its own below the sign-off lines
        ((TOTAL, *SIGNED, "分镇情况,,,,,", "镇,党员,女,,,", "大泽,12,3,,,", "合计,25,6,7,,"), True, 0),
        ((TOTAL, *SIGNED, "增加,转入,3,,,", "减少,转出,2,,,", "合计,,1,,,"), True, 0),
        ((TOTAL, *SIGNED, "合计,,1,,,"), True, 0),
        (("合计,,49,10,10,10", *SIGNED, "增加,转入,3,,,", "合计,,50,,,"), False, 0),
        ((*SIGNED, "增加,转入,3,,,", "减少,转出,2,,,", "合计,,1,,,"), None, 0),
        ((*SIGNED, "镇,党员,女,,,", "合计,25,6,7,,"), None, 0),
        ((*SIGNED, "增加,转入,3,,,", "合计,,1,,,", "合计,,2,,,"), None, 0),
        # and above them: each row by itself
        ((TOTAL, "增加,转入,3,,,", "减少,转出,2,,,", "合计,,1,,,", *SIGNED), True, 3),
        ((TOTAL, "增加,转入,3,,,", "合计,,1,,,"), True, 2),
        # the table's own: after its rows, at their head, behind a line with a date or a number of a telephone
        ((*SIGNED, "合计,,12,3,,", "大泽,,7,2,,", "会城,,5,1,,"), None, 0),
        ((*SIGNED, "合计,,49,10,10,10", "大泽,,7,2,,"), False, 0),
        ((*SIGNED, "合计,,49,,,"), False, 0),
        ((*SIGNED, TOTAL), True, 0),
        ((*SIGNED, "合计,,49,10,10,10"), False, 0),
        ((*SIGNED, TOTAL, "增加,转入,3,,,", "合计,,1,,,"), True, 0),
        ((*SIGNED, "2026,10,31,,,", "合计,,49,10,10,10"), False, 0),
        (("填表人：,,7501234,,,", "填报日期：,,2026,10,,", "", "合计,,49,10,10,10"), False, 0),
        ((TOTAL, "", "合计,,49,10,10,10"), False, 0),
        (("小计,,50,10,10,10", "", TOTAL, "合计,,49,10,10,10"), False, 0),
    ],
)
def test_a_total_counts_where_it_belongs_to_the_table_of_the_rows(
    lines: tuple[str, ...], agree: bool | None, rows: int
) -> None:
    parsed = read(csv(*ROWS, *lines), totals=["合计"], subtotals=["小计"], sign_off=["填表人", "审核人"])
    assert (parsed.totals_agree, parsed.rows.num_rows) == (agree, 4 + rows)


@pytest.mark.parametrize(("agree", "written"), [(True, 65), (False, 64)])
def test_totals_at_the_head_and_at_the_end_are_the_tables_own(agree: bool, written: int) -> None:
    rows = ["合计,,65,10,10,10", *ROWS, ",无码,15,0,0,0", f"合计,,{written},10,10,10"]
    assert read(csv(*rows), totals=["合计"]).totals_agree is agree


def test_a_declaration_above_the_sign_off_line_hides_no_rows_below_it() -> None:
    declared = csv("无变动,,,,,", "填表人：,,,,,")
    assert read(declared, sign_off=["填表人"]).is_unchanged
    assert refused(declared + ROWS[0] + "\n", sign_off=["填表人"]).code == "rows_below_sign_off"


# ---- rows that are no unit's: town headings and subtotals, averages, pages, rows of the template


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (",会城街道,10,6,2,2", "level"), ("440705001,会城街道,10,6,2,2", "level"), ("会城街道,,10,6,2,2", "level"),
        ("440705001,,10,6,2,2", "level"), (",全区平均,2.5,1.5,0.5,1", "extra"), ("上月数,,9,6,2,1", "extra"),
        (",较上月增减,1,0,0,1", "extra"), ("第1页,,,,,共1页", "page"), ("第 1 页 共 3 页,,,,,", "page"),
        (",过次页,23,3,3,3", "page"), ("承前页,,23,3,3,3", "page"), (",承上页：,23,3,3,3", "page"),
        (",,0,0,0,0", "zeros"), (",,50,10,10,10", "subtotal"), (",本片,50,10,10,10", "subtotal"),
    ],
)  # fmt: skip
def test_a_row_that_is_no_units_is_told_once_and_what_to_do(row: str, what: str) -> None:
    """And no total adds it up."""
    parsed = read(csv(*ROWS, row, "合计,,50,10,10,10"), totals=["合计"])
    told = [(c.rule, c.address) for c in parsed.unreadable]
    assert told == [(f"village.village_code.{what}", "village!A6")]
    assert "删除" in parsed.unreadable[0].expected_zh
    assert parsed.totals_agree is True


@pytest.mark.parametrize(
    ("row", "rows", "rules"),
    [
        (",会城街道,,,,", 4, []),  # a heading above the rows of a town
        (",一、会城街道,,,,", 4, []),
        ("（二）会城街道,,,,,", 4, []),
        (",会城街道（共20个村）,,,,", 4, []),
        ("（会城街道）,,,,,", 4, []),
        (",会城街道共20个村,,,,", 4, []),
        ("以下空白,,,,,", 4, []),
        ("接上页,,,,,", 4, []),
        (",（转下页）,,,,", 4, []),
        ("续表,,,,,", 4, []),
        (",（以下无正文）,,,,", 4, []),
        (",戊村,1,2,3,4", 5, []),  # a unit without its code: the suite asks for it
        (",东门社区,1,2,3,4", 5, []),
        (",,1,2,3,4", 5, []),
    ],
)
def test_a_towns_heading_is_passed_over_and_a_unit_without_its_code_is_none(
    row: str, rows: int, rules: list[str]
) -> None:
    parsed = read(csv(*ROWS[:2], row, *ROWS[2:]))
    assert (parsed.rows.num_rows, [c.rule for c in parsed.unreadable]) == (rows, rules)
    assert parsed.sheet.repeated_headers == (1 if "街道" in row else 0)


@pytest.mark.parametrize(
    ("row", "is_passed"),
    [
        ("行政村,,,,,", True),
        (",,行政村,,,", True),
        ("新会区行政村,,,,,", True),
        ("行政村（2026年10月）,,,,,", True),
        ("行政村（2026年9月）,,,,,", False),
        ("社区,,,,,", False),
        ("行政村,,1,,,", False),
    ],
)
def test_the_forms_own_title_among_the_rows(row: str, is_passed: bool) -> None:
    parsed = read(csv(*ROWS[:2], row, *ROWS[2:]))
    assert parsed.rows.num_rows == (4 if is_passed else 5)
    assert parsed.sheet.repeated_headers == is_passed


def test_codes_with_an_exponent_that_show_every_digit_are_read() -> None:
    code = "440705001001"
    rows = [
        f"4.{code[1:]}E+11,甲村,1,2,3,4",
        "440705001002.00,乙村,1,2,3,4",
        '"440,705,001,003",丙村,1,2,3,4',
    ]
    parsed = read(csv(*rows))
    assert parsed.rows.column("village_code").to_pylist() == [code, "440705001002", "440705001003"]
    assert parsed.sheet.spaced_codes == 3


@pytest.mark.parametrize(
    ("code", "total", "agree"),
    [
        ("4407031000019", 50, True),
        ("", 50, True),
        ("", 57, True),
        ("440703100009", 50, False),
        ("", 58, False),
    ],
)
def test_a_total_without_rows_that_have_no_code_agrees(code: str, total: int, agree: bool) -> None:
    """They are what is wrong: to write a total that fits them would be no cure."""
    parsed = read(csv(*ROWS, f"{code},戊村,7,1,1,1", f"合计,,{total},,,"), totals=["合计"])
    assert parsed.totals_agree is agree


# ---- what is told to do with sums


DELETE_OR_DECLARE = "单位的数据行：请删除该行；确需小计行的，请由市级登记其名称"
RENAME = "登记的合计行名称（合计）：请改用登记的名称，或删除该行"


@pytest.mark.parametrize(
    ("line", "labels", "told"),
    [
        (",小计,23,3,3,3", ["合计"], DELETE_OR_DECLARE),  # of 甲村 and 乙村
        (",本页小计,50,10,10,10", ["合计"], RENAME),  # of all: renamed, it agrees
        (",总计,50,10,10,10", ["合计"], RENAME),
        (",总计,50,10,,", ["合计"], RENAME),
        (",总计,49,10,10,10", ["合计"], DELETE_OR_DECLARE),
        (",总计,50,10,10,0", ["合计"], DELETE_OR_DECLARE),
        (",总计,50,10,10,约十", ["合计"], DELETE_OR_DECLARE),
        (",总计,,,,", ["合计"], DELETE_OR_DECLARE),
        (",总计,50,10,10,10", [], DELETE_OR_DECLARE),
        (",,23,3,3,3", ["合计"], "单位的数据行：请删除该行"),
        (",,50,10,10,10", ["合计"], "单位的数据行：请在该行前写上登记的合计行名称（合计），或删除该行"),
        (",,50,10,10,10", [], "单位的数据行：请删除该行"),
    ],
)
def test_a_totals_label_is_offered_for_the_sums_of_all_rows_alone(
    line: str, labels: list[str], told: str
) -> None:
    (cell,) = read(csv(*ROWS[:2], line, *ROWS[2:]), totals=labels, subtotals=["村小计"]).unreadable
    assert cell.expected_zh == told
    assert ("合计" in cell.expected_en) == ("（合计）" in told)


@pytest.mark.parametrize("line", [",小计,23,3,3,3", ",本页小计,50,10,10,10", ",总计,36,6,6,6"])
def test_a_row_renamed_as_told_sends_no_report_back(line: str) -> None:
    lines = [*ROWS[:2], line, *ROWS[2:]]
    (cell,) = read(csv(*lines), totals=["合计"]).unreadable
    if "改用" in cell.expected_zh:
        lines[2] = f",合计{line[line.index(',', 1) :]}"
    assert read(csv(*lines), totals=["合计"]).totals_agree is not False


@pytest.mark.parametrize(
    ("lines", "part"),
    [
        ([*ROWS[:2], "合计,,23,3,3,3", *ROWS[2:]], "2-3"),
        ([*ROWS[:3], "合计,,25,5,5,5", ROWS[3]], "3-4"),
        (["合计,,36,6,6,6", *ROWS], "3-5"),
        ([*ROWS, "合计,,39,9,9,9"], "3-5"),
        ([*ROWS, "合计,,39,9,9,8"], ""),
        ([*ROWS, "合计,,39,,,"], ""),  # one number may be a sum by chance
        ([*ROWS, "合计,,14,4,4,4"], ""),  # a row
        ([*ROWS, "合计,,49,10,10,10"], ""),
        ([*ROWS, "合计,,0,0,0,0"], ""),
    ],
)
def test_a_total_of_a_part_of_the_rows_is_told_as_such(lines: list[str], part: str) -> None:
    parsed = read(csv(*lines), totals=["合计"])
    assert parsed.totals_agree is False
    assert {p.part for p in parsed.totals_problems} == {part}
    words = total_words(parsed.totals_problems[0], str)
    assert (
        ("删除该行" in words.expected_zh)
        == (f"第{part.replace('-', '至')}行之和" in words.message_zh)
        == bool(part)
    )
