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
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202d\u202e\ud800-\udfff]")
_MOST_DIGITS = 6
"""What values have in mart."""
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
    return in_digits(value, 2, sign)


def in_digits(value: Decimal | float, digits: int, sign: str = "") -> str:
    """The same with so many digits after the point."""
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    return f"{_rounded(exact, digits):{sign}z,.{digits}f}"


def ends_of(before: Decimal, after: Decimal) -> tuple[str, str]:
    """Two values between which the change is told in two digits, with as many digits as it takes to see that change:
    1.374 and 1.367 where it is -0.01, as 1.37 and 1.37 would be none.
    """
    change = _rounded(after - before, 2)
    for digits in range(2, _MOST_DIGITS):
        if _rounded(_rounded(after, digits) - _rounded(before, digits), 2) == change:
            return in_digits(before, digits), in_digits(after, digits)
    return in_digits(before, _MOST_DIGITS), in_digits(after, _MOST_DIGITS)


def _rounded(exact: Decimal, digits: int) -> Decimal:
    return exact.quantize(Decimal(1).scaleb(-digits), context=_HALF_UP)


def control_in(text: str) -> str:
    """The first character of a text that no record of words may hold, as `U+0000`; '' without one.

    Such are control characters but tab and ends of lines, halves of characters, which PostgreSQL cannot keep, and those
    that turn round what follows them.
    """
    found = _CONTROL.search(text)
    return f"U+{ord(found[0]):04X}" if found else ""


def in_full(at: datetime, between: str = " ") -> str:
    """A time to the second, with thousandths where it has any: a second later something else may be shown."""
    digits = "milliseconds" if at.microsecond else "seconds"
    return at.replace(tzinfo=None).isoformat(between, digits)


def _without_zeros(plain: str) -> str:
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def breadth(value: object) -> int:
    """The width of a text in characters, of which a Chinese one takes two."""
    return sum(2 if ord(c) > 0x2E7F else 1 for c in str(value))
