"""Contextual checks: findings that look at the period before or at another form, whatever the order of processing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa

from qiangji.catalogue.load import Catalogue, load
from qiangji.catalogue.suites import Rule
from qiangji.checking import contextual
from qiangji.checking.expectations import Broken, validate
from qiangji.lake import Lake
from qiangji.periods import Period
from tests.conftest import make_workplace
from tests.golden import world
from tests.unit.checking.records import DECEMBER, FEBRUARY, INDICATORS, JANUARY, MARCH, TREE, A, B, Record

BETWEEN, PAIR = "expect_column_values_to_be_between", "expect_column_pair_values_a_to_be_greater_than_b"
FORMS: dict[str, Any] = {
    "g": {"grain": "group", "fields": {"members": {}}},
    "v": {
        "fields": {"done": {"kind": "ytd", "no_fall": True}, "members": {}},
        "expectations": [
            {
                "field": "members", "rule": "no_jump", "type": BETWEEN,
                "kwargs": {"column": "_change_members", "min_value": -0.3, "max_value": 0.3},
            },
            {
                "field": "members", "rule": "covers_groups", "type": PAIR,
                "kwargs": {"column_A": "members", "column_B": "_sum_g_members", "or_equal": True,
                           "ignore_row_if": "either_value_is_missing"},
            },
            {
                "field": "done", "rule": "starts_anew", "type": PAIR,
                "kwargs": {"column_A": "_yearend_done", "column_B": "done",
                           "ignore_row_if": "either_value_is_missing",
                           "row_condition": {"type": "comparison", "column": {"name": "done"}, "operator": ">",
                                             "parameter": 0}},
            },
        ],
    },
}  # fmt: skip
TOWNS: dict[str, Any] = {
    "t": {
        "grain": "town",
        "period_type": "quarter",
        "fields": {"due": {}, "graded": {}},
        "expectations": [
            {
                "field": "due", "rule": "as_groups", "type": PAIR,
                "kwargs": {"column_A": "_sum_g_members", "column_B": "due", "or_equal": True,
                           "ignore_row_if": "either_value_is_missing"},
            },
            {
                "field": "graded", "rule": "covers", "type": PAIR,
                "kwargs": {"column_A": "graded", "column_B": "_count_v_members", "or_equal": True,
                           "ignore_row_if": "either_value_is_missing"},
            },
        ],
    },
}  # fmt: skip


@pytest.fixture
def made(tmp_path: Path) -> world.World:
    return world.make(tmp_path / "world", TREE, FORMS, INDICATORS)


@pytest.fixture
def catalogue(made: world.World) -> Catalogue:
    return load(made.catalogue, made.expectations)


@pytest.fixture
def record(tmp_path: Path, made: world.World) -> Record:
    return Record(Lake(tmp_path / "lake"), made.codes)


def test_a_year_to_date_that_falls_is_found(catalogue: Catalogue, made: world.World, record: Record) -> None:
    record.put("v", JANUARY, A, units=["V", "W"], done=[5, 5], members=[10, 10])
    record.put("v", FEBRUARY, A, units=["V", "W"], done=[4, 5], members=[10, 10])
    assert record.findings(catalogue, FEBRUARY) == {(made.codes["V"], "v.done.no_fall"): "4 / 5"}


def test_a_year_to_date_that_does_not_begin_anew_is_found(
    catalogue: Catalogue, made: world.World, record: Record
) -> None:
    """One that is 0 has nothing to begin with, and February goes on from January."""
    record.put("v", DECEMBER, A, units=["V", "W"], done=[90, 90], members=[10, 10])
    record.put("v", DECEMBER, B, units=["X"], done=[0], members=[10])
    record.put("v", JANUARY, A, units=["V", "W"], done=[95, 89], members=[10, 10])
    record.put("v", JANUARY, B, units=["X"], done=[0], members=[10])
    record.put("v", FEBRUARY, A, units=["V", "W"], done=[99, 99], members=[10, 10])
    found = record.findings(catalogue, JANUARY, FEBRUARY)
    assert found == {(made.codes["V"], "v.done.starts_anew"): "95 / 90"}


def test_a_year_to_date_that_goes_on_from_the_last_report_of_the_year_before_is_found(
    catalogue: Catalogue, made: world.World, record: Record
) -> None:
    """December never came, or January: the last report there is tells; in April nobody can know."""
    november, october, april = DECEMBER - 1, DECEMBER - 2, MARCH + 1
    record.put("v", october, A, units=["V", "W"], done=[98, 98], members=[10, 10])
    record.put("v", november, A, units=["V", "W"], done=[90, 90], members=[10, 10])
    record.put("v", FEBRUARY, A, units=["V", "W"], done=[95, 89], members=[10, 10])
    expected = {(made.codes["V"], "v.done.starts_anew"): "95 / 90"}
    assert record.findings(catalogue, FEBRUARY) == expected
    record.put("v", april, B, units=["X"], done=[99], members=[10])
    record.put("v", november, B, units=["X"], done=[90], members=[10])
    assert record.findings(catalogue, FEBRUARY, april) == expected
    seen = {w.key: w.signature for w in contextual.stale(catalogue, record.current, {}, [FEBRUARY])}
    record.put("v", JANUARY, A, units=["V", "W"], done=[5, 5], members=[10, 10])
    assert [w.county for w in contextual.stale(catalogue, record.current, seen, [FEBRUARY])] == [A]
    assert record.findings(catalogue, FEBRUARY) == {}


def test_a_new_year_is_no_fall(catalogue: Catalogue, record: Record) -> None:
    record.put("v", DECEMBER, A, units=["V"], done=[90], members=[10])
    record.put("v", JANUARY, A, units=["V"], done=[1], members=[10])
    assert record.findings(catalogue, JANUARY) == {}


def test_a_jump_is_found_and_a_step_is_not(catalogue: Catalogue, made: world.World, record: Record) -> None:
    record.put("v", JANUARY, A, units=["V", "W"], done=[1, 1], members=[10, 10])
    record.put("v", FEBRUARY, A, units=["V", "W"], done=[1, 1], members=[14, 13])
    found = record.findings(catalogue, FEBRUARY)
    assert found == {(made.codes["V"], "v.members.no_jump"): "10 → 14 (+40%)"}


@pytest.mark.parametrize("before", [0, None])
def test_without_a_number_to_compare_with_there_is_no_jump(
    catalogue: Catalogue, record: Record, before: int | None
) -> None:
    record.put("v", JANUARY, A, units=["V"], done=[1], members=[before])
    record.put("v", FEBRUARY, A, units=["V"], done=[1], members=[100])
    assert record.findings(catalogue, FEBRUARY) == {}


def test_without_a_report_before_nothing_is_found(catalogue: Catalogue, record: Record) -> None:
    record.put("v", JANUARY, A, units=["V"], done=[9], members=[1])
    record.put("v", MARCH, A, units=["V"], done=[1], members=[100])
    assert record.findings(catalogue, MARCH) == {}


def test_a_unit_new_this_month_is_compared_with_nothing(catalogue: Catalogue, record: Record) -> None:
    record.put("v", JANUARY, A, units=["W"], done=[9], members=[1])
    record.put("v", FEBRUARY, A, units=["V", "W"], done=[1, 9], members=[100, 1])
    assert record.findings(catalogue, FEBRUARY) == {}


def test_a_form_is_held_against_the_sum_of_another(
    catalogue: Catalogue, made: world.World, record: Record
) -> None:
    record.put("g", JANUARY, A, units=["V/01", "V/02", "W/01"], members=[6, 6, 3])
    record.put("v", JANUARY, A, units=["V", "W"], done=[1, 1], members=[10, 10])
    assert record.findings(catalogue, JANUARY) == {(made.codes["V"], "v.members.covers_groups"): "10 / 12"}


# ---- a form of towns and quarters held against forms beneath it, of months


@pytest.fixture
def of_towns(tmp_path: Path) -> Catalogue:
    made = world.make(tmp_path / "towns", TREE, FORMS | TOWNS, INDICATORS)
    return load(made.catalogue, made.expectations)


def test_a_town_s_quarter_is_held_against_its_groups_in_the_last_month(
    of_towns: Catalogue, made: world.World, record: Record
) -> None:
    record.put("g", FEBRUARY, A, units=["V/01", "W/01"], members=[50, 50])
    record.put("g", MARCH, A, units=["V/01", "V/02", "W/01"], members=[1, 2, 3])
    record.put("t", MARCH.as_type("quarter"), A, units=["T"], due=[7], graded=[9])
    assert record.findings(of_towns, MARCH) == {(made.codes["T"], "t.due.as_groups"): "7 / 6"}


def test_what_is_filled_in_is_counted(of_towns: Catalogue, made: world.World, record: Record) -> None:
    record.put("v", MARCH, A, units=["V", "W"], done=[1, 1], members=[3, None])
    record.put("t", MARCH.as_type("quarter"), A, units=["T"], due=[7], graded=[0])
    assert record.findings(of_towns, MARCH) == {(made.codes["T"], "t.graded.covers"): "0 / 1"}


def test_without_the_other_form_nothing_is_found(of_towns: Catalogue, record: Record) -> None:
    record.put("t", MARCH.as_type("quarter"), A, units=["T"], due=[7], graded=[0])
    assert record.findings(of_towns, MARCH) == {}


def test_a_late_month_makes_the_quarter_stale(of_towns: Catalogue, record: Record) -> None:
    record.put("t", MARCH.as_type("quarter"), A, units=["T"], due=[7], graded=[9])
    seen = {
        (w.form.form, str(w.period), w.county): w.signature
        for w in contextual.stale(of_towns, record.current, {}, [MARCH])
    }
    assert contextual.stale(of_towns, record.current, seen, [MARCH]) == []
    record.put("g", MARCH, A, units=["V/01"], members=[1])
    work = contextual.stale(of_towns, record.current, seen, [MARCH])
    assert [(w.form.form, str(w.period)) for w in work] == [("g", "2026-03"), ("t", "2026Q1")]


def test_another_county_is_another_matter(catalogue: Catalogue, made: world.World, record: Record) -> None:
    record.put("v", JANUARY, A, units=["V"], done=[5], members=[10])
    record.put("v", JANUARY, B, units=["X"], done=[1], members=[10])
    record.put("v", FEBRUARY, A, units=["V"], done=[5], members=[10])
    record.put("v", FEBRUARY, B, units=["X"], done=[0], members=[10])
    assert record.findings(catalogue, FEBRUARY) == {(made.codes["X"], "v.done.no_fall"): "0 / 1"}


def test_a_unit_that_moved_is_held_against_the_report_of_its_own_county(
    catalogue: Catalogue, made: world.World, record: Record
) -> None:
    """All counties are looked at at once, and rows are still found by county and key."""
    for month, done, members in ((JANUARY, 9, 10), (FEBRUARY, 9, 50)):
        record.put("v", month, A, units=["V"], done=[done], members=[members])
        record.put("g", month, A, units=["V/01"], members=[60])
    record.put("v", JANUARY, B, units=["V", "X"], done=[2, 2], members=[50, 1])
    record.put("v", FEBRUARY, B, units=["X", "V"], done=[1, 2], members=[1, 50])
    found = record.findings(catalogue, FEBRUARY)
    v, x = made.codes["V"], made.codes["X"]
    assert found == {
        (v, "v.members.no_jump"): "10 → 50 (+400%)",
        (v, "v.members.covers_groups"): "50 / 60",
        (x, "v.done.no_fall"): "1 / 2",
    }


def test_many_batches_find_what_one_finds(
    catalogue: Catalogue, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    for month, done in ((DECEMBER, 5), (JANUARY, 6), (FEBRUARY, 4), (MARCH, 3)):
        record.put("v", month, A, units=["V", "W"], done=[done, done], members=[10 * done, 10])
        record.put("v", month, B, units=["X"], done=[done], members=[10])
    found = record.findings(catalogue, JANUARY, FEBRUARY, MARCH)
    assert len(found) == 7
    monkeypatch.setattr(contextual, "BATCH_ROWS", 1)
    assert record.findings(catalogue, JANUARY, FEBRUARY, MARCH) == found


def test_a_first_report_does_not_wait_for_great_expectations(
    catalogue: Catalogue, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A column without any value breaks no comparison; a rule that is no comparison is always asked."""
    asked: list[str] = []

    def told(_: pa.Table, rules: list[Rule], __: str) -> list[Broken]:
        asked.extend(r.id for r in rules)
        return []

    def unread(*_: object) -> None:
        raise AssertionError("a first report is read")

    monkeypatch.setattr(contextual, "validate", told)
    record.put("v", JANUARY, A, units=["V"], done=[9], members=[1])
    with monkeypatch.context() as patched:
        patched.setattr(record.lake, "get_many", unread)
        assert record.findings(catalogue, JANUARY) == {}
    assert asked == []
    record.put("v", FEBRUARY, A, units=["V"], done=[9], members=[1])
    record.findings(catalogue, FEBRUARY)
    assert sorted(asked) == ["v.done.no_fall", "v.members.no_jump"]


