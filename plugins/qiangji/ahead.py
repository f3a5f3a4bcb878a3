"""Work done ahead of who takes its results, and behind who hands it on: files are parsed, and verdicts written, while
the rows of others are judged; figures are computed while the server takes others.

In: items and a function. Out of `ahead`: the function's results, in the order of the items; of `begun`, futures of
them. So many threads work as there are processors; what lies ready, or is worked on, weighs no more than a limit, or is
one item. `behind` works things off one after the other, and holds one of them at most.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def ahead(
    function: Callable[[T], R], items: Iterable[T], weight: Callable[[T], int], most: int, threads: int
) -> Generator[R, None, None]:
    """The results; an error is raised where its result would be taken, and nothing more is begun then."""
    with closing(begun(function, items, weight, most, threads)) as results:
        for result in results:
            yield result.result()


def begun(
    function: Callable[[T], R], items: Iterable[T], weight: Callable[[T], int], most: int, threads: int
) -> Generator[Future[R], None, None]:
    """The results as `ahead` gives them, for who does something else until one is there."""
    waiting: deque[tuple[int, Future[R]]] = deque()
    rest, held = iter(items), 0
    with ThreadPoolExecutor(max_workers=threads) as pool:
        try:
            while True:
                while held < most and (item := next(rest, None)) is not None:
                    waiting.append((weight(item), pool.submit(function, item)))
                    held += waiting[-1][0]
                if not waiting:
                    return
                heavy, result = waiting.popleft()
                held -= heavy
                yield result
        finally:
            for _, result in waiting:
                result.cancel()


@contextmanager
def behind(function: Callable[[T], None]) -> Iterator[Callable[[T], None]]:
    """Takes one thing at a time, which is worked off while the next is made; all are when the block ends.

    An error of the function is raised where the next thing is handed on, or at the end.
    """
    working: list[Future[None]] = []

    def finish() -> None:
        while working:
            working.pop().result()

    def hand_on(item: T) -> None:
        finish()
        working.append(pool.submit(function, item))

    with ThreadPoolExecutor(max_workers=1) as pool:
        try:
            yield hand_on
        finally:
            finish()
