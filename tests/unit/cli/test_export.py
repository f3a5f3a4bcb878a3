"""`--export FILE`: what a spreadsheet program finds in the file."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from qiangji.cli import export
from qiangji.cli.common import require_place
from qiangji.errors import UsageError

ROWS: list[dict[str, Any]] = [
    {
        "indicator_code": "share", "org_code": "440703001001", "value": Decimal("33.3300"), "has_warning": True,
        "built_at": datetime(2026, 11, 28, 16, 30, tzinfo=UTC), "due_date": date(2026, 11, 6), "causes": ["a", "b"],
        "reason": "=HYPERLINK(\"x\")",
    },
    {"indicator_code": "+1+1", "org_code": "-", "value": None, "has_warning": False, "reason": "@x\x00", "more": "-5"},
]  # fmt: skip
HEADINGS = ["指标代码 indicator_code", "单位代码 org_code"]


def test_a_csv_has_the_mark_that_excel_looks_for_and_no_formula(tmp_path: Path) -> None:
    export.write(tmp_path / "x.csv", ROWS)
    assert (tmp_path / "x.csv").read_bytes().startswith("\ufeff".encode())
    with (tmp_path / "x.csv").open(encoding="utf-8-sig", newline="") as source:
        head, first, second = csv.reader(source)
    assert head[:2] == HEADINGS
    assert head[-1] == "more"
    assert first[2:] == [
        "33.3300",
        "TRUE",
        "2026-11-29 00:30:00",
        "2026-11-06",
        "a; b",
        '\'=HYPERLINK("x")',
        "",
    ]
    assert second == ["'+1+1", "-", "", "FALSE", "", "", "", "'@x", "-5"]


def test_a_workbook_has_codes_as_text_and_values_as_numbers(tmp_path: Path) -> None:
    export.write(tmp_path / "x.XLSX", ROWS)
    head, first, second = openpyxl.load_workbook(tmp_path / "x.XLSX").active.values
    assert list(head[:2]) == HEADINGS
    assert first[1:5] == ("440703001001", 33.33, True, datetime(2026, 11, 29, 0, 30))
    assert first[7] == '\'=HYPERLINK("x")'
    assert (second[0], second[2], second[7]) == ("'+1+1", None, "'@x")


@pytest.mark.parametrize(("name", "code"), [("x.txt", "unknown_kind"), ("none/x.csv", "no_place")])
def test_a_file_that_cannot_be_is_refused_at_once(tmp_path: Path, name: str, code: str) -> None:
    with pytest.raises(UsageError) as e:
        require_place(tmp_path / name)
    assert e.value.code == code
    require_place(tmp_path / "x.csv")
    require_place(None)


def test_more_rows_than_a_sheet_holds_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "MOST_LINES", 2)
    with pytest.raises(UsageError, match="more than a sheet holds"):
        export.write(tmp_path / "x.xlsx", ROWS)
    export.write(tmp_path / "x.csv", ROWS)


def test_without_rows_there_is_no_file_and_the_command_says_why(tmp_path: Path) -> None:
    assert not export.given([], False, tmp_path / "x.csv")
    assert not (tmp_path / "x.csv").exists()
    assert export.given(ROWS, False, tmp_path / "x.csv")
    assert export.given([], True, None)
    assert not export.given(ROWS, False, None)


CODED: list[dict[str, Any]] = [
    {
        "form": "village", "unit": "ten_thousand_yuan", "period_type": "ytd", "org_level": "town", "severity": "info",
        "disposition": "open", "causes": ["late_arrival", "other"], "direction": "up", "status": "partial",
    },
    {"form": "no_such_form", "unit": None, "causes": []},
]  # fmt: skip


def test_a_workbook_has_words_and_a_csv_has_keys(tmp_path: Path) -> None:
    export.write(tmp_path / "x.xlsx", CODED)
    export.write(tmp_path / "x.csv", CODED)
    head, first, second = openpyxl.load_workbook(tmp_path / "x.xlsx").active.values
    assert head[1] == "计量单位 unit"
    assert first[:4] == ("行政村党建月报表", "万元", "年初至今", "镇街")
    assert first[4:] == ("提示", "待核", "逾期报送; other", "越高越好", "partial")
    assert second[:2] == ("no_such_form", None)
    with (tmp_path / "x.csv").open(encoding="utf-8-sig", newline="") as source:
        keys = list(csv.reader(source))[1]
    assert keys == [
        "village",
        "ten_thousand_yuan",
        "ytd",
        "town",
        "info",
        "open",
        "late_arrival; other",
        "up",
        "partial",
    ]
