"""Files that are links, devices, half written or badly named; SFTP servers and databases that drip or lie; and a night
in which six of eight counties misbehave.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncssh
import pytest
import sqlalchemy as sa
import yaml

from qiangji.catalogue.models import County
from qiangji.errors import PermanentError, TransientError
from qiangji.sources import sftp as sftp_source
from qiangji.sources.files import BENEATH
from tests.integration.nights import night
from tests.integration.servers import dripping, raw, relay, saying
from tests.integration.transports import (
    SECRET,
    WANTED,
    Connect,
    Sftp,
    _fill,
    _Login,
    closed_port,
    database_county,
    opened,
    refused,
    sftp_county,
)

NAME = "village_2026-10.csv"


@contextmanager
def lying(sftp: Sftp, make: type[asyncssh.SFTPServer]) -> Iterator[str]:
    """The URI of an SFTP server that serves the same files, with answers of another class."""
    server = sftp._call(
        asyncssh.create_server(
            _Login, "127.0.0.1", 0, server_host_keys=[sftp.key],
            sftp_factory=lambda channel: make(channel, chroot=os.fsencode(sftp.root)),
        )
    )  # fmt: skip
    yield sftp.uri().replace(f":{sftp.port}/", f":{server.get_port()}/")
    sftp.loop.call_soon_threadsafe(server.close)


def folder_county(path: Path) -> County:
    return County(county="440703", transport="folder", path=str(path), files="{form}_{period}.csv")


@pytest.fixture(params=["sftp", "folder"])
def place(request: pytest.FixtureRequest, sftp: Sftp, connect: Connect) -> tuple[County, Path]:
    """A county that delivers files, and their folder."""
    connect(sftp.uri())
    outgoing = sftp.root / "outgoing"
    return (sftp_county(), outgoing) if request.param == "sftp" else (folder_county(outgoing), outgoing)


# ---- links, devices, folders


def test_what_is_no_regular_file_is_passed_over_with_a_line(
    place: tuple[County, Path], caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    county, outgoing = place
    (tmp_path / "secret").write_bytes(b"of somebody else")
    (outgoing / NAME).write_bytes(b"good")
    (outgoing / "village_2026-09.csv").symlink_to(tmp_path / "secret")
    os.mkfifo(outgoing / "community_2026-10.csv")
    (outgoing / "community_2026-10.xlsx").mkdir()
    with caplog.at_level(logging.WARNING), opened(county) as source:
        [item] = source.list(WANTED)
        assert source.fetch(item).content == b"good"
    said = [m for m in caplog.messages if "no regular file" in m]
    assert len(said) == 3
    assert all(county.county in m for m in said)


def test_files_in_folders_beneath_are_seen(place: tuple[County, Path], tmp_path: Path) -> None:
    """Not those in `feedback`, in a hidden folder, behind a link, further beneath, or that are no table."""
    county, outgoing = place
    (outgoing / NAME).write_bytes(b"good")
    for name in ("10月/village_2026-10.xlsx", "10月/说明.docx", "10月/b/deep.csv", "feedback/village_2026-10.xlsx",
                 ".old/village_2026-10.csv", "空/x.txt"):  # fmt: skip
        (outgoing / name).parent.mkdir(parents=True, exist_ok=True)
        (outgoing / name).write_bytes(b"x")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / NAME).write_bytes(b"of somebody else")
    (outgoing / "link").symlink_to(tmp_path / "elsewhere")
    with opened(county) as source:
        assert [item.name for item in source.list(WANTED)] == [NAME]
        assert sorted(seen.name for seen in source.others) == ["10月/village_2026-10.xlsx", "空/x.txt"]
        assert all(seen.changed_at for seen in source.others)


def test_a_folder_beneath_that_is_closed_or_full_ends_nothing(place: tuple[County, Path]) -> None:
    county, outgoing = place
    (outgoing / NAME).write_bytes(b"good")
    for n in range(BENEATH + 5):
        (outgoing / f"{n:03}").mkdir()
    for n in range(BENEATH + 5):
        (outgoing / "000" / f"{n:03}.csv").write_bytes(b"")
        (outgoing / "001" / f"{n:03}.csv").write_bytes(b"")
    (outgoing / "001").chmod(0)
    with opened(county) as source:
        [item] = source.list(WANTED)
        assert 0 < len(source.others) <= 2 * BENEATH
        assert source.fetch(item).content == b"good"
    (outgoing / "001").chmod(0o700)


@pytest.mark.parametrize("what", ["link", "fifo", "directory"])
def test_what_takes_the_place_of_a_file_is_not_read(
    place: tuple[County, Path], what: str, tmp_path: Path
) -> None:
    county, outgoing = place
    (tmp_path / "secret").write_bytes(b"good")
    (outgoing / NAME).write_bytes(b"good")
    with opened(county, timeout=5) as source:
        [item] = source.list(WANTED)
        (outgoing / NAME).unlink()
        make: dict[str, Callable[[], Any]] = {
            "link": lambda: (outgoing / NAME).symlink_to(tmp_path / "secret"),
            "fifo": lambda: os.mkfifo(outgoing / NAME),
            "directory": lambda: (outgoing / NAME).mkdir(),
        }
        make[what]()
        with pytest.raises(PermanentError) as error:
            source.fetch(item)
    assert error.value.code == "not_readable"


def test_a_link_does_not_lead_to_the_directory(sftp: Sftp, connect: Connect) -> None:
    (sftp.root / "elsewhere" / "deep").mkdir(parents=True)
    (sftp.root / "elsewhere" / "deep" / NAME).write_bytes(b"x")
    (sftp.root / "link").symlink_to("elsewhere")
    for directory in ("/link/deep", "/link/"):
        connect(sftp.uri(directory=directory))
        error = refused(sftp_county())
        assert (type(error), error.code) == (PermanentError, "not_readable")
    connect(sftp.uri(directory="/elsewhere/deep"))
    with opened(sftp_county()) as source:
        assert len(source.list(WANTED)) == 1


def test_the_folder_itself_may_be_gone_or_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert refused(folder_county(tmp_path / "file")).code == "not_found"
    assert refused(folder_county(tmp_path / "file" / "below")).code == "not_found"
    assert refused(folder_county(tmp_path / ("x" * 300))).code == "not_readable"
    with pytest.raises(ValueError, match="without folders"):
        folder_county(tmp_path).model_validate(
            folder_county(tmp_path).model_dump() | {"files": "../{form}.csv"}
        )


# ---- names


def test_names_of_the_countys_are_compared_and_never_used(place: tuple[County, Path], tmp_path: Path) -> None:
    county, outgoing = place
    (outgoing / NAME).write_bytes(b"good")
    at = os.fsencode(outgoing)
    for name in (b"\xff\xfe.csv", b"a\nb\x1b[2J.csv", b"x" * 255, NAME.upper().encode(), b"-rf", b"..csv"):
        Path(os.fsdecode(os.path.join(at, name))).write_bytes(b"other")
    before = sorted(p for p in tmp_path.rglob("*"))
    with opened(county) as source:
        [item] = source.list(WANTED)
        assert (item.name, source.fetch(item).content) == (NAME, b"good")
    assert sorted(p for p in tmp_path.rglob("*")) == before


def test_an_sftp_server_that_makes_up_names(sftp: Sftp, connect: Connect, tmp_path: Path) -> None:
    (sftp.root / "outgoing" / NAME).write_bytes(b"good")

    class Names(asyncssh.SFTPServer):
        async def scandir(self, path: bytes) -> Any:
            regular = asyncssh.SFTPAttrs(permissions=0o100644, size=4, mtime=1)
            made_up = [b"../../etc/passwd", b"/etc/passwd", b"", b"\x00", b"x" * 100_000, b"\xed\xa0\x80"]
            for name in [*made_up, b"../" + NAME.encode(), NAME.encode() + b"\x00"]:
                yield asyncssh.SFTPName(name, attrs=regular)
            async for entry in super().scandir(path):
                yield entry

    with lying(sftp, Names) as uri:
        connect(uri)
        with opened(sftp_county()) as source:
            [item] = source.list(WANTED)
            assert source.fetch(item).content == b"good"


# ---- half written, cut off


def test_a_file_that_is_still_being_written_is_taken_when_it_rests(place: tuple[County, Path]) -> None:
    county, outgoing = place
    stop = threading.Event()

    def write() -> None:
        with (outgoing / NAME).open("ab", buffering=0) as file:
            while not stop.wait(0.05):
                file.write(b"1,2\r\n")

    (outgoing / NAME).write_bytes(b"a,b\r\n")
    writer = threading.Thread(target=write)
    writer.start()
    try:
        error = refused(county, fetch=True, settle=0.4, timeout=1.5)
    finally:
        stop.set()
        writer.join()
    assert isinstance(error, TransientError)
    assert error.code in ("short_body", "timeout")
    with opened(county, settle=1) as source:
        start = time.monotonic()
        [item] = source.list(WANTED)
        assert source.fetch(item).content == (outgoing / NAME).read_bytes()
        watched = time.monotonic()
        assert watched - start >= 1
        assert source.fetch(item).content
        assert time.monotonic() - watched < 1, "it is watched once"
    os.utime(outgoing / NAME, (time.time() - 3600,) * 2)
    start = time.monotonic()
    with opened(county, settle=30) as source:
        assert source.fetch(source.list(WANTED)[0]).content
    assert time.monotonic() - start < 8, "what was written an hour ago is whole"


def test_a_file_that_is_written_over_in_place_is_not_taken(tmp_path: Path) -> None:
    """The size stays the same; only the time changes."""
    (tmp_path / NAME).write_bytes(b"a,b\r\n")
    with opened(folder_county(tmp_path), settle=0.4) as source:
        [item] = source.list(WANTED)
        threading.Timer(0.1, (tmp_path / NAME).write_bytes, (b"c,d\r\n",)).start()
        with pytest.raises(TransientError) as error:
            source.fetch(item)
    assert error.value.code == "short_body"


class Cut(asyncssh.SFTPServer):
    """Ends a file before its real end."""

    def read(self, file: object, offset: int, size: int) -> Any:
        return b"" if offset >= 20_000 else super().read(file, offset, min(size, 20_000 - offset))


class Swapped(asyncssh.SFTPServer):
    """Opens another file than it described."""

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Any:
        return super().open(path.replace(b"village", b"community"), pflags, attrs)


@pytest.mark.parametrize("server", [Cut, Swapped])
def test_what_an_sftp_server_gives_must_be_what_it_said(
    sftp: Sftp, connect: Connect, server: type[asyncssh.SFTPServer]
) -> None:
    (sftp.root / "outgoing" / NAME).write_bytes(os.urandom(100_000))
    (sftp.root / "outgoing" / "community_2026-10.csv").write_bytes(os.urandom(100_000))
    os.utime(sftp.root / "outgoing" / "community_2026-10.csv", (1, 1))
    with lying(sftp, server) as uri:
        connect(uri)
        error = refused(sftp_county(), fetch=True, timeout=1)
        assert (type(error), error.code) == (TransientError, "short_body")


# ---- time, and too many entries


class Slow(asyncssh.SFTPServer):
    async def read(self, file: object, offset: int, size: int) -> bytes:
        await asyncio.sleep(0.3)
        return super().read(file, offset, 1)


def test_an_sftp_server_that_drips_ends_at_the_deadline(sftp: Sftp, connect: Connect) -> None:
    (sftp.root / "outgoing" / NAME).write_bytes(bytes(100_000))
    with lying(sftp, Slow) as uri:
        connect(uri)
        start = time.monotonic()
        error = refused(sftp_county(), fetch=True, timeout=1)
        assert (type(error), error.code, time.monotonic() - start < 5) == (TransientError, "timeout", True)
    with raw(dripping(b"", b"SSH-2.0-" + b"x" * 99), speaks_first=True) as server:
        connect(sftp.uri().replace(f":{sftp.port}/", f":{server.port}/"))
        start = time.monotonic()
        assert refused(sftp_county(), timeout=1).code in ("timeout", "unreachable")
        assert time.monotonic() - start < 5


def test_a_directory_without_an_end_is_refused(
    sftp: Sftp, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Endless(asyncssh.SFTPServer):
        async def scandir(self, path: bytes) -> Any:
            while True:
                await asyncio.sleep(0)
                yield asyncssh.SFTPName(b"x", attrs=asyncssh.SFTPAttrs(permissions=0o100644))

    monkeypatch.setattr(sftp_source, "MAX_ENTRIES", 1000)
    with lying(sftp, Endless) as uri:
        connect(uri)
        error = refused(sftp_county())
        assert (type(error), error.code) == (PermanentError, "not_readable")


def test_a_mount_that_hangs_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sleeping call stands for a mount that hangs."""
    (tmp_path / NAME).write_bytes(b"x")
    real = os.open

    def hangs(*a: Any, **k: Any) -> Any:
        time.sleep(20)
        return real(*a, **k)

    monkeypatch.setattr("os.open", hangs)
    start = time.monotonic()
    error = refused(folder_county(tmp_path), timeout=0.5)
    assert (type(error), error.code, time.monotonic() - start < 5) == (TransientError, "timeout", True)
    monkeypatch.undo()


