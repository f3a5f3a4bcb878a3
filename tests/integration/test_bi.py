"""docker/postgres/bi.sh on a real PostgreSQL that speaks TLS: who comes in, from where, and how.

The server that comes along was built without TLS, so this is the system's (Debian's package postgresql).
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from qiangji.settings import PROJECT

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
READERS, OTHERS = ("qiangji_bi", "qiangji_analyst"), ("qiangji_owner", "airflow", "postgres")
REFUSED = re.escape("pg_hba.conf rejects")
LOOPBACK, ELSEWHERE = "127.0.0.0/8", "10.20.0.0/16"


class Server:
    """A data folder, and the certificate of a machine."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder, self.programs = folder, programs
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.lowered = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []

    def set_up(self) -> None:
        (self.folder / "password").write_text("word-of-postgres", encoding="ascii")
        if self.lowered:
            for path in (self.folder, self.folder / "password"):
                os.chown(path, *pwd.getpwnam("postgres")[2:4])
        self.run("initdb", "--pgdata", str(self.data), "--username=postgres", f"--pwfile={self.folder}/password",
                 "--no-sync", "--encoding=UTF8", "--locale=C")  # fmt: skip
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-keyout", "bi_tls_key", "-out", "bi_tls_cert", "-subj", "/CN=localhost", "-days", "2",
             "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
            cwd=self.folder, check=True, capture_output=True,
        )  # fmt: skip
        start = self.folder / "start"
        start.write_text(
            f"#!/bin/sh\nshift\nexec {' '.join(self.lowered)} {self.programs}/postgres -D {self.data}"
            f" -c port={self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
            ' -c fsync=off "$@"\n',
            encoding="ascii",
        )
        start.chmod(0o755)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def run(self, program: str, *words: str) -> None:
        subprocess.run(
            [*self.lowered, str(self.programs / program), *words], cwd="/", check=True, capture_output=True
        )

    @contextmanager
    def open_to(self, networks: str, inside: str) -> Iterator[None]:
        """The server as docker/bi.yml starts it."""
        environment = {
            "PATH": os.environ["PATH"], "BI_NETWORKS": networks, "DATA_NETWORK": inside,
            "SECRETS_FOLDER": str(self.folder), "BI_FOLDER": str(self.folder / "made"),
            "BI_START": str(self.folder / "start"),
        }  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                ["sh", str(PROJECT / "docker/postgres/bi.sh")],
                env=environment,
                cwd="/",
                stdout=log,
                stderr=log,
            )
        try:
            self.wait(process)
            yield
        finally:
            self.run("pg_ctl", "stop", "--pgdata", str(self.data), "--mode=fast")
            process.wait(timeout=20)

    def wait(self, process: Any) -> None:
        for _ in range(200):
            ready = [
                str(self.programs / "pg_isready"),
                "--quiet",
                f"--host={self.folder}",
                f"--port={self.port}",
            ]
            if subprocess.run(ready, check=False).returncode == 0:
                return
            assert process.poll() is None, (self.folder / "log").read_text("utf-8")
            time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text("utf-8"))

    def come_in(self, role: str, sslmode: str, **more: Any) -> str:
        """Which TLS the connection has; '' for none. Raises OperationalError where it is refused."""
        database = {"airflow": "airflow", "postgres": "postgres"}.get(role, "qiangji")
        with psycopg.connect(
            host="127.0.0.1", port=self.port, user=role, dbname=database, password=f"word-of-{role}",
            sslmode=sslmode, connect_timeout=5, **more,
        ) as c:  # fmt: skip
            row = c.execute("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone()
            return (row and row[0]) or ""


@pytest.fixture(scope="module")
def server(servers: None) -> Iterator[Server]:
    if not PROGRAMS:
        pytest.skip("needs a PostgreSQL with TLS: apt-get install postgresql")
    # the server's user cannot enter a folder of root's
    folder = Path(tempfile.mkdtemp(prefix="qiangji-bi-"))
    made = Server(folder, PROGRAMS[-1].parent)
    try:
        made.set_up()
        with (
            made.open_to(LOOPBACK, LOOPBACK),
            psycopg.connect(host=str(folder), port=made.port, user="postgres", autocommit=True) as c,
        ):
            for role in (*READERS, *OTHERS[:2]):
                c.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'word-of-{role}'")
            c.execute("CREATE DATABASE qiangji OWNER qiangji_owner")
            c.execute("CREATE DATABASE airflow OWNER airflow")
        yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_readers_come_in_with_tls_and_not_without(server: Server) -> None:
    with server.open_to(LOOPBACK, ELSEWHERE):
        for role in READERS:
            assert server.come_in(role, "require").startswith("TLSv1.")
            assert server.come_in(role, "verify-full", sslrootcert=str(server.folder / "bi_tls_cert"))
            with pytest.raises(psycopg.OperationalError, match=REFUSED):
                server.come_in(role, "disable")
        for role in OTHERS:
            for sslmode in ("require", "disable"):
                with pytest.raises(psycopg.OperationalError, match=REFUSED):
                    server.come_in(role, sslmode)
        with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
            server.come_in("qiangji_bi", "verify-full", sslrootcert="system")


def test_from_a_network_that_was_not_named_nobody_does(server: Server) -> None:
    with server.open_to(ELSEWHERE, "10.30.0.0/16"):
        for role in (*READERS, *OTHERS):
            with pytest.raises(psycopg.OperationalError, match=REFUSED):
                server.come_in(role, "require")


def test_the_parts_of_the_installation_come_in_as_before_and_the_superuser_does_not(server: Server) -> None:
    with server.open_to(ELSEWHERE, LOOPBACK):
        for role in (*READERS, "qiangji_owner", "airflow"):
            assert server.come_in(role, "disable") == ""
        with pytest.raises(psycopg.OperationalError, match=REFUSED):
            server.come_in("postgres", "require")
