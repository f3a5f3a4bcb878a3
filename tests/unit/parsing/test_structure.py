"""Sheets and files that are not as declared: nothing vanishes, and the message names the cause."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.chart import BarChart

from qiangji import parsing
from qiangji.catalogue.models import County, Layout
from qiangji.checking.spans import other_spans
from qiangji.errors import ReturnedError
from qiangji.parsing import Parsed, beside, problems, read_form, read_grids
from qiangji.periods import Period
from tests.unit.parsing.villages import village_form

FORM = village_form({"members": "党员", "women": "女", "young": "青年", "old": "老年"}, title="行政村")
HEADER = "村编码,村名,党员,女,青年,老年"
CODE = "4407031000"
ROWS = [f"{CODE}{i:02},{name}村,{10 + i},{i},{i},{i}" for i, name in enumerate("甲乙丙丁", 1)]


def read(content: bytes | str, kind: Any = "csv", **layout: Any) -> Parsed:
    sheets = layout.pop("sheets", {})
    county = County(
        county="440703", transport="folder", path="x", files="x", layout=Layout(**layout), sheets=sheets
    )
    content = content.encode() if isinstance(content, str) else content
    grid = read_grids(content, kind, county, ["village"], titles={"village": "行政村"})["village"]
    return read_form(grid, FORM, county, Period.parse("2026-10"))


def refused(content: bytes | str, kind: Any = "csv", **layout: Any) -> ReturnedError:
    with pytest.raises(ReturnedError) as caught:
        read(content, kind, **layout)
    assert re.search("[\u4e00-\u9fff]", caught.value.zh)
    assert caught.value.expected
    assert caught.value.do
    return caught.value


def csv(*rows: str) -> str:
    return "\n".join([HEADER, *rows]) + "\n"


def book(*rows: str, sheet: str = "Sheet1") -> Workbook:
    made = Workbook()
    made.active.title = sheet
    for row in (HEADER, *rows):
        made.active.append([int(c) if c.isdigit() and len(c) < 5 else c or None for c in row.split(",")])
    return made


def content(made: Workbook) -> bytes:
    sink = io.BytesIO()
    made.save(sink)
    return sink.getvalue()


def changed(data: bytes, member: str, change: Any) -> bytes:
    """The workbook with one member changed, or added."""
    sink, old = io.BytesIO(), zipfile.ZipFile(io.BytesIO(data))
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == member else old.read(name))
        if member not in old.namelist():
            new.writestr(member, change(b""))
    return sink.getvalue()


# ---- quotes


@pytest.mark.parametrize(
    ("rows", "record"),
    [
        ([ROWS[0], ROWS[1].replace("乙", '"乙'), ROWS[2], ROWS[3].replace("丁", '"丁')], 3),
        ([ROWS[0].replace("甲村", '"甲村'), ROWS[1], ROWS[2].replace("丙村", '丙村"'), ROWS[3]], 2),
        ([ROWS[0].replace("甲村", '"甲村'), ROWS[1].replace("乙村", '"乙村"')], 2),
        ([ROWS[0], ROWS[1].replace("乙", '"乙'), ROWS[2]], 3),
        ([ROWS[0], '"' + ROWS[1], ROWS[2].replace(f"{CODE}03", f'{CODE}03"'), ROWS[3]], 3),
        ([ROWS[0], ROWS[1].replace("村,", '村","'), ROWS[2]], None),
        ([ROWS[0], ROWS[1].replace("乙村", '"乙"村')], 3),
        ([ROWS[0].replace("甲村", '""甲村'), ROWS[1].replace("乙村", '乙村""')], 2),
    ],
)
def test_a_lone_quote_takes_no_row_with_it(rows: list[str], record: int | None) -> None:
    error = refused(csv(*rows))
    assert error.code in ("truncated", "ragged_rows")
    if record:
        assert f"record {record}:" in str(error)
        assert f"第{record}行" in error.zh


def test_quotes_in_pairs_and_quotes_inside_a_cell_are_read_as_they_stand() -> None:
    rows = [
        ROWS[0].replace("甲村", '"甲村,""东""\n西"'),
        ROWS[1].replace("乙村", '乙"村'),
        '"' + ROWS[2].replace(",", '","') + '"',
    ]
    parsed = read(csv(*rows))
    assert parsed.raw["unit_name"].to_pylist() == ['甲村,"东"\n西', '乙"村', "丙村"]
    assert parsed.rows["members"].to_pylist() == [11, 12, 13]


# ---- separators, encodings of codes


@pytest.mark.parametrize(
    ("separator", "zh", "en"),
    [
        (";", "分号", "semicolon"),
        ("\t", "制表符", "a tab"),
        ("，", "中文逗号", "full-width"),
        ("|", "竖线", "bar"),
    ],
)
def test_another_separator_is_named(separator: str, zh: str, en: str) -> None:
    error = refused(csv(*ROWS).replace(",", separator))
    assert error.code == "wrong_delimiter"
    assert zh in error.zh
    assert en in str(error)
    if separator.isascii():
        assert read(csv(*ROWS).replace(",", separator), delimiter=separator).rows.num_rows == 4


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_another_separator_is_named_beside_separators_of_thousands(separator: str) -> None:
    """1,234 in most lines: each of them has a comma, and is no record of commas."""
    rows = [row.replace(",", separator).replace(f"{separator}1", f"{separator}1,01", 1) for row in ROWS]
    content = "\n".join([HEADER.replace(",", separator), *rows]) + "\n"
    assert content.count(",") == len(ROWS)
    assert refused(content).code == "wrong_delimiter"
    assert read(content, delimiter=separator).rows["members"].to_pylist() == [1011, 1012, 1013, 1014]


def test_separators_within_cells_are_no_other_separator() -> None:
    rows = [f'{row[:12]},"甲;乙;丙;丁;戊",{",".join(row.split(",")[2:])}' for row in ROWS]
    assert read(csv(*rows)).raw["unit_name"].to_pylist() == ["甲;乙;丙;丁;戊"] * len(ROWS)


@pytest.mark.parametrize("wrap", ['="{}"', "'{}", "’{}", '"=""{}"""', "={}"])
def test_codes_kept_as_texts_by_a_spreadsheets_means_are_read(wrap: str) -> None:
    rows = [wrap.format(row[:12]) + row[12:] for row in ROWS]
    assert read(csv(*rows)).rows["village_code"].to_pylist() == [r[:12] for r in ROWS]


