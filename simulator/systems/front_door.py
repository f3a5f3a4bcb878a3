"""The public port of a county system, which can be up, down or hanging.

In: connections. Out: the same, forwarded to the server behind it (HTTP, SSH, PostgreSQL). A county that is down refuses
connections; one that hangs accepts them and never answers. The port stays the same, and taken, in every state.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Literal

State = Literal["up", "down", "hang"]


class FrontDoor:
    """Forwards `port` on `host` to a backend (host and port, or the path of a Unix socket)."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.state: State = "down"
        self.backend: tuple[str, int] | str = ""
        self._held = self._bind(0)
        self.port: int = self._held.getsockname()[1]
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def _bind(self, port: int) -> socket.socket:
        # named as TCP, because asyncio then sends at once (TCP_NODELAY)
        held = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((self.host, port))
        held.setblocking(False)
        return held

    async def set_state(self, state: State) -> None:
        """Change the state, and cut off all connections."""
        await self._close()
        self.state = state
        if state != "down":
            self._server = await asyncio.start_server(self._accept, sock=self._held)

    async def stop(self) -> None:
        """Close the port for good."""
        await self._close()
        self._held.close()

    async def drop(self) -> None:
        """Cut off all connections, in the same state."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def _close(self) -> None:
        was_listening = self._server is not None
        if self._server is not None:
            self._server.close()
            self._server = None
        await self.drop()
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        if was_listening:  # a bound socket that does not listen refuses connections and keeps the port
            self._held.close()
            self._held = self._bind(self.port)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            if self.state == "hang":
                while await reader.read(65536):
                    pass
            else:
                await self._forward(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            self._tasks.discard(task)
            writer.transport.abort() if writer.transport.is_closing() else writer.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if isinstance(self.backend, str):
            inner_reader, inner_writer = await asyncio.open_unix_connection(self.backend)
        else:
            inner_reader, inner_writer = await asyncio.open_connection(*self.backend)
        self._writers.add(inner_writer)
        try:
            await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))
        finally:
            self._writers.discard(inner_writer)
            inner_writer.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Pass bytes on until the source ends, then pass the end on."""
    while data := await source.read(65536):
        target.write(data)
        await target.drain()
    with contextlib.suppress(OSError):
        if target.can_write_eof():
            target.write_eof()
