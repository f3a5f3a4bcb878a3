"""Two reports of one form and period: their order, and which is held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise, permutations

import pytest

from qiangji.landing import side_by_side
from qiangji.landing.rereading import is_read_again
from qiangji.landing.side_by_side import Taken
from qiangji.ledger import Part
from qiangji.periods import Period
from qiangji.settings import settings
from qiangji.sources import Fetched, Item, Target
from qiangji.sources.said import AHEAD

OCTOBER, SEPTEMBER = Period.parse("2026-10"), Period.parse("2026-09")


def item(name: str, day: int | None, *forms: str) -> Item:
    at = None if day is None else datetime(2026, 11, day, tzinfo=UTC)
    return Item(name, tuple((f, OCTOBER) for f in forms or ("village",)), "1", True, at)


def held(group: list[Item], new: set[str]) -> list[str]:
    taken = [Taken(Fetched(one, b"", "csv"), one.name, one.name in new) for one in group]
    return [one.fetched.item.name for one in side_by_side.asked(group, taken) if one.beside]


def test_items_of_one_report_are_a_group_in_the_order_of_their_times() -> None:
    items = [item("a.csv", 3), item("b.csv", 1, "community"), item("a.xlsx", 1)]
    for mixed in permutations(items):
        found = side_by_side.groups(mixed)
        assert sorted([i.name for i in group] for group in found) == [["a.xlsx", "a.csv"], ["b.csv"]]


def test_an_item_of_several_reports_joins_their_groups() -> None:
    items = [item("a", 2, "village"), item("b", 3, "community"), item("all", 1, "village", "community")]
    assert [[i.name for i in g] for g in side_by_side.groups(items)] == [["all", "a", "b"]]


@pytest.mark.parametrize(
    ("csv", "xlsx", "new", "expected"),
    [
        (3, 1, {"csv", "xlsx"}, []),  # the later one is received last, and counts
        (1, 3, {"csv", "xlsx"}, []),
        (3, 1, {"csv"}, []),
        (3, 1, {"xlsx"}, ["xlsx"]),  # received last, it would count over the later one
        (2, 2, {"csv", "xlsx"}, ["csv", "xlsx"]),
        (2, 2, {"xlsx"}, ["xlsx"]),
        (None, None, {"csv", "xlsx"}, ["csv", "xlsx"]),
        (None, 2, {"csv"}, ["csv"]),
        (2, 2, set(), []),
    ],
)
def test_what_is_held(csv: int | None, xlsx: int | None, new: set[str], expected: list[str]) -> None:
    (group,) = side_by_side.groups([item("csv", csv), item("xlsx", xlsx)])
    assert held(group, new) == expected


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ({"csv", "xlsx"}, ["csv", "xlsx"]),  # the later time would win, and nobody knows which is later
        ({"csv"}, ["csv"]),
        ({"xlsx"}, ["xlsx"]),
        (set(), []),
    ],
)
def test_a_time_in_the_future_says_nothing_of_the_order(new: set[str], expected: list[str]) -> None:
    clock = replace(item("xlsx", 1), changed_at=datetime.now(UTC) + timedelta(days=400))
    (group,) = side_by_side.groups([item("csv", 3), clock])
    assert held(group, new) == expected
    part = side_by_side.held(Part("village", "2026-10", "csv", "x"), clock, item("csv", 3))
    assert "晚于当前时间" in str(part.message_zh)
    assert "in the future by a wrong clock" in str(part.message_en)
    assert f"{clock.changed_at:%Y}" in str(part.message_en)


def test_a_clock_may_be_a_little_before_ours() -> None:
    ahead = replace(item("xlsx", 1), changed_at=datetime.now(UTC) + AHEAD / 2)
    assert held([item("csv", 3), ahead], {"csv", "xlsx"}) == []


def test_files_that_were_copied_one_after_the_other_are_of_one_time() -> None:
    first = item("csv", 2)
    at = first.changed_at
    assert at is not None
    near, apart = (replace(first, name="xlsx", changed_at=at + timedelta(seconds=s)) for s in (0.1, 3))
    assert held([first, near], {"csv", "xlsx"}) == ["csv", "xlsx"]
    assert held([first, near], {"xlsx"}) == []  # the other was received before
    assert held([first, apart], {"csv", "xlsx"}) == []


@pytest.mark.parametrize(
    ("days", "anew", "counts", "expected"),
    [
        ((1, 3), {"xlsx"}, "csv", ["xlsx"]),
        ((1, 3), {"xlsx"}, "xlsx", []),  # it counts already
        ((1, 3), {"xlsx"}, "", []),  # nothing counts: a person decides
        ((1, 3), set(), "csv", []),
        ((3, 1), {"xlsx"}, "csv", []),
        ((1, 3), {"csv", "xlsx"}, "csv", []),  # all files were touched
        ((2, 2), {"xlsx"}, "csv", []),
        ((1, None), {"xlsx"}, "csv", []),
        ((None, 1), {"xlsx"}, "csv", []),
    ],
)
def test_known_bytes_that_are_the_later_again(
    days: tuple[int | None, int | None], anew: set[str], counts: str, expected: list[str]
) -> None:
    (group,) = side_by_side.groups([item("csv", days[0]), item("xlsx", days[1])])
    taken = [Taken(Fetched(one, b"", "csv"), one.name, False, None, one.name in anew) for one in group]
    asked: list[str] = []

    def counting(targets: Sequence[Target]) -> dict[Target, str]:
        asked.append("asked")
        return dict.fromkeys(targets, counts) if counts else {}

    again = side_by_side.sent_again(group, taken, counting)
    assert [one.fetched.item.name for one in again if one.is_new] == expected
    assert len(asked) == (anew == {"xlsx"} and days == (1, 3)), "only where it may be"


def test_known_bytes_that_lie_alone_are_not_received_again() -> None:
    one = Taken(Fetched(item("xlsx", 3), b"", "csv"), "", False, None, True)
    assert side_by_side.sent_again([one.fetched.item], [one], lambda _: {}) == [one]


def test_only_the_parts_that_both_report_are_held() -> None:
    both, one = item("all", None, "village", "community"), item("village", None)
    parts = [Part("village", "2026-10", "csv", "x"), Part("community", "2026-10", "csv", "x")]
    assert [side_by_side.held(p, both, one).reason_code for p in parts] == ["side_by_side", None]
    assert side_by_side.held(parts[0], both, None) == parts[0]


def test_a_part_that_goes_back_is_not_asked_about() -> None:
    part = Part("village", "2026-10", "csv", None, "personal_data", "", "")
    assert side_by_side.held(part, item("a", None), item("b", None)) == part


# ---- a version that may hide a change


def report(period: Period, *, is_weak: bool = True, name: str = "village.csv") -> Item:
    return Item(name, (("village", period),), "1", is_weak)


def test_files_of_the_last_two_months_are_read_every_time() -> None:
    assert is_read_again(report(OCTOBER), OCTOBER)
    assert is_read_again(report(SEPTEMBER), OCTOBER)
    assert not is_read_again(report(OCTOBER, is_weak=False), OCTOBER)


def test_older_files_are_read_once_within_the_days() -> None:
    old, days = report(Period.parse("2026-01")), range(1, 29)
    read = [day for day in days if is_read_again(old, OCTOBER, datetime(2026, 11, day, tzinfo=UTC).date())]
    assert len(read) == 4
    assert {b - a for a, b in pairwise(read)} == {7}


def test_a_setting_turns_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QIANGJI_RECHECK_DAYS", "0")
    settings.cache_clear()
    assert not is_read_again(report(OCTOBER), OCTOBER)
