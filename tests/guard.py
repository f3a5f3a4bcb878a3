"""A guard in the test process: who looks into the user's home or the checkout's, and who starts a server unasked.

In: events of the interpreter (see "Audit events table" in Python's documentation). Out: an error at the place where it
happens, and a record that fails the test even where that error was caught.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
_USER = Path(os.environ.get("HOME", "/nonexistent"))
_PRIVATE = (
    PROJECT / ".qiangji", PROJECT / ".env", _USER / ".qiangji", _USER / "airflow", _USER / ".ssh", _USER / ".pgpass",
    _USER / ".pg_service.conf", _USER / ".netrc", _USER / ".great_expectations", _USER / ".duckdb",
)  # fmt: skip
_PREFIXES = tuple(str(p) for p in _PRIVATE)
_PROGRAMS = {"postgres", "initdb", "airflow", "simulator"}
_OPENING = ("open", "os.listdir", "os.scandir")


class OutOfBounds(AssertionError):
    """A test looked at what is not its own, or started a server in the quick lane."""


class _State:
    may_serve = True
    seen: tuple[str, ...] = ()


def install() -> None:
    """From now on, for the whole life of this process."""
    sys.addaudithook(_hook)
    listen = socket.socket.listen

    def guarded(self: socket.socket, *backlog: int) -> None:
        if not _State.may_serve:
            _refuse("a server in the quick lane: ask for the fixture `servers`")
        listen(self, *backlog)

    setattr(socket.socket, "listen", guarded)  # noqa: B010 - mypy cannot assign it


@contextmanager
def lane(*, may_serve: bool) -> Iterator[None]:
    """One test: whether it may start servers."""
    _State.may_serve = may_serve
    try:
        yield
    finally:
        _State.may_serve = True


def seen() -> tuple[str, ...]:
    """What was refused since this was asked last."""
    found, _State.seen = _State.seen, ()
    return found


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if event in _OPENING:
        path = args[0]
        if isinstance(path, (str, os.PathLike)) and _is_private(os.fspath(path)):
            _refuse(f"{path}: it belongs to whoever runs the tests")
    elif (
        event == "subprocess.Popen"
        and not _State.may_serve
        and _PROGRAMS & {os.path.basename(str(a)) for a in args[1]}
    ):
        _refuse(f"{args[1]} in the quick lane: ask for the fixture `servers`")


def _is_private(path: str | bytes) -> bool:
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    if not path.startswith(_PREFIXES):
        return False
    return any(path == p or path.startswith(p + os.sep) for p in _PREFIXES)


def _refuse(what: str) -> None:
    _State.seen += (what,)
    raise OutOfBounds(what)
