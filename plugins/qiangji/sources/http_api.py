"""Transport `http_api`: a listing of reports, then each report as JSON records in pages or as a file to download.

The connection's URI is http(s)://login:password@host:port, with `ca=<path of a PEM file>` if the county has an
authority of its own. The County's `http` says how to log in, page and read. All pages of a report become one NDJSON
content in the order of the form's key, so the same records give the same bytes. A listing is taken whole or not at all:
pages that repeat or never end, and another number of records than announced, are errors. So are answers with status 200
that are no report (`no_report`).
"""

from __future__ import annotations

import email.utils
import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any
from urllib.parse import quote

from qiangji import masking
from qiangji.catalogue.models import County, Endpoint, FileKind, Form
from qiangji.errors import PermanentError, TransientError
from qiangji.sources import Fetched, Item, Seen, Target, listing, no_report
from qiangji.sources.address import address_of, login_refused
from qiangji.sources.files import is_text
from qiangji.sources.http_client import Answer, HttpClient, is_header
from qiangji.sources.limits import Busy, Limits
from qiangji.sources.paging import WAYS, PageError
from qiangji.sources.records import Record, Twice, check_count, digest, loads, to_ndjson

# These libraries log each address; it may hold a cursor, which is any text that the county's system chose.
logging.getLogger("httpx2").setLevel(logging.WARNING)
logging.getLogger("httpcore2").setLevel(logging.WARNING)

MAX_PAGES = 10_000
MAX_PAGE_BYTES = 32 * 2**20
"""Of JSON: parsed, it takes up to twenty times as much memory."""
PASSING = (429, 500, 502, 503, 504)
"""The only statuses that are worth another try."""
_KINDS: dict[str, FileKind] = {"json": "ndjson", "csv": "csv", "xlsx": "xlsx"}


