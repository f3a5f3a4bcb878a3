"""A connection's URI taken apart: scheme://login:password@host:port/path?extras, parts percent-encoded.

In: a URI from `settings.connection`. Out: `Address`, whose repr shows no secret.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from qiangji.errors import PermanentError
from qiangji.settings import connection


@dataclass(frozen=True)
class Address:
    scheme: str
    host: str
    port: int | None
    path: str
    login: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    extras: dict[str, list[str]] = field(default_factory=dict, repr=False)

    @property
    def is_loopback(self) -> bool:
        return self.host in ("localhost", "::1") or self.host.startswith("127.")

    @property
    def origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + (f":{self.port}" if self.port else "")


def address_of(conn_id: str, *schemes: str) -> Address:
    """The address behind a connection id. Raises PermanentError `bad_connection`; the URI itself is never
    shown.
    """
    uri = connection(conn_id)
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    is_encoded = "@" not in f"{parts.path}{parts.query}{parts.fragment}" and not parts.fragment
    if not host or not is_encoded or (schemes and parts.scheme not in schemes):
        raise PermanentError(
            f"connection {conn_id} is no address of this transport",
            where=conn_id,
            expected=f"{' or '.join(schemes)}://login:password@host:port/path, parts percent-encoded",
            do="Correct the connection.",
            code="bad_connection",
        )
    return Address(
        parts.scheme,
        host,
        port,
        unquote(parts.path),
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        parse_qs(parts.query),
    )
