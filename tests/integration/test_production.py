"""The parts of the production shape that can be run without containers, with real servers on loopback.

The roles' script on a PostgreSQL of its own, the SFTP server with a real client, the health check.
"""

from __future__ import annotations

import asyncio
import importlib
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
SECRETS = {
    "airflow_db_password": "a1",
    "qiangji_owner_password": "o1\n",  # as an editor leaves it
    "qiangji_bi_password": "b'1",
    "qiangji_analyst_password": "",
}


@pytest.fixture(scope="module")
def server(servers: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A PostgreSQL that docker/postgres/roles.sql was run on."""
    from qiangji.embedded import EmbeddedPostgres
    from qiangji.embedded.install import locate

    embedded = EmbeddedPostgres(tmp_path_factory.mktemp("production"))
    secrets = tmp_path_factory.mktemp("run's secrets")
    embedded.start()
    try:
        psql = [locate(embedded.home).program("psql"), embedded.url("postgres", driver=None), "--no-psqlrc"]

        def make_roles() -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [*psql, "--file", str(PROJECT / "docker/postgres/roles.sql")],
                env={**os.environ, "SECRETS_FOLDER": str(secrets)},
                check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL,
            )  # fmt: skip

        (secrets / "airflow_db_password").write_text("a1", encoding="utf-8")
        refused = make_roles()
        assert refused.returncode, "without the owner's password"
        assert "qiangji_owner_password" in refused.stderr
        with embedded.connect() as c:
            assert c.execute("SELECT count(*) FROM pg_roles WHERE rolname = 'airflow'").fetchone() == (0,)
        for name, text in SECRETS.items():
            (secrets / name).write_text(text, encoding="utf-8")
        made = make_roles()
        assert made.returncode == 0, made.stderr
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
        sftp_server = importlib.import_module("sftp_server")
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


@pytest.fixture(scope="module")
def prepared(server: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of an Airflow whose database was made ready as `init` does it."""
    folder = tmp_path_factory.mktemp("airflow")
    url = url_of(server, "airflow", "a1", "airflow")
    compose = yaml.safe_load((PROJECT / "docker-compose.yml").read_text(encoding="utf-8"))
    found = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    for name, value in compose["x-airflow-environment"].items():
        if "DATABASE__SQL_ALCHEMY_CONN" in name:
            found[name] = value.partition("://")[0] + url[url.index("://") :]
        elif "${" not in str(value) and "{secret" not in str(value) and not str(value).startswith("/"):
            found[name] = value
    for name in ("CORE__DAGS_FOLDER", "CORE__PLUGINS_FOLDER", "LOGGING__BASE_LOG_FOLDER"):
        found[f"AIRFLOW__{name}"] = str(folder)
    found |= {"AIRFLOW_HOME": str(folder), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    prepare(found, "first word")
    return found


def prepare(environment: dict[str, str], password: str) -> None:
    code = f"import prepare; prepare.prepare_airflow({password!r})"
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT / "docker", env=environment, check=True)


def test_airflow_gets_roles_pools_and_the_first_account_once(server: Any, prepared: dict[str, str]) -> None:
    """As `init` of docker-compose.yml does at every start."""

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

    accounts, roles, pools, logged = found()
    assert [(user, role) for user, _, role in accounts] == [("admin", "Admin")]
    assert {"Duty", "Analyst", "Viewer"} <= roles
    assert {"qiangji_pull": 4, "qiangji_check": 2, "qiangji_build": 1}.items() <= pools.items()
    assert "first word" not in accounts[0][1]
    assert "first word" not in logged, "Airflow logs its commands"
    with server.connect("airflow") as c:
        c.execute("UPDATE slot_pool SET slots = 9 WHERE pool = 'qiangji_pull'")
    prepare(prepared, "another word")
    again = found()
    assert again[:2] == (accounts, roles)
    assert again[2]["qiangji_pull"] == 9, "as somebody has resized it"


OLD, LATELY = "now() - interval '200 days'", "now() - interval '5 days'"


def live(connection: Any) -> None:
    """Runs, tasks, events and lines of the audit log, some of them old."""
    run = connection.execute
    run("INSERT INTO dag_bundle (name) VALUES ('b')")
    for dag in ("collect_nightly", "collect_period"):
        run(
            "INSERT INTO dag (dag_id, is_paused, is_stale, bundle_name, timetable_type, partition_mapper_info,"
            " max_active_tasks, max_consecutive_failed_dag_runs, has_task_concurrency_limits)"
            " VALUES (%s, false, false, 'b', 't', '{}', 1, 0, false)",
            [dag],
        )
    for dag, name, kind, at in (
        ("collect_nightly", "old", "scheduled", OLD),
        ("collect_nightly", "by hand", "manual", OLD),
        ("collect_nightly", "lately", "scheduled", LATELY),
        ("collect_period", "last", "backfill", OLD),
    ):
        run(
            "INSERT INTO dag_run (dag_id, run_id, run_type, run_after, start_date, state, partition_key)"
            f" VALUES (%s, %s, %s, {at}, {at}, 'success', '2026-05')",
            [dag, name, kind],
        )
        run(
            "INSERT INTO task_instance (id, task_id, dag_id, run_id, map_index, try_number, pool, pool_slots,"
            " start_date)"
            f" VALUES (gen_random_uuid(), 'pull', %s, %s, -1, 1, 'default_pool', 1, {at})",
            [dag, name],
        )
        run(
            "INSERT INTO xcom (dag_run_id, task_id, map_index, key, dag_id, run_id, timestamp)"
            f" SELECT id, 'pull', -1, 'return_value', dag_id, run_id, {at} FROM dag_run"
            " WHERE dag_id = %s AND run_id = %s",
            [dag, name],
        )
    run(
        f"INSERT INTO log (event, dttm) VALUES ('of a year ago', {OLD}), ('ancient', {OLD} - interval '3 years')"
    )
    run(f"INSERT INTO job (job_type, latest_heartbeat) VALUES ('old', {OLD}), ('new', now())")
    run(
        "INSERT INTO connection (conn_id, conn_type, is_encrypted, is_extra_encrypted)"
        " VALUES ('c', 'http', false, false)"
    )
    run(
        'INSERT INTO asset (name, uri, "group", extra, created_at, updated_at)'
        f" VALUES ('reports', 'x://reports', '', '{{}}', {OLD}, {OLD})"
    )
    run(f"INSERT INTO asset_event (asset_id, extra, timestamp) SELECT id, '{{}}', {OLD} FROM asset")
    run(
        "INSERT INTO asset_partition_dag_run (target_dag_id, partition_key, created_at, updated_at)"
        f" VALUES ('build_indicators', 'waits', {OLD}, {OLD})"
    )
    run(
        "INSERT INTO partitioned_asset_key_log (asset_id, asset_event_id, asset_partition_dag_run_id,"
        " source_partition_key, target_dag_id, target_partition_key, created_at)"
        f" SELECT e.asset_id, e.id, p.id, 'waits', 'build_indicators', 'waits', {OLD}"
        " FROM asset_event e, asset_partition_dag_run p"
        f" UNION ALL SELECT asset_id, id, 999999, 'gone', 'build_indicators', 'gone', {OLD} FROM asset_event"
    )


def test_old_runs_go_and_what_is_needed_stays(server: Any, prepared: dict[str, str]) -> None:
    """As the service `upkeep` does every day."""
    with server.connect("airflow") as c:
        live(c)
    days = {"RUN_DAYS": "90", "AUDIT_DAYS": "730", "LOG_DAYS": "30"}
    ran = subprocess.run(
        [sys.executable, str(PROJECT / "docker/upkeep.py")],
        env=prepared | days, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    with server.connect("airflow") as c:

        def all_of(query: str) -> list[Any]:
            return [row[0] for row in c.execute(query).fetchall()]

        assert all_of("SELECT run_id FROM dag_run ORDER BY 1") == ["last", "lately"], (
            "of each DAG the last that was not started by hand"
        )
        assert all_of("SELECT run_id FROM task_instance WHERE dag_id = 'collect_nightly'") == ["lately"]
        assert all_of("SELECT run_id FROM xcom WHERE dag_id = 'collect_nightly'") == ["lately"]
        assert set(all_of("SELECT event FROM log")) >= {"of a year ago"}
        assert "ancient" not in all_of("SELECT event FROM log")
        assert "old" not in all_of("SELECT job_type FROM job")
        assert all_of("SELECT partition_key FROM asset_partition_dag_run") == ["waits"]
        assert all_of("SELECT source_partition_key FROM partitioned_asset_key_log") == ["waits"]
        assert all_of("SELECT count(*) FROM asset_event") == [1], (
            "which the partition that waits was announced by"
        )
        assert all_of("SELECT conn_id FROM connection") == ["c"]
        assert all_of("SELECT username FROM ab_user") == ["admin"]
        assert len(all_of("SELECT pool FROM slot_pool")) >= 4
        assert all_of("SELECT count(*) FROM pg_tables WHERE tablename LIKE '_airflow_deleted%'") == [0]
    assert "dag_run: 删除 removed 2, 保留 kept 2" in ran.stdout
    assert "partitioned_asset_key_log: 删除 removed 1" in ran.stdout
    assert "个文件 files" in ran.stdout
