"""What tests of transports share: counties of each kind, what is asked of them, and servers that they ask.

In: a county and limits. Out: its open source, or the error of asking it, which holds no secret.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncssh
import pytest
import sqlalchemy as sa

from qiangji.catalogue.models import County, Form
from qiangji.errors import QiangjiError
from qiangji.periods import Period
from qiangji.sources import Limits, Source, open_source

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


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def silent_server() -> Iterator[int]:
    """Accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


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
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
WHOLE = json.dumps({"data": LISTED}).encode()
LOGIN = quote(SECRET, safe="")
Connect = Callable[[str], None]


def collected(county: County, **limits: Any) -> bytes:
    """The bytes of the first item."""
    with opened(county, **limits) as source:
        return source.fetch(source.list(WANTED)[0]).content


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


def sftp_county(files: str = "{form}_{period}.csv") -> County:
    return County(county="440781", transport="sftp", connection="c", files=files, hosts=("127.0.0.1",))


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
