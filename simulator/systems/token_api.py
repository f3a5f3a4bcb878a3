"""440703: an HTTP API with a bearer token that expires and pages by cursor. English keys, clean values.

    POST /oauth/token {"client_id", "client_secret"}     -> {"access_token", "token_type", "expires_in"}
    GET  /v1/reports?cursor=                             -> {"data": [entry, ...], "next_cursor"}
    GET  /v1/reports/{form}/{period}?cursor=&limit=1000  -> {"data": [row, ...], "next_cursor"}

An entry is {"form", "period", "updated_at"}. A token ends after 60 seconds or 20 requests (401). A cursor
is opaque and belongs to one listing (else 400).
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator import rendering
from simulator.systems.base import WebSystem

TOKEN_SECONDS = 60
TOKEN_REQUESTS = 20
LISTED = 8  # entries on a page of the listing
MOST_ROWS = 1000


class TokenApi(WebSystem):
    """See the module."""

    def routes(self) -> list[Route]:
        self._tokens: dict[str, tuple[float, int]] = {}  # token -> valid until, requests left
        return [
            Route("/oauth/token", self._token, methods=["POST"]),
            Route("/v1/reports", self._list),
            Route("/v1/reports/{form}/{period}", self._report),
        ]

    async def refuse_credentials(self) -> None:
        self._tokens.clear()
        await super().refuse_credentials()

    async def _token(self, request: Request) -> Response:
        try:
            given = json.loads(await request.body())
            fits = given["client_id"] == self.user and secrets.compare_digest(
                given["client_secret"], self.password
            )
        except (ValueError, KeyError, TypeError):
            return _error(400, "invalid_request")
        if not fits:
            return _error(401, "invalid_client")
        token = secrets.token_urlsafe(24)
        self._tokens[token] = (time.monotonic() + TOKEN_SECONDS, TOKEN_REQUESTS)
        return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS})

    def _refusal(self, request: Request) -> Response | None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        until, left = self._tokens.get(token, (0.0, 0))
        if time.monotonic() > until or left < 1:
            self._tokens.pop(token, None)
            return _error(401, "invalid_token")
        self._tokens[token] = (until, left - 1)
        return None

    async def _list(self, request: Request) -> Response:
        if refusal := self._refusal(request):
            return refusal
        entries = [
            {"form": each.form.code, "period": each.period, "updated_at": each.updated_at.isoformat()}
            for each in self.published()
        ]
        start = _position("reports", request.query_params.get("cursor"))
        if start is None:
            return _error(400, "invalid_cursor")
        following = _cursor("reports", start + LISTED) if start + LISTED < len(entries) else None
        return JSONResponse({"data": entries[start : start + LISTED], "next_cursor": following})

    async def _report(self, request: Request) -> Response:
        if refusal := self._refusal(request):
            return refusal
        form, period = request.path_params["form"], request.path_params["period"]
        submission = self.find(form, period)
        if submission is None:
            return _error(404, "not_found")
        start = _position(f"{form}/{period}", request.query_params.get("cursor"))
        limit = request.query_params.get("limit", str(MOST_ROWS))
        if start is None or not limit.isdecimal() or not 1 <= int(limit) <= MOST_ROWS:
            return _error(400, "invalid_cursor_or_limit")
        rows = rendering.json_rows(submission, rendering.native)
        end = start + int(limit)
        following = json.dumps(_cursor(f"{form}/{period}", end) if end < len(rows) else None)
        text = f'{{"data":[{",".join(rows[start:end])}],"next_cursor":{following}}}'
        if submission.is_cut:
            text = text[: int(len(text) * 0.6)]
        return Response(text, media_type="application/json")


def _error(status: int, word: str) -> Response:
    return JSONResponse({"error": word}, status_code=status)


def _cursor(listing: str, position: int) -> str:
    return base64.urlsafe_b64encode(f"{listing}@{position}".encode()).decode()


def _position(listing: str, cursor: str | None) -> int | None:
    if not cursor:
        return 0
    try:
        of, _, position = base64.urlsafe_b64decode(cursor.encode()).decode().rpartition("@")
    except (binascii.Error, UnicodeError):
        return None
    return int(position) if of == listing and position.isdecimal() else None
