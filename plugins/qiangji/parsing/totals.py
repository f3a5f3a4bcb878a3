"""Written totals as control sums: 合计 over all rows, 小计 over the rows since the 小计 before.

In: the data rows of a sheet as text and typed. Out: which rows are totals, and whether each equals the sum of its rows.
A total of decimals may be rounded: by half a unit of the last digit that it shows, or by a cent.
A field with an unreadable cell is not compared: the cell is a problem of its own. Rows that say themselves that they
are totals, and are not declared as such (小计 beside a code, serial 00 of a group), go back by a rule of the suite, and
no total adds them up.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.models import Form, Layout
from qiangji.parsing.column import Column
from qiangji.parsing.glance import COMMON, Characters, together
from qiangji.parsing.grid import address
from qiangji.text import squeezed

Scope = Literal["total", "subtotal"]
TOTAL_WORDS = ("小计", "合计", "总计", "共计", "累计", "总和", "subtotal", "total", "grandtotal", "sum")
"""What a row that adds up others is called, alone or behind the name of what it adds up (白沙街道小计)."""
UNREAD = "?"
"""A written total that is no number."""
_WHOLE = r"(?:全|本)(?:省|市|县|区|镇|乡|街道?|村|社区|居|组|表|页)(?:总数|情况|数据)?"
"""All of a unit's part beneath it (全村, 本镇): no unit is called so."""
_TOTAL = re.compile(rf"(.*(小计|合计|总计|共计)|{_WHOLE}|{'|'.join(TOTAL_WORDS)})[:：]?", re.IGNORECASE)
_MAY_BE_TOTAL = "[计和lmLM全本]"
"""A text without any of these is no total: each of TOTAL_WORDS has one, and so has all of a unit."""
_OF_OTHER_FORMS = "[^ -~一-鿿]"
"""Only such characters may have another form that is one of these."""
_NO_TOTAL = Characters(set(COMMON + "".join(map(chr, range(32, 127)))) - set("计和lmLM全本"))
"""Characters that are neither."""
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
LEAST_SUMS = 2
"""So many numbers of a row have to be sums of so many rows for its total to be one of a part of the rows."""
SHOWN_TEXTS = 3
"""Cells that hold a number as text that are named."""
_BRACKETS = re.compile(r"[(（\[【].*?[)）\]】]|[“”\"'《》]")


@dataclass(frozen=True)
class TotalsProblem:
    """A written total that is not the sum of its rows. `sum` and `written` are decimal texts.

    `hidden`: how many rows are hidden or filtered away, where the total is the sum of the others; `texts`: the cells
    that hold a number as text, where it is the sum without them; `part`: the rows of the sheet (`4-14`) that it adds up
    where all totals of its row are their sums; else ''.
    """

    field: str
    address: str
    written: str
    sum: str
    hidden: str = ""
    texts: str = ""
    part: str = ""


def find_totals(cells: pa.Table, columns: tuple[int, ...], layout: Layout) -> dict[int, Scope]:
    """Row of `cells` -> scope, for rows that have a declared label in one of these columns."""
    labels: dict[str, Scope] = {squeezed(t): "total" for t in layout.totals}
    labels.update({squeezed(t): "subtotal" for t in layout.subtotals})
    found: dict[int, Scope] = {}
    if not labels:
        return found
    for column in columns:
        encoded = pc.dictionary_encode(cells.column(column).combine_chunks())
        texts = [squeezed(v).rstrip(":") for v in encoded.dictionary.to_pylist()]
        scopes = {i: labels[t] for i, t in enumerate(texts) if t in labels}
        if scopes:
            wanted = pc.is_in(encoded.indices, value_set=pa.array(list(scopes), encoded.indices.type))
            found.update(
                {r: scopes[encoded.indices[r].as_py()] for r in pc.indices_nonzero(wanted).to_pylist()}
            )
    return found


def says_total(text: str | None) -> bool:
    """Whether a name or label says that its row adds up others: `小 计`, `合计：`, `白沙街道小计`, `总计（全县）`."""
    return bool(text) and bool(_TOTAL.fullmatch(_BRACKETS.sub("", squeezed(text))))


