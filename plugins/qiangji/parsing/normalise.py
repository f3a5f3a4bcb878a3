"""The one normaliser: columns of text as counties write it into typed columns.

In: a string array (null = empty cell) and its `Field`. Out: a typed array and a mask of the cells that could not be
read. It works on the distinct texts of a column, which are few, and makes no Python object for each cell.

| written | read as |
| --- | --- |
| blank; `—`, `-`, `/` (with their full-width and double forms) | missing, or not applicable: null |
| a lone `-` in a number, as an accounting format shows zero | null, and `dashes`: is it zero, or is nothing known? |
| `无` in a number of kind flow or ytd | 0 |
| `1,234`, full-width digits, a leading or trailing space, `12.0` in an integer | the number |
| `12.5%` in a decimal | 12.5 where the field's unit is percent, 0.125 where it is a ratio or none; else unreadable |
| 是 有 true yes y t 1 √ / 否 无 false no n f 0 × | a boolean |
| a day, see `dates`; one with a time of day other than midnight | a date; unreadable |
| `1e3`, `1.0.0`, letter O, `约30`, `①`, `1,23`, a fraction in an integer, too large | unreadable |

A cell of a workbook whose number format shows percent arrives as what it shows: 0.125 as `12.5%`. Numbers of JSON and
of databases have no format, and are what they are: 12.5 in a field of percent is 12.5 percent.

Decimals are decimal128(18, 4): up to 12 digits before the point, and 4 behind it, which is exact to the yuan where the
unit is 万元. A number with more places is unreadable, not rounded, but for what a float leaves behind (see `numbers`).
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.models import Field
from qiangji.parsing.cells import are_errors
from qiangji.parsing.column import DECIMAL, NOTHING, Column
from qiangji.parsing.dates import read_date
from qiangji.parsing.glance import COMMON, LETTERS, Characters, is_alnum, is_ascii
from qiangji.parsing.numbers import plain_integers, read_numbers
from qiangji.text import INVISIBLE, tidy

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
_TIDY = Characters(COMMON + LETTERS)
"""Characters that tidying leaves as they are."""
# Characters of a number before NFKC, which would turn ① or ² into a digit.
_NUMBER_CHARACTERS = (
    r"^[0-9０-９,，.．+＋\-－−%％\s\x{3000}\x{a0}" + "".join(rf"\x{{{ord(c):x}}}" for c in INVISIBLE) + "]*$"
)


def read_column(raw: pa.Array, field: Field, *, is_total: bool = False) -> Column:
    """A column of a form, typed by its field. A bad cell is marked `unreadable`; nothing is raised.

    `is_total`: the cells are of totals rows, whose sums may be beyond the bound of a single value.
    """
    if field.type == "integer" and (plain := plain_integers(raw)) is not None:
        return plain
    encoded = raw.dictionary_encode()
    return _read_distinct(encoded.dictionary, field, is_total).taken(encoded.indices)


def read_codes(raw: pa.Array) -> pa.Array:
    """A column of codes or names as text: tidied, null where missing. The suite checks the key's format."""
    if is_alnum(raw):
        return raw
    encoded = raw.dictionary_encode()
    return _missing_as_null(tidy_array(encoded.dictionary)).take(encoded.indices)


def tidy_array(texts: pa.Array) -> pa.Array:
    """`text.tidy` for a whole array: NFKC, no invisible characters, runs of white space as one space, trimmed."""
    if not is_ascii(texts):
        if _TIDY.are_all(texts):
            return texts
        texts = pc.replace_substring_regex(pc.utf8_normalize(texts, "NFKC"), f"[{INVISIBLE}]", "")
    elif is_alnum(texts):
        return texts
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(texts, r"[\s\x0b\x1c-\x1f\x{85}\p{Z}]+", " "))


def _read_distinct(raw: pa.Array, field: Field, is_total: bool) -> Column:
    texts = tidy_array(raw)
    if field.type in ("integer", "decimal"):
        foreign = pc.invert(pc.match_substring_regex(raw, _NUMBER_CHARACTERS))
        return read_numbers(texts, raw, foreign, field, is_total=is_total)
    if field.type == "boolean":
        words = [BOOLEANS.get(t.lower()) for t in _missing_as_null(texts).to_pylist() if t is not None]
        return _by_word(texts, words, pa.bool_())
    if field.type == "enum":
        allowed = {tidy(v): v for v in field.values}
        # The list comes first: a form may list a value such as `/`, which otherwise means nothing.
        chosen = [allowed.get(t) for t in texts.to_pylist()]
        values = pa.array(chosen, pa.string())
        missing = pc.match_substring_regex(texts, NOTHING)
        return Column.of(values, pc.and_(pc.is_null(values), pc.invert(missing)))
    if field.type == "date":
        marked = pc.match_substring_regex(raw, r"\p{No}").to_pylist()  # a note's ², which NFKC makes a digit
        days = [
            None if is_marked else read_date(t)
            for t, is_marked in zip(texts.to_pylist(), marked, strict=True)
        ]
        return Column.of(
            pa.array(days, pa.date32()),
            pc.and_(
                pa.array([d is None for d in days], pa.bool_()),
                pc.invert(pc.match_substring_regex(texts, NOTHING)),
            ),
        )
    values = _missing_as_null(texts)
    failed = pc.fill_null(are_errors(values), False)  # `#REF!` is no text that anybody wrote
    return Column.of(pc.if_else(failed, pa.scalar(None, pa.string()), values), failed)


def _by_word(texts: pa.Array, words: list[bool | None], type_: pa.DataType) -> Column:
    present = pc.invert(pc.match_substring_regex(texts, NOTHING))
    values = pc.replace_with_mask(pa.nulls(len(texts), type_), present, pa.array(words, type_))
    return Column.of(values, pc.and_(present, pc.is_null(values)))


def _missing_as_null(texts: pa.Array) -> pa.Array:
    return pc.if_else(pc.match_substring_regex(texts, NOTHING), pa.scalar(None, pa.string()), texts)
