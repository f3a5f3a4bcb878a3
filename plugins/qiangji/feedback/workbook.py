"""The annotated workbook: the county's sheets with every faulty cell marked, and a sheet that lists all problems.

In: pages, one for each form of the delivery. Out: the bytes of an .xlsx workbook. A faulty cell has a fill and a
comment with rule, value and what was expected. Two columns beside the county's own say what is wrong with the row, and
leave room for an explanation. Every text is made safe for spreadsheet programs (`parsing.returned.neutral`); no cell is
a formula.
"""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from qiangji.checking.coverage import Coverage
from qiangji.feedback.problems import SEVERITIES, Problem
from qiangji.parsing.grid import column_letters
from qiangji.parsing.returned import (
    EXPLANATION_HEADER,
    PROBLEM_AUTHOR,
    PROBLEM_HEADER,
    SUMMARY_SHEET,
    neutral,
)
from qiangji.parsing.sheets import Sheet
from qiangji.text import breadth, squeezed

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

MAX_SHOWN = 5_000
"""Problems listed and comments written in one workbook: more make spreadsheet programs crawl."""
RED, YELLOW, BLUE, GREY = "FFC7CE", "FFEB9C", "DDEBF7", "EDEDED"
PROBLEM_WIDTH = 48
WIDTHS = (22, 24, 16, 8, 44, 20, 30, 40, 60)
"""Widths of the summary's columns, in characters."""
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MAX_CELL = 32_000
HOW = (
    "一、标红的单元格须更正，标黄的请核对；鼠标移到单元格上可见原因。",
    f"二、确认无误的提示，请在该行“{EXPLANATION_HEADER}”栏说明情况（请勿填写姓名、身份证号、电话等个人信息）。",
    "三、请直接在本文件中修改，按原文件名和原渠道重新报送；本页和两个“核查”栏可以保留，不影响报送。",
    "四、原系统为接口、数据库或CSV文件的，请在原系统中更正后重新报送。",
)
HOW_WITHOUT = (
    "一、本文件仅作说明，未附原表。请按下表所列原因更正原来的报表文件，再按原文件名和原渠道重新报送。",
    "二、请勿报送本文件。",
)
"""Said instead of HOW where no sheet is shown: the file could not be read, or was withheld."""


@dataclass(frozen=True)
class Page:
    """One form of a delivery: its verdict, what is wrong with it, and the county's sheet (None: it was not kept).

    `received`, `accepted`, `rejected`: rows. `header`: rows above the header, and header rows. `coverage`: which of the
    units that should report are in it; None where it cannot be read, or the tree expects nothing.
    """

    form: str
    title: str
    period: str
    status: str
    revision: int | None
    received: int
    accepted: int
    rejected: int
    problems: Sequence[Problem]
    sheet: Sheet | None = None
    header: tuple[int, int] = (0, 1)
    coverage: Coverage | None = None


@dataclass(frozen=True)
class Cover:
    """The delivery, as the head of the summary names it."""

    county: str
    county_name: str
    file_name: str
    received_at: datetime | None = None
    delivery_id: str = ""


def render(cover: Cover, pages: Sequence[Page]) -> bytes:
    """The workbook: the summary first, then the sheet of each form that was kept."""
    from openpyxl import Workbook

    book = Workbook()
    summary: Any = book.active
    summary.title = SUMMARY_SHEET
    names = {SUMMARY_SHEET}
    for page in pages:
        if page.sheet and page.sheet.name not in names:  # two forms read from one sheet share it
            names.add(page.sheet.name)
            _write_page(book.create_sheet(page.sheet.name), page)
    _write_summary(summary, cover, pages)
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


# ---- the county's sheets


def _write_page(ws: Worksheet, page: Page) -> None:
    assert page.sheet is not None
    for number, row in enumerate(page.sheet.rows, 1):
        for column, value in enumerate(row, 1):
            if value is not None:
                _put(ws, number, column, value)
    _embolden(ws, page)
    problem_at, explanation_at = _own_columns(page)
    _head(ws, page, problem_at, PROBLEM_HEADER)
    _head(ws, page, explanation_at, EXPLANATION_HEADER)
    by_row: dict[int, list[Problem]] = defaultdict(list)
    for p in page.problems:
        for number in p.rows:
            by_row[number].append(p)
    for number in range(sum(page.header) + 1, len(page.sheet.rows) + 1):
        ws.cell(number, problem_at).value = None  # said by an earlier return
    comments = 0
    for number, found in by_row.items():
        comments += _mark_row(ws, number, found, is_commented=comments < MAX_SHOWN)
        said = "；".join(dict.fromkeys(_sentence(p) for p in found))
        _put(ws, number, problem_at, said, fill=GREY, wrap=True)
        _make_room(ws, number, [(said, PROBLEM_WIDTH)])
        ws.cell(number, explanation_at).fill = _fill(BLUE)
    for top, left, bottom, right in page.sheet.merges:
        if max(left, right) < problem_at:
            ws.merge_cells(start_row=top, start_column=left, end_row=bottom, end_column=right)
    _shape(ws, page, problem_at, explanation_at)


