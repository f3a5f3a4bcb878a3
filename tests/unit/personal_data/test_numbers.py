"""Personal numbers in one text, as people write them, and numbers that are none."""

from __future__ import annotations

from datetime import date

import pytest
from stdnum.cn import ric, uscc

from qiangji.personal_data import kind_of
from qiangji.personal_data.numbers import is_credit_code, is_resident_id

# Fictitious numbers; the first two are the examples of GB 11643-1999.
RESIDENT = "11010519491231002X"
ELDER = "440524188001010014"
MOBILE = "13800138000"


@pytest.mark.parametrize(
    "text",
    [RESIDENT, ELDER, RESIDENT.lower(), "１１０１０５１９４９１２３１００２Ｘ", "110105 19491231 002X",
    "110105-19491231-002X",
     f"身份证{RESIDENT}号", f"张某{ELDER}", "1 1 0 1 0 5 1 9 4 9 1 2 3 1 0 0 2 X", "440703800101123",
     "440703 800101 123",
     "440703198001011000", "110105\u200b19491231002X",
     "11010519491231002×", "11010519491231002Х", "110105 19491231 002×", "11010519491231002 ×", "11010519491231002*",
     "110105，19491231，002X",
     "110105;1949;1231;002x", "110105 1949年12月31日 002X", "110105*19491231*002X", "110105：19491231：002X"],
)  # fmt: skip
def test_resident_id_numbers(text: str) -> None:
    assert kind_of(text) == "resident_id"


@pytest.mark.parametrize(
    "text",
    [MOBILE, "１３８００１３８０００", "138 0013 8000", "138-0013-8000", "+86 13800138000", "8613800138000",
    "013800138000",
     f"电话：{MOBILE}转", f"{MOBILE}/19912345678", "138.0013.8000",
     "13822-331234", f"{MOBILE}×", "手机：13800 138000", "手机：138 00 13 80 00",
     "电话：138/0013/8000", "联系电话 138，0013，8000",
     "手机号138*0013*8000", "电话:138、0013、8000", "13800138000元旦"],
)  # fmt: skip
def test_mobile_numbers(text: str) -> None:
    assert kind_of(text) == "mobile"


@pytest.mark.parametrize(
    "text",
    ["", "0", "1290", "12345678901", "23800138000", "12800138000", "440703001001", "44070300100101",
    "13070300100101",
     "110105194913310021", "990105194912310025", "91440703MA4UQX1234",
     "91110000600037341L",
     "15000000000元", "总投资15900000000", "收入：15900000000", "20×30", "440705×12", "党员13、22、33、12、345",
     "138、0013、8000", "15000-150000元",
     "电话：0750-3161234", "电话：12345", "440705,20260930,0012", "13800 138000",
     "2026-10-01 2026-10-31", "138001380001", "0750-3161234", "440703801301123", "1,380,013,800.00",
     "第13800组",
     "440703001001 440703001002"],
)  # fmt: skip
def test_codes_counts_and_dates_are_no_personal_data(text: str) -> None:
    assert kind_of(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "440705202609300012",
        "440705-20260930-0012",
        "440705 20260930 0012",
        "440705202609300012号",
        "编号：440705202501150020",
        "440705202609300010",
        "4.40705202609300E+17",
        "44070520200301012X",
    ],
)
def test_a_documents_number_of_area_day_and_serial_is_none(text: str) -> None:
    assert kind_of(text) is None


@pytest.mark.parametrize("years", [15, 18, 40, 90])
def test_a_mistyped_number_of_whoever_may_be_in_a_report_is_one(years: int) -> None:
    number = f"440705{date.today().year - years}0930001"
    assert {kind_of(number + last) for last in "0123456789X"} == {"resident_id"}


def test_a_childs_number_is_one_with_its_checksum_alone() -> None:
    number = f"440705{date.today().year - 5}0930001"
    found = [kind_of(number + last) for last in "123456789X"] + [kind_of(number + "0")]
    assert found.count("resident_id") == 1


def test_whatever_serial_a_document_of_these_years_has_its_number_is_none() -> None:
    """Every eleventh has the checksum by chance; those with an X are no number of a document."""
    year = date.today().year
    numbers = [f"440705{y}0125{serial:04d}" for y in (year, year - 2) for serial in range(200)]
    assert [n for n in numbers if kind_of(n)] == []
    seventeens = [f"440705{year - 1}0125{serial:03d}" for serial in range(100)]
    with_x = [n + "X" for n in seventeens if ric.calc_check_digit(f"{n}0") == "X"]
    assert with_x
    assert {kind_of(n) for n in with_x} == {"resident_id"}


@pytest.mark.parametrize(("year", "is_person"), [(1880, False), (1990, True)])
def test_a_number_with_both_checksums_is_a_person_if_born_since_1901(year: int, is_person: bool) -> None:
    """By stdnum it is both. A credit code whose division ends in 18 often looks like a birth in the 1800s."""
    seventeens = [f"524401{year}{month:02d}05{n:03d}" for month in range(1, 13) for n in range(100)]
    numbers = [seventeen + ric.calc_check_digit(f"{seventeen}0") for seventeen in seventeens]
    both = [number for number in numbers if uscc.is_valid(number)]
    assert len(both) > 10
    assert {ric.calc_check_digit(n) == n[-1] for n in both} == {True}
    assert {is_resident_id(n) for n in both} == {is_person}
    assert {is_credit_code(n) for n in both} == {not is_person}