def test_great_expectations_agrees_that_empty_columns_break_no_comparison(catalogue: Catalogue) -> None:
    rules = [r for r in catalogue.suites["v"].rules if r.is_contextual]
    for n in ("done", "members"):
        columns = {c: pa.nulls(2, pa.float64()) for r in rules for c in r.columns} | {n: pa.array([1.0, 2.0])}
        frame = pa.table(columns)
        assert not any(contextual._may_be_broken(r, frame) for r in rules)
        assert validate(frame, rules, "v") == []


# ---- last month's sheet sent again


def _month(record: Record, month: Period, changed: int = 0, units: int = 2) -> None:
    names = [f"V/{i:02d}" for i in range(1, 11)] + [f"W/{i:02d}" for i in range(1, units)]
    record.put("g", month, A, units=names, members=[5 + changed, *range(2, len(names) + 1)])


def test_a_report_that_repeats_the_last_one_is_told_once(catalogue: Catalogue, record: Record) -> None:
    _month(record, JANUARY)
    _month(record, FEBRUARY)
    assert record.findings(catalogue, FEBRUARY) == {(A, "g.unit_code.repeats_last"): "2026-01"}
    work = contextual.stale(catalogue, record.current, {}, [FEBRUARY])
    declared = {("g", "2026-02", A)}
    assert (
        contextual.findings(catalogue, record.lake, record.current, work, declared)["g", "2026-02", A] == []
    )
    assert contextual.stale(
        catalogue, record.current, {w.key: w.signature for w in work}, [FEBRUARY], declared
    )


