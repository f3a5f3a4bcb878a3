"""An event loop of one source's own, which ends when it is told to.

In: coroutines, one after the other. Out: what they return or raise. `asyncio.Runner` would wait for every task when it
closes, also for one that waits for a server that has fallen silent: a county would then hang after its deadline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
_LAST = 1.0
"""Seconds that tasks get to end in."""


class Loop:
    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    def close(self) -> None:
        """Cancel what is under way; what does not end is left, with the sockets closed."""
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        if tasks:
            self._loop.run_until_complete(asyncio.wait(tasks, timeout=_LAST))
        self._loop.set_exception_handler(
            lambda loop, context: None
        )  # of tasks that are left: their error is known
        self._loop.close()