def are_totals(keys: pa.Array, names: pa.Array | None, form: Form) -> pa.Array:
    """Whether a row is no unit by its own word: its name or code is that of a total, or a group's serial is zeros."""
    found = _say_total(keys)
    if names is not None:
        found = pc.or_(found, _say_total(names))
    if form.grain == "group":
        codes = pc.fill_null(keys, "")
        zeros = f"^(?s:.{{{form.parent_digits}}})0+$"
        if pc.any(pc.match_substring_regex(codes.filter(pc.ends_with(codes, "0")), zeros)).as_py():
            is_zeros = pc.match_substring_regex(codes, zeros)
            is_whole = pc.match_substring_regex(
                codes, f"^(?:{form.key_pattern})$"
            )  # no serial that lost a digit
            found = pc.or_(found, pc.and_(is_zeros, is_whole))
    return found


def _say_total(texts: pa.Array) -> pa.Array:
    """`says_total` of each text; only those with a character that such a word has are looked at one by one."""
    none = pa.repeat(pa.scalar(False), len(texts))
    if together(texts).isdigit() or _NO_TOTAL.are_all(pc.unique(texts)):
        return none
    may = pc.fill_null(pc.match_substring_regex(texts, f"{_MAY_BE_TOTAL}|{_OF_OTHER_FORMS}"), False)
    if not pc.any(may).as_py():
        return none
    encoded = pc.dictionary_encode(texts.filter(may))
    plain = pc.utf8_normalize(encoded.dictionary, "NFKC")
    looked_at = pc.match_substring_regex(plain, _MAY_BE_TOTAL).to_pylist()
    said = pa.array(
        [
            is_one and says_total(t)
            for t, is_one in zip(encoded.dictionary.to_pylist(), looked_at, strict=True)
        ]
    )
    return pc.replace_with_mask(may, may, said.take(encoded.indices))


def compare_totals(
    sheet: str,
    totals: dict[int, Scope],
    rows: pa.Array,
    first_row: int,
    columns: Mapping[str, int],
    written: Mapping[str, Column],
    summed: Mapping[str, Column],
) -> tuple[bool | None, list[TotalsProblem]]:
    """Whether written totals equal the sums of their rows (None if nothing could be compared), and the problems.

    `sheet`: how addresses name it. `totals`: row of the data zone -> scope. `rows`: positions of the data rows in the
    zone, ascending. `first_row`: the sheet row number of position 0. `columns`: number field -> column index.
    `written` and `summed`: typed columns, with a value for each totals row and each data row.
    """
    positions = sorted(totals)
    places = rows.to_numpy()

    @cache
    def parts(i: int) -> str:
        if totals[positions[i]] == "subtotal":
            return ""
        read = [n for n in columns if not summed[n].unreadable.true_count]
        own = [(written[n].values[i].as_py(), summed[n].values) for n in read]
        run = _run(int(np.searchsorted(places, positions[i])), [o for o in own if o[0] is not None])
        return "-".join(str(places[at] + first_row) for at in run)

    compared, problems = False, []
    for name, column in columns.items():
        for i, position in enumerate(positions):
            start, end = _range(positions, totals, i, places)
            said = written[name].values[i].as_py()
            unreadable = written[name].unreadable[i].as_py()
            if (said is None and not unreadable) or pc.any(
                summed[name].unreadable.slice(start, end - start)
            ).as_py():
                continue
            compared = True
            total = _sum(summed[name].values.slice(start, end - start))
            if unreadable or abs(Decimal(said) - total) > _rounded(said):
                text = UNREAD if unreadable else _plain(said)
                cell = address(sheet, column, first_row + position)
                part = "" if unreadable else parts(i)
                problems.append(TotalsProblem(name, cell, text, _plain(total), part=part))
    return (not problems if compared else None), problems


