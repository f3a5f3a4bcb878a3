"""Files read at arm's length: in a child process with limits on memory, time and output, which may die of them.

In: a delivery's bytes and what they are to be read as. Out: what `read_grids`, `other_grids`, `beside.read`,
`read_form` and `sheet_of` give, or a ReturnedError: theirs, or `too_large`, `too_slow`, `reader_failed`. The process
that fetched the file counts what it unpacks to (`prescan`), hands the bytes over, and takes tables of the expected
types back; whatever the file does to its reader, this process goes on with the next.

A reader is reused for many files and replaced when it died, hung or has grown. What a reused one fails at is tried once
more by a new one: a verdict depends on the file, not on what was read before it. That no reader can be started is no
county's fault: it is a CageError.
"""

from __future__ import annotations

import atexit
import os
import queue
import signal
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from qiangji.catalogue.models import County, FileKind, Form
from qiangji.errors import QiangjiError, ReturnedError
from qiangji.parsing import Grid, Parsed, prescan, where_of, wire
from qiangji.parsing.archive import too_large
from qiangji.parsing.beside import Beside
from qiangji.parsing.cage_process import Died, Reader, TooMuchError, TooSlowError
from qiangji.parsing.sheets import Sheet
from qiangji.periods import Period
from qiangji.settings import settings

T = TypeVar("T")
MAX_FILES = 1000
"""A reader is replaced after so many."""
_MOST = 4
"""Readers at a time: parsing is bound by the processor."""


class CageError(QiangjiError):
    """No reader could be started: nothing is wrong with the file."""

    code = "no_cage"


@dataclass(frozen=True)
class Read:
    """Form -> its grid, the sheets of no form, and what a workbook says beside its cells."""

    grids: dict[str, Grid]
    others: list[Grid]
    beside: Beside


@dataclass(frozen=True)
class Limits:
    """What one file may take: bytes of memory and of output, seconds of processor time (of the clock: three times)."""

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
    forms: Sequence[str],
    *,
    titles: Mapping[str, str] | None = None,
    period: str = "",
    limits: Limits | None = None,
) -> Read:
    """All that a delivery holds, for screening: `read_grids`, `other_grids` and `beside.read`, in the cage."""
    where = where_of(county, forms, period)
    prescan(content, kind, where)
    ask: dict[str, Any] = {
        "op": "sheets",
        "kind": kind,
        "forms": list(forms),
        "titles": dict(titles or {}),
        "period": period,
    }

    def take(head: Mapping[str, Any], parts: list[bytes]) -> Read:
        heads, count = head.get("grids"), head.get("forms")
        if not isinstance(heads, list) or len(parts) != 2 * len(heads) + 1 or count != len(forms):
            raise wire.GarbledError("other grids")
        grids = [wire.grid_of_parts(h, *parts[2 * i : 2 * i + 2]) for i, h in enumerate(heads)]
        if [g.form for g in grids[:count]] != list(forms):
            raise wire.GarbledError("other forms")
        beside = wire.beside_of_parts(head.get("beside"), parts[-1])
        return Read({g.form: g for g in grids[:count]}, grids[count:], beside)

    return _ask(ask, county, content, where, limits, take)


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
    prescan(content, kind, where)
    ask: dict[str, Any] = {
        "op": "submission",
        "kind": kind,
        "forms": [form.form],
        "form": form.model_dump_json(by_alias=True),
    }
    ask |= {"period": str(period), "crosswalk": dict(crosswalk or {})}

    def take(head: Mapping[str, Any], parts: list[bytes]) -> Parsed:
        said = head.get("parsed")
        if not isinstance(said, dict) or len(parts) != 3:
            raise wire.GarbledError("no submission")
        return wire.parsed_of_parts(said, parts, form, str(period.last_month))

    return _ask(ask, county, content, where, limits, take)


