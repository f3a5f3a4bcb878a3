"""Files read in a child process with limits on memory, time and output: a bad file may kill its reader, no more.

In: a delivery's bytes and what they are to be read as. Out: the results of `read_grids`, `other_grids`, `beside.read`,
`find_everywhere`, `read_form` and `sheet_of`, or a ReturnedError: theirs, or `too_large`, `too_slow`, `reader_failed`.
The process that fetched the file checks the archive (`prescan`), hands the bytes over and takes tables of the expected
types back.

A reader is reused for many files, and replaced when it died, hung or grew. If a reused reader fails at a file, a new
one tries once more: the verdict depends on the file alone. CageError: no reader could be started, which is no county's
fault.

| question | asked by | what comes back |
| --- | --- | --- |
| `cage_clean.read_clean` | a pull | that nothing personal is in a delivery, and its submissions; or nothing |
| `read_sheets` | a pull that got no such answer | every cell, which the pull looks through |
| `read_submission` | a check, of what no pull has handed it | one submission |
| `read_sheet` | feedback | one sheet as it was sent |
"""

from __future__ import annotations

import atexit
import os
import signal
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from qiangji.catalogue.models import County, FileKind, Form
from qiangji.errors import QiangjiError, ReturnedError
from qiangji.parsing import Parsed, prescan, where_of, wire
from qiangji.parsing.archive import too_large
from qiangji.parsing.cage_process import Died, Reader, TooMuchError, TooSlowError
from qiangji.parsing.once import once
from qiangji.parsing.screening import Read
from qiangji.parsing.sheets import Sheet
from qiangji.periods import Period
from qiangji.settings import settings

T = TypeVar("T")
MAX_FILES = 1000
"""After which a reader is replaced."""
MOST = max(2, min(4, os.cpu_count() or 4))
"""Readers at a time: parsing is bound by the processor, and each takes 0.3 s and 100 MB to start."""
PATIENCE = 1.0
"""Seconds for which a file waits for a reader that is at work, before another is started. Most tasks have a handful of
small files: one reader has read them all before a second would have started.
"""


class CageError(QiangjiError):
    """No reader could be started: nothing is wrong with the file."""

    code = "no_cage"


@dataclass(frozen=True)
class Limits:
    """For one file: bytes of memory and of output, seconds of processor time (by the clock: three times as many)."""

    memory: int
    seconds: int
    output: int

    @classmethod
    def of_settings(cls) -> Limits:
        s = settings()
        return cls(s.parse_memory_bytes, s.parse_seconds, s.parse_output_bytes)


def read_sheets(
    content: bytes,
    kind: FileKind,
    county: County,
    titles: Mapping[str, str],
    *,
    limits: Limits | None = None,
) -> Read:
    """Everything in a delivery, for screening: `read_grids`, `other_grids` and `beside.read`, in the cage.

    `titles`: form -> its zh title, which finds a sheet where the county declares none.
    """
    where = where_of(county, titles, "")
    ask = wire.Ask("sheets", kind, as_json(county), dict(titles), where)

    def take(head: wire.Head, parts: wire.Received) -> Read:
        heads, count = head.get("grids"), head.get("forms")
        if not isinstance(heads, list) or len(parts) != 2 * len(heads) + 1 or count != len(titles):
            raise wire.GarbledError("other grids")
        grids = [wire.grid_of_parts(h, *parts[2 * i : 2 * i + 2]) for i, h in enumerate(heads)]
        own, others = grids[: len(titles)], grids[len(titles) :]
        if [g.form for g in own] != list(titles):
            raise wire.GarbledError("other forms")
        beside = wire.beside_of_parts(head.get("beside"), parts[-1])
        return Read({g.form: g for g in own}, others, beside)

    return _ask(ask, content, limits, take)


def read_submission(
    content: bytes,
    kind: FileKind,
    county: County,
    form: Form,
    period: Period,
    *,
    crosswalk: Mapping[str, str] | None = None,
    limits: Limits | None = None,
) -> Parsed:
    """One submission, typed: `read_grids` and `read_form`, in the cage."""
    where = where_of(county, [form.form], str(period))
    ask = wire.Ask("submission", kind, as_json(county), {form.form: form.title.zh}, where)
    ask = replace(ask, form=as_json(form), period=str(period), crosswalk=dict(crosswalk or {}))

    def take(head: wire.Head, parts: wire.Received) -> Parsed:
        said = head.get("parsed")
        if not isinstance(said, dict) or len(parts) != 3:
            raise wire.GarbledError("no submission")
        return wire.parsed_of_parts(said, parts, form, str(period.last_month))

    return _ask(ask, content, limits, take)


def read_sheet(
    content: bytes, kind: FileKind, county: County, form: Form, period: str, *, limits: Limits | None = None
) -> Sheet:
    """A form's sheet as the county sent it. A missing sheet raises ReturnedError, as everything `read_sheets` does."""
    where = where_of(county, [form.form], period)
    ask = wire.Ask("sheet", kind, as_json(county), {form.form: form.title.zh}, where)

    def take(head: wire.Head, parts: wire.Received) -> Sheet:
        if len(parts) != 1:
            raise wire.GarbledError("no sheet")
        return wire.sheet_of_parts(head.get("sheet"), parts[0])

    return _ask(ask, content, limits, take)


def a_reader(limits: Limits) -> AbstractContextManager[Reader]:
    """A reader for one request, for `cage_clean`."""
    return _cage.reader(limits)


def close() -> None:
    """End the idle readers; the next file starts a new one."""
    _cage.close()


