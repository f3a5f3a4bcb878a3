"""Tables as files: CSV, xlsx and JSON of what a page shows.

In: a `Table`. Out: bytes. A text that a spreadsheet program could take for a formula has an apostrophe in front. Times
are the counties', in JSON with their offset. What is hidden is hidden in the rows already.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from qiangji.board.state import State
from qiangji.board.words import TABLE, Words
from qiangji.figures import Rows
from qiangji.figures.cells import cell, in_csv
from qiangji.parsing.returned import neutral
from qiangji.settings import settings
from qiangji.warehouse.dictionary import words_of

MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}


@dataclass(frozen=True)
class Table:
    """A named table: headings, and lines of as many values. `notes` stand on a sheet of their own in a workbook.

    `keys`: what the columns are called in JSON.
    """

    name: str
    headings: Sequence[str]
    lines: Sequence[Sequence[Any]]
    notes: Sequence[str] = ()
    keys: Sequence[str] = ()


def written(table: Table, format_: str, zone: str) -> bytes:
    """The table as a file."""
    if format_ == "json":
        return _json(table, ZoneInfo(zone))
    lines = ([cell(v, zone) for v in line] for line in table.lines)
    headings = [cell(h, zone) for h in table.headings]
    return (_csv if format_ == "csv" else _xlsx)(headings, lines, table)


def _json(table: Table, zone: ZoneInfo) -> bytes:
    """Rows by key, decimals as text, which keeps their digits."""

    def plain(value: object) -> str:
        if isinstance(value, datetime) and value.tzinfo:
            value = value.astimezone(zone)
        return value.isoformat() if isinstance(value, (date, datetime)) else str(value)

    found = {
        "name": table.name,
        "notes": list(table.notes),
        "columns": [{"key": k, "heading": h} for k, h in zip(table.keys, table.headings, strict=True)],
        "rows": [dict(zip(table.keys, line, strict=True)) for line in table.lines],
    }
    return json.dumps(found, ensure_ascii=False, default=plain).encode("utf-8")


def _csv(headings: list[Any], lines: Iterator[list[Any]], _table: Table) -> bytes:
    sink = io.StringIO(newline="")
    writer = csv.writer(sink)
    writer.writerow(headings)
    writer.writerows([in_csv(v) for v in line] for line in lines)
    return b"\xef\xbb\xbf" + sink.getvalue().encode("utf-8")


def _xlsx(headings: list[Any], lines: Iterator[list[Any]], table: Table) -> bytes:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("强基 Qiangji")
    sheet.freeze_panes = "A2"
    for line in (headings, *lines):
        sheet.append(line)
    if table.notes:
        notes = book.create_sheet("说明 Notes")
        for note in table.notes:
            notes.append([neutral(note)])
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


COLUMNS = (
    "indicator_code", "name_zh", "name_en", "unit", "org_code", "org_name", "org_level", "period", "period_type",
    "numerator", "denominator", "value", "target", "path", "gap", "band", "rank", "previous_period", "previous_value",
    "change", "expected_units", "reported_units", "reporting_rate", "obs_status", "is_corrected", "has_warning",
    "is_closed", "definition_version", "built_at",
)  # fmt: skip
"""Columns of a table of figures."""
_OWN = ("band", "path", "target")
"""Columns that mean something else in the dictionary, or are not in it: their words are those of the pages."""


def of_rows(
    name: str,
    rows: Rows,
    state: State,
    columns: Sequence[str] = COLUMNS,
    notes: Sequence[str] = ("illustrative_said", "bands_said"),
    named: Mapping[str, str] | None = None,
) -> Table:
    """A table of rows of the warehouse: headings in words and keys, as `qiangji values --export` has them.

    `notes`: keys of words that stand on the sheet of notes. `named`: columns that mean something else here than in the
    dictionary -> keys of their words.
    """
    words, own = Words(state.language), named or {}
    shown = [c for c in columns if not rows or any(c in row for row in rows)]
    said = [*(["simulated_said"] if settings().is_simulated else []), *notes]
    return Table(
        name,
        [f"{words(own[key]) if key in own else _heading(key, state.language)} {key}" for key in shown],
        [[row.get(key) for key in shown] for row in rows],
        [words(key) for key in said],
        shown,
    )


def _heading(key: str, language: str) -> str:
    known = words_of("columns")
    if key in _OWN or (key not in known and key in TABLE):
        return Words(language)(key)
    zh, _, en = known.get(key, f"{key} / {key}").partition(" / ")
    return zh if language == "zh" else en
