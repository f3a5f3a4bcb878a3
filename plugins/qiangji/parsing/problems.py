"""Cells that could not be read, as a table: address, rule, text, what was expected in both languages.

In: typed columns and strays of a submission. Out: tables of the schema PROBLEMS; or a ReturnedError where there are so
many that a list helps nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.models import MAX_DIGITS, Field
from qiangji.errors import ReturnedError
from qiangji.parsing.column import Column
from qiangji.parsing.grid import address
from qiangji.parsing.headers import Columns
from qiangji.parsing.reading import Reading
from qiangji.parsing.strays import Stray, expected_of, length_of
from qiangji.personal_data import quoted
from qiangji.text import quoted_zh

PROBLEMS = pa.schema(
    [
        ("index", pa.int32()),
        ("field", pa.string()),
        ("address", pa.string()),
        ("rule", pa.string()),
        ("value", pa.string()),
        ("expected_zh", pa.string()),
        ("expected_en", pa.string()),
    ]
)
"""A table of cells that could not be read, or have to be asked about; `UnreadableCell` is a row of it."""
TOO_LARGE = "too_large"
"""The last word of the rule of a number beyond any bound."""
DASH = "dash"
"""The last word of the rule of a number that is a lone dash: it is missing, and perhaps zero. Its row is accepted."""
_EXPECTED = {
    "integer": ("整数", "a whole number"),
    "decimal": (
        "数字，小数不超过4位（公式结果可用ROUND函数四舍五入）",
        "a number with at most 4 decimal places: ROUND(..., 4) rounds what a formula gives",
    ),
    "date": ("日期，如2026-09-30", "a date such as 2026-09-30"),
    "boolean": ("是或否", "是 or 否 (yes or no)"),
}
_LARGE = {
    type_: (
        f"整数部分不超过{digits}位的数，请核对是否误粘贴了卡号、账号或证件号码",
        f"a number of at most {digits} digits before its point: is it a card, account or ID number?",
    )
    for type_, digits in MAX_DIGITS.items()
}
PERCENT = "percent"
"""The last word of the rule of a percentage where an amount or a count belongs."""
_PERCENT = (
    "数值，不是百分数：请核对单元格是否误设为百分比格式",
    "a number, no percentage: was the cell formatted as percent by mistake?",
)
_SHOWN = {
    "hashes": (
        r"^[\s]*[#＃]{2,}[\s]*$",
        (
            "数字：列宽不够时显示为#号，另存为CSV后数值丢失；请加宽该列后重新导出",
            "a number: the column was too narrow when it was saved; widen it and export it again",
        ),
    ),
    "brackets": (
        r"^[\s]*[(（][\s]*[0-9][0-9,.]*[\s]*[)）][\s]*$",
        ("不带括号的数字；负数请写-12.50", "a number without brackets; write -12.50 for one below zero"),
    ),
    "day": (
        r"^[12][0-9]{3}-[01][0-9]-[0-3][0-9](?:[T ].*)?$",
        (
            "数字：单元格误设为日期格式，请改为数字格式，核对后重报",
            "a number: the cell is formatted as a date; format it as a number and check it",
        ),
    ),
}
"""Numbers as a spreadsheet program shows or saves them: rule -> RE2, and what was expected."""
_DASH = ("0；没有数据的留空", "0, or an empty cell where nothing is known")
MAX_PROBLEMS = 20_000
"""Cells of a submission that are told one by one."""


@dataclass(frozen=True)
class UnreadableCell:
    """`index`: a position in `Parsed.rows`; `value`: its text, at most 80 characters.

    With `is_asked` the cell could be read, and nothing is known of it until the county says whether it is zero.
    """

    index: int
    field: str
    address: str
    rule: str
    value: str
    expected_zh: str
    expected_en: str

    @property
    def is_asked(self) -> bool:
        return self.rule.endswith(f".{DASH}")


def check_number(read: Mapping[str, Column], columns: Columns, numbers: pa.Array, reading: Reading) -> None:
    """Raise ReturnedError too_many_problems where so many cells cannot be read that a list of them helps nobody."""
    counts = {n: c for n, column in read.items() if (c := column.unreadable.true_count)}
    if (total := sum(counts.values())) <= MAX_PROBLEMS:
        return
    worst = sorted(counts, key=lambda n: -counts[n])[:3]
    first = [pc.indices_nonzero(read[n].unreadable)[0].as_py() for n in worst]
    cells = [
        address(reading.form.form, columns.fields[n], numbers[i].as_py())
        for n, i in zip(worst, first, strict=True)
    ]
    en = ", ".join(f"{n} from {c} ({counts[n]:,})" for n, c in zip(worst, cells, strict=True))
    labels = [reading.fields[n].label.zh for n in worst]
    zh = "、".join(
        f"{quoted_zh(t)}自{c}起{counts[n]}处" for t, n, c in zip(labels, worst, cells, strict=True)
    )
    raise ReturnedError(
        f"{total:,} cells in {len(counts)} columns cannot be read: {en}",
        where=reading.where,
        expected=f"a file of this form: at most {MAX_PROBLEMS:,} such cells are told one by one",
        do="Check whether this is the right file and whether its columns stand under their headers; send it again.",
        code="too_many_problems",
        zh=f"共{total}个单元格无法识别：{zh}；请核对是否发错文件、各列是否与表头对应，改正后重报",
    )


def of_strays(strays: list[Stray], at: int, numbers: pa.Array, reading: Reading) -> list[pa.Table]:
    """Rows that are no unit's, as problems of the key. `at`: its column; `numbers`: the rows' numbers in the sheet."""
    if not strays:
        return []
    form = reading.form
    rows = [
        {
            "index": s.index,
            "field": form.key,
            "address": address(form.form, at, numbers[s.index].as_py()),
            "rule": f"{form.form}.{form.key}.{s.what}",
            "value": length_of(s.text) if s.what == "note" else quoted(s.text, reading.county),
        }
        | dict(zip(("expected_zh", "expected_en"), expected_of(s, reading), strict=True))
        for s in strays
    ]
    return [pa.Table.from_pylist(rows, schema=PROBLEMS)]


def asked_of(field: Field, kind: str) -> tuple[str, str]:
    """What a field that cannot be read should have held, in zh and en; '' where nothing is to be said.

    `kind`: the last word of the rule: type, enum, percent, too_large, dash, or one of _SHOWN.
    """
    if kind == "enum":
        return "、".join(field.values), "one of " + ", ".join(field.values)
    if kind == TOO_LARGE:
        return _LARGE.get(field.type, ("", ""))
    shown = {rule: expected for rule, (_, expected) in _SHOWN.items()}
    return ({PERCENT: _PERCENT, DASH: _DASH} | shown).get(kind) or _EXPECTED.get(field.type, ("", ""))


def of_column(
    name: str, column: Column, raw: pa.Array, at: int, numbers: pa.Array, reading: Reading
) -> list[pa.Table]:
    """The cells of a field that cannot be read, and those to ask about. `at`: its column of the sheet; `numbers`: the
    rows' numbers in the sheet.
    """
    if not (column.unreadable.true_count or column.dashes.true_count):
        return []
    field = reading.fields[name]
    if field.type == "enum":
        kinds = [("enum", column.unreadable)]
    elif field.is_number:
        other = pc.and_(column.unreadable, pc.invert(column.too_large))
        percent = pc.fill_null(
            pc.match_substring_regex(raw, r"^[\s0-9０-９.,，．+－-]+[%％][\s\p{Z}]*$"), False
        )
        percent = pc.and_(other, percent) if field.unit != "percent" else pa.repeat(False, len(raw))
        kinds = [(PERCENT, percent)]
        other = pc.and_not(other, percent)
        for rule, (pattern, _) in _SHOWN.items():
            shown = pc.and_(other, pc.fill_null(pc.match_substring_regex(raw, pattern), False))
            kinds.append((rule, shown))
            other = pc.and_not(other, shown)
        kinds += [
            ("type", other),
            (TOO_LARGE, column.too_large),
            (DASH, column.dashes),
        ]
    else:
        kinds = [("type", column.unreadable)]
    form, cell = reading.form.form, address(reading.form.form, at, 0)[:-1]
    found = []
    for rule, mask in kinds:
        if not pc.any(mask).as_py():
            continue
        zh, en = asked_of(field, rule)
        index = pc.indices_nonzero(mask)
        n, rows = len(index), numbers.take(index).cast(pa.string())
        columns = [
            index.cast(pa.int32()),
            pa.array([name] * n, pa.string()),
            pc.binary_join_element_wise(cell, rows, ""),
            pa.array([f"{form}.{name}.{rule}"] * n, pa.string()),
            pc.utf8_slice_codeunits(raw.take(index), 0, 80),
            pa.array([zh] * n, pa.string()),
            pa.array([en] * n, pa.string()),
        ]
        found.append(pa.table(columns, schema=PROBLEMS))
    return found
