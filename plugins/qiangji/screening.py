"""Personal data in what a county sent: resident ID numbers and mobile numbers, found before anything is
stored.

In: a `Grid` and the county's layout. Out: `Hit`s with the cell's address and the kind; the value itself is
in no hit, log or message. Every cell outside the declared sign-off zone is looked at, those above the
header, the header and the sheet's name included, on NFKC text; single spaces, hyphens and dots between
digits are tolerated. A clean file costs one look for eleven digits a distinct text.

A resident ID number has 18 digits (the last may be X) with a checksum (GB 11643-1999), or 15 with a
plausible date, or 18 whose last three a spreadsheet turned into zeros; it begins with a province's code. A
unified social credit code (GB 32100-2015) that happens to look like one is told apart by its own checksum
where the birth year is not after 1900.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.models import Layout
from qiangji.parsing.grid import Grid, address, sign_off_start
from qiangji.parsing.text import INVISIBLE, tidy

Kind = Literal["resident_id", "mobile"]

_PROVINCES = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
        "81",
        "82",
        "83",
    ]
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_SEP = r"[ .·•_/\-‐‑–—−]{0,2}"
# The vectorised filter: at least eleven digits of any width with nothing between them but what may stand in
# a number.
_WIDE = "0-9０-９" + "".join(
    rf"\x{{{a:x}}}-\x{{{a + 9:x}}}" for a in (0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6)
)
_BETWEEN = r"[\s\p{Z}\p{Pd}\p{Po}_−" + "".join(rf"\x{{{ord(c):x}}}" for c in INVISIBLE) + "]{0,4}"
_ELEVEN = f"(?:[{_WIDE}]{_BETWEEN}){{10}}[{_WIDE}]"
_CODES = r"^(?:[0-9]{12}|[0-9]{14})$"
"""Codes of villages and of villager groups: of a length that no personal number has."""
_EIGHTEEN = re.compile(rf"(?<![0-9A-Za-z])[1-8](?:{_SEP}[0-9]){{16}}{_SEP}[0-9Xx](?![0-9A-Za-z])")
_FIFTEEN = re.compile(rf"(?<![0-9A-Za-z])[1-8](?:{_SEP}[0-9]){{14}}(?![0-9A-Za-z])")
_MOBILE = re.compile(rf"(?<![0-9])(?:(?:\+|00)?86{_SEP}|0)?1[3-9](?:{_SEP}[0-9]){{9}}(?![0-9])")
_NOT_DIGIT = re.compile(r"[^0-9Xx]")


@dataclass(frozen=True)
class Hit:
    """Where personal data stands (`village!W17`; `village!sheet name`), and of which kind; never what."""

    address: str
    kind: Kind


def find_personal_data(grid: Grid, layout: Layout) -> list[Hit]:
    """All cells with a resident ID or mobile number, in the order of rows and columns."""
    hits: list[Hit] = []
    if grid.sheet and (kind := kind_of(grid.sheet)):
        hits.append(Hit(f"{grid.form}!sheet name", kind))
    end = sign_off_start(grid, layout)
    found: list[tuple[int, int, Kind]] = []
    for index in range(grid.cells.num_columns):
        column = grid.cells.column(index).slice(0, end)
        found += [(row, index, kind) for row, kind in _in_column(column.combine_chunks())]
    return hits + [
        Hit(address(grid.form, column, grid.first_row + row), kind) for row, column, kind in sorted(found)
    ]


def kind_of(text: str) -> Kind | None:
    """Which kind of personal number a text holds, None if none."""
    plain = tidy(text)
    if any(_is_resident_id(_digits(m)) for m in _EIGHTEEN.finditer(plain)):
        return "resident_id"
    if any(_is_old_resident_id(_digits(m)) for m in _FIFTEEN.finditer(plain)):
        return "resident_id"
    return "mobile" if _MOBILE.search(plain) else None


def _in_column(column: pa.Array) -> list[tuple[int, Kind]]:
    """(row, kind); the long way is gone for cells alone that hold eleven digits and are no code."""
    if not pc.any(pc.greater_equal(pc.binary_length(column), 11)).as_py():
        return []
    if not pc.any(pc.greater_equal(pc.utf8_length(column), 11)).as_py():
        return []
    codes = pc.match_substring_regex(column, _CODES)
    if pc.all(codes).as_py():
        return []
    rest = pc.indices_nonzero(pc.fill_null(pc.invert(codes), False))
    encoded = column.take(rest).dictionary_encode()
    suspect = pc.match_substring_regex(encoded.dictionary, _ELEVEN)
    if not pc.any(suspect).as_py():
        return []
    kinds = {
        i: k for i in pc.indices_nonzero(suspect).to_pylist() if (k := kind_of(encoded.dictionary[i].as_py()))
    }
    if not kinds:
        return []
    places = pc.is_in(encoded.indices, value_set=pa.array(list(kinds), encoded.indices.type))
    return [
        (rest[i].as_py(), kinds[encoded.indices[i].as_py()]) for i in pc.indices_nonzero(places).to_pylist()
    ]


def _digits(match: re.Match[str]) -> str:
    return _NOT_DIGIT.sub("", match.group()).upper()


def _is_resident_id(number: str) -> bool:
    if len(number) != 18 or number[:2] not in _PROVINCES or not _is_birth_date(number[6:14]):
        return False
    if number.endswith("000"):
        return True  # a spreadsheet keeps 15 digits of a number: the checksum is lost, the person is not
    check = _CHECK[sum(int(d) * w for d, w in zip(number[:17], _WEIGHTS, strict=True)) % 11]
    return number[17] == check and not (number[6:10] <= "1900" and _is_credit_code(number))


def _is_old_resident_id(number: str) -> bool:
    return len(number) == 15 and number[:2] in _PROVINCES and _is_birth_date("19" + number[6:12])


def _is_birth_date(text: str) -> bool:
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return False
    return date(1850, 1, 1) <= day <= date.today()


def _is_credit_code(code: str) -> bool:
    if code[0] not in "159" or any(c not in _CREDIT for c in code):
        return False
    total = sum(_CREDIT.index(c) * pow(3, i, 31) for i, c in enumerate(code[:17]))
    return _CREDIT[(31 - total % 31) % 31] == code[17]