def read_sheet(
    content: bytes, kind: FileKind, county: County, form: Form, period: str, *, limits: Limits | None = None
) -> Sheet:
    """A form's sheet as the county sent it. Raises ReturnedError as `read_sheets`, for a sheet that is missing too."""
    where = where_of(county, [form.form], period)
    prescan(content, kind, where)
    ask: dict[str, Any] = {
        "op": "sheet",
        "kind": kind,
        "forms": [form.form],
        "titles": {form.form: form.title.zh},
        "period": period,
    }

    def take(head: Mapping[str, Any], parts: list[bytes]) -> Sheet:
        if len(parts) != 1:
            raise wire.GarbledError("no sheet")
        return wire.sheet_of_parts(head.get("sheet"), parts[0])

    return _ask(ask, county, content, where, limits, take)


def close() -> None:
    """End the readers that wait for work; the next file starts a new one."""
    _cage.close()


def _ask(
    ask: dict[str, Any],
    county: County,
    content: bytes,
    where: str,
    limits: Limits | None,
    take: Callable[[Mapping[str, Any], list[bytes]], T],
) -> T:
    ask["county"] = county.model_dump_json(by_alias=True)
    limits = limits or Limits.of_settings()
    while True:
        with _cage.reader(limits) as reader:
            is_new = reader.files == 0
            try:
                head, parts = reader.ask(ask, content, limits.seconds * 3, limits.output)
                error = wire.error_of(head["error"]) if head.get("error") else None
                if error is None:
                    return take(head, parts)
                if error.code != "too_large" or is_new:
                    raise error
                reader.end()  # it may have grown by what it read before
            except Died as e:
                if is_new:
                    raise _died(e, where) from None
            except wire.GarbledError as e:
                reader.end()
                if is_new:
                    raise _failed(f"answered what is no answer ({e})", where) from None
            except TooSlowError:
                if is_new:
                    raise _too_slow(limits.seconds, where) from None
            except TooMuchError:
                raise too_large(
                    f"read, it is more than {limits.output >> 20} MB",
                    f"at most {limits.output >> 20} MB",
                    where,
                ) from None


class _Cage:
    """The readers of this process: at most `_MOST` at work, those at rest kept for the next file."""

    def __init__(self) -> None:
        self._rest: queue.LifoQueue[tuple[Limits, Reader]] = queue.LifoQueue()
        self._all: weakref.WeakSet[Reader] = weakref.WeakSet()
        self._slots = threading.BoundedSemaphore(_MOST)

    @contextmanager
    def reader(self, limits: Limits) -> Iterator[Reader]:
        """A reader for one file; a new one where none is at rest."""
        with self._slots:
            reader = self._take(limits) or self._start(limits)
            try:
                yield reader
            except BaseException as e:
                if not isinstance(e, ReturnedError):
                    reader.end()  # in the middle of an exchange, perhaps
                raise
            finally:
                if reader.is_alive and reader.files < MAX_FILES and reader.peak < limits.memory // 2:
                    self._rest.put((limits, reader))
                else:
                    reader.end()

    def _take(self, limits: Limits) -> Reader | None:
        while True:
            try:
                made_for, reader = self._rest.get_nowait()
            except queue.Empty:
                return None
            if reader.is_alive and made_for == limits:
                return reader
            reader.end()

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
        while True:
            try:
                self._rest.get_nowait()[1].end()
            except queue.Empty:
                return

    def forget(self) -> None:
        """In a forked child: the readers are the parent's, and the locks may be held by threads that are not here."""
        readers = list(self._all)
        self.__init__()  # type: ignore[misc]
        for reader in readers:
            reader.let_go()


_cage = _Cage()
atexit.register(_cage.close)
os.register_at_fork(after_in_child=_cage.forget)


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
        zh="解析程序无法处理该文件,请用表格软件另存为新文件后重报,如再次发生请联系市级",
    )


def _too_slow(seconds: int | None, where: str) -> ReturnedError:
    return ReturnedError(
        "reading it takes too long",
        where=where,
        expected=f"at most {seconds} s" if seconds else "less",
        do="Copy the form into a new file, without anything else, and send that.",
        code="too_slow",
        zh="文件解析超时,请只保留报表内容,另存为新文件后重报",
    )
