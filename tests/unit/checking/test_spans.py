"""Over which time a header says that its numbers count."""

from __future__ import annotations

import pytest

from qiangji.catalogue.models import Field
from qiangji.checking.spans import other_spans
from qiangji.periods import Period

OCTOBER = Period.parse("2026-10")


def field(kind: str, *headers: str) -> Field:
    return Field.model_validate(
        {"label": {"zh": "植树株数", "en": "x"}, "type": "integer", "kind": kind, "headers": headers}
    )


def said(kind: str, parents: str, leaf: str = "植树株数", *headers: str) -> str:
    found = other_spans({"n": (parents, leaf)}, {"n": field(kind, *headers)}, OCTOBER)
    return found[0].said if found else ""


@pytest.mark.parametrize(
    ("kind", "header", "word"),
    [
        ("ytd", "绿化(本月)", "本月"),
        ("ytd", "绿化（当月数）", "当月数"),
        ("ytd", "本期新增", "本期新增"),
        ("ytd", "本季度", "本季度"),
        ("ytd", "绿化(上年累计)", "上年累计"),
        ("ytd", "上年同期", "上年同期"),
        ("ytd", "2025年累计", "2025年"),
        ("ytd", "2026年9月", "2026-09"),
        ("ytd", "1-9月", "2026-09"),
        ("flow", "本年累计", "本年累计"),
        ("flow", "年初至今", "年初至今"),
        ("flow", "1-10月", "1-10月"),
        ("flow", "上月", "上月"),
        ("distinct", "累计", "累计"),
        ("stock", "本年新增", "本年新增"),
        ("stock", "本年累计", "本年累计"),
        ("stock", "上年末", "上年末"),
        ("stock", "同比", "同比"),
        ("ytd", "计划", "计划"),
        ("ytd", "全年目标值", "全年目标值"),
        ("stock", "预计数", "预计数"),
    ],
)
def test_a_header_that_says_another_time(kind: str, header: str, word: str) -> None:
    assert said(kind, header) == word
    assert said(kind, "", f"植树株数({header})") == word


@pytest.mark.parametrize(
    ("kind", "header"),
    [
        ("ytd", "绿化（本年累计）"),
        ("ytd", "本月止累计"),
        ("ytd", "本月末累计"),
        ("ytd", "1-10月"),
        ("ytd", "2026年累计"),
        ("ytd", "其中"),
        ("ytd", "2024-2026年行动计划"),
        ("flow", "本月"),
        ("flow", "2026年10月"),
        ("stock", "本月"),
        ("stock", "期末"),
        ("stock", "10月底"),
        ("stock", "其中"),
        ("ytd", "35岁以下"),
        ("stock", "外出6个月以上"),
        ("ytd", "计划完成数"),
        ("ytd", "任务完成情况"),
        ("ytd", ""),
    ],
)
def test_a_header_that_says_its_own_time_or_none(kind: str, header: str) -> None:
    assert said(kind, header) == ""


def test_what_the_catalogue_calls_a_field_says_nothing_new() -> None:
    assert said("stock", "", "年初上年结转", "年初上年结转") == ""
    assert said("stock", "", "本年新增植树", "本年新增植树") == ""


def test_cells_above_several_columns_may_speak_of_one_of_them() -> None:
    fields = {"open": field("stock"), "done": field("ytd"), "note": Field.model_validate(
        {"label": {"zh": "备注", "en": "note"}, "type": "text"})}  # fmt: skip
    headers = dict.fromkeys(fields, ("诉求(本年累计)", "植树株数"))
    assert other_spans(headers, fields, OCTOBER) == []
    del headers["done"]
    assert [o.field for o in other_spans(headers, fields, OCTOBER)] == ["open"]
