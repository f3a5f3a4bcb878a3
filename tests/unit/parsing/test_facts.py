"""What a sheet says of itself: title, units in headers, hidden rows and columns, formats that divide."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.styles import Font

from qiangji.catalogue.models import County, Layout
from qiangji.errors import ReturnedError
from qiangji.parsing import Parsed, cage
from qiangji.parsing.clean import workbook_of
from qiangji.parsing.facts import ANOTHER, ScaledColumn, SheetFacts, split_unit
from qiangji.parsing.xlsx_look import divisor_of, shows_month, shows_nothing, unit_of
from qiangji.periods import Period
from tests.unit.parsing.villages import village_form

FORM = village_form(
    {"members": "党员数", "women": "党员数(女)", "income": {"label": "收入(万元)", "type": "decimal"}}
)
CODE = "4407051000"


def county(kind: str, **layout: int) -> County:
    return County(
        county="440705", transport="folder", path="x", files=f"{{form}}.{kind}", layout=Layout(**layout)
    )


def read(book: Workbook, **layout: int) -> Parsed:
    sink = io.BytesIO()
    book.save(sink)
    return cage.read_submission(
        sink.getvalue(), "xlsx", county("xlsx", **layout), FORM, Period.parse("2026-10")
    )


def workbook(*header: str) -> Workbook:
    book = Workbook()
    sheet = book.active
    sheet.append(["强基 月报表  2026年9月", None, None, None, None])
    sheet.append(["单位：万元"])
    sheet.append(header or ("村编码", "村名", "党员数\n（人）", "党员数（女）", "收入（元）"))
    for i in range(4):
        sheet.append([f"{CODE}{i:02}", f"{'甲乙丙丁'[i]}村", 10 + i, 2, 12345.6])
    return book


def test_a_sheet_tells_its_titles_units_hidden_rows_and_formats_through_the_cage() -> None:
    book = workbook()
    sheet = book.active
    sheet.row_dimensions[5].hidden = True
    sheet.row_dimensions[6].hidden = True
    sheet.row_dimensions[60].hidden = True  # no row of the data
    sheet.column_dimensions["D"].hidden = True
    for row in (4, 5, 6):
        sheet.cell(row, 5).number_format = "0!.0,"
    parsed = read(book, title_rows=2)
    assert parsed.rows.num_rows == 4
    assert parsed.sheet == SheetFacts(
        title_texts=("强基 月报表 2026年9月", "单位:万元"),
        hidden_rows=2,
        hidden_columns=("women",),
        scaled_columns=(ScaledColumn("income", 10_000, 3),),
        units_in_headers={"members": "人", "income": "元"},
        headers={"members": ("", "党员数(人)"), "women": ("", "党员数(女)"), "income": ("", "收入(元)")},
        sheet="Sheet",
    )


def test_a_csv_tells_titles_and_units_only() -> None:
    text = f"2026年9月\n村编码,党员数（单位：人）,党员数(女),收入\n{CODE}00,1,1,2\n"
    parsed = cage.read_submission(
        text.encode(), "csv", county("csv", title_rows=1), FORM, Period.parse("2026-10")
    )
    assert parsed.sheet == SheetFacts(
        ("2026年9月",),
        units_in_headers={"members": "人"},
        headers={"members": ("", "党员数(单位:人)"), "women": ("", "党员数(女)"), "income": ("", "收入")},
    )


def test_a_word_in_brackets_that_is_no_unit_makes_another_header() -> None:
    with pytest.raises(ReturnedError, match="unknown header"):
        read(workbook("村编码", "村名", "党员数(男)", "党员数(女)", "收入"), title_rows=2)


@pytest.mark.parametrize(
    ("code", "divisor"),
    [
        ("General", 1), ("#,##0", 1), ("#,##0.00", 1), ("0.00%", 1), ("yyyy-mm-dd", 1), ("@", 1), ('0"."', 1),
        ("0.0,", 1_000), ("#,##0,", 1_000), ("0,,", 1_000_000), ("0!.0,", 10_000), ("0!.0000", 10_000),
        (r"0\.0,", 10_000), ('0"."0,"万元"', 10_000), ("#,##0!.0000;-#,##0!.0000", 10_000),
        ('[>=10000]0!.0,"万";0', 10_000), ("#!.##,", 100_000), ("_ * #,##0_ ;_ * -#,##0_ ", 1),
        ('0.0,"千元"', 1_000), ("0\\.0000_ ", 10_000),
    ],
)  # fmt: skip
def test_a_number_format_that_divides_is_known_by_its_code(code: str, divisor: int) -> None:
    assert divisor_of(code) == divisor


@pytest.mark.parametrize(
    ("header", "name", "unit"),
    [
        ("党员数\n(人)", "党员数", "人"), ("党员数【人】", "党员数", "人"), ("收入 （单位：万元）", "收入", "万元"),
        ("占比（％）", "占比", "%"), ("党员数", "党员数", ""), ("党员数(女)", "党员数(女)", ""), ("(人)", "(人)", ""),
        ("已走访户数(去重)", "已走访户数(去重)", ""), ("面积(m²)", "面积", "m2"),
        ("总收入（万）", "总收入", "万"), ("植树(百株)", "植树", "百株"), ("措施（十）", "措施(十)", ""),
        ("收入(港币万元)", "收入", "港币万元"), ("收入(人民币万元)", "收入", "人民币万元"),
        ("收入(万港币)", "收入", "万港币"),
    ],
)  # fmt: skip
def test_the_unit_behind_a_header(header: str, name: str, unit: str) -> None:
    assert split_unit(header) == (name, unit)


# ---- merged cells, copies of the sheet, what is there and not seen


def patched(book: Workbook, member: str, old: bytes, new: bytes) -> bytes:
    """The workbook with one text of a member replaced: what openpyxl does not write."""
    sink, out = io.BytesIO(), io.BytesIO()
    book.save(sink)
    with zipfile.ZipFile(sink) as archive, zipfile.ZipFile(out, "w") as changed:
        for name in archive.namelist():
            data = archive.read(name)
            assert name != member or old in data
            changed.writestr(name, data.replace(old, new, 1) if name == member else data)
    return out.getvalue()


def facts(content: bytes) -> SheetFacts:
    parsed = cage.read_submission(
        content, "xlsx", county("xlsx", title_rows=2), FORM, Period.parse("2026-10")
    )
    return parsed.sheet


def bytes_of(book: Workbook) -> bytes:
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def test_cells_merged_among_the_data_are_counted_by_field() -> None:
    book = workbook()
    book.active.merge_cells("C5:D6")  # a value for four cells
    book.active.merge_cells("A1:E1")  # a title
    assert facts(bytes_of(book)).merged_cells == {"members": 1, "women": 2}


def test_a_value_that_a_merge_covers_is_read_and_told() -> None:
    """A format that is pasted merges cells, and leaves what they hold."""
    sheet, ends = "xl/worksheets/sheet1.xml", b"</sheetData>"
    merged = ends + b'<mergeCells count="2"><mergeCell ref="C4:C6"/><mergeCell ref="D5:E5"/></mergeCells>'
    book = workbook()
    book.active["C6"] = None
    said = facts(patched(book, sheet, ends, merged))
    assert (said.merged_cells, said.covered_cells) == (
        {"members": 1}, {"members": (1, "Sheet!C5"), "income": (1, "Sheet!E5")},
    )  # fmt: skip


def test_cells_of_no_height_or_width_and_formats_that_show_nothing_are_hidden() -> None:
    sheet = "xl/worksheets/sheet1.xml"
    assert facts(patched(workbook(), sheet, b'<row r="5"', b'<row ht="0" r="5"')).hidden_rows == 1
    narrow = b'<cols><col min="4" max="5" width="0" customWidth="1"/></cols><sheetData>'
    assert facts(patched(workbook(), sheet, b"<sheetData>", narrow)).hidden_columns == ("women", "income")
    book = workbook()
    for row in (4, 5):
        book.active.cell(row, 3).number_format = ";;;"
    assert facts(bytes_of(book)).unseen_cells == {"members": 2}


def test_the_unit_that_most_cells_formats_write() -> None:
    book = workbook()
    for row in (4, 5, 6):
        book.active.cell(row, 5).number_format = '#,##0.00"千元"'
    book.active.cell(4, 3).number_format = '0"户"'
    assert facts(bytes_of(book)).units_in_formats == {"income": "千元"}


@pytest.mark.parametrize(
    ("code", "unit"),
    [
        ('#,##0.00"千元"', "千元"),
        (r"0\元", "元"),
        ('0.00" 万元"', "万元"),
        ('0"户";-0"户"', "户"),
        ("0千元", "千元"),
        ("General", ""),
        ("¥#,##0.00", "¥"),
        ('"￥"#,##0.00', "¥"),
        ("[$¥-804]#,##0.00", "¥"),
        ('¥0.00"万元"', "万元"),
        ('0"百株"', "百株"),
        ('0.00"万"', "万"),
        ('_ * #,##0.00_ ;_ * -#,##0.00_ ;_ * "-"??_ ;_ @_ ', ""),
        ('"第"0"号"', ""),
        ("yyyy年m月", ""),
        ('[$¥-804]#,##0.00"元"', "元"),
        ("0.00%", ""),
        ("[$$-409]#,##0.00", "美元"),
        ('"$"#,##0', "美元"),
        ("$#,##0.00", "美元"),
        ("[$US$-409]0.00", "美元"),
        ("[$HK$-C04]#,##0.00", "港元"),
        ("[$€-2] #,##0.00", "欧元"),
        ("[$-804]0.00", ""),
        ('0"%"', "%"),
        (r"0\%", "%"),
        ('0"港币万元"', "港币万元"),
        ("[$-409]d/m/yyyy", ""),
        ('_ "¥"* #,##0.00_ ;_ "¥"* -#,##0.00_ ;_ "¥"* "-"??_ ;_ @_ ', "¥"),
        ('G/通用格式"千元"', "千元"),
        ('G/通用格式"亩"', "亩"),
        ('G/通用格式"万元"', "万元"),
        ("G/通用格式", ""),
        ('0.00"万/年"', "万/年"),
        ('0"元/亩"', "元/亩"),
        ('0"人/次"', "人次"),
        ('0.00"（元）"', "元"),
        ('0.00"(元)"', "元"),
        ('0.00"【千元】"', "千元"),
        ('#,##0.00"元整"', "元整"),
        ('"人民币"#,##0.00', "人民币"),
        ('"人民币"#,##0.00"元"', "元"),
        ('"人民币："#,##0.00', "人民币"),
        ('0"RMB"', "RMB"),
        ('"RMB "0.00', "RMB"),
        ("[$CNY] 0.00", "¥"),
        ("[$USD] 0.00", "美元"),
        ('0.00"圆"', "圆"),
        ('0.00"仟元"', "仟元"),
        ('0"佰圆"', "佰圆"),
        ('0"块"', "块"),
        ('0"块钱"', "块钱"),
        ('0"亩地"', "亩地"),
        ('0"平方"', "平方"),
        ('0"平方米"', "平方米"),
        ('0"m2"', "m2"),
        ('0"倍"', "倍"),
        ('0"成"', "成"),
        ('0"万余"', "万余"),
        ('0"亩左右"', "亩左右"),
        ('0"（人）"', "人"),
        ('0"村委会"', ""),
        ('0"完成"', ""),
        ('"约"0', ""),
        ('0"地块"', ""),
        ("# ?/?", ""),
        ("yyyy/m/d", ""),
    ],
)
def test_the_unit_that_a_number_format_writes(code: str, unit: str) -> None:
    assert unit_of(code) == unit


@pytest.mark.parametrize(
    ("code", "is_unseen"),
    [
        (";-0;0", True),
        ('""', True),
        ("0;;", False),
        ("_ 0", False),
        (";;;", True),
        ('"";"";""', True),
        (";;;@", True),
        ("0;-0;;@", False),
        ("0", False),
        ("@", False),
    ],
)
def test_a_number_format_that_shows_no_number(code: str, is_unseen: bool) -> None:
    assert shows_nothing(code) == is_unseen


_OF_ZEROS = ('0;-0;"5"', '0;-0;"10"', '[=0]"10";0')


@pytest.mark.parametrize(
    "code",
    [
        '0"0"', '0"0000"', '"1"0', r"0\0", "0!0", '"-"0', r"\-0", "-0", '"("0")"', "(0)", 'General"千"', 'General"0"',
        '#,##0.00"k"', '0" K"', '0"百万"', '0"十"', '0"点"0', '0".5"', '"3"0', '0"0元"', '0;-0;"5"', '"12"', '"¥-"0',
        '0"０"', '[>=0]0"0";0', '[Red]"-"0', '0;0"0"', 'G/通用格式"K"', '"1"G/通用格式', '0;-0;"10"', '0;"0"',
        '[=0]"10";0',
        '[>100]0;[>50]0;"0"', '"负"0', '"▲"0', '"△"0', '"减"0', '"▲"#,##0.00', '0"×10"', '0"x100"', '"10×"0', '0"×万"',
        '0"仟"',
    ],
)  # fmt: skip
def test_a_format_whose_texts_make_another_number(code: str) -> None:
    book = workbook()
    for row in (4, 5, 6, 7):
        book.active.cell(row, 3).number_format = code
        book.active.cell(row, 3).value = -3 if code == '0;0"0"' else 0 if code in _OF_ZEROS else 12
    assert [(s.field, s.divisor) for s in facts(bytes_of(book)).scaled_columns] == [("members", ANOTHER)]


@pytest.mark.parametrize(
    "code",
    [
        '0"人"', "0.00_ ", "#,##0;[Red]-#,##0", '0"个"', '"共"0"户"', "General", "0", "#,##0.00", "0.00%", "0.00E+00",
        '_ * #,##0.00_ ;_ * -#,##0.00_ ;_ * "-"??_ ;_ @_ ', "_(* #,##0_);_(* (#,##0);_(* \"-\"_);_(@_)",
        "#,##0_);(#,##0)", '0;-0;"-"', '0;-0;"无"', '"第"0"号"', '0"（人）"', "# ##0", r"#\ ##0", "yyyy-mm-dd",
        'yyyy"年"m"月"', "h:mm:ss.0", "+0", '[=0]"";0', '[<0]-0;0', '0"."', "#,##0'000", "@", "000000",
        '#,##0;"▲"#,##0', '0;"负"0', '0;[Red]"△"0', '"负责"0"人"', '"★"0', '"※"0', '0"（户）"', '"＋"0',
        '0;-0;"0"', '#,##0;-#,##0;"0"', '0;-0;"0.00"', '0;-0;"0人"', '0;-0;"零"', '0;-0;"–"', '[=0]"0";0',
        '[=0]"无";General',
        '[>0]0;[<0]-0;"0"', "G/通用格式", 'G/通用格式"人"', '[=0]"0";G/通用格式', "G/通用格式;-G/通用格式;0",
    ],
)  # fmt: skip
def test_a_format_whose_texts_leave_the_number_as_it_is(code: str) -> None:
    book = workbook()
    for row in (4, 5, 6, 7):
        book.active.cell(row, 3).number_format = code
        book.active.cell(row, 3).value = 0 if "=0" in code or "<0" in code else 12
    said = facts(bytes_of(book))
    assert (said.scaled_columns, said.unseen_cells) == ((), {})


def test_a_condition_that_hides_large_values() -> None:
    book = workbook()
    for row, value in zip((4, 5, 6, 7), (12, 501, 800, 0), strict=True):
        book.active.cell(row, 3).number_format = '[>500]"";0.00'
        book.active.cell(row, 3).value = value
    assert facts(bytes_of(book)).unseen_cells == {"members": 2}


@pytest.mark.parametrize("code", ['"无"', '"✓"', '"无";0', '[>5]"多";0'])
def test_a_text_in_the_place_of_a_number_shows_nothing(code: str) -> None:
    book = workbook()
    for row, value in zip((4, 5, 6, 7), (12, 501, 1, 0), strict=True):
        book.active.cell(row, 3).number_format = code
        book.active.cell(row, 3).value = value
    assert facts(bytes_of(book)).unseen_cells == {"members": 2}


@pytest.mark.parametrize(
    ("code", "values", "said"),
    [
        ('[>100]0.00"万元";0.00"元"', (120, 130, 140, 50), "万元、元"),
        ('[>100]0.00"元";0.00"万元"', (120, 30, 40, 50), "万元、元"),
        ('0.00"万元";-0.00"元"', (120, 30, 40, -50), "万元、元"),
        ('0.00"万元";-0.00"万元"', (120, 30, 40, -50), "万元"),
        ('"上月"0.00', (120, 30, 40, 50), "上月"),
        ('"上月"0.00"万元"', (120, 30, 40, 50), "上月"),
        ('"累计"0.00"元"', (120, 30, 40, 50), "元"),
        ('0.00"（9月）"', (120, 30, 40, 50), "9月"),
        ('0"个支部"', (120, 30, 40, 50), "个支部"),
    ],
)
def test_all_that_a_columns_formats_say_beside_its_numbers(
    code: str, values: tuple[int, ...], said: str
) -> None:
    book = workbook()
    for row, value in zip((4, 5, 6, 7), values, strict=True):
        book.active.cell(row, 5).number_format = code
        book.active.cell(row, 5).value = value
    content = bytes_of(book)
    assert facts(content).units_in_formats == {"income": said}
    grid = cage.read_sheets(content, "xlsx", county("xlsx"), {"village": FORM.title.zh}).grids["village"]
    assert facts(workbook_of(grid)).units_in_formats == {"income": said}


@pytest.mark.parametrize(
    ("own", "other", "is_alike"),
    [
        ("行政村月报表", "行政村月报表 (2)", True),
        ("行政村月报表", "行政村月报表1", True),
        ("行政村月报表", "行政村", True),
        ("行政村月报表", "行政村月报表（修改版）", True),
        ("行政村月报表", "副本行政村月报表", True),
        ("行政村月报表", "社区", False),
        ("行政村月报表", "填表说明", False),
        ("行政村月报表", "行政村月报表填表说明", False),
    ],
)
def test_a_sheet_that_is_called_nearly_so_is_told(own: str, other: str, is_alike: bool) -> None:
    book = workbook()
    book.active.title = own
    book.create_sheet(other).append(["x"])
    book.create_sheet("行政村月报表 (9)")  # without cells
    assert facts(bytes_of(book)).alike_sheets == ((other,) if is_alike else ())


def test_what_is_kept_of_a_workbook_that_may_not_be_kept_tells_the_same_of_its_sheet() -> None:
    """A stamp or a second sheet with a name is no reason to lose hidden rows, merged cells and number formats."""
    book = workbook()
    sheet = book.active
    sheet.title = "行政村月报表"
    sheet.row_dimensions[5].hidden = True
    sheet.column_dimensions["D"].hidden = True
    sheet.merge_cells("C6:C7")
    for row in (4, 5, 6, 7):
        sheet.cell(row, 5).number_format = "0!.0,"
        sheet.cell(row, 3).number_format = '0"户"'
    sheet["D4"].number_format = ";;;"
    sheet["B6"].font = Font(strike=True)
    sheet["D2"], sheet["D2"].number_format = date(2026, 9, 1), "mmm-yy"
    sheet["A9"] = "说明 <&>\n"
    book.create_sheet("行政村月报表 (2)").append(["身份证"])
    content = bytes_of(book)
    read = cage.read_sheets(content, "xlsx", county("xlsx"), {"village": FORM.title.zh})
    kept = workbook_of(read.grids["village"])
    assert kept == workbook_of(read.grids["village"])
    layout: dict[str, Any] = {"title_rows": 2, "sign_off": ("说明",)}
    first, second = (
        cage.read_submission(c, "xlsx", county("xlsx", **layout), FORM, Period.parse("2026-10"))
        for c in (content, kept)
    )
    assert second.sheet == first.sheet
    assert second.sheet.scaled_columns
    assert second.sheet.struck_rows == 1
    assert "2026-09" in second.sheet.title_texts
    assert second.sheet.alike_sheets == ("行政村月报表 (2)",)
    assert second.rows == first.rows
    assert "身份证".encode() not in kept


# ---- months typed into cells, conditions of formats, rows struck through, rows of units


@pytest.mark.parametrize(
    ("code", "is_month"),
    [
        ('yyyy"年"m"月"', True), ("mmm-yy", True), ("[$-804]yyyy年m月;@", True), ("yyyy-mm", True),
        ('e"年"m"月"', True),
        ("[DBNum1][$-804]yyyy\"年\"m\"月\";@", True), ("yyyy-mm-dd", False), ('m"月"d"日"', False), ("General", False),
        ("h:mm", False), ("0.00", False), ("yyyy", False), ("0.00E+00", False), ('0"m"', False),
    ],
)  # fmt: skip
def test_a_format_of_a_month(code: str, is_month: bool) -> None:
    assert shows_month(code) == is_month


@pytest.mark.parametrize("code", ['yyyy"年"m"月"', "mmm-yy", "yyyy-mm"])
def test_a_month_typed_into_a_title_is_that_month(code: str) -> None:
    """A spreadsheet program keeps 2026年9月 as the first of the month; a day is a day."""
    book = workbook()
    sheet = book.active
    sheet["A1"], sheet["A1"].number_format = date(2026, 9, 1), code
    sheet["C2"], sheet["C2"].number_format = date(2026, 11, 1), "yyyy-mm-dd"
    sheet["D2"], sheet["E2"], sheet["E2"].number_format = "有效期至", date(2026, 12, 1), code
    titles = facts(bytes_of(book)).title_texts
    assert titles == ("2026-09", "单位:万元", "2026-11-01", "有效期至", "2026-12-01")


def test_of_a_format_with_conditions_the_section_of_the_value_counts() -> None:
    book = workbook()
    for row in (4, 5, 6, 7):
        book.active.cell(row, 3).number_format = '[>=10000]0!.0,"万";0'
    assert facts(bytes_of(book)) == facts(bytes_of(workbook()))
    book.active["C5"] = 12_000
    assert facts(bytes_of(book)).scaled_columns == (ScaledColumn("members", 10_000, 1),)
    assert facts(bytes_of(book)).units_in_formats == {}


def test_rows_with_cells_struck_through_are_counted() -> None:
    book = workbook()
    for cell in ("A5", "B5", "C5", "E6", "A9", "A2"):  # the last two are no row of the data
        book.active[cell].font = Font(strike=True)
    assert facts(bytes_of(book)).struck_rows == 2


def test_a_row_of_units_is_kept_beside_those_in_brackets() -> None:
    """Where they contradict each other it is asked which holds."""
    book = workbook("村编码", "村名", "党员数", "党员数（女）", "收入（万元）")
    book.active.insert_rows(4)
    for column, text in enumerate(("—", None, "人", "人", "元"), 1):
        book.active.cell(4, column, text)
    parsed = read(book, title_rows=2)
    assert parsed.rows.num_rows == 4
    assert parsed.sheet.units_in_headers == {"income": "万元"}
    assert parsed.sheet.units_below == {"members": "人", "women": "人", "income": "元"}
