"""One sheet of a workbook as a workbook of its own: what is kept where something beside the sheet must not be.

In: a `Grid` with its look. Out: the bytes of an .xlsx that holds the grid's cells as texts, and how they look: what is
hidden, merged or struck through, number formats that divide, name a unit, show a month or show nothing, and which cells
have a comment, not what it says. Nothing else of the county's file is in it. The same grid always gives the same bytes.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from itertools import count
from xml.sax.saxutils import escape, quoteattr

from qiangji.parsing.facts import ANOTHER
from qiangji.parsing.grid import Grid, Look, column_letters

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_FIRST_FORMAT = 164
"""Numbers of formats below are those of the standard."""


def workbook_of(grid: Grid) -> bytes:
    """The workbook. A sheet that is called nearly as this one stays as a sheet without its name and its cells."""
    look = grid.look or Look()
    formats = _formats(look)
    names = [grid.sheet, *(f"{grid.sheet[:24]} ({i})" for i in range(2, len(look.alike) + 2))]
    sheets = [_sheet(grid, look, formats), *(_ALIKE for _ in look.alike)]
    numbers = range(1, len(sheets) + 1)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType='
        f'"application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
        + (
            f'<Override PartName="/xl/comments1.xml" ContentType="{_TYPE}.comments+xml"/>'
            if look.comments
            else ""
        )
        + "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
            for n in numbers
        )
        + "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1"'
        f' Type="{_RELS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELS}"><sheets>'
        + "".join(
            f'<sheet name={quoteattr(_text(name))} sheetId="{n}" r:id="rId{n}"/>'
            for n, name in zip(numbers, names, strict=True)
        )
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        + "".join(
            f'<Relationship Id="rId{n}" Type="{_RELS}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n in numbers
        )
        + f'<Relationship Id="rIdStyles" Type="{_RELS}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": _styles(formats),
        **{f"xl/worksheets/sheet{n}.xml": body for n, body in zip(numbers, sheets, strict=True)},
    }
    if look.comments:
        parts |= _comments(look)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), (_XML + text).encode(), zipfile.ZIP_DEFLATED)
    return out.getvalue()


_ALIKE = (
    f'<worksheet xmlns="{_MAIN}"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>-</t></is></c></row></sheetData>'
    "</worksheet>"
)


def _formats(look: Look) -> dict[str, tuple[int, Mapping[int, frozenset[int]]]]:
    """Number format -> (its style, column -> rows of the cells under it)."""
    found: dict[str, dict[int, frozenset[int]]] = {}
    for (column, divisor), rows in look.scaled.items():
        shown = '0"0"' if divisor == ANOTHER else "0!." + "0" * (len(str(divisor)) - 1)
        found.setdefault(shown, {})[column] = frozenset(rows)
    for (column, unit), rows in look.units.items():
        # in brackets: a digit of it (9月) right beside the number would be the number's
        found.setdefault(f'0"（{unit}）"', {})[column] = frozenset(rows)
    for column, rows in look.unseen.items():
        found.setdefault(";;;", {})[column] = frozenset(rows)
    for row, column in look.months:
        months = found.setdefault("yyyy-mm", {})
        months[column] = months.get(column, frozenset()) | {row}
    return {
        code: (style, cells) for style, (code, cells) in zip(count(1), sorted(found.items()), strict=False)
    }


def _styles(formats: Mapping[str, tuple[int, Mapping[int, frozenset[int]]]]) -> str:
    numbers = {code: _FIRST_FORMAT + style for code, (style, _) in formats.items()}
    codes = "".join(f'<numFmt numFmtId="{n}" formatCode={quoteattr(code)}/>' for code, n in numbers.items())
    cells = "".join(f'<xf numFmtId="{n}" applyNumberFormat="1"/>' for n in (0, *numbers.values()))
    cells += '<xf numFmtId="0" fontId="1"/>'
    return (
        f'<styleSheet xmlns="{_MAIN}">'
        + (f'<numFmts count="{len(numbers)}">{codes}</numFmts>' if numbers else "")
        + '<fonts count="2"><font/><font><strike/></font></fonts>'
        + f'<cellXfs count="{len(numbers) + 2}">{cells}</cellXfs></styleSheet>'
    )


def _sheet(grid: Grid, look: Look, formats: Mapping[str, tuple[int, Mapping[int, frozenset[int]]]]) -> str:
    columns = "".join(
        f'<col min="{c + 1}" max="{c + 1}" width="9" hidden="1"/>' for c in sorted(look.hidden_columns)
    )
    merged = "".join(
        f'<mergeCell ref="{column_letters(left)}{top}:{column_letters(right)}{bottom}"/>'
        for top, left, bottom, right in look.merged
    )
    return (
        f'<worksheet xmlns="{_MAIN}">'
        + (f"<cols>{columns}</cols>" if columns else "")
        + f"<sheetData>{''.join(_rows(grid, look, formats))}</sheetData>"
        + (f'<mergeCells count="{len(look.merged)}">{merged}</mergeCells>' if merged else "")
        + "</worksheet>"
    )


def _comments(look: Look) -> dict[str, str]:
    """The part of the first sheet's comments, and what leads to it."""
    cells = sorted((row, c, corrects) for (c, corrects), rows in look.comments.items() for row in rows)
    comments = "".join(
        f'<comment ref="{column_letters(c)}{row}" authorId="0"><text><t>{"更正" if corrects else "批注"}</t></text>'
        "</comment>"
        for row, c, corrects in cells
    )
    return {
        "xl/worksheets/_rels/sheet1.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship'
        f' Id="rId1" Type="{_RELS}/comments" Target="../comments1.xml"/></Relationships>',
        "xl/comments1.xml": f'<comments xmlns="{_MAIN}"><authors><author/></authors><commentList>{comments}'
        "</commentList></comments>",
    }


def _rows(
    grid: Grid, look: Look, formats: Mapping[str, tuple[int, Mapping[int, frozenset[int]]]]
) -> Iterator[str]:
    letters = [column_letters(c) for c in range(grid.cells.num_columns)]
    for number, row in enumerate(
        zip(*(c.to_pylist() for c in grid.cells.columns), strict=True), grid.first_row
    ):
        cells = []
        for column, value in enumerate(row):
            struck = len(formats) + 1 if number in look.struck_rows and value is not None else 0
            style = next((s for s, at in formats.values() if number in at.get(column, ())), struck)
            if value is not None or style:
                text = "" if value is None else f'<is><t xml:space="preserve">{escape(_text(value))}</t></is>'
                kind = ' t="inlineStr"' if text else ""
                cells.append(f'<c r="{letters[column]}{number}" s="{style}"{kind}>{text}</c>')
        hidden = ' hidden="1"' if number in look.hidden_rows else ""
        if cells or hidden:
            yield f'<row r="{number}"{hidden}>{"".join(cells)}</row>'


def _text(text: str) -> str:
    """The text with what XML cannot hold replaced."""
    return _NO_XML.sub("\ufffd", text)
