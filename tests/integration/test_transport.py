"""HTTP systems that drip, lie, hang, redirect or change while they are read; and hosts to which logins may go."""

from __future__ import annotations

import asyncio
import email.utils
import gzip
import itertools
import json
import re
import ssl
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncssh
import pytest

from qiangji.catalogue.models import County
from qiangji.errors import PermanentError, QiangjiError, TransientError
from qiangji.settings import PROJECT, settings
from qiangji.sources import Guarded, http_api, records
from qiangji.sources.address import check_host
from qiangji.sources.limits import RETRY_AFTER_CAP, Busy, Limits
from qiangji.sources.loop import Loop
from tests.frozen import paths as frozen
from tests.integration.servers import Api, certificate, dripping, flooding, ok, raw, saying
from tests.integration.transports import (
    CURSOR,
    LISTED,
    PAGE,
    SECRET,
    WANTED,
    database_county,
    http_county,
    opened,
    refused,
    sftp_county,
)

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
WHOLE = json.dumps({"data": LISTED}).encode()
LOGIN = quote(SECRET, safe="")
Connect = Callable[[str], None]


def collected(county: County, **limits: Any) -> bytes:
    """The bytes of the first item."""
    with opened(county, **limits) as source:
        return source.fetch(source.list(WANTED)[0]).content


def download_county(**http: Any) -> County:
    """One that lists JSON and gives files."""
    return http_county(format="csv", fetch={"path": "/file"}, **http)


# ---- time


PACKED = gzip.compress(WHOLE)
DRIPS = {
    "status line": dripping(b"", b"HTTP/1.1 200 " + b"O" * 10_000),
    "headers": dripping(HEAD, b"X-Slow: yes\r\n"),
    "informational answers": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.01),
    "body": dripping(HEAD + b"Content-Length: 9999\r\n\r\n", b" "),
    "chunks": dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    # the file name in a gzip header unpacks to nothing, however long it is
    "a packed body that unpacks to nothing": dripping(
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: 9999\r\n\r\n\x1f\x8b\x08\x08" + bytes(6), b"name"
    ),
}


@pytest.mark.parametrize("answer", DRIPS.values(), ids=DRIPS)
def test_whatever_a_server_drips_ends_at_the_deadline(answer: Any, connect: Connect) -> None:
    with raw(answer) as server:
        connect(f"http://u:{LOGIN}@127.0.0.1:{server.port}")
        start = time.monotonic()
        error = refused(http_county(auth="basic"), timeout=0.8)
        assert (type(error), error.code) == (TransientError, "timeout")
        assert time.monotonic() - start < 5
        assert server.connections == 1


def test_a_handshake_that_drips_ends_at_the_deadline(connect: Connect) -> None:
    with raw(dripping(b"\x16\x03\x03\x40\x00", b"\x02"), speaks_first=True) as server:
        connect(f"https://u:{LOGIN}@127.0.0.1:{server.port}")
        start = time.monotonic()
        assert refused(http_county(auth="basic"), timeout=0.8).code == "timeout"
        assert time.monotonic() - start < 5


# ---- bytes


def test_a_packed_bomb_is_refused_before_it_is_unpacked(connect: Connect) -> None:
    bomb = gzip.compress(bytes(200 << 20), 9)
    assert len(bomb) < 250_000  # well under the cap: the unpacked size counts
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    with raw(saying(head, bomb)) as server:
        connect(f"http://127.0.0.1:{server.port}")
        tracemalloc.start()
        try:
            error = refused(http_county(), max_bytes=1_000_000)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert (type(error), error.code) == (PermanentError, "too_large")
    assert peak < 8_000_000
    assert server.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        saying(HEAD + b"Content-Length: 99999999999\r\n\r\n"),
        flooding(HEAD + b"\r\n", b" " * 4096),
        flooding(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10\r\n" + b" " * 16 + b"\r\n"),
        flooding(
            HEAD + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x08" + bytes(6), b"x" * 4096
        ),  # a file name in a gzip header again
    ],
    ids=["announced", "without an end", "in chunks", "packed"],
)
def test_a_body_beyond_the_cap_is_refused_while_it_comes(answer: Any, connect: Connect) -> None:
    with raw(answer) as server:
        connect(f"http://127.0.0.1:{server.port}")
        assert refused(http_county(), max_bytes=100_000).code == "too_large"


