"""Villager groups that were appended once more, names that slipped against codes, and what only looks so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from qiangji.checking.groups import number_in
from qiangji.ledger.findings import Finding
from tests.unit.checking.test_frame import COLUMNS, V, check, group

COPIED, MOVED = "village_group.group_code.copied_rows", "village_group.group_code.names_moved"
CHINESE = "一二三四五六七八九十"


def village(code: str, groups: int, name: str = "第{}村民小组", first: int = 1) -> list[list[Any]]:
    """A village's groups, whose numbers differ; `first`: the first serial."""
    seed = int(code[-3:])
    return [
        group(f"{first + n - 1:02}", name.format(n), 30 + (n * 7 + seed) % 41, 110 + (n * 31 + seed) % 97,
              3 + n % 4, n % 2, 1, n % 2, 0, 2 + n % 5, 1, village=code)
        for n in range(1, groups + 1)
    ]  # fmt: skip


def villages(sizes: Sequence[int], name: str = "第{}村民小组", first: int = 1) -> list[list[Any]]:
    return [row for at, size in enumerate(sizes) for row in village(CODES[at], size, name, first)]


CODES = [V, "440705001204", "440705001205", "440705001206", "440705001207"]
SIZES = (6, 9, 5, 8)


def named(rows: Sequence[list[Any]], names: Sequence[Any]) -> list[list[Any]]:
    return [[row[0], name, *row[2:]] for row, name in zip(rows, names, strict=True)]


def found(*rows: list[Any]) -> list[Finding]:
    checked = check(*rows)
    assert checked.verdict == "accepted", checked.message_zh
    return [f for f in checked.findings if f.rule in (COPIED, MOVED)]


# ---- rows that were appended once more


def test_groups_that_are_appended_again_are_told_at_their_village() -> None:
    rows = [*villages(SIZES), *village(V, 6, first=51)]
    (one,) = found(*rows)
    assert (one.rule, one.severity, one.unit_code, one.org_code) == (COPIED, "warning", f"{V}51", V)
    assert set(one.fields) == set(COLUMNS[2:])
    assert f"有6条记录（{V}51至{V}56）与本村其他记录的名称和全部数字逐条相同" in one.words.message_zh
    assert (
        f"6 rows of {one.words.message_en.split(' of ')[1].split(' (')[0]} ({V}51 to {V}56)"
        in one.words.message_en
    )


def test_some_of_the_groups_appended_are_enough() -> None:
    assert [f.unit_code for f in found(*village(V, 6), *village(V, 3, first=51))] == [f"{V}51"]


@pytest.mark.parametrize(
    ("groups", "rules"),
    [(5, [COPIED]), (4, [])],
    ids=["five rows without names", "four rows without names"],
)
@pytest.mark.parametrize("name", ["", "沙坑村"], ids=["no name", "the village's name in all rows"])
def test_without_names_that_differ_more_rows_are_needed(groups: int, rules: list[str], name: str) -> None:
    rows = [*village(V, groups, name), *village(V, groups, name, first=51)]
    assert [f.rule for f in found(*rows)] == rules


SMALL = (1, 0, 0, 0, 1, 0, 0, 0, 0)
TWICE = village(V, 2) + village(V, 2, first=51)


@pytest.mark.parametrize(
    "rows",
    [
        villages(SIZES),
        TWICE,
        [*village(V, 6), *village(V, 6, "东头第{}组", first=51)],
        [*village(V, 6), *village(CODES[1], 6)],
        [*village(V, 9), *village(V, 2, first=51)],
        [*village(V, 13), *village(V, 3, first=51)],
        [group(f"{n:02}", f"第{n}组", *SMALL) for n in range(1, 13)],
        [group(f"{n:02}", "", *SMALL) for n in range(1, 13)],
        [group(f"{n:02}", f"第{(n + 1) // 2}组", *SMALL) for n in range(1, 13)],
        [group(f"{n:02}", f"第{(n + 1) // 2}组", *[0] * 9) for n in range(1, 13)],
    ],
    ids=["nothing appended", "two groups", "other names", "another village", "two rows of many", "fewer than half",
         "small and alike", "small without names", "two halves, small", "nothing at all"],
)  # fmt: skip
def test_what_may_be_alike_by_chance_is_not_told(rows: list[list[Any]]) -> None:
    assert [f for f in check(*rows).findings if f.rule == COPIED] == []


