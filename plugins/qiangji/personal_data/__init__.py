"""Personal data in a text: resident ID numbers, mobile numbers, names.

In: one text, or the bytes of a file that nobody could read. Out: the kind that it holds, and the text as a message may
quote it; the value itself never comes out. `numbers` and `names` say what counts as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal
from urllib.parse import unquote

from qiangji.personal_data.names import is_name, name_behind_a_word
from qiangji.personal_data.numbers import number_in

Kind = Literal["resident_id", "mobile", "name"]


KINDS_ZH: Mapping[Kind, str] = {"resident_id": "身份证号", "mobile": "手机号", "name": "姓名"}


MAX_QUOTED = 24


_DIGITS = re.compile(r"[0-9０-９]")


def kind_of(text: str) -> Kind | None:
    """Which kind of personal data a text holds by itself, None if none: a number, or a name behind a word for one."""
    if kind := number_in(text) or ("%" in text and number_in(unquote(text))) or None:
        return kind
    return "name" if name_behind_a_word(text) else None


def is_suspect(content: bytes, encodings: Iterable[str]) -> bool:
    """Whether bytes that could not be read as a file hold personal data in one of these encodings, line by line."""
    texts = (content.decode(encoding, "replace") for encoding in encodings)
    return any(kind_of(line) for text in texts for line in {text, *text.splitlines()})


def masked(text: str) -> str:
    """The text, without any digit if it holds a personal number, without anything if it holds a name."""
    kind = kind_of(text)
    if kind is None:
        return text
    return _DIGITS.sub("*", text) if kind != "name" and not kind_of(_DIGITS.sub("*", text)) else f"({kind})"


def quoted(text: str) -> str:
    """What a message says of a cell's text: the text if it is short and no name, else how long it is."""
    if len(text) <= MAX_QUOTED and not is_name(text) and (len(text) < 11 or kind_of(text) is None):
        return text
    return f"({len(text)} 字 characters)"
