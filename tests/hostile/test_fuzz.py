"""A short run of the fuzzer, and a test that it notices faults. `make fuzz` runs ten thousand cases."""

from __future__ import annotations

from typing import Any

import pytest

from qiangji.parsing import read_form, read_grids
from qiangji.periods import Period
from tests.hostile import fuzz, plain
from tests.hostile.files import FORM, PERIOD, book, county, csv_of


@pytest.mark.usefixtures("servers")  # for its time: it starts nothing
def test_nothing_crashes_hangs_or_is_read_wrongly() -> None:
    tally = fuzz.run(seed=1, cases=1500)
    assert tally.cases == 1500
    assert (tally.crashes, tally.hangs, tally.wrong) == ([], [], [])
    assert tally.rows > 500  # a reader that refuses everything would pass
    assert {"read", "bad_encoding", "unreadable_file", "ragged_rows", "truncated"} <= set(tally.outcomes)


@pytest.mark.parametrize("change", [(31, 37), ("1,234.56", "1,234.57"), ("是", "否")])
def test_the_plain_reader_tells_another_value(change: tuple[Any, Any]) -> None:
    row = ["440703101201", "甲", 31, '"1,234.56"', "是", "2026-09-30"]
    content = csv_of([row])
    other = content.replace(str(change[0]).encode(), str(change[1]).encode())
    grids = read_grids(content, "csv", county(), ["village"])
    rows = [
        fuzz.comparable(r)
        for r in fuzz.accepted(read_form(grids["village"], FORM, county(), Period.parse(PERIOD)))
    ]
    good = fuzz.Good(content, "csv")
    assert rows == fuzz.said(good, content)
    assert rows != fuzz.said(good, other)


@pytest.mark.usefixtures("servers")  # a process of its own
def test_the_fuzzer_notices_a_reader_that_takes_damaged_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that replaces undecodable bytes, and one that mistakes one workbook for another."""
    lenient = fuzz.read

    def careless(good: fuzz.Good, content: bytes) -> Any:
        if good.kind == "csv":
            content = content.decode(good.encoding, "replace").encode(good.encoding, "replace")
        return lenient(good, content)

    monkeypatch.setattr(fuzz, "read", careless)
    assert fuzz.run(seed=1, cases=400).wrong


def test_the_plain_reader_reads_what_it_should() -> None:
    assert plain.number("１，２３４．５％", 4, False) is not None
    assert plain.number("1e3", 0, False) is plain.NoValue
    assert plain.number("12.5%", 0, False) is plain.NoValue
    assert plain.day("2026-02-30") is plain.NoValue
    assert plain.truth("也许") is plain.NoValue
    assert book()
