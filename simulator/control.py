"""The control server: lets events happen while county systems are served.

In: POST /events. Out: the event's entry in the manifest.

    POST /events {"event": "down", "county": "440704"}   with `Authorization: Bearer <token of control.json>`
    GET  /manifest
"""

from __future__ import annotations

import asyncio
import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.events import EventError
from simulator.records import write_private
from simulator.systems import WebServer


class Control:
    """Runs events through `apply`, in a thread, so that the servers go on answering."""

    def __init__(
        self, host: str, apply: Callable[..., dict[str, Any]], manifest: Callable[[], dict[str, Any]]
    ) -> None:
        self._apply, self._manifest = apply, manifest
        self.token = secrets.token_urlsafe(24)
        self._web = WebServer(
            [Route("/events", self._event, methods=["POST"]), Route("/manifest", self._state)], host
        )

    async def start(self, directory: Path) -> None:
        host, port = await self._web.start()
        state = {"host": host, "port": port, "token": self.token}
        write_private(directory / "control.json", json.dumps(state) + "\n")

    async def stop(self) -> None:
        await self._web.stop()

    def _is_allowed(self, request: Request) -> bool:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        return secrets.compare_digest(given.encode(), self.token.encode())

    async def _event(self, request: Request) -> Response:
        if not self._is_allowed(request):
            return JSONResponse({"error": "wrong token"}, status_code=401)
        try:
            arguments = json.loads(await request.body())
            event = arguments.pop("event")
            return JSONResponse(await asyncio.to_thread(self._apply, event, **arguments))
        except (EventError, ValueError, KeyError, AttributeError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)

    async def _state(self, request: Request) -> Response:
        if not self._is_allowed(request):
            return JSONResponse({"error": "wrong token"}, status_code=401)
        return JSONResponse(self._manifest())


def post_event(directory: Path, event: str, arguments: dict[str, str]) -> dict[str, Any]:
    """Send an event to the simulator that serves from `directory`; returns its entry in the manifest.

    Raises EventError with the server's reason, OSError if none serves.
    """
    control = json.loads((directory / "control.json").read_text(encoding="utf-8"))
    host = "127.0.0.1" if control["host"] == "0.0.0.0" else control["host"]
    request = urllib.request.Request(
        f"http://{host}:{control['port']}/events",
        data=json.dumps({"event": event, **arguments}).encode(),
        headers={"Authorization": f"Bearer {control['token']}", "Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            noted: dict[str, Any] = json.load(answer)
            return noted
    except urllib.error.HTTPError as error:
        raise EventError(json.load(error)["error"]) from error
