"""Each transport against a real server on loopback: what it lists, its bytes, and the code of each fault."""

from __future__ import annotations

import asyncio
import email.utils
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncssh
import pytest
import sqlalchemy as sa

from qiangji.catalogue.models import County, Form
from qiangji.errors import PermanentError, QiangjiError, TransientError
from qiangji.periods import Period
from qiangji.sources import Fetched, Limits, Source, open_source
from tests.frozen import paths as frozen
from tests.integration.servers import Api, ok

SECRET = "s3cret%/@:word"
LABEL = {"zh": "项", "en": "Item"}
FORMS = {
    name: Form.model_validate(
        {
            "form": name, "title": LABEL, "grain": "village", "period_type": "month", "due_working_day": 5,
            "key": "village_code", "key_headers": ["村编码"], "key_pattern": "[0-9]{12}",
            "fields": {"members": {"label": LABEL, "type": "integer"}},
        }
    )
    for name in ("village", "community")
}  # fmt: skip
SEPTEMBER, OCTOBER = Period.parse("2026-09"), Period.parse("2026-10")
WANTED = [("village", SEPTEMBER), ("village", OCTOBER), ("community", OCTOBER)]


@contextmanager
def opened(
    county: County, folder: Path = Path(), *, timeout: float = 10, max_bytes: int = 10**6, **more: Any
) -> Iterator[Source]:
    limits = Limits(county.county, county.timeout or timeout, max_bytes, **more)
    with open_source(county, FORMS, folder, limits) as source:
        yield source


def refused(county: County, folder: Path = Path(), *, fetch: bool = False, **limits: Any) -> QiangjiError:
    """The error of `list` (or of fetching the first item). Neither it nor its causes hold a secret."""

    def collect() -> None:
        with opened(county, folder, **limits) as source:
            items = source.list(WANTED)
            if fetch:
                source.fetch(items[0])

    with pytest.raises(QiangjiError) as caught:
        collect()
    error: BaseException | None = caught.value
    while error:
        assert SECRET not in f"{error!r} {error}"
        assert quote(SECRET, safe="") not in f"{error!r} {error}"
        error = error.__cause__ or error.__context__
    return caught.value


