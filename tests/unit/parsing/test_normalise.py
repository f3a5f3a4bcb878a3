"""The normaliser: ways of writing a value, and texts that are none."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from qiangji.catalogue.models import Field
from qiangji.parsing.column import DECIMAL
from qiangji.parsing.normalise import TYPES, read_codes, read_column, tidy_array
from qiangji.text import tidy


def field(type: str, kind: str = "stock", unit: str = "none", values: tuple[str, ...] = ()) -> Field:
    return Field.model_validate(
        {"label": {"zh": "项", "en": "Item"}, "type": type, "kind": kind, "unit": unit, "values": values}
    )


def one(text: str | None, f: Field) -> object:
    """The value, or `ValueError` (the class) if the text cannot be read. It is read in a column of several."""
    column = read_column(pa.array([text, "1", text, None], pa.string()), f)
    assert column.values.type == TYPES[f.type]
    assert len(column.values) == len(column.unreadable) == 4
    assert column.unreadable.null_count == 0
    assert not column.unreadable[3].as_py()
    results = [ValueError if column.unreadable[i].as_py() else column.values[i].as_py() for i in (0, 2)]
    assert results[0] == results[1]
    if results[0] is ValueError:
        assert column.values[0].as_py() is None
    return results[0]


MISSING = [None, "", " ", "\u3000", "—", "——", "-", "－", "–", "/", "／", "--", "\u200b", "\xa0"]


@pytest.mark.parametrize("text", MISSING)
@pytest.mark.parametrize("type", ["integer", "decimal", "boolean", "code", "text"])
def test_blank_dashes_and_slashes_are_missing_and_never_zero(text: str | None, type: str) -> None:
    assert one(text, field(type)) is None
    assert one(text, field("enum", values=("一档", "二档"))) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0), ("12", 12), (" 12 ", 12), ("１２", 12), ("1,234", 1234), ("１，２３４", 1234),
        ("1,234,567", 1234567),
        ("12.0", 12), ("12.00", 12), ("-3", -3), ("－3", -3), ("−3", -3), ("+3", 3), ("007", 7),
        ("12\u200b", 12), ("138\u202c", 138), ("\u200e12\u200f", 12), ("\u206612\u2069", 12),
        ("9,999,999,999", 10**10 - 1), ("-9999999999", 1 - 10**10), ("00000000000000000001", 1), ("1\u3000", 1),
        ("12.000000000000002", 12), ("11.999999999999998", 12), ("-0.0000000000000001", 0),
    ],
)  # fmt: skip
def test_integers_as_people_write_them(text: str, value: int) -> None:
    assert one(text, field("integer")) == value


@pytest.mark.parametrize(
    "text",
    ["1e3", "1E3", "1.0.0", "1O", "O", "o", "约30", "30人", "12.5", "1,23", "12,34", ",123", "1,2345",
    "1 2", "0x1F",
     "10000000000", "6222021234567890123", "-9223372036854775809", "99999999999999999999", "inf", "nan", "NaN", "true",
     "12%", "①",
     "1²", "½", "Ⅳ", "١٢", "十二", ".5", "5.", "--5", "+-5", "(5)", "5-", "1_000", "无", "是"],
)  # fmt: skip
def test_what_is_no_integer_is_unreadable(text: str) -> None:
    assert one(text, field("integer")) is ValueError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.5", "12.5"), ("1,234.5", "1234.5"), ("１，２３４．５", "1234.5"), ("-0.01", "-0.01"),
        ("12.34000", "12.34"),
        ("5", "5"), ("999999999999.9999", "999999999999.9999"), ("12.5%", "0.125"), ("１２．５％",
        "0.125"),
        ("0.12340000", "0.1234"),
    ],
)  # fmt: skip
def test_decimals_as_people_write_them(text: str, value: str) -> None:
    assert one(text, field("decimal")) == Decimal(value)


def test_a_percentage_is_itself_in_a_field_of_percent() -> None:
    assert one("12.5%", field("decimal", unit="percent")) == Decimal("12.5")
    assert one("0.01%", field("decimal")) == Decimal("0.0001")
    assert one("0.001%", field("decimal")) is ValueError


@pytest.mark.parametrize(
    "text",
    ["0.12345", "1000000000000", "41.15223333333333", "0.00005", "12.30000001", "1e3", "1.0.0", "1.2.3", "12,3.4",
     "约1.5", "1.5万", "l.5"],
)  # fmt: skip
def test_a_decimal_is_not_rounded_to_fit(text: str) -> None:
    assert one(text, field("decimal")) is ValueError
    assert pa.decimal128(18, 4) == DECIMAL


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.299999999999999", "12.3"), ("579.0100000000001", "579.01"), ("0.30000000000000004", "0.3"),
        ("-2.77555756156289e-17", "0"), ("5.55112E-17", "0"), ("1.2E-09", ValueError), ("4.35E-05", ValueError),
        ("-0.0000000000000000277555756156289", "0"), ("1.1500000000000001", "1.15"), ("99.99999999999999", "100"),
        ("0.19999999995343387", "0.2"), ("12.345600000000001", "12.3456"), ("1,234.500000000000003", "1234.5"),
        ("12345678901.123400001", "12345678901.1234"), ("12.299999999999999%", "0.123"),
    ],
)  # fmt: skip
def test_what_a_float_leaves_behind_is_no_decimal(text: str, value: object) -> None:
    read = one(text, field("decimal"))
    assert read == (value if value is ValueError else Decimal(str(value)))
    assert str(read) != "-0.0000"


@pytest.mark.parametrize(
    ("type", "text", "is_too_large"),
    [("integer", "10000000000", True), ("integer", "6222021234567890123", True), ("integer", "12.5", False),
     ("integer", "12345678901.5", True), ("integer", "1e16", False), ("integer", "999", False),
     ("integer", "12%", False),
     ("decimal", "1,000,000,000,000.5", True), ("decimal", "99999999999999999999999", True),
     ("decimal", "1.23456", False), ("decimal", "-1000000000000", True)],
)  # fmt: skip
def test_a_number_beyond_any_bound_is_told_as_too_large(type: str, text: str, is_too_large: bool) -> None:
    column = read_column(pa.array([text, None]), field(type))
    assert column.too_large.to_pylist() == [is_too_large, False]
    assert column.unreadable[0].as_py() or not is_too_large


def test_a_total_may_be_larger_than_a_value() -> None:
    column = read_column(pa.array(["123456789012", "-", "x"]), field("integer"), is_total=True)
    assert column.values.to_pylist() == [123456789012, None, None]
    assert column.unreadable.to_pylist() == [False, False, True]
    column = read_column(pa.array(["1234567890123456.25"]), field("decimal"), is_total=True)
    assert column.values.to_pylist() == [Decimal("1234567890123456.2500")]


@pytest.mark.parametrize("type", ["integer", "decimal"])
def test_a_lone_dash_of_an_accounting_format_is_missing_and_asked_about(type: str) -> None:
    texts = [" -   ", "-", "－", "−", "- ", "—", "--", "/", "", None, "0", "-5"]
    asked = read_column(pa.array(texts, pa.string()), field(type))
    assert asked.dashes.to_pylist() == [True] * 5 + [False] * 7
    assert asked.values.to_pylist()[:10] == [None] * 10
    assert not any(asked.unreadable.to_pylist())
    may_be_none = field(type).model_copy(update={"not_applicable": True})
    assert (
        read_column(pa.array(texts), may_be_none).dashes.to_pylist()
        == [True, False, False, False, True] + [False] * 7
    )
    assert not any(read_column(pa.array(texts), field("text")).dashes.to_pylist())


@pytest.mark.parametrize(
    ("kind", "value"), [("flow", 0), ("ytd", 0), ("stock", ValueError), ("distinct", ValueError)]
)
@pytest.mark.parametrize("type", ["integer", "decimal"])
def test_none_is_zero_in_an_amount_and_unreadable_in_a_state(type: str, kind: str, value: object) -> None:
    assert one("无", field(type, kind)) == value
    assert one(" 无 ", field(type, kind)) == value
    assert one("无1", field(type, kind)) is ValueError


@pytest.mark.parametrize(
    ("text", "value"),
    [("是", True), ("有", True), ("TRUE", True), ("true", True), ("１", True), ("Y", True), ("√", True),
    ("否", False),
     ("无", False), ("False", False), ("0", False), ("×", False), ("也许", ValueError), ("2", ValueError),
     ("是的", ValueError)],
)  # fmt: skip
def test_booleans(text: str, value: object) -> None:
    assert one(text, field("boolean")) is value


@pytest.mark.parametrize(
    "text",
    ["2026-09-30", "2026年9月30日", "2026年09月30号", "2026/9/30", "2026.9.30", "20260930", "２０２６－０９－３０",
     " 2026 年 9 月 30 日 ", "2026-09-30T00:00:00", "2026-09-30 00:00:00", "46295", "46295.0",
     "2026/9/30 0:00", "2026/09/30 00:00", "2026/9/30 0:00:00", "2026年9月30日 0:00", "2026-09-30 00:00:00.000",
     "2026/9/30 12:00:00 AM", "2026/9/30 上午12:00:00", "20260930 00:00:00", "2026 / 9 / 30", "2026年9月30日0:00:00",
     "二〇二六年九月三十日", "二○二六年九月卅日", "二零二六年 九 月 三十 号", "2026年九月三十日", "二〇二六年9月30日"],
)  # fmt: skip
def test_a_date_however_it_is_written(text: str) -> None:
    assert one(text, field("date")) == date(2026, 9, 30)


@pytest.mark.parametrize(
    "text",
    ["9/30/2026", "30.9.2026", "2026-02-30", "2026-13-01", "2026-9/30", "2026年9月", "2026-09", "2026-09-30 08:00:00",
     "2026/9/3 00:30", "2026/9/30 12:00", "2026/9/30 24:00", "2026/9/300:00", "2026/10/200:00", "2026/9/3 0 0:00",
     "2026-09-30T00:00:00Z", "2026-09-30T00:00:00+08:00", "2026/9/30 0:01", "2026/9/30 12:00 PM", "2026/9/30 下午12:00",
     "2026-09-30 00:00:00.5",
     "46295.5", "4629", "462950", "年底前", "2026-09-30前", "0000-01-01",
     "九月三十日", "二〇二六年九月三十", "二〇二六年九月二三日", "二〇二六年九月三十一日", "二〇二六年十三月一日",
     "二〇二六年九月三十日前", "二〇二六年九月初三日"],
)  # fmt: skip
def test_what_is_no_date_is_unreadable(text: str) -> None:
    assert one(text, field("date")) is ValueError


def test_every_day_in_chinese_numerals_is_read() -> None:
    ones = ["", *"一二三四五六七八九"]
    numerals = [f"{tens}{one}" for tens in ("", "十", "二十", "三十") for one in ones][1:]
    for day in (date(2027, 1, 1) + timedelta(days=n) for n in range(365)):
        text = f"二〇二七年{numerals[day.month - 1]}月{numerals[day.day - 1]}日"
        assert one(text, field("date")) == day


@pytest.mark.parametrize("text", [None, "", " ", "—", "/"])
def test_a_date_that_is_not_given_is_missing(text: str | None) -> None:
    assert one(text, field("date")) is None
    assert read_column(pa.array([text], pa.string()), field("date")).values.type == TYPES["date"]


def test_enums_give_the_declared_value_and_may_hold_none_or_a_slash() -> None:
    f = field("enum", values=("党小组", "无", "Ａ档", "/", "1"))
    assert [one(t, f) for t in ("党小组 ", "无", "A档", "/", "党 小组", "党支部")] == [
        "党小组", "无", "Ａ档", "/", ValueError, ValueError,
    ]  # fmt: skip


def test_codes_and_texts_are_tidied_and_keep_their_zeros() -> None:
    assert one(" ００１２ ", field("code")) == "0012"
    assert one("a\n b\u3000c", field("text")) == "a b c"
    raw = pa.array(["440703001001", " 44０703001002\u200b", None, "—", ""])
    assert read_codes(raw).to_pylist() == ["440703001001", "440703001002", None, None, None]


def test_an_empty_and_an_all_null_column() -> None:
    for type in ("integer", "decimal", "boolean", "text", "date"):
        assert read_column(pa.array([], pa.string()), field(type)).values.to_pylist() == []
        assert read_column(pa.nulls(2, pa.string()), field(type)).values.to_pylist() == [None, None]


def test_the_vectorised_tidying_is_the_other_one() -> None:
    texts = ["", " a ", "\u3000Ａ\u200bＢ  ", "x\t\ny", "ｶﾞ", "①", "\x85a\xa0", "合 计"]
    assert tidy_array(pa.array(texts)).to_pylist() == [tidy(t) for t in texts]
