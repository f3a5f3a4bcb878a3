"""The annotated workbook and what is read of one: texts that look like formulas, columns that are ours, hostile places.

Cells are looked at through openpyxl and calamine, as spreadsheet programs would show them.
"""

from __future__ import annotations

import hashlib
import io
import unicodedata
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from qiangji.catalogue.models import County, Form
from qiangji.errors import PermanentError, ReturnedError
from qiangji.feedback import closing, writing
from qiangji.feedback.problems import Problem
from qiangji.feedback.sent import Sent
from qiangji.feedback.workbook import Cover, Page, render
from qiangji.parsing import read_form, read_grids
from qiangji.parsing.returned import (
    EXPLANATION_HEADER,
    MAX_EXPLANATION,
    PROBLEM_HEADER,
    neutral,
    undone,
)
from qiangji.parsing.sheets import Sheet, safe_name
from qiangji.periods import Period
from qiangji.pipeline import Pipeline
from qiangji.settings import Settings

FORM = Form.model_validate(
    {
        "form": "v", "title": {"zh": "村表", "en": "Villages"}, "grain": "village", "period_type": "month",
        "due_working_day": 5, "key": "village_code", "key_headers": ["编码"], "key_pattern": "^[0-9]{12}$",
        "fields": {
            "n": {"label": {"zh": "人数", "en": "Persons"}, "headers": ["人数"], "type": "integer", "kind": "stock",
                  "unit": "person"},
            "t": {"label": {"zh": "备考", "en": "Text"}, "headers": ["备考"], "type": "text", "kind": "stock",
                  "unit": "none"},
        },
    }
)  # fmt: skip
COVER = Cover("990001", "甲县", "v.xlsx")
RISKY = [
    "=1+1",
    "＝cmd|'/c calc'!A1",
    " +1+1",
    "\u200b-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r1",
    "＠x",
    "⁼1",
    "'=1",
    "−=",
    "-a",
]
HARMLESS = ["-5", "-1,234.5", "+3%", "-", "—", "--", "12", "甲", "a=b", "", "'甲", "－３"]


def county(**more: Any) -> County:
    return County.model_validate(
        {"county": "990001", "transport": "folder", "path": "x", "files": "{form}_{period}.xlsx"} | more
    )


def page(rows: list[list[object]], problems: list[Problem] | None = None, **more: Any) -> Page:
    return Page(
        "v", "村表", "2026-01", "退回重报", None, 1, 0, 1, problems or [], Sheet("村表", rows), **more
    )


def read(content: bytes, **more: Any) -> Any:
    one = county(**more)
    grid = read_grids(content, "xlsx", one, ["v"], titles={"v": "村表"})["v"]
    return read_form(grid, FORM, one, Period.parse("2026-01"))


def test_every_character_that_could_begin_a_formula_is_known() -> None:
    for code in range(0x110000):
        if 0xD800 <= code < 0xE000 or chr(code) == "'":
            continue
        if unicodedata.normalize("NFKC", chr(code))[:1] in ("=", "+", "-", "@", "\t", "\r", "\n"):
            text = chr(code) + "A1"
            safe = neutral(text)
            assert safe == "'" + text, hex(code)
            assert undone(pa.table([[safe]], names=["0"])).column(0).to_pylist() == [text], hex(code)


@pytest.mark.parametrize("text", RISKY[:10] + RISKY[11:])
def test_what_could_be_a_formula_gets_an_apostrophe(text: str) -> None:
    assert neutral(text) == "'" + text


@pytest.mark.parametrize("text", HARMLESS)
def test_numbers_dashes_and_words_stay(text: str) -> None:
    assert neutral(text) == text


@example("' \n")
@given(st.text(alphabet="'=+-@＝－ \t\n\u200b15a甲", max_size=6))
def test_what_was_made_safe_comes_back_as_it_was(text: str) -> None:
    table = pa.table([pa.array([neutral(text)], pa.string())], names=["0"])
    assert undone(table).column(0).to_pylist() == [text]


def test_nothing_in_the_workbook_is_a_formula() -> None:
    problems = [
        Problem("=rule", "critical", text, "=en", 2, (1,), "v!B2", text, "=expected", "=x") for text in RISKY
    ]
    rows: list[list[object]] = [["编码", "人数", "备考"]]
    rows += [[text, "#REF!", text] for text in RISKY]
    cover = Cover("=1", "@name", "=cmd.xlsx", delivery_id="+1")
    content = render(cover, [page(rows, problems)])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheets = [archive.read(n) for n in archive.namelist() if n.startswith("xl/worksheets/sheet")]
    assert len(sheets) == 2
    assert not any(b"<f>" in xml or b"<f " in xml for xml in sheets)
    for sheet in openpyxl.load_workbook(io.BytesIO(content)):
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type in ("s", "n"), cell
                if isinstance(cell.value, str):
                    assert neutral(cell.value[1:]) == cell.value or neutral(cell.value) == cell.value


