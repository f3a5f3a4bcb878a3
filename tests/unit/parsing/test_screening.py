"""Personal data is found wherever it stands outside the sign-off zone, and its value goes nowhere."""

from __future__ import annotations

import logging

import pytest

from qiangji.catalogue.models import County, Layout
from qiangji.parsing import Grid, read_grids
from qiangji.parsing.grid import grid_of
from qiangji.parsing.screening import Hit, find_personal_data

# Fictitious numbers; the first is an example of GB 11643-1999.
RESIDENT = "11010519491231002X"
MOBILE = "13800138000"


def grid(text: str, sheet: str = "") -> Grid:
    county = County(county="440703", transport="folder", path="x", files="{form}.csv")
    found = read_grids(text.encode(), "csv", county, ["village"])["village"]
    return Grid(found.cells, found.first_row, sheet, form="village", ragged=found.ragged)


def test_hits_have_addresses_in_the_order_of_the_sheet() -> None:
    text = f"村编码,村名,备注\n440703001001,甲,{RESIDENT}\n440703001002,{MOBILE},\n440703001003,丙,好\n"
    assert find_personal_data(grid(text), Layout()) == [
        Hit("village!C2", "resident_id"),
        Hit("village!B3", "mobile"),
    ]


def test_rows_above_the_header_the_header_and_the_sheets_name_are_screened() -> None:
    text = f"填报 {MOBILE},,\n村编码,{RESIDENT},备注\n1,2,3\n"
    hits = find_personal_data(grid(text, sheet=f"表{MOBILE}"), Layout(title_rows=1))
    assert hits == [
        Hit("village!sheet name", "mobile"),
        Hit("village!A1", "mobile"),
        Hit("village!B2", "resident_id"),
    ]


def test_the_declared_sign_off_zone_is_left_out_and_nothing_else() -> None:
    text = f"村编码,备注\n1,填表人{MOBILE}\n填表人：某,\n电话,{MOBILE}\n"
    declared = find_personal_data(grid(text), Layout(sign_off=("填表人",)))
    assert declared == [Hit("village!B2", "mobile")]
    assert len(find_personal_data(grid(text), Layout())) == 2


def test_a_keys_column_is_looked_through_when_one_cell_is_no_code() -> None:
    text = "村编码\n440703001001\n" + f"{RESIDENT}\n440703001002\n"
    assert find_personal_data(grid(text), Layout()) == [Hit("village!A3", "resident_id")]


def test_the_value_is_in_no_hit_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        hits = find_personal_data(grid(f"a,b\n{RESIDENT},{MOBILE}\n"), Layout())
    assert len(hits) == 2
    assert RESIDENT not in repr(hits) + caplog.text
    assert MOBILE not in repr(hits) + caplog.text


def test_an_empty_grid_has_none() -> None:
    assert find_personal_data(grid_of([], ""), Layout()) == []
