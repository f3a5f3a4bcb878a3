"""The places at which a process can die, seen from inside: every step of the lake, every COPY, every commit.

In: nothing of the package changes; the functions that it calls are wrapped. Out: each passed step is counted under its
name, and at the chosen one the process is hit (by default by SIGKILL: no cleanup, no `finally`). A step's name says
what was done to what: `renamed raw`, `half copied fact.village`, `before commit of publish`.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

PACKAGE = os.sep.join(("", "plugins", "qiangji", ""))  # a clone may be called qiangji, too
Where = tuple[str, int]
"""A step's name, and the number of the pass."""


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Steps:
    """Counts steps. `act` is called once, at `at`; `report` gets a line for each passed step."""

    def __init__(self, report: Path, at: Where | None = None, act: Callable[[], object] = die) -> None:
        self._report, self._at, self._act = report, at, act
        self._passed: Counter[str] = Counter()
        self._lock = threading.Lock()

    def passed(self, name: str) -> None:
        with self._lock:
            self._passed[name] += 1
            is_now = self._at == (name, self._passed[name])
            with self._report.open("a", encoding="utf-8") as f:
                f.write(f"{name}\n")
        if is_now:
            self._act()

    def install(self) -> None:
        """Wrap the functions that the package calls, for the rest of this process."""
        self._wrap_lake()
        self._wrap_database()
        self._wrap_feedback()

    # ---- the lake: a temporary file made, written, renamed

    def _wrap_lake(self) -> None:
        from qiangji import lake

        begin, sync, rename = lake.Lake._begun, lake._File.sync, lake._File.rename

        def begun(where: Any, path: Path) -> Any:
            one = begin(where, path)
            roots[str(path)] = where.root
            self.passed(f"made {of(path)}")
            return one

        def synced(one: Any) -> None:
            self.passed(f"written {of(one.path)}")
            sync(one)

        def renamed(one: Any) -> None:
            rename(one)
            self.passed(f"renamed {of(one.path)}")

        def of(path: Path) -> str:
            return _what(path.relative_to(roots[str(path)]))

        roots: dict[str, Path] = {}
        lake.Lake._begun = begun  # type: ignore[method-assign, assignment]
        lake._File.sync = synced  # type: ignore[method-assign, assignment]
        lake._File.rename = renamed  # type: ignore[method-assign, assignment]

    # ---- the warehouse: half of a COPY, before and after a commit

    def _wrap_database(self) -> None:
        import psycopg

        write, commit = psycopg.Copy.write, psycopg.Connection.commit

        def half(copy: psycopg.Copy, buffer: Any) -> None:
            middle = len(buffer) // 2
            write(copy, buffer[:middle])
            self.passed(f"half copied {sys._getframe(1).f_locals['table']}")
            write(copy, buffer[middle:])

        def committed(connection: Any) -> None:
            who = _caller()
            self.passed(f"before commit of {who}")
            commit(connection)
            self.passed(f"after commit of {who}")

        psycopg.Copy.write = half  # type: ignore[method-assign, assignment]
        psycopg.Connection.commit = committed  # type: ignore[method-assign, assignment]

    # ---- the way back to a county: written, renamed

    def _wrap_feedback(self) -> None:
        import asyncssh

        from qiangji.feedback import writing

        replace, rename = os.replace, asyncssh.SFTPClient.posix_rename

        def replaced(*arguments: Any, **how: Any) -> None:
            if sys._getframe(1).f_code.co_filename != writing.__file__:
                return replace(*arguments, **how)
            self.passed("written workbook here")
            replace(*arguments, **how)
            self.passed("renamed workbook here")
            return None

        async def renamed(*arguments: Any, **how: Any) -> None:
            self.passed("written workbook there")
            await rename(*arguments, **how)
            self.passed("renamed workbook there")

        os.replace = replaced
        asyncssh.SFTPClient.posix_rename = renamed


def _what(path: Path) -> str:
    """A lake path's area; in the journal, the kind of the event."""
    return f"event of {path.name.split('-')[0]}" if path.parts[0] == "journal" else path.parts[0]


def _caller() -> str:
    """The package's function that commits."""
    frame = sys._getframe(2)
    while frame.f_back and PACKAGE not in frame.f_code.co_filename:
        frame = frame.f_back
    return frame.f_code.co_name.lstrip("_")