def test_a_report_is_held_against_the_last_there_is(catalogue: Catalogue, record: Record) -> None:
    """March's rows sent as May's, and April's report is missing."""
    _month(record, JANUARY)
    _month(record, MARCH)
    assert record.findings(catalogue, MARCH) == {(A, "g.unit_code.repeats_last"): "2026-01"}


@pytest.mark.parametrize(("changed", "units", "is_found"), [(1, 2, False), (0, 3, True), (0, 4, False)])
def test_one_number_is_a_difference_and_one_row_more_is_none(
    catalogue: Catalogue, record: Record, changed: int, units: int, is_found: bool
) -> None:
    _month(record, JANUARY)
    _month(record, FEBRUARY, changed, units)
    assert bool(record.findings(catalogue, FEBRUARY)) == is_found


def test_a_few_numbers_may_be_the_same_by_chance(catalogue: Catalogue, record: Record) -> None:
    for month in (JANUARY, FEBRUARY):
        record.put("g", month, A, units=["V/01", "V/02"], members=[6, 6])
    assert record.findings(catalogue, FEBRUARY) == {}


MOVING: dict[str, Any] = {
    "m": {"fields": {"members": {}, "posts": {}, "trees": {"kind": "ytd"}, "visits": {"kind": "flow"}}},
}  # fmt: skip
TWELVE = [f"V{i:02d}" for i in range(12)]


