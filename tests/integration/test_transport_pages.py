"""HTTP systems whose pages or answers do not fit: pages that come round, totals that differ, what no store takes.

And a token that ends while pages are read.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

from qiangji.catalogue.models import County
from qiangji.errors import PermanentError
from qiangji.sources import http_api
from tests.integration.servers import Api, ok
from tests.integration.transports import CURSOR, LISTED, LOGIN, PAGE, Connect, collected, http_county, refused


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