class HttpSource:
    """One HTTP client with the county's login."""

    def __init__(self, county: County, forms: Mapping[str, Form], limits: Limits) -> None:
        if county.http is None:
            raise PermanentError("no `http` in counties.yaml", where=county.county, code="bad_connection")
        self._county, self._forms, self._limits, self._api = county, forms, limits, county.http
        self._address, self._token = address_of(county, "http", "https"), ""
        self._refused: Mapping[str, str] = {}
        self.others: Sequence[Seen] = ()
        headers = {self._api.header: self._address.password} if self._api.auth == "header" else {}
        self._client = HttpClient(
            county, self._address, limits, basic=self._api.auth == "basic", headers=headers
        )

    def close(self) -> None:
        self._client.close()

    def list(self, wanted: Sequence[Target]) -> list[Item]:
        api = self._api
        entries = chain.from_iterable(self._pages(api.list, {}))
        found = listing.read(entries, self._county, api, self._forms, wanted)
        self.others, self._refused = found.others, found.refused
        return list(found.items.values())

    def fetch(self, item: Item) -> Fetched:
        form, period = item.targets[0]
        said = str(item.said[0]) if item.said else str(period)
        if why := self._refused.get(item.name):
            expected = "each name once, as it says what to download: printable, at most 255 bytes"
            raise self._bad(self._api.list.path, why, expected)
        try:
            content = self._content(form, said, item.name)
        except PermanentError as e:  # listed with another way to write the period than it is asked for
            if e.code != "not_found" or said == str(period):
                raise
            content = self._content(form, str(period), item.name)
        self._limits.check_size(len(content), item.name)
        if not content:  # the system says that it has no records: so it may be, or it may have them tomorrow
            item = replace(item, version="")
        return Fetched(item, content, _KINDS[self._api.format])

    def _content(self, form: str, period: str, name: str) -> bytes:
        names = {"form": form, "period": period, "name": name}
        if self._api.format == "json":
            return to_ndjson(self._records_of(names), self._forms[form])
        path = _path(self._api.fetch, names)
        answer = self._get(path, {}, no_report.no_file)
        if not answer.is_measured:
            raise self._bad(path, "nothing tells where the file ends", "Content-Length, or a chunked body")
        return answer.body

    def _records_of(self, names: Mapping[str, str]) -> Sequence[Record]:
        """All records of a report. One that comes again on a later page tells that the pages moved while they were
        read, and that others were lost: TransientError `count_differs`.
        """
        endpoint = self._api.fetch
        pages = list(self._pages(endpoint, names))
        seen = set[str]()
        for page in pages if len(pages) > 1 else ():
            own = {digest(record) for record in page if record}
            if seen & own:
                raise self._differs(_path(endpoint, names), "the same record came on two pages")
            seen |= own
        return [record for page in pages for record in page]

    # ---- pages

    def _pages(self, endpoint: Endpoint, names: Mapping[str, str]) -> Iterator[Sequence[Record]]:
        """The records of each page. Raises PermanentError `page_loop` if pages repeat or never end, TransientError
        `count_differs` if their number is not what was announced, `no_report` for a report without any.
        """
        path = _path(endpoint, names)
        try:
            yield from self._walk(endpoint, path)
        except PageError as e:
            raise self._bad(path, *e.args) from None

    def _walk(self, endpoint: Endpoint, path: str) -> Iterator[Sequence[Record]]:
        way, param = WAYS[endpoint.paging.style](endpoint.paging), endpoint.paging.param
        params = way.first
        asked, seen = set[str](), set[int]()
        received, size, announced = 0, 0, None
        for _ in range(MAX_PAGES):
            body, length = self._json(path, params, endpoint.items)
            size += length
            self._limits.check_size(size, path)
            records = self._records(body, endpoint, path)
            received += len(records)
            check_count(received, self._county.county, path)
            said = way.announced(body)
            if said != (announced := announced or said):
                raise self._differs(path, f"{said} announced, {announced} before")
            page = self._hash(records, path)
            if records and page in seen:
                raise self._loop(path, f"pages come round again after {received} records")
            seen.add(page)
            yield records
            following = way.following(body, params)
            if following is None:
                if received != said.get("total", received):
                    raise self._differs(path, f"{received} records came, {said} announced")
                is_said = "total" in said or no_report.says_well(body)
                if endpoint is self._api.fetch and not received and not is_said:
                    raise self._no_report(path, "no records of a report that is listed")
                return
            if following in asked:
                raise self._loop(path, f"pages come round again after {received} records")
            asked.add(following)
            params = params | {param: following}
        raise self._loop(path, f"more than {MAX_PAGES:,} pages")

    def _hash(self, records: Sequence[Record], path: str) -> int:
        """A page's hash. Raises for halves of characters, which JSON may hold and no store takes."""
        text = digest(records)
        if not is_text(text):
            raise self._bad(path, "text with half a character in it", "Unicode")
        return hash(text)

    def _records(self, body: Any, endpoint: Endpoint, path: str) -> Sequence[Record]:
        if isinstance(body, Twice):
            raise self._bad(path, "an object with one key twice", "each key once")
        records = body.get(endpoint.items) if endpoint.items and isinstance(body, dict) else body
        if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
            where = f"under {endpoint.items!r}" if endpoint.items else "as the answer"
            raise self._bad(path, f"no list of objects {where}", f"a list of objects {where}")
        return records

    def _json(self, path: str, params: Mapping[str, str | int], items: str) -> tuple[Any, int]:
        """The answer's JSON, and its size in bytes. `items`: the key that holds the records."""
        answer = self._get(path, params, lambda body: no_report.failure(body, items), MAX_PAGE_BYTES)
        try:
            return loads(answer.body), len(answer.body)
        except (ValueError, RecursionError):
            pass  # raised below, without the cause: its text holds what was received
        raise self._bad(path, "an answer that is not JSON", "JSON")

    # ---- requests

    def _get(
        self,
        path: str,
        params: Mapping[str, str | int],
        is_none: Callable[[bytes], str | None],
        most: int | None = None,
    ) -> Answer:
        """One GET, retried if that may help. An expired token is renewed once. `is_none`: why a body is no report."""

        def ask() -> Answer:
            answer = self._send("GET", path, params, most=most)
            if answer.status == 200 and (what := is_none(answer.body)):
                raise self._no_report(path, what)
            return answer

        answer = self._limits.retrying(ask)
        if answer.status == 401 and self._api.auth == "client_credentials":
            self._token = ""
            answer = self._limits.retrying(ask)
        if answer.status in (401, 403):
            raise login_refused(self._county, f"{path} refuses the login ({answer.status})")
        if answer.status == 404:
            raise PermanentError(
                f"{path} is not there (404)",
                where=self._county.county,
                expected="a path of the system",
                do="Check `http` in counties.yaml, or ask the county.",
                code="not_found",
            )
        if answer.status != 200:
            raise self._bad(path, f"status {answer.status}", "status 200")
        return answer

    def _send(
        self,
        method: str,
        path: str,
        params: Mapping[str, str | int],
        body: Mapping[str, str] | None = None,
        most: int | None = None,
    ) -> Answer:
        if self._api.auth == "client_credentials" and body is None and not self._token:
            self._token = self._new_token()
        headers = {"Authorization": f"Bearer {self._token}"} if self._token and body is None else {}
        return self._busy_raised(self._client.send(method, path, params, headers, body, most), path)

    def _busy_raised(self, answer: Answer, path: str) -> Answer:
        if answer.status == 200 and (what := no_report.page(answer.body, answer.headers)):
            raise self._no_report(path, what)
        if answer.status not in PASSING:
            return answer
        after = _retry_after(answer.headers.get("retry-after", "")) if answer.status in (429, 503) else None
        asked = f", to be left alone for {after:.0f} s" if after is not None else ""
        raise Busy(f"{path}: status {answer.status}{asked}", where=self._county.county, retry_after=after)

    def _new_token(self) -> str:
        login = {"client_id": self._address.login, "client_secret": self._address.password}
        path = self._api.token_path
        answer = self._send("POST", path, {}, login, most=2**20)
        if answer.status in (400, 401, 403):
            raise login_refused(self._county, f"{path} refuses the login ({answer.status})")
        try:
            token = json.loads(answer.body)["access_token"] if answer.status == 200 else None
        except (ValueError, KeyError, TypeError, RecursionError):
            token = None
        if not isinstance(token, str) or not is_header(token):
            raise self._bad(path, f"no access_token (status {answer.status})", "an access_token")
        masking.add(token)
        return token

    # ---- errors

    def _bad(self, path: str, what: str, expected: str) -> PermanentError:
        return self._client.bad(path, what, expected)

    def _no_report(self, path: str, what: str) -> TransientError:
        return TransientError(
            f"{path}: {what}, with status 200",
            where=self._county.county,
            expected="what was asked for, or a status that says that it failed",
            do="It is tried again with the next run. If it lasts, ask the county whether its system works.",
            code="no_report",
        )

    def _loop(self, path: str, what: str) -> PermanentError:
        return PermanentError(
            f"{path}: {what}",
            where=self._county.county,
            expected="each page once, and an end",
            do="Ask the county to correct its paging.",
            code="page_loop",
        )

    def _differs(self, path: str, what: str) -> TransientError:
        return TransientError(
            f"{path}: {what}",
            where=self._county.county,
            expected="as many as announced, and the same on every page",
            do="It may have changed while it was read; the next run tries again. If it lasts, ask the county.",
            code="count_differs",
        )


def _path(endpoint: Endpoint, names: Mapping[str, str]) -> str:
    path = endpoint.path
    for name, value in names.items():
        path = path.replace("{" + name + "}", quote(value, safe=""))
    return path


def _retry_after(text: str) -> float | None:
    """Seconds, from a number of seconds or an HTTP date."""
    text = text.strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
