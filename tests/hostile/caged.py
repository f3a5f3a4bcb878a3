"""The cage as its tests ask it: a file read, the code of one that goes back, its readers, one that is busy."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from qiangji.errors import ReturnedError
from qiangji.parsing import Parsed, cage
from qiangji.periods import Period
from tests.hostile.files import FORM, PERIOD, ROWS, county, csv_of

GOOD = csv_of(ROWS)
SLOW = b'{"a":1,"b":2,"c":[1,2,3]}\n' * 1_200_000
LIMITS = cage.Limits(memory=2 << 30, seconds=20, output=64 << 20)


def read(content: bytes = GOOD, kind: Any = "csv", limits: cage.Limits = LIMITS) -> Parsed:
    return cage.read_submission(content, kind, county(), FORM, Period.parse(PERIOD), limits=limits)


def refused(content: bytes, kind: Any = "csv", limits: cage.Limits = LIMITS) -> str:
    with pytest.raises(ReturnedError) as error:
        read(content, kind, limits)
    return error.value.code


def readers() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [c for c in children if any("cage_worker" in word for word in c.cmdline())]


class busy:
    """Act on the reader once it is busy with its file."""

    def __init__(self, act: Callable[[psutil.Process], None]) -> None:
        self._act, self._over = act, threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            for reader in readers():
                if reader.memory_info().rss > 200 << 20:
                    self._act(reader)
                    return