@once
def as_json(model: County | Form) -> str:
    """The model as JSON."""
    return model.model_dump_json(by_alias=True)


def _ask(
    ask: wire.Ask,
    content: bytes,
    limits: Limits | None,
    take: Callable[[wire.Head, wire.Received], T],
) -> T:
    """Send the file to a reader. `take` makes the result from its answer, or raises GarbledError."""
    prescan(content, ask.kind, ask.where)
    limits = limits or Limits.of_settings()
    while True:
        with _cage.reader(limits) as reader:
            is_new = reader.files == 0
            try:
                head, parts = reader.ask(vars(ask), content, limits.seconds * 3, limits.output)
                error = wire.error_of(head["error"]) if head.get("error") else None
                if error is None:
                    return take(head, parts)
                if error.code != "too_large" or is_new:
                    raise error
                reader.end()  # it may have grown with the files before: a new one tries
            except Died as e:
                if is_new:
                    raise _died(e, ask.where) from None
            except wire.GarbledError as e:
                reader.end()
                if is_new:
                    raise _failed(f"answered what is no answer ({e})", ask.where) from None
            except TooSlowError:
                if is_new:
                    raise _too_slow(limits.seconds, ask.where) from None
            except TooMuchError:
                raise too_large(
                    f"read, it is more than {limits.output >> 20} MB",
                    f"at most {limits.output >> 20} MB",
                    ask.where,
                ) from None


class _Cage:
    """The readers of this process: at most `MOST` at work, the idle ones kept for the next file."""

    def __init__(self) -> None:
        self._rest: list[tuple[Limits, Reader]] = []
        self._all: weakref.WeakSet[Reader] = weakref.WeakSet()
        self._slots = threading.BoundedSemaphore(MOST)
        self._changed = threading.Condition()
        self._at_work = 0
        """Readers, those that are starting included."""

    @contextmanager
    def reader(self, limits: Limits) -> Iterator[Reader]:
        """A reader for one file; a new one if none comes to rest soon."""
        with self._slots:
            idle = self._wait_for_one(limits)
            reader = None
            try:
                reader = idle or self._start(limits)
                yield reader
            except BaseException as e:
                if reader and not isinstance(e, ReturnedError):
                    reader.end()  # it may be in the middle of an exchange
                raise
            finally:
                self._leave(reader, limits)

    def _wait_for_one(self, limits: Limits) -> Reader | None:
        """An idle reader; None if the file is to have a new one."""
        deadline = time.monotonic() + PATIENCE
        with self._changed:
            while not (reader := self._take(limits)) and self._at_work:
                if not self._changed.wait(deadline - time.monotonic()) and time.monotonic() >= deadline:
                    break
            self._at_work += 1
        return reader

    def _leave(self, reader: Reader | None, limits: Limits) -> None:
        """Done with the file: the reader waits for the next, unless it has to be replaced."""
        fits = reader and reader.is_alive and reader.files < MAX_FILES and reader.peak < limits.memory // 2
        if reader and not fits:
            reader.end()
        with self._changed:
            self._at_work -= 1
            if reader and fits:
                self._rest.append((limits, reader))
            self._changed.notify()

    def _take(self, limits: Limits) -> Reader | None:
        while self._rest:
            made_for, reader = self._rest.pop()
            if reader.is_alive and made_for == limits:
                return reader
            reader.end()
        return None

    def _start(self, limits: Limits) -> Reader:
        try:
            reader = Reader(limits.memory, limits.seconds)
        except (OSError, Died, TooSlowError) as e:
            raise CageError(
                f"no process to read files in ({type(e).__name__}: {e})",
                expected="a Python that starts with the limits of docs/settings.md",
                do="Look at the machine's memory and process limits.",
            ) from e
        self._all.add(reader)
        return reader

    def close(self) -> None:
        with self._changed:
            while self._rest:
                self._rest.pop()[1].end()

    def let_go(self) -> None:
        """In a forked child: its readers are the parent's."""
        for reader in list(self._all):
            reader.let_go()


_cage = _Cage()


def _forget() -> None:
    """In a forked child: no reader of the parent's, and no lock that its other threads may hold."""
    global _cage
    left, _cage = _cage, _Cage()
    left.let_go()


atexit.register(close)
os.register_at_fork(after_in_child=_forget)


def _died(error: Died, where: str) -> ReturnedError:
    if error.signal == signal.SIGXCPU:
        return _too_slow(None, where)
    if "memory allocation" in error.said or "MemoryError" in error.said or "bad_alloc" in error.said:
        return too_large("reading it takes more memory than a file may", "less", where)
    name = signal.Signals(error.signal).name if error.signal else f"exit code {error.code}"
    return _failed(f"ended ({name})", where)


def _failed(how: str, where: str) -> ReturnedError:
    return ReturnedError(
        f"the reader {how} at this file",
        where=where,
        expected="a file as spreadsheet programs write it",
        do="Save it as a new file and send that; if it happens again, have the file looked at.",
        code="reader_failed",
        zh="解析程序无法处理该文件，请用表格软件另存为新文件后重报，如再次发生请联系市级",
    )


def _too_slow(seconds: int | None, where: str) -> ReturnedError:
    return ReturnedError(
        "reading it takes too long",
        where=where,
        expected=f"at most {seconds} s" if seconds else "less",
        do="Copy the form into a new file, without anything else, and send that.",
        code="too_slow",
        zh="文件解析超时，请只保留报表内容，另存为新文件后重报",
    )
