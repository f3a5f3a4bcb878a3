"""Texts of a workbook beside its cells: comments, properties, names, headers and footers, formulas, shapes.

In: the bytes of a workbook that passed `check_archive`, and the grids read from it. Out: `Beside`, for screening alone.
It holds every text and attribute of every part, except the cells themselves. Parts that are no text (pictures, embedded
files, macros) cannot be inspected; `Beside.is_opaque` says that there are some.
"""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from qiangji.parsing.archive import XML, utf_16_of
from qiangji.parsing.grid import Grid
from qiangji.parsing.xlsx_cells import Parts, local_name, related, relations_of
from qiangji.text import tidy

_CELLS = re.compile(rb"<((?:\w{1,20}:)?)sheetData(?=[\s>]).*</\1sheetData\s*>", re.DOTALL)
_FORMULA = re.compile(rb"<(?:\w{1,20}:)?f(?:\s[^<>]*)?>([^<]{10,})<")
_PLACES = {
    "docprops": "properties",
    "comments": "comment",
    "threadedcomments": "comment",
    "persons": "comment",
    "workbook.xml": "names",
    "styles.xml": "format",
    "drawings": "drawing",
    "worksheets": "sheet",
    "sharedstrings.xml": "text",
}
_SETTINGS = re.compile(r"xl/printersettings/[^/]+\.bin|xl/calcchain\.xml", re.IGNORECASE)
_TAG, _QUOTED = re.compile(r"<[^<>]*>"), re.compile(r"\"([^\"<>]*)\"|'([^'<>]*)'")
_DECLARED = re.compile(r"^\s*<\?xml[^<>]*\?>")
_CELL = re.compile(r"[A-Z]{1,3}[0-9]{1,7}")
_PACKED = re.compile(r"[A-Za-z0-9+/]{128,}={0,2}")
"""Bytes written as text (Power Query keeps its steps so): what they hold cannot be inspected."""
_WHOLE = ("si", "comment", "threadedComment", "p", "rPh")
"""Elements that hold one text, which may be split into differently formatted pieces."""
_READABLE = re.compile(rb"[\x20-\x7e]{8,}|(?:[\x20-\x7e]\x00){8,}")


@dataclass(frozen=True)
class Said:
    """One text. `sheet`: '' for the workbook; `place`: a word of `_PLACES`; `cell`: '' if it belongs to none."""

    sheet: str
    place: str
    cell: str
    text: str


@dataclass(frozen=True)
class Beside:
    """Texts beside the cells. `is_opaque`: some part cannot be inspected."""

    texts: Sequence[Said] = ()
    is_opaque: bool = False


def read(content: bytes, grids: Iterable[Grid]) -> Beside:
    """All texts that could hold personal data. `grids`: all sheets of the workbook, to leave out cells' texts."""
    archive = zipfile.ZipFile(io.BytesIO(content))
    sheets = _sheets(archive, Parts(content, "").paths)
    texts, opaque = dict[Said, None](), False
    for name in archive.namelist():
        sheet, place = sheets.get(name.lower(), ""), _place(name)
        try:
            found = list(_texts(archive.read(name), name.lower(), place))
        except ElementTree.ParseError:
            found, opaque = [], True
        opaque |= name.lower().startswith("customxml/") and any(_PACKED.search(text) for _, text in found)
        opaque |= _is_opaque(name)
        texts |= dict.fromkeys(Said(sheet, place, cell, text) for cell, text in found if _may_matter(text))
    return Beside(_without_cells(texts, grids), opaque)


