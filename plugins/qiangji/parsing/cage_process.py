"""One reader: the child process of `cage`, and the conversation with it.

In: requests. Out: answers, or an exception that says how the child ended. Every read and write has a deadline, and
nothing beyond the cap is read. The child gets an environment of its own: paths, locale and zone, no secret.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import selectors
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Literal

from qiangji.parsing import wire
from qiangji.settings import MARK

_PASSED = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH",
           "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "QIANGJI_TIMEZONE", MARK)  # fmt: skip
_MEMORY = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "1",
           "MALLOC_TRIM_THRESHOLD_": str(64 << 20), "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
           "OPENBLAS_NUM_THREADS": "1"}  # fmt: skip
"""One arena, no reserved ranges, and no threads with stacks and buffers of their own, because the limit is on address
space. What a file took is kept for the next one: taking memory from the system and giving it back costs as much as
reading a small file."""
_START = {"PYDANTIC_DISABLE_PLUGINS": "1"}
"""None is looked for among all packages that are installed."""
_START_SECONDS = 120.0
_PIECE = 1 << 16
_SAID = 4000


class Died(Exception):
    """The reader ended by itself. `said`: the end of what it wrote to its standard error."""

    def __init__(self, code: int | None, said: str) -> None:
        super().__init__(f"code {code}")
        self.code, self.said = code, said
        self.signal = -code if code is not None and code < 0 else None


class TooSlowError(Exception):
    """No answer in time; the reader was ended."""


class TooMuchError(Exception):
    """The answer is longer than allowed; the reader was ended."""


class Reader:
    """A child process that reads files. Not for two threads at once."""

    def __init__(self, memory: int, seconds: int) -> None:
        self.files, self.peak = 0, 0
        self._said = b""
        package = str(Path(__file__).resolve().parents[2])
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "qiangji.parsing.cage_worker", str(memory), str(seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd="/",
            env={k: v for k in _PASSED if (v := os.environ.get(k))}
            | _MEMORY
            | _START
            | {"PYTHONPATH": package},
        )
        for pipe in self._pipes:
            os.set_blocking(pipe.fileno(), False)
            with contextlib.suppress(OSError, AttributeError):  # Linux: most files fit into one write
                fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIECE * 16)
        try:
            self._exchange([], time.monotonic() + _START_SECONDS, wire.MAX_HEAD)
        except BaseException:
            self.end()
            raise

    @property
    def _pipes(self) -> tuple[Any, Any, Any]:
        return self._process.stdin, self._process.stdout, self._process.stderr

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(
        self, head: wire.Head, content: bytes, seconds: float, cap: int
    ) -> tuple[wire.Head, wire.Received]:
        """One request and its answer. Raises Died, TooSlowError, TooMuchError, GarbledError, and ends the child then.

        `cap`: bytes of the answer's parts.
        """
        self.files += 1
        pieces = wire.frame(head, [content])
        answer, parts = self._exchange(pieces, time.monotonic() + seconds, cap)
        peak = answer.get("peak")
        self.peak = peak if isinstance(peak, int) else 0
        return answer, parts

    def _exchange(self, pieces: wire.Parts, deadline: float, cap: int) -> tuple[wire.Head, wire.Received]:
        try:
            answer = _Answer(cap)
            self._move(pieces, answer, deadline)
            return answer.taken()
        except BaseException:
            self.end()
            raise

    def _move(self, pieces: wire.Parts, answer: _Answer, deadline: float) -> None:
        stdin, stdout, stderr = self._pipes
        waiting = [memoryview(p) for p in pieces if len(p)]
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            selector.register(stderr, selectors.EVENT_READ)
            if waiting:
                selector.register(stdin, selectors.EVENT_WRITE)
            while not answer.is_complete:
                left = deadline - time.monotonic()
                ready = selector.select(left) if left > 0 else []
                if not ready:
                    raise TooSlowError
                for key, _ in ready:
                    if key.fileobj is stdin:
                        if not self._write(waiting):
                            selector.unregister(stdin)
                    elif key.fileobj is stderr:
                        if not self._listen():
                            selector.unregister(stderr)
                    elif taken := os.readv(stdout.fileno(), [answer.room(_PIECE * 16)]):
                        answer.took(taken)
                    else:
                        raise self._obituary()

    def _write(self, waiting: list[memoryview]) -> bool:
        """Write as much as the pipe takes. Returns whether something is left."""
        try:
            done = os.write(self._pipes[0].fileno(), waiting[0][: _PIECE * 16])
        except BrokenPipeError:
            return False  # its output will say that it ended
        waiting[0] = waiting[0][done:]
        if not waiting[0]:
            del waiting[0]
        return bool(waiting)

    def _listen(self) -> bool:
        with contextlib.suppress(BlockingIOError):
            chunk = os.read(self._pipes[2].fileno(), _PIECE)
            self._said = (self._said + chunk)[-_SAID:]
            return bool(chunk)
        return True

    def _obituary(self) -> Died:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self._listen()
        return Died(self._process.poll(), self._said.decode("utf-8", "replace"))

    def end(self) -> None:
        """Kill it and wait for it."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        self.let_go()

    def let_go(self) -> None:
        """Close this process's ends of the pipes, without ending the reader."""
        for pipe in self._pipes:
            with contextlib.suppress(OSError):
                pipe.close()


class _Answer:
    """A frame while it comes in, piece by piece: prefix, head, then the size and the bytes of each part.

    Each piece is read into its place at once: answers of a nation are a gigabyte, which is not copied.
    """

    def __init__(self, cap: int) -> None:
        self._left = cap
        self._state: Literal["prefix", "head", "size", "part"] = "prefix"
        self._piece, self._at = bytearray(wire.PREFIX.size), 0
        self._head: wire.Head = {}
        self._parts: list[bytes | bytearray] = []
        self._count = 0
        self.is_complete = False

    def room(self, most: int) -> memoryview:
        """Where the next bytes go: none beyond the current piece."""
        return memoryview(self._piece)[self._at : self._at + most]

    def took(self, count: int) -> None:
        """So many bytes have come."""
        self._at += count
        while not self.is_complete and self._at == len(self._piece):
            piece, self._at = self._piece, 0
            self._take(piece)

    def _take(self, piece: bytearray) -> None:
        if self._state == "prefix":
            size, self._count = wire.PREFIX.unpack(piece)
            if size > wire.MAX_HEAD:
                raise wire.GarbledError("a long head")
            self._state, self._piece = "head", bytearray(size)
        elif self._state == "head":
            try:
                head = json.loads(piece)
            except (ValueError, RecursionError):
                raise wire.GarbledError("no head") from None
            if not isinstance(head, dict):
                raise wire.GarbledError("no head")
            self._head = head
            self._next()
        elif self._state == "size":
            (size,) = wire.SIZE.unpack(piece)
            self._left -= size
            if self._left < 0:
                raise TooMuchError
            self._state, self._piece = "part", bytearray(size)
            if not size:
                self._parts.append(b"")
                self._next()
        else:
            self._parts.append(piece)
            self._next()

    def _next(self) -> None:
        self._state, self._piece = "size", bytearray(wire.SIZE.size)
        self.is_complete = len(self._parts) == self._count

    def taken(self) -> tuple[wire.Head, wire.Received]:
        return self._head, self._parts
