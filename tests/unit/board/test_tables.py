"""Tables as files: numbers stay numbers, texts that look like formulas are disarmed, times are the counties'."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from decimal import Decimal

import openpyxl

from qiangji.board.state import State
from qiangji.board.tables import Table, of_rows, written

TABLE = Table(
    "t",
    ["=heading", "value"],
    [
        ["=1+1", Decimal("-1.50")],
        ["+cmd", None],
        [" ＝cmd|x", True],
        ["@SUM(A1)", datetime(2026, 1, 2, 0, 0, 5, tzinfo=UTC)],
        ["\tx\x07", ["a", "b"]],
    ],
    ["=note"],
)


def test_a_csv_reads_back_without_a_formula() -> None:
    text = written(TABLE, "csv", "Asia/Shanghai").decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["'=heading", "value"]
    assert rows[1] == ["'=1+1", "-1.50"], "a negative number stays one"
    assert rows[2] == ["'+cmd", ""]
    assert rows[3][0].startswith("'")
    assert rows[3][1] == "TRUE"
    assert rows[4] == ["'@SUM(A1)", "2026-01-02 08:00:05"]
    assert rows[5][0].startswith("'")
    assert rows[5][1] == "a; b"


def test_a_workbook_reads_back_without_a_formula_and_with_its_notes() -> None:
    book = openpyxl.load_workbook(io.BytesIO(written(TABLE, "xlsx", "Asia/Shanghai")))
    data, notes = book.worksheets
    cells = [[c.value for c in row] for row in data.iter_rows()]
    assert cells[1] == ["'=1+1", -1.5]
    assert not any(c.data_type == "f" for row in data.iter_rows() for c in row)
    assert notes["A1"].value == "'=note"


def test_headings_are_words_and_keys() -> None:
    rows = [{"indicator_code": "x", "value": Decimal(1), "band": "red", "other": 1}]
    assert list(of_rows("n", rows, State(lang="zh")).headings) == [
        "指标代码 indicator_code", "指标值 value", "评价 band",
    ]  # fmt: skip
    assert of_rows("n", rows, State(lang="en")).headings[0] == "code of the indicator indicator_code"


def test_json_has_rows_by_key_with_all_digits() -> None:
    moment = datetime(2026, 1, 2, 0, 0, 5, tzinfo=UTC)
    rows = [{"indicator_code": "=x", "value": Decimal("0.100000"), "built_at": moment}]
    found = json.loads(written(of_rows("n", rows, State(lang="en")), "json", "Asia/Shanghai"))
    assert found["rows"] == [
        {"indicator_code": "=x", "value": "0.100000", "built_at": "2026-01-02T08:00:05+08:00"}
    ]
    assert [c["key"] for c in found["columns"]] == ["indicator_code", "value", "built_at"]
    assert found["notes"]
