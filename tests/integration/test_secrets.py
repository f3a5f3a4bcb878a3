"""Secrets of connections: a night of systems that fail and give back what they were sent, and nothing of it anywhere.

Every connection field that can hold a secret holds a distinctive one. Searched: what the commands print, with
tracebacks and at their most talkative, everything under the home (lake, journal, logs), every table of the warehouse.
"""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncssh
import pytest
import sqlalchemy as sa

from qiangji.catalogue.models import County
from qiangji.errors import PermanentError
from tests.conftest import Workplace
from tests.integration.test_cli import Ran, run, run_process
from tests.integration.test_restore import _tool

WORD = "Geheimwort"
"""Part of every secret here, and of nothing else."""


def secret(number: int) -> str:
    return f"{WORD}/{number}@#?&="


def encoded(number: int) -> str:
    return quote(secret(number), safe="")


class _Echo(BaseHTTPRequestHandler):
    """A system that logs in and then says everything it was told, wherever an answer can say something."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer(200, json.dumps({"access_token": f"{WORD}-token"}))

    def do_GET(self) -> None:
        told = "; ".join(f"{name}={value}" for name, value in self.headers.items())
        self._answer(int(self.path[1:4]) if self.path[1:4].isdecimal() else 200, told)

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status, text)
        for name, value in (("Content-Length", str(len(body))), ("Content-Type", text), ("X-Told", text)):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def http(certificate: Path | None = None) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def self_signed(path: Path) -> Path:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    made = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now - timedelta(1), now + timedelta(1)
    ).sign(key, hashes.SHA256())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return path


@contextmanager
def sftp() -> Iterator[tuple[int, str]]:
    """A server that lets nobody in and says what it was told; its port and host key."""

    class Server(asyncssh.SSHServer):
        def connection_made(self, connection: asyncssh.SSHServerConnection) -> None:
            self.connection = connection

        def begin_auth(self, username: str) -> bool:
            return True

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            self.connection.send_auth_banner(f"{username}, {password} is wrong")
            return False

    key = asyncssh.generate_private_key("ssh-ed25519")
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncssh.create_server(Server, "127.0.0.1", 0, server_host_keys=[key]))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        public = key.export_public_key().decode().strip()
        yield server.get_port(), quote(public, safe="")
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.close()


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def connections(
    tmp_path: Path, workplace: Workplace, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """How each county's system fails: see `ENDS`."""
    database = sa.make_url(postgres.url("postgres"))
    with ExitStack() as stack:
        echo, tls = stack.enter_context(http()), stack.enter_context(http(self_signed(tmp_path / "pem")))
        ssh, key = stack.enter_context(sftp())
        other = quote(
            asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip(), safe=""
        )
        for county, uri in {
            "440703": f"http://login:{encoded(1)}@127.0.0.1:{echo}/?access_token={encoded(2)}",
            "440704": f"https://login:{encoded(3)}@127.0.0.1:{tls}",
            "440705": f"sftp://login:{encoded(4)}@127.0.0.1:{ssh}/in?host_key={key}",
            "440781": f"sftp://login:{encoded(5)}@127.0.0.1:{ssh}/in?host_key={other}&passphrase={encoded(6)}",
            "440783": f"postgresql://{database.username}:{encoded(7)}@127.0.0.1:{database.port}/postgres"
            f"?sslpassword={encoded(8)}",
            "440784": f"sftp://login:{secret(9)}@127.0.0.1:{closed_port()}/in?host_key={key}",
            "440785": f"http://login:{encoded(10)}@127.0.0.1:{echo}/500",
            "440799": f"file://login:{encoded(11)}@elsewhere/in",
        }.items():
            monkeypatch.setenv(f"QIANGJI_CONN_COUNTY_{county}", uri)
        monkeypatch.setenv("QIANGJI_COUNTY_TIMEOUT", "4")
        yield


ENDS = {
    "440703": "bad_response",  # says what it was told, and it is no JSON
    "440704": "bad_certificate",  # one that nobody vouches for
    "440705": "login_refused",
    "440781": "unknown_host_key",
    "440783": "login_refused",
    "440784": "bad_connection",  # a password that is not percent-encoded
    "440785": "unreachable",  # 500 every time, telling what it was told
    "440799": "bad_connection",
}


def found_in(what: str, text: str | bytes) -> list[str]:
    """Where the word is, as it is or as base64 (three ways: by where it begins)."""
    data = text.encode() if isinstance(text, str) else text
    forms = [WORD.encode(), *(base64.b64encode(b"x" * n + WORD.encode())[4:12] for n in range(3))]
    return [f"{what}: {form!r}" for form in forms if form in data]


