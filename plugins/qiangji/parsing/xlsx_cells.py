"""Facts about a workbook that its reader does not report: dates from 1904, formulas without a result, errors, percent.

In: a workbook's bytes, a sheet's name. Out: places and texts of error cells, which the reader would give as empty. An
error cell (`#DIV/0!`) is read as its text, which is no number, so its row goes back with the cell named. Formulas
without a computed result are given by themselves (`xlsx_sums`).
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from typing import TypeVar
from xml.etree import ElementTree

from qiangji.errors import ReturnedError
from qiangji.parsing.archive import column_number, unreadable
from qiangji.parsing.cells import ERROR_TEXT
from qiangji.parsing.grid import column_letters
from qiangji.parsing.xlsx_formats import formats_of, parts_of_code, parts_of_number, shows_percent

T = TypeVar("T")
_SUSPECT = re.compile(rb"<(?:\w{1,20}:)?f[\s/>]|\st\s{0,9}=\s{0,9}[\"']e[\"']")
_FILLED = re.compile(rb"<(?:\w{1,20}:)?(?:v|t)(?:\s[^<>]{0,200})?>[^<]")
_CELL = re.compile(rb"<(?:\w{1,20}:)?c[\s/>]")
_PLACE = re.compile(
    rb"<(?:\w{1,20}:)?c\s(?:[^<>]{0,200}?\s)?r\s{0,9}=\s{0,9}[\"']([A-Z]{1,3}[1-9][0-9]{0,6})[\"']"
)
_ERROR = re.compile(
    rb"(<(?:\w{1,20}:)?c\s(?:[^<>]{0,400}\s)?t\s{0,9}=\s{0,9}[\"']e[\"'][^<>]{0,400}>"
    rb"(?:\s{0,99}<(?:\w{1,20}:)?f(?:\s[^<>]*)?(?:/>|>[^<]*</(?:\w{1,20}:)?f\s*>))?"
    rb"\s{0,99}<(?:\w{1,20}:)?v(?:\s[^<>]{0,200})?>)([^<]+)"
)
"""An error cell up to its error, and the error."""
_KNOWN = (b"#DIV/0!", b"#N/A", b"#NAME?", b"#NULL!", b"#NUM!", b"#REF!", b"#VALUE!")
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


class Parts:
    """A workbook's parts. `paths`: sheet name -> its part. Raises ReturnedError: dates_from_1904, unreadable_file."""

    def __init__(self, content: bytes, where: str) -> None:
        self.where = where
        self._archive = zipfile.ZipFile(io.BytesIO(content))
        self._held: tuple[str | None, bytes] = None, b""  # the sheet read last
        try:
            book = ElementTree.fromstring(self._archive.read("xl/workbook.xml"))
            relations = ElementTree.fromstring(self._archive.read("xl/_rels/workbook.xml.rels"))
        except (KeyError, ElementTree.ParseError):
            raise unreadable("the workbook does not say where its sheets are", where) from None
        if any(local_name(e) == "workbookPr" and is_true(e.get("date1904")) for e in book.iter()):
            raise _from_1904(where)
        targets = {e.get("Id"): e.get("Target", "") for e in relations.iter()}
        self.paths = {
            e.get("name", ""): part_at("xl", targets.get(e.get(_RELATION) or e.get(_STRICT), ""))
            for e in book.iter()
            if local_name(e) == "sheet"
        }
        styles = (e.get("Target", "") for e in relations.iter() if e.get("Type", "").endswith("/styles"))
        self._styles = part_at("xl", next(styles, ""))

    @cached_property
    def _formats(self) -> Mapping[str, str]:
        """The number format of each style. Raises ReturnedError: unreadable_file."""
        try:
            return formats_of(self._archive.read(self._styles))
        except KeyError:
            return {}
        except ElementTree.ParseError:
            raise unreadable("the workbook's styles are damaged", self.where) from None

    @cached_property
    def _percent_styles(self) -> Mapping[str, tuple[bool, bool]]:
        shown = {style: shows_percent(code) for style, code in self._formats.items()}
        return {style: shows for style, shows in shown.items() if any(shows)}

    @cached_property
    def _code_styles(self) -> Mapping[str, tuple[str, ...]]:
        found = {style: parts_of_code(code) for style, code in self._formats.items()}
        return {style: parts for style, parts in found.items() if parts}

    @cached_property
    def _number_styles(self) -> Mapping[str, tuple[tuple[str, ...], ...]]:
        found = {style: parts_of_number(code) for style, code in self._formats.items()}
        return {style: parts for style, parts in found.items() if parts and style not in self._code_styles}

    def percent_in(self, sheet: str) -> dict[tuple[int, int], tuple[bool, bool]]:
        """(row, column), counted from 0, of the cells whose numbers are shown as percent, and of which sign."""
        return self._under(self._percent_styles, sheet)

    def codes_in(self, sheet: str) -> dict[tuple[int, int], tuple[str, ...]]:
        """(row, column), counted from 0, of the cells whose codes a format completes, and its parts."""
        return self._under(self._code_styles, sheet)

    def numbers_in(self, sheet: str) -> dict[tuple[int, int], tuple[tuple[str, ...], ...]]:
        """(row, column), counted from 0, of the cells beside whose numbers a format writes digits, and its parts."""
        return self._under(self._number_styles, sheet)

    def _under(self, styles: Mapping[str, T], sheet: str) -> dict[tuple[int, int], T]:
        """(row, column), counted from 0, of the cells under some of these styles."""
        if not styles:
            return {}
        content = self.sheet(sheet)
        numbers = "|".join(styles).encode()
        if not re.search(rb"\ss\s{0,9}=\s{0,9}[\"'](?:" + numbers + rb")[\"']", content):
            return {}
        try:
            cells = ((place[:2], place[2].get("s", "")) for place in cells_of(content))
            return {at: styles[s] for at, s in cells if s in styles}
        except ElementTree.ParseError:
            raise unreadable("a sheet of the workbook is damaged", self.where) from None

    def sheet(self, name: str) -> bytes:
        """A sheet's part. Raises ReturnedError: unreadable_file."""
        if self._held[0] != name:
            try:
                self._held = name, self._archive.read(self.paths[name])
            except KeyError:
                raise unreadable("a sheet of the workbook is not where it should be", self.where) from None
        return self._held[1]

    def beside(self, name: str, kinds: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """The parts that belong to a sheet, each with its kind (`comments`), of these kinds."""
        there = {n.lower(): n for n in self._archive.namelist()}
        part = self.paths.get(name, "")
        if relations := there.get(relations_of(part).lower()):
            for kind, target in related(self._archive.read(relations), part):
                if kind in kinds and (own := there.get(target.lower())):
                    yield kind, self._archive.read(own)

    def styles(self) -> bytes | None:
        """The part that holds number formats; None if there is none."""
        return self._archive.read(self._styles) if self._styles in self._archive.namelist() else None

    @cached_property
    def strings(self) -> bytes:
        """The part that holds shared texts, which all sheets read; empty if there is none."""
        names = (n for n in self._archive.namelist() if n.lower() == "xl/sharedstrings.xml")
        return self._archive.read(name) if (name := next(names, None)) else b""

    @cached_property
    def without_odd_errors(self) -> bytes | None:
        """The workbook with `#VALUE!` in place of errors that its reader does not know; None if it has none such."""
        sheets = {
            path: self._archive.read(path) for path in self.paths.values() if path in self._archive.namelist()
        }
        mended = {path: _ERROR.sub(_known_error, content) for path, content in sheets.items()}
        if mended == sheets:
            return None
        sink = io.BytesIO()
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
            for name in self._archive.namelist():
                made.writestr(name, mended[name] if name in mended else self._archive.read(name))
        return sink.getvalue()

    def has_cells(self, name: str) -> bool:
        """Whether a sheet holds a value or a text."""
        return bool(_FILLED.search(self.sheet(name)))

    def check_places(self, name: str) -> None:
        """Raise ReturnedError duplicate_cell if two cells have one address: readers differ in which they show."""
        content = self.sheet(name)
        places = _PLACE.findall(content)
        if len(places) != len(_CELL.findall(content)):  # some follow from the cell before
            try:
                places = [f"{column_letters(c)}{r + 1}".encode() for r, c, _ in cells_of(content)]
            except ElementTree.ParseError:
                return
        if len(set(places)) != len(places):
            twice = next(place for place, times in Counter(places).items() if times > 1)
            raise _two_cells(twice.decode(), self.where)

    def errors_in(self, sheet: str) -> tuple[dict[tuple[int, int], str], dict[tuple[int, int], str]]:
        """(row, column), counted from 0, -> the text of an error; and the formula of those without a result.

        Raises ReturnedError: unreadable_file.
        """
        content = self.sheet(sheet)
        found, without = dict[tuple[int, int], str](), dict[tuple[int, int], str]()
        if not _SUSPECT.search(content):
            return found, without
        try:
            for row, column, cell in cells_of(content):
                value = next((e for e in cell if local_name(e) == "v"), None)
                formula = next((e for e in cell if local_name(e) == "f"), None)
                text = (value.text or "").strip() if value is not None else ""
                if cell.get("t") == "e":
                    found[row, column] = text if re.fullmatch(ERROR_TEXT, text) else "#ERROR!"
                elif formula is not None and not (text or (value is not None and cell.get("t") == "str")):
                    without[row, column] = formula.text or ""
        except ElementTree.ParseError:
            raise unreadable("a sheet of the workbook is damaged", self.where) from None
        return found, without


def cells_of(content: bytes) -> Iterator[tuple[int, int, ElementTree.Element]]:
    """(row, column, cell), counted from 0. A cell without a reference follows the one before."""
    row, column = -1, -1
    for event, element in ElementTree.iterparse(io.BytesIO(content), ("start", "end")):
        tag = local_name(element)
        if event == "start" and tag == "row":
            row, column = row_number(element, row), -1
        elif event == "end" and tag == "c":
            row, column = cell_place(element, row, column)
            yield row, column, element
        elif event == "end" and tag == "row":
            element.clear()


def row_number(element: ElementTree.Element, before: int) -> int:
    """A row's number, counted from 0. One without a number follows the row before."""
    said = element.get("r", "")
    return int(said) - 1 if said.isdecimal() and len(said) < 8 else before + 1


def cell_place(element: ElementTree.Element, row: int, before: int) -> tuple[int, int]:
    """(row, column) of a cell, counted from 0. One without a reference follows the column before."""
    return place_of(element.get("r", "")) or (row, before + 1)


def place_of(reference: str) -> tuple[int, int] | None:
    """(row, column) of `B2`, counted from 0; None if it is no cell's."""
    place = _REFERENCE.fullmatch(reference)
    return (int(place[2]) - 1, column_number(place[1].encode()) - 1) if place else None


def local_name(element: ElementTree.Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def relations_of(part: str) -> str:
    """The path of the part that holds the relations of this one."""
    folder, _, name = part.rpartition("/")
    return f"{folder}/_rels/{name}.rels"


def related(relations: bytes, part: str) -> Iterator[tuple[str, str]]:
    """(kind, part) of each relation of a part within the package; a damaged part of relations has none."""
    try:
        root = ElementTree.fromstring(relations)
    except ElementTree.ParseError:
        return
    folder = part.rpartition("/")[0]
    for element in root.iter():
        target = element.get("Target", "")
        if target and element.get("TargetMode") != "External":
            yield element.get("Type", "").rpartition("/")[2], part_at(folder, target)


def part_at(folder: str, target: str) -> str:
    """The path of the part to which a relation in this folder points."""
    return target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"{folder}/{target}")


def _known_error(cell: re.Match[bytes]) -> bytes:
    return cell[1] + (cell[2] if cell[2] in _KNOWN else b"#VALUE!")


def is_true(value: str | None) -> bool:
    """Whether an attribute says true."""
    return value is not None and value.strip().lower() not in ("", "0", "false", "off")


def _two_cells(cell: str, where: str) -> ReturnedError:
    return ReturnedError(
        f"the workbook holds two cells at {cell}",
        where=where,
        expected="each cell once",
        do="Open it in a spreadsheet program, check that cell, save it and send it again.",
        code="duplicate_cell",
        zh=f"工作簿中{cell}单元格重复出现，无法确定以哪个为准，请用表格软件打开、核对该单元格并重新保存后重报",
    )


def _from_1904(where: str) -> ReturnedError:
    return ReturnedError(
        "the workbook counts its dates from 1904",
        where=where,
        expected="dates from 1900: a date that is kept as a number would be four years off",
        do="Switch the 1904 date system off in the workbook's options, check its dates and send it again.",
        code="dates_from_1904",
        zh="工作簿使用1904日期系统，日期可能相差四年，请在选项中关闭该设置、核对日期后重报",
    )
