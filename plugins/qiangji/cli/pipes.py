"""Output that a reader has had enough of: `qiangji check FILE | head`.

In: the process's stdout and stderr. Out: the same streams, of which a closed pipe takes the rest in silence. The
command goes on to its end, so that its exit code says what it always says; click and rich would end it with 1.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Pipe(io.FileIO):
    """A file descriptor to write to. Once nobody reads it, it leads to nothing."""

    def write(self, b: ReadableBuffer, /) -> int:
        try:
            return super().write(b)
        except BrokenPipeError:
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, self.fileno())
            os.close(nothing)
            return super().write(b)


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
