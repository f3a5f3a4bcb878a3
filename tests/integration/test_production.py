"""The parts of the production shape that can be run without containers, with real servers on loopback.

The roles' script on a PostgreSQL of its own, the SFTP server with a real client, the health check.
"""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import psycopg
import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]
PASSWORDS = {
    "AIRFLOW_DB_PASSWORD": "a1",
    "QIANGJI_OWNER_PASSWORD": "o1",
    "QIANGJI_BI_PASSWORD": "b'1",
    "QIANGJI_ANALYST_PASSWORD": "",
    "COUNTY_SYSTEMS_PASSWORD": "",
}


@pytest.fixture(scope="module")
def server(servers: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A PostgreSQL that docker/postgres/roles.sql was run on."""
    from qiangji.embedded import EmbeddedPostgres
    from qiangji.embedded.install import locate

    embedded = EmbeddedPostgres(tmp_path_factory.mktemp("production"))
    embedded.start()
    try:
        psql = [locate(embedded.home).program("psql"), embedded.url("postgres", driver=None), "--no-psqlrc"]
        subprocess.run(
            [*psql, "--file", str(PROJECT / "docker/postgres/roles.sql")],
            env={**os.environ, **PASSWORDS}, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        yield embedded
    finally:
        embedded.destroy()


def url_of(server: Any, role: str, password: str, database: str = "qiangji") -> str:
    import sqlalchemy as sa

    url = sa.make_url(server.url(database)).set(username=role, password=password)
    return url.render_as_string(hide_password=False)


def connect(server: Any, role: str, password: str, database: str = "qiangji") -> Any:
    return psycopg.connect(url_of(server, role, password, database).replace("+psycopg", ""))


def test_the_owner_fills_a_warehouse_that_bi_tools_read_and_cannot_change(
    server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qiangji import pipeline
    from qiangji.settings import settings

    monkeypatch.setenv("QIANGJI_HOME", str(tmp_path))
    monkeypatch.setenv("QIANGJI_WAREHOUSE_URL", url_of(server, "qiangji_owner", "o1"))
    settings.cache_clear()
    try:
        with pipeline.open_pipeline():
            pass
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    with connect(server, "qiangji_bi", "b'1") as c:
        assert c.execute("SHOW statement_timeout").fetchone() == ("1min",)
        assert c.execute("SHOW idle_in_transaction_session_timeout").fetchone() == ("10min",)
        assert c.execute("SELECT count(*) > 0 FROM mart.indicator").fetchone() == (True,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            c.execute("SELECT * FROM ops.delivery")
    with connect(server, "qiangji_bi", "b'1") as c, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        c.execute("CREATE TEMPORARY TABLE t ()")


@pytest.mark.parametrize(
    ("role", "database"),
    [("qiangji_bi", "airflow"), ("qiangji_owner", "airflow"), ("airflow", "qiangji")],
)
def test_a_login_reaches_its_own_database_only(server: Any, role: str, database: str) -> None:
    password = {"qiangji_bi": "b'1", "qiangji_owner": "o1", "airflow": "a1"}[role]
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        connect(server, role, password, database)


def test_a_role_without_a_password_cannot_log_in(server: Any) -> None:
    with server.connect() as c:
        may = dict(c.execute("SELECT rolname, rolcanlogin FROM pg_roles").fetchall())
    assert not may["qiangji_analyst"]
    assert "county_systems" not in may


@pytest.fixture
def deliveries(servers: None, tmp_path: Path) -> dict[str, Path]:
    folders = {name: tmp_path / name for name in ("root", "keys", "state")}
    for folder in folders.values():
        folder.mkdir()
    return folders


def test_a_county_delivers_into_its_own_folder_and_reaches_nothing_else(deliveries: dict[str, Path]) -> None:
    sys.path.insert(0, str(PROJECT / "docker"))
    try:
        import sftp_server  # type: ignore[import-not-found]
    finally:
        sys.path.pop(0)
    own, stranger = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    (deliveries["keys"] / "440799").write_bytes(own.export_public_key())
    (deliveries["root"] / "440703").mkdir()
    (deliveries["root"] / "440703" / "secret.csv").write_text("x")

    async def scenario() -> None:
        acceptor = await sftp_server.serve("127.0.0.1", 0, **deliveries)
        port = acceptor.get_port()
        public = sftp_server.host_key(deliveries["state"]).export_public_key()
        known: Any = ([asyncssh.import_public_key(public)], [], [])

        def login(user: str, key: Any, **more: Any) -> Any:
            return asyncssh.connect(
                "127.0.0.1", port, username=user, client_keys=[key], known_hosts=known, config=None,
                agent_path=None, **more,
            )  # fmt: skip

        async with login("440799", own) as ssh, ssh.start_sftp_client() as sftp:
            async with sftp.open("village_2026-10.csv", "wb") as file:
                await file.write(b"village_code\n")
            for path in ("../440703/secret.csv", "/440703/secret.csv", "/etc/passwd"):
                with pytest.raises(asyncssh.SFTPNoSuchFile):
                    await sftp.stat(path)
            with pytest.raises(asyncssh.ChannelOpenError):
                await ssh.run("id", check=True)
        for user, key in (("440799", stranger), ("440703", own), ("../keys/440799", own)):
            with pytest.raises(asyncssh.PermissionDenied):
                async with login(user, key):
                    pass
        with pytest.raises(asyncssh.PermissionDenied):
            async with login("440799", stranger, password="440799"):
                pass
        acceptor.close()
        await acceptor.wait_closed()

    asyncio.run(scenario())
    assert (deliveries["root"] / "440799" / "village_2026-10.csv").read_bytes() == b"village_code\n"
    assert stat.S_IMODE((deliveries["state"] / "host_key").stat().st_mode) == 0o600


@pytest.mark.usefixtures("servers")
def test_the_health_check_tells_what_answers(tmp_path: Path) -> None:
    import http.server
    import threading

    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    port = web.server_address[1]

    def check(address: str) -> int:
        script = str(PROJECT / "docker/answers.py")
        command = [sys.executable, script, address]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode

    try:
        assert check(f"http://127.0.0.1:{port}/") == 0
        assert check(f"tcp://127.0.0.1:{port}") == 0
        assert check(f"http://127.0.0.1:{port}/not-there") == 1
    finally:
        web.shutdown()
        web.server_close()
    assert check(f"tcp://127.0.0.1:{port}") == 1


def test_airflow_gets_roles_pools_and_the_first_account_once(
    server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `init` of docker-compose.yml does at every start."""
    sys.path.insert(0, str(PROJECT / "docker"))
    try:
        import prepare  # type: ignore[import-not-found]
    finally:
        sys.path.pop(0)
    url = url_of(server, "airflow", "a1", "airflow")
    for name, value in yaml.safe_load((PROJECT / "docker-compose.yml").read_text())[
        "x-airflow-environment"
    ].items():
        if "DATABASE__SQL_ALCHEMY_CONN" in name:
            monkeypatch.setenv(name, value.partition("://")[0] + url[url.index("://") :])
        elif "${" not in str(value) and not str(value).startswith("/"):
            monkeypatch.setenv(name, value)
    for name in ("CORE__DAGS_FOLDER", "CORE__PLUGINS_FOLDER", "LOGGING__BASE_LOG_FOLDER"):
        monkeypatch.setenv(f"AIRFLOW__{name}", str(tmp_path))
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))

    def found() -> tuple[Any, ...]:
        with connect(server, "airflow", "a1", "airflow") as c:
            accounts = c.execute(
                "SELECT username, password, r.name FROM ab_user AS u JOIN ab_user_role ON user_id = u.id"
                " JOIN ab_role AS r ON r.id = role_id"
            ).fetchall()
            roles = {name for (name,) in c.execute("SELECT name FROM ab_role")}
            pools = dict(c.execute("SELECT pool, slots FROM slot_pool").fetchall())
            logged = c.execute("SELECT coalesce(string_agg(extra, ' '), '') FROM log").fetchone()[0]
        return accounts, roles, pools, logged

    prepare.prepare_airflow("first word")
    accounts, roles, pools, logged = found()
    assert [(user, role) for user, _, role in accounts] == [("admin", "Admin")]
    assert {"Duty", "Viewer"} <= roles
    assert {"qiangji_pull": 4, "qiangji_check": 2, "qiangji_build": 1}.items() <= pools.items()
    assert "first word" not in accounts[0][1]
    assert "first word" not in logged, "Airflow logs its commands"
    with server.connect("airflow") as c:
        c.execute("UPDATE slot_pool SET slots = 9 WHERE pool = 'qiangji_pull'")
    prepare.prepare_airflow("another word")
    again = found()
    assert again[:2] == (accounts, roles)
    assert again[2]["qiangji_pull"] == 9, "as somebody has resized it"
