"""Folders and SFTP servers, with real files and a real server on loopback: what each lists, its bytes, and the code of
each fault.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncssh
import pytest

from qiangji.catalogue.models import County
from qiangji.errors import PermanentError, TransientError
from qiangji.sources import Fetched
from tests.integration.transports import (
    OCTOBER,
    WANTED,
    Sftp,
    _Login,
    closed_port,
    opened,
    refused,
    sftp_county,
    silent_server,
)

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


# ---- SFTP


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