# ---- names against serials


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("第3村民小组", 3), ("沙坑第12村民小组", 12), ("3组", 3), ("第 3 小组", 3), ("三组", 3), ("第十村民小组", 10),
        ("第十二组", 12), ("二十一组", 21), ("三十小组", 30), ("５队", 5), ("第07组", 7),
        ("东头组", None), ("沙坑村", None), ("", None), (None, None), ("二三组", None), ("第3村", None),
    ],
)  # fmt: skip
def test_numbers_in_names(name: Any, number: int | None) -> None:
    assert number_in(name) == number


@pytest.mark.parametrize("off", [1, -1, 2])
@pytest.mark.parametrize("is_lost", [True, False], ids=["the last name lost", "the last name first"])
def test_names_that_slipped_in_the_whole_report_are_told_once(off: int, is_lost: bool) -> None:
    rows = villages(SIZES)
    names = [row[1] for row in rows]
    names = names[-off:] + names[:-off]
    if is_lost:
        names[slice(off) if off > 0 else slice(off, None)] = [""] * abs(off)
    (one,) = found(*named(rows, names))
    assert (one.rule, one.severity, one.unit_code) == (MOVED, "warning", "440705")
    assert set(one.fields) == set(COLUMNS[2:])
    side_zh, side_en = ("下", "low") if off > 0 else ("上", "high")
    assert f"整体{side_zh}移了{abs(off)}行" in one.words.message_zh
    assert f"{abs(off)} row{'s' if abs(off) > 1 else ''} too {side_en}" in one.words.message_en


@pytest.mark.parametrize("numerals", [str, lambda n: CHINESE[n - 1]], ids=["digits", "Chinese numerals"])
def test_names_that_slipped_within_a_village_are_told_there(numerals: Any) -> None:
    mine = village(CODES[1], 5)
    moved = named(mine, [f"第{numerals(n)}村民小组" for n in (5, 1, 2, 3, 4)])
    (one,) = found(*village(V, 6), *moved, *village(CODES[2], 7))
    assert (one.rule, one.unit_code, one.org_code) == (MOVED, f"{CODES[1]}01", CODES[1])
    assert f"如{CODES[1]}01的名称是第5组" in one.words.message_zh
    assert f"group 5 beside {CODES[1]}01" in one.words.message_en


TEN = [1, 10, 11, 12, 2, 3, 4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize(
    "rows",
    [
        villages(SIZES),
        villages(SIZES, "东头{}队"),
        villages(SIZES, "甲组"),
        villages(SIZES, ""),
        villages(SIZES, first=2),
        [[*row[:1], f"第{int(row[0][-2:]) + 20}组", *row[2:]] for row in villages(SIZES)],
        named(village(V, 4), [f"第{n}组" for n in (2, 1, 3, 4)]),
        named(village(V, 5), [f"第{n}组" for n in (1, 3, 4, 5, 7)]),
        named(village(V, 12), [f"第{n}组" for n in TEN]),
        named(village(V, 12), sorted(f"第{n}组" for n in TEN)),
        named(village(V, 4), ["东1组", "东2组", "西1组", "西2组"]),
        named(village(V, 2), ["第2组", "第1组"]),
    ],
    ids=["as they are", "otherwise named", "no numbers", "no names", "serials from two", "numbers from 21",
         "two that changed places", "a number left out", "in the order of numbers as texts", "in the order of names",
         "two natural villages", "two groups"],
)  # fmt: skip
def test_what_may_be_a_villages_own_numbering_is_not_told(rows: list[list[Any]]) -> None:
    assert found(*rows) == []
