"""A connection's URI taken apart, and checked against the hosts that the catalogue allows the county.

In: a URI from `settings.connection` (scheme://login:password@host:port/path?extras, parts percent-encoded). Out:
`Address`, whose repr shows no secret. Whoever edits a connection decides which login is sent; the catalogue decides
where it may be sent.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from qiangji.catalogue.models import County
from qiangji.errors import PermanentError
from qiangji.settings import connection

PORTS = {"http": 80, "https": 443, "sftp": 22, "postgres": 5432, "postgresql": 5432}
"""The port of a URI that names none."""


@dataclass(frozen=True)
class Address:
    """A URI's parts, decoded. `extras`: its parameters."""

    scheme: str
    host: str
    port: int | None
    path: str
    login: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    extras: dict[str, list[str]] = field(default_factory=dict, repr=False)

    @property
    def port_in_use(self) -> int:
        """The URI's port, else the scheme's own, 0 if that is not known."""
        return self.port or PORTS.get(self.scheme.partition("+")[0], 0)

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.host)

    @property
    def origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + (f":{self.port}" if self.port else "")


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def address_of(county: County, *schemes: str) -> Address:
    """The address behind a county's connection. Raises PermanentError `no_connection`, `bad_connection`,
    `host_not_allowed`; the URI itself is never shown.
    """
    found = taken_apart(connection(county.connection), *schemes)
    if found is None:
        expected = f"{' or '.join(schemes)}://login:password@host:port/path, parts percent-encoded"
        raise bad_connection(county, "is no address of this transport", expected)
    check_host(county, found.scheme, found.host, found.port)
    return found


def taken_apart(uri: str, *schemes: str) -> Address | None:
    """The parts of a URI; None if it is none of these schemes, or a part is not percent-encoded."""
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    is_encoded = "@" not in f"{parts.path}{parts.query}{parts.fragment}" and not parts.fragment
    if not host or not is_encoded or (schemes and parts.scheme not in schemes):
        return None
    return Address(
        parts.scheme,
        host,
        port,
        unquote(parts.path),
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        parse_qs(parts.query),
    )


def check_host(county: County, scheme: str, host: str, port: int | None) -> None:
    """Raises PermanentError `host_not_allowed` unless the county's `hosts` in the catalogue name the host."""
    port = port or PORTS.get(scheme.partition("+")[0])
    is_plain = scheme == "http" and not is_loopback(host)
    if not is_named(county.hosts, host, port, is_plain=is_plain):
        place = f"{'http://' if is_plain else ''}{place_of(host, port)}"
        raise PermanentError(
            f"connection {county.connection} leads to {place}, which is not allowed",
            where=county.county,
            expected=f"one of `hosts` in counties.yaml: {', '.join(county.hosts)}",
            do="Nothing was sent. Find out who changed the connection; correct it, or `hosts` if the county has moved.",
            code="host_not_allowed",
        )


def is_named(hosts: Iterable[str], host: str, port: int | None, *, is_plain: bool) -> bool:
    """Whether a list of `host`, `host:port` and `http://host` has it. `is_plain`: only the last says yes."""
    allowed = {entry.lower() for entry in hosts}
    places = {place_of(host, None).lower(), place_of(host, port).lower()}
    if is_plain:
        places = {f"http://{place}" for place in places}
    else:
        allowed = {entry.removeprefix("http://") for entry in allowed}
    return bool(places & allowed)


def place_of(host: str, port: int | None) -> str:
    """`host:port`, an IPv6 address in brackets."""
    name = f"[{host}]" if ":" in host else host
    return f"{name}:{port}" if port else name


def bad_connection(
    county: County, what: str, expected: str, do: str = "Correct the connection."
) -> PermanentError:
    """The error for a connection that cannot be used as it is."""
    return PermanentError(
        f"connection {county.connection} {what}",
        where=county.county,
        expected=expected,
        do=do,
        code="bad_connection",
    )


def login_refused(county: County, what: str) -> PermanentError:
    """The error for a login that the county's system does not accept."""
    return PermanentError(
        what,
        where=county.county,
        expected="a valid login",
        do=f"Renew connection {county.connection}.",
        code="login_refused",
    )