@pytest.mark.parametrize(
    ("units", "changed", "said"),
    [
        (12, {"members": 1}, "48个非零数字中有47个与2026-01的报送相同"),
        (12, {"members": 2}, "48个非零数字中有46个与2026-01的报送相同"),
        (12, {"trees": 1, "members": 1}, "48个非零数字中有46个与2026-01的报送相同"),
        (12, {"trees": 2}, None),  # 22 of 24 that move
        (12, {"members": 3}, None),  # 45 of 48 of all
        (12, {"trees": 12, "visits": 12}, None),  # stocks alone stand still
        (10, {"members": 1}, "40个非零数字中有39个与2026-01的报送相同"),
        (9, {"members": 1}, None),  # 18 that move are few
        (9, {}, "9条记录与2026-01的报送逐项相同"),
        (12, {}, "12条记录与2026-01的报送逐项相同"),
    ],
)
def test_last_month_s_sheet_with_a_few_cells_mended_is_told(
    tmp_path: Path, units: int, changed: dict[str, int], said: str | None
) -> None:
    """Numbers of the month and of the year to date tell it. A stock may stand still for months."""
    made = world.make(tmp_path / "moving", {"Z": {"A": {"T": TWELVE}}}, MOVING, [])
    catalogue, record = load(made.catalogue, made.expectations), Record(Lake(tmp_path / "l"), made.codes)
    for month in (JANUARY, FEBRUARY):
        rows = {
            name: [i + 5 + (month == FEBRUARY and i < changed.get(name, 0)) for i in range(units)]
            for name in MOVING["m"]["fields"]
        }
        record.put("m", month, A, units=TWELVE[:units], **rows)
    work = contextual.stale(catalogue, record.current, {}, [FEBRUARY])
    found = contextual.findings(catalogue, record.lake, record.current, work)["m", "2026-02", A]
    again = [f for f in found if f.rule == "m.unit_code.repeats_last"]
    assert [f.words.message_zh.partition("：")[0] for f in again] == ([said] if said else [])


