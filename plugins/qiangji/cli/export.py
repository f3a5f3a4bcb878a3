"""`--export FILE`: the rows that a command shows, in a file that Excel and WPS open.

In: rows as `--json` prints them. Out: .csv (UTF-8 with its mark) or .xlsx, a line a row, each column headed by its
words in Chinese and its key. A workbook, which people read, has units of measure, levels, kinds of periods and forms in
words; a .csv, which programs read, has their keys. Times are the counties'. What is hidden is hidden in the rows
already. A text that a spreadsheet program could take for a formula has an apostrophe in front.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from qiangji.cli.printing import as_json
from qiangji.errors import UsageError
from qiangji.figures.cells import cell, in_csv
from qiangji.settings import settings

Rows = Sequence[Mapping[str, Any]]
LEVELS = {"city": "市", "county": "县(市、区)", "town": "镇街", "village": "村(社区)", "group": "村民小组"}
OTHER_HEADINGS = {"obs_status_zh": "数值状态", "obs_status_en": "数值状态（英文）"}
"""Columns that no view of the warehouse has."""
MOST_LINES = 1_048_576
"""Lines of a sheet."""


def given(rows: Rows, json: bool, export: Path | None) -> bool:
    """Give rows as data where that was asked for, as JSON or in a file; whether it was. No rows, no file."""
    if json:
        print(as_json(rows))
    if export and rows:
        write(export, rows)
    return json or bool(export and rows)


def write(path: Path, rows: Rows) -> None:
    """Write the rows, and say so on stderr. Raises UsageError too_many_rows."""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    is_csv = path.suffix.lower() == ".csv"
    said = {} if is_csv else _in_words(keys)
    zone = settings().timezone
    lines = ([cell(_said(row.get(key), said.get(key)), zone) for key in keys] for row in rows)
    (_write_csv if is_csv else _write_xlsx)(path, _headings(keys), lines, len(rows))
    Console(stderr=True, highlight=False, markup=False).print(
        f"已写出 written: {path}, {len(rows):,} 行 rows", soft_wrap=True
    )


def write_csv(path: Path, rows: Rows) -> None:
    """Write the rows with keys, whatever the file's ending."""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    lines = ([cell(row.get(key), settings().timezone) for key in keys] for row in rows)
    _write_csv(path, _headings(keys), lines, len(rows))


def _write_csv(path: Path, headings: list[str], lines: Iterator[list[Any]], _count: int) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as sink:
        writer = csv.writer(sink)
        writer.writerow(headings)
        writer.writerows([in_csv(v) for v in line] for line in lines)


def _write_xlsx(path: Path, headings: list[str], lines: Iterator[list[Any]], count: int) -> None:
    if count >= MOST_LINES:
        raise UsageError(
            f"{count:,} rows are more than a sheet holds",
            expected=f"{MOST_LINES - 1:,} at most, or a .csv",
            zh=f"共{count:,}行，超过一张工作表的上限：请写成.csv，或缩小范围。",
            code="too_many_rows",
        )
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("强基 Qiangji")
    sheet.freeze_panes = "A2"
    for line in (headings, *lines):
        sheet.append(line)
    book.save(path)


def _in_words(keys: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    """Column -> what its keys are in words."""
    from qiangji.cli.words import names
    from qiangji.figures.explaining import CAUSES
    from qiangji.ledger.dispositions import DISPOSITIONS, SEVERITIES
    from qiangji.warehouse.dictionary import DIRECTIONS, PERIODS, UNITS

    return {
        "unit": UNITS, "direction": DIRECTIONS, "period_type": PERIODS, "org_level": LEVELS, "severity": SEVERITIES,
        "disposition": DISPOSITIONS, "causes": {code: zh for code, (zh, _) in CAUSES.items()},
        "form": names().forms if "form" in keys else {},
    }  # fmt: skip


def _said(value: Any, words: Mapping[str, str] | None) -> Any:
    """A key in words, or each of a list; what has none stays."""
    if not words or value is None:
        return value
    if isinstance(value, (list, tuple)):
        return [words.get(str(v), v) for v in value]
    return words.get(str(value), value)


def _headings(keys: Sequence[str]) -> list[str]:
    """`指标代码 indicator_code`: the words are those of mart_zh."""
    from qiangji.warehouse.dictionary import words_of

    words = words_of("columns") | OTHER_HEADINGS
    return [f"{words[key].split(' / ')[0]} {key}" if key in words else key for key in keys]
