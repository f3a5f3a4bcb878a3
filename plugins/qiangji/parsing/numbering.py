"""Numbers of columns in headers: ①党员人数, 党员人数（1）, 1 党员人数, A1 党员人数.

In: a header as written, or all headers of a sheet. Out: the same without the numbers.

A circled number is always that of a column. A plain digit may be part of what is counted (35岁以下, 外出6个月). It is
taken as the column's only where the columns beside it count on: 1, 2, 3.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

from qiangji.parsing.grid import MAX_COLUMNS

_CIRCLED = "[\u2460-\u2473\u24eb-\u24f4\u24f5-\u24fe\u2776-\u2793\u3251-\u325f\u3280-\u3289\u32b1-\u32bf]"
_IN_FRONT = re.compile(
    rf"^[\s★☆*※▲△◆●]*(?:(?P<circled>{_CIRCLED})|(?P<digits>[0-9]{{1,2}})\s(?=\s*[\u4e00-\u9fff“《](?<![岁年月日号季个周届])))\s*[、.．]?\s*(?=\S)"
)
_A_COLUMN = re.compile(
    rf"(?<=[\u4e00-\u9fff”）)])[\u00b9\u00b2\u00b3\u2070-\u2079]+(?=\s*(?:[(（\[【]|$))|(?<=\S)\s*[(（]?{_CIRCLED}(?:\s*[=＝+＋－×÷-]\s*{_CIRCLED})*[)）]?(?=\s*(?:[(（\[【]|$))"
)
"""A circled number: in front, or behind, as the number of its column with what it adds up (`总收入①=②+③`); the
raised number of a footnote (`党员人数¹`), but not of a unit (m²)."""
_LEAST = 3
"""Columns that have to count on."""
_STARS = r"(?P<stars>[★☆*※▲△◆●]*)"
_BEHIND_IT = r"(?P<behind>(?:\s*[(\[【〔][^()\[\]【】〔〕]{1,40}[)\]】〕]){0,2}[★☆*※▲△◆●:]*)"
_ADDS = r"(?:\s*=\s*[-+A-Z0-9×÷*/\s]{1,30})?"
_PLACES = (
    rf"(?P<rest>.*\S)\s*[(\[【〔]\s*第?栏?次?\s*@\s*[栏列项]?{_ADDS}\s*[)\]】〕]{_BEHIND_IT}",
    rf"(?P<rest>.*?\S)(?:\s*第?|\s*栏次?:?\s*)(?<![A-Z0-9])@[栏列项]?{_ADDS}{_BEHIND_IT}",
    rf"{_STARS}\s*(?:指标|项目|栏次?|列|第)?\s*[(\[【〔]?\s*@\s*[栏列项]?\s*[)\]】〕]?\s*[.、:,_-]?\s*(?P<rest>\S.*)",
)
"""Where the number of a column, `@`, stands: behind in brackets, behind, in front."""
_ANY = "(?P<letters>[A-Z]{0,2})(?P<digits>[0-9]{0,3})(?<=[A-Z0-9])"
_LONGEST = 100
"""Characters of a header that are looked at: a longer text is none."""
_STARTS = 4
"""Columns that are tried as the first one."""


def numbered(text: str | None) -> str:
    """A header as written, a circled number in front of it as 1、, one behind it left out. Tidied, ①党员
    would be 1党员.
    """
    if not text:
        return ""
    found = _IN_FRONT.match(text)
    if found:
        number = found["digits"] or int(unicodedata.numeric(found["circled"]))
        text = f"{number}、{text[found.end() :]}"
    return _A_COLUMN.sub("", text)


@lru_cache(maxsize=64)
def without_numbers(headers: tuple[str, ...]) -> tuple[str, ...]:
    """Tidied headers, '' for a column without one, each without the number of its column, where most columns have one
    and they count on. Otherwise as they are.
    """
    for place in _PLACES:
        matches = ((at, _at(place, _ANY).fullmatch(text[:_LONGEST])) for at, text in enumerate(headers))
        starts = [(at, m) for at, m in matches if m and (m["letters"] or m["digits"])][:_STARTS]
        for first, match in starts:
            found = _counting(headers, first, place, _numbers(match["letters"], match["digits"]))
            if len(found) >= _LEAST and 2 * len(found) >= sum(map(bool, headers)):
                return tuple(found.get(at, text) for at, text in enumerate(headers))
    return headers


def _counting(headers: Sequence[str], first: int, place: str, numbers: Iterator[str]) -> dict[int, str]:
    """Column -> its header without its number, of those from the first on that count on."""
    found, number = dict[int, str](), next(numbers, None)
    for at in range(first, len(headers)):
        if number and (match := _at(place, number).fullmatch(headers[at][:_LONGEST])):
            said = match.groupdict()
            found[at] = (said.get("stars") or "") + said["rest"] + (said.get("behind") or "")
            number = next(numbers, None)
    return found


@lru_cache(maxsize=1024)
def _at(place: str, number: str) -> re.Pattern[str]:
    return re.compile(place.replace("@", number))


def _numbers(letters: str, digits: str) -> Iterator[str]:
    """Patterns of a number and those after it: 1, 2; A1, A2; A, B."""
    if digits:
        return (f"{letters}0{{0,2}}{n}" for n in range(int(digits), int(digits) + MAX_COLUMNS))
    alphabet = [chr(ord("A") + i) for i in range(26)]
    of_columns = [*alphabet, *(a + b for a in alphabet for b in alphabet)]
    return iter(of_columns[of_columns.index(letters) :])