def _embolden(ws: Worksheet, page: Page) -> None:
    """Set the county's own headers apart from its rows."""
    from openpyxl.styles import Alignment, Font

    assert page.sheet is not None
    for number in range(page.header[0] + 1, sum(page.header) + 1):
        for column in range(1, page.sheet.width + 1):
            cell = ws.cell(number, column)
            cell.font = Font(bold=True)
            cell.alignment = Alignment(wrap_text=True, vertical="center", horizontal="center")


def _own_columns(page: Page) -> tuple[int, int]:
    """Columns of 核查问题 and 核查说明: those that they had when the workbook went back before, else the next free."""
    assert page.sheet is not None
    titles, headers = page.header
    there: dict[str, int] = {}
    for row in page.sheet.rows[titles : titles + headers]:
        there |= {squeezed(v): i for i, v in enumerate(row, 1) if isinstance(v, str)}
    free = page.sheet.width + 1
    problem_at = there.get(PROBLEM_HEADER) or free
    free += problem_at == free
    return problem_at, there.get(EXPLANATION_HEADER) or free


def _head(ws: Worksheet, page: Page, column: int, text: str) -> None:
    from openpyxl.styles import Font

    titles, headers = page.header
    _put(ws, titles + 1, column, text, fill=GREY, wrap=True)
    ws.cell(titles + 1, column).font = Font(bold=True)
    if headers > 1:
        ws.merge_cells(start_row=titles + 1, end_row=titles + headers, start_column=column, end_column=column)


def _mark_row(ws: Worksheet, number: int, found: Sequence[Problem], *, is_commented: bool) -> int:
    """Fill and comment on the cells of one row; returns how many comments were written."""
    from openpyxl.comments import Comment

    cells: dict[int, list[Problem]] = defaultdict(list)
    for p in found:
        for column in p.columns:
            cells[column].append(p)
    for column, problems in cells.items():
        cell = ws.cell(number, column + 1)
        cell.fill = _fill(YELLOW if all(p.is_warning for p in problems) else RED)
        if is_commented:
            text = "\n\n".join(_comment(p) for p in problems)
            cell.comment = Comment(
                _clean(text), PROBLEM_AUTHOR, height=40 + 20 * text.count("\n") + 20, width=320
            )
    return len(cells)


def _comment(p: Problem) -> str:
    lines = [f"【{SEVERITIES[p.severity]}】{p.message_zh}", f"规则：{p.rule}"]
    if p.value:
        lines.append(f"填报值：{p.value}")
    if p.expected_zh:
        lines.append(f"应为：{p.expected_zh}")
    return "\n".join(lines)


def _sentence(p: Problem) -> str:
    kind = SEVERITIES[p.severity]
    return f"【{kind}】{p.message_zh}" + (f"，应为{p.expected_zh}" if p.expected_zh else "")


def _shape(ws: Worksheet, page: Page, problem_at: int, explanation_at: int) -> None:
    """Widths by what stands in the columns; the header stays in sight."""
    assert page.sheet is not None
    titles, headers = page.header
    for column in range(1, page.sheet.width + 1):
        texts = [row[column - 1] for row in page.sheet.rows[titles : titles + 60] if len(row) >= column]
        width = max((breadth(t) for t in texts if t is not None), default=4)
        ws.column_dimensions[column_letters(column - 1)].width = min(max(width + 2, 7), 26)
    ws.column_dimensions[column_letters(problem_at - 1)].width = PROBLEM_WIDTH
    ws.column_dimensions[column_letters(explanation_at - 1)].width = 36
    ws.freeze_panes = ws.cell(titles + headers + 1, 1)


# ---- the summary


