"""Cells that could not be read, as a table: address, rule, text, what was expected in both languages.

In: typed columns and strays of a submission. Out: tables of the schema PROBLEMS; or a ReturnedError where there are so
many that a list helps nobody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.errors import ReturnedError
from qiangji.parsing.cells import DASH, NO_RESULT, kinds_of
from qiangji.parsing.column import Column
from qiangji.parsing.grid import address
from qiangji.parsing.headers import Columns
from qiangji.parsing.reading import Reading
from qiangji.parsing.strays import Stray, expected_of, length_of
from qiangji.parsing.totals import TOTAL_WORDS
from qiangji.personal_data import may_name, quoted
from qiangji.text import counted, quoted_zh, tidy

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
_TOTAL_OF = re.compile(rf"(.+?)[\s(（]*({'|'.join(TOTAL_WORDS)}).*", re.IGNORECASE)
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
        address(reading.sheet, columns.fields[n], numbers[i].as_py())
        for n, i in zip(worst, first, strict=True)
    ]
    en = ", ".join(f"{n} from {c} ({counts[n]:,})" for n, c in zip(worst, cells, strict=True))
    labels = [reading.fields[n].label.zh for n in worst]
    zh = "、".join(
        f"{quoted_zh(t)}自{c}起{counts[n]}处" for t, n, c in zip(labels, worst, cells, strict=True)
    )
    raise ReturnedError(
        f"{total:,} cells in {counted(len(counts), 'column')} cannot be read: {en}",
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
            "address": address(reading.sheet, at, numbers[s.index].as_py()),
            "rule": f"{form.form}.{form.key}.{s.what}",
            "value": _told(s, reading),
        }
        | dict(zip(("expected_zh", "expected_en"), expected_of(s, reading), strict=True))
        for s in strays
    ]
    return [pa.Table.from_pylist(rows, schema=PROBLEMS)]


def _told(stray: Stray, reading: Reading) -> str:
    """What is shown of such a row: of a note how long it is, of a total its word alone where a name may be in it."""
    if stray.what == "note":
        return length_of(stray.text)
    if stray.what == "total" and (said := _TOTAL_OF.fullmatch(tidy(stray.text))) and may_name(said[1]):
        return f"…{said[2]}"
    return quoted(stray.text, reading.county)


def of_column(
    name: str, column: Column, raw: pa.Array, at: int, numbers: pa.Array, reading: Reading
) -> list[pa.Table]:
    """The cells of a field that cannot be read, and those to ask about. `at`: its column of the sheet; `numbers`: the
    rows' numbers in the sheet.
    """
    if not (column.unreadable.true_count or column.dashes.true_count):
        return []
    field = reading.fields[name]
    form, cell = reading.form.form, address(reading.sheet, at, 0)[:-1]
    found = []
    for rule, mask, (zh, en) in kinds_of(column, raw, field):
        if not pc.any(mask).as_py():
            continue
        index = pc.indices_nonzero(mask)
        n, rows = len(index), numbers.take(index).cast(pa.string())
        columns = [
            index.cast(pa.int32()),
            pa.array([name] * n, pa.string()),
            pc.binary_join_element_wise(cell, rows, ""),
            pa.array([f"{form}.{name}.{rule}"] * n, pa.string()),
            _shown(raw.take(index)),
            pa.array([zh] * n, pa.string()),
            pa.array([en] * n, pa.string()),
        ]
        found.append(pa.table(columns, schema=PROBLEMS))
    return found


def _shown(texts: pa.Array) -> pa.Array:
    """The texts as they are told: at most 80 characters, and nothing where a formula has no result."""
    texts = pc.utf8_slice_codeunits(texts, 0, 80)
    return pc.if_else(pc.equal(texts, NO_RESULT), "", texts)
