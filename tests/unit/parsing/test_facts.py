"""What a sheet says of itself: title, units in headers, hidden rows and columns, formats that divide."""

from __future__ import annotations

import io

import pytest
from openpyxl import Workbook

from qiangji.catalogue.models import County, Layout
from qiangji.errors import ReturnedError
from qiangji.parsing import Parsed, cage
from qiangji.parsing.facts import ScaledColumn, SheetFacts, split_unit
from qiangji.parsing.xlsx_look import divisor_of
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
    )


def test_a_csv_tells_titles_and_units_only() -> None:
    text = f"2026年9月\n村编码,党员数（单位：人）,党员数(女),收入\n{CODE}00,1,1,2\n"
    parsed = cage.read_submission(
        text.encode(), "csv", county("csv", title_rows=1), FORM, Period.parse("2026-10")
    )
    assert parsed.sheet == SheetFacts(("2026年9月",), units_in_headers={"members": "人"})


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
    ],
)  # fmt: skip
def test_the_unit_behind_a_header(header: str, name: str, unit: str) -> None:
    assert split_unit(header) == (name, unit)
