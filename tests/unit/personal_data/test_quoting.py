"""Messages quote no personal data, and bytes of an unreadable file are searched for it."""

from __future__ import annotations

import pytest

from qiangji.catalogue.load import load
from qiangji.personal_data import is_suspect, masked, may_name, quoted, unnamed
from tests.frozen import paths as frozen

MOBILE = "13800138000"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("约30", "约30"), ("2026-02-30", "2026-02-30"), ("12,3", "12,3"), ("440703101201", "(12 字 characters)"),
        ("440703101203 林佩仪", "(16 字 characters)"), ("440703101203（林佩仪）", "(17 字 characters)"),
        ("党员总数 林佩仪", "(8 字 characters)"),
        ("林佩仪", "(3 字 characters)"), ("司徒美堂", "(4 字 characters)"), (f"请电{MOBILE}", "(13 字 characters)"),
        ("本村情况特殊，书记表示下月再报，另行联系各组负责同志", "(26 字 characters)"),
    ],
)  # fmt: skip
def test_a_message_quotes_short_values_and_no_person(text: str, shown: str) -> None:
    assert quoted(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "组织部林佩仪",
        "联系林佩仪",
        "审核林佩仪",
        "数据由林佩仪提供",
        "组织部李雷",
        "帮扶户欧阳建国",
        "电工林佩仪",
    ],
)
def test_a_name_glued_to_a_word_is_told_by_its_length(text: str) -> None:
    assert quoted(text) == unnamed(text) == f"({len(text)} 字 characters)"


def test_no_form_and_no_header_looks_like_a_glued_name() -> None:
    forms = load(frozen.CATALOGUE, frozen.EXPECTATIONS).forms.values()
    texts = {t for f in forms for x in f.fields.values() for t in (x.label.zh, *x.headers, *x.values)}
    texts |= {t for f in forms for t in (f.title.zh, *f.key_headers, *f.name_headers)}
    assert {t for t in texts if may_name(t)} == set()
    assert len({t for t in texts if unnamed(t) != t}) < 5
    for text in (
        "约三百",
        "平均3次",
        "和上月相同",
        "人数不详",
        "三百余人",
        "详见备注",
        "与上月持平",
        "正在办理",
    ):
        assert quoted(text) == text


@pytest.mark.parametrize(
    ("text", "is_shown"),
    [
        ("440703101201", True), ("44070310120101", True), ("4407031012010", True), ("４４０７０３１０１２０１", True),
        ("440703 101 201", True), ("440705101201", True), ("441284101201", False), ("6222021234567890123", False),
        ("440703199001011234", False),
        ("13800138000", False), ("12345678901", False), ("1234567890", True), ("2026-10-31 00:00:00", True),
        ("123456789012.50", False),
    ],
)  # fmt: skip
def test_of_long_numbers_only_those_that_begin_as_the_countys_codes_are_shown(
    text: str, is_shown: bool
) -> None:
    assert (quoted(text, "440703") == text) == is_shown
    assert quoted(text, "440703") in (text, f"({len(text)} 字 characters)")


def test_masked_texts_say_what_they_said_without_the_number() -> None:
    assert masked(f"no sheet 村民小组; there are 表{MOBILE}") == "no sheet 村民小组; there are 表***********"
    assert masked("联系人：林佩仪") == "(name)"
    assert masked("440703 village 2026-10") == "440703 village 2026-10"


def test_bytes_that_cannot_be_read_are_looked_at_in_each_encoding() -> None:
    for encoding in ("utf-8", "gb18030", "utf-16-le"):
        content = "合计,1290\n电话,138 0013 8000\n".encode(encoding)
        assert is_suspect(content, ("utf-8", "gb18030", "utf-16-le"))
        assert not is_suspect(
            content.replace("3".encode(encoding), "2".encode(encoding)), ("utf-8", encoding)
        )


def test_a_code_with_its_place_is_shown() -> None:
    assert quoted("440703101203 石溪村", "440703") == "440703101203 石溪村"
