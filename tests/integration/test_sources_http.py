"""HTTP systems, with a real server on loopback: listings, pages, logins, downloads, and the code of each fault."""

from __future__ import annotations

import email.utils
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from qiangji.errors import PermanentError, QiangjiError, TransientError
from qiangji.periods import Period
from qiangji.sources import Fetched
from tests.integration.servers import Api, ok
from tests.integration.transports import (
    CURSOR,
    LISTED,
    OCTOBER,
    PAGE,
    SECRET,
    WANTED,
    closed_port,
    http_county,
    opened,
    refused,
    silent_server,
)


@pytest.mark.parametrize("path", ["2026-10-31", "2026-10"])
def test_a_listing_that_writes_periods_as_days(api: Api, connect: Callable[[str], None], path: str) -> None:
    """The report is asked for by the period as it was listed, then as it is written here."""
    connect(f"http://u:p@127.0.0.1:{api.port}")
    api.routes["/reports"] = ok(
        {"data": [{"form": "village", "period": "2026-10-31", "updated_at": "2026-11-03"}]}
    )
    api.routes[f"/reports/village/{path}"] = ok({"data": [{"n": 1}]})
    with opened(http_county()) as source:
        [item] = source.list(WANTED)
        assert (item.targets, item.is_weak) == ((("village", OCTOBER),), True)
        assert source.fetch(item).content == b'{"n":1}\n'


def test_records_of_all_pages_are_concatenated_in_key_order(api: Api, connect: Callable[[str], None]) -> None:
    connect(f"http://u:p@127.0.0.1:{api.port}")
    pages = {
        None: {"data": [{"村编码": "3", "n": 1.5}, {"村编码": "1", "n": None}], "next": "b"},
        "b": {"data": [{"n": "二", "村编码": "2", "more": True}], "next": None},
    }
    api.routes["/reports"] = ok({"data": LISTED})
    api.routes["/reports/village/2026-10"] = lambda q, h: (200, {}, pages[q.get("cursor")])
    county = http_county(fetch={"path": "/reports/{form}/{period}", "items": "data", "paging": CURSOR})
    with opened(county) as source:
        [item] = source.list(WANTED)
        assert (item.targets, item.version) == ((("village", OCTOBER),), "t1")
        fetched = source.fetch(item)
    assert fetched.kind == "ndjson"
    assert fetched.content.decode() == (
        '{"村编码":"1","n":null}\n{"村编码":"2","n":"二","more":true}\n{"村编码":"3","n":1.5}\n'
    )
    assert api.requests[1:] == [
        "GET /reports/village/2026-10?limit=2", "GET /reports/village/2026-10?limit=2&cursor=b",
    ]  # fmt: skip


def test_numbered_pages_end_with_the_page_count(api: Api, connect: Callable[[str], None]) -> None:
    connect(f"http://u:p@127.0.0.1:{api.port}")
    api.routes["/reports"] = lambda q, h: (200, {}, {"data": [LISTED[int(q["page"]) - 1]], "pages": 3})
    with opened(http_county(list={"path": "/reports", "items": "data", "paging": PAGE})) as source:
        assert [i.name for i in source.list([*WANTED, ("village", Period.parse("2026-08"))])] == [
            "village/2026-10", "village/2026-08",
        ]  # fmt: skip
    assert len(api.requests) == 3


@pytest.mark.parametrize(
    "answer",
    [
        lambda q, h: (200, {}, {"data": [{"form": "a", "n": q.get("cursor", "0")}], "next": "same"}),
        lambda q, h: (200, {}, {"data": LISTED, "next": str(int(q.get("cursor", "0")) + 1)}),
    ],
    ids=["cursor comes back", "page comes back"],
)
def test_pages_that_come_round_again_end(api: Api, connect: Callable[[str], None], answer: Any) -> None:
    connect(f"http://u:p@127.0.0.1:{api.port}")
    api.routes["/reports"] = answer
    error = refused(http_county(list={"path": "/reports", "items": "data", "paging": CURSOR}))
    assert (type(error), error.code) == (PermanentError, "page_loop")
    assert len(api.requests) < 4