def test_characters_that_no_workbook_holds_break_nothing() -> None:
    content = render(COVER, [page([["编码\x00", "a\x0b", "甲" * 40_000], ["\ud800x", "\uffff", 1]])])
    (_, sheet) = CalamineWorkbook.from_filelike(io.BytesIO(content)).sheet_names
    assert sheet == "村表"


@pytest.mark.parametrize("name", ["a/b", "[1]", "x" * 60, "''", "\x01", "村:组?"])
def test_a_sheet_has_a_name_that_programs_allow(name: str) -> None:
    sheet = Sheet(safe_name(name), [["编码"]])
    content = render(COVER, [Page("v", name, "2026-01", "已收", 1, 0, 0, 0, [], sheet)])
    assert len(CalamineWorkbook.from_filelike(io.BytesIO(content)).sheet_names) == 2


def test_our_columns_and_our_sheet_are_no_data() -> None:
    rows: list[list[object]] = [
        ["编码", "人数", "备考"],
        ["990001001001", 5, "=甲"],
        ["990001001002", "六", "-"],
    ]
    problem = Problem(
        "v.n.type", "critical", "无法识别", "cannot be read", 3, (1,), "v!B3", "六", "整数", "integer"
    )
    parsed = read(render(COVER, [page(rows, [problem])]))
    assert parsed.rows.column("n").to_pylist() == [5, None]
    assert parsed.raw.column("t").to_pylist() == ["=甲", "-"]
    assert [p["address"] for p in parsed.problems.to_pylist()] == ["村表!B3"]
    assert parsed.explanations == {}


@pytest.mark.parametrize(("title_rows", "header_rows"), [(0, 1), (1, 2), (2, 3)])
def test_an_explanation_is_read_with_its_row(title_rows: int, header_rows: int) -> None:
    blank: list[list[object]] = [["标题", None, None]] * title_rows
    heads: list[list[object]] = [["编码", "人数", "备考"]]
    heads += [[None, None, None]] * (header_rows - 1)
    rows: list[list[object]] = [
        *blank,
        *heads,
        ["990001001001", 5, "a"],
        ["990001001002", 6, "b"],
        ["填表人：某"],
    ]
    layout = {"title_rows": title_rows, "header_rows": header_rows, "sign_off": ["填表人"]}
    content = render(COVER, [page(rows, header=(title_rows, header_rows))])
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book["村表"]
    at = next(c.column for c in sheet[title_rows + 1] if c.value == EXPLANATION_HEADER)
    sheet.cell(title_rows + header_rows + 2, at).value = " 已核实 " + "长" * 2 * MAX_EXPLANATION
    sheet.cell(title_rows + header_rows + 1, at - 1).value = "甲"  # what stands under 核查问题 is nothing
    sink = io.BytesIO()
    book.save(sink)
    parsed = read(sink.getvalue(), layout=layout)
    assert parsed.rows.column("n").to_pylist() == [5, 6]
    assert parsed.explanations == {1: ("已核实 " + "长" * 2 * MAX_EXPLANATION)[:MAX_EXPLANATION]}


def test_a_second_return_has_each_column_once_and_keeps_what_was_explained() -> None:
    problem = Problem("v.n.type", "critical", "新问题", "new", 3, (1,), "v!B3", "六", "整数", "integer")
    rows: list[list[object]] = [
        ["编码", "人数", "备考", PROBLEM_HEADER, EXPLANATION_HEADER],
        ["990001001001", 5, "a", "旧问题", "旧说明"],
        ["990001001002", "六", "b", "旧问题", None],
    ]
    sheet = openpyxl.load_workbook(io.BytesIO(render(COVER, [page(rows, [problem])])))["村表"]
    assert [c.value for c in sheet[1]] == ["编码", "人数", "备考", PROBLEM_HEADER, EXPLANATION_HEADER]
    assert [c.value for c in sheet[2]][3:] == [None, "旧说明"]
    assert [c.value for c in sheet[3]][3:] == ["【退回】新问题，应为整数", None]


def test_a_workbook_with_nothing_but_the_summary_has_no_sheet_for_the_form() -> None:
    bare = Page("v", "村表", "2026-01", "涉个人信息扣留", None, 0, 0, 0, [])
    with pytest.raises(ReturnedError) as e:
        read(render(COVER, [bare]))
    assert e.value.code == "missing_sheet"


