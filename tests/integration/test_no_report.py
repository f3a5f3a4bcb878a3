"""Answers with status 200 that are no report: each is a failure that may pass, and what is honest is still taken."""

from __future__ import annotations

from typing import Any

import pytest

from qiangji.catalogue.models import County
from qiangji.errors import TransientError
from qiangji.sources import limits
from tests.integration.servers import Api, ok
from tests.integration.transports import (
    CURSOR,
    LISTED,
    PAGE,
    WANTED,
    Connect,
    collected,
    http_county,
    opened,
    refused,
)

PAGE_OF_HTML = (
    "<!DOCTYPE html><html><head><title>系统维护</title></head><body>系统维护中</body></html>".encode()
)
TABLE = b"\xef\xbb\xbf<html><body><table><tr><td>village_code</td></tr></table></body></html>"
BUSY = {"code": 500, "msg": "系统繁忙", "data": []}


@pytest.fixture(autouse=True)
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ATTEMPTS", 1)


def download() -> County:
    return http_county(fetch={"path": "/file"}, format="csv")


FAILED: dict[str, Any] = {
    "a code": BUSY,
    "a code as text": {"code": "401", "data": None},
    "a code with a letter": {"code": "B0001", "data": []},
    "a negative code": {"errcode": -1, "data": []},
    "no success": {"success": False, "data": []},
    "an error": {"error": "busy", "data": []},
    "a status in words": {"status": "error"},
    "a message alone": {"msg": "系统维护中，请稍后再试", "data": []},
    "a web page": PAGE_OF_HTML,
    "a web page after blanks": b"\xef\xbb\xbf\r\n <!-- --><HTML><script>location='/login'</script></html>",
}


@pytest.mark.parametrize("answer", FAILED.values(), ids=FAILED)
@pytest.mark.parametrize("asked", ["listing", "report"])
def test_a_failure_that_says_200_is_tried_again(api: Api, connect: Connect, answer: Any, asked: str) -> None:
    connect(f"http://127.0.0.1:{api.port}")
    api.routes |= {"/reports": ok({"data": LISTED}), "/reports/village/2026-10": ok(answer)}
    if asked == "listing":
        api.routes["/reports"] = ok(answer)
    error = refused(http_county(), fetch=asked == "report")
    assert (type(error), error.code) == (TransientError, "no_report")


def test_a_failure_on_a_later_page_is_no_end_of_the_report(api: Api, connect: Connect) -> None:
    connect(f"http://127.0.0.1:{api.port}")
    pages = {None: {"data": [{"n": 1}], "next": "b"}, "b": BUSY | {"next": None}}
    api.routes["/reports"] = ok({"data": LISTED})
    api.routes["/reports/village/2026-10"] = lambda q, h: (200, {}, pages[q.get("cursor")])
    fetch = {"path": "/reports/{form}/{period}", "items": "data", "paging": CURSOR}
    assert refused(http_county(fetch=fetch), fetch=True).code == "no_report"


def test_a_system_that_recovers_is_read_within_the_same_collection(
    api: Api, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ATTEMPTS", 3)
    connect(f"http://127.0.0.1:{api.port}")
    answers = [PAGE_OF_HTML, BUSY, {"data": [{"n": 1}]}]
    api.routes["/reports"] = ok({"data": LISTED})
    api.routes["/reports/village/2026-10"] = lambda q, h: (200, {}, answers.pop(0))
    assert collected(http_county()) == b'{"n":1}\n'


@pytest.mark.parametrize("answer", [[], {"data": []}, {"data": [], "msg": "查询完毕"}])
def test_a_report_without_records_that_is_listed_is_no_report(
    api: Api, connect: Connect, answer: Any
) -> None:
    connect(f"http://127.0.0.1:{api.port}")
    api.routes |= {"/reports": ok({"data": LISTED}), "/reports/village/2026-10": ok(answer)}
    items = "data" if isinstance(answer, dict) else ""
    error = refused(http_county(fetch={"path": "/reports/village/2026-10", "items": items}), fetch=True)
    assert (type(error), error.code) == (TransientError, "no_report")


@pytest.mark.parametrize(
    ("answer", "paging"),
    [
        ({"code": 0, "data": []}, {}),
        ({"code": "200", "msg": "无失败记录", "error": None, "data": []}, {}),
        ({"success": True, "data": []}, {}),
        ({"data": [], "pages": 1, "all": 0}, PAGE | {"total": "all"}),
    ],
)
def test_a_report_that_is_said_to_be_empty_is_the_countys_and_read_again_next_time(
    api: Api, connect: Connect, answer: Any, paging: dict[str, Any]
) -> None:
    connect(f"http://127.0.0.1:{api.port}")
    api.routes |= {"/reports": ok({"data": LISTED}), "/reports/village/2026-10": ok(answer)}
    fetch = {"path": "/reports/village/2026-10", "items": "data", "paging": paging}
    with opened(http_county(fetch=fetch)) as source:
        (item,) = source.list(WANTED)
        fetched = source.fetch(item)
    assert (item.version, fetched.content, fetched.item.version) == ("t1", b"", "")


@pytest.mark.parametrize(
    "answer", [{"data": []}, {"code": 0, "data": []}, {"code": 1, "data": [], "status": 1}]
)
def test_a_listing_of_nothing_is_honest(api: Api, connect: Connect, answer: Any) -> None:
    connect(f"http://127.0.0.1:{api.port}")
    api.routes["/reports"] = ok(answer)
    with opened(http_county()) as source:
        assert source.list(WANTED) == []


@pytest.mark.parametrize("code", [500, -1, "E1"])
def test_records_that_came_are_taken_whatever_code_is_beside_them(
    api: Api, connect: Connect, code: Any
) -> None:
    connect(f"http://127.0.0.1:{api.port}")
    api.routes |= {
        "/reports": ok({"data": LISTED}),
        "/reports/village/2026-10": ok({"code": code, "data": [{"n": 1}]}),
    }
    assert collected(http_county()) == b'{"n":1}\n'


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (PAGE_OF_HTML, "text/html; charset=utf-8"), (PAGE_OF_HTML, "text/csv"), (PAGE_OF_HTML, ""),
        (TABLE, "text/html"), (b'{"code": 500, "msg": "x"}', "text/csv"), (b"", "text/csv"), (b"\xef\xbb\xbf\r\n", ""),
    ],
)  # fmt: skip
def test_a_download_that_is_no_file_is_tried_again(
    api: Api, connect: Connect, body: bytes, kind: str
) -> None:
    connect(f"http://127.0.0.1:{api.port}")
    headers = {"Content-Type": kind} if kind else {}
    api.routes |= {"/reports": ok({"data": LISTED}), "/file": ok(body, **headers)}
    error = refused(download(), fetch=True)
    assert (type(error), error.code) == (TransientError, "no_report")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"a,b\r\n1,2\r\n", "text/html"), (b"village_code,members\r\n", "text/csv"),
        (TABLE, "application/vnd.ms-excel"), (b"{a},b\r\n1,2\r\n", "text/csv"),
    ],
)  # fmt: skip
def test_a_download_that_may_be_the_countys_file_is_taken(
    api: Api, connect: Connect, body: bytes, kind: str
) -> None:
    """A table that an office program saved as a web page is the county's own, and goes back to it."""
    connect(f"http://127.0.0.1:{api.port}")
    api.routes |= {"/reports": ok({"data": LISTED}), "/file": ok(body, **{"Content-Type": kind})}
    assert collected(download()) == body
