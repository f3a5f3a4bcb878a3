"""The one normaliser: columns of text as counties write it into typed columns.

In: a string array (null = empty cell) and its `Field`. Out: a typed array and a mask of the cells that could not be
read. It works on the distinct texts of a column, which are few, and makes no Python object for each cell.

| written | read as |
| --- | --- |
| blank; `—`, `-`, `/` (with their full-width and double forms) | missing, or not applicable: null |
| `无` in a number of kind flow or ytd | 0 |
| `1,234`, full-width digits, a leading or trailing space, `12.0` in an integer | the number |
| `12.5%` in a decimal | 12.5 where the field's unit is percent, else 0.125; unreadable in an integer |
| 是 有 true yes y t 1 √ / 否 无 false no n f 0 × | a boolean |
| `2026-09-30`, `2026年9月30日`, `2026/9/30`, `2026.9.30`, `20260930`, Excel's serial `46295` | a date |
| `9/30/2026`, `2026-02-30`, a date with a time of day | unreadable |
| `1e3`, `1.0.0`, letter O, `约30`, `①`, `1,23`, a fraction in an integer, too large | unreadable |

Decimals are decimal128(18, 4): 14 digits before the point, and 4 behind it, which is exact to the yuan where the unit
is 万元. A number with more places is unreadable, not rounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.models import Field
from qiangji.text import INVISIBLE, squeezed, tidy

DECIMAL = pa.decimal128(18, 4)
TYPES: dict[str, pa.DataType] = {
    "integer": pa.int64(),
    "decimal": DECIMAL,
    "boolean": pa.bool_(),
    "enum": pa.string(),
    "code": pa.string(),
    "text": pa.string(),
    "date": pa.date32(),
}
BOOLEANS = {
    **dict.fromkeys(("是", "有", "true", "yes", "y", "t", "1", "1.0", "√", "✓", "✔"), True),
    **dict.fromkeys(("否", "无", "false", "no", "n", "f", "0", "0.0", "×", "x", "✗", "✘"), False),
}
NOTHING = r"^[-‐‑–—―─−/\\]*$"
"""Tidied texts that mean not applicable or missing: dashes and slashes alone, or nothing."""
# Characters of a number before NFKC, which would turn ① or ² into a digit.
_NUMBER_CHARACTERS = (
    r"^[0-9０-９,，.．+＋\-－−%％\s\x{3000}\x{a0}" + "".join(rf"\x{{{ord(c):x}}}" for c in INVISIBLE) + "]*$"
)
_PLAIN_INTEGER = r"^-?[0-9]{1,18}$"
_NUMBER = r"^[+-]?(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]+)?%?$"
_DECIMAL = r"^-?[0-9]{1,14}(?:\.[0-9]{0,4}0*)?$"
_INTEGER = r"^-?[0-9]{1,19}(?:\.0+)?$"
_DATE = re.compile(
    r"(?P<y>[0-9]{4})(?:年(?P<m1>[0-9]{1,2})月(?P<d1>[0-9]{1,2})[日号]"
    r"|(?P<sep>[-/.])(?P<m2>[0-9]{1,2})(?P=sep)(?P<d2>[0-9]{1,2})(?:T?00:00(?::00)?(?:\.0+)?)?"
    r"|(?P<m3>[0-9]{2})(?P<d3>[0-9]{2}))"
)
_SERIAL = re.compile(r"[0-9]{5}(?:\.0+)?")
_SERIAL_ZERO = date(1899, 12, 30)
"""Day 0 of Excel's dates: a date cell formatted as a number holds the days since then. Five digits span 1927 to 2173.
A workbook that counts from 1904 was returned before."""


@dataclass(frozen=True)
class Column:
    """`values`: typed, null where missing or unreadable. `unreadable`: bool, no nulls, of the same length."""

    values: pa.Array
    unreadable: pa.Array


def read_column(raw: pa.Array, field: Field) -> Column:
    """A column of a form, typed by its field. A bad cell is marked `unreadable`; nothing is raised."""
    if field.type == "integer" and (plain := _plain_integers(raw)) is not None:
        return plain
    encoded = raw.dictionary_encode()
    texts, indices = encoded.dictionary, encoded.indices
    distinct = _read_distinct(texts, field)
    if not pc.any(distinct.unreadable).as_py():
        return Column(distinct.values.take(indices), _none(len(raw)))
    return Column(distinct.values.take(indices), pc.fill_null(distinct.unreadable.take(indices), False))


def read_codes(raw: pa.Array) -> pa.Array:
    """A column of codes or names as text: tidied, null where missing. The suite checks the key's format."""
    if (
        not raw.null_count
        and pc.all(pc.string_is_ascii(raw)).as_py()
        and pc.all(pc.ascii_is_alnum(raw)).as_py()
    ):
        return raw
    encoded = raw.dictionary_encode()
    return _missing_as_null(tidy_array(encoded.dictionary)).take(encoded.indices)


def tidy_array(texts: pa.Array) -> pa.Array:
    """`text.tidy` for a whole array: NFKC, no invisible characters, runs of white space as one space, trimmed."""
    if not pc.all(pc.string_is_ascii(texts)).as_py():
        texts = pc.replace_substring_regex(pc.utf8_normalize(texts, "NFKC"), f"[{INVISIBLE}]", "")
    elif pc.all(pc.ascii_is_alnum(texts)).as_py():
        return texts
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(texts, r"[\s\x0b\x1c-\x1f\x{85}\p{Z}]+", " "))


