"""The column of a sheet that names the period of each row, held against the period asked for.

In: the column as received. Out: nothing, or a ReturnedError `wrong_period` with the first cell at fault. A day or a
month within the period names it: a spreadsheet program makes a date of a typed `2026-10`.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.errors import ReturnedError
from qiangji.parsing.dates import read_period
from qiangji.parsing.grid import address
from qiangji.parsing.reading import Reading
from qiangji.periods import FIRST_YEAR, LAST_YEAR, Period
from qiangji.personal_data import quoted
from qiangji.text import tidy

_YEAR = re.compile(r"(?!(?:19|2[0-9])[0-9]{2})[0-9]{4}(?![0-9])")
"""Four digits that are a year of no report."""


def check_period(column: pa.Array, at: int, numbers: pa.Array, reading: Reading) -> None:
    """Raise if a row says another period. `at`: the column of the sheet; `numbers`: the rows' numbers in the sheet."""
    period, encoded = reading.period, pc.dictionary_encode(column)
    said = [None if t is None else read_period(t) for t in encoded.dictionary.to_pylist()]
    texts = encoded.dictionary.to_pylist()
    wrong = [
        i
        for i, (text, names) in enumerate(zip(texts, said, strict=True))
        if text and text.strip() and not (names and _is_within(names, period))
    ]
    if not wrong:
        return
    first = pc.indices_nonzero(pc.is_in(encoded.indices, value_set=pa.array(wrong, encoded.indices.type)))
    i = first[0].as_py()
    cell, text = address(reading.sheet, at, numbers[i].as_py()), column[i].as_py()
    names = read_period(text)
    if str(period).endswith("-10") and text.strip() == f"{period.year}.1":
        raise _lost_zero(cell, reading)
    written = quoted(text, reading.county)
    raise ReturnedError(
        f"{cell} says period {names}" + ("" if written == str(names) else f" ({written})")
        if names
        else f"{cell} says {_what(text)[1]}: {written}",
        where=reading.where,
        expected=str(period),
        do="Send the file of that period, or correct the column.",
        code="wrong_period",
        zh=f"{cell}中的报告期为{names or _what(text)[0]}"
        + ("" if written == str(names) else f"（单元格内容：{written}）")
        + f"，应为{period}，请核对后重报",
    )


def _what(text: str) -> tuple[str, str]:
    """What stands in place of a period, in zh and en."""
    if _YEAR.match(tidy(text)):
        years = f"{FIRST_YEAR}至{LAST_YEAR}"
        return f"不可能有的年份（应在{years}之间）", f"a year outside {FIRST_YEAR} to {LAST_YEAR}"
    return "无法识别的内容", "no period that can be read"


def _lost_zero(cell: str, reading: Reading) -> ReturnedError:
    """October, typed as 2026.10 into a cell of numbers, is kept and saved as 2026.1, as January is."""
    period = reading.period
    return ReturnedError(
        f"{cell} holds the number {period.year}.1: January, or {period.year}.10 without its last 0",
        where=reading.where,
        expected=str(period),
        do=f"Make the column of the period text, write {period} and send it again.",
        code="wrong_period",
        zh=f"{cell}中的报告期为{period.year}.1：表格软件把{period.year}.10当作数字，末尾的0已丢失，无法与1月区分；"
        f"请将该列设为文本，填{period}后重报",
    )


def _is_within(said: Period, period: Period) -> bool:
    return period.start <= said.start and said.end <= period.end