@pytest.mark.parametrize("still", [0, None])
def test_zeros_and_blanks_that_stand_still_say_nothing(tmp_path: Path, still: int | None) -> None:
    made = world.make(tmp_path / "moving", {"Z": {"A": {"T": TWELVE}}}, MOVING, [])
    catalogue, record = load(made.catalogue, made.expectations), Record(Lake(tmp_path / "l"), made.codes)
    for month, more in ((JANUARY, 0), (FEBRUARY, 1)):
        stocks = {"members": list(range(10, 22)), "posts": [9 + more, *range(10, 21)]}
        record.put(
            "m", month, A, units=TWELVE, trees=[7 + more, *[still] * 11], visits=[still] * 12, **stocks
        )
    assert record.findings(catalogue, FEBRUARY) == {}


# ---- what makes a submission worth another look


@pytest.fixture
def seen(catalogue: Catalogue, record: Record) -> Callable[[], list[tuple[str, str, str]]]:
    """After two months were looked at: what a second look would go through again."""
    for month, n in ((JANUARY, 1), (FEBRUARY, 2)):
        record.put("g", month, A, units=["V/01"], members=[n])
        record.put("v", month, A, units=["V"], done=[n], members=[10])
        record.put("v", month, B, units=["X"], done=[n], members=[10])
    months = (JANUARY, FEBRUARY)
    first = {
        (w.form.form, str(w.period), w.county): w.signature
        for w in contextual.stale(catalogue, record.current, {}, months)
    }
    assert set(first) == {("v", str(m), c) for m in months for c in (A, B)} | {
        ("g", str(m), A) for m in months
    }

    def again(changed: Catalogue = catalogue) -> list[tuple[str, str, str]]:
        work = contextual.stale(changed, record.current, first, months)
        return sorted((w.form.form, str(w.period), w.county) for w in work)

    return again


