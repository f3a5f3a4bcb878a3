"""Quotation marks anywhere in a CSV: a row that is read is the row that its line says."""

from __future__ import annotations

import csv
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qiangji.errors import ReturnedError
from qiangji.parsing import Grid, csv_file

LINES = [f"44070310{i:04},村{i},{i},{i + 1},,{i + 2},是,," for i in range(8)]
WIDTH = 9


def read_or_none(text: str) -> Grid | None:
    try:
        return csv_file.read(text.encode(), "utf-8")
    except ReturnedError:
        return None


@settings(deadline=None)
@given(
    places=st.lists(
        st.tuples(st.integers(0, 7), st.integers(0, 40), st.sampled_from(['"', '""'])), max_size=4
    )
)
def test_a_row_that_is_read_is_what_its_own_line_says(places: list[tuple[int, int, str]]) -> None:
    lines = list(LINES)
    for row, at, mark in places:
        lines[row] = lines[row][:at] + mark + lines[row][at:]
    grid = read_or_none("\r\n".join(lines))
    if grid is None:
        return
    found: list[Any] = [grid.row_text(i) for i in range(grid.cells.num_rows)]
    alone = [next(csv.reader([line], strict=True)) for line in lines]
    assert [row[: len(a)] for row, a in zip(found, alone, strict=True)] == alone
    ragged = {i: len(a) for i, a in enumerate(alone, 1) if len(a) != max(map(len, alone))}
    assert dict(grid.ragged) == ragged


@pytest.mark.parametrize("first", range(2, WIDTH * 2, 3))
@pytest.mark.parametrize("second", range(2, WIDTH * 2, 3))
def test_a_mark_that_opens_in_one_line_and_closes_in_the_next_is_found(first: int, second: int) -> None:
    """Even where what stands behind the second mark is a separator: that is good CSV to every reader."""
    cells = [line.split(",") for line in LINES[:4]]
    one, other = first % WIDTH, second % WIDTH
    cells[1][one] = '"' + cells[1][one]
    cells[2][other] += '"'
    with pytest.raises(ReturnedError, match="quotation mark"):
        csv_file.read("\n".join(map(",".join, cells)).encode(), "utf-8")


def test_a_file_in_which_all_cells_are_quoted_is_not_gone_through_cell_by_cell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = [
        ",".join(f'"{cell}"' for cell in (f"44070300100{n:03}", f'第{n}组 ""甲"", 乙', n)) for n in range(99)
    ]

    def refused(*_: object) -> None:
        raise AssertionError("cell by cell")

    monkeypatch.setattr(csv_file, "_check_quotes", refused)
    grid = csv_file.read("\r\n".join(lines).encode(), "utf-8")
    assert grid.cells.num_rows == 99
    assert grid.cells.column(1)[0].as_py() == '第0组 "甲", 乙'
    with pytest.raises(AssertionError, match="cell by cell"):
        csv_file.read("\n".join([*lines, '"1","a\nb",2']).encode(), "utf-8")
