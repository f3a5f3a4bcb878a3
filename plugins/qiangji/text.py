"""The one way to tidy a text before it is compared (labels, headers, codes, words), and to write a value as text.

In and out: a str, or a value. `parsing.normalise.tidy_array` does the same for whole columns.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Context, Decimal

INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u2060\u2066\u2067\u2068\u2069\ufeff\u00ad"
"""Invisible characters that NFKC keeps: zero-width spaces, joiners, soft hyphen, and marks of direction that come with
what is pasted. The one that turns digits round (U+202E) is none of them: what is seen is not what is there.
"""
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_SPACES = re.compile(r"\s+")
_ARABIC = str.maketrans("〇零一二三四五六七八九", "00123456789")
_HUNDREDTH = Decimal("0.01")
_BOTH = re.compile(r"(?P<zh>.*。) (?P<en>[A-Za-z][^。]*|[^。]*\b[A-Za-z]+ [A-Za-z]+\b[^。]*)")
_HALF_UP = Context(prec=100, rounding=ROUND_HALF_UP)


def tidy(text: str | None) -> str:
    """NFKC, without invisible characters, runs of white space as one space, trimmed; '' for None."""
    if not text:
        return ""
    if text.isascii() and text.isalnum():
        return text
    return _SPACES.sub(" ", _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))).strip()


def squeezed(text: str | None) -> str:
    """As `tidy`, without any white space: for labels such as `合 计` and headers broken over two lines."""
    return tidy(text).replace(" ", "")


def quoted_zh(text: str) -> str:
    """A label within Chinese quotation marks; those of its own become single: “‘四小园’新增”."""
    return f"“{text.replace('“', '‘').replace('”', '’')}”"


def in_arabic(numeral: str) -> str:
    """A numeral below 100, or a year, in digits: 二〇二六 as 2026, 十 as 10, 十二 as 12, 三十 as 30, 九 as 9."""
    tens, ten, ones = numeral.partition("十")
    return (f"{tens or '一'}{ones or '〇'}" if ten else numeral).translate(_ARABIC)


def counted(n: int, one: str, many: str = "") -> str:
    """A number and what it counts, in English: `1 row`, `2 rows`, `1 row has`, `2 rows have`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def taken_apart(zh: str | None, en: str | None) -> tuple[str, str]:
    """What is said in Chinese and in English, of two texts that may be the same one, with both (the Chinese first)."""
    if zh == en and (found := _BOTH.fullmatch(" ".join((zh or "").split()))):
        return found["zh"], found["en"]
    return zh or "", en or ""


def as_text(value: object) -> str | None:
    """A cell's value as text: `12.0` as `12`, True as `true`, a date as ISO; None and '' as None."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        return format(Decimal(f"{value:.15g}"), "f")
    if isinstance(value, Decimal):
        if not value.is_finite() or abs(value.adjusted()) > 40:
            return str(value)  # with its exponent: no form holds such a number
        plain = format(value, "f")
        return "0" if value == 0 else _without_zeros(plain)
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    return str(value)


def in_hundredths(value: Decimal | float, sign: str = "") -> str:
    """A value with two digits after the point and grouped thousands, a half rounded up as SQL and spreadsheets do.

    `sign`: as in a format, `+` shows one of values above 0 too. Nothing is minus zero.
    """
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    return f"{exact.quantize(_HUNDREDTH, context=_HALF_UP):{sign}z,.2f}"


def _without_zeros(plain: str) -> str:
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def breadth(value: object) -> int:
    """The width of a text in characters, of which a Chinese one takes two."""
    return sum(2 if ord(c) > 0x2E7F else 1 for c in str(value))
