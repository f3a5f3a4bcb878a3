"""440704: an HTTP API with a key in a header and page numbers. Chinese keys; now and then too busy.

    GET /api/reports?page=1                                 -> {"page", "pages", "total", "rows": [entry]}
    GET /api/reports/{form}/{period}?page=1&page_size=1000  -> the same envelope, rows of the report

An entry is {"form", "period", "updated_at"}.

Both want `X-Api-Key`. Every seventh request is answered 429 with `Retry-After: 1`.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator import rendering
from simulator.submissions import Key, Submission
from simulator.systems.base import WebSystem

LISTED = 5  # entries on a page of the listing
MOST_ROWS = 1000
BUSY_EVERY = 7


class PagedApi(WebSystem):
    """See the module."""

    def __init__(
        self, county: str, held: dict[Key, Submission], directory: Path, host: str, advertise: str
    ) -> None:
        super().__init__(county, held, directory, host, advertise)
        self.user = "api"
        self._requests = 0

    def routes(self) -> list[Route]:
        return [Route("/api/reports", self._list), Route("/api/reports/{form}/{period}", self._report)]

    def _refusal(self, request: Request) -> Response | None:
        if not secrets.compare_digest(request.headers.get("x-api-key", "").encode(), self.password.encode()):
            return _error(401, "密钥无效")
        self._requests += 1
        if self._requests % BUSY_EVERY == 0:
            return _error(429, "请求过于频繁", {"Retry-After": "1"})
        return None

    async def _list(self, request: Request) -> Response:
        if refusal := self._refusal(request):
            return refusal
        entries = [
            json.dumps(
                {"form": each.form.code, "period": each.period, "updated_at": each.updated_at.isoformat()}
            )
            for each in self.published()
        ]
        return _page(request, entries, LISTED, LISTED)

    async def _report(self, request: Request) -> Response:
        if refusal := self._refusal(request):
            return refusal
        submission = self.find(request.path_params["form"], request.path_params["period"])
        if submission is None:
            return _error(404, "无此报表")
        rows = rendering.json_rows(submission, rendering.yes_no)
        return _page(request, rows, MOST_ROWS, MOST_ROWS, is_cut=submission.is_cut)


def _page(request: Request, rows: list[str], size: int, most: int, is_cut: bool = False) -> Response:
    page, wanted = request.query_params.get("page", "1"), request.query_params.get("page_size", str(size))
    if not page.isdecimal() or not wanted.isdecimal() or not 1 <= int(wanted) <= most:
        return _error(400, f"页码或每页行数有误(每页1至{most}行)")
    number, size = int(page), int(wanted)
    pages = max(1, -(-len(rows) // size))
    if not 1 <= number <= pages:
        return _error(404, f"共{pages}页")
    body = ",".join(rows[(number - 1) * size : number * size])
    text = f'{{"page":{number},"pages":{pages},"total":{len(rows)},"rows":[{body}]}}'
    return Response(text[: int(len(text) * 0.6)] if is_cut else text, media_type="application/json")


def _error(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": text}, status_code=status, headers=headers)