def test_a_token_is_fetched_renewed_once_and_never_shown(api: Api, connect: Callable[[str], None]) -> None:
    connect(f"http://{quote(SECRET, safe='')}:{quote(SECRET, safe='')}@127.0.0.1:{api.port}")
    valid: list[str] = []

    def token(query: dict[str, str], headers: Any) -> Any:
        assert json.loads(query["body"]) == {"client_id": SECRET, "client_secret": SECRET}
        valid.append(f"token{len(valid)}")
        return 200, {}, {"access_token": valid[-1], "expires_in": 1}

    def guarded(query: dict[str, str], headers: Any) -> Any:
        if len(valid) < 2 or headers["authorization"] != f"Bearer {valid[-1]}":
            return 401, {}, b""
        return 200, {}, {"data": LISTED}

    api.routes |= {"/token": token, "/reports": guarded}
    county = http_county(auth="client_credentials", token_path="/token")
    with opened(county) as source:
        assert len(source.list(WANTED)) == 1
        assert len(source.list(WANTED)) == 1
    assert len(valid) == 2
    api.routes["/reports"] = lambda q, h: (401, {}, b"")
    assert refused(county).code == "login_refused"
    api.routes["/token"] = lambda q, h: (401, {}, {"error": SECRET})
    before = len(api.requests)
    assert refused(county).code == "login_refused"
    assert len(api.requests) == before + 1


def test_a_key_in_a_header_and_a_download_with_basic_login(api: Api, connect: Callable[[str], None]) -> None:
    connect(f"http://api:{quote(SECRET, safe='')}@127.0.0.1:{api.port}")
    api.routes["/reports"] = lambda q, h: (
        (200, {}, {"data": LISTED}) if h["X-Api-Key"] == SECRET else (403, {}, b"")
    )
    with opened(http_county(auth="header", header="X-Api-Key")) as source:
        assert len(source.list(WANTED)) == 1
    assert refused(http_county(auth="none")).code == "login_refused"

    name = "village 2026-10/../x.csv"
    listed = [{"name": name, "form": "village", "period": "2026-10", "modified": "m"}]
    api.routes["/files"] = lambda q, h: (200, {}, listed) if h["authorization"] else (401, {}, b"")
    api.routes["/files/" + quote(name, safe="")] = ok(b"\xef\xbb\xbfa,b\r\n")
    county = http_county(
        auth="basic",
        list={"path": "/files"},
        fetch={"path": "/files/{name}"},
        format="csv",
        version_key="modified",
    )
    with opened(county) as source:
        [item] = source.list(WANTED)
        assert source.fetch(item) == Fetched(item, b"\xef\xbb\xbfa,b\r\n", "csv")


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("as_date", [False, True])
def test_a_busy_system_is_left_alone_as_long_as_it_asks(
    api: Api, connect: Callable[[str], None], status: int, as_date: bool
) -> None:
    connect(f"http://u:p@127.0.0.1:{api.port}")
    times: list[float] = []

    def busy_once(query: dict[str, str], headers: Any) -> Any:
        times.append(time.monotonic())
        after = email.utils.formatdate(time.time() + 2, usegmt=True) if as_date else "1"
        return (status, {"Retry-After": after}, b"") if len(times) == 1 else (200, {}, {"data": LISTED})

    api.routes["/reports"] = busy_once
    with opened(http_county()) as source:
        assert len(source.list(WANTED)) == 1
    assert 0.9 <= times[1] - times[0] < 3.5


