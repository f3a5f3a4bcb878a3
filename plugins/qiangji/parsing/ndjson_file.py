"""NDJSON (one JSON object a line, as an API's listing is kept) into a grid.

In: UTF-8 bytes. Out: a `Grid`. Its first row holds the keys in order of first appearance; row n + 1 is record n, so
addresses read as in a sheet. Booleans become `true` and `false`. Numbers become exact text, never by way of a float,
which holds 15 digits only.
"""

from __future__ import annotations

import json
from decimal import Decimal

import pyarrow as pa

from qiangji.errors import ReturnedError
from qiangji.parsing.archive import too_large
from qiangji.parsing.grid import MAX_COLUMNS, Grid, grid_of
from qiangji.text import as_text


def read(content: bytes, *, where: str = "") -> Grid:
    """All records. Raises ReturnedError `unreadable_file`, `bad_encoding`, `duplicate_header` (with the line's number)
    or `too_large`.
    """
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    records = [_record(line, i, where) for i, line in enumerate(lines, 1) if line.strip()]
    keys: dict[str, None] = {}
    for record in records:
        keys |= dict.fromkeys(record)
        if len(keys) > MAX_COLUMNS:
            raise too_large(f"more than {MAX_COLUMNS:,} keys", f"at most {MAX_COLUMNS:,}", where)
    columns = [pa.array([key, *(_text(r.get(key)) for r in records)], pa.string()) for key in keys]
    return grid_of(columns, "", header_rows=1)


def _record(line: bytes, number: int, where: str) -> dict[str, object]:
    try:
        text = line.decode("utf-8")
        if "\\u" in text:  # an escaped half of a surrogate pair is no text: encoding it fails
            json.dumps(json.loads(text), ensure_ascii=False).encode()
        record = json.loads(text, parse_float=Decimal, object_pairs_hook=_once)
    except UnicodeDecodeError:
        code, fault, zh = "bad_encoding", "not UTF-8", "不是UTF-8编码"
    except UnicodeEncodeError:
        code, fault, zh = "bad_encoding", r"no text: a \u escape is half a character", r"含不完整的\u转义字符"
    except _TwiceError:
        code, fault, zh = "duplicate_header", "an object with one key twice", "有重复的键"
    except (ValueError, RecursionError):
        code, fault, zh = "unreadable_file", "not JSON", "不是JSON"
    else:
        if isinstance(record, dict):
            return record
        code, fault, zh = "unreadable_file", "no JSON object", "不是JSON对象"
    # Raised without its cause: a decoder's message can quote the line.
    raise ReturnedError(
        f"line {number} is {fault}",
        where=where,
        expected="one JSON object a line",
        do="Check the system's listing.",
        code=code,
        zh=f"第{number}行{zh}，请检查接口输出",
    )


class _TwiceError(Exception):
    """An object has a key twice, so neither value can be trusted."""


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _TwiceError
    return found


def _text(value: object) -> str | None:
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return as_text(value)
