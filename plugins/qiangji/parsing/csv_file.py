"""CSV into a grid, strictly in the declared encoding: nothing is guessed and nothing replaced.

In: bytes, encoding, delimiter. Out: a `Grid` whose row numbers are record numbers. A byte-order mark overrides the
declared encoding. Arrow reads a regular file. The standard library reads one with rows of different lengths (titles,
sign-off lines, a cut-off end), as it tells which rows those are. Arrow is lenient about quotes, so a file with any is
read strictly before: a quote that opens a cell has to close it, and a cell holds no records (`_check_quotes`). What we
wrote ourselves (`read_ours`: a database's rows) has its quotes in order, whatever its cells hold.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.csv as pacsv

from qiangji.errors import ReturnedError
from qiangji.parsing.archive import BLANK, too_large, wrong_kind
from qiangji.parsing.grid import MAX_CELL, MAX_COLUMNS, Grid, grid_of
from qiangji.text import counted

_OTHERS = {
    ",": ("英文逗号“,”", "a comma (,)"),
    ";": ("分号“;”", "a semicolon (;)"),
    "\t": ("制表符", "a tab"),
    "|": ("竖线“|”", "a bar (|)"),
    "，": ("中文逗号“，”", "a full-width comma (，)"),
    "；": ("中文分号“；”", "a full-width semicolon (；)"),
    "、": ("顿号“、”", "an enumeration comma (、)"),
}
"""Separators, in words of both languages."""
_END = "\x1a"
"""What old programs end a text with."""
_CUT = ("unexpected end of data", "incomplete multibyte sequence")
"""What decoders of UTF-8 and of GB 18030 say where a text ends within a character."""
_SEPARATOR_LINE = re.compile(r'"?sep=.?"?(?:\r\n|\r|\n)', re.IGNORECASE)
"""A first line that tells Excel the separator."""
_NOT_TEXT = {
    b"PK\x03\x04": "a zip archive or workbook",
    b"\xd0\xcf\x11\xe0": "an old Office or WPS file (.xls, .et)",
    b"%PDF": "a PDF",
}


def read(content: bytes, encoding: str, delimiter: str = ",", *, where: str = "") -> Grid:
    """All records of the file. Raises ReturnedError: wrong_file_kind, nul_byte, bad_encoding, truncated, too_large."""
    text = _decode(content, encoding, where).removesuffix(_END)
    if declared := _SEPARATOR_LINE.match(text):  # no row: a spreadsheet program does not show it either
        text = text[declared.end() :]
    _check_delimiter(text, delimiter, where)
    if '"' in text and not _quotes_end_on_their_lines(text, delimiter):
        _check_quotes(text, delimiter, where)
    return _grid(text, delimiter, where)


def read_ours(content: bytes, *, where: str = "") -> Grid:
    """All records of what `sources.records.to_csv` wrote. Raises ReturnedError as `read` does."""
    return _grid(_decode(content, "utf-8", where), ",", where)


def _grid(text: str, delimiter: str, where: str) -> Grid:
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
            zh=f"文件为UTF-16编码，约定为{encoding}，请另存后重报",
        )
    if 0 in content:
        at = content.index(0)
        raise ReturnedError(
            f"a NUL byte at byte offset {at}",
            where=where,
            expected=f"text in {encoding}",
            do="Export it again.",
            code="nul_byte",
            zh=f"文件第{at}字节处为空字符，不是文本文件，请重新导出",
        )
    codec = "utf-8-sig" if content.startswith(codecs.BOM_UTF8) else encoding
    try:
        return content.decode(codec).removeprefix("\ufeff")
    except UnicodeDecodeError as e:
        # Only the offset is kept: the error quotes bytes around the fault, which may be personal data.
        offset = e.start + (3 if codec == "utf-8-sig" else 0)
        is_cut = e.reason in _CUT and not (codec == "gb18030" and _is_utf_8(content))
    if is_cut:
        raise ReturnedError(
            f"the file ends within a character: {counted(len(content) - offset, 'byte')} of it",
            where=where,
            expected="the whole file",
            do="Send the whole file again.",
            code="truncated",
            zh=f"文件不完整：末尾的汉字只有前{len(content) - offset}个字节，请重新完整上传",
        )
    raise ReturnedError(
        f"not {encoding}: byte offset {offset} of {len(content)} cannot be decoded",
        where=where,
        expected=encoding,
        do=f"Save the file as {encoding}, or have the county's declared encoding changed.",
        code="bad_encoding",
        zh=f"文件编码不是约定的{encoding}（第{offset}字节无法识别），请按{encoding}另存后重报",
    )


def _is_utf_8(content: bytes) -> bool:
    """Whether it was saved as UTF-8: read as GB 18030 it may end within a character too."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def _quotes_end_on_their_lines(text: str, delimiter: str) -> bool:
    """Whether every line with a quote is a record by itself, as it is in most files: then nothing can run on."""
    if text.count("\r") != text.count("\r\n"):
        return False
    lines = [line.removesuffix("\r") for line in text.split("\n") if '"' in line]
    try:
        return sum(1 for _ in csv.reader(lines, delimiter=delimiter, strict=True)) == len(lines)
    except csv.Error:
        return False