@pytest.fixture
def connect(servers: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda uri: monkeypatch.setenv("QIANGJI_CONN_C", uri)


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def silent_server() -> Iterator[int]:
    """Accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


# ---- folder


def folder_county(path: Path, **more: Any) -> County:
    return County(
        county="440703",
        transport="folder",
        path=str(path),
        files=more.pop("files", "{form}_{period}.csv"),
        **more,
    )


def test_folder_lists_regular_files_of_wanted_names_and_gives_their_bytes(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "village_2026-10.csv").write_bytes(b"a\r\n1\r\n")
    (tmp_path / "in" / "village_2026-08.csv").write_bytes(b"not wanted")
    (tmp_path / "secret.csv").write_bytes(b"x")
    (tmp_path / "in" / "community_2026-10.csv").symlink_to(tmp_path / "secret.csv")
    with opened(folder_county(Path("in")), tmp_path) as source:
        [item] = source.list(WANTED)
        assert (item.name, item.targets) == ("village_2026-10.csv", (("village", OCTOBER),))
        assert source.fetch(item) == Fetched(item, b"a\r\n1\r\n", "csv")
        before = item.version
        assert source.list(WANTED)[0].version == before
        os.utime(tmp_path / "in" / item.name, (1, 1))
        assert source.list(WANTED)[0].version != before


def test_a_workbook_without_form_in_its_name_has_every_form_of_its_period(tmp_path: Path) -> None:
    (tmp_path / "2026-10.xlsx").write_bytes(b"x")
    with opened(folder_county(tmp_path, files="{period}.xlsx")) as source:
        [item] = source.list(WANTED)
        assert item.targets == (("village", OCTOBER), ("community", OCTOBER))
        assert source.fetch(item).kind == "xlsx"


def by_connection() -> County:
    return County(
        county="440703", transport="folder", connection="county_440703", files="{form}_{period}.csv"
    )


def test_a_folder_may_be_named_by_a_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A share may be mounted elsewhere on each machine, so its place is no part of the catalogue."""
    folder = tmp_path / "市直 share"
    folder.mkdir()
    (folder / "village_2026-10.csv").write_bytes(b"a")
    monkeypatch.setenv("QIANGJI_CONN_COUNTY_440703", f"file://{quote(str(folder))}")
    with opened(by_connection()) as source:
        [item] = source.list(WANTED)
        assert source.fetch(item).content == b"a"


@pytest.mark.parametrize("uri", ["file://elsewhere/share", "sftp://host/share", "/share", "file:share"])
def test_a_connection_that_is_no_folder_is_refused(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QIANGJI_CONN_COUNTY_440703", uri)
    assert refused(by_connection()).code == "bad_connection"


def test_a_folder_without_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QIANGJI_CONN_COUNTY_440703", raising=False)
    assert refused(by_connection()).code == "no_connection"


def test_folder_faults(tmp_path: Path) -> None:
    assert refused(folder_county(tmp_path / "none")).code == "not_found"
    (tmp_path / "village_2026-10.csv").write_bytes(b"12345")
    assert refused(folder_county(tmp_path), fetch=True, max_bytes=4).code == "too_large"
    with opened(folder_county(tmp_path)) as source:
        [item] = source.list(WANTED)
        (tmp_path / item.name).unlink()
        with pytest.raises(PermanentError) as gone:
            source.fetch(item)
        assert gone.value.code == "not_found"
        (tmp_path / item.name).symlink_to("/etc/hostname")
        with pytest.raises(PermanentError) as link:
            source.fetch(item)
        assert link.value.code == "not_readable"


# ---- HTTP


@pytest.fixture
def api(servers: None) -> Iterator[Api]:
    api = Api()
    yield api
    api.stop()


def http_county(**http: Any) -> County:
    return County.model_validate(
        {
            "county": "440703", "transport": "http_api", "connection": "c", "hosts": ["127.0.0.1"],
            "http": {
                "list": {"path": "/reports", "items": "data"}, "fetch": {"path": "/reports/{form}/{period}",
                "items": "data"},
                "version_key": "updated_at", **http,
            },
        }
    )  # fmt: skip


CURSOR = {"style": "cursor", "param": "cursor", "next": "next", "size_param": "limit", "size": 2}
PAGE = {"style": "page", "param": "page", "next": "pages"}
LISTED = [
    {"form": "village", "period": "2026-10", "updated_at": "t1"},
    {"form": "village", "period": "2026-08", "updated_at": "t0"},
    {"form": "unknown", "period": "2026-10", "updated_at": "t0"},
]


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
        ((200, {}, b"<html>"), PermanentError, "bad_response", 1),
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


# ---- SFTP


class _Login(asyncssh.SSHServer):
    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("u", SECRET)


class Sftp:
    def __init__(self, root: Path) -> None:
        self.root, self.key = root, asyncssh.generate_private_key("ssh-ed25519")
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.server = self._call(
            asyncssh.create_server(
                _Login, "127.0.0.1", 0, server_host_keys=[self.key],
                sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=os.fsencode(root)),
            )
        )  # fmt: skip
        self.port = self.server.get_port()

    def _call(self, work: Any) -> Any:
        async def waiting() -> Any:
            return await work

        return asyncio.run_coroutine_threadsafe(waiting(), self.loop).result(10)

    def uri(
        self, password: str = SECRET, key: asyncssh.SSHKey | None = None, directory: str = "/outgoing"
    ) -> str:
        text = (key or self.key).export_public_key().decode().strip()
        login = f"u:{quote(password, safe='')}"
        return f"sftp://{login}@127.0.0.1:{self.port}{directory}?host_key={quote(text, safe='')}"

    def stop(self) -> None:
        async def close() -> None:
            self.server.close()
            await self.server.wait_closed()

        self._call(close())
        self.loop.call_soon_threadsafe(self.loop.stop)


@pytest.fixture
def sftp(servers: None, tmp_path: Path) -> Iterator[Sftp]:
    (tmp_path / "outgoing").mkdir()
    server = Sftp(tmp_path)
    yield server
    server.stop()


def sftp_county(files: str = "{form}_{period}.csv") -> County:
    return County(county="440781", transport="sftp", connection="c", files=files, hosts=("127.0.0.1",))


def test_sftp_lists_regular_files_of_wanted_names_and_gives_their_bytes(
    sftp: Sftp, connect: Callable[[str], None]
) -> None:
    connect(sftp.uri())
    outgoing = sftp.root / "outgoing"
    content = os.urandom(300_000)
    (outgoing / "village_2026-10.csv").write_bytes(content)
    (outgoing / "village_2026-09.csv").mkdir()
    (outgoing / "other.csv").write_bytes(b"x")
    (outgoing / "community_2026-10.csv").symlink_to("other.csv")
    with opened(sftp_county()) as source:
        [item] = source.list(WANTED)
        assert (item.name, item.targets) == ("village_2026-10.csv", (("village", OCTOBER),))
        assert source.fetch(item) == Fetched(item, content, "csv")
        assert [i.version for i in source.list(WANTED)] == [item.version]
        (outgoing / item.name).write_bytes(b"other")
        assert source.list(WANTED)[0].version != item.version
        (outgoing / item.name).unlink()
        with pytest.raises(PermanentError) as gone:
            source.fetch(item)
        assert gone.value.code == "not_found"
        (outgoing / item.name).symlink_to("other.csv")
        with pytest.raises(PermanentError) as link:
            source.fetch(item)
        assert link.value.code == "not_readable"


def test_sftp_faults(sftp: Sftp, connect: Callable[[str], None]) -> None:
    (sftp.root / "outgoing" / "village_2026-10.csv").write_bytes(b"12345")
    connect(sftp.uri())
    assert refused(sftp_county(), fetch=True, max_bytes=4).code == "too_large"
    connect(sftp.uri(password="wrong"))
    assert refused(sftp_county()).code == "login_refused"
    connect(sftp.uri(key=asyncssh.generate_private_key("ssh-ed25519")))
    error = refused(sftp_county())
    assert (type(error), error.code) == (PermanentError, "unknown_host_key")
    connect(sftp.uri().partition("?")[0])
    assert refused(sftp_county()).code == "unknown_host_key"
    connect(sftp.uri(directory="/nowhere"))
    assert refused(sftp_county()).code == "not_found"


def test_sftp_without_a_known_host_key_sends_no_password(sftp: Sftp, connect: Callable[[str], None]) -> None:
    tried: list[str] = []

    class Watching(_Login):
        def begin_auth(self, username: str) -> bool:
            tried.append(username)
            return True

    watching = Sftp.__new__(Sftp)
    watching.root, watching.key, watching.loop = sftp.root, sftp.key, sftp.loop
    server = sftp._call(asyncssh.create_server(Watching, "127.0.0.1", 0, server_host_keys=[sftp.key]))
    watching.port = server.get_port()
    connect(watching.uri(key=asyncssh.generate_private_key("ssh-ed25519")))
    assert refused(sftp_county()).code == "unknown_host_key"
    assert tried == []
    sftp.loop.call_soon_threadsafe(server.close)


def test_an_sftp_server_that_is_down_or_hangs_ends_within_the_countys_time(
    sftp: Sftp, connect: Callable[[str], None]
) -> None:
    uri = sftp.uri()
    connect(uri.replace(f":{sftp.port}/", f":{closed_port()}/"))
    error = refused(sftp_county(), timeout=1)
    assert (type(error), error.code) == (TransientError, "unreachable")
    with silent_server() as port:
        connect(uri.replace(f":{sftp.port}/", f":{port}/"))
        start = time.monotonic()
        assert refused(sftp_county(), timeout=1).code == "timeout"
        assert time.monotonic() - start < 3


# ---- database


def database_county(view: str = "{form}", version: str = "updated_at") -> County:
    return County.model_validate(
        {
            "county": "440783", "transport": "database", "connection": "c", "hosts": ["127.0.0.1"],
            "database": {"view": view, "version_column": version},
        }
    )  # fmt: skip


ROWS = "(village_code, ok, income, note, period, updated_at)"


def _fill(db: sa.Connection, schema: str) -> None:
    for form in ("village", "community"):
        db.execute(
            sa.text(
                f"CREATE TABLE {schema}{form} (village_code varchar(12), ok boolean, income numeric(12,2), "
                "note varchar(99), period varchar(7), updated_at timestamp)"
            )
        )
    for code, ok_, income, note, period in [
        ("2", False, 1.5, 'a,"b"', "2026-10"), ("1", True, None, None, "2026-10"), ("3", None, 0, "丙",
        "2026-08"),
    ]:  # fmt: skip
        db.execute(
            sa.text(f"INSERT INTO {schema}village {ROWS} VALUES (:a, :b, :c, :d, :e, '2026-11-01 02:03:04')"),
            {"a": code, "b": ok_, "c": income, "d": note, "e": period},
        )


def test_a_view_of_any_database_is_read_as_csv_in_key_order(
    tmp_path: Path, connect: Callable[[str], None]
) -> None:
    url = f"sqlite:///{tmp_path}/county.db"
    with sa.create_engine(url).begin() as db:
        _fill(db, "")
    connect(url)
    with opened(database_county()) as source:
        [item] = source.list(WANTED)
        assert (item.name, item.targets) == ("village/2026-10", (("village", OCTOBER),))
        assert item.version == "2026-11-01 02:03:04 2"
        assert source.fetch(item).content.decode().splitlines() == [
            "village_code,ok,income,note", "1,1,,", '2,0,1.5,"a,""b"""',
        ]  # fmt: skip
    with opened(database_county(version="")) as source:
        assert source.list(WANTED)[0].version == ""
    assert refused(database_county("nothing_{form}")).code == "not_found"
    assert refused(database_county(), fetch=True, max_bytes=3).code == "too_large"
    connect(f"nonsense://{SECRET}")
    assert refused(database_county()).code == "bad_connection"


@pytest.mark.parametrize("period", ["2026-10-31", "2026/10/1", "2026-10-31 00:00:00", "202610", "2026年10月"])
def test_a_period_column_in_another_writing_is_the_period(
    tmp_path: Path, connect: Callable[[str], None], period: str
) -> None:
    url = f"sqlite:///{tmp_path}/county.db"
    with sa.create_engine(url).begin() as db:
        _fill(db, "")
        db.execute(sa.text("UPDATE village SET period = :p WHERE period = '2026-10'"), {"p": period})
    connect(url)
    with opened(database_county()) as source:
        [item] = source.list(WANTED)
        assert (item.name, item.targets) == ("village/2026-10", (("village", OCTOBER),))
        assert len(source.fetch(item).content.decode().splitlines()) == 3


def test_a_period_column_without_any_period_is_an_error(
    tmp_path: Path, connect: Callable[[str], None]
) -> None:
    url = f"sqlite:///{tmp_path}/county.db"
    with sa.create_engine(url).begin() as db:
        _fill(db, "")
        db.execute(sa.text("UPDATE village SET period = 'latest'"))
    connect(url)
    error = refused(database_county())
    assert error.code == "bad_response"
    assert "latest" in str(error)


@pytest.fixture(scope="module")
def postgres(servers: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from qiangji.embedded import EmbeddedPostgres

    server = EmbeddedPostgres(tmp_path_factory.mktemp("home"))
    server.start()
    server.ensure_role("county")
    server.ensure_database("county", "county")
    with sa.create_engine(server.url("county", "county")).begin() as db:
        db.execute(sa.text("CREATE SCHEMA report"))
        _fill(db, "report.")
        db.execute(sa.text("CREATE VIEW report.slow AS SELECT *, pg_sleep(9)::text FROM report.village"))
    yield server
    server.stop()


def test_postgresql_is_read_in_a_read_only_snapshot_that_ends_in_time(
    postgres: Any, connect: Callable[[str], None]
) -> None:
    url = postgres.url("county", "county", driver=None)
    connect(url)
    with opened(database_county("report.{form}")) as source:
        [item] = source.list(WANTED)
        assert source.fetch(item).content.decode().splitlines() == [
            "village_code,ok,income,note", "1,true,,", '2,false,1.50,"a,""b"""',
        ]  # fmt: skip
    with sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:")).begin() as db:
        columns = "village_code, ok, income, note, updated_at"
        for form, day in (("days", "date '2026-10-31'"), ("moments", "timestamptz '2026-10-01 00:00+08'")):
            db.execute(
                sa.text(
                    f"CREATE OR REPLACE VIEW report.{form} AS SELECT {columns}, {day} AS period FROM report.village"
                )
            )
    for form in ("days", "moments"):
        with opened(database_county(f"report.{form}")) as source:
            item, *_ = source.list(WANTED)
            assert item.targets == (("village", OCTOBER),)
            assert len(source.fetch(item).content.decode().splitlines()) == 4
    with opened(database_county("report.{form}")) as source, source._source._reading() as db:  # type: ignore[attr-defined]
        assert db.execute(sa.text("SHOW transaction_isolation")).scalar() == "repeatable read"
        with pytest.raises(sa.exc.DBAPIError, match="read-only"):
            db.execute(sa.text("DELETE FROM report.village"))
    start = time.monotonic()
    assert refused(database_county("report.slow"), timeout=1).code == "timeout"
    assert time.monotonic() - start < 4
    connect(sa.make_url(url).set(password=SECRET).render_as_string(hide_password=False))
    assert refused(database_county("report.{form}")).code == "login_refused"
    connect(sa.make_url(url).set(database="none").render_as_string(hide_password=False))
    assert refused(database_county("report.{form}")).code == "not_found"
    assert refused(database_county("nowhere.{form}")).code == "not_found"


def test_a_database_that_is_down_or_hangs_ends_within_the_countys_time(
    connect: Callable[[str], None],
) -> None:
    connect(f"postgresql://u:{quote(SECRET, safe='')}@127.0.0.1:{closed_port()}/d")
    error = refused(database_county(), timeout=1)
    assert (type(error), error.code) == (TransientError, "unreachable")
    with silent_server() as port:
        connect(f"postgresql://u:p@127.0.0.1:{port}/d")
        start = time.monotonic()
        assert refused(database_county(), timeout=2).code == "timeout"
        assert time.monotonic() - start < 5


# ---- the simulated county systems


@pytest.fixture(scope="module")
def simulated(postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from simulator import Simulator

    with Simulator(
        tmp_path_factory.mktemp("simulated"), today="2026-11-24", scale=0.05,
        postgres_url=postgres.url("postgres", driver=None),
    ) as simulator:  # fmt: skip
        yield simulator


OF_CELLS = (".type", ".with_unit", ".enum", ".too_large", ".dash", ".shortened", ".total", ".note", ".percent",
            ".loose", ".level", ".extra", ".page", ".zeros", ".subtotal")  # fmt: skip
"""Last words of the rules that reading tells."""
READ_AS: dict[str, Any] = {"decimal": Decimal, "date": date.fromisoformat}
"""Types that the truth writes as text."""


@pytest.mark.parametrize("code", ["440703", "440704", "440705", "440781", "440783", "440784", "440785"])
def test_what_each_county_system_means_is_what_is_read(
    simulated: Any, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every value of every sound row, exactly the planted faults of cells, and each return's reason."""
    from qiangji.catalogue.load import load
    from qiangji.parsing import read_form, read_grids
    from qiangji.parsing.screening import find_personal_data

    catalogue = load(frozen.CATALOGUE, frozen.EXPECTATIONS)
    county = catalogue.counties[code]
    monkeypatch.setenv(f"QIANGJI_CONN_COUNTY_{code}", simulated.connections[code])
    submissions = {
        (s["form"], s["period"]): s for s in simulated.manifest["submissions"] if s["county"] == code
    }
    outcome = dict.fromkeys(submissions, "late")
    planted = {
        (f["form"], f["period"], f.get("row_rule") or f["expected_rule"])
        for f in simulated.manifest["faults"]
        if f["county"] == code and str(f.get("row_rule") or f["expected_rule"]).endswith(OF_CELLS)
    } | {
        (f["form"], f["period"], f"{f['form']}.{f['field']}.dash")
        for f in simulated.manifest["faults"]
        if f["county"] == code and f["kind"] == "dashes_for_zeros"
    }
    found = set()
    wanted = [(form, Period.parse(period)) for form, period in submissions]
    limits = Limits(county.county, county.timeout or 60, 10**8)
    with open_source(county, catalogue.forms, catalogue.path, limits) as source:
        fetched = [source.fetch(item) for item in source.list(wanted)]
    for delivery in fetched:
        forms = [form for form, _ in delivery.item.targets]
        try:
            grids = read_grids(delivery.content, delivery.kind, county, forms)
        except QiangjiError:
            outcome |= {(f, str(p)): "returned" for f, p in delivery.item.targets}
            continue
        for form, period in delivery.item.targets:
            key = (form, str(period))
            if find_personal_data(grids[form], county.layout_of(form)):
                outcome[key] = "withheld"
                continue
            try:
                parsed = read_form(grids[form], catalogue.forms[form], county, period)
            except QiangjiError:
                outcome[key] = "returned"
                continue
            outcome[key] = "returned" if parsed.totals_agree is False else "read"
            assert parsed.rows.num_rows == submissions[key]["rows_sent"]
            found |= {(*key, rule) for rule in parsed.problems["rule"].to_pylist()}
            read = catalogue.forms[form]
            meant = {row["unit"]: row for row in simulated.truth(code, *key) if row["accepted"]}
            sound = [row for row in parsed.rows.to_pylist() if row[read.key] in meant]
            assert len(sound) == submissions[key]["rows_accepted"]
            for row in sound:
                values = {n: meant[row[read.key]][n] for n in read.fields}
                assert {n: row[n] for n in read.fields} == {
                    n: READ_AS.get(read.fields[n].type, lambda v: v)(v) if v is not None else None
                    for n, v in values.items()
                }
    said = {
        # what is judged by its rows, or by what it says of itself, can be read
        k: "read"
        if s["status"] in ("accepted", "partial", "held")
        or s["reason"] in ("no_row_accepted", "title_of_another_period", "date_for_a_title")
        else s["status"]
        for k, s in submissions.items()
    }
    assert outcome == said
    assert found == planted