def shown(ran: Ran) -> str:
    return ran.out + ran.err


@pytest.mark.usefixtures("connections")
def test_no_secret_of_a_connection_is_anywhere_after_a_night_of_failures(workplace: Workplace) -> None:
    found: list[str] = []
    collected = run_process("--verbose", "collect", "--period", "2026-09", "--json")
    assert collected.code == 3, shown(collected)
    commands = [
        ("--verbose", "collect", "--period", "2026-09", "--dry-run"), ("doctor",), ("doctor", "--json"),
        ("status",), ("--verbose", "feedback"), ("--verbose", "build"),
    ]  # fmt: skip
    said = {" ".join(c): run_process(*c) for c in commands} | {"collect": collected}
    for command, ran in said.items():
        assert "Traceback" not in shown(ran), shown(ran)
        found += found_in(f"qiangji {command}", shown(ran))
    engine = sa.create_engine(workplace.url)
    with engine.connect() as c:
        rows = c.execute(
            sa.text("SELECT county_code, reason_code FROM ops.collection WHERE status = 'failed'")
        )
        assert {(r.county_code, r.reason_code) for r in rows} == set(ENDS.items())
    engine.dispose()
    for path in (p for p in workplace.home.rglob("*") if p.is_file()):
        found += found_in(str(path), path.read_bytes())
    dump = [_tool("pg_dump"), workplace.url.replace("+psycopg", "")]
    found += found_in("warehouse", subprocess.run(dump, capture_output=True, check=True).stdout)
    assert list(workplace.home.glob("lake/journal/*/*.json")), "something to look through"
    assert found == []


@pytest.mark.parametrize(
    ("transport", "uri"),
    [
        ("http_api", f"http://login:12345/{WORD}@127.0.0.1/"),  # would be host login, port 12345
        ("http_api", f"http://login:12345#{WORD}@127.0.0.1/"),
        ("sftp", f"sftp://login:12345?{WORD}@127.0.0.1/"),
        ("sftp", f"sftp://login:{WORD}/12345@127.0.0.1/"),
        ("database", f"postgresql://login:12345@{WORD}@127.0.0.1/db"),  # would be host Geheimwort@127.0.0.1
        ("database", f"postgresql://login:x@127.0.0.1:{WORD}/db"),
    ],
)
def test_an_address_that_is_not_percent_encoded_is_refused_and_not_shown(
    transport: Any, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qiangji.cli.county_systems import host_of

    monkeypatch.setenv("QIANGJI_CONN_C", uri)
    monkeypatch.setattr("qiangji.masking.SHORTEST", 1000)  # the messages themselves
    county = County.model_construct(county="440703", transport=transport, connection="c")
    with pytest.raises(PermanentError) as error:
        host_of(county)
    assert error.value.code == "bad_connection"
    assert WORD not in str(error.value)
    assert "12345" not in str(error.value)


@pytest.mark.usefixtures("servers")  # for its time: it starts nothing
@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+psycopg://u:{WORD}@127.0.0.1:1/db",
        f"postgresql+psycopg://u:x#{WORD}@127.0.0.1:1/db",
        f"postgresql+psycopg://u:x@127.0.0.1:{WORD}/db",
        f"nothing+of+the+kind://u:{WORD}@127.0.0.1/db",
        f"{WORD}",
    ],
)
def test_an_address_of_the_warehouse_that_leads_nowhere_is_not_shown(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QIANGJI_HOME", str(tmp_path))
    monkeypatch.setenv("QIANGJI_WAREHOUSE_URL", url)
    monkeypatch.setattr("qiangji.masking.SHORTEST", 1000)  # the messages themselves
    for command in (("doctor",), ("values",), ("build",)):
        ran = run(*command)
        assert ran.code == 1, shown(ran)
        assert WORD not in shown(ran), command


@pytest.mark.usefixtures("servers")  # for its time: it starts nothing
def test_nor_is_it_by_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QIANGJI_HOME", str(tmp_path))
    monkeypatch.setenv("QIANGJI_WAREHOUSE_URL", f"postgresql+psycopg://u:x@127.0.0.1:{WORD}/db")
    for command in (("doctor",), ("values",), ("build",)):
        ran = run_process(*command)
        assert ran.code == 1, shown(ran)
        assert WORD not in shown(ran), command
