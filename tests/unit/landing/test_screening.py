"""Personal data is found wherever it stands outside the sign-off zone, and its value goes nowhere."""

from __future__ import annotations

import logging

import pytest

from qiangji.catalogue.models import County, Layout
from qiangji.landing.screening import Hit, find_personal_data
from qiangji.parsing import Grid, read_grids
from qiangji.parsing.grid import grid_of
from qiangji.personal_data import kind_of

# Fictitious numbers; the first two are the examples of GB 11643-1999.
RESIDENT = "11010519491231002X"
ELDER = "440524188001010014"
MOBILE = "13800138000"


def grid(text: str, sheet: str = "") -> Grid:
    county = County(county="440703", transport="folder", path="x", files="{form}.csv")
    found = read_grids(text.encode(), "csv", county, ["village"])["village"]
    return Grid(found.cells, found.first_row, sheet, form="village", ragged=found.ragged)


@pytest.mark.parametrize(
    "text",
    [RESIDENT, ELDER, RESIDENT.lower(), "１１０１０５１９４９１２３１００２Ｘ", "110105 19491231 002X",
    "110105-19491231-002X",
     f"身份证{RESIDENT}号", f"张某{ELDER}", "1 1 0 1 0 5 1 9 4 9 1 2 3 1 0 0 2 X", "440703800101123",
     "440703 800101 123",
     "440703198001011000", "110105\u200b19491231002X"],
)  # fmt: skip
def test_resident_id_numbers(text: str) -> None:
    assert kind_of(text) == "resident_id"


@pytest.mark.parametrize(
    "text",
    [MOBILE, "１３８００１３８０００", "138 0013 8000", "138-0013-8000", "+86 13800138000", "8613800138000",
    "013800138000",
     f"电话：{MOBILE}转", f"{MOBILE}/19912345678", "138.0013.8000"],
)  # fmt: skip
def test_mobile_numbers(text: str) -> None:
    assert kind_of(text) == "mobile"


@pytest.mark.parametrize(
    "text",
    ["", "0", "1290", "12345678901", "23800138000", "12800138000", "440703001001", "44070300100101",
    "13070300100101",
     "110105194912310021", "110105194913310021", "990105194912310025", "91440703MA4UQX1234",
     "91110000600037341L",
     "2026-10-01 2026-10-31", "138001380001", "0750-3161234", "440703801301123", "1,380,013,800.00",
     "第13800组",
     "440703001001 440703001002"],
)  # fmt: skip
def test_codes_counts_and_dates_are_no_personal_data(text: str) -> None:
    assert kind_of(text) is None


def test_a_credit_code_that_looks_like_a_number_of_the_nineteenth_century_is_a_credit_code() -> None:
    from qiangji.personal_data.numbers import _CREDIT, _has_credit_checksum, is_credit_code, is_resident_id

    prefixes = (
        f"52440118{year}{month:02d}{day:02d}" for year in (1880, 1990) for month in (1, 7) for day in (5, 9)
    )
    found = {
        code[6:8]: code
        for prefix in prefixes
        for n in range(1000)
        for code in [prefix[:6] + prefix[8:] + f"{n:03d}"]
        for code in [code + c for c in "0123456789"]
        if len(code) == 18 and _has_credit_checksum(code)
        if sum(
            int(d) * w
            for d, w in zip(code[:17], (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), strict=True)
        )
        % 11
        == (12 - int(code[17])) % 11
    }
    assert set(found) == {"18", "19"}
    assert set(_CREDIT) >= set("0123456789")
    assert not is_resident_id(found["18"])
    assert is_credit_code(found["18"])
    assert is_resident_id(found["19"])
    assert not is_credit_code(found["19"])


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