@pytest.mark.parametrize(
    ("answer", "kind", "code", "requests"),
    [
        ((404, {}, b""), PermanentError, "not_found", 1),
        ((405, {}, b""), PermanentError, "bad_response", 1),
        ((403, {}, b""), PermanentError, "login_refused", 1),
        ((200, {}, b"<html>"), TransientError, "no_report", 5),
        ((200, {}, b"busy"), PermanentError, "bad_response", 1),
        ((200, {}, {"other": []}), PermanentError, "bad_response", 1),
        ((200, {}, {"data": [1]}), PermanentError, "bad_response", 1),
        ((302, {"Location": "http://127.0.0.2:1/reports"}, b""), PermanentError, "bad_response", 1),
        ((302, {"Location": "/reports"}, b""), PermanentError, "bad_response", 5),
        ((429, {"Retry-After": "3600"}, b""), TransientError, "unreachable", 1),
        ((200, {}, b"[" + b" " * 2000 + b"]"), PermanentError, "too_large", 1),
    ],
)
def test_http_faults(
    api: Api, connect: Callable[[str], None], answer: Any, kind: type[QiangjiError], code: str, requests: int
) -> None:
    connect(f"http://u:{quote(SECRET, safe='')}@127.0.0.1:{api.port}")
    api.routes["/reports"] = lambda q, h: answer
    error = refused(http_county(auth="basic"), max_bytes=1500)
    assert (type(error) in (kind, *kind.__subclasses__()), error.code) == (True, code)
    assert "440703" in str(error)
    assert len(api.requests) == requests


def test_a_redirect_within_the_origin_is_followed(api: Api, connect: Callable[[str], None]) -> None:
    connect(f"http://u:p@127.0.0.1:{api.port}")
    api.routes |= {"/reports": lambda q, h: (301, {"Location": "/v2"}, b""), "/v2": ok({"data": LISTED})}
    with opened(http_county()) as source:
        assert len(source.list(WANTED)) == 1


def test_a_short_body_and_a_broken_server_are_tried_again(api: Api, connect: Callable[[str], None]) -> None:
    connect(f"http://u:p@127.0.0.1:{api.port}")
    answers = [(200, {"Content-Length": "500"}, b"{"), (500, {}, b""), (200, {}, {"data": LISTED})]
    api.routes["/reports"] = lambda q, h: answers.pop(0)
    with opened(http_county()) as source:
        assert len(source.list(WANTED)) == 1
    api.routes["/reports"] = lambda q, h: (200, {"Content-Length": "500"}, b"{")
    error = refused(http_county(), timeout=0.8)
    assert (type(error), error.code) == (TransientError, "short_body")


def test_an_http_server_that_is_down_hangs_or_drips_ends_within_the_countys_time(
    api: Api, connect: Callable[[str], None]
) -> None:
    connect(f"http://u:{quote(SECRET, safe='')}@127.0.0.1:{closed_port()}")
    error = refused(http_county(), timeout=1)
    assert (type(error), error.code) == (TransientError, "unreachable")
    with silent_server() as port:
        connect(f"http://u:p@127.0.0.1:{port}")
        start = time.monotonic()
        assert refused(http_county(), timeout=1).code == "timeout"
        assert time.monotonic() - start < 3

    def drip(query: dict[str, str], headers: Any) -> Any:
        time.sleep(0.4)
        return 200, {}, {"data": [{"n": query.get("cursor")}], "next": str(time.monotonic())}

    api.routes["/reports"] = drip
    connect(f"http://u:p@127.0.0.1:{api.port}")
    start = time.monotonic()
    assert (
        refused(http_county(list={"path": "/reports", "items": "data", "paging": CURSOR}), timeout=1).code
        == "timeout"
    )
    assert time.monotonic() - start < 3


@pytest.mark.parametrize("uri", ["", "nonsense", "ftp://u:p@h/", f"http://u:{SECRET}@:x/"])
def test_a_connection_that_is_none_is_named_and_not_shown(connect: Callable[[str], None], uri: str) -> None:
    connect(uri)
    assert refused(http_county()).code in ("bad_connection", "no_connection")