def test_unchanged_may_come_in_a_workbook_that_went_back() -> None:
    content = render(COVER, [page([["编码", "人数", "备考"], ["990001001001", 5, "a"]])])
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book["村表"]
    for column in range(1, 4):
        sheet.cell(2, column).value = None
    sheet["A2"], sheet["D2"], sheet["E2"] = "无变动", "旧问题", "说明"
    sink = io.BytesIO()
    book.save(sink)
    assert read(sink.getvalue()).is_unchanged


def at(path: Path) -> Pipeline:
    """Of the catalogue only its path is looked at."""
    catalogue: Any = SimpleNamespace(path=path)
    ledger: Any = None
    return Pipeline(Settings(), catalogue, ledger)


def test_a_link_in_the_place_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "in", tmp_path / "elsewhere"
    root.mkdir()
    elsewhere.mkdir()
    (root / "feedback").symlink_to(elsewhere)
    one = county(path=str(root))

    pipeline = at(tmp_path)
    with pytest.raises(PermanentError) as e:
        writing.write(pipeline, one, "v.xlsx", b"x")
    assert e.value.code == "feedback_refused"
    assert list(elsewhere.iterdir()) == []
    (root / "feedback").unlink()
    writing.write(pipeline, one, "v.xlsx", b"x")
    writing.write(pipeline, one, "v.xlsx", b"y")
    assert [(p.name, p.read_bytes()) for p in (root / "feedback").iterdir()] == [("v.xlsx", b"y")]


def test_only_what_is_as_it_was_written_is_removed(tmp_path: Path) -> None:
    root = tmp_path / "in"
    root.mkdir()
    one = county(path=str(root))

    pipeline = at(tmp_path)
    mine = hashlib.sha256(b"x").hexdigest()
    assert writing.remove(pipeline, one, "v.xlsx", mine), "there is no folder"
    writing.write(pipeline, one, "v.xlsx", b"x")
    (root / "feedback" / "link.xlsx").symlink_to(root / "feedback" / "v.xlsx")
    assert not writing.remove(pipeline, one, "link.xlsx", mine)
    assert writing.remove(pipeline, one, "gone.xlsx", mine)
    (root / "feedback" / "v.xlsx").write_bytes(b"begun to be corrected")
    assert not writing.remove(pipeline, one, "v.xlsx", mine)
    assert (root / "feedback" / "v.xlsx").read_bytes() == b"begun to be corrected"
    writing.write(pipeline, one, "v.xlsx", b"x")
    assert writing.remove(pipeline, one, "v.xlsx", mine)
    assert not (root / "feedback" / "v.xlsx").exists()
    writing.write(pipeline, one, "list.txt", b"x")
    assert writing.remove(pipeline, one, "list.txt", None)
    (root / "feedback" / "v.xlsx").mkdir()
    assert not writing.remove(pipeline, one, "v.xlsx", mine)


def test_the_list_says_what_is_open_and_is_no_report() -> None:
    catalogue: Any = SimpleNamespace(forms={"v": FORM}, name_of=lambda _: "甲县")

    def open_(name: str, problems: int, *submissions: tuple[str, str, str]) -> Sent:
        return Sent("990001", name, "id", "digest", "basis", problems, "sftp", "sent", submissions)

    content = closing.as_text(
        catalogue,
        county(),
        [
            open_("v_2026-10.xlsx", 3, ("v", "2026-10", "partial")),
            open_("v_2026-09.xlsx", 1, ("v", "2026-09", "accepted")),
        ],
    )
    lines = content.decode("utf-8-sig").split("\r\n")
    assert lines[4:] == [
        "1. v_2026-09.xlsx：1个问题 problems", "   村表 2026-09：请核对并说明",
        "2. v_2026-10.xlsx：3个问题 problems", "   村表 2026-10：部分记录退回", "",
    ]  # fmt: skip
    assert content.startswith(b"\xef\xbb\xbf")


def test_every_row_of_a_run_is_marked() -> None:
    rows: list[list[object]] = [["编码", "数", "文"]]
    rows += [[f"99000100100{i}", None, None] for i in range(1, 4)]
    problem = Problem("v.k.not_filled", "critical", "第2至3行未填写", "en", 2, (0,), "v!A2:A3", last_row=3)
    made = openpyxl.load_workbook(io.BytesIO(render(COVER, [page(rows, [problem])])))
    ws = made[made.sheetnames[1]]
    said = [ws.cell(row, 4).value for row in range(2, 5)]
    assert ["未填写" in (text or "") for text in said] == [True, True, False]
    assert any("A2:A3" in str(c.value) for row in made[made.sheetnames[0]] for c in row)