def _plain_integers(raw: pa.Array) -> Column | None:
    """The column by one cast if it holds digits only (the common case), else None."""
    if raw.null_count == len(raw) or pc.all(pc.match_substring_regex(raw, _PLAIN_INTEGER)).as_py():
        return Column(raw.cast(pa.int64()), _none(len(raw)))
    return None


def _read_distinct(raw: pa.Array, field: Field) -> Column:
    texts = tidy_array(raw)
    if field.type in ("integer", "decimal"):
        foreign = pc.invert(pc.match_substring_regex(raw, _NUMBER_CHARACTERS))
        return _numbers(texts, foreign, field)
    if field.type == "boolean":
        words = [BOOLEANS.get(t.lower()) for t in _missing_as_null(texts).to_pylist() if t is not None]
        return _by_word(texts, words, pa.bool_())
    if field.type == "enum":
        allowed = {tidy(v): v for v in field.values}
        # The list comes first: a form may list a value such as `/`, which otherwise means nothing.
        chosen = [allowed.get(t) for t in texts.to_pylist()]
        values = pa.array(chosen, pa.string())
        missing = pc.match_substring_regex(texts, NOTHING)
        return Column(values, pc.and_(pc.is_null(values), pc.invert(missing)))
    if field.type == "date":
        days = [read_date(t) for t in texts.to_pylist()]
        return Column(
            pa.array(days, pa.date32()),
            pc.and_(
                pa.array([d is None for d in days], pa.bool_()),
                pc.invert(pc.match_substring_regex(texts, NOTHING)),
            ),
        )
    return Column(_missing_as_null(texts), _none(len(raw)))


def read_date(text: str) -> date | None:
    """A day as counties write it (see the table above), or None."""
    plain = squeezed(text)
    if _SERIAL.fullmatch(plain):
        return _SERIAL_ZERO + timedelta(days=int(plain.partition(".")[0]))
    found = _DATE.fullmatch(plain)
    if not found:
        return None
    month, day = (found[f"{part}1"] or found[f"{part}2"] or found[f"{part}3"] for part in "md")
    try:
        return date(int(found["y"]), int(month), int(day))
    except ValueError:
        return None


def _by_word(texts: pa.Array, words: list[bool | None], type_: pa.DataType) -> Column:
    present = pc.invert(pc.match_substring_regex(texts, NOTHING))
    values = pc.replace_with_mask(pa.nulls(len(texts), type_), present, pa.array(words, type_))
    return Column(values, pc.and_(present, pc.is_null(values)))


def _numbers(texts: pa.Array, foreign: pa.Array, field: Field) -> Column:
    texts = pc.replace_substring_regex(texts, "[−‐‑–]", "-")
    missing = pc.match_substring_regex(texts, NOTHING)
    if field.kind in ("flow", "ytd"):
        none = pc.equal(texts, "无")
        texts = pc.if_else(none, "0", texts)
        foreign = pc.and_(foreign, pc.invert(none))
    well_formed = pc.and_(pc.match_substring_regex(texts, _NUMBER), pc.invert(foreign))
    digits = pc.replace_substring_regex(texts, r"[+,]", "")
    percent = pc.and_(well_formed, pc.ends_with(digits, "%"))
    if pc.any(percent).as_py():
        digits = _percentages(digits, percent, field)
    pattern = _INTEGER if field.type == "integer" else _DECIMAL
    readable = pc.and_(well_formed, pc.match_substring_regex(digits, pattern))
    kept = pc.if_else(readable, digits, pa.scalar(None, pa.string()))
    if field.type == "integer":
        values = _int64(pc.replace_substring_regex(kept, r"\.0+$", ""))
    else:
        values = pc.replace_substring_regex(kept, r"(\.[0-9]{4})0+$|\.$", r"\1").cast(DECIMAL)
    return Column(values, pc.and_(pc.is_null(values), pc.invert(missing)))


def _int64(digits: pa.Array) -> pa.Array:
    """Texts of up to 19 digits as numbers; null where a bigint cannot hold one."""
    wide = digits.cast(pa.decimal128(19, 0))
    fits = pc.and_(
        pc.less_equal(wide, pa.scalar(Decimal(2**63 - 1), wide.type)),
        pc.greater_equal(wide, pa.scalar(Decimal(-(2**63)), wide.type)),
    )
    return pc.if_else(fits, digits, pa.scalar(None, pa.string())).cast(pa.int64())


def _percentages(digits: pa.Array, percent: pa.Array, field: Field) -> pa.Array:
    """`12.5%` as `12.5` or `0.125`. In an integer field it stays as it is, and is unreadable."""
    if field.type == "integer":
        return digits
    scale = Decimal(1) if field.unit == "percent" else Decimal("0.01")
    written = [t[:-1] for t in digits.filter(percent).to_pylist()]
    return pc.replace_with_mask(digits, percent, pa.array([format(Decimal(t) * scale, "f") for t in written]))


def _missing_as_null(texts: pa.Array) -> pa.Array:
    return pc.if_else(pc.match_substring_regex(texts, NOTHING), pa.scalar(None, pa.string()), texts)


def _none(length: int) -> pa.Array:
    return pa.repeat(pa.scalar(False), length)