def _write_summary(ws: Worksheet, cover: Cover, pages: Sequence[Page]) -> None:
    from openpyxl.styles import Font

    _put(ws, 1, 1, "报送核查退回说明 Returned for correction")
    ws.cell(1, 1).font = Font(bold=True, size=14)
    facts = [("县（市、区）", f"{cover.county} {cover.county_name}"), ("文件", cover.file_name)]
    if cover.received_at:
        facts.append(("收到时间", f"{cover.received_at:%Y-%m-%d %H:%M}"))
    if cover.delivery_id:
        facts.append(("来件编号", cover.delivery_id))
    row = 2
    for label, text in facts:
        _put(ws, row, 1, label)
        _put(ws, row, 2, text)
        row += 1
    row = _table(
        ws,
        row + 1,
        ("报表", "报告期", "状态", "版本", "收到行数", "收下", "退回", "问题数"),
        [
            (
                p.title, p.period, p.status, "—" if p.revision is None else p.revision,
                p.received, p.accepted, p.rejected, len(p.problems),
            )
            for p in pages
        ],
    )  # fmt: skip
    for line in HOW if any(p.sheet for p in pages) else HOW_WITHOUT:
        _put(ws, row + 1, 1, line)
        row += 1
    _list_problems(ws, row + 2, pages)
    for letter, width in zip("ABCDEFGHI", WIDTHS, strict=True):
        ws.column_dimensions[letter].width = width


def _list_problems(ws: Worksheet, row: int, pages: Sequence[Page]) -> None:
    from openpyxl.styles import Font
    from openpyxl.worksheet.hyperlink import Hyperlink

    every = [(page, p) for page in pages for p in page.problems]
    lines = [
        (
            page.title,
            p.address.rpartition("!")[2] or "整表",
            page.sheet.name if page.sheet else "—",
            SEVERITIES[p.severity],
            p.message_zh,
            p.value,
            p.expected_zh,
            p.rule,
            p.message_en + (f" (expected {p.expected_en})" if p.expected_en else ""),
        )
        for page, p in every[:MAX_SHOWN]
    ]
    heads = ("报表", "单元格", "工作表", "程度", "问题", "填报值", "应为", "规则", "English")
    end = _table(ws, row, heads, lines)
    for at, (page, p) in enumerate(every[:MAX_SHOWN], row + 1):
        if page.sheet and p.address:
            cell = ws.cell(at, 2)
            target = f"'{page.sheet.name}'!{p.address.rpartition('!')[2]}"
            cell.hyperlink = Hyperlink(ref=cell.coordinate, location=target)
            cell.font = Font(color="0563C1", underline="single")
    if len(every) > MAX_SHOWN:
        _put(ws, end + 1, 1, f"共{len(every)}个问题，仅列出前{MAX_SHOWN}个。")


def _table(ws: Worksheet, row: int, heads: Sequence[str], lines: Sequence[Sequence[object]]) -> int:
    """Write a table; returns the row below it."""
    from openpyxl.styles import Font

    for column, head in enumerate(heads, 1):
        _put(ws, row, column, head, fill=GREY)
        ws.cell(row, column).font = Font(bold=True)
    for line in lines:
        row += 1
        for column, value in enumerate(line, 1):
            if value != "":
                _put(ws, row, column, value, wrap=True)
        _make_room(ws, row, zip(map(str, line), WIDTHS, strict=False))
    return row + 1


def _make_room(ws: Worksheet, row: int, texts: Iterable[tuple[str, int]]) -> None:
    """Make the row as high as its (text, width) need when wrapped."""
    lines = max((-(-breadth(text) // (width - 2)) for text, width in texts), default=1)
    if lines > 1:
        ws.row_dimensions[row].height = 15 * min(lines, 20)


# ---- cells


def _put(ws: Worksheet, row: int, column: int, value: object, *, fill: str = "", wrap: bool = False) -> None:
    from openpyxl.styles import Alignment

    cell = ws.cell(row, column)
    if isinstance(value, str):
        cell.value = _clean(neutral(value))
        cell.data_type = "s"  # never a formula, an error or a number, whatever it looks like
    else:
        cell.value = value
    if fill:
        cell.fill = _fill(fill)
    if wrap:
        cell.alignment = Alignment(wrap_text=True, vertical="top", horizontal="left")


def _fill(colour: str) -> Any:
    from openpyxl.styles import PatternFill

    return PatternFill("solid", fgColor=colour)


def _clean(text: str) -> str:
    """The text without characters that no workbook can hold, cut to the length of a cell."""
    return _UNWRITABLE.sub("\ufffd", text)[:_MAX_CELL]
