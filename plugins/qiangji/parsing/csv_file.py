"""CSV into a grid, strictly in the declared encoding: nothing is guessed and nothing replaced.

In: bytes, encoding, delimiter. Out: a `Grid` whose row numbers are record numbers. A byte-order mark overrides the
declared encoding. Arrow reads a regular file. The standard library reads one with rows of different lengths (titles,
sign-off lines, a cut-off end), as it tells which rows those are.
"""

from __future__ import annotations

import codecs
import csv
import io

import pyarrow as pa
import pyarrow.csv as pacsv

from qiangji.errors import ReturnedError
from qiangji.parsing.archive import BLANK, too_large, wrong_kind
from qiangji.parsing.grid import MAX_CELL, MAX_COLUMNS, Grid, grid_of

_NOT_TEXT = {
    b"PK\x03\x04": "a zip archive or workbook",
    b"\xd0\xcf\x11\xe0": "an old Office file",
    b"%PDF": "a PDF",
}


def read(content: bytes, encoding: str, delimiter: str = ",", *, where: str = "") -> Grid:
    """All records of the file. Raises ReturnedError: wrong_file_kind, nul_byte, bad_encoding, truncated, too_large."""
    text = _decode(content, encoding, where)
    regular = _regular(text, delimiter)
    return regular if regular is not None else _irregular(text, delimiter, where)


def _decode(content: bytes, encoding: str, where: str) -> str:
    for magic, name in _NOT_TEXT.items():
        if content.startswith(magic):
            raise wrong_kind(name, where, f"CSV in {encoding}")
    if content[:1024].lstrip(BLANK).lower().startswith((b"<html", b"<!doctype", b"<table", b"<?xml")):
        raise wrong_kind("a web page or XML text", where, f"CSV in {encoding}")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ReturnedError(
            "the file is UTF-16 by its byte-order mark",
            where=where,
            expected=encoding,
            do=f"Save it as {encoding}.",
            code="bad_encoding",
            zh=f"文件为UTF-16编码,约定为{encoding},请另存后重报",
        )
    if 0 in content:
        at = content.index(0)
        raise ReturnedError(
            f"a NUL byte at byte offset {at}",
            where=where,
            expected=f"text in {encoding}",
            do="Export it again.",
            code="nul_byte",
            zh=f"文件第{at}字节处为空字符,不是文本文件,请重新导出",
        )
    codec = "utf-8-sig" if content.startswith(codecs.BOM_UTF8) else encoding
    try:
        return content.decode(codec).removeprefix("\ufeff")
    except UnicodeDecodeError as e:
        # Only the offset is kept: the error quotes bytes around the fault, which may be personal data.
        offset = e.start + (3 if codec == "utf-8-sig" else 0)
    raise ReturnedError(
        f"not {encoding}: byte offset {offset} of {len(content)} cannot be decoded",
        where=where,
        expected=encoding,
        do=f"Save the file as {encoding}, or have the county's declared encoding changed.",
        code="bad_encoding",
        zh=f"文件编码不是约定的{encoding}(第{offset}字节无法识别),请按{encoding}另存后重报",
    )


def _regular(text: str, delimiter: str) -> Grid | None:
    """The grid as Arrow reads it; None if rows differ in length."""
    try:
        columns = len(next(csv.reader(io.StringIO(text[:65536], newline=""), delimiter=delimiter), []))
    except csv.Error:
        return None
    if not 0 < columns <= MAX_COLUMNS:
        return None
    data = text.encode()
    try:
        table = pacsv.read_csv(
            pa.BufferReader(data),
            read_options=pacsv.ReadOptions(
                column_names=[str(i) for i in range(columns)], block_size=len(data) + 1
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False
            ),
            convert_options=pacsv.ConvertOptions(
                default_column_type=pa.string(), null_values=[""], strings_can_be_null=True, check_utf8=False
            ),
        )
    except pa.ArrowInvalid:
        return None
    return grid_of(table.columns, "")


def _irregular(text: str, delimiter: str, where: str) -> Grid:
    """The grid as the standard library reads it, short rows filled up with empty cells."""
    previous = csv.field_size_limit(MAX_CELL)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as e:
        if "field limit" in str(e):
            raise too_large("a cell is too long", f"at most {MAX_CELL:,} characters", where) from None
        raise ReturnedError(
            "a quoted cell is not closed, or goes on behind its closing quote",
            where=where,
            expected="complete CSV",
            do="Send the whole file again.",
            code="truncated",
            zh="文件不完整(引号未闭合),请重新完整上传",
        ) from None
    finally:
        csv.field_size_limit(previous)
    width = max(map(len, rows), default=0)
    if width > MAX_COLUMNS:
        raise too_large(f"a row of {width:,} cells", f"at most {MAX_COLUMNS:,}", where)
    ragged = tuple((i, len(row)) for i, row in enumerate(rows, 1) if row and len(row) != width)
    columns = zip(*(row + [""] * (width - len(row)) for row in rows), strict=True)
    return grid_of([pa.array(c, pa.string()) for c in columns], "", ragged=ragged)
