"""Numbers as counties write them, for `normalise`: distinct texts of a column, tidied, into a typed column.

In: texts, which of them hold characters that no number has, and the field. Out: `Column`.

| what | how |
| --- | --- |
| bound | an integer has at most 10 digits, a decimal at most 12 before its point: no sum over all units and months of a
nation may overflow. More digits are those of a card or account that was pasted |
| residue | what a float leaves behind (`579.0100000000001`, `-2.8e-17`): a number less than a billionth from one of 4
decimals, or that has no more in its first 15 digits, is that one; likewise for an integer |
| more decimals | `41.15223333` is unreadable: a number is not rounded to fit |
| a lone `-` | missing, and asked about: an accounting format shows zero as ` -   `, and CSV keeps what is shown |
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.models import MAX_DIGITS, Field
from qiangji.parsing.column import DECIMAL, NOTHING, Column
from qiangji.parsing.glance import is_digits

_TOTAL_DIGITS = 30
"""Digits before the point of a written total, which adds up many rows; a value has `MAX_DIGITS`."""
PLACES = {"integer": 0, "decimal": 4}
_NUMBER = r"^[+-]?(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]+)?%?$"
_FIFTEEN = Context(prec=15, rounding=ROUND_HALF_UP)
_WIDE = Context(prec=60, rounding=ROUND_HALF_UP)
_NEAR_ZERO = r"^[+-]?[0-9](?:\.[0-9]+)?[eE]-(?:[1-9][0-9]|[0-9]{3})$"
"""How a spreadsheet program shows what a subtraction of floats leaves of nothing, and saves it as CSV."""
_HARDLY = Decimal("1e-9")
_DASH = r"^[-−]$"
_SHARES = ("percent", "ratio", "none")
"""Units of fields in which a percentage is a number."""
_PADDED = r"^[\s\x{3000}\x{a0}]|[\s\x{3000}\x{a0}]$"


def plain_integers(raw: pa.Array) -> Column | None:
    """The column by one cast if it holds digits only (the common case), else None."""
    most = MAX_DIGITS["integer"]
    is_plain = raw.null_count == len(raw) or is_digits(raw, most)
    if is_plain or pc.all(pc.match_substring_regex(raw, rf"^-?[0-9]{{1,{most}}}$")).as_py():
        return Column.of(raw.cast(pa.int64()))
    return None


def read_numbers(
    texts: pa.Array, raw: pa.Array, foreign: pa.Array, field: Field, *, is_total: bool = False
) -> Column:
    """`texts` are `raw`, tidied. `is_total`: of a totals row, to which the bound does not apply."""
    texts = pc.replace_substring_regex(texts, "[−‐‑–]", "-")
    missing = pc.match_substring_regex(texts, NOTHING)
    if field.kind in ("flow", "ytd"):
        none = pc.equal(texts, "无")
        texts = pc.if_else(none, "0", texts)
        foreign = pc.and_(foreign, pc.invert(none))
    hardly = pc.match_substring_regex(texts, _NEAR_ZERO)
    texts, foreign = pc.if_else(hardly, "0", texts), pc.and_(foreign, pc.invert(hardly))
    well_formed = pc.and_(pc.match_substring_regex(texts, _NUMBER), pc.invert(foreign))
    digits = pc.replace_substring_regex(texts, r"[+,]", "")
    percent = pc.and_(well_formed, pc.ends_with(digits, "%"))
    if pc.any(percent).as_py():
        digits = _percentages(digits, percent, field)
    digits = _without_residue(digits, well_formed, PLACES[field.type])
    digits = pc.replace_substring_regex(digits, r"^(-?)0+([0-9])", r"\1\2")
    bound = _TOTAL_DIGITS if is_total else MAX_DIGITS[field.type]
    is_short = pc.match_substring_regex(digits, rf"^-?[0-9]{{1,{bound}}}(?:\.|$)")
    fraction = r"(?:\.0+)?" if field.type == "integer" else r"(?:\.[0-9]{0,4}0*)?"
    exact = pc.match_substring_regex(digits, rf"^-?[0-9]+{fraction}$")
    readable = pc.and_(well_formed, pc.and_(is_short, exact))
    kept = pc.if_else(readable, digits, pa.scalar(None, pa.string()))
    if field.type == "integer":
        kept, type_ = pc.replace_substring_regex(kept, r"\.0+$", ""), pa.int64()
    else:
        kept, type_ = pc.replace_substring_regex(kept, r"(\.[0-9]{4})0+$|\.$", r"\1"), DECIMAL
    values = kept.cast(pa.decimal128(38, PLACES[field.type]) if is_total else type_)
    is_number = pc.match_substring_regex(digits, r"^-?[0-9]+(?:\.[0-9]*)?$")
    return Column(
        values,
        pc.and_(pc.is_null(values), pc.invert(missing)),
        pc.and_(well_formed, pc.and_(is_number, pc.invert(is_short))),
        _dashes(texts, raw, field),
    )


def _dashes(texts: pa.Array, raw: pa.Array, field: Field) -> pa.Array:
    """Lone hyphens that may be zeros. In a field that may be not applicable, only those within spaces."""
    dashes = pc.match_substring_regex(texts, _DASH)
    if field.not_applicable:
        dashes = pc.and_(dashes, pc.match_substring_regex(raw, _PADDED))
    return pc.fill_null(dashes, False)


def _percentages(digits: pa.Array, percent: pa.Array, field: Field) -> pa.Array:
    """`12.5%` as `12.5` or `0.125`. In an integer or an amount it stays as it is, and is unreadable."""
    if field.type == "integer" or field.unit not in _SHARES:
        return digits
    scale = Decimal(1) if field.unit == "percent" else Decimal("0.01")
    written = [t[:-1] for t in digits.filter(percent).to_pylist()]
    scaled = [format(_WIDE.multiply(Decimal(t), scale), "f") for t in written]
    return pc.replace_with_mask(digits, percent, pa.array(scaled, pa.string()))


def _without_residue(digits: pa.Array, well_formed: pa.Array, places: int) -> pa.Array:
    """The numbers with more decimals than a field has, where what is beyond is what a float leaves behind."""
    more = rf"^-?[0-9]{{1,15}}\.[0-9]{{{places}}}[0-9]*[1-9]0*$"
    mask = pc.fill_null(pc.and_(well_formed, pc.match_substring_regex(digits, more)), False)
    if not pc.any(mask).as_py():
        return digits
    near = [_near(t, places) for t in digits.filter(mask).to_pylist()]
    return pc.replace_with_mask(digits, mask, pa.array(near, pa.string()))


def _near(text: str, places: int) -> str:
    """The number of so many decimals that a text stands for, or the text itself."""
    exact = Decimal(text[:60])  # of a float next to 0 there are hundreds of decimals
    near = exact.quantize(Decimal(1).scaleb(-places), context=_WIDE)
    fifteen = _FIFTEEN.plus(exact)
    if fifteen == fifteen.quantize(Decimal(1).scaleb(-places), context=_WIDE):
        near = fifteen
    elif _WIDE.abs(_WIDE.subtract(exact, near)) >= _HARDLY:
        return text
    return format(near or Decimal(0), "f")
