"""The network between the pipeline and county systems breaks in the middle of a download.

In: county systems of every transport, each behind a door that cuts after a number of bytes. Out: an `Outcome` for each,
compared with an undisturbed collection.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import pytest

from tests.faults.scene import Content, Outcome, content_of
from tests.integration.nights import Night, clone, forget, night

COUNTIES = ("440703", "440781", "440783", "440785")
"""Pages over HTTP, SFTP, a database, downloads over HTTP."""


class Door:
    """Forwards connections on loopback, and resets one after `after` bytes from the server.

    `cuts`: how many connections are still to be reset; the others go through.
    """

    def __init__(self, host: str, port: int, after: int, cuts: int) -> None:
        self._target, self.after, self.cuts, self.done = (host, port), after, cuts, 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(self._target)
            threading.Thread(target=self._forward, args=(near, far, False), daemon=True).start()
            threading.Thread(target=self._forward, args=(far, near, True), daemon=True).start()

    def _forward(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        brought = 0
        try:
            while data := source.recv(4096):
                brought += len(data)
                if counted and brought > self.after and self._may_cut():
                    sink.sendall(data[: max(0, len(data) - (brought - self.after))])
                    # RST, as a firewall sends it
                    sink.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    break
                sink.sendall(data)
        except OSError:
            pass
        for side in (source, sink):
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
            side.close()

    def _may_cut(self) -> bool:
        with self._lock:
            if self.cuts <= 0:
                return False
            self.cuts -= 1
            self.done += 1
            return True


@dataclass
class Wired:
    """County systems, an empty workplace, and the content after an undisturbed collection."""

    folder: Path
    postgres: Any
    empty: Night
    expected: Content

    def cut(self, after: int, cuts: int) -> Outcome:
        """Collect with `cuts` connections of each county cut after `after` bytes; if that fails, again without."""
        number = f"cut {after} {cuts}"
        with ExitStack() as stack:
            one = stack.enter_context(clone(self.empty, self.folder / number, self.postgres))
            doors = []
            with pytest.MonkeyPatch.context() as patch:
                for county in self.empty.systems.counties:
                    uri = self.empty.systems.connections[county]
                    parts = urlsplit(uri)
                    door = stack.enter_context(Door(str(parts.hostname), int(parts.port or 0), after, cuts))
                    doors.append(door)
                    patch.setenv(
                        f"QIANGJI_CONN_COUNTY_{county}",
                        uri.replace(f"{parts.hostname}:{parts.port}", f"127.0.0.1:{door.port}"),
                    )
                first = one.collect()
            if first.failures:
                assert {e.code for *_, e in first.failures} <= {"unreachable", "short_body", "timeout"}, (
                    first.failures
                )
                assert one.collect().failures == []
            found = content_of(one)
            left = [str(p) for p in (one.lake / "tmp").glob("*")]
            said = f"{after} bytes, {sum(d.done for d in doors)} connections cut"
            return Outcome(
                "network cut in a download, and collected again" if first.failures
                else "network cut in a download, and tried again by itself",
                said,
                sorted((self.expected - found).elements()),
                sorted((found - self.expected).elements()),
                left,
                sum(d.done for d in doors),
            )  # fmt: skip


@contextmanager
def wired(folder: Path, postgres: Any) -> Iterator[Wired]:
    with ExitStack() as stack:
        options: dict[str, Any] = {"scale": 0.03, "months": 1, "faults": "none", "counties": list(COUNTIES)}
        empty = stack.enter_context(night(folder, postgres, **options))
        undisturbed = stack.enter_context(clone(empty, folder / "undisturbed", postgres))
        assert undisturbed.collect().failures == []
        yield Wired(folder, postgres, empty, content_of(undisturbed))
    forget()