def test_pages_are_counted_together(api: Api, connect: Connect) -> None:
    connect(f"http://127.0.0.1:{api.port}")
    numbers = iter(range(1000))
    api.routes["/reports"] = lambda q, h: (
        200, {}, {"data": [{"n": f"{next(numbers):04}" * 250}], "next": f"c{next(numbers)}"},
    )  # fmt: skip
    assert refused(
        http_county(list={"path": "/reports", "items": "data", "paging": CURSOR}), max_bytes=9999
    ).code == ("too_large")
    assert len(api.requests) == 10


def test_a_page_has_a_cap_of_its_own_and_a_report_so_many_records(
    api: Api, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short text may take much memory."""
    connect(f"http://127.0.0.1:{api.port}")
    api.routes["/reports"] = ok({"data": [{}] * 100})
    monkeypatch.setattr(http_api, "MAX_PAGE_BYTES", 300)
    error = refused(http_county())
    assert (error.code, "`paging`" in str(error)) == ("too_large", True)
    monkeypatch.undo()
    connect(f"http://127.0.0.1:{api.port}")
    monkeypatch.setattr(records, "MAX_RECORDS", 99)
    assert refused(http_county()).code == "too_large"
    monkeypatch.undo()
    assert http_api.MAX_PAGE_BYTES * 20 < 2**30


def test_bodies_of_other_answers_are_not_read(connect: Connect) -> None:
    with raw(flooding(b"HTTP/1.1 404 Not Found\r\n\r\n", b"x" * 4096)) as server:
        connect(f"http://127.0.0.1:{server.port}")
        assert refused(http_county()).code == "not_found"


def test_a_login_that_no_header_can_hold_shows_in_no_message(api: Api, connect: Connect) -> None:
    connect(f"http://u:{LOGIN}%0A@127.0.0.1:{api.port}")
    assert refused(http_county(auth="header", header="X-Key")).code == "bad_connection"
    connect(f"http://u:{LOGIN}%E7%94%B2@127.0.0.1:{api.port}")
    assert refused(http_county(auth="header", header="X-Key")).code == "bad_connection"
    for token in (f"{SECRET}\r\nX: y", f"{SECRET}甲"):
        api.routes["/token"] = ok({"access_token": token})
        assert refused(http_county(auth="client_credentials", token_path="/token")).code == "bad_response"
    assert not [r for r in api.requests if "/reports" in r]


SHORT = {
    "fewer than announced": HEAD + b"Content-Length: 99\r\n\r\na,b\r\n1,2\r\n",
    "chunks that stop": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\na,b\r\n\r\n",
    "packed, and cut off": HEAD + b"Content-Encoding: gzip\r\nContent-Length: 40\r\n\r\n"
    + gzip.compress(b"".join(b"%d,%d\r\n" % (i, i * 7) for i in range(99)))[:40],
}  # fmt: skip


@pytest.mark.parametrize("answer", SHORT.values(), ids=SHORT)
def test_a_file_that_is_cut_off_is_a_failure_and_never_data(answer: bytes, connect: Connect) -> None:
    def both(connection: Any, head: bytes) -> None:
        listing = HEAD + b"Content-Length: %d\r\n\r\n" % len(WHOLE) + WHOLE
        connection.sendall(listing if b"/reports" in head else answer)

    with raw(both) as server:
        connect(f"http://127.0.0.1:{server.port}")
        error = refused(download_county(), fetch=True, timeout=1.5)
    assert (type(error), error.code) == (TransientError, "short_body")


def test_a_file_whose_end_nothing_tells_is_refused_and_json_tells_it_itself(connect: Connect) -> None:
    """A closed connection may be a broken one."""

    def unmeasured(connection: Any, head: bytes) -> None:
        connection.sendall(HEAD + b"\r\n" + (WHOLE if b"/reports" in head else b"a,b\r\n1,2\r\n"))

    with raw(unmeasured) as server:
        connect(f"http://127.0.0.1:{server.port}")
        with opened(http_county()) as source:
            assert len(source.list(WANTED)) == 1
        error = refused(download_county(), fetch=True)
    assert (type(error), error.code) == (PermanentError, "bad_response")


def test_a_packed_body_is_unpacked_and_other_packings_are_refused(api: Api, connect: Connect) -> None:
    connect(f"http://127.0.0.1:{api.port}")
    content = "a,b\r\n甲,乙\r\n".encode()
    api.routes |= {"/reports": ok(PACKED, **{"Content-Encoding": "gzip"})}
    api.routes |= {"/file": ok(gzip.compress(content), **{"Content-Encoding": "GZIP"})}
    assert collected(download_county()) == content
    for packing, body in [
        ("br", b"x"), ("gzip, gzip", gzip.compress(PACKED)), ("gzip", b"not packed"), ("gzip", PACKED + b"more"),
    ]:  # fmt: skip
        api.routes["/file"] = ok(body, **{"Content-Encoding": packing})
        assert refused(download_county(), fetch=True).code == "bad_response"


# ---- where a login may go


@pytest.mark.parametrize("auth", ["basic", "header", "client_credentials"])
@pytest.mark.parametrize("elsewhere", ["port", "name", "scheme", "no scheme", "no address"])
def test_a_redirect_to_another_origin_is_not_followed(
    api: Api, connect: Connect, auth: str, elsewhere: str
) -> None:
    with raw(saying(HEAD + b"Content-Length: 2\r\n\r\n{}")) as other:
        place = {
            "port": f"http://127.0.0.1:{other.port}/",
            "name": f"http://localhost:{api.port}/reports",
            "scheme": f"https://127.0.0.1:{api.port}/reports",
            "no scheme": f"//127.0.0.1:{other.port}/",
            "no address": "http://[::1",
        }[elsewhere]
        api.routes["/token"] = ok({"access_token": SECRET})
        api.routes["/reports"] = lambda q, h: (302, {"Location": place}, b"")
        connect(f"http://u:{LOGIN}@127.0.0.1:{api.port}")
        error = refused(http_county(auth=auth, header="X-Key", token_path="/token"))
        assert (type(error), error.code) == (PermanentError, "bad_response")
        assert other.connections == 0
    assert [r for r in api.requests if "reports" in r] == ["GET /reports"]


def test_credentials_are_not_posted_to_another_origin(api: Api, connect: Connect) -> None:
    with raw(saying(HEAD + b"\r\n{}")) as other:
        api.routes["/token"] = lambda q, h: (307, {"Location": f"http://127.0.0.1:{other.port}/"}, b"")
        connect(f"http://u:{LOGIN}@127.0.0.1:{api.port}")
        assert refused(http_county(auth="client_credentials", token_path="/token")).code == "bad_response"
        assert other.connections == 0


def test_a_path_that_is_an_address_and_a_cursor_that_is_one_lead_nowhere_else(
    api: Api, connect: Connect
) -> None:
    with raw(saying(HEAD + b"\r\n{}")) as other:
        connect(f"http://u:{LOGIN}@127.0.0.1:{api.port}")
        place = f"http://127.0.0.1:{other.port}/reports"
        assert (
            refused(http_county(auth="basic", list={"path": place, "items": "data"})).code == "bad_response"
        )
        api.routes["/reports"] = lambda q, h: (
            200, {}, {"data": LISTED if "cursor" in q else [], "next": None if "cursor" in q else place},
        )  # fmt: skip
        with opened(http_county(list={"path": "/reports", "items": "data", "paging": CURSOR})) as source:
            assert len(source.list(WANTED)) == 1
        assert other.connections == 0


@pytest.mark.parametrize("transport", ["http_api", "sftp", "database"])
def test_a_connection_to_a_host_that_the_catalogue_does_not_name_is_refused_unsent(
    connect: Connect, transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person who may edit connections, but not the catalogue, cannot send a login elsewhere."""
    from qiangji.cli.county_systems import knock

    county = {"http_api": http_county(auth="basic"), "sftp": sftp_county(), "database": database_county()}[
        transport
    ]
    scheme = {"http_api": "http", "sftp": "sftp", "database": "postgresql"}[transport]
    with raw(saying(b""), speaks_first=True) as server:
        place = f"{scheme}://u:{LOGIN}@localhost:{server.port}/d"
        if transport == "sftp":
            key = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
            place += f"?host_key={quote(key, safe='')}"
        connect(place)
        error = refused(county)
        assert (type(error), error.code) == (PermanentError, "host_not_allowed")
        assert f"localhost:{server.port}" in str(error)
        assert "127.0.0.1" in str(error)
        told = knock(county).error  # and `qiangji doctor` says so without connecting to it
        assert told
        assert told.code == "host_not_allowed"
        named = county.model_copy(update={"hosts": (f"LOCALHOST:{server.port}",)})
        assert server.connections == 0
        assert refused(named, timeout=0.5).code not in ("host_not_allowed", "bad_connection")
        assert server.connections > 0
        other_port = county.model_copy(update={"hosts": (f"localhost:{server.port + 1}",)})
        assert refused(other_port).code == "host_not_allowed"


@pytest.mark.parametrize("extra", ["host=localhost", "hostaddr=127.0.0.1", "service=other", "Port=1"])
def test_a_database_url_names_its_host_in_one_place(connect: Connect, extra: str) -> None:
    connect(f"postgresql://u:{LOGIN}@127.0.0.1:1/d?{extra}")
    assert refused(database_county()).code == "bad_connection"
    connect(f"postgresql://u:{LOGIN}@/d")
    assert refused(database_county()).code == "host_not_allowed"


@pytest.mark.parametrize(
    ("hosts", "uri", "is_allowed"),
    [
        (["data.example.cn"], "https://u:p@data.example.cn", True),
        (["data.example.cn:443"], "https://u:p@data.example.cn", True),
        (["data.example.cn"], "https://u:p@data.example.cn.evil.cn", False),
        (["data.example.cn"], "https://data.example.cn:p@evil.cn", False),
        (["data.example.cn"], "http://u:p@data.example.cn", False),
        (["http://data.example.cn"], "http://u:p@data.example.cn:8080", True),
        (["http://data.example.cn"], "https://u:p@data.example.cn", True),
        (["[fd00::1]"], "https://u:p@[fd00::1]:8443", True),
        (["[fd00::1]:443"], "https://u:p@[fd00::1]:8443", False),
        (["127.0.0.1"], "http://u:p@127.0.0.1", True),
        (["127.0.0.1"], "http://u:p@127.0.0.2", False),
    ],
)
def test_hosts_and_whether_plain_http_may_be_spoken(
    connect: Connect, hosts: list[str], uri: str, is_allowed: bool
) -> None:
    connect(uri)
    county = County.model_validate(http_county().model_dump() | {"hosts": hosts})
    if is_allowed:
        with opened(county):
            pass
    else:
        assert refused(county).code == "host_not_allowed"


def test_the_simulated_systems_are_where_the_catalogue_says() -> None:
    """On loopback, and under the name that docker-compose.yml gives them."""
    from qiangji.catalogue.load import load

    catalogue = load(frozen.CATALOGUE, frozen.EXPECTATIONS)
    compose = (PROJECT / "docker-compose.yml").read_text(encoding="utf-8")
    [name] = re.findall(r"--advertise (\S+?)'", compose)
    schemes = {"http_api": "http", "sftp": "sftp", "database": "postgresql"}
    for county in catalogue.counties.values():
        for host in ("127.0.0.1", name) if county.transport in schemes else ():
            check_host(county, schemes[county.transport], host, 40_000)


def test_a_connection_that_is_no_address_is_named_and_not_shown(connect: Connect) -> None:
    for uri in (f"http://u:{LOGIN}@127.0.0.1/%0A", f"http://u:{LOGIN}@127.0.0.1:99999/"):
        connect(uri)
        assert refused(http_county(auth="basic")).code == "bad_connection"


def test_a_password_that_is_not_encoded_shows_in_no_message(connect: Connect) -> None:
    for uri in (f"http://{SECRET}/x@127.0.0.1/", f"sftp://u:1/{SECRET}@127.0.0.1/"):
        connect(uri)
        assert refused(http_county() if "http" in uri else sftp_county()).code == "bad_connection"


def test_a_certificate_must_be_trusted_and_of_the_host(tmp_path: Path, connect: Connect) -> None:
    ours, authority = certificate(tmp_path)
    others, other_authority = certificate(tmp_path, host="127.0.0.9")
    answer = saying(HEAD + b"Content-Length: %d\r\n\r\n" % len(WHOLE) + WHOLE)

    def untrusted(tls: ssl.SSLContext, extra: str) -> None:
        with raw(answer, tls) as server:
            connect(f"https://u:{LOGIN}@127.0.0.1:{server.port}{extra}")
            error = refused(http_county(auth="basic"))
            assert (type(error), error.code) == (PermanentError, "bad_certificate")
            assert (server.heads, server.connections) == ([], 1)

    untrusted(ours, "")
    untrusted(ours, f"?ca={quote(str(other_authority))}")
    untrusted(others, f"?ca={quote(str(other_authority))}")
    with raw(answer, ours) as server:
        connect(f"https://u:{LOGIN}@127.0.0.1:{server.port}?ca={quote(str(authority))}")
        with opened(http_county(auth="basic")) as source:
            assert len(source.list(WANTED)) == 1
    connect(f"https://u:{LOGIN}@127.0.0.1:1?ca=/nowhere.pem")
    assert refused(http_county()).code == "bad_connection"


# ---- pages and answers


def paged(paging: dict[str, Any], **more: Any) -> County:
    return http_county(list={"path": "/reports", "items": "data", "paging": paging | more})


def numbered(*pages: dict[str, Any]) -> Callable[[dict[str, str], Any], Any]:
    """The n-th request gets the n-th page, the last one from then on."""
    left = list(pages)
    return lambda q, h: (200, {}, left.pop(0) if len(left) > 1 else left[0])


def rows(*numbers: int) -> list[dict[str, int]]:
    return [{"n": n} for n in numbers]


def counted(make: Callable[[int], dict[str, Any]]) -> Callable[[dict[str, str], Any], Any]:
    """A page made of the number of the request."""
    numbers = itertools.count()
    return lambda q, h: (200, {}, make(next(numbers)))


PAGES = {
    "back to an earlier page": (CURSOR, "page_loop", counted(
        lambda n: {"data": rows(n), "next": "bcb"[n % 3]})),
    "a page twice": (CURSOR, "page_loop", counted(
        lambda n: {"data": rows(min(n, 2)), "next": f"c{n}"})),
    "more records than announced": (CURSOR | {"total": "all"}, "count_differs", numbered(
        {"data": rows(1, 2), "next": "b", "all": 3}, {"data": rows(3, 4), "next": None, "all": 3})),
    "fewer records than announced": (CURSOR | {"total": "all"}, "count_differs", numbered(
        {"data": rows(1, 2), "next": "b", "all": 5}, {"data": rows(3, 4), "next": None, "all": 5})),
    "another total on another page": (CURSOR | {"total": "all"}, "count_differs", numbered(
        {"data": rows(1, 2), "next": "b", "all": 4}, {"data": rows(3), "next": "c", "all": 5})),
    "ever more pages": (PAGE, "count_differs", numbered(
        {"data": rows(1), "pages": 2}, {"data": rows(2), "pages": 3}, {"data": rows(3), "pages": 4})),
    "no total": (CURSOR | {"total": "all"}, "bad_response", numbered({"data": rows(1), "next": None})),
    "a cursor that is none": (CURSOR, "bad_response", numbered({"data": rows(1), "next": {"a": 1}})),
    "half a character for a cursor": (CURSOR, "bad_response", numbered({"data": rows(1), "next": "\ud800"})),
}  # fmt: skip


@pytest.mark.parametrize(("paging", "code", "answer"), PAGES.values(), ids=PAGES)
def test_pages_that_do_not_fit_are_an_error(
    api: Api, connect: Connect, paging: dict[str, Any], code: str, answer: Any
) -> None:
    connect(f"http://127.0.0.1:{api.port}")
    api.routes["/reports"] = answer
    assert refused(paged(paging)).code == code
    assert len(api.requests) < 5


def test_pages_that_never_end_are_an_error(
    api: Api, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Empty ones too, each with a cursor of its own."""
    monkeypatch.setattr(http_api, "MAX_PAGES", 30)
    connect(f"http://127.0.0.1:{api.port}")
    api.routes["/reports"] = lambda q, h: (200, {}, {"data": [], "next": q.get("cursor", "") + "x"})
    assert refused(paged(CURSOR)).code == "page_loop"
    assert len(api.requests) == 30


ODD = {
    "nested without end": b'{"data": ' + b"[" * 200_000,
    "a number of many digits": b'{"data": [{"n": ' + b"9" * 10_000 + b"}]}",
    "half a character": b'{"data": [{"n": "\\ud800"}]}',
    "no Unicode": b'{"data": [{"n": "\xff"}]}',
    "a name with a NUL": b'{"data": [{"form": "village", "period": "2026-10", "name": "a\\u0000"}]}',
    "a version with a NUL": b'{"data": [{"form": "village", "period": "2026-10", "updated_at": "a\\u0000"}]}',
    "a name too long": b'{"data": [{"form": "village", "period": "2026-10", "name": "' + "名".encode() * 90 + b'"}]}',
    "one name for two reports": b'{"data": [{"form": "village", "period": "2026-10", "name": "x"},'
    b' {"form": "community", "period": "2026-10", "name": "x"}]}',
}  # fmt: skip


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_answers_that_no_store_takes_are_refused(api: Api, connect: Connect, body: bytes) -> None:
    connect(f"http://127.0.0.1:{api.port}")
    api.routes["/reports"] = ok(body)
    error = refused(http_county())
    assert (type(error), error.code) == (PermanentError, "bad_response")


def test_a_token_that_ends_on_page_3_of_5_is_renewed_once_and_no_row_is_lost_or_doubled(
    api: Api, connect: Connect
) -> None:
    connect(f"http://u:{LOGIN}@127.0.0.1:{api.port}")
    issued, served = list[str](), list[str]()

    def token(query: dict[str, str], headers: Any) -> Any:
        issued.append(f"token{len(issued)}")
        return 200, {}, {"access_token": issued[-1]}

    def page(query: dict[str, str], headers: Any) -> Any:
        number = int(query.get("cursor", "1"))
        served.append(f"{number} {headers['authorization'].split()[1]}")
        if number == 3 and len(issued) == 1:
            return 401, {}, b""
        data = [{"村编码": f"{number}{i}"} for i in range(2)]
        return 200, {}, {"data": data, "next": str(number + 1) if number < 5 else None}

    api.routes |= {"/token": token, "/reports": ok({"data": LISTED}), "/reports/village/2026-10": page}
    fetch = {"path": "/reports/{form}/{period}", "items": "data", "paging": CURSOR}
    county = http_county(auth="client_credentials", token_path="/token", fetch=fetch)
    lines = [json.loads(line)["村编码"] for line in collected(county).splitlines()]
    assert lines == [f"{page}{i}" for page in range(1, 6) for i in range(2)]
    assert served == ["1 token0", "2 token0", "3 token0", "3 token1", "4 token1", "5 token1"]

    api.routes["/reports"] = lambda q, h: (401, {}, b"")
    before = len(api.requests)
    error = refused(county)
    assert (type(error), error.code) == (PermanentError, "login_refused")
    assert len(api.requests) - before == 4  # a token and a try, twice


# ---- trying again


def test_only_what_may_pass_is_tried_again(
    api: Api, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda seconds: None)
    connect(f"http://127.0.0.1:{api.port}")
    tries = {}
    for status in (400, 401, 403, 404, 405, 408, 409, 410, 422, 429, 451, 500, 501, 502, 503, 504, 505):
        api.routes["/reports"] = lambda *_, status=status: (status, {}, b"")
        api.requests.clear()
        refused(http_county())
        tries[status] = len(api.requests)
    assert tries == dict.fromkeys(tries, 1) | dict.fromkeys((429, 500, 502, 503, 504), 5)


@pytest.mark.parametrize("as_date", [False, True])
def test_a_system_that_asks_for_longer_than_is_waited_ends_the_try_at_once(
    api: Api, connect: Connect, as_date: bool
) -> None:
    after = RETRY_AFTER_CAP + 30
    text = email.utils.formatdate(time.time() + after, usegmt=True) if as_date else str(int(after))
    connect(f"http://127.0.0.1:{api.port}")
    api.routes["/reports"] = lambda q, h: (503, {"Retry-After": text}, b"")
    start = time.monotonic()
    error = refused(http_county(), timeout=600)
    assert isinstance(error, TransientError)
    assert "left alone for" in str(error)
    assert (len(api.requests), time.monotonic() - start < 10) == (1, True)


@pytest.mark.parametrize("text", ["soon", "-5", "1e9", "Mon, 99 Foo 99999 00:00:00 GMT", "²", ""])
def test_a_pause_that_cannot_be_read_is_none(
    api: Api, connect: Connect, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda seconds: None)
    connect(f"http://127.0.0.1:{api.port}")
    api.routes["/reports"] = lambda q, h: (503, {"Retry-After": text}, b"")
    assert refused(http_county()).code == "unreachable"
    assert len(api.requests) == 5


def test_pauses_grow_differ_and_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", pauses.append)

    def busy(after: float | None) -> list[float]:
        pauses.clear()
        with pytest.raises(TransientError):
            Limits("440703", 600, 1).retrying(lambda: _raise(Busy("busy", retry_after=after)))
        return list(pauses)

    rounds = [busy(None) for _ in range(20)]
    assert {len(one) for one in rounds} == {4}
    for at, least in enumerate((0.25, 0.5, 1.0, 2.0)):
        seen = [one[at] for one in rounds]
        assert least <= min(seen) < max(seen) <= least * 1.25 + 0.25
        assert len(set(seen)) > 10
    assert all(30 <= pause <= 38 for pause in busy(30))
    assert busy(RETRY_AFTER_CAP + 1) == []
    pauses.clear()
    with pytest.raises(PermanentError):
        Limits("440703", 600, 1).retrying(lambda: _raise(PermanentError("no")))
    assert pauses == []


def test_what_was_met_is_told_where_the_time_ends_in_a_later_try() -> None:
    limits = Limits("440703", 1.2, 1)
    errors = iter([TransientError("cannot be reached", code="unreachable")])

    def ask() -> None:
        if error := next(errors, None):
            raise error
        time.sleep(limits.left)
        raise limits.spent()

    with pytest.raises(TransientError) as told:
        limits.retrying(ask)
    assert told.value.code == "unreachable"


def _raise(error: Exception) -> None:
    raise error


# ---- limits of a county's whole collection


def test_a_county_has_a_cap_on_all_that_comes_at_once(tmp_path: Path) -> None:
    for period in ("2026-09", "2026-10"):
        (tmp_path / f"village_{period}.csv").write_bytes(b"x" * 400)
    (tmp_path / "community_2026-10.csv").write_bytes(b"x" * 400)
    county = County(county="440703", transport="folder", path=str(tmp_path), files="{form}_{period}.csv")
    with opened(county, max_total=1000) as source:
        first, second, third = source.list(WANTED)
        assert len(source.fetch(first).content + source.fetch(second).content) == 800
        with pytest.raises(PermanentError) as error:
            source.fetch(third)
    assert error.value.code == "too_much"


def test_an_answer_that_brings_the_reader_down_is_an_outcome_and_shows_nothing_of_it() -> None:
    class Broken:
        others = ()

        def list(self, wanted: object) -> Any:
            raise ZeroDivisionError(SECRET)

        def fetch(self, item: object) -> Any:
            raise PermanentError("known", code="not_found")

    source = Guarded(Broken(), Limits("440703", 1, 1))
    with pytest.raises(QiangjiError) as error:
        source.list(WANTED)
    assert (error.value.code, error.value.__cause__, error.value.__context__) == ("crash", None, None)
    assert SECRET not in str(error.value)
    assert "ZeroDivisionError at test_transport.py:" in str(error.value)
    with pytest.raises(PermanentError, match="known"):
        source.fetch(None)  # type: ignore[arg-type]


def test_what_nothing_can_interrupt_is_left_behind_at_the_deadline() -> None:
    start = time.monotonic()
    with pytest.raises(TransientError) as error:
        Limits("440703", 0.3, 1).bounded(lambda: time.sleep(30))
    assert (error.value.code, time.monotonic() - start < 5) == ("timeout", True)
    with pytest.raises(TimeoutError):
        Limits("440703", 9, 1).bounded(lambda: _raise(TimeoutError()))
    assert Limits("440703", 9, 1).bounded(lambda: 7) == 7


def test_the_clock_runs_only_while_the_system_is_asked(api: Api, connect: Connect) -> None:
    """Our own work on a file does not count; the system's time adds up over all calls."""

    def slowly(query: dict[str, str], headers: Any) -> Any:
        time.sleep(0.7)
        return 200, {}, {"data": LISTED}

    connect(f"http://127.0.0.1:{api.port}")
    api.routes["/reports"] = ok({"data": LISTED})
    with opened(http_county(), timeout=2) as source:
        source.list(WANTED)
        time.sleep(2.1)
        api.routes["/reports"] = slowly
        source.list(WANTED)
        with pytest.raises(TransientError) as error:
            [source.list(WANTED) for _ in range(3)]
    assert error.value.code == "timeout"


def test_a_loop_ends_although_a_task_does_not() -> None:
    """Such as a task that waits, in its cleanup, for a silent server."""

    async def stubborn() -> None:
        while True:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)

    async def start() -> asyncio.Task[None]:
        task = asyncio.create_task(stubborn())
        await asyncio.sleep(0)
        return task

    loop = Loop()
    task = loop.run(start())
    began = time.monotonic()
    loop.close()
    assert time.monotonic() - began < 10
    assert not task.done()


def test_settings_of_a_collection_have_defaults_that_hold() -> None:
    fields = type(settings()).model_fields
    assert fields["settle_seconds"].default >= 1
    assert fields["max_collection_bytes"].default >= fields["max_delivery_bytes"].default