@pytest.fixture
def database(postgres: Any) -> Iterator[sa.URL]:
    """A county's own database in the shared server."""
    with postgres.connect() as connection:
        connection.execute("CREATE DATABASE county_c")
    url = sa.make_url(postgres.url("county_c", driver=None))
    with sa.create_engine(url.set(drivername="postgresql+psycopg")).begin() as db:
        db.execute(sa.text("CREATE SCHEMA report"))
        _fill(db, "report.")
    yield url
    with postgres.connect() as connection:
        connection.execute("DROP DATABASE county_c WITH (FORCE)")


def test_a_database_that_drips_ends_at_the_deadline(database: sa.URL, connect: Connect) -> None:
    """During the login, and during the rows."""
    login = f"postgresql://u:{quote(SECRET, safe='')}"
    # a message of a thousand bytes, one at a time
    with raw(dripping(b"R\x00\x00\x03\xe8", b"x", pause=0.1), speaks_first=True) as server:
        connect(f"{login}@127.0.0.1:{server.port}/d?sslmode=disable")
        start = time.monotonic()
        assert refused(database_county("report.{form}"), timeout=2).code in ("timeout", "unreachable")
        assert time.monotonic() - start < 8
    assert database.port
    for pause_after in (0, 600):
        with relay(database.port, pause_after, 0.05) as port:
            connect(database.set(port=port).render_as_string(hide_password=False))
            start = time.monotonic()
            error = refused(database_county("report.{form}"), timeout=2)
            assert (type(error), error.code) == (TransientError, "timeout")
            assert time.monotonic() - start < 8


