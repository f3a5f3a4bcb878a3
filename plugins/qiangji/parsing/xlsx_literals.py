"""Texts that a number format writes beside a number, so that another number is read than is stored.

In: the code of a format. Out: whether what it shows is another number: `0"0"` shows 12 as 120, `"-"0` and `"负"0` as
-12, `"("0")"` as a negative amount, `0"k"` as thousands. Words (`0"户"`, `"共"0"户"`) and what only spaces out a number
show the same. Units and points that are only drawn are told by `xlsx_look`. A zero written out (`0;-0;"0"`, `"无"`) is
a zero.
"""

from __future__ import annotations

import re

from qiangji.text import squeezed

_TOKEN = re.compile(
    r'"(?P<text>[^"]*)"|[\\!](?P<one>.)|_.|\*.|\[[^\]]*\]|(?P<number>General|[0#?.,]+)|(?P<bare>.)', re.I
)
_A_DAY = re.compile("[ymdhse]", re.I)
"""Letters of days and exponents, outside texts."""
_MINUS = re.compile(r"[¥￥$]?(?:[-−–—▲△]|负数?:?|减)[¥￥$]?")
"""`▲` is how accounts mark what is below zero."""
_OPENS = re.compile(r"[¥￥$]?\([¥￥$]?")
_DIGITS_BEFORE = re.compile(r"\d[.,×xX*]?$")
_DIGITS_BEHIND = re.compile(r"[.,]?\d")
_TIMES = re.compile(r"[kKwWM]|[十百千拾佰仟][万亿]?|[×xX*][\d十百千万亿].*")
"""What multiplies a number that stands before it; 万 and 亿 alone are units."""
_HARMLESS = re.compile(r"[\s,']*")


def shows_another(section: str, *, is_first: bool = True, is_zero: bool = False) -> bool:
    """Whether one section of a number format shows another number than is stored. `is_first`: it shows numbers that are
    not below zero, and has no sign; `is_zero`: it shows zeros alone.
    """
    parts = _parts(section)
    if parts is None:
        return False
    before, between, behind = parts
    if behind is None:  # no number at all: a text stands for it
        return bool(re.search("[1-9]" if is_zero else r"\d", before))
    if is_first and (_MINUS.fullmatch(before) or (_OPENS.fullmatch(before) and behind.startswith(")"))):
        return True
    return bool(
        _DIGITS_BEFORE.search(before)
        or _DIGITS_BEHIND.match(behind)
        or _TIMES.fullmatch(behind)
        or any(not _HARMLESS.fullmatch(text) and "." not in text for text in between)
    )


def _parts(section: str) -> tuple[str, list[str], str | None] | None:
    """The texts before, between and behind the digits; None of a format of days. Without digits there is no behind."""
    texts, has_digits = [""], False
    for token in _TOKEN.finditer(section):
        if token["number"]:
            texts.append("")
            has_digits = True
        elif token["bare"] and _A_DAY.match(token["bare"]):
            return None
        else:
            texts[-1] += token["text"] or token["one"] or token["bare"] or ""
    plain = [squeezed(text) for text in texts]
    return plain[0], plain[1:-1], plain[-1] if has_digits else None