def _run(at: int, own: Sequence[tuple[int | Decimal, pa.Array]]) -> tuple[int, ...]:
    """The first and last of the rows right above position `at`, or right below, of which a totals row has the sums; ()
    without. `own`: its numbers, each with the column of the rows. Two numbers that are not 0 have to be sums of two
    rows at least.
    """
    if sum(said != 0 for said, _ in own) < LEAST_SUMS:
        return ()
    above = below = True
    for said, column in own:
        values = pc.fill_null(column.cast(pa.float64()), 0.0).to_numpy()
        most = float(_rounded(said)) + 0.001
        above = above & (abs(values[:at][::-1].cumsum() - float(said)) < most)
        below = below & (abs(values[at:].cumsum() - float(said)) < most)
    for found, is_above in ((np.flatnonzero(above), True), (np.flatnonzero(below), False)):
        if len(found) and (many := int(found[-1])) + 1 >= LEAST_SUMS:
            return (at - 1 - many, at - 1) if is_above else (at, at + many)
    return ()


def of_visible(
    problems: Sequence[TotalsProblem], rows: pa.Table, hidden: Set[int], others: Collection[int]
) -> list[TotalsProblem]:
    """The problems, with how many rows are hidden where a total adds up the visible ones. `hidden`: numbers of rows
    in the sheet; `others`: positions of rows that no total adds up.
    """
    numbers = rows.column("_row").to_pylist()
    away = {i for i, number in enumerate(numbers) if number in hidden} - set(others)
    seen = pa.array([i for i in range(len(numbers)) if i not in away and i not in others], pa.int64())
    if not away:
        return list(problems)
    return [
        replace(p, hidden=str(len(away))) if _plain(_sum(rows.column(p.field).take(seen))) == p.written else p
        for p in problems
    ]


def without_texts(
    problems: Sequence[TotalsProblem], rows: pa.Table, texts: Mapping[str, Set[int]], sheet: str
) -> list[TotalsProblem]:
    """The problems, with the cells that hold a number as text where these are what the total lacks: one of them, or
    all. `texts`: field -> the numbers of their rows.
    """
    return [replace(p, texts=_lacking(p, rows, texts.get(p.field, ()), sheet)) for p in problems]


def _lacking(problem: TotalsProblem, rows: pa.Table, texts: Collection[int], sheet: str) -> str:
    if not texts or not _NUMBER.fullmatch(problem.written):
        return ""
    lacks = Decimal(problem.sum) - Decimal(problem.written)
    pairs = zip(rows.column("_row").to_pylist(), rows.column(problem.field).to_pylist(), strict=True)
    held = [(row, Decimal(value)) for row, value in pairs if row in texts and value]
    found = [row for row, value in held if value == lacks]
    if len(found) != 1:
        found = [row for row, _ in held] if held and sum(value for _, value in held) == lacks else []
    column = re.sub("[0-9]+$", "", problem.address.rpartition("!")[2])
    more = f"等{len(found)}处 ({len(found)} cells)" if len(found) > SHOWN_TEXTS else ""
    return "、".join(f"{sheet}!{column}{row}" for row in found[:SHOWN_TEXTS]) + more


def _range(positions: list[int], totals: dict[int, Scope], i: int, places: np.ndarray) -> tuple[int, int]:
    """The data rows [start, end) that a totals row adds up. A 合计, above or below the data, adds up all."""
    if totals[positions[i]] == "total":
        return 0, len(places)
    before = [p for p in positions[:i] if totals[p] == "subtotal"]
    start = int(np.searchsorted(places, before[-1])) if before else 0
    return start, int(np.searchsorted(places, positions[i]))


def _rounded(said: int | Decimal) -> Decimal:
    """By how much a written total of decimals may differ from the sum: it may show less digits than there are."""
    if isinstance(said, int):
        return Decimal(0)
    shown = Decimal(_plain(said)).as_tuple().exponent
    return max(Decimal("0.01"), Decimal(5).scaleb(int(shown) - 1))


def _sum(values: pa.Array) -> Decimal:
    wide = values.cast(pa.decimal128(38, 4) if pa.types.is_decimal(values.type) else pa.decimal128(38, 0))
    total = pc.sum(wide).as_py()
    return Decimal(0) if total is None else Decimal(total)


def _plain(value: int | Decimal) -> str:
    text = format(Decimal(value), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
