"""Cells that cannot be read get the advice that fits what is in them."""

from __future__ import annotations

import pyarrow as pa
import pytest

from qiangji.catalogue.models import Field
from qiangji.parsing.cells import kinds_of
from qiangji.parsing.normalise import read_column
from qiangji.parsing.reasons_page import CELLS


def field(type_: str, unit: str = "person") -> Field:
    return Field.model_validate(
        {"label": {"zh": "甲", "en": "A"}, "type": type_, "kind": "stock", "unit": unit}
        | ({"values": ["一档"]} if type_ == "enum" else {})
    )


def told(text: str, of: Field) -> tuple[str, str, str] | None:
    """(kind, advice in zh, in en) of a cell; None if it can be read."""
    raw = pa.array([text])
    column = read_column(raw, of)
    found = [(kind, *advice) for kind, mask, advice in kinds_of(column, raw, of) if mask[0].as_py()]
    assert len(found) < 2
    return found[0] if found else None


@pytest.mark.parametrize(
    ("text", "kind", "advice"),
    [
        ("1.2万", "in_words", "12000"),
        ("１.２ 万", "in_words", "12000"),
        ("3万人", "in_words", "12000"),
        ("三十", "in_words", "阿拉伯"),
        ("12人", "with_unit", "不写单位"),
        ("'12", "apostrophe", "删去撇号"),
        ("‘12’", "apostrophe", "删去撇号"),
        ("＇1,200", "apostrophe", "删去撇号"),
        ("#REF!", "error", "改正公式"),
        ("#N/A", "error", "改正公式"),
        ("#DIV/0!", "error", "改正公式"),
        ("#NAME?", "error", "改正公式"),
        ("#NO_RESULT!", "formula", "重新计算"),
        ("######", "hashes", "加宽"),
        ("(12.50)", "brackets", "-12.50"),
        ("12.5%", "percent", "百分比格式"),
        ("12 days, 0:00:00", "day", "时间格式"),
        ("1 day, 6:00:00", "day", "时间格式"),
        ("288:00", "day", "时间格式"),
        ("约30", "type", "准确"),
        ("12以上", "type", "准确"),
        ("12余", "type", "准确"),
        ("12.5左右", "type", "准确"),
        ("30多人", "type", "准确"),
        ("12人以上", "type", "准确"),
        ("≥12", "type", "准确"),
        ("至少12户", "type", "准确"),
        ("三十余", "in_words", "阿拉伯"),
        ("1.2万余元", "in_words", "12000"),
        ("壹佰", "in_words", "阿拉伯"),
        ("廿", "in_words", "阿拉伯"),
        ("卅五", "in_words", "阿拉伯"),
        ("12个(户)", "with_unit", "不写单位"),
        ("12（户）", "with_unit", "不写单位"),
        ("￥12", "with_unit", "不写单位"),
        ("12改15", "type", "更正后"),
        ("15（原12）", "type", "更正后"),
        ("12 000", "type", "空格"),
        ("136.", "type", "0.##"),
        (".5", "type", "0.##"),
        ("1,136.", "type", "0.##"),
        (".", "type", "小数不超过4位"),
        ("12 3", "type", "小数不超过4位"),
        ("约", "type", "小数不超过4位"),
        ("12?", "type", "小数不超过4位"),
        ("12O", "type", "小数不超过4位"),
        ("41.1522333333333", "type", "ROUND"),
        ("1.2.3", "type", "小数不超过4位"),
    ],
)
def test_each_kind_of_slip_in_a_number_has_its_own_advice(text: str, kind: str, advice: str) -> None:
    said = told(text, field("decimal"))
    assert said is not None
    assert said[0] == kind
    assert advice in said[1]
    assert ("ROUND" in said[1]) == (advice == "ROUND")


@pytest.mark.parametrize("text", ["1.2万", "1.2万元", "12000元"])
def test_of_an_amount_in_ten_thousands_the_advice_is_in_ten_thousands(text: str) -> None:
    said = told(text, field("decimal", "ten_thousand_yuan"))
    assert said is not None
    assert "万元计" in said[1]
    assert "12,000 yuan" in said[2]


@pytest.mark.parametrize(
    ("text", "kind", "advice"),
    [
        ("#######", "hashes", "加宽"),
        ("2026-12-31T00:00:00+08:00", "type", "时区"),
        ("2026-12-31T00:00:00.000+0800", "type", "时区"),
        ("2026-12-31 00:00:00+08", "type", "时区"),
        ("2026-12-31T00:00:00Z", "type", "时区"),
        ("2026-12-31T16:00:00+08:00", "type", "时区"),
        ("2026-12-31 16:00", "type", "日期，如"),
        ("2026-12-31+1", "type", "日期，如"),
        ("2026-12-1²", "type", "日期，如"),
        ("#REF!", "error", "改正公式"),
        ("#", "type", "日期，如"),
    ],
)
def test_each_kind_of_slip_in_a_day_has_its_own_advice(text: str, kind: str, advice: str) -> None:
    said = told(text, field("date", "none"))
    assert said is not None
    assert said[0] == kind
    assert advice in said[1]
    assert ("日期" in said[1]) == (kind != "error")


@pytest.mark.parametrize("type_", ["integer", "decimal", "date", "boolean", "enum", "text", "code"])
@pytest.mark.parametrize("text", ["#REF!", "#NO_RESULT!"])
def test_what_stands_in_place_of_a_result_is_no_value_of_any_type(type_: str, text: str) -> None:
    said = told(text, field(type_, "person" if type_ in ("integer", "decimal") else "none"))
    assert said is not None
    assert said[0] in ("error", "formula")


@pytest.mark.parametrize("text", ["#1 document", "#", "江组发〔2026〕3号"])
def test_a_text_that_only_begins_like_an_error_is_a_text(text: str) -> None:
    assert told(text, field("text", "none")) is None


def test_the_page_of_reason_codes_has_every_kind() -> None:
    raw = pa.array(["x"])
    kinds = {
        kind
        for type_ in ("decimal", "enum")
        for kind, *_ in kinds_of(read_column(raw, field(type_)), raw, field(type_))
    }
    assert kinds == {kind for kind, *_ in CELLS}
