"""File kinds into grids: encodings, workbooks by sheet name, NDJSON; damaged files are returned, nothing is guessed."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from qiangji.catalogue.models import County
from qiangji.errors import ReturnedError
from qiangji.parsing import Grid, read_grids
from qiangji.parsing.archive import MAX_CELLS
from qiangji.text import as_text


def county(**more: Any) -> County:
    return County(county="440703", transport="folder", path="x", files="{form}", **more)


def cells(grid: Grid) -> list[list[str | None]]:
    return [list(row.values()) for row in grid.cells.to_pylist()]


def csv_cells(content: bytes, encoding: str = "utf-8") -> list[list[str | None]]:
    return cells(read_grids(content, "csv", county(encoding=encoding), ["village"])["village"])


def refused(content: bytes, kind: Any, **more: Any) -> ReturnedError:
    with pytest.raises(ReturnedError) as caught:
        read_grids(content, kind, county(**more), ["village"])
    assert caught.value.zh
    return caught.value


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("村,数\n甲,1\n".encode(), "utf-8"),
        ("村,数\r\n甲,1\r\n".encode("utf-8-sig"), "utf-8"),
        ("村,数\n甲,1".encode("gb18030"), "gb18030"),
        ("\ufeff村,数\n甲,1\n".encode("gb18030"), "gb18030"),
        ("村,数\n甲,1\n".encode("utf-8-sig"), "gb18030"),
    ],
)
def test_csv_in_the_declared_encoding_with_or_without_a_mark(content: bytes, encoding: str) -> None:
    assert csv_cells(content, encoding) == [["村", "数"], ["甲", "1"]]


@pytest.mark.parametrize(
    ("encoding", "cut"), [("utf-8", 1), ("utf-8", 2), ("utf-8-sig", 1), ("utf-8-sig", 2), ("gb18030", 1)]
)
def test_a_csv_that_is_cut_within_its_last_character_is_truncated(encoding: str, cut: int) -> None:
    """Saving what is left in another encoding would mend nothing."""
    content = "村,是否\n甲,是\n乙,是".encode(encoding)[:-cut]
    error = refused(content, "csv", encoding=encoding.removesuffix("-sig"))
    assert error.code == "truncated"
    assert "重新完整上传" in error.zh


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("村庄,是否\n甲村,是".encode(), "gb18030"),
        ("村,数\n甲,1".encode("gb18030"), "utf-8"),
        ("村,数\n甲,是".encode("gb18030"), "utf-8"),
        ("村,数\n甲,".encode() + "是".encode("gb18030"), "utf-8"),
    ],
)
def test_a_csv_in_another_encoding_is_told_so_also_at_its_end(content: bytes, encoding: str) -> None:
    assert refused(content, "csv", encoding=encoding).code == "bad_encoding"


def test_csv_keeps_texts_as_they_are_and_empty_cells_as_null() -> None:
    assert csv_cells(b'a,"1,234",,\n" x ","two\nlines","",NULL\n') == [
        ["a", "1,234", None, None],
        [" x ", "two\nlines", None, "NULL"],
    ]


def test_csv_with_rows_of_different_lengths_keeps_every_cell_and_every_row_number() -> None:
    grid = read_grids("标题\na,b,c\n\n1,2,3\n填表人：某\n".encode(), "csv", county(), ["village"])["village"]
    assert cells(grid)[3] == ["1", "2", "3"]
    assert grid.cells.num_rows == 5
    assert grid.ragged == ((1, 1), (5, 1))


def test_a_wrong_encoding_names_the_byte_and_shows_nothing_of_the_text() -> None:
    secret = "13800138000"
    error = refused(f"a,{secret}\n".encode() + "甲".encode("gb18030"), "csv")
    assert error.code == "bad_encoding"
    assert "byte offset 14 of 16" in str(error)
    assert secret not in str(error) + error.zh
    assert error.__cause__ is None
    assert error.__context__ is None


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("a,b\n".encode("utf-16"), "bad_encoding"),
        (b"a,\x00b\n", "nul_byte"),
        (b"PK\x03\x04whatever", "wrong_file_kind"),
        (b"%PDF-1.7", "wrong_file_kind"),
    ],
)
def test_what_is_no_csv_is_returned(content: bytes, code: str) -> None:
    assert refused(content, "csv").code == code


def workbook(sheets: dict[str, list[list[object]]], hidden: tuple[str, ...] = ()) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        if name in hidden:
            sheet.sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_sheets_are_found_by_name_and_a_hidden_first_one_is_not_taken() -> None:
    content = workbook(
        {"字典": [["x"]], "社区": [["c"]], "行政村": [["v"]]},
        hidden=("字典",),
    )
    grids = read_grids(
        content, "xlsx", county(sheets={"village": "行政村", "community": " 社区"}), ["village", "community"]
    )
    assert {form: (grid.sheet, grid.form, cells(grid)) for form, grid in grids.items()} == {
        "village": ("行政村", "village", [["v"]]),
        "community": ("社区", "community", [["c"]]),
    }


def test_a_single_visible_sheet_needs_no_name_and_several_need_one_or_the_forms_title() -> None:
    one = workbook({"字典": [["x"]], "Sheet9": [["v"]]}, hidden=("字典",))
    assert cells(read_grids(one, "xlsx", county(), ["village"])["village"]) == [["v"]]
    several = workbook({"说明": [["x"]], "行政村月报表": [["v"]]})
    titled = read_grids(several, "xlsx", county(), ["village"], titles={"village": "行政村月报表"})
    assert cells(titled["village"]) == [["v"]]
    nameless = read_grids(several, "xlsx", county(), ["village"])["village"]
    assert nameless.error is not None
    assert nameless.error.code == "missing_sheet"


@pytest.mark.parametrize("name", ["两企三新党建季报表", "“两企三新”党建季报表", "「两企三新」党建 季报表"])
def test_quotation_marks_make_no_other_sheet(name: str) -> None:
    """Programs and clerks leave them out of a sheet's name."""
    titles, form = {"f": "“两企三新”党建季报表"}, ["f"]
    besides: tuple[dict[str, list[list[object]]], ...] = (
        {},
        {"封面": [["x"]]},
        {"填报说明": [["x"]], "封面": [["x"]]},
    )
    for beside in besides:
        content = workbook({**beside, name: [["v"]]})
        assert cells(read_grids(content, "xlsx", county(), form, titles=titles)["f"]) == [["v"]]
        declared = read_grids(content, "xlsx", county(sheets={"f": titles["f"]}), form)
        assert cells(declared["f"]) == [["v"]]
    hidden = workbook({"封面": [["x"]], "说明": [["x"]], name: [["v"]]}, hidden=(name,))
    error = read_grids(hidden, "xlsx", county(), form, titles=titles)["f"].error
    assert error is not None
    assert "被隐藏" in error.zh


