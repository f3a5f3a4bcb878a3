"""Transport `http_api`: a listing of what there is, and JSON records in pages or files to download.

The connection's URI is http(s)://login:password@host:port; the County's `http` says how to log in, page and
read. All pages of a listing become one NDJSON content in the order of the form's key, so that the same
records make the same bytes. Redirects are followed within the same origin only: credentials go nowhere
else.
"""

from __future__ import annotations

import email.utils
import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import quote

import httpx2 as httpx

from qiangji.catalogue.models import County, Endpoint, Form
from qiangji.errors import PermanentError, TransientError
from qiangji.sources import Fetched, Item, Target
from qiangji.sources.address import address_of
from qiangji.sources.files import expected_names
from qiangji.sources.limits import CONNECT_TIMEOUT, Busy, Limits
from qiangji.sources.records import to_ndjson

logging.getLogger("httpx2").setLevel(logging.WARNING)
logging.getLogger("httpcore2").setLevel(logging.WARNING)
# They log each address, and a page's cursor is whatever the county's system says.
MAX_REDIRECTS = 5
_KINDS = {"json": "ndjson", "csv": "csv", "xlsx": "xlsx"}


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: httpx.Headers
    body: bytes
    url: httpx.URL


class HttpSource:
    """One HTTP client with the county's login."""

    def __init__(self, county: County, forms: Mapping[str, Form], limits: Limits) -> None:
        if county.http is None:
            raise PermanentError("no `http` in counties.yaml", where=county.county, code="bad_connection")
        self._county, self._forms, self._limits, self._api = county, forms, limits, county.http
        address = address_of(county.connection, "http", "https")
        self._address, self._token = address, ""
        headers = {self._api.header: address.password} if self._api.auth == "header" else {}
        self._client = httpx.Client(
            base_url=address.origin + address.path.rstrip("/"),
            auth=(address.login, address.password) if self._api.auth == "basic" else None,
            headers=headers,
            follow_redirects=False,
            trust_env=not address.is_loopback,
        )

    def __enter__(self) -> HttpSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def list(self, wanted: Sequence[Target]) -> list[Item]:
        by_text = {(form, str(period)): (form, period) for form, period in wanted}
        by_name = expected_names(self._county.files, wanted) if self._county.files else {}
        items: dict[str, Item] = {}
        for entry in self._pages(self._api.list, {}):
            pair = (str(entry.get(self._api.form_key)), str(entry.get(self._api.period_key)))
            name = str(entry.get("name") or "/".join(pair))
            targets = (by_text[pair],) if pair in by_text else by_name.get(name)
            if targets:
                items[name] = Item(name, targets, str(entry.get(self._api.version_key) or ""))
        return list(items.values())

    def fetch(self, item: Item) -> Fetched:
        form, period = item.targets[0]
        names = {"form": form, "period": str(period), "name": item.name}
        if self._api.format == "json":
            records = list(self._pages(self._api.fetch, names))
            content = to_ndjson(records, self._forms[form])
        else:
            content = self._get(_path(self._api.fetch, names), {}).body
        self._limits.check_size(len(content), item.name)
        return Fetched(item, content, _KINDS[self._api.format])  # type: ignore[arg-type]

    # ---- pages

    def _pages(self, endpoint: Endpoint, names: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """The records of all pages. Raises PermanentError `page_loop` when pages come round again."""
        paging, path = endpoint.paging, _path(endpoint, names)
        params: dict[str, Any] = {paging.size_param: paging.size} if paging.size_param else {}
        if paging.style == "page":
            params[paging.param] = 1
        asked: set[str] = set()
        seen: set[int] = set()
        received = 0
        while True:
            body = self._json(path, params)
            records = self._records(body, endpoint, path)
            received += len(records)
            text = json.dumps(records, ensure_ascii=False, sort_keys=True)
            if records and hash(text) in seen:
                raise self._loop(path, received)
            seen.add(hash(text))
            yield from records
            following = self._following(body, endpoint, params, path)
            if following is None:
                return
            if following in asked:
                raise self._loop(path, received)
            asked.add(following)
            params[paging.param] = following

    def _following(self, body: Any, endpoint: Endpoint, params: Mapping[str, Any], path: str) -> str | None:
        """The next page's cursor or number, None after the last."""
        paging = endpoint.paging
        if paging.style == "none":
            return None
        if not isinstance(body, dict) or paging.next not in body:
            raise self._bad(path, f"no {paging.next!r} in the answer", f"{paging.next!r} beside the records")
        if paging.style == "cursor":
            return str(body[paging.next]) if body[paging.next] not in (None, "", False) else None
        try:
            pages, page = int(body[paging.next]), int(params[paging.param])
        except (TypeError, ValueError) as e:
            raise self._bad(path, f"{paging.next!r} is no number", "the number of pages") from e
        return str(page + 1) if page < pages else None

    def _records(self, body: Any, endpoint: Endpoint, path: str) -> Sequence[dict[str, Any]]:
        records = body.get(endpoint.items) if endpoint.items and isinstance(body, dict) else body
        if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
            where = f"under {endpoint.items!r}" if endpoint.items else "as the answer"
            raise self._bad(path, f"no list of objects {where}", f"a list of objects {where}")
        return records

    def _json(self, path: str, params: Mapping[str, Any]) -> Any:
        answer = self._get(path, params)
        try:
            return json.loads(answer.body)
        except ValueError:
            # Without the cause: its text holds what was received.
            pass
        raise self._bad(
            path, f"an answer that is not JSON ({answer.headers.get('content-type', 'no type')})", "JSON"
        )

    # ---- requests

    def _get(self, path: str, params: Mapping[str, Any]) -> _Answer:
        """One GET, tried again where that can help; the token is renewed once when it has run out."""
        answer = self._limits.retrying(lambda: self._send("GET", path, params))
        if answer.status == 401 and self._api.auth == "client_credentials":
            self._token = ""
            answer = self._limits.retrying(lambda: self._send("GET", path, params))
        if answer.status in (401, 403):
            raise self._login_refused(path, answer.status)
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

    def _send(self, method: str, path: str, params: Mapping[str, Any], body: Any = None) -> _Answer:
        if self._api.auth == "client_credentials" and body is None and not self._token:
            self._token = self._new_token()
        headers = {"Authorization": f"Bearer {self._token}"} if self._token and body is None else {}
        url: Any = path
        for _ in range(MAX_REDIRECTS):
            answer = self._exchange(method, url, params, headers, body)
            if answer.status not in (301, 302, 303, 307, 308):
                return self._busy_raised(answer, path)
            target, base = answer.url.join(answer.headers.get("location", "")), self._client.base_url
            if (target.scheme, target.host, target.port) != (base.scheme, base.host, base.port):
                raise self._bad(
                    path, "a redirect to another server", "an answer, or a redirect to the same server"
                )
            url, params = target, {}
        raise self._bad(path, f"more than {MAX_REDIRECTS} redirects", "an answer")

    def _exchange(
        self, method: str, url: Any, params: Mapping[str, Any], headers: Mapping[str, str], body: Any
    ) -> _Answer:
        where, server = self._county.county, f"{self._address.host}:{self._address.port or ''}".rstrip(":")
        timeout = httpx.Timeout(self._limits.within(), connect=self._limits.within(CONNECT_TIMEOUT))
        try:
            with self._client.stream(
                method, url, params=params or None, headers=dict(headers), json=body, timeout=timeout
            ) as response:
                return _Answer(response.status_code, response.headers, self._read(response), response.url)
        except httpx.TimeoutException as e:
            if not self._limits.left:
                raise self._limits.spent() from None
            raise TransientError(f"{server} does not answer", where=where, code="timeout") from _bare(e)
        except httpx.RemoteProtocolError as e:
            if "complete message body" in str(e) or "incomplete" in str(e):
                raise TransientError(
                    f"{server} sent less than it announced",
                    where=where,
                    expected="the whole body",
                    do="It is tried again.",
                    code="short_body",
                ) from _bare(e)
            raise TransientError(f"{server} ended the exchange", where=where) from _bare(e)
        except httpx.DecodingError as e:
            raise self._bad(str(url), "a body that cannot be decompressed", "a whole body") from _bare(e)
        except httpx.RequestError as e:
            raise TransientError(f"{server} cannot be reached ({type(e).__name__})", where=where) from _bare(
                e
            )

    def _read(self, response: httpx.Response) -> bytes:
        announced = response.headers.get("content-length", "")
        if announced.isdecimal():
            self._limits.check_size(int(announced), str(response.url.path))
        chunks, size = [], 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            self._limits.check_size(size, str(response.url.path))
            self._limits.within()  # a server that drips keeps no county beyond its time
            chunks.append(chunk)
        return b"".join(chunks)

    def _busy_raised(self, answer: _Answer, path: str) -> _Answer:
        if answer.status == 429 or answer.status >= 500:
            raise Busy(
                f"{path}: status {answer.status}",
                where=self._county.county,
                retry_after=_retry_after(answer.headers.get("retry-after", ""))
                if answer.status in (429, 503)
                else None,
            )
        return answer

    def _new_token(self) -> str:
        login = {"client_id": self._address.login, "client_secret": self._address.password}
        path = self._api.token_path
        answer = self._send("POST", path, {}, login)
        if answer.status in (400, 401, 403):
            raise self._login_refused(path, answer.status)
        try:
            token = json.loads(answer.body)["access_token"] if answer.status == 200 else None
        except (ValueError, KeyError, TypeError):
            token = None
        if not isinstance(token, str) or not token:
            raise self._bad(path, f"no access_token (status {answer.status})", "an access_token")
        return token

    # ---- errors

    def _login_refused(self, path: str, status: int) -> PermanentError:
        return PermanentError(
            f"{path} refuses the login ({status})",
            where=self._county.county,
            expected="a valid login",
            do=f"Renew connection {self._county.connection}.",
            code="login_refused",
        )

    def _bad(self, path: str, what: str, expected: str) -> PermanentError:
        return PermanentError(
            f"{path}: {what}",
            where=self._county.county,
            expected=expected,
            do="Check `http` in counties.yaml, or ask the county.",
            code="bad_response",
        )

    def _loop(self, path: str, received: int) -> PermanentError:
        return PermanentError(
            f"{path}: pages come round again after {received} records",
            where=self._county.county,
            expected="each page once",
            do="Ask the county to correct its paging.",
            code="page_loop",
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
        at = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, at.timestamp() - time.time())


def _bare(error: Exception) -> Exception:
    """The cause without its request, which carries the login in its headers."""
    return type(error)(str(error)) if type(error).__module__.startswith("httpx") else error
