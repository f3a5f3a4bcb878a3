"""Cells of a workbook some of whose pieces are struck through, raised or lowered; errors that only programs know."""

from __future__ import annotations

import io
import re
import zipfile
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.styles import Font

from qiangji import parsing
from qiangji.catalogue.models import County, Layout
from qiangji.parsing import Parsed, read_form, read_grids
from qiangji.periods import Period
from tests.unit.parsing.villages import village_form

FORM = village_form(
    {
        "members": "党员",
        "income": {"label": "收入", "type": "decimal"},
        "due": {"label": "时限", "type": "date"},
        "grade": {"label": "档次", "type": "enum", "values": ["一档", "二档"]},
    },
    title="行政村",
)  # fmt: skip
COUNTY = County(
    county="440703", transport="folder", path="x", files="x",
    layout=Layout(title_rows=1, sign_off=("填表人",)),
)  # fmt: skip
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRUCK, RAISED, LOWERED = "<strike/>", '<vertAlign val="superscript"/>', '<vertAlign val="subscript"/>'
BOLD, NOT_STRUCK, PLAIN = "<b/>", '<strike val="0"/>', "<sz val='11'/>"


def run(text: str, look: str | None = PLAIN) -> str:
    """One piece; `look` None: as its cell's."""
    said = "" if look is None else f"<rPr>{look}</rPr>"
    return f'<r>{said}<t xml:space="preserve">{text}</t></r>'


def book(cells: dict[str, str], *, inline: bool = False, struck: tuple[str, ...] = ()) -> bytes:
    """A workbook with these cells in pieces. `struck`: cells whose font is struck through."""
    made = Workbook()
    made.active.title = "行政村"
    made.active.append(["行政村月报表"])
    made.active.append(["村编码", "村名", "党员", "收入", "档次", "时限"])
    for i, name in enumerate("甲乙丙丁"):
        made.active.append([f"44070310000{i + 1}", f"{name}村", 20 + i, 7.5, "一档", "2026-12-01"])
    made.active["A7"] = "填表人："
    for cell in struck:
        made.active[cell].font = Font(strike=True)
    sink = io.BytesIO()
    made.save(sink)
    shared = list(cells.values())

    def put(sheet: str) -> str:
        for i, (cell, pieces) in enumerate(cells.items()):
            body = f"<is>{pieces}</is>" if inline else f"<v>{i + 1}</v>"
            kind = "inlineStr" if inline else "s"
            style = m[0] if (m := re.search(rf'(?<=<c r="{cell}")[^>]*? s="[0-9]+"', sheet)) else ""
            style = re.sub(r' t="\w+"', "", style)
            sheet = re.sub(
                rf'<c r="{cell}"[^>]*?(?:/>|>.*?</c>)', f'<c r="{cell}"{style} t="{kind}">{body}</c>', sheet
            )
            assert f'<c r="{cell}"{style} t="{kind}">{body}' in sheet
        return sheet

    return changed(sink.getvalue(), put, "<si/>" + "".join(f"<si>{pieces}</si>" for pieces in shared))


