"""What the commands share."""

from __future__ import annotations

import logging

import pytest
import typer
from rich.console import Console
from rich.table import Column

from qiangji.cli.common import as_period, as_periods, exit_on, only_errors_logged, right, table, unbroken


def printed(*columns: str | Column, row: tuple[str, ...], width: int) -> str:
    shown = table("标题 Title", *columns)
    shown.add_row(*row)
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(shown)
    return capture.get()


def test_a_heading_breaks_a_long_word_and_a_column_cuts_it_off() -> None:
    text = printed("broken", Column("cut"), row=("abcdefghijklmnopqrst", "ABCDEFGHIJKLMNOPQRST"), width=25)
    assert text.startswith("标题 Title")
    assert "…" in text
    assert "ABCDEFGHIJKLMNOPQRST" not in "".join(text.split())
    lower = "".join(c for c in text.partition("cut")[2] if c.islower())
    assert lower == "abcdefghijklmnopqrst"


def test_numbers_stand_at_the_right_and_a_code_stays_on_one_line() -> None:
    text = printed(*right("rows"), unbroken("id"), "why", row=("7", "1f0c 22aa", "a b c d e f g"), width=28)
    assert "│    7 │ 1f0c 22aa │" in text


def test_periods_of_options() -> None:
    assert [str(p) for p in as_periods(["2026-09..2026-10", "2026Q3"])] == ["2026-09", "2026-10", "2026Q3"]
    assert as_periods(None) == []
    assert as_period(None) is None
    assert as_period("2026Q3") == "2026Q3"


def test_exit_code_3_only_where_there_is_something() -> None:
    exit_on([])
    exit_on(False)
    with pytest.raises(typer.Exit) as ended:
        exit_on(["late"])
    assert ended.value.exit_code == 3


def test_only_errors_are_logged_within_the_block_and_what_was_logged_before_it_after() -> None:
    logger = logging.getLogger("qiangji")
    before = logger.level
    with only_errors_logged():
        assert logger.level == logging.ERROR
    assert logger.level == before
