"""HTTP systems that drip, flood or cut off; when a system is asked again; and the limits of a whole collection."""

from __future__ import annotations

import asyncio
import email.utils
import gzip
import time
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from qiangji.catalogue.models import County
from qiangji.errors import PermanentError, QiangjiError, TransientError
from qiangji.settings import settings
from qiangji.sources import Guarded, http_api, records
from qiangji.sources.limits import RETRY_AFTER_CAP, Busy, Limits
from qiangji.sources.loop import Loop
from tests.integration.servers import Api, dripping, flooding, ok, raw, saying
from tests.integration.transports import (
    CURSOR,
    HEAD,
    LISTED,
    LOGIN,
    SECRET,
    WANTED,
    WHOLE,
    Connect,
    collected,
    http_county,
    opened,
    refused,
)


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
        source.fetch(None)  # type: ignore[arg-type] # nothing looks at it


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
