"""Personal data in a text: resident ID numbers, mobile numbers, names.

In: a text, or the bytes of an unreadable file. Out: the kind of personal data in it, and the text as a message may
quote it; never the value itself. `numbers` and `names` define what counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal
from urllib.parse import unquote

from qiangji.personal_data.names import is_name, is_signature, name_behind_a_word
from qiangji.personal_data.numbers import number_in

__all__ = ["KINDS_ZH", "Kind", "is_signature", "is_suspect", "kind_of", "masked", "may_name", "quoted"]

Kind = Literal["resident_id", "mobile", "name"]
KINDS_ZH: Mapping[Kind, str] = {"resident_id": "身份证号", "mobile": "手机号", "name": "姓名"}
MAX_QUOTED = 24
"""Characters of a cell's text that a message quotes."""
_DIGITS = re.compile(r"[0-9０-９]")


def kind_of(text: str) -> Kind | None:
    """The kind of personal data in a text: a number, or a name behind a word that asks for one. None without any."""
    if kind := number_in(text) or ("%" in text and number_in(unquote(text))) or None:
        return kind
    return "name" if name_behind_a_word(text) else None


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
    """Whether a text may name a person: no message quotes it."""
    return is_name(text) or name_behind_a_word(text)


def quoted(text: str) -> str:
    """How a message quotes a cell's text: in full if it is short and not personal, else only its length."""
    if len(text) <= MAX_QUOTED and not may_name(text) and (len(text) < 11 or kind_of(text) is None):
        return text
    return f"({len(text)} 字 characters)"
