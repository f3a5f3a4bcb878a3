"""Codes that a number format completes: read as the cell shows them."""

from __future__ import annotations

import io
from typing import Any

import pytest
from openpyxl import Workbook

from qiangji.catalogue.models import County, Layout
from qiangji.parsing import Parsed, cage
from qiangji.parsing.clean import workbook_of
from qiangji.parsing.facts import ANOTHER
from qiangji.parsing.screening import Hit, find_personal_data
from qiangji.periods import Period
from tests.unit.parsing.villages import village_form

FORM = village_form({"members": "党员"}, title="行政村")
COUNTY = County(county="440705", transport="folder", path="x", files="x", layout=Layout())


def book(code: object, code_format: str, members: object = 12, format_: str = "General") -> bytes:
    made = Workbook()
    made.active.append(["村编码", "党员"])
    made.active.append([code, members])
    made.active["A2"].number_format, made.active["B2"].number_format = code_format, format_
    sink = io.BytesIO()
    made.save(sink)
    return sink.getvalue()


def read(content: bytes) -> Parsed:
    return cage.read_submission(content, "xlsx", COUNTY, FORM, Period.parse("2026-10"))


def code_of(*args: Any) -> str | None:
    found: str | None = read(book(*args)).rows.column(FORM.key)[0].as_py()
    return found


@pytest.mark.parametrize(
    ("code", "code_format"),
    [
        (1203, '"440705"000000'),
        (1203, r"\4\4\0\7\0\5000000"),
        (1203, '"440705"000000;@'),
        (1203, '"440705"000000_ '),
        (3, '"4407050012"00'),
        (1203, '[$-804]"440705"000000'),
        ("001203", '"440705"@'),
        (440705001203, "0"),
        (440705001203, '0;-0;;@'),
        (440705001203, "General"),
    ],
)  # fmt: skip
def test_a_code_is_what_the_cell_shows(code: object, code_format: str) -> None:
    assert code_of(code, code_format) == "440705001203"


@pytest.mark.parametrize(
    ("code", "code_format", "shown"),
    [
        (1203, '"440705"0', "4407051203"),
        (1203, '"440705"General', "4407051203"),
        (1203, "General", "1203"),
        ("440705001203", '"440705"000000', "440705001203"),
    ],
)
def test_no_digit_is_made_up(code: object, code_format: str, shown: str) -> None:
    assert code_of(code, code_format) == shown


@pytest.mark.parametrize("format_", ['"1"0', '0"0"', '0"000000"', '"440705"0'])
def test_a_number_beside_which_digits_are_written_is_asked_about(format_: str) -> None:
    parsed = read(book("440705001203", "@", 12, format_))
    assert [(s.field, s.divisor) for s in parsed.sheet.scaled_columns] == [("members", ANOTHER)]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (138, '0"00138000"'),
        (138, '#,##0"00138000"'),
        (138, '0"-0013-8000"'),
        (138.2, '0"00138000"'),
        (-138, '0;0"00138000"'),
        (1200, '[>1000]"1380013"0;0'),
        (1380000, '000"0000"0000'),
        ("138", '@"00138000"'),
    ],
)
def test_a_persons_number_that_a_format_completes_is_found(number: object, code: str) -> None:
    columns = cage.read_sheets(book("440705001203", "@", number, code), "xlsx", COUNTY, {"village": "行政村"})
    assert find_personal_data(columns.grids["village"], COUNTY.layout) == [Hit("Sheet!B2", "mobile")]


@pytest.mark.parametrize(
    "code", ['0"人（2026年）"', '"2026-10-"00', '0"0"', '0"000000"', '"共"0"人"', '0"00138000"']
)
def test_another_number_beside_which_digits_are_written_is_as_it_is_stored(code: str) -> None:
    columns = cage.read_sheets(book("440705001203", "@", 12, code), "xlsx", COUNTY, {"village": "行政村"})
    assert columns.grids["village"].cells.column(1)[1].as_py() == "12"


def test_a_sheet_that_is_kept_by_itself_has_the_same_codes() -> None:
    grids = cage.read_sheets(book(1203, '"440705"000000'), "xlsx", COUNTY, {"village": "行政村"}).grids
    kept = workbook_of(grids["village"])
    assert read(kept).rows.column(FORM.key).to_pylist() == ["440705001203"]


def test_a_format_that_writes_a_persons_number_completes_no_code() -> None:
    """A mobile number and more digits are no number that anybody would look for."""
    assert code_of(1203, '"13800138000"0') == "1203"