def has_opaque_parts(content: bytes) -> bool:
    """Whether the names of its parts say that some cannot be inspected; others may be found when they are read."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return any(map(_is_opaque, archive.namelist()))


def _is_opaque(name: str) -> bool:
    return not name.lower().endswith((*XML, "/")) and not _SETTINGS.fullmatch(name.lower())


def _place(name: str) -> str:
    """Which kind of part it is, in our words: a member's name is the county's text."""
    pieces = [re.sub(r"[0-9]+", "", piece) for piece in name.lower().split("/")]
    for piece in pieces:
        for key, place in _PLACES.items():
            if piece == key or piece.removesuffix(".xml") == key:
                return place
    return "part"


def _may_matter(text: str) -> bool:
    """False for ASCII texts with few digits: they hold no number and no Chinese name."""
    return not text.isascii() or _many_digits(text)


def _many_digits(text: str) -> bool:
    return sum(c.isdigit() for c in text) >= 8


def _without_cells(texts: Iterable[Said], grids: Iterable[Grid]) -> list[Said]:
    """Leave out shared strings that are a cell's text: screening finds them in the cells."""
    shown: set[str] = set()
    if any(t.place == "text" for t in texts):
        for grid in grids:
            for column in grid.cells.columns:
                shown.update(filter(None, column.unique().to_pylist()))
        shown = {tidy(text) for text in shown}
    return [t for t in texts if t.place != "text" or tidy(t.text) not in shown]


def _texts(data: bytes, name: str, place: str) -> Iterator[tuple[str, str]]:
    """(cell, text) of one part."""
    if _SETTINGS.fullmatch(name):
        yield from (("", text) for text in _strings(data))
    elif place == "text":
        yield from _of_strings(data)
    elif name.endswith(".vml"):  # programs do not always write it as XML
        text = data.decode("utf-8", "replace")
        yield from (
            ("", html.unescape(t)) for t in (_TAG.sub("", text), *map("".join, _QUOTED.findall(text)))
        )
    elif name.endswith(XML):
        if place == "sheet" and (cells := _CELLS.search(data)):
            yield from (
                ("", html.unescape(f.decode("utf-8", "replace"))) for f in _FORMULA.findall(cells.group())
            )
            data = data[: cells.start()] + data[cells.end() :]
        yield from _of_element(ElementTree.fromstring(_as_utf8(data)))


def _as_utf8(data: bytes) -> bytes:
    """A part in UTF-16 by its mark as UTF-8, without the encoding that it declares."""
    codec = utf_16_of(data)
    if not codec:
        return data
    return _DECLARED.sub("", data[2:].decode(codec, "replace")).encode()


def _of_strings(data: bytes) -> Iterator[tuple[str, str]]:
    """(cell, text) of the shared strings, one at a time: there can be a million."""
    for _, element in ElementTree.iterparse(io.BytesIO(data)):
        if local_name(element) == "si":
            yield from ((c, t) for c, t in _of_element(element) if ":" in t or "：" in t or _many_digits(t))
            element.clear()


def _of_element(whole: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """(cell, text) of all attributes and texts. A text in pieces is joined, without its phonetic readings."""
    todo = [(whole, "")]
    while todo:
        element, cell = todo.pop()
        said = element.get("ref", "")
        if local_name(element) in ("comment", "threadedComment") and _CELL.fullmatch(said):
            cell = said
        yield from ((cell, value) for value in element.attrib.values())
        yield from ((cell, text) for text in (element.text, element.tail) if text and text.strip())
        if local_name(element) in _WHOLE:
            readings = {id(e) for r in element.iter() if local_name(r) == "rPh" for e in r.iter()}
            yield cell, "".join(e.text or "" for e in element.iter() if id(e) not in readings)
        todo += [(child, cell) for child in element]


def _strings(data: bytes) -> list[str]:
    """Readable texts of a printer's settings."""
    return [m.replace(b"\0", b"").decode("ascii") for m in _READABLE.findall(data)]


def _sheets(archive: zipfile.ZipFile, paths: dict[str, str]) -> dict[str, str]:
    """Part (in lower case) -> its sheet, found by following relations from the sheet's own part."""
    there = {name.lower(): name for name in archive.namelist()}
    owner: dict[str, str] = {}
    for sheet, path in paths.items():
        todo = [path]
        while todo:
            part = todo.pop()
            if part.lower() in owner or part.lower() not in there:
                continue
            owner[part.lower()] = sheet
            if relations := there.get(relations_of(part).lower()):
                owner[relations.lower()] = sheet
                todo += (target for _, target in related(archive.read(relations), part))
    return owner
