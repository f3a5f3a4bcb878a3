"""Files as counties write them: totals, files cut off, workbooks that other programs read."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from decimal import Decimal

import openpyxl

from simulator import Simulator, rendering
from simulator.forms import FORMS
from simulator.workbook import Sheet, letter, workbook


def test_totals_are_those_of_what_is_written(prepared: Simulator) -> None:
    """As a spreadsheet's SUM: text counts nothing; duplicates and other counties' rows count."""
    for (county, form, period), held in prepared._held.items():
        if county != "440705" or held.wrong_total:
            continue
        rows = rendering.titled_sheet(held).rows
        above = 2 if held.look.is_untitled else 3
        at = next(index for index, row in enumerate(rows) if "合计" in row)
        for column in range(3, len(rows[at])):
            if rows[at][column] is not None:
                total = sum(
                    Decimal(str(row[column]))
                    for row in rows[above:at]
                    if isinstance(row[column], int | float)
                )
                assert Decimal(str(rows[at][column])) == total, (form, period, column)


def test_a_cut_file_ends_inside_a_row(prepared: Simulator) -> None:
    for form in FORMS.values():
        if form.period_type == "quarter":
            continue
        held = prepared._held["440781", form.code, "2026-07"]
        text = rendering.csv_text(held, rendering.hand_written, "\r\n")
        cut = list(csv.reader(io.StringIO(rendering.cut_text(text))))
        assert len(cut[-1]) == 2
        assert all(len(row) == len(cut[0]) for row in cut[:-1])
        assert 0.4 < len(cut) / (len(held.rows) + held.look.garbled + 1) < 0.8


def test_the_workbook_writer_writes_what_others_read() -> None:
    sheets = [
        Sheet("字典", [["甲"]], is_hidden=True),
        Sheet(
            "表",
            [["题", None], ["<a&b>", 12], [" 1,234 ", 1.25], [date(2026, 9, 30), -3]],
            merges=[(1, 1, 1, 2)],
        ),
    ]
    content = workbook(sheets)
    assert content == workbook(sheets)
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book["字典"].sheet_state == "hidden"
    read = [list(row) for row in book["表"].iter_rows(values_only=True)]
    assert read[3] == [datetime(2026, 9, 30), -3]
    assert read[:3] == sheets[1].rows[:3]
    assert [str(each) for each in book["表"].merged_cells.ranges] == ["A1:B1"]
    assert [letter(number) for number in (1, 26, 27, 52, 53, 703)] == ["A", "Z", "AA", "AZ", "BA", "AAA"]
