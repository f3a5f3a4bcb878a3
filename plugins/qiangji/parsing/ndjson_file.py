"""NDJSON (one JSON object a line, as an API's listing is kept) into a grid.

In: UTF-8 bytes. Out: a `Grid` whose first row holds the keys in the order of the first record, and whose
row n + 1 is record n, so that an address reads as it would in a sheet. Booleans become `true` and `false`,
numbers exact text.
"""

from __future__ import annotations

import json
from itertools import chain

import pyarrow as pa

from qiangji.errors import ReturnedError
from qiangji.parsing.grid import Grid, grid_of
from qiangji.parsing.text import as_text


def read(content: bytes, *, where: str = "") -> Grid:
    """All records. Raises ReturnedError `unreadable_file` or `bad_encoding` (with the line's number)."""
    records = [_record(line, i, where) for i, line in enumerate(content.split(b"\n"), 1) if line.strip()]
    keys = list(dict.fromkeys(chain.from_iterable(records)))
    columns = [pa.array([key, *(_text(r.get(key)) for r in records)], pa.string()) for key in keys]
    return grid_of(columns, "", header_rows=1)


def _record(line: bytes, number: int, where: str) -> dict[str, object]:
    try:
        record = json.loads(line)
    except UnicodeDecodeError:
        code, fault, zh = "bad_encoding", "not UTF-8", "不是UTF-8编码"
    except ValueError:
        code, fault, zh = "unreadable_file", "not JSON", "不是JSON"
    else:
        if isinstance(record, dict):
            return record
        code, fault, zh = "unreadable_file", "no JSON object", "不是JSON对象"
    # Without the cause: a decoder's message can quote what it read.
    raise ReturnedError(
        f"line {number} is {fault}",
        where=where,
        expected="one JSON object a line",
        do="Check the system's listing.",
        code=code,
        zh=f"第{number}行{zh},请检查接口输出",
    )


def _text(value: object) -> str | None:
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return as_text(value)
