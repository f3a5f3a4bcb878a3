"""Seconds by stage: where the time of a pull, a check or a build went.

In: blocks of code. Out: seconds by stage.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
_DONE = object()


class Stopwatch(dict[str, float]):
    """Stage -> seconds spent in it so far, rounded to milliseconds. A stage may be entered many times."""

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self[stage] = round(self.get(stage, 0.0) + time.perf_counter() - start, 3)

    def awaited(self, stage: str, result: Future[T], meanwhile: Iterator[object]) -> T:
        """A result that others work out. Until it is there, steps of other work are taken, which have their own stage;
        what is timed is the wait.
        """
        while not result.done() and next(meanwhile, _DONE) is not _DONE:
            pass
        with self.timed(stage):
            return result.result()

    def each(self, stage: str, items: Iterable[T]) -> Iterator[T]:
        """The items; what is timed is the wait for them."""
        rest = iter(items)
        while True:
            with self.timed(stage):
                try:
                    item = next(rest)
                except StopIteration:
                    return
            yield item
