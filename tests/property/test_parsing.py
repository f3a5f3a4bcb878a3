"""For any text, the normaliser never fails, reads back what it wrote, and invents no number."""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import date, time
from decimal import Decimal
from fractions import Fraction

import pyarrow as pa
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from qiangji.catalogue.models import County, Field, FileKind, Form
from qiangji.errors import ReturnedError
from qiangji.parsing import read_form, read_grids
from qiangji.parsing.dates import read_period
from qiangji.parsing.facts import unit_in
from qiangji.parsing.normalise import BOOLEANS, read_column, tidy_array
from qiangji.periods import Period
from qiangji.text import squeezed, tidy

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NUMBERISH = st.text(st.sampled_from("0123456789１２,，.．-－+ %eO约无—①²\u3000\u200b"), max_size=10)
LABEL = {"zh": "项", "en": "Item"}


def _field(type: str, kind: str = "stock") -> Field:
    return Field.model_validate({"label": LABEL, "type": type, "kind": kind})


def _reference_integer(text: str) -> int | type[ValueError] | None:
    """The same rules in plain Python, one value at a time."""
    seen = re.sub(
        "[\u200b-\u200f\u202a-\u202d\u2060\u2066-\u2069\ufeff\xad]", "", unicodedata.normalize("NFKC", text)
    )
    plain = re.sub(r"\s+", " ", seen).strip()
    if re.fullmatch(r"[-‐‑–—―─−/\\]*", plain):
        return None
    if re.fullmatch(r"[+-]?[0-9](?:\.[0-9]+)?e-(?:[1-9][0-9]|[0-9]{3})", plain):
        return 0
    if any(unicodedata.normalize("NFKC", c) != c and c not in "１２，．－\u3000" for c in text):
        return ValueError
    found = re.fullmatch(r"([+-]?)([0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(\.[0-9]+)?", plain)
    if not found:
        return ValueError
    exact = Fraction(found[1] + found[2].replace(",", "") + (found[3] or ""))
    value = round(exact)
    return value if abs(exact - value) < Fraction(1, 10**9) and abs(value) < 10**10 else ValueError


@settings(deadline=None)  # the first example also loads what reads
@given(st.lists(NUMBERISH, min_size=1, max_size=8))
def test_integers_agree_with_the_rules_in_plain_python(texts: list[str]) -> None:
    column = read_column(pa.array(texts), _field("integer"))
    read = [
        ValueError if bad else value
        for value, bad in zip(column.values.to_pylist(), column.unreadable.to_pylist(), strict=True)
    ]
    assert read == [_reference_integer(t) for t in texts]


@given(
    st.lists(st.one_of(st.none(), TEXT, NUMBERISH), max_size=8),
    st.sampled_from(["integer", "decimal", "boolean", "text", "code"]),
)
def test_no_text_raises_and_unreadable_is_null(texts: list[str | None], type: str) -> None:
    column = read_column(pa.array(texts, pa.string()), _field(type, "flow" if type == "integer" else "stock"))
    assert len(column.values) == len(column.unreadable) == len(texts)
    for value, bad, text in zip(column.values.to_pylist(), column.unreadable.to_pylist(), texts, strict=True):
        assert not (bad and value is not None)
        assert not (bad and text is None)


@given(st.integers(1 - 10**10, 10**10 - 1), st.booleans())
def test_an_integer_reads_back_as_written(value: int, grouped: bool) -> None:
    text = f"{value:,}" if grouped else str(value)
    wide = text.translate(
        {ord(a): ord(b) for a, b in zip("0123456789,-", "０１２３４５６７８９，－", strict=True)}
    )
    column = read_column(pa.array([text, wide]), _field("integer"))
    assert column.values.to_pylist() == [value, value]


@given(st.decimals(-(10**12) + 1, 10**12 - 1, places=4, allow_nan=False, allow_infinity=False))
def test_a_decimal_reads_back_as_written(value: Decimal) -> None:
    column = read_column(pa.array([format(value, "f"), f"{value:,f}"]), _field("decimal"))
    assert column.values.to_pylist() == [value, value]


