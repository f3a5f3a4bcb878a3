"""One HTTP exchange with a county's system: with its own origin only, within a deadline, up to a cap of bytes.

In: method, path, parameters, headers. Out: an `Answer` with its whole body, or an error that says whether another try
may help. One deadline covers the whole exchange, however slowly the server sends: connection, TLS, headers, body.
Bodies are unpacked here, because the library would unpack a whole chunk before its size is counted, and would accept a
packed body that is cut off. Certificates are verified against the system's authorities, or against the file that the
connection's `ca` names.
"""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import httpx2 as httpx

from qiangji.catalogue.models import County
from qiangji.errors import PermanentError, QiangjiError, TransientError
from qiangji.sources.address import Address, bad_connection
from qiangji.sources.limits import CONNECT_TIMEOUT, Limits
from qiangji.sources.loop import Loop

MAX_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Answer:
    """`is_measured`: whether the body's end is known (its length, chunks or packing), not just that no more came."""

    status: int
    headers: httpx.Headers
    body: bytes
    is_measured: bool


class HttpClient:
    """A client with the county's login, on an event loop of its own."""

    def __init__(
        self, county: County, address: Address, limits: Limits, *, basic: bool, headers: Mapping[str, str]
    ) -> None:
        self._county, self._address, self._limits = county, address, limits
        if not all(is_header(value) for value in headers.values()):
            raise bad_connection(county, "has a password that no header can hold", "printable ASCII")
        self._loop = Loop()
        try:
            self._client = httpx.AsyncClient(
                base_url=address.origin + address.path.rstrip("/"),
                auth=(address.login, address.password) if basic else None,
                headers={"Accept-Encoding": "gzip", **headers},
                follow_redirects=False,
                trust_env=not address.is_loopback,
                verify=self._authorities(),
            )
            return
        except (httpx.InvalidURL, ValueError):
            pass  # raised below, without the cause: its text may hold the login
        raise bad_connection(
            county, "is no address that HTTP can be spoken to", "https://login:password@host"
        )

    def close(self) -> None:
        with suppress(TimeoutError):
            self._loop.run(asyncio.wait_for(self._client.aclose(), 1))
        self._loop.close()

    def send(
        self,
        method: str,
        path: str,
        params: Mapping[str, str | int],
        headers: Mapping[str, str],
        body: Mapping[str, str] | None = None,
        most: int | None = None,
    ) -> Answer:
        """The answer to one request, after redirects within the origin. Only a 200 has its body.

        `most`: a cap on its bytes, if lower than a delivery's. Raises TransientError `timeout`, `unreachable`,
        `short_body`; PermanentError `bad_certificate`, `too_large`, `bad_response`.
        """
        url: str | httpx.URL = path
        for _ in range(MAX_REDIRECTS):
            request = self._client.build_request(
                method, url, params=params or None, headers=dict(headers), json=body
            )
            base = self._client.base_url
            if any(getattr(request.url, part) != getattr(base, part) for part in ("scheme", "host", "port")):
                raise self.bad(path, "leads to another server", "an answer, or a redirect to the same server")
            answer = self._loop.run(self._exchange(request, most))
            if answer.status not in _REDIRECTS:
                return answer
            try:
                url, params = request.url.join(answer.headers.get("location", "")), {}
            except httpx.InvalidURL:
                raise self.bad(path, "a redirect to no address", "an answer") from None
        raise self.bad(path, f"more than {MAX_REDIRECTS} redirects", "an answer")

    async def _exchange(self, request: httpx.Request, most: int | None) -> Answer:
        where = self._county.county
        server = f"{self._address.host}:{self._address.port or ''}".rstrip(":")
        pause = httpx.Timeout(self._limits.within(), connect=self._limits.within(CONNECT_TIMEOUT))
        request.extensions["timeout"] = pause.as_dict()
        try:
            async with asyncio.timeout(self._limits.left):
                response = await self._client.send(request, stream=True)
                try:
                    return await self._read(response, most)
                finally:
                    await response.aclose()
        except TimeoutError:
            raise self._limits.spent() from None
        except httpx.TimeoutException as e:
            if not self._limits.left:
                raise self._limits.spent() from None
            raise TransientError(f"{server} does not answer", where=where, code="timeout") from _bare(e)
        except httpx.RemoteProtocolError as e:
            if "complete message body" in str(e) or "incomplete" in str(e):
                raise self._short(server) from _bare(e)
            raise TransientError(f"{server} ended the exchange", where=where) from _bare(e)
        except httpx.RequestError as e:
            raise self._unreachable(server, e) from _bare(e)

    async def _read(self, response: httpx.Response, most: int | None) -> Answer:
        """The answer, its body unpacked. Packed or unpacked, no more than the cap is held."""
        if response.status_code != 200:
            return Answer(response.status_code, response.headers, b"", True)
        path, limits = response.request.url.path, self._limits
        cap = min(limits.max_bytes, most or limits.max_bytes)
        packed = response.headers.get("content-encoding", "identity").strip().lower()
        if packed not in ("identity", "", "gzip", "x-gzip"):
            raise self.bad(path, "a body packed in a way that was not asked for", "gzip, or nothing")
        announced = response.headers.get("content-length", "")
        if announced.isdecimal():
            limits.check_size(int(announced[:20]), path, most)
        unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS) if "gzip" in packed else None
        body, received = bytearray(), 0
        async for chunk in response.aiter_raw():
            received += len(chunk)
            limits.check_size(received, path, most)
            try:
                body += unpacker.decompress(chunk, cap + 1 - len(body)) if unpacker else chunk
            except zlib.error:
                raise self.bad(path, "a body that cannot be unpacked", "a whole body") from None
            limits.check_size(len(body), path, most)
        if unpacker and not unpacker.eof:
            raise self._short(path)
        if unpacker and unpacker.unused_data:
            raise self.bad(path, "bytes after the end of a packed body", "one packed body")
        chunked = "chunked" in response.headers.get("transfer-encoding", "").lower()
        is_measured = bool(announced) or chunked or unpacker is not None
        return Answer(response.status_code, response.headers, bytes(body), is_measured)

    def _authorities(self) -> ssl.SSLContext | bool:
        files = self._address.extras.get("ca")
        if not files and self._address.origin.startswith("http:"):
            # no certificate is ever asked for: reading all authorities takes 0.03 s, and this one knows none
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if not files:
            return True
        try:
            return ssl.create_default_context(cafile=files[0])
        except (OSError, ssl.SSLError):
            pass
        expected = "ca=<path of a PEM file with the authority's certificate> in the URI"
        raise bad_connection(self._county, "names no certificates in `ca`", expected)

    # ---- errors

    def _short(self, what: str) -> TransientError:
        return TransientError(
            f"{what}: less came than was announced",
            where=self._county.county,
            expected="the whole body",
            do="It is tried again.",
            code="short_body",
        )

    def _unreachable(self, server: str, error: BaseException | None) -> QiangjiError:
        where, name = self._county.county, type(error).__name__
        while error:
            if isinstance(error, ssl.SSLCertVerificationError):
                return PermanentError(
                    f"{server} shows a certificate that is not trusted: {error.verify_message}",
                    where=where,
                    expected="one for this host, in force, by an authority of the system or of the connection's `ca`",
                    do="Nothing was sent to it. Ask the county; a county's own authority goes into `ca`.",
                    code="bad_certificate",
                )
            error = error.__cause__ or error.__context__
        return TransientError(f"{server} cannot be reached ({name})", where=where)

    def bad(self, path: str, what: str, expected: str) -> PermanentError:
        """The error for an answer that does not fit: `bad_response`."""
        return PermanentError(
            f"{path}: {what}",
            where=self._county.county,
            expected=expected,
            do="Check `http` in counties.yaml, or ask the county.",
            code="bad_response",
        )


def is_header(text: str) -> bool:
    """Whether it can be a header's value. Tested first, because the library's error would quote it."""
    return bool(text) and text.isascii() and text.isprintable()


def _bare(error: Exception) -> Exception:
    """The error without its request, whose headers hold the login."""
    return type(error)(str(error)) if type(error).__module__.startswith("httpx") else error
