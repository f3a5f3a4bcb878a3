"""The base of all county systems. In: the submissions a county holds. Out: a server and its URI."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from abc import ABC, abstractmethod
from pathlib import Path
from urllib.parse import quote

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from simulator.submissions import Key, Submission
from simulator.systems.front_door import FrontDoor, State


class CountySystem(ABC):
    """One county's server. `held` is shared with the simulation, which replaces submissions in it."""

    def __init__(
        self, county: str, held: dict[Key, Submission], directory: Path, host: str, advertise: str
    ) -> None:
        self.county, self.directory = county, directory
        self._held = held
        self.door = FrontDoor(host)
        self.host, self.advertise = host, advertise
        self.user, self.password = f"collector_{county}", secrets.token_urlsafe(18)

    def published(self) -> list[Submission]:
        """The county's published submissions, by form and period."""
        own = [each for each in self._held.values() if each.county == self.county and each.is_published]
        return sorted(own, key=lambda each: (each.form.code, each.period))

    def find(self, form: str, period: str) -> Submission | None:
        found = self._held.get((self.county, form, period))
        return found if found is not None and found.is_published else None

    async def start(self) -> None:
        """Serve. Afterwards `uri` is what a collector needs."""
        self.door.backend = await self._start()
        await self.door.set_state("up")

    async def stop(self) -> None:
        """Close the port and everything behind it."""
        await self.door.stop()
        await self._stop()

    async def set_state(self, state: State) -> None:
        """Be up, down or hanging. Raises ValueError if the county cannot be that."""
        await self.door.set_state(state)

    @property
    def address(self) -> str:
        return f"{self.advertise}:{self.door.port}"

    @property
    def login(self) -> str:
        return f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"

    @property
    @abstractmethod
    def uri(self) -> str:
        """Scheme, credentials, address and further parameters, for the collector."""

    async def refuse_credentials(self) -> None:
        """Refuse the credentials that were given out, from now on."""
        self.password = secrets.token_urlsafe(18)
        await self.door.drop()

    async def refresh(self, changed: list[Submission]) -> None:  # noqa: B027  (most systems read what is held)
        """Publish submissions that were replaced."""

    async def change_host_key(self) -> None:
        """Raises ValueError, except in SSH servers."""
        raise ValueError(f"{self.county} has no host key: only counties that serve by SFTP do")

    @abstractmethod
    async def _start(self) -> tuple[str, int] | str:
        """Start the server behind the door; returns its address."""

    @abstractmethod
    async def _stop(self) -> None: ...


class WebServer:
    """Starlette routes served by uvicorn on a port of its own, in the running event loop."""

    def __init__(self, routes: list[Route], host: str = "127.0.0.1") -> None:
        config = uvicorn.Config(
            Starlette(routes=routes), log_config=None, access_log=False, lifespan="off", ws="none",
            timeout_graceful_shutdown=1, server_header=False,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        # named as TCP, because asyncio then sends at once (TCP_NODELAY)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind((host, 0))
        self.host, self.port = self._socket.getsockname()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> tuple[str, int]:
        """Serve; returns host and port once requests are answered."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started:
            if self._task.done():
                raise RuntimeError("a web server of the simulator did not start") from self._task.exception()
            await asyncio.sleep(0.01)
        return self.host, self.port

    async def stop(self) -> None:
        """End at once; requests under way are cut off after a second."""
        self._server.should_exit = True
        if self._task:
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._socket.close()


class WebSystem(CountySystem):
    """A county system that speaks HTTP."""

    def __init__(
        self, county: str, held: dict[Key, Submission], directory: Path, host: str, advertise: str
    ) -> None:
        super().__init__(county, held, directory, host, advertise)
        self._web = WebServer(self.routes())

    @abstractmethod
    def routes(self) -> list[Route]:
        """Its routes."""

    @property
    def uri(self) -> str:
        return f"http://{self.login}@{self.address}"

    async def _start(self) -> tuple[str, int]:
        return await self._web.start()

    async def _stop(self) -> None:
        await self._web.stop()
