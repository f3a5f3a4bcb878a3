"""Workbooks (.xlsx) into grids: each form's sheet by its name, never by its position.

In: bytes and the sheet names wanted. Out: a `Grid` for each form; numbers as the exact text that Excel shows (15
significant digits; 12.0 is `12`). `archive` has counted the sizes before, because a small file can claim a large sheet.
A hidden sheet is never read as a form's, whether the county names it or not: nobody who signs the report sees it. Its
first rows only tell that it is the form's, where the visible sheet has nothing of the form (`pages.find_header`).
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from qiangji.catalogue.models import Layout
from qiangji.errors import ReturnedError
from qiangji.parsing.archive import too_large, unreadable
from qiangji.parsing.grid import MAX_COLUMNS, Grid, Look, failed, grid_of, hidden_sheet
from qiangji.parsing.returned import OWN_SHEETS
from qiangji.parsing.xlsx_cells import Parts
from qiangji.parsing.xlsx_comments import comments_of
from qiangji.parsing.xlsx_formats import as_code, as_number, as_percentage
from qiangji.parsing.xlsx_look import look_of
from qiangji.parsing.xlsx_runs import Runs, runs_in
from qiangji.parsing.xlsx_sums import Place, fill_in, mark_all, texts_in
from qiangji.personal_data import unnamed
from qiangji.text import as_text, squeezed

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

T = TypeVar("T")
_COPY = re.compile(
    r"^(?:副本|复制|新|copy(?:of)?)[-_.]*|[-_.]*(?:[(\[【](?:[0-9]+|[^()\[\]【】]{0,6}(?:改|版|稿|定|新|旧|备份|副本|copy))[)\]】]"
    r"|[0-9]{1,2}|副本|备份|copy|[新旧]版?|最终版?|终稿|定稿|修改[稿版后]?|修订[稿版]?)$",
    re.IGNORECASE,
)
"""What a spreadsheet program or a clerk adds to the name of a copied sheet."""
_NO_COPY = re.compile("说明|字典|目录|参数|代码|样表|示例|注释")
_QUOTES = re.compile("[“”‘’\"'「」『』《》]")
_FIRST_ROWS = 10
"""Among which a hidden sheet's header is looked for."""
_DEFAULT = re.compile(r"(?:sheet|工作表)[0-9]*", re.IGNORECASE)


def read_scanned(
    content: bytes,
    sheets: Mapping[str, str],
    titles: Mapping[str, str],
    layouts: Mapping[str, Layout],
    *,
    where: str = "",
) -> dict[str, Grid]:
    """Form -> grid, for a workbook that passed `archive.check_archive`.

    `sheets`: form -> declared sheet name, '' where none is declared; `titles`: form -> its zh title; `layouts`: form ->
    how its sheet looks. A missing sheet is an error of that form's grid (`missing_sheet`), and so is a header without
    its text (`xlsx_sums`). Raises ReturnedError: `unreadable_file`, or those of `xlsx_cells`.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    parts = Parts(content, where)
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
            found: dict[str, Grid] = {}
            for form, declared in sheets.items():
                wanted = declared or titles.get(form, "")
                name = _pick(declared, wanted, book, parts)
                if unseen := _unseen(name, wanted, book, parts):
                    found[form] = failed(hidden_sheet(form, unseen, where))
                elif name is None:
                    found[form] = _missing(book, form, wanted, where)
                elif away := _hidden_instead(name, book, parts):
                    found[form] = _hidden_beside(form, name, away, where)
                else:
                    found[form] = _sheet(book, parts, name, form, layouts[form])
                    if not declared and squeezed(name) != squeezed(wanted):
                        found[form] = _with_hidden(found[form], book, parts)
            return found
    except CalamineError as e:
        raise unreadable(f"the workbook cannot be read ({type(e).__name__})", where) from None


def read_others(content: bytes, used: set[str]) -> list[Grid]:
    """All sheets but those in `used`, hidden ones too, of a workbook that `read_scanned` could read.

    Raises ReturnedError `unreadable_file` or `too_large`: a sheet that cannot be read cannot be screened.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    parts = Parts(content, "")
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
            names = [name for name in _worksheets(book) if name not in used]
            return [_sheet(book, parts, name) for name in names]
    except CalamineError as e:
        raise unreadable(f"a sheet of no form cannot be read ({type(e).__name__})", "") from None


