"""The embedded PostgreSQL as a real server: life, crashes, several processes at once, passwords."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from qiangji.embedded import ADMIN, EmbeddedError, EmbeddedPostgres
from qiangji.embedded.install import RESERVE_BYTES, known_data
from qiangji.embedded.process import postmaster

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"


@pytest.fixture
def server(servers: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedPostgres]:
    """A server of its own in a long path with a space, a quote and Chinese characters."""
    monkeypatch.setenv("QIANGJI_EMBEDDED_FSYNC", "off")
    home = tmp_path / "强基 home's" / ("long" * 40) / "home"
    embedded = EmbeddedPostgres(home)
    yield embedded
    embedded.destroy()


def _data(server: EmbeddedPostgres) -> Path:
    data = known_data(server.home)
    assert data is not None
    return data


def _process(server: EmbeddedPostgres) -> int:
    process = postmaster(_data(server))
    assert process is not None
    return process


def _child(server: EmbeddedPostgres, script: str) -> subprocess.Popen[str]:
    """A second Python process that has the same home; `server` is its EmbeddedPostgres."""
    head = (
        "import sys, time, pathlib\nfrom qiangji.embedded import EmbeddedPostgres\n"
        "server = EmbeddedPostgres(pathlib.Path(sys.argv[1]))\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", head + script, str(server.home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(PLUGINS)},
    )


def test_start_is_idempotent_and_data_and_port_survive_stop(server: EmbeddedPostgres) -> None:
    assert not server.running()
    assert server.start()
    assert server.running()
    assert not server.start(), "the second start found it running"
    server.ensure_database("wh", owner="wh_owner")
    server.ensure_database("wh", owner="wh_owner")
    url = server.url("wh", role="wh_owner", driver=None)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    port = server.port
    server.stop()
    assert not server.running()
    assert server.start()
    assert server.port == port
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_tcp_with_a_password_and_nothing_else(server: EmbeddedPostgres) -> None:
    server.start()
    for path in (server.folder / "secrets.json", server.folder / "state.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    good = server.url("postgres", driver=None)
    password = json.loads((server.folder / "secrets.json").read_text())[ADMIN]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(good.replace(password, "guessed"))
    with psycopg.connect(good) as connection:
        assert connection.execute("SHOW unix_socket_directories").fetchone() == ("",)
    addresses = {listening.laddr.ip for listening in psutil.Process(_process(server)).net_connections("tcp")}
    assert addresses == {"127.0.0.1"}
    assert "+psycopg://" in server.url("postgres")
    with pytest.raises(EmbeddedError, match="no password is known for the role nobody_made_it"):
        server.url("postgres", role="nobody_made_it")


def test_a_role_made_by_others_gets_a_login_and_its_password_is_in_no_log(server: EmbeddedPostgres) -> None:
    server.start()
    with server.connect() as connection:
        connection.execute("CREATE ROLE reader NOLOGIN")
        connection.execute("CREATE TABLE person (number text PRIMARY KEY)")
        connection.execute("INSERT INTO person VALUES ('11010519491231002X')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO person VALUES ('11010519491231002X')")
    server.ensure_role("reader")
    with psycopg.connect(server.url("postgres", role="reader", driver=None)) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("reader",)
    server.ensure_role("group_role", login=False)
    with pytest.raises(EmbeddedError):
        server.url("postgres", role="group_role")
    log = server.log.read_text()
    assert "duplicate key" in log
    assert "11010519491231002X" not in log
    for password in json.loads((server.folder / "secrets.json").read_text()).values():
        assert password not in log


def test_two_processes_that_start_at_once_start_one_server(server: EmbeddedPostgres) -> None:
    children = [_child(server, "print(server.start(), server.port)") for _ in range(3)]
    said = [child.communicate(timeout=60)[0].split() for child in children]
    assert sorted(word for word, _ in said) == ["False", "False", "True"]
    assert len({port for _, port in said}) == 1
    assert server.running()


def test_the_last_user_stops_what_a_user_started(server: EmbeddedPostgres) -> None:
    script = "with server.running_server():\n print('in', flush=True)\n sys.stdin.read()\n"
    first = _child(server, script)
    assert first.stdout is not None
    assert first.stdout.readline() == "in\n"
    with server.running_server():
        first.communicate("", timeout=30)
        assert server.running(), "still used here, although who started it has gone"
    assert not server.running()


def test_a_killed_user_does_not_keep_the_server_up(server: EmbeddedPostgres) -> None:
    child = _child(server, "with server.running_server():\n print('in', flush=True)\n sys.stdin.read()\n")
    assert child.stdout is not None
    assert child.stdout.readline() == "in\n"
    child.kill()
    child.wait()
    assert server.running(), "nobody was there to stop it"
    with server.running_server():
        pass
    assert not server.running()


def test_users_leave_alone_what_they_did_not_start_or_should_keep_up(server: EmbeddedPostgres) -> None:
    server.start()
    with server.running_server():
        pass
    assert server.running(), "started for good by start()"
    server.stop()
    with server.running_server():
        server.keep_up(True)
    assert server.running(), "kept up"
    server.keep_up(False)
    with server.running_server():
        pass
    assert not server.running()


def _kill(server: EmbeddedPostgres) -> None:
    process = psutil.Process(_process(server))
    process.kill()
    psutil.wait_procs([process], timeout=30)


def test_starts_again_after_kill_9_and_with_a_pid_that_belongs_to_another_program(
    server: EmbeddedPostgres,
) -> None:
    server.start()
    server.ensure_database("wh", owner="wh_owner")
    with psycopg.connect(server.url("wh", "wh_owner", None)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS answer")
    _kill(server)
    assert server.start()
    with psycopg.connect(server.url("wh", "wh_owner", None)) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (7,)

    _kill(server)
    stale = _data(server) / "postmaster.pid"
    lines = stale.read_text().splitlines()
    # A pid file from before a reboot: its number now belongs to something of the server's own user.
    user: dict[str, Any] = {"user": _data(server).stat().st_uid} if os.geteuid() == 0 else {}
    other = subprocess.Popen(["sleep", "60"], **user)
    try:
        stale.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        assert not server.running()
        assert server.start()
        assert other.poll() is None, "the other program is left alone"
    finally:
        other.kill()
        other.wait()


def test_a_port_that_somebody_else_has_taken_is_replaced(server: EmbeddedPostgres) -> None:
    server.start()
    port = server.port
    server.stop()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        assert server.start()
        assert server.port != port
        with server.connect() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_data_of_another_major_version_and_lost_passwords_are_refused(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    (_data(server) / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedError, match="written by PostgreSQL 16, the installed programs are 18"):
        server.start()
    (_data(server) / "PG_VERSION").write_text("18\n")
    (server.folder / "secrets.json").unlink()
    with pytest.raises(EmbeddedError, match="the passwords of this server are gone"):
        server.start()


def test_a_server_that_refuses_to_start_says_why(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    (_data(server) / "global" / "pg_control").unlink()
    with pytest.raises(EmbeddedError, match="pg_control") as caught:
        server.start()
    assert str(server.log) in caught.value.do
    assert not server.running()


def test_an_initdb_that_was_cut_short_is_repeated(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    (_data(server) / "PG_VERSION").unlink()
    assert server.start()


def test_a_home_deleted_and_made_again_is_new(server: EmbeddedPostgres) -> None:
    server.start()
    server.ensure_database("wh", owner="wh_owner")
    old = _data(server)
    shutil.rmtree(server.home)
    try:
        assert server.start()
        with server.connect() as connection:
            found = connection.execute("SELECT count(*) FROM pg_database WHERE datname = 'wh'").fetchone()
        assert found == (0,)
    finally:
        if old.exists() and old != _data(server):
            assert postmaster(old) is None, "the old server was stopped"
            shutil.rmtree(old.parent)


@pytest.mark.skipif(os.geteuid() != 0, reason="run it as root, who alone can become another user")
def test_an_ordinary_user_needs_nothing_outside_home(server: EmbeddedPostgres) -> None:
    """In a forked process that becomes `nobody`: the interpreter may lie where only root can enter."""
    with server.running_server():
        server.ensure_database("warm", "warm_owner")  # imports everything while it can be read
    nobody = pwd.getpwnam("nobody")
    folder = Path(tempfile.mkdtemp(prefix="qiangji ", dir="/tmp"))
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    home = folder / "home"
    try:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.setgroups([])
                os.setgid(nobody.pw_gid)
                os.setuid(nobody.pw_uid)
                own = EmbeddedPostgres(home)
                with own.running_server():
                    own.ensure_database("wh", "wh_owner")
                    assert own.running()
                assert not own.running()
                assert (home / "postgres" / "data" / "PG_VERSION").exists()
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        root = EmbeddedPostgres(home)
        assert root.start(), "root runs it as its owner"
        assert psutil.Process(_process(root)).username() == "nobody"
        root.stop()
        assert (home / "postgres" / "state.json").stat().st_uid == nobody.pw_uid, "still theirs"
    finally:
        shutil.rmtree(folder)


def test_nothing_of_a_stopped_server_remains(server: EmbeddedPostgres) -> None:
    server.start()
    data = str(_data(server))
    server.stop()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        left = [
            process
            for process in psutil.process_iter(["cmdline", "status"])
            if data in (process.info["cmdline"] or []) and process.info["status"] != psutil.STATUS_ZOMBIE
        ]
        if not left:
            return
        time.sleep(0.05)
    pytest.fail(f"still running: {left}")


def test_on_a_full_disk_it_starts_with_the_room_set_aside(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.start()
    reserve = _data(server).parent / "reserve"
    assert reserve.stat().st_blocks * 512 >= RESERVE_BYTES
    server.stop()
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**12, 10**12, 1000))
        server.start()
        assert not reserve.exists()
        server.stop()
    server.start()  # there is room again
    assert reserve.exists()


def test_a_home_that_may_not_be_written_is_read_while_the_server_runs(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.start()
    with monkeypatch.context() as closed:
        closed.setattr(os, "access", lambda *_: False)
        with server.running_server() as running, running.connect() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert server.running()
        server.stop()
        with pytest.raises(EmbeddedError, match="figures can be read"):
            server.start()
