"""Seconds by stage: other work is done while a result is awaited, and counts as itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from qiangji.stopwatch import Stopwatch


def test_steps_of_other_work_are_taken_until_the_result_is_there() -> None:
    result, taken = Future[str](), list[int]()

    def steps() -> Iterator[int]:
        for n in range(1, 10):
            taken.append(n)
            if n == 3:
                result.set_result("there")
            yield n

    rest = steps()
    assert Stopwatch().awaited("figures", result, rest) == "there"
    assert taken == [1, 2, 3]
    assert next(rest) == 4


def test_the_wait_alone_counts_and_an_error_comes_out() -> None:
    watch, result = Stopwatch(), Future[str]()
    result.set_exception(ValueError("none"))
    with pytest.raises(ValueError, match="none"):
        watch.awaited("figures", result, iter([1]))

    def step() -> Iterator[int]:
        with watch.timed("facts"):
            time.sleep(0.05)
        later.set_result(1)
        yield 1

    later = Future[int]()
    watch.awaited("figures", later, step())
    assert watch["facts"] >= 0.05 > watch["figures"]
