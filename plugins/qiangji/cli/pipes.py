"""Output that a reader has had enough of: `qiangji check FILE | head`.

In: the process's stdout and stderr. Out: the same streams, of which a closed pipe takes the rest in silence. The
command goes on to its end, so that its exit code says what it always says; click and rich would end it with 1. What a
full disk does not take is lost likewise, and `lost` tells it at the end.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

from qiangji.errors import LakeError, of_the_disk

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


_LOST: list[LakeError] = []


class _Pipe(io.FileIO):
    """A file descriptor to write to. Once nobody reads it, or its disk is full, it leads to nothing."""

    def write(self, b: ReadableBuffer, /) -> int:
        try:
            return super().write(b)
        except OSError as e:
            told = of_the_disk(e, "the output of this command")
            if not (told or isinstance(e, BrokenPipeError)):
                raise
            if told:
                _LOST.append(told)
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, self.fileno())
            os.close(nothing)
            return super().write(b)


def lost() -> LakeError | None:
    """Why a part of the output so far was not written; None: all of it was, or nobody wanted the rest."""
    sys.stdout.flush()
    return _LOST[0] if _LOST else None


def outlive_readers() -> None:
    """Let the process's output be closed at its other end."""
    sys.stdout, sys.stderr = _outliving(sys.stdout), _outliving(sys.stderr)


def _outliving(stream: TextIO) -> TextIO:
    """The stream itself if it is a terminal, or no descriptor stands behind it."""
    if stream is None or stream.isatty():
        return stream
    try:
        number = stream.fileno()
    except (OSError, ValueError):
        return stream
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Pipe(number, "w", closefd=False)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream is sys.stderr,
    )