def test_shortened_codes_are_one_problem() -> None:
    error = refused(csv(*("4.40703E+11" + row[12:] for row in ROWS)))
    assert error.code == "shortened_codes"
    assert "village!A2" in error.zh
    parsed = read(csv("4.40703E+11" + ROWS[0][12:], *ROWS[1:]))
    assert [(p.rule, p.index) for p in parsed.unreadable] == [("village.village_code.shortened", 0)]


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


# ---- where the header stands


@pytest.mark.parametrize(
    ("above", "layout", "is_en", "is_zh"),
    [
        ("", {"title_rows": 1}, "row 1", "第1行"),
        ("标题,,,,,\n副标题,,,,,\n", {"title_rows": 1}, "row 3", "第3行"),
        ("标题,,,,,\n", {}, "row 2", "第2行"),
        ("", {"header_rows": 2}, "row 1", "第1行"),
    ],
)
def test_a_header_in_another_row_is_told(above: str, layout: dict[str, int], is_en: str, is_zh: str) -> None:
    error = refused(above + csv(*ROWS), **layout)
    assert error.code == "misplaced_header"
    assert f"found in {is_en}" in str(error)
    assert is_zh in error.zh


def test_a_header_that_is_nowhere_is_unknown_and_no_name_is_quoted() -> None:
    error = refused(csv(*ROWS).replace("老年", "经办人 李雷"))
    assert error.code == "unknown_header"
    assert "李雷" not in str(error) + error.zh


# ---- sheets


def test_the_only_sheet_with_cells_is_the_forms() -> None:
    made = book(*ROWS)
    made.create_sheet("Sheet2")
    made.create_sheet("Sheet3")["B2"] = None
    assert read(content(made), "xlsx").rows.num_rows == 4
    made["Sheet3"]["A1"] = "草稿"
    error = refused(content(made), "xlsx")
    assert error.code == "missing_sheet"
    assert "行政村" in error.zh
    made["Sheet3"].title = "行政村"
    assert refused(content(made), "xlsx").code != "missing_sheet"  # the sheet of that name is taken


def test_a_chart_sheet_is_no_sheet_of_a_form() -> None:
    made = book(*ROWS)
    made.create_chartsheet("图表").add_chart(BarChart())
    assert read(content(made), "xlsx").rows.num_rows == 4


def test_two_cells_of_one_address_are_refused() -> None:
    data = changed(
        content(book(*ROWS)),
        "xl/worksheets/sheet1.xml",
        lambda x: x.replace(b'<c r="C3"', b'<c r="C3" t="n"><v>99</v></c><c r="C3"'),
    )
    error = refused(data, "xlsx")
    assert error.code == "duplicate_cell"
    assert "C3" in error.zh


# ---- parts in UTF-16


def test_a_part_of_power_query_in_utf_16_is_read_by_its_mark() -> None:
    def part(text: str, codec: str = "utf-16") -> bytes:
        return changed(content(book(*ROWS)), "customXml/item1.xml", lambda _: text.encode(codec))

    mashup = '<?xml version="1.0" encoding="utf-16"?><DataMashup a="联系人：李雷">{}</DataMashup>'
    data = part(mashup.format("AAAA"))
    assert read(data, "xlsx").rows.num_rows == 4
    found = beside.read(data, [])
    assert "联系人：李雷" in [t.text for t in found.texts]
    assert not found.is_opaque
    assert beside.read(part(mashup.format("UEsDBBQAAgAIA" * 20)), []).is_opaque
    assert refused(part("<!DOCTYPE x><x/>"), "xlsx").code == "entity_declared"
    assert refused(part("<x/>", "utf-32"), "xlsx").code == "unreadable_file"
    moved = changed(content(book(*ROWS)), "xl/worksheets/sheet1.xml", lambda x: x.decode().encode("utf-16"))
    assert refused(moved, "xlsx").code == "unreadable_file"