def _check_quotes(text: str, delimiter: str, where: str) -> None:
    """Refuse quotes that two readers may understand differently. Raises ReturnedError: truncated, too_large.

    A lone quote before a name runs on to the next quote in the file. It is told by what stands behind that quote, by
    the file's end, or by the cell's content: line breaks with half a record's separators or more between them; or a
    line break in a record that has more cells than most.
    """
    previous = csv.field_size_limit(len(text))  # a long cell is told later, and by what it holds
    number, widths, broken = 0, Counter[int](), list[tuple[int, int, float]]()
    try:
        for row in _records(text, delimiter):
            number += 1
            widths[len(row)] += 1
            for cell in row:
                if breaks := max(cell.count("\n"), cell.count("\r")):
                    broken.append((number, len(row), cell.count(delimiter) / breaks))
    except csv.Error as e:
        raise _unread(e, number + 1, where) from None
    finally:
        csv.field_size_limit(previous)
    width = widths.most_common(1)[0][0] if widths else 0
    for number, cells, separators in broken:
        if cells > width or separators >= max(1, (width - 1) // 2):
            raise _stray_quote(number, "runs on over the records below", where)


def _unread(error: csv.Error, number: int, where: str) -> ReturnedError:
    """`number`: the record at which reading ended."""
    if "field limit" in str(error):
        return too_large("a cell is too long", f"at most {MAX_CELL:,} characters", where)
    return _stray_quote(number, "is not closed, or text follows behind the closing quote", where)


def _stray_quote(number: int, how: str, where: str) -> ReturnedError:
    return ReturnedError(
        f"record {number}: a cell begins with a quotation mark that {how}",
        where=where,
        expected='quotation marks in pairs around a cell, doubled ("") inside it, and a file that is complete',
        do="Remove the mark at the beginning of that cell (see also the records below it), or send the whole file.",
        code="truncated",
        zh=f"第{number}行起：单元格以英文双引号开头而引号不成对（未闭合，或其后还有内容），"
        "后面的行可能被并入该单元格；请删去多余的引号，或重新完整上传",
    )


def _check_delimiter(text: str, delimiter: str, where: str) -> None:
    """Refuse a file whose lines have another separator than the declared one."""
    lines = text[:8192].splitlines()
    lines = lines if len(lines) > 50 else text[:65536].splitlines()
    lines = [line for line in lines[:50] if line.strip()]
    is_declared = 2 * sum(delimiter in line for line in lines) > len(lines)
    for other, (zh, en) in _OTHERS.items():
        if other == delimiter or 2 * sum(line.count(other) >= 2 for line in lines) <= len(lines):
            continue
        if not is_declared or _makes_columns(other, delimiter, lines):
            shown = _OTHERS.get(delimiter, (f"“{delimiter}”", repr(delimiter)))
            raise ReturnedError(
                f"the cells are separated by {en}",
                where=where,
                expected=f"cells separated by {shown[1]}",
                do=f"Save it as CSV separated by {shown[1]}, or have the county's separator declared as {en}.",
                code="wrong_delimiter",
                zh=f"单元格之间用{zh}分隔，约定为{shown[0]}；请另存为以{shown[0]}分隔的CSV后重报"
                "（或请市级更改约定的分隔符）",
            )


def _makes_columns(other: str, delimiter: str, lines: list[str]) -> bool:
    """Whether another separator makes a table of the lines, though most have the declared one too, as in 1,234.

    It stands equally often in most of them, from the header on, and the header has none of the declared one.
    """
    header = next(line for line in lines if other in line or delimiter in line)
    alike = sum(line.count(other) == header.count(other) for line in lines)
    return header.count(other) >= 2 and delimiter not in header and 2 * alike > len(lines)


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
        rows = list(_records(text, delimiter))
    except csv.Error as e:
        raise _unread(e, 0, where) from None
    finally:
        csv.field_size_limit(previous)
    width = max(map(len, rows), default=0)
    if width > MAX_COLUMNS:
        raise too_large(f"a row of {width:,} cells", f"at most {MAX_COLUMNS:,}", where)
    ragged = tuple((i, len(row)) for i, row in enumerate(rows, 1) if row and len(row) != width)
    columns = zip(*(row + [""] * (width - len(row)) for row in rows), strict=True)
    return grid_of([pa.array(c, pa.string()) for c in columns], "", ragged=ragged)