def _worksheets(book: CalamineWorkbook, *, visible: bool = False) -> list[str]:
    """Names of the sheets that have cells, in order: a chart sheet has none."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    return [
        s.name
        for s in book.sheets_metadata
        if s.typ == SheetTypeEnum.WorkSheet and (not visible or s.visible == SheetVisibleEnum.Visible)
    ]


def _pick(declared: str, title: str, book: CalamineWorkbook, parts: Parts) -> str | None:
    """The declared sheet; else the only visible one; else the one named like the form; else the only one with cells."""
    if declared:
        return _called(_worksheets(book), declared)
    visible = [n for n in _worksheets(book, visible=True) if squeezed(n) not in OWN_SHEETS]
    if len(visible) == 1:
        return visible[0]
    if named := _called(visible, title):
        return named
    filled = [n for n in visible if parts.has_cells(n)]
    return filled[0] if len(filled) == 1 else None


def _called(names: Sequence[str], wanted: str) -> str | None:
    """The sheet of that name; else the only one whose name differs from it in quotation marks alone."""
    if named := next((n for n in names if squeezed(n) == squeezed(wanted)), None):
        return named
    bare = _QUOTES.sub("", squeezed(wanted))
    alike = [n for n in names if _QUOTES.sub("", squeezed(n)) == bare]
    return alike[0] if bare and len(alike) == 1 else None


def _missing(book: CalamineWorkbook, form: str, wanted: str, where: str) -> Grid:
    theirs = [n for n in book.sheet_names if squeezed(n) not in OWN_SHEETS] or book.sheet_names
    there = [unnamed(n) for n in theirs]
    return failed(
        ReturnedError(
            f"no sheet for form {form}; the workbook has {', '.join(there)}",
            where=where,
            expected=f"a sheet named {wanted!r}",
            do="Give the form's sheet that name (or send it as the only sheet that has cells) and send it again.",
            code="missing_sheet",
            zh=f"工作簿中没有该报表的工作表：应名为“{wanted}”，现有{'、'.join(there)}；请补上或改名后重报",
        )
    )


def _hidden_instead(name: str, book: CalamineWorkbook, parts: Parts) -> str | None:
    """The one hidden sheet that has cells, where the one that was picked has none."""
    if parts.has_cells(name):
        return None
    seen = {*_worksheets(book, visible=True), name}
    filled = [n for n in _worksheets(book) if n not in seen and parts.has_cells(n)]
    return filled[0] if len(filled) == 1 else None


def _unseen(name: str | None, wanted: str, book: CalamineWorkbook, parts: Parts) -> str | None:
    """The hidden sheet that is the form's: the one picked; else, where none was, the one of its name, or the only one
    with cells beside sheets of ours.
    """
    seen = _worksheets(book, visible=True)
    if name is not None:
        return None if name in seen else name
    hidden = [n for n in _worksheets(book) if n not in seen]
    if named := _called(hidden, wanted):
        return named
    filled = [n for n in hidden if squeezed(n) not in OWN_SHEETS and parts.has_cells(n)]
    return filled[0] if len(filled) == 1 and all(squeezed(n) in OWN_SHEETS for n in seen) else None


def _with_hidden(grid: Grid, book: CalamineWorkbook, parts: Parts) -> Grid:
    """The grid with the first rows of hidden sheets: one of them may be the form's, and this one a cover."""
    seen = _worksheets(book, visible=True)
    hidden = [n for n in _worksheets(book) if n not in seen and squeezed(n) not in OWN_SHEETS]
    firsts = tuple(
        (n, tuple(tuple(as_text(v) or "" for v in row) for row in _rows(book, parts, n, _FIRST_ROWS)))
        for n in hidden
        if parts.has_cells(n)
    )
    return replace(grid, look=replace(grid.look, hidden=firsts)) if grid.look and firsts else grid


def _hidden_beside(form: str, name: str, away: str, where: str) -> Grid:
    empty, filled = (unnamed(n) for n in (name, away))
    return failed(
        ReturnedError(
            f"sheet {empty} for form {form} is empty; sheet {filled}, which has cells, is hidden",
            where=where,
            expected="the form's rows on a sheet that is shown",
            do="Show that sheet, delete the empty one, and send it again.",
            code="missing_sheet",
            zh=f"工作表“{empty}”为空，有数据的工作表“{filled}”被隐藏：请取消隐藏、删去空表后重报",
        )
    )