def test_two_sheets_that_differ_in_quotation_marks_alone_are_none() -> None:
    content = workbook({"《两企三新》党建季报表": [["v"]], "‘两企三新’党建季报表": [["w"]]})
    grid = read_grids(content, "xlsx", county(), ["f"], titles={"f": "“两企三新”党建季报表"})["f"]
    assert grid.error is not None
    assert grid.error.code == "missing_sheet"


def test_a_filled_sheet_that_is_hidden_beside_an_empty_one_is_named() -> None:
    """To send the file again, as for an empty one, would not help."""
    content = workbook({"别的": [], "Sheet1": [["v"]]}, hidden=("Sheet1",))
    error = read_grids(content, "xlsx", county(), ["village"])["village"].error
    assert error is not None
    assert error.code == "missing_sheet"
    assert "有数据的工作表“Sheet1”被隐藏：请取消隐藏" in error.zh
    assert "is hidden" in str(error)
    both = workbook({"别的": [], "甲": [["v"]], "乙": [["w"]]}, hidden=("甲", "乙"))
    assert read_grids(both, "xlsx", county(), ["village"])["village"].error is None, "nobody knows which"


@pytest.mark.parametrize("declared", [{}, {"village": "行政村"}])
def test_a_forms_own_sheet_that_is_hidden_is_told_as_such_and_not_as_missing(
    declared: dict[str, str],
) -> None:
    """In a workbook of one form as in one of several."""
    content = workbook({"填表说明": [["x"]], "行政村": [["v"]]}, hidden=("行政村",))
    grid = read_grids(content, "xlsx", county(sheets=declared), ["village"], titles={"village": "行政村"})[
        "village"
    ]
    assert grid.error is not None
    assert grid.error.code == "missing_sheet"
    assert grid.error.zh == "该报表的工作表“行政村”被隐藏：请取消隐藏、核对内容后重报"
    assert "is hidden" in str(grid.error)


def percentages(*cells_: tuple[object, str]) -> list[list[str | None]]:
    """One row of cells (value, number format), as read."""
    book = openpyxl.Workbook()
    for i, (value, shown) in enumerate(cells_, 1):
        cell = book.active.cell(1, i, value)
        cell.number_format = shown
    out = io.BytesIO()
    book.save(out)
    return cells(read_grids(out.getvalue(), "xlsx", county(), ["village"])["village"])


def test_a_number_shown_as_percent_is_the_percentage() -> None:
    assert percentages(
        (0.125, "0.0%"), (0.5, "0%"), (1, "0.00%"), (0.07, "0%"), (-0.3, "0.0%"), (0, "0%")
    ) == [["12.5%", "50%", "100%", "7%", "-30%", "0%"]]
    assert percentages((0.29, "0%"), (0.12345678, "0%"), (12.5, "0.0%"), (1.1 * 3, "0.0%")) == [
        ["29%", "12.345678%", "1250%", "330%"]
    ]
    assert percentages(
        (0.1, "0.00%_);[Red](0.00%)"), (-0.1, "0.00%_);[Red](0.00%)"), (0.2, '_ * 0.0%_ ;"-"')
    ) == [["10%", "-10%", "20%"]]


