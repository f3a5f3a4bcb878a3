"""What was read from folders is kept for as long as no file in them changes.

In: a function of folders. Out: the same function, which reads them again once something in them is no longer what it
was. A process that lives for months sees a changed catalogue, and one that is forked has what its parent has read.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import update_wrapper
from pathlib import Path
from typing import Generic, TypeVar

R = TypeVar("R")
_LOOKED = 1.0
"""Seconds for which files are taken to be as they were: a page of the board asks hundreds of times."""
_MOST = 4
"""Results that are kept."""
_State = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True)
class _Result(Generic[R]):
    value: R
    state: _State
    looked: float


class WhileUnchanged(Generic[R]):
    """The function. It looks at the files at most once a second, and at once after `look`. Errors are not kept."""

    def __init__(self, function: Callable[..., R]) -> None:
        self._function = function
        self._kept: dict[tuple[Path, ...], _Result[R]] = {}
        update_wrapper(self, function)

    def __call__(self, *folders: Path) -> R:
        kept, now = self._kept.get(folders), time.monotonic()
        if kept and now < kept.looked + _LOOKED:
            return kept.value
        state = _state_of(*folders)  # before they are read: what changes meanwhile is seen at the next look
        value = kept.value if kept and kept.state == state else self._function(*folders)
        if len(self._kept) >= _MOST and folders not in self._kept:
            self._kept.clear()
        self._kept[folders] = _Result(value, state, now)
        return value

    def look(self) -> None:
        """Look at the files when asked next, however short ago that was done."""
        self._kept = {folders: replace(kept, looked=float("-inf")) for folders, kept in self._kept.items()}


def _state_of(*folders: Path) -> _State:
    """Every file in the folders: its path, inode, size and time of change."""
    found = []
    files = (
        os.path.join(at, name) for folder in folders for at, _, names in os.walk(folder) for name in names
    )
    for path in sorted(files):
        with contextlib.suppress(FileNotFoundError):  # an editor's own come and go
            s = os.stat(path)
            found.append((path, s.st_ino, s.st_size, s.st_mtime_ns))
    return tuple(found)