def changed(content: bytes, put: Any, shared: str = "") -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(sink, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                data = put(data.decode()).encode()
            new.writestr(name, data)
        if shared:
            new.writestr("xl/sharedStrings.xml", f'<sst xmlns="{MAIN}">{shared}</sst>')
    return sink.getvalue()


def read(content: bytes) -> Parsed:
    grids = read_grids(content, "xlsx", COUNTY, ["village"], titles={"village": "行政村"})
    return read_form(grids["village"], FORM, COUNTY, Period.parse("2026-10"))


def value(parsed: Parsed, field: str, row: int = 0) -> object:
    return parsed.rows.column(field)[row].as_py()


def kinds(parsed: Parsed) -> list[str]:
    return [rule.rpartition(".")[2] for rule in parsed.problems.column("rule").to_pylist()]


@pytest.mark.parametrize("inline", [False, True])
@pytest.mark.parametrize(
    ("pieces", "members", "struck"),
    [
        (run("12", STRUCK) + run("15"), 15, 1),
        (run("15") + run("12", STRUCK), 15, 1),
        (run("12", STRUCK) + run(" 15", None), 15, 1),
        (run("1") + run("2", STRUCK) + run("5"), 15, 1),
        (run("12", STRUCK), 12, 1),
        (run("1", STRUCK) + run("2", STRUCK) + run(" "), 12, 1),
        (run("12") + run(" ", STRUCK), 12, 0),
        (run("1", BOLD) + run("2"), 12, 0),
        (run("1", None) + run("2", "<color rgb='FFFF0000'/>"), 12, 0),
        (run("1", NOT_STRUCK) + run("2"), 12, 0),
        (run("12", RAISED), 12, 0),
        (run("1", '<vertAlign val="baseline"/>') + run("2"), 12, 0),
    ],
)
def test_what_is_struck_through_within_a_cell_is_not_read(
    pieces: str, members: int, struck: int, inline: bool
) -> None:
    parsed = read(book({"C3": pieces}, inline=inline))
    assert value(parsed, "members") == members
    assert parsed.sheet.struck_rows == struck
    assert not kinds(parsed)


def test_a_word_a_title_and_a_code_are_read_without_what_is_struck() -> None:
    parsed = read(
        book({
            "A1": run("2026年") + run("9", STRUCK) + run("10月"),
            "E3": run("一档", STRUCK) + run("二档"),
            "A4": run("440703100009", STRUCK) + run("440703100002"),
            "D2": run("支出", STRUCK) + run("收入"),
        })
    )  # fmt: skip
    assert parsed.sheet.title_texts == ("2026年10月",)
    assert value(parsed, "grade") == "二档"
    assert value(parsed, FORM.key, 1) == "440703100002"
    assert parsed.sheet.struck_rows == 2


def test_a_piece_without_a_look_of_its_own_has_that_of_its_cell() -> None:
    pieces = {"C3": run("12", None) + run("15"), "C4": run("1", None) + run("2", None)}
    parsed = read(book(pieces, struck=("C3", "C4")))
    assert value(parsed, "members") == 15
    assert value(parsed, "members", 1) == 12
    assert parsed.sheet.struck_rows == 2


@pytest.mark.parametrize("inline", [False, True])
@pytest.mark.parametrize("look", [RAISED, LOWERED])
@pytest.mark.parametrize(
    ("cell", "number", "field"),
    [
        ("C3", "12", "members"),
        ("D3", "712.5", "income"),
        ("F3", "2026-12-1", "due"),
        ("F3", "2026-12", "due"),
    ],
)
def test_a_raised_or_lowered_digit_is_none_of_the_number(
    cell: str, number: str, field: str, look: str, inline: bool
) -> None:
    """As `12²` written with the character: the cell goes back."""
    parsed = read(book({cell: run(number) + run("2", look)}, inline=inline))
    assert value(parsed, field) is None
    assert kinds(parsed) == ["type"]
    assert value(parsed, "income", 1) == Decimal("7.5")


def test_a_raised_mark_behind_a_header_or_a_name_is_read_as_before() -> None:
    parsed = read(book({"B3": run("甲村") + run("1", RAISED), "C2": run("党员", BOLD) + run("①", RAISED)}))
    assert parsed.rows.num_rows == 4
    assert not kinds(parsed)


@pytest.mark.parametrize("inline", [False, True])
@pytest.mark.parametrize("struck", ["440784199001011238", "13800138000", "张伟强"])
def test_what_may_be_a_persons_is_screened_though_it_is_struck(struck: str, inline: bool) -> None:
    content = book({"B3": run(struck, STRUCK) + run("村")}, inline=inline)
    grid = read_grids(content, "xlsx", COUNTY, ["village"], titles={"village": "行政村"})["village"]
    assert grid.row_text(2)[1] == f"{struck}村"


@pytest.mark.parametrize(
    "error", ["#GETTING_DATA", "#SPILL!", "#CALC!", "#FIELD!", "#BUSY!", "#n/a", "Err:502", "#N/A"]
)
@pytest.mark.parametrize("formula", ["", "<f>A1</f>", "<f/>"])
def test_an_error_of_any_program_is_its_cells(error: str, formula: str) -> None:
    content = changed(
        book({}),
        lambda sheet: re.sub(
            r'<c r="C3"[^>]*>.*?</c>', f'<c r="C3" t="e">{formula}<v>{error}</v></c>', sheet
        ),
    )
    parsed = read(content)
    assert kinds(parsed) == ["error"]
    assert value(parsed, "members", 1) == 21
    (other,) = parsing.other_grids(content, "xlsx", {})
    assert other.row_text(2)[2].startswith("#")
