"""Comments on cells of the rows: that they stand there is told, and never what they say."""

from __future__ import annotations

import io
import zipfile

import pytest
from openpyxl.comments import Comment

from qiangji.catalogue.models import County, Layout
from qiangji.parsing import read_grids
from qiangji.parsing.clean import workbook_of
from qiangji.parsing.returned import PROBLEM_AUTHOR
from tests.unit.parsing.tables import ROWS, book, changed, content, read

RELATIONS, THREAD = "xl/worksheets/_rels/sheet1.xml.rels", "xl/threadedComments/threadedComment1.xml"


def commented(**comments: str) -> bytes:
    made = book(*ROWS, "合计,,50,10,10,10")
    for cell, text in comments.items():
        author, _, said = text.rpartition("|")
        made.active[cell].comment = Comment(said, author or "审核1组")
    return content(made)


def said(data: bytes) -> tuple[tuple[int, str], tuple[int, str]]:
    sheet = read(data, "xlsx", totals=["合计"]).sheet
    return sheet.comments, sheet.corrections


@pytest.mark.parametrize(
    ("text", "corrects"),
    [
        ("已核对", False), ("审核1组:\n已核对", False), ("审核1组:\n11", True), ("１１", True), ("更正", True),
        ("应为甲村", True), ("原数有误", True), ("此数填错", True), ("改为零", True), ("已改好", False),
    ],
)  # fmt: skip
def test_a_comment_may_correct_its_cell_by_a_number_or_a_word(text: str, corrects: bool) -> None:
    assert said(commented(C3=text)) == ((1, "Sheet1!C3"), (1, "Sheet1!C3") if corrects else (0, ""))


def test_comments_of_the_rows_count_and_the_first_is_named() -> None:
    data = commented(C1="填党员数", D4="已核对", C3="已核对", B5="更正：戊村", C6="与上月同")
    assert said(data) == ((3, "Sheet1!C3"), (1, "Sheet1!B5"))


def test_our_own_comments_and_empty_ones_are_none() -> None:
    assert said(commented(C3=f"{PROBLEM_AUTHOR}|应为不大于10的数", C4=" ")) == ((0, ""), (0, ""))
    assert said(content(book(*ROWS))) == ((0, ""), (0, ""))


def test_a_thread_is_read_in_place_of_its_old_comment() -> None:
    """A program writes an old comment beside it, with an address that has a number."""
    old = (
        "[线程批注] 你的Excel版本可读取此线程批注 https://go.microsoft.com/fwlink/?linkid=870924 注释: 已核对"
    )
    kind = "http://schemas.microsoft.com/office/2017/10/relationships/threadedComment"
    relation = f'<Relationship Id="t" Type="{kind}" Target="/{THREAD}"/></Relationships>'.encode()
    for text, corrects in (("已核对", 0), ("应为十二", 1)):
        thread = (
            f'<ThreadedComments><threadedComment ref="C3" personId="x"><text>{text}</text></threadedComment>'
        )
        data = changed(commented(C3=old), THREAD, lambda _, t=thread: f"{t}</ThreadedComments>".encode())
        data = changed(data, RELATIONS, lambda r: r.replace(b"</Relationships>", relation))
        comments, corrections = said(data)
        assert (comments, corrections[0]) == ((1, "Sheet1!C3"), corrects)


def test_a_damaged_part_costs_no_row_and_a_drawing_without_comments_is_none() -> None:
    data = commented(C3="更正：11")
    broken = changed(data, "xl/comments/comment1.xml", lambda _: b"<comments><com")
    assert said(broken) == ((0, ""), (0, ""))
    assert read(broken, "xlsx", totals=["合计"]).rows.num_rows == 4
    alone = changed(data, RELATIONS, lambda r: r.replace(b"relationships/comments", b"relationships/other"))
    assert said(alone) == ((0, ""), (0, ""))


def test_a_sheet_that_is_kept_by_itself_keeps_the_cells_and_not_the_words() -> None:
    data = commented(C3="应为11，问李雷", D4="已核对")
    grid = read_grids(data, "xlsx", _county(), ["village"], titles={"village": "行政村"})["village"]
    kept = workbook_of(grid)
    assert said(kept) == said(data) == ((2, "Sheet1!C3"), (1, "Sheet1!C3"))
    assert "李雷".encode() not in b"".join(_members(kept))


def _county() -> County:
    return County(county="440703", transport="folder", path="x", files="x", layout=Layout(totals=["合计"]))


def _members(data: bytes) -> list[bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [archive.read(name) for name in archive.namelist()]
