"""A report held against the unit's own history: what is usual there, and the season of the year before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qiangji.catalogue.load import Catalogue, load
from qiangji.checking import contextual
from qiangji.lake import Lake
from qiangji.periods import Period
from tests.golden import world
from tests.unit.checking.records import FEBRUARY, INDICATORS, MARCH, TREE, A, Record

BETWEEN = "expect_column_values_to_be_between"
HISTORY: dict[str, Any] = {
    "h": {
        "fields": {"n": {}, "trees": {"kind": "ytd"}},
        "expectations": [
            {
                "field": "n", "rule": "no_jump", "type": BETWEEN,
                "kwargs": {"column": "_change_n", "min_value": -0.3, "max_value": 0.3},
            },
            {"field": "n", "rule": "as_usual", "type": BETWEEN, "kwargs": {"column": "_z_n", "max_value": 3.5}},
            {
                "field": "trees", "rule": "as_last_year", "type": BETWEEN,
                "kwargs": {"column": "_year_trees", "max_value": 1},
            },
        ],
    },
}  # fmt: skip


@pytest.fixture
def long(tmp_path: Path) -> tuple[Catalogue, Record, str]:
    made = world.make(tmp_path / "long", TREE, HISTORY, [dict(INDICATORS[0], code="h") | {
        "numerator": {"form": "h", "sum": "n"}, "denominator": {"form": "h", "count": "rows"},
    }])  # fmt: skip
    return load(made.catalogue, made.expectations), Record(Lake(tmp_path / "l"), made.codes), made.codes["V"]


def _year(record: Record, values: list[int | None], last: Period = MARCH) -> None:
    for back, value in enumerate(reversed(values)):
        record.put("h", last - back, A, units=["V"], n=[value], trees=[0])


def test_a_jump_out_of_the_own_history_is_found_with_what_is_usual(
    long: tuple[Catalogue, Record, str],
) -> None:
    catalogue, record, unit = long
    _year(record, [31, 34, 38, 40, 39, 33, 81])
    work = contextual.stale(catalogue, record.current, {}, [MARCH])
    ((one,),) = contextual.findings(catalogue, record.lake, record.current, work).values()
    assert (one.unit_code, one.rule, one.words.value) == (unit, "h.n.as_usual", "81")


def test_within_it_a_wide_step_is_none(long: tuple[Catalogue, Record, str]) -> None:
    """A unit that moves much by nature is not held to the change from one month to the next."""
    catalogue, record, _ = long
    _year(record, [31, 60, 38, 55, 39, 33, 60])
    assert record.findings(catalogue, MARCH) == {}


@pytest.mark.parametrize("values", [[40, 60], [40, 40, 40, 40, 40, 40, 60], [None, 41, 42, 39, 41, 40, 60]])
def test_without_a_history_that_moves_the_change_is_judged(
    long: tuple[Catalogue, Record, str], values: list[int | None]
) -> None:
    catalogue, record, unit = long
    _year(record, values)
    assert list(record.findings(catalogue, MARCH)) == [(unit, "h.n.no_jump")]


def test_a_field_with_seasons_is_held_against_the_same_month_of_the_year_before(
    long: tuple[Catalogue, Record, str],
) -> None:
    catalogue, record, unit = long
    record.put("h", MARCH - 12, A, units=["V"], n=[1], trees=[100])
    record.put("h", FEBRUARY, A, units=["V"], n=[1], trees=[1])
    record.put("h", MARCH, A, units=["V"], n=[1], trees=[201])
    assert record.findings(catalogue, MARCH) == {(unit, "h.trees.as_last_year"): "201 (+101%)"}
    record.put("h", MARCH, A, units=["V"], n=[1], trees=[200])
    assert record.findings(catalogue, MARCH) == {}


def test_a_correction_anywhere_in_the_history_is_a_reason_to_look_again(
    long: tuple[Catalogue, Record, str],
) -> None:
    catalogue, record, _ = long
    _year(record, [31, 34, 38, 40, 39, 33, 35])
    work = contextual.stale(catalogue, record.current, {}, [MARCH])
    seen = {(w.form.form, str(w.period), w.county): w.signature for w in work}
    assert contextual.stale(catalogue, record.current, seen, [MARCH]) == []
    record.put("h", MARCH - 6, A, units=["V"], n=[32], trees=[0])
    assert [w.period for w in contextual.stale(catalogue, record.current, seen, [MARCH])] == [MARCH]
    record.put("h", MARCH - 13, A, units=["V"], n=[32], trees=[0])
    work = contextual.stale(catalogue, record.current, {}, [MARCH])
    seen = {(w.form.form, str(w.period), w.county): w.signature for w in work}
    record.put("h", MARCH - 13, A, units=["V"], n=[99], trees=[0])
    assert contextual.stale(catalogue, record.current, seen, [MARCH]) == []
