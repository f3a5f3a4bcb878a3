"""Personal data in a text: resident ID numbers, mobile numbers, names.

In: a text, or the bytes of an unreadable file. Out: the kind of personal data in it, and the text as a message may
quote it; never the value itself. `numbers` and `names` define what counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Literal
from urllib.parse import unquote

from qiangji.personal_data.names import (
    WORDS,
    Things,
    ends_in_a_name,
    is_glued_to_a_name,
    is_name,
    is_name_for_a_value,
    is_of_a_name,
    is_signature,
    name_behind_a_word,
)
from qiangji.personal_data.numbers import number_in

__all__ = [
    "KINDS_ZH",
    "WORDS",
    "Kind",
    "Things",
    "is_signature",
    "is_suspect",
    "kind_of",
    "masked",
    "may_name",
    "quoted",
    "unnamed",
]

Kind = Literal["resident_id", "mobile", "name"]
KINDS_ZH: Mapping[Kind, str] = {"resident_id": "身份证号", "mobile": "手机号", "name": "姓名"}
MAX_QUOTED = 24
"""Characters of a cell's text that a message quotes."""
MAX_CODE = 14
"""Digits of the longest code, a villager group's."""
_BESIDE = re.compile(r"[0-9０-９]|\S[\s(（]+\S")
_LONG = re.compile(r"[0-9０-９](?:[ -]?[0-9０-９]){10,}")
_DIGITS = re.compile(r"[0-9０-９]")


def kind_of(text: str, things: Things = WORDS) -> Kind | None:
    """The kind of personal data in a text: a number, or a name behind a word that asks for one. None without any."""
    if kind := number_in(text) or ("%" in text and number_in(unquote(text))) or None:
        return kind
    return "name" if name_behind_a_word(text, things) else None


def is_suspect(content: bytes, encodings: Iterable[str]) -> bool:
    """Whether an unreadable file's bytes hold personal data, in one of these encodings: a number also over lines."""
    texts = (content.decode(encoding, "replace") for encoding in encodings)
    return any(number_in(text) or any(map(kind_of, {*text.splitlines()})) for text in texts)


def masked(text: str) -> str:
    """The text; its digits replaced by `*` if it holds a personal number, only the kind if it holds a name."""
    kind = kind_of(text)
    if kind is None:
        return text
    return _DIGITS.sub("*", text) if kind != "name" and not kind_of(_DIGITS.sub("*", text)) else f"({kind})"


def may_name(text: str) -> bool:
    """Whether a text may name a person, also beside a code or another word: no message quotes it."""
    if is_name(text, WORDS) or is_of_a_name(text) or name_behind_a_word(text) or is_glued_to_a_name(text):
        return True
    return bool(_BESIDE.search(text)) and is_name_for_a_value(text)


def quoted(text: str, county: str = "") -> str:
    """How a message quotes a cell's text: in full if it is short and not personal, else only its length.

    A number of eleven digits or more may be a person's or a card's. One of MAX_CODE at most that begins with the four
    digits of the county's city is shown: it is a code, or what became of one.
    """
    is_shown = (
        len(text) <= MAX_QUOTED and not _may_hold_a_name(text) and (len(text) < 11 or kind_of(text) is None)
    )
    if is_shown and all(_is_code(m.group(), county) for m in _LONG.finditer(text)):
        return text
    return f"({len(text)} 字 characters)"


def unnamed(text: str) -> str:
    """The text, or its length where it may name a person."""
    return quoted(text) if _may_hold_a_name(text) else text


def _may_hold_a_name(text: str) -> bool:
    return may_name(text) or ends_in_a_name(text)


def _is_code(number: str, county: str) -> bool:
    digits = unicodedata.normalize("NFKC", re.sub(r"[^0-9０-９]", "", number))
    return bool(county) and len(digits) <= MAX_CODE and digits.startswith(county[:4])