@pytest.mark.parametrize(
    ("member", "kind"),
    [("xl/workbook.bin", ".xlsb"), ("content.xml", ".ods"), ("word/document.xml", ".docx")],
)
def test_an_archive_of_another_kind_is_named(member: str, kind: str) -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr(member, "x")
    error = refused(sink.getvalue(), "xlsx")
    assert error.code == "wrong_file_kind"
    assert kind in str(error)
    assert kind in error.zh


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_old_workbook_is_named_with_what_to_do(kind: str) -> None:
    error = refused(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), kind)
    assert error.code == "wrong_file_kind"
    assert ".et" in error.zh
    assert "另存为" in error.zh
    assert ".xlsx" in str(error)


# ---- limits


def test_so_many_cells_that_cannot_be_read_are_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problems, "MAX_PROBLEMS", 10)
    rows = [f"{CODE}{i:02},村,x,{i},x,{i}" for i in range(10)]
    error = refused(csv(*rows))
    assert error.code == "too_many_problems"
    assert "20" in error.zh
    assert "village!C2" in error.zh
    assert "village!E2" in str(error)
    assert len(read(csv(*rows[:5])).unreadable) == 10


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_file_holds_no_more_cells_than_are_looked_at(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = csv(*ROWS).encode() if kind == "csv" else content(book(*ROWS))
    monkeypatch.setattr(parsing, "MAX_FILLED", 30)
    assert read(data, kind).rows.num_rows == 4
    monkeypatch.setattr(parsing, "MAX_FILLED", 29)
    assert refused(data, kind).code == "too_large"


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


# ---- rows that are no unit's: town headings and subtotals, averages, pages, rows of the template


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (",会城街道,10,6,2,2", "level"), ("440705001,会城街道,10,6,2,2", "level"), ("会城街道,,10,6,2,2", "level"),
        ("440705001,,10,6,2,2", "level"), (",全区平均,2.5,1.5,0.5,1", "extra"), ("上月数,,9,6,2,1", "extra"),
        (",较上月增减,1,0,0,1", "extra"), ("第1页,,,,,共1页", "page"), ("第 1 页 共 3 页,,,,,", "page"),
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


# ---- files of old programs, totals of visible rows, numbers as they are shown


@pytest.mark.parametrize("line", ["sep=,\r\n", '"sep=,"\n', "SEP=,\n"])
def test_a_first_line_that_names_the_separator_and_an_end_mark_are_no_rows(line: str) -> None:
    parsed = read(line + csv(*ROWS) + "\x1a")
    assert parsed.rows.num_rows == 4
    assert parsed.columns["members"] == 2


def test_a_first_line_that_names_another_separator_is_told_as_such() -> None:
    assert refused("sep=;\n" + csv(*ROWS).replace(",", ";")).code == "wrong_delimiter"


@pytest.mark.parametrize(("total", "hidden"), [(36, "1"), (35, ""), (50, None)])
def test_a_total_of_the_visible_rows_says_so(total: int, hidden: str | None) -> None:
    made = book(*ROWS)
    made.active.append(["合计", None, total])
    made.active.row_dimensions[5].hidden = True
    found = read(content(made), "xlsx", totals=["合计"]).totals_problems
    assert [p.hidden for p in found] == ([] if hidden is None else [hidden])


@pytest.mark.parametrize(
    ("cell", "rule", "said"),
    [
        ("#######", "hashes", "加宽"), ("(12.50)", "brackets", "-12.50"), ("（3）", "brackets", "-12.50"),
        ("1900-04-14", "day", "日期格式"), ("约3", "type", "整数"), ("-3%", "percent", "百分"),
    ],
)  # fmt: skip
def test_numbers_as_a_program_shows_them_are_told_with_their_cause(cell: str, rule: str, said: str) -> None:
    parsed = read(csv(*ROWS[:3], f"{CODE}04,丁村,{cell},4,4,4"))
    (told,) = parsed.unreadable
    assert told.rule == f"village.members.{rule}"
    assert said in told.expected_zh


@pytest.mark.parametrize(
    ("tab", "shown"),
    [
        ("行政村党建月报表", "行政村党建月报表!C2"),
        ("Sheet 1!x", "Sheet 1!x!C2"),
        ("欧阳建国", "village!C2"),
        ("填表人 李雷", "village!C2"),
        ("13800138000", "village!C2"),
    ],
)
def test_addresses_name_the_tab_unless_it_may_name_a_person(tab: str, shown: str) -> None:
    made = book(ROWS[0].replace(",11,", ",十,"), ROWS[1], sheet=tab)
    (cell,) = read(content(made), "xlsx").unreadable
    assert cell.address == shown


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
