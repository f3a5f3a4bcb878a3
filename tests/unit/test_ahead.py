"""Work ahead: in order, bounded, and nothing begun after an error; and behind: one at a time, and all of it."""

from __future__ import annotations

import threading
import time

import pytest

from qiangji.ahead import ahead, behind


def test_results_come_in_order_whoever_ends_first() -> None:
    def late(n: int) -> int:
        time.sleep(0.01 * (5 - n))
        return n

    assert list(ahead(late, range(1, 6), lambda _: 1, 3, 3)) == [1, 2, 3, 4, 5]


def test_no_more_lies_ready_than_the_limit_or_one_item() -> None:
    begun: list[int] = []

    def work(n: int) -> int:
        begun.append(n)
        return n

    results = ahead(work, range(1, 20), lambda _: 10, 25, 2)
    assert next(results) == 1
    time.sleep(0.05)
    assert begun == [1, 2, 3]
    heavy = ahead(lambda n: n, [7], lambda _: 10**9, 25, 2)
    assert list(heavy) == [7]


def test_the_next_are_worked_on_while_one_is_looked_at() -> None:
    second = threading.Event()
    results = ahead(lambda n: second.set() if n == 2 else None, [1, 2], lambda _: 1, 10, 1)
    next(results)
    assert second.wait(5)


def test_an_error_comes_where_its_result_would() -> None:
    done: list[int] = []

    def work(n: int) -> int:
        if n == 2:
            raise ValueError("two")
        done.append(n)
        return n

    results = ahead(work, [1, 2, *range(3, 1000)], lambda _: 1, 4, 1)
    assert next(results) == 1
    with pytest.raises(ValueError, match="two"):
        next(results)
    assert max(done) < 10


def test_what_is_handed_on_is_worked_off_in_order_while_the_next_is_made() -> None:
    done, may = list[int](), [threading.Event() for _ in range(3)]

    def work(n: int) -> None:
        assert may[n].wait(10)
        done.append(n)

    with behind(work) as hand_on:
        hand_on(0)  # it waits for nobody
        assert done == []
        may[0].set()
        hand_on(1)  # the one before has to be through
        assert done == [0]
        may[1].set()
        may[2].set()
        hand_on(2)
    assert done == [0, 1, 2]


def test_an_error_is_raised_with_the_next_or_at_the_end_and_nothing_more_is_done() -> None:
    done = list[int]()

    def work(n: int) -> None:
        if n == 1:
            raise OSError("disk full")
        done.append(n)

    def hand_on_all(numbers: range) -> None:
        with behind(work) as hand_on:
            for n in numbers:
                hand_on(n)

    with pytest.raises(OSError, match="disk full"):
        hand_on_all(range(4))
    assert done == [0]
    with pytest.raises(OSError, match="disk full"):
        hand_on_all(range(1, 2))


def test_what_was_handed_on_is_finished_when_the_block_fails() -> None:
    done = list[int]()

    def judge() -> None:
        with behind(done.append) as hand_on:
            hand_on(0)
            raise ValueError("judging")

    with pytest.raises(ValueError, match="judging"):
        judge()
    assert done == [0]
