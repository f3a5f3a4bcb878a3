"""440785: files for download with basic authentication. CSV, UTF-8 with BOM, CRLF, Chinese headers.

GET /files          -> [{"name", "form", "period", "size", "modified"}]
GET /files/{name}   -> the bytes, with Content-Length and ETag
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from simulator import rendering
from simulator.submissions import Submission
from simulator.systems.base import WebSystem


class Downloads(WebSystem):
    """See the module."""

    def routes(self) -> list[Route]:
        self._content: dict[tuple[str, str], tuple[Submission, bytes]] = {}
        return [Route("/files", self._list), Route("/files/{name}", self._file)]

    def _refusal(self, request: Request) -> Response | None:
        given = request.headers.get("authorization", "").removeprefix("Basic ")
        try:
            login = base64.b64decode(given, validate=True)
        except (binascii.Error, ValueError):
            login = b""
        if secrets.compare_digest(login, f"{self.user}:{self.password}".encode()):
            return None
        return PlainTextResponse(
            "401", status_code=401, headers={"WWW-Authenticate": 'Basic realm="reports"'}
        )

    def _bytes(self, submission: Submission) -> bytes:
        """The file of a submission; rendered once."""
        place = submission.form.code, submission.period
        held = self._content.get(place)
        if held is None or held[0] is not submission:
            text = rendering.csv_text(submission, rendering.plain_text, "\r\n")
            if submission.is_cut:
                text = rendering.cut_text(text)
            held = self._content[place] = submission, text.encode("utf-8-sig")
        return held[1]

    async def _list(self, request: Request) -> Response:
        if refusal := self._refusal(request):
            return refusal
        return JSONResponse(
            [
                {
                    "name": f"{each.form.code}_{each.period}.csv",
                    "form": each.form.code,
                    "period": each.period,
                    "size": len(self._bytes(each)),
                    "modified": each.updated_at.isoformat(),
                }
                for each in self.published()
            ]
        )

    async def _file(self, request: Request) -> Response:
        if refusal := self._refusal(request):
            return refusal
        form, _, period = request.path_params["name"].removesuffix(".csv").rpartition("_")
        submission = self.find(form, period)
        if submission is None or not request.path_params["name"].endswith(".csv"):
            return PlainTextResponse("404", status_code=404)
        content = self._bytes(submission)
        tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={"ETag": tag})
        return Response(content, media_type="text/csv", headers={"ETag": tag})