def test_a_row_beyond_the_cap_is_refused(database: sa.URL, connect: Connect) -> None:
    connect(database.render_as_string(hide_password=False))
    with sa.create_engine(database.set(drivername="postgresql+psycopg")).begin() as db:
        db.execute(
            sa.text(
                "ALTER TABLE report.village ALTER note TYPE text; UPDATE report.village SET note = repeat('x', 9999)"
            )
        )
    assert refused(database_county("report.{form}"), fetch=True, max_bytes=9000).code == "too_large"


# ---- a night


def test_counties_that_hang_drip_and_lie_cost_the_others_nothing(
    tmp_path: Path, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six of eight misbehave, each in its own way; the other two are collected within the time of one county."""
    head = b"HTTP/1.1 200 OK\r\n"
    key = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    with (
        raw(dripping(head, b"X-Slow: yes\r\n")) as drips,
        raw(saying(head + b"\r\n" + b"[" * 200_000)) as lies,
        raw(saying(b"")) as hangs,
        raw(dripping(b"", b"SSH"), speaks_first=True) as ssh,
    ):
        uris = {
            "440703": (f"http://u:p@127.0.0.1:{drips.port}", "timeout"),
            "440704": (f"http://u:p@127.0.0.1:{lies.port}", "bad_response"),
            "440705": (f"sftp://u:p@127.0.0.1:{ssh.port}/?host_key={quote(key, safe='')}", "timeout"),
            "440783": (f"postgresql://u:p@127.0.0.1:{hangs.port}/d", "timeout"),
            "440784": (
                f"sftp://u:p@localhost:{ssh.port}/?host_key={quote(key, safe='')}",
                "host_not_allowed",
            ),
            "440785": (f"http://u:p@127.0.0.1:{closed_port()}", "unreachable"),
        }

        def short(catalogue: Path) -> None:
            path = catalogue / "counties.yaml"
            counties = yaml.safe_load(path.read_text(encoding="utf-8"))
            for county in counties:
                if county["county"] in uris:
                    county["timeout"] = 3
            path.write_text(yaml.safe_dump(counties, allow_unicode=True), encoding="utf-8")

        good = ["440781", "440799"]
        options: dict[str, Any] = {"scale": 0.02, "months": 2, "faults": "none", "counties": good}
        with night(tmp_path / "night", postgres, edit=short, **options) as one:
            for code, (uri, _) in uris.items():
                monkeypatch.setenv(f"QIANGJI_CONN_COUNTY_{code}", uri)
            start = time.monotonic()
            result = one.pull([*uris, *good])
            assert time.monotonic() - start < 20, "eight counties side by side"
            assert {c: e.code for c, form, _, e in result.failures if form is None} == {
                code: reason for code, (_, reason) in uris.items()
            }
            assert len(result.failures) == len(uris)
            delivered = one.query("SELECT county_code, count(*) AS n FROM ops.delivery GROUP BY 1")
            assert {r["county_code"]: r["n"] for r in delivered} == Counter(
                s["county"] for s in one.systems.manifest["submissions"]
            )
