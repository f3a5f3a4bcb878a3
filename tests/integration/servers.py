"""Servers on loopback: one that says byte by byte what a test wants said, and one that answers by path."""

from __future__ import annotations

import datetime
import ipaddress
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = Callable[[socket.socket, bytes], None]


class Api:
    """A server whose answers a test gives: path -> function of the query and headers."""

    def __init__(self) -> None:
        self.routes: dict[str, Callable[[dict[str, str], Any], Any]] = {}
        self.requests: list[str] = []
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                api.requests.append(f"{self.command} {self.path}")
                query = {k: v[0] for k, v in parse_qs(parts.query).items()}
                length = int(self.headers.get("content-length") or 0)
                body = self.rfile.read(length)
                answer = api.routes.get(parts.path, lambda q, h: (404, {}, b""))
                status, headers, content = answer(
                    query | ({"body": body.decode()} if body else {}), self.headers
                )
                content = json.dumps(content).encode() if not isinstance(content, bytes) else content
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)
                if int(headers.get("Content-Length", 0)) > len(content):
                    self.close_connection = True

            do_POST = do_GET

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def ok(content: Any, **headers: str) -> Callable[[dict[str, str], Any], Any]:
    return lambda query, got: (200, headers, content)


class Raw:
    """Accepts, reads the head of a request (nothing, if it `speaks_first`), answers, closes."""

    def __init__(
        self, answer: Answer, tls: ssl.SSLContext | None = None, *, speaks_first: bool = False
    ) -> None:
        self._answer, self._tls, self._speaks_first = answer, tls, speaks_first
        self.heads: list[bytes] = []
        self.connections = 0
        self._open: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                self.connections += 1
                self._open.append(connection)
                threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            head = b""
            while not self._speaks_first and b"\r\n\r\n" not in head:
                if not (more := connection.recv(65536)):
                    return
                head += more
            self.heads.append(head)
            self._answer(connection, head)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):  # a reset would take away what was not read yet
                pass

    def close(self) -> None:
        """Close the port and what is connected to it."""
        self._server.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def raw(answer: Answer, tls: ssl.SSLContext | None = None, *, speaks_first: bool = False) -> Iterator[Raw]:
    server = Raw(answer, tls, speaks_first=speaks_first)
    try:
        yield server
    finally:
        server.close()


def saying(*parts: bytes) -> Answer:
    """Sends these bytes and closes."""

    def answer(connection: socket.socket, head: bytes) -> None:
        for part in parts:
            connection.sendall(part)

    return answer


def dripping(at_once: bytes, slowly: bytes, pause: float = 0.05, seconds: float = 20) -> Answer:
    """Sends the first bytes, then the others over and over, one at a time."""

    def answer(connection: socket.socket, head: bytes) -> None:
        connection.sendall(at_once)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for byte in slowly:
                connection.sendall(bytes([byte]))
                time.sleep(pause)

    return answer


def flooding(at_once: bytes, over_and_over: bytes) -> Answer:
    """Sends the first bytes, then the others as long as somebody reads."""

    def answer(connection: socket.socket, head: bytes) -> None:
        connection.sendall(at_once)
        while True:
            connection.sendall(over_and_over)

    return answer


def certificate(folder: Path, *, host: str = "127.0.0.1") -> tuple[ssl.SSLContext, Path]:
    """A server's side with a certificate for an address, and the file of the authority that signed it (itself)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "county")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / f"{host}.pem", folder / f"{host}.key"
    public.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public


@contextmanager
def relay(port: int, pause_after: int, pause: float) -> Iterator[int]:
    """A port that passes on what another says, byte by byte and slowly after the first `pause_after` bytes."""

    def answer(connection: socket.socket, head: bytes) -> None:
        with socket.create_connection(("127.0.0.1", port)) as inner:
            threading.Thread(target=_copy, args=(connection, inner), daemon=True).start()
            passed = 0
            while data := inner.recv(4096):
                for byte in data:
                    connection.sendall(bytes([byte]))
                    passed += 1
                    if passed > pause_after:
                        time.sleep(pause)

    with raw(answer, speaks_first=True) as server:
        yield server.port


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(4096):
            target.sendall(data)
