"""An event loop for one source, which closes without waiting for a silent server.

In: coroutines, one after the other. Out: what they return or raise. `asyncio.Runner` waits for every task when it
closes, even for one whose server fell silent: the county would hang beyond its deadline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
_LAST = 1.0
"""Seconds in which cancelled tasks may end."""


class Loop:
    """`run` as often as needed, then `close`."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    def close(self) -> None:
        """Cancel all tasks. One that does not end is abandoned, with its sockets closed."""
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        if tasks:
            self._loop.run_until_complete(asyncio.wait(tasks, timeout=_LAST))
        # Abandoned tasks would log an error that was already reported.
        self._loop.set_exception_handler(lambda loop, context: None)
        self._loop.close()
