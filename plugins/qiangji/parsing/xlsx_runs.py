"""Texts of cells some of whose pieces look unlike the rest: struck through, raised or lowered.

In: the parts of a workbook and a sheet's name. Out: `Runs`: what such a cell reads as, and the rows with pieces that
are struck through. A piece without a look of its own has that of its cell.

| in one cell | read as |
| --- | --- |
| `12` struck through and `15` | `15`: what is struck is no longer meant |
| all of `12` struck through, piece by piece | `12`, as a cell that is struck as a whole |
| `12` and a raised `1`, a lowered `2` | `12¹`, `12₂`: a mark of a note, which is no digit of the number |
| `张三` struck through and `李四` | both: what may name a person has to be screened |
| all of `12` raised | `12` |
| `1` bold and `2` plain | not told: `12` |
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from qiangji.parsing.archive import unreadable
from qiangji.parsing.xlsx_cells import Parts, cells_of, local_name
from qiangji.personal_data import kind_of, may_name

_MARK = re.compile(rb"<(?:\w{1,20}:)?(?:strike|vertAlign)[\s/>]")
_DIGITS = "0123456789０１２３４５６７８９"
_SMALL = {
    "superscript": str.maketrans(_DIGITS, "⁰¹²³⁴⁵⁶⁷⁸⁹" * 2),
    "subscript": str.maketrans(_DIGITS, "₀₁₂₃₄₅₆₇₈₉" * 2),
}


@dataclass(frozen=True)
class Runs:
    """`texts`: (row, column), counted from 0, -> what the cell reads as; `struck_rows`: as the sheet numbers them."""

    texts: Mapping[tuple[int, int], str]
    struck_rows: frozenset[int] = frozenset()


@dataclass(frozen=True)
class _Marks:
    """How a piece or a font looks. `level`: `superscript`, `subscript` or none of them."""

    is_struck: bool = False
    level: str = ""


_PLAIN = _Marks()
_Piece = tuple[str, _Marks | None]
"""A text and its look; None where it has that of its cell."""


def runs_in(parts: Parts, sheet: str) -> Runs:
    """The cells of a sheet that are to be read otherwise than as all their pieces. Raises ReturnedError:
    unreadable_file.
    """
    content, strings, styles = parts.sheet(sheet), parts.strings, parts.styles() or b""
    if not any(map(_MARK.search, (content, strings, styles))):
        return Runs({})
    texts, struck_rows = dict[tuple[int, int], str](), set[int]()
    try:
        fonts, shared = _fonts(styles), _shared(strings)
        if not shared and b"rPr" not in content:
            return Runs({})
        for row, column, cell in cells_of(content):
            pieces = _pieces_of(cell, shared)
            if not pieces:
                continue
            text, is_struck = _read(pieces, fonts.get(cell.get("s", ""), _PLAIN))
            if text != "".join(text for text, _ in pieces):
                texts[row, column] = text
            if is_struck:
                struck_rows.add(row + 1)
    except ElementTree.ParseError:
        raise unreadable("a sheet of the workbook is damaged", parts.where) from None
    return Runs(texts, frozenset(struck_rows))


def strikes(element: ElementTree.Element) -> bool:
    """Whether an element of a font strikes its text through."""
    return local_name(element) == "strike" and element.get("val", "1") not in ("0", "false")


def _read(pieces: Iterable[_Piece], own: _Marks) -> tuple[str, bool]:
    """What a cell with the look `own` reads as, and whether any piece is struck through."""
    seen = [(text, marks or own) for text, marks in pieces]
    left = [(text, marks) for text, marks in seen if not marks.is_struck]
    is_struck = any(marks.is_struck and text.strip() for text, marks in seen)
    if not any(text.strip() for text, _ in left) or (is_struck and _may_be_personal(seen)):
        left = seen
    if all(marks.level in _SMALL for text, marks in left if text.strip()):
        return "".join(text for text, _ in left), is_struck
    return "".join(text.translate(_SMALL.get(marks.level, {})) for text, marks in left), is_struck


def _may_be_personal(pieces: Sequence[tuple[str, _Marks]]) -> bool:
    struck = [text for text, marks in pieces if marks.is_struck]
    return any(map(kind_of, ("".join(text for text, _ in pieces), *struck))) or any(map(may_name, struck))


def _pieces_of(cell: ElementTree.Element, shared: Mapping[str, list[_Piece]]) -> list[_Piece]:
    """The pieces of a cell's text; none of a text in one piece without a look."""
    kind = cell.get("t")
    if kind == "s":
        return shared.get(next((e.text or "" for e in cell if local_name(e) == "v"), "").strip(), [])
    if kind == "inlineStr":
        return next((list(_pieces(e)) for e in cell if local_name(e) == "is"), [])
    return []


def _pieces(item: ElementTree.Element) -> Iterator[_Piece]:
    for run in (e for e in item if local_name(e) == "r"):
        look = next((e for e in run if local_name(e) == "rPr"), None)
        text = "".join(e.text or "" for e in run if local_name(e) == "t")
        yield text, None if look is None else _marks(look)


def _marks(look: ElementTree.Element) -> _Marks:
    level = next((e.get("val", "") for e in look if local_name(e) == "vertAlign"), "")
    return _Marks(any(map(strikes, look)), level)


def _fonts(styles: bytes) -> dict[str, _Marks]:
    """Style of a cell (its number, as text) -> the look of its font, of those that have one."""
    if not _MARK.search(styles):
        return {}
    root = ElementTree.fromstring(styles)
    fonts = next(([_marks(f) for f in e] for e in root.iter() if local_name(e) == "fonts"), [])
    formats = next((e for e in root.iter() if local_name(e) == "cellXfs"), ())
    found = ((str(i), xf.get("fontId", "")) for i, xf in enumerate(formats))
    return {i: fonts[int(f)] for i, f in found if f.isdecimal() and int(f) < len(fonts)}


def _shared(strings: bytes) -> dict[str, list[_Piece]]:
    """Number of a shared string, as text -> its pieces, of those that have some."""
    found: dict[str, list[_Piece]] = {}
    number = -1
    if b"rPr" not in strings:
        return found
    for _, element in ElementTree.iterparse(io.BytesIO(strings)):
        if local_name(element) == "si":
            number += 1
            if pieces := list(_pieces(element)):
                found[str(number)] = pieces
            element.clear()
    return found