def test_a_percent_sign_that_is_only_shown_is_none() -> None:
    assert percentages(
        (12.5, '0.0"%"'), (12.5, "0.0\\%"), (12.5, "0.0"), ("12.5%", "0.0%"), (True, "0%")
    ) == [["12.5", "12.5", "12.5", "12.5%", "true"]]
    assert percentages((0.1, "0%;-0"), (-5, "0%;-0")) == [["10%", "-5"]]


def test_a_missing_sheet_fails_alone() -> None:
    content = workbook({"行政村": [["v"]], "填表说明": [["指标解释"]]})
    grids = read_grids(
        content, "xlsx", county(sheets={"village": "行政村", "community": "社区"}), ["village", "community"]
    )
    assert cells(grids["village"]) == [["v"]]
    assert grids["community"].error is not None
    assert grids["community"].error.code == "missing_sheet"
    assert "行政村" in str(grids["community"].error)
    assert "填表说明" not in grids["community"].error.zh + str(grids["community"].error), "it is ours"


def test_numbers_are_exact_text_and_leading_empty_rows_count() -> None:
    rows: list[list[object]] = [
        [None],
        [None, 12.0, 0.1 + 0.2, 44078110001001, True, 1234567.89, "0012", 440703198001011234, 1e-7],
    ]
    grid = read_grids(workbook({"a": rows}), "xlsx", county(), ["village"])["village"]
    assert cells(grid)[1] == [
        None, "12", "0.3", "44078110001001", "true", "1234567.89", "0012", "440703198001011000", "0.0000001",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e15, "1000000000000000"), (-0.0, "0"), (1e22, "10000000000000000000000"), (2.5, "2.5"), ("", None)],
)
def test_as_text_never_uses_an_exponent(value: object, text: str | None) -> None:
    assert as_text(value) == text


def test_damaged_workbooks_are_returned() -> None:
    whole = workbook({"a": [["x"] * 20] * 200})
    for content in (whole[: int(len(whole) * 0.6)], b"not a zip", whole[:100]):
        assert refused(content, "xlsx").code == "unreadable_file"
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("hello.txt", "x")
    assert refused(other.getvalue(), "xlsx").code == "wrong_file_kind"


def test_a_sheet_that_claims_a_large_rectangle_or_holds_a_part_twice_is_not_unpacked() -> None:
    small = workbook({"a": [["x"]]})
    far = _with_part(small, "xl/worksheets/sheet1.xml", lambda x: x.replace(b'r="A1"', b'r="XFD1048576"', 1))
    error = refused(far, "xlsx")
    assert error.code == "too_large"
    assert f"{16384 * 1048576:,} cells" in str(error)
    assert MAX_CELLS < 16384 * 1048576
    twice = io.BytesIO(small)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(twice, "a") as archive:
        archive.writestr("xl/workbook.xml", b"<x/>")
    assert refused(twice.getvalue(), "xlsx").code == "duplicate_member"


def _with_part(content: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename == name:
                changed = change(data)
                assert changed != data
                data = changed.replace(b'<row r="1"', b'<row r="1048576"')
            new.writestr(entry, data)
    return out.getvalue()


def test_ndjson_has_its_keys_as_header_and_canonical_texts() -> None:
    lines = [{"code": "1", "n": 12.0, "ok": True}, {"n": None, "code": "2", "more": [1]}]
    content = "\n".join(json.dumps(line) for line in lines).encode() + b"\n"
    grid = read_grids(content, "ndjson", county(), ["village"])["village"]
    assert cells(grid) == [
        ["code", "n", "ok", "more"],
        ["1", "12", "true", None],
        ["2", None, None, "[1]"],
    ]
    assert grid.header_rows == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"a": 1}\n{"a": ', "unreadable_file"),
        (b"[1]\n", "unreadable_file"),
        (b'{"a": "\xff"}\n', "bad_encoding"),
    ],
)
def test_ndjson_that_cannot_be_read_names_the_line_and_not_its_text(content: bytes, code: str) -> None:
    error = refused(content, "ndjson")
    assert error.code == code
    assert f"line {content.count(b'{') or 1}" in str(error)


def test_parsing_needs_no_dataframe_library(tmp_path: Path) -> None:
    import subprocess
    import sys

    of_the_catalogue = ("yaml", "qiangji.catalogue.load")  # it needs the models alone
    heavy = ("pandas", "great_expectations", "airflow", "python_calamine", *of_the_catalogue)
    code = f"import qiangji.parsing, sys; print([m for m in {heavy} if m in sys.modules])"
    env = {"PYTHONPATH": str(Path(__file__).parents[3] / "plugins"), "PATH": "", "HOME": str(tmp_path)}
    out = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_half_a_character_is_told_as_such_and_not_as_another_encoding() -> None:
    half = refused(b'{"a": "\\ud800"}\n', "ndjson")
    assert (half.code, "转义" in half.zh, "UTF-8" in half.zh) == ("bad_encoding", True, False)
    other = refused('{"a": "村"}\n'.encode("gb18030"), "ndjson")
    assert (other.code, "UTF-8" in other.zh) == ("bad_encoding", True)