@example(value=Decimal(0), off=1)
@given(st.decimals(-(10**9), 10**9, places=4), st.integers(-8, 8))
def test_a_decimal_that_went_through_a_float_is_itself(value: Decimal, off: int) -> None:
    """A float of the number, and its neighbours, in all the digits that they have."""
    near = float(value)
    for _ in range(abs(off)):
        near = math.nextafter(near, math.copysign(math.inf, off))
    texts = [format(Decimal(repr(near)), "f"), format(Decimal(near), "f")[:50]]
    assume(all(abs(Decimal(text) - value) < Decimal("1e-9") for text in texts))
    assert read_column(pa.array(texts), _field("decimal")).values.to_pylist() == [value, value]


@given(st.dates(min_value=date(1928, 1, 1), max_value=date(2100, 12, 31)), st.times())
def test_a_moment_is_its_day_at_midnight_and_else_no_day(day: date, time: time) -> None:
    for said in (
        f"{day:%Y/%m/%d}",
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
    ):
        for written in (f"{said} {time.hour}:{time.minute:02}", f"{said} {time:%H:%M}:00"):
            is_midnight = not (time.hour or time.minute)
            column = read_column(pa.array([written]), _field("date"))
            assert column.values.to_pylist() == [day if is_midnight else None]
            assert read_period(written) == Period.of(day)


@given(st.lists(TEXT, max_size=6))
def test_tidying_is_idempotent_and_the_same_in_both_forms(texts: list[str]) -> None:
    assert tidy_array(pa.array(texts, pa.string())).to_pylist() == [tidy(t) for t in texts]
    assert [tidy(tidy(t)) for t in texts] == [tidy(t) for t in texts]


FORM = Form.model_validate(
    {
        "form": "village", "title": LABEL, "grain": "village", "period_type": "month", "due_working_day": 5,
        "key": "village_code", "key_headers": ["编码"], "key_pattern": "[0-9]{12}",
        "fields": {
            "n": {"label": {"zh": "数", "en": "N"}, "type": "integer"},
            "ok": {"label": {"zh": "是否", "en": "Ok"}, "type": "boolean"},
        },
    }
)  # fmt: skip
COUNTY = County(county="440703", transport="folder", path="x", files="{form}.csv")
PERIOD = Period.parse("2026-10")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_returned(content: bytes) -> None:
    kinds: tuple[FileKind, ...] = ("csv", "xlsx", "ndjson")
    for kind in kinds:
        error = _refusal(content, kind)
        if error is not None:
            assert error.zh
            assert error.code not in ("error", "returned")


def _refusal(content: bytes, kind: FileKind) -> ReturnedError | None:
    try:
        read_form(read_grids(content, kind, COUNTY, ["village"])["village"], FORM, COUNTY, PERIOD)
    except ReturnedError as error:
        return error
    return None


CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6)


@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=10))
def test_received_rows_are_rows_and_each_bad_cell_one_problem(rows: list[tuple[str, str, str]]) -> None:
    def quoted(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"'

    content = "\n".join(["编码,数,是否", *(",".join(map(quoted, row)) for row in rows)]).encode()
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    assume(any(cell.strip() for row in rows for cell in row[1:]))  # else nobody filled it in: nothing_filled
    assume(
        not any(unit_in(squeezed(cell)) for row in rows for cell in row)
    )  # a row of units is part of the header
    dashes = re.compile(r"[-‐‑–—―─−/\\\s]+")
    assume(
        not any(dashes.fullmatch("".join(row)) for row in rows)
    )  # a row of them beneath a header is a line
    assume("无变动" not in content.decode())  # an unchanged report: see tests/unit/parsing/test_unchanged.py
    parsed = read_form(read_grids(content, "csv", COUNTY, ["village"])["village"], FORM, COUNTY, PERIOD)
    assert parsed.rows.num_rows == parsed.raw.num_rows == len(filled)
    assume(
        all(cell.field != FORM.key for cell in parsed.unreadable)
    )  # a note or total: only that is told of it
    bad = sum(_reference(c) for _, _, c in rows) + sum(_reference_number(n) for _, n, _ in rows)
    assert sum(not cell.is_asked for cell in parsed.unreadable) == bad
    assert sum(cell.is_asked for cell in parsed.unreadable) == sum(tidy(n) in ("-", "−") for _, n, _ in rows)


def _reference(text: str) -> bool:
    plain = tidy(text)
    return not re.fullmatch(r"[-‐‑–—―─−/\\]*", plain) and plain.lower() not in BOOLEANS


def _reference_number(text: str) -> bool:
    column = read_column(pa.array([text]), _field("integer"))
    return bool(column.unreadable[0].as_py())