def test_what_has_not_changed_is_not_looked_at_again(seen: Callable[[], Any]) -> None:
    assert seen() == []


def test_a_correction_makes_itself_and_the_month_after_stale(seen: Callable[[], Any], record: Record) -> None:
    record.put("v", JANUARY, A, units=["V"], done=[99], members=[10])
    assert seen() == [("v", "2026-01", A), ("v", "2026-02", A)]


def test_another_form_s_correction_makes_what_is_held_against_it_stale(
    seen: Callable[[], Any], record: Record
) -> None:
    record.put("g", FEBRUARY, A, units=["V/01"], members=[99])
    assert seen() == [("g", "2026-02", A), ("v", "2026-02", A)]


def test_a_withdrawal_makes_the_month_after_stale(seen: Callable[[], Any], record: Record) -> None:
    del record.current["v", "2026-01", A]
    assert seen() == [("v", "2026-02", A)]


def test_a_changed_suite_makes_everything_stale(seen: Callable[..., Any], catalogue: Catalogue) -> None:
    suite = catalogue.suites["v"]
    other = replace(suite, content={**suite.content, "meta": {"form": "v", "note": "changed"}})
    assert len(seen(replace(catalogue, suites=catalogue.suites | {"v": other}))) == 4


# ---- from deliveries to ops.current_finding: the order does not matter

REPORTS = {
    "2026-01": "unit done members\nV 5 10\nW 5 10\n",
    "2026-02": "unit done members\nV 4 10\nW 5 20\n",
    "2026-03": "unit done members\nV 6 10\nW 1 20\n",
}
GROUPS = "unit members\nV/01 11\n"


def _night(tmp_path: Path, postgres: Any, steps: list[Any]) -> list[Any]:
    """Write, collect and build step by step; what stands in the end."""
    from qiangji import building, stages

    made = world.make(tmp_path, TREE, FORMS, INDICATORS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
        patch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
        with make_workplace(tmp_path / "home", postgres, patch.setenv) as place, place.pipeline() as p:
            for step in steps:
                for form, period, table in step:
                    made.put(form, period, table)
                months = sorted({Period.parse(period) for _, period, _ in step})
                stages.collect(p, periods=months)
                building.build(p, months)
            with p.ledger.engine.connect() as c:
                found = c.execute(
                    sa.text("SELECT period, unit_code, rule, value FROM ops.current_finding ORDER BY 1, 2, 3")
                )
                return [tuple(r) for r in found]


def test_findings_do_not_depend_on_the_order_of_processing(tmp_path: Path, postgres: Any) -> None:
    """At once; month by month; backwards; and with a wrong January that is corrected at the end."""
    months = [("v", period, table) for period, table in REPORTS.items()]
    groups = ("g", "2026-01", GROUPS)
    wrong = ("v", "2026-01", "unit done members\nV 1 99\nW 9 99\n")
    orders = {
        "at once": [[*months, groups]],
        "month by month": [[months[0], groups], [months[1]], [months[2]]],
        "backwards": [[months[2]], [months[1]], [months[0]], [groups]],
        "corrected": [[wrong, groups], [months[1]], [months[2]], [months[0]]],
    }
    found = {name: _night(tmp_path / name, postgres, steps) for name, steps in orders.items()}
    v, w = "990001001001", "990001001002"
    assert found["at once"] == [
        ("2026-01", v, "v.members.covers_groups", "10 / 11"),
        ("2026-02", v, "v.done.no_fall", "4 / 5"),
        ("2026-02", w, "v.members.no_jump", "10 → 20 (+100%)"),
        ("2026-03", w, "v.done.no_fall", "1 / 5"),
    ]
    for name in orders:
        assert found[name] == found["at once"], name
