"""Rows that were filled down, and rows that are alike by chance."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from qiangji.catalogue.load import Catalogue, load
from qiangji.checking import Checked, rows_alike
from qiangji.parsing import Parsed
from qiangji.parsing.problems import PROBLEMS
from tests.golden import world
from tests.unit.checking.reports import as_csv, judged, part_of

FIELDS = {
    "members": {"unit": "person"},
    "women": {"unit": "person"},
    "groups": {},
    "trees": {},
    "income": {"type": "decimal", "unit": "ten_thousand_yuan"},
    "is_head": {"type": "boolean"},
}
Row = Sequence[Any]
VILLAGES = [f"V{i}" for i in range(30)]
FULL: Row = (65, 18, 5, 120, 579.01, True)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    made = world.make(
        tmp_path_factory.mktemp("alike"), {"Z": {"A": {"T": VILLAGES}}}, {"f": {"fields": FIELDS}}, []
    )
    return load(made.catalogue, made.expectations)


def others(n: int, first: int = 0) -> list[Row]:
    return [(30 + i, 7 + i % 9, 3, 40 + 3 * i, 100.5 + i, False) for i in range(first, first + n)]


def found(catalogue: Catalogue, rows: Sequence[Row], codes: Sequence[str] = ()) -> list[tuple[str, str]]:
    form = catalogue.forms["f"]
    types = [pa.int64()] * 4 + [pa.decimal128(18, 4), pa.bool_()]
    cells = zip(*([*r[:4], None if r[4] is None else Decimal(str(r[4])), r[5]] for r in rows), strict=True)
    columns = {n: pa.array(c, t) for n, c, t in zip(FIELDS, cells, types, strict=True)}
    keys = codes or [f"{i:03}" for i in range(len(rows))]
    table = pa.table({form.key: keys, **columns})
    one = Checked(part_of("990001", "f"), Parsed(table, table, PROBLEMS.empty_table()))
    return [(f.rule.rpartition(".")[2], str(f.words.value)) for f in rows_alike.findings(one, form, table)]


@pytest.mark.parametrize("copies", [1, 2, 6, 11, 21, 29])
def test_rows_that_were_filled_down_are_told_once(catalogue: Catalogue, copies: int) -> None:
    rows = [*others(4)[: 29 - copies], FULL, *[FULL] * copies, *others(25 - copies, 4)]
    assert found(catalogue, rows) == [("rows_filled_down", str(copies))]


def test_two_runs_are_one_finding(catalogue: Catalogue) -> None:
    rows = [FULL, FULL, *others(5), *[others(1, 40)[0]] * 3]
    assert found(catalogue, rows) == [("rows_filled_down", "3")]


@pytest.mark.parametrize(
    "row",
    [
        (0, 0, 0, 0, 0, False),
        (None, None, None, None, None, None),
        (65, 18, 0, 0, 579.01, True),  # three numbers
        (9, 3, 5, 7, 579.01, True),  # small counts
        (65, 3, 5, 7, 579.01, True),  # two large ones, of two rows
    ],
)
def test_two_rows_that_say_little_are_alike_by_chance(catalogue: Catalogue, row: Row) -> None:
    assert found(catalogue, [*others(5), row, row, *others(9, 9)]) == []


def test_more_rows_need_to_say_less(catalogue: Catalogue) -> None:
    row: Row = (65, 3, 5, 7, 579.01, True)
    assert found(catalogue, [*others(5), row, row, row]) == [("rows_filled_down", "2")]


@pytest.mark.parametrize(("at", "value"), [(0, 66), (4, 579.02), (4, None), (5, False), (5, None)])
def test_rows_that_differ_in_one_answer_are_not_alike(catalogue: Catalogue, at: int, value: Any) -> None:
    other = [*FULL[:at], value, *FULL[at + 1 :]]
    assert found(catalogue, [FULL, other, *others(5)]) == []


def test_rows_apart_and_rows_of_one_code_are_not_filled_down(catalogue: Catalogue) -> None:
    assert found(catalogue, [FULL, *others(5), FULL]) == []
    assert found(catalogue, [FULL, FULL, *others(2)], ["001", "001", "002", "003"]) == []


def test_a_number_that_most_units_have_says_nothing(catalogue: Catalogue) -> None:
    """Where each unit has to plant 120 trees and train 50, these two are no sign."""
    rows = [(30 + i, 50, 3, 120, 100.5 + i, False) for i in range(10)]
    assert found(catalogue, [*rows, rows[-1]]) == []
    assert found(catalogue, [*rows, rows[-1], rows[-1]]) == [("rows_filled_down", "2")]


def test_an_empty_answer_is_like_another(catalogue: Catalogue) -> None:
    row: Row = (65, 18, 5, 120, None, None)
    assert found(catalogue, [*others(3), row, row]) == [("rows_filled_down", "1")]
    assert found(catalogue, [FULL]) == []


def rules(catalogue: Catalogue, rows: Sequence[tuple[str, Row]]) -> tuple[int, list[str]]:
    """How many rows of a report are accepted, and what is found; a row has a village's place, or a text, as code."""
    codes = [u.code for u in catalogue.org if u.level == "village"]
    lines = [[codes[int(code)] if code.isdecimal() else code, *map(str, row)] for code, row in rows]
    (one,) = judged(catalogue, {"990001": as_csv([["unit_code", *FIELDS], *lines])})
    assert one.accepted is not None
    return one.accepted.num_rows, [f.rule.rpartition(".")[2] for f in one.findings]


@pytest.mark.parametrize("total", ["合计", "汇总", "某镇小计"])
def test_a_total_of_one_row_that_goes_back_is_no_copy(catalogue: Catalogue, total: str) -> None:
    few: Row = (30, 7, 3, 40, 100.5, False)
    assert rules(catalogue, [("0", FULL), (total, FULL)]) == (1, [])
    assert rules(catalogue, [("0", few), ("1", FULL), (total, FULL), ("2", (31, *few[1:]))]) == (3, [])


def test_a_copy_behind_a_row_that_goes_back_is_told(catalogue: Catalogue) -> None:
    assert rules(catalogue, [("0", FULL), ("无此代码", FULL), ("1", FULL)]) == (2, ["rows_filled_down"])


def test_a_row_that_goes_back_hides_no_column_that_was_filled_down(catalogue: Catalogue) -> None:
    rows = [(str(i), (2000, *row[1:])) for i, row in enumerate(others(25))]
    assert rules(catalogue, [*rows, ("合计", (50000, *FULL[1:]))]) == (25, ["row_numbers", "one_value"])