def _sheet(
    book: CalamineWorkbook, parts: Parts, name: str, form: str = "", layout: Layout | None = None
) -> Grid:
    """`layout`: of a form's sheet."""
    rows = _rows(book, parts, name)
    if rows and len(rows[0]) > MAX_COLUMNS:
        raise too_large(f"a sheet of {len(rows[0]):,} columns", f"at most {MAX_COLUMNS:,}", parts.where)
    errors, formulas = dict[Place, str](), dict[Place, str]()
    percent: Mapping[Place, tuple[bool, bool]] = {}
    codes: Mapping[Place, tuple[str, ...]] = {}
    numbers: Mapping[Place, tuple[tuple[str, ...], ...]] = {}
    runs, error = Runs({}), None
    try:
        parts.check_places(name)
        errors, formulas = parts.errors_in(name)
        runs = runs_in(parts, name)
        percent, codes, numbers = parts.percent_in(name), parts.codes_in(name), parts.numbers_in(name)
    except ReturnedError as e:
        error = e if form else None
    _put(rows, runs.texts, lambda _, text: text)
    texts = texts_in(rows) if form else {}
    _put(rows, errors, lambda _, text: text)
    _put(rows, percent, as_percentage)
    _put(rows, codes, as_code)
    _put(rows, numbers, as_number)
    try:
        if layout is None:
            mark_all(rows, formulas)
        else:
            fill_in(rows, formulas, layout, parts.where)
    except ReturnedError as e:
        error = error or e
    columns = [pa.array(_column(c), pa.string()) for c in zip(*rows, strict=True)]
    # The cells are given even with an error: the bytes may be kept, so they have to be screened.
    look = replace(_look(book, parts, name, runs), texts=texts) if form else None
    return replace(grid_of(columns, name), error=error, look=look)


def _look(book: CalamineWorkbook, parts: Parts, name: str, runs: Runs) -> Look:
    look = look_of(parts, name)
    struck = look.struck_rows | runs.struck_rows
    return replace(
        look, struck_rows=struck, alike=_alike(book, parts, name), comments=comments_of(parts, name)
    )


def _rows(book: CalamineWorkbook, parts: Parts, name: str, first: int | None = None) -> list[list[Any]]:
    """The values of a sheet, or of its first rows. An error of a newer program (`#SPILL!`) is one of its cell alone."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        return list(book.get_sheet_by_name(name).to_python(skip_empty_area=False, nrows=first))
    except CalamineError:
        if parts.without_odd_errors is None:
            raise
    with CalamineWorkbook.from_filelike(io.BytesIO(parts.without_odd_errors)) as again:
        return list(again.get_sheet_by_name(name).to_python(skip_empty_area=False, nrows=first))


def _put(rows: list[list[Any]], said: Mapping[Place, T], shown: Callable[[object, T], object]) -> None:
    """Put what is shown in these cells in the place of what is stored there."""
    for (row, column), one in said.items():
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = shown(rows[row][column], one)


def _alike(book: CalamineWorkbook, parts: Parts, name: str) -> tuple[str, ...]:
    """Other visible sheets with cells that are called nearly so: `行政村 (2)`, `行政村1`, `行政村党建月报表`."""
    if _DEFAULT.fullmatch(squeezed(name)):
        return ()
    own = _stem(name)
    others = ((n, _stem(n)) for n in _worksheets(book, visible=True) if n != name and not _NO_COPY.search(n))
    alike = (
        n
        for n, stem in others
        if min(len(own), len(stem)) > 1 and (own.startswith(stem) or stem.startswith(own))
    )
    return tuple(n for n in alike if parts.has_cells(n))


def _stem(name: str) -> str:
    """A sheet's name without what copies are called by."""
    return _COPY.sub("", squeezed(name)) or squeezed(name)


def _column(values: tuple[object, ...]) -> list[str | None]:
    kinds = set(map(type, values))
    if kinds == {str}:
        return list(values)  # type: ignore[arg-type] # each is text, and none is looked at twice
    return [as_text(v) for v in values]
