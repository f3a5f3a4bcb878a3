"""Resident ID and mobile numbers in a text, however people and spreadsheet programs write them.

In: a text. Out: the kind of number in it, or None; never the number. The text is normalised first (NFKC, without
invisible characters). A number may be written in groups, with up to three blanks, hyphens, dots or the like between
them. A spreadsheet program may have kept it as a number: with thousands separators, with an exponent, or with the
digits after the fifteenth lost.

| kind | counts with | groups |
| --- | --- | --- |
| resident ID, 18 characters | a province, a birth from 1850 on, the checksum of GB 11643-1999 | any |
| the same, mistyped | a province, a birth from 1900 on, `YOUNGEST` years ago at least | 18, 6-8-4, one by one |
| the same, rounded | as mistyped; ends in 0, or is a float's exact value | 18, 6-8-4 |
| resident ID, 15 digits | a province, a birth from 1930 to 1999 | `_ID_15_SHAPES` |
| mobile | eleven digits, 13 to 19 first; may follow +86, 0086, 86 or 0 | `_MOBILE_SHAPES`; behind 电话 any |

Unified social credit codes (18 characters, the checksum of GB 32100-2015) are removed from the text first, except those
that are a resident ID as well.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal

NumberKind = Literal["resident_id", "mobile"]

_PROVINCES = frozenset(
    f"{first}{second}"
    for first, seconds in enumerate(("", "12345", "123", "1234567", "123456", "01234", "12345", "1", "123"))
    for second in seconds
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
)
"""Invisible characters: zero-width ones, marks of writing direction, variant selectors."""
_GONE = re.compile(f"[{_UNSEEN}]|_x000[0-9A-Fa-f]_")
"""Invisible characters, and control characters as a workbook writes them."""
_SPACES = re.compile(r"\s+")
_BETWEEN = r"[ .·•_/()\-‐-―−~]{1,3}"
_RUN = re.compile(rf"[0-9]+[Xx]?(?:{_BETWEEN}(?:[0-9]+[Xx]?|[Xx]))*")
_SPLIT = re.compile(rf"({_BETWEEN})")
_THOUSANDS = re.compile(r"(?<![0-9,])[1-8][0-9]{0,2}(?:,[0-9]{3}){4,5}(?![0-9,])")
_EXPONENT = re.compile(r"(?<![0-9.])([1-8])\.([0-9]{6,17})[Ee]\+?0*(1[0-9])(?![0-9])")
_ALNUM = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{18}(?![0-9A-Za-z])")
_GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_PREFIX = re.compile(r"^(?:0086|86|0)(?=1[3-9][0-9]{9}$)")
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_YUAN = re.compile(
    r"(?<![0-9])1[0-9]{10}(?= ?[万千]?元(?![旦月]))|(?<=投资|金额|收入|资产|支出)[: ]?1[0-9]{10}(?![0-9])"
)
"""An amount of eleven digits, by the unit behind it or the word before."""
_FOR_X = re.compile(r"(?:(?<=(?<![0-9])[0-9]{17}) ?[×ХхΧχ✕✖*乂]|(?<=(?<![0-9])[0-9]{3})[×ХхΧχ✕✖])(?![0-9])")
"""What is typed for the X of an ID number: a sign, a Cyrillic or a Greek letter."""
_ID_BY_PARTS = re.compile(
    r"(?<![0-9])([0-9]{6})[ ,;:*、]{1,3}([0-9]{4})[ ,;:*、年.]{0,3}([0-9]{2})[ ,;:*、月.]{0,3}([0-9]{2})"
    r"[ ,;:*、日]{1,3}([0-9]{3}[0-9Xx])(?![0-9A-Za-z])"
)
"""Area, day of birth and serial with signs between them that stand between amounts as well."""
_CALLED = re.compile(
    r"(?:电话|手机|联系方式|微信|(?i:tel|phone|mobile))号?码?[^0-9]{0,4}"
    r"(?:\+?86[ -]?)?(1[3-9](?:[ .,;:*/、’'_\-]{0,2}[0-9]){9})(?![0-9])"
)
"""A mobile number behind a word for one, in any groups."""
_LENGTHS = (11, 15, 18)
YOUNGEST = 14
"""Years of age from which on a number without its checksum is a person's: of area, day and serial are made the numbers
of documents too (`440705202609300012`), and their day is a recent one.
"""
INFANT = 3
"""Years of age until which 18 digits with the checksum are none, as those of every eleventh document's number have it;
with an X at its end a number is a person's whatever the age.
"""
_MOBILE_SHAPES = {(11,), (3, 4, 4), (3, 8), (7, 4), (1,) * 11}
_MOBILE_WITH_HYPHENS = {(4, 4, 3), (4, 3, 4), (3, 3, 5), (5, 6)}
"""Groups that count only with hyphens: with blanks, they are more often amounts side by side."""
_ID_15_SHAPES = {(15,), (6, 6, 3), (6, 2, 2, 2, 3), (1,) * 15}
_ROUNDED_SHAPES = {(18,), (6, 8, 4), (1,) * 18}
SUSPECT = r"(?s:[0-9](?:[^0-9]*[0-9]){10})|[0-9][.][0-9]{6,}[Ee]"
"""RE2: texts that may hold a number; `number_in` decides. Eleven digits, however far apart, or an exponent."""
OTHER_DIGITS = (
    r"[²³¹\x{660}-\x{669}\x{2070}-\x{209c}\x{2460}-\x{249b}\x{24ea}-\x{24ff}\x{2776}-\x{2793}．＋Ｅｅ０-９"
    r"\x{1d7ce}-\x{1d7ff}\x{1f100}-\x{1f10a}]"
)
"""RE2: characters that NFKC turns into digits, points or signs. Texts with one are normalised before `SUSPECT`."""


def plain(text: str) -> str:
    """NFKC, without invisible characters, runs of white space as one space."""
    if text.isascii() and text.isalnum():
        return text
    return _SPACES.sub(" ", _GONE.sub("", unicodedata.normalize("NFKC", _GONE.sub("", text))))


def number_in(text: str) -> NumberKind | None:
    """The kind of personal number in a text, even one broken over lines. None without any."""
    found = _number_in(plain(text))
    if found is None and ("\n" in text or "\r" in text):
        found = _number_in(plain(re.sub(r"\s*[\r\n]\s*", "", text)))
    return found


def _number_in(text: str) -> NumberKind | None:
    text = _ALNUM.sub(lambda m: " | " if is_credit_code(m.group().upper()) else m.group(), text)
    text = _YUAN.sub(" | ", text)
    text = _FOR_X.sub("X", _GUID.sub(" | ", text))
    kinds = {kind for run in _RUN.finditer(text) for kind in _kinds(run.group())}
    kinds |= {
        kind for number in (*_unfolded(text), *_by_parts(text)) if (kind := _kind(number, (len(number),)))
    }
    if "resident_id" in kinds:
        return "resident_id"
    return "mobile" if kinds else None


def _kinds(run: str) -> Iterator[NumberKind]:
    """The kinds of all numbers in a run of groups. A number begins and ends where a group does."""
    pieces = _SPLIT.split(run)
    groups, between = pieces[::2], pieces[1::2]
    for start in range(len(groups)):
        number = _PREFIX.sub("", groups[start])
        for end in range(start + 1, len(groups) + 1):
            if len(number) in _LENGTHS and (kind := _kind_of(number, start, end, groups, between)):
                yield kind
            if len(number) >= 18 or end == len(groups):
                break
            number += groups[end]


def _kind_of(number: str, start: int, end: int, groups: list[str], between: list[str]) -> NumberKind | None:
    signs = between[start : end - 1]
    if signs == ["."] or (len(number) == 11 and any("/" in sign for sign in signs)):
        return None  # a number with decimals, or counts side by side
    shape = (len(number) - sum(map(len, groups[start + 1 : end])), *map(len, groups[start + 1 : end]))
    if kind := _kind(number.upper(), shape):
        return kind
    return "mobile" if _is_hyphened_mobile(number, shape, signs) else None


def _kind(number: str, shape: tuple[int, ...]) -> NumberKind | None:
    if is_resident_id(number) or (
        shape in _ROUNDED_SHAPES and (is_mistyped_id(number) or is_rounded_id(number))
    ):
        return "resident_id"
    if shape in _ID_15_SHAPES and is_old_resident_id(number):
        return "resident_id"
    return "mobile" if shape in _MOBILE_SHAPES and _MOBILE.fullmatch(number) else None


def _is_hyphened_mobile(number: str, shape: tuple[int, ...], between: list[str]) -> bool:
    if shape == (5, 6) and number[3:5] == "00" == number[9:]:
        return False  # from 15000 to 150000
    return (
        shape in _MOBILE_WITH_HYPHENS and bool(_MOBILE.fullmatch(number)) and all("-" in b for b in between)
    )


def _unfolded(text: str) -> Iterator[str]:
    """Numbers shown with thousands separators or an exponent, as their digits."""
    for m in _THOUSANDS.finditer(text):
        if len(number := m.group().replace(",", "")) in (15, 18):
            yield number
    for m in _EXPONENT.finditer(text):
        digits, length = m[1] + m[2], int(m[3]) + 1
        known = len(digits.rstrip("0"))
        if length == 18 and known >= 13:
            yield digits[:15].ljust(18, "0") if len(digits) < 18 else digits
        elif len(digits) <= length and (length == 15 or (length == 11 and known >= 7)):
            yield digits.ljust(length, "0")


def _by_parts(text: str) -> Iterator[str]:
    """Numbers in parts that are told by what the parts are or by the word before, without the signs between them."""
    for m in _ID_BY_PARTS.finditer(text):
        yield "".join(m.groups()).upper()
    for m in _CALLED.finditer(text):
        yield re.sub(r"[^0-9]", "", m[1])


def is_resident_id(number: str) -> bool:
    """Whether the text is a resident ID number of 18 characters with its checksum.

    A credit code can look like one: the last two digits of its division and the next six may form a day of birth,
    nearly always before 1900. A number with such a day and a valid credit checksum is taken for a credit code.
    """
    if not _is_of_a_person(number, 1850, date.today() if number.endswith("X") else _born(INFANT)):
        return False
    if number[17] != _CHECK[sum(int(d) * w for d, w in zip(number[:17], _WEIGHTS, strict=True)) % 11]:
        return False
    return number[6:10] > "1900" or number[0] not in "159" or not _has_credit_checksum(number)


def is_mistyped_id(number: str) -> bool:
    """Whether 18 characters have the area and the day of an older person's ID number, whatever their checksum.

    One wrong digit still leaves a person. What has the checksum of a credit code is one.
    """
    return _is_of_a_person(number, 1900, _born(YOUNGEST)) and not (
        number[0] in "159" and _has_credit_checksum(number)
    )


def is_rounded_id(number: str) -> bool:
    """Whether 18 digits are a resident ID number that was kept as a float and lost its last digits.

    It ends in zeros (as spreadsheet programs show it) or is the float's exact value. The checksum is lost, but the rest
    still identifies a person.
    """
    if len(number) != 18 or not number.isdecimal():
        return False
    whole = int(number)
    if not number.endswith("0") and int(float(number)) != whole:
        return False
    # Rounding may carry the first numbers of a day to the day before, and the last to the day after.
    near = (whole, (whole + 500) // 1000 * 1000, whole - 1000)
    return any(_is_of_a_person(str(n), 1900, _born(YOUNGEST)) for n in near)


def _born(years_ago: int) -> date:
    return date.today() - timedelta(days=round(years_ago * 365.25))


def _is_of_a_person(number: str, since: int, until: date) -> bool:
    return (
        len(number) == 18
        and number[:17].isdecimal()
        and number[17] in _CHECK
        and number[:2] in _PROVINCES
        and number[2:4] != "00"
        and _is_day(number[6:14], since, until)
    )


def is_old_resident_id(number: str) -> bool:
    """Whether 15 digits are a resident ID number as issued before 1999.

    Births before 1930 do not count. A village's code of twelve digits and three more have 00 to 29 in the year's place,
    because townships begin with 0 to 2; and nobody of that age is in a report.
    """
    return (
        len(number) == 15
        and number.isdecimal()
        and number[:2] in _PROVINCES
        and number[2:4] != "00"
        and _is_day("19" + number[6:12], 1930, date.today())
    )


def _is_day(text: str, since: int, until: date) -> bool:
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return False
    return date(since, 1, 1) <= day <= until


def is_credit_code(code: str) -> bool:
    """Whether the text is a unified social credit code. A resident ID number is none, whatever its checksum."""
    if len(code) != 18 or any(c not in _CREDIT for c in code) or code[2:4] not in _PROVINCES:
        return False
    return _has_credit_checksum(code) and not is_resident_id(code) and not is_rounded_id(code)


def _has_credit_checksum(code: str) -> bool:
    if any(c not in _CREDIT for c in code):
        return False
    total = sum(_CREDIT.index(c) * pow(3, i, 31) for i, c in enumerate(code[:17]))
    return _CREDIT[(31 - total % 31) % 31] == code[17]
