"""What a workbook says beside its cells: comments, properties, names, headers and footers, formulas, texts of shapes.

In: the bytes of a workbook that `check_archive` let pass, and the grids that were read of it. Out: `Beside`, for
screening alone. Every text and every attribute of every part is taken, whatever it is for, except the cells
themselves; what is no text (pictures, embedded files, macros) cannot be looked into and is only said to be there.
"""

from __future__ import annotations

import html
import io
import posixpath
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from qiangji.parsing.grid import Grid
from qiangji.parsing.xlsx_cells import Parts
from qiangji.text import tidy

_CELLS = re.compile(rb"<((?:\w{1,20}:)?)sheetData(?=[\s>]).*</\1sheetData\s*>", re.DOTALL)
_FORMULA = re.compile(rb"<(?:\w{1,20}:)?f(?:\s[^<>]*)?>([^<]{10,})<")
_READING = re.compile(rb"<(?:\w{1,20}:)?rPh[\s>].{0,600}?</(?:\w{1,20}:)?rPh>", re.DOTALL)
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
_XML = (".xml", ".rels", ".vml")
_TAG, _QUOTED = re.compile(r"<[^<>]*>"), re.compile(r"\"([^\"<>]*)\"|'([^'<>]*)'")
_CELL = re.compile(r"[A-Z]{1,3}[0-9]{1,7}")
_WHOLE = ("si", "comment", "threadedComment", "p", "rPh")
"""Elements that hold one text, which may be broken into pieces of different looks."""
_READABLE = re.compile(rb"[\x20-\x7e]{8,}|(?:[\x20-\x7e]\x00){8,}")


@dataclass(frozen=True)
class Said:
    """One text: the sheet that it belongs to ('' for the workbook), where, and the cell if it has one."""

    sheet: str
    place: str
    cell: str
    text: str


@dataclass(frozen=True)
class Beside:
    """What stands beside the cells. `is_opaque`: something of it cannot be looked into."""

    texts: Sequence[Said] = ()
    is_opaque: bool = False


def read(content: bytes, grids: Iterable[Grid]) -> Beside:
    """Everything that could be personal data beside the cells of these grids, which are all the workbook has."""
    archive = zipfile.ZipFile(io.BytesIO(content))
    sheets = _sheets(archive, Parts(content, "").paths)
    texts, opaque = dict[Said, None](), False
    for name in archive.namelist():
        sheet, place = sheets.get(name.lower(), ""), _place(name)
        try:
            found = list(_texts(archive.read(name), name.lower(), place))
        except ElementTree.ParseError:
            found, opaque = [], True
        opaque |= not name.lower().endswith((*_XML, "/")) and not _SETTINGS.fullmatch(name.lower())
        texts |= dict.fromkeys(Said(sheet, place, cell, text) for cell, text in found if _may_matter(text))
    return Beside(_without_cells(texts, grids), opaque)


def _place(name: str) -> str:
    """What kind of part it is, in our words: a member's name is the county's text."""
    pieces = [re.sub(r"[0-9]+", "", piece) for piece in name.lower().split("/")]
    for piece in pieces:
        for key, place in _PLACES.items():
            if piece == key or piece.removesuffix(".xml") == key:
                return place
    return "part"


def _may_matter(text: str) -> bool:
    """Texts of signs and Latin letters with few digits are nothing to look for."""
    return not text.isascii() or _many_digits(text)


def _many_digits(text: str) -> bool:
    return sum(c.isdigit() for c in text) >= 8


def _without_cells(texts: Iterable[Said], grids: Iterable[Grid]) -> list[Said]:
    """Texts that workbooks keep apart from their cells are those of cells, and looked at there; the others stay."""
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
    elif name.endswith(".vml"):  # as programs write it, it is not always XML
        text = data.decode("utf-8", "replace")
        yield from (
            ("", html.unescape(t)) for t in (_TAG.sub("", text), *map("".join, _QUOTED.findall(text)))
        )
    elif name.endswith(_XML):
        if place == "sheet" and (cells := _CELLS.search(data)):
            yield from (
                ("", html.unescape(f.decode("utf-8", "replace"))) for f in _FORMULA.findall(cells.group())
            )
            data = data[: cells.start()] + data[cells.end() :]
        yield from _of_element(ElementTree.fromstring(data))


def _of_strings(data: bytes) -> Iterator[tuple[str, str]]:
    """Texts that cells refer to, one after the other as there can be a million."""
    for _, element in ElementTree.iterparse(io.BytesIO(data)):
        if _local(element) == "si":
            yield from ((c, t) for c, t in _of_element(element) if ":" in t or "：" in t or _many_digits(t))
            element.clear()


def _of_element(whole: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """Its attributes, and its texts: what is broken into pieces as one. A phonetic reading stands for itself."""
    todo = [(whole, "")]
    while todo:
        element, cell = todo.pop()
        said = element.get("ref", "")
        if _local(element) in ("comment", "threadedComment") and _CELL.fullmatch(said):
            cell = said
        yield from ((cell, value) for value in element.attrib.values())
        yield from ((cell, text) for text in (element.text, element.tail) if text and text.strip())
        if _local(element) in _WHOLE:
            readings = {id(e) for r in element.iter() if _local(r) == "rPh" for e in r.iter()}
            yield cell, "".join(e.text or "" for e in element.iter() if id(e) not in readings)
        todo += [(child, cell) for child in element]


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _strings(data: bytes) -> list[str]:
    """Readable texts of a printer's settings."""
    return [m.replace(b"\0", b"").decode("ascii") for m in _READABLE.findall(data)]


def _sheets(archive: zipfile.ZipFile, paths: dict[str, str]) -> dict[str, str]:
    """Part (in lower case) -> the sheet that it belongs to, by relations, however many steps away."""
    there = {name.lower(): name for name in archive.namelist()}
    owner: dict[str, str] = {}
    for sheet, path in paths.items():
        todo = [path]
        while todo:
            part = todo.pop()
            if part.lower() in owner or part.lower() not in there:
                continue
            owner[part.lower()] = sheet
            folder, _, name = part.rpartition("/")
            relations = there.get(f"{folder}/_rels/{name}.rels".lower())
            if relations:
                owner[relations.lower()] = sheet
                todo += _targets(archive.read(relations), folder)
    return owner


def _targets(data: bytes, folder: str) -> Iterator[str]:
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError:
        return
    for element in root.iter():
        target = element.get("Target", "")
        if target and element.get("TargetMode") != "External":
            yield target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"{folder}/{target}")
