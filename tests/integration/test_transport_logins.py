"""Where a login may go: to the hosts that the catalogue names, at their origin, with a certificate that is trusted.

What redirects, lies about its pages' addresses or has another name gets none of it, and no message shows it.
"""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from urllib.parse import quote

import asyncssh
import pytest

from qiangji.catalogue.models import County
from qiangji.errors import PermanentError
from qiangji.settings import PROJECT
from qiangji.sources.address import check_host
from tests.frozen import paths as frozen
from tests.integration.servers import Api, certificate, ok, raw, saying
from tests.integration.transports import (
    CURSOR,
    HEAD,
    LISTED,
    LOGIN,
    SECRET,
    WANTED,
    WHOLE,
    Connect,
    database_county,
    http_county,
    opened,
    refused,
    sftp_county,
)


@pytest.mark.parametrize("auth", ["basic", "header", "client_credentials"])
@pytest.mark.parametrize("elsewhere", ["port", "name", "scheme", "no scheme", "no address"])
def test_a_redirect_to_another_origin_is_not_followed(
    api: Api, connect: Connect, auth: str, elsewhere: str
) -> None:
    with raw(saying(HEAD + b"Content-Length: 2\r\n\r\n{}")) as other:
        place = {
            "port": f"http://127.0.0.1:{other.port}/",
            "name": f"http://localhost:{api.port}/reports",
            "scheme": f"https://127.0.0.1:{api.port}/reports",
            "no scheme": f"//127.0.0.1:{other.port}/",
            "no address": "http://[::1",
        }[elsewhere]
        api.routes["/token"] = ok({"access_token": SECRET})
        api.routes["/reports"] = lambda q, h: (302, {"Location": place}, b"")
        connect(f"http://u:{LOGIN}@127.0.0.1:{api.port}")
        error = refused(http_county(auth=auth, header="X-Key", token_path="/token"))
        assert (type(error), error.code) == (PermanentError, "bad_response")
        assert other.connections == 0
    assert [r for r in api.requests if "reports" in r] == ["GET /reports"]


def test_credentials_are_not_posted_to_another_origin(api: Api, connect: Connect) -> None:
    with raw(saying(HEAD + b"\r\n{}")) as other:
        api.routes["/token"] = lambda q, h: (307, {"Location": f"http://127.0.0.1:{other.port}/"}, b"")
        connect(f"http://u:{LOGIN}@127.0.0.1:{api.port}")
        assert refused(http_county(auth="client_credentials", token_path="/token")).code == "bad_response"
        assert other.connections == 0


def test_a_path_that_is_an_address_and_a_cursor_that_is_one_lead_nowhere_else(
    api: Api, connect: Connect
) -> None:
    with raw(saying(HEAD + b"\r\n{}")) as other:
        connect(f"http://u:{LOGIN}@127.0.0.1:{api.port}")
        place = f"http://127.0.0.1:{other.port}/reports"
        assert (
            refused(http_county(auth="basic", list={"path": place, "items": "data"})).code == "bad_response"
        )
        api.routes["/reports"] = lambda q, h: (
            200, {}, {"data": LISTED if "cursor" in q else [], "next": None if "cursor" in q else place},
        )  # fmt: skip
        with opened(http_county(list={"path": "/reports", "items": "data", "paging": CURSOR})) as source:
            assert len(source.list(WANTED)) == 1
        assert other.connections == 0


@pytest.mark.parametrize("transport", ["http_api", "sftp", "database"])
def test_a_connection_to_a_host_that_the_catalogue_does_not_name_is_refused_unsent(
    connect: Connect, transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person who may edit connections, but not the catalogue, cannot send a login elsewhere."""
    from qiangji.cli.county_systems import knock

    county = {"http_api": http_county(auth="basic"), "sftp": sftp_county(), "database": database_county()}[
        transport
    ]
    scheme = {"http_api": "http", "sftp": "sftp", "database": "postgresql"}[transport]
    with raw(saying(b""), speaks_first=True) as server:
        place = f"{scheme}://u:{LOGIN}@localhost:{server.port}/d"
        if transport == "sftp":
            key = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
            place += f"?host_key={quote(key, safe='')}"
        connect(place)
        error = refused(county)
        assert (type(error), error.code) == (PermanentError, "host_not_allowed")
        assert f"localhost:{server.port}" in str(error)
        assert "127.0.0.1" in str(error)
        told = knock(county).error  # and `qiangji doctor` says so without connecting to it
        assert told
        assert told.code == "host_not_allowed"
        named = county.model_copy(update={"hosts": (f"LOCALHOST:{server.port}",)})
        assert server.connections == 0
        assert refused(named, timeout=0.5).code not in ("host_not_allowed", "bad_connection")
        assert server.connections > 0
        other_port = county.model_copy(update={"hosts": (f"localhost:{server.port + 1}",)})
        assert refused(other_port).code == "host_not_allowed"


@pytest.mark.parametrize("extra", ["host=localhost", "hostaddr=127.0.0.1", "service=other", "Port=1"])
def test_a_database_url_names_its_host_in_one_place(connect: Connect, extra: str) -> None:
    connect(f"postgresql://u:{LOGIN}@127.0.0.1:1/d?{extra}")
    assert refused(database_county()).code == "bad_connection"
    connect(f"postgresql://u:{LOGIN}@/d")
    assert refused(database_county()).code == "host_not_allowed"


@pytest.mark.parametrize(
    ("hosts", "uri", "is_allowed"),
    [
        (["data.example.cn"], "https://u:p@data.example.cn", True),
        (["data.example.cn:443"], "https://u:p@data.example.cn", True),
        (["data.example.cn"], "https://u:p@data.example.cn.evil.cn", False),
        (["data.example.cn"], "https://data.example.cn:p@evil.cn", False),
        (["data.example.cn"], "http://u:p@data.example.cn", False),
        (["http://data.example.cn"], "http://u:p@data.example.cn:8080", True),
        (["http://data.example.cn"], "https://u:p@data.example.cn", True),
        (["[fd00::1]"], "https://u:p@[fd00::1]:8443", True),
        (["[fd00::1]:443"], "https://u:p@[fd00::1]:8443", False),
        (["127.0.0.1"], "http://u:p@127.0.0.1", True),
        (["127.0.0.1"], "http://u:p@127.0.0.2", False),
    ],
)
def test_hosts_and_whether_plain_http_may_be_spoken(
    connect: Connect, hosts: list[str], uri: str, is_allowed: bool
) -> None:
    connect(uri)
    county = County.model_validate(http_county().model_dump() | {"hosts": hosts})
    if is_allowed:
        with opened(county):
            pass
    else:
        assert refused(county).code == "host_not_allowed"


def test_the_simulated_systems_are_where_the_catalogue_says() -> None:
    """On loopback, and under the name that docker-compose.yml gives them."""
    from qiangji.catalogue.load import load

    catalogue = load(frozen.CATALOGUE, frozen.EXPECTATIONS)
    compose = (PROJECT / "docker-compose.yml").read_text(encoding="utf-8")
    [name] = re.findall(r"--advertise (\S+?)'", compose)
    schemes = {"http_api": "http", "sftp": "sftp", "database": "postgresql"}
    for county in catalogue.counties.values():
        for host in ("127.0.0.1", name) if county.transport in schemes else ():
            check_host(county, schemes[county.transport], host, 40_000)


def test_a_connection_that_is_no_address_is_named_and_not_shown(connect: Connect) -> None:
    for uri in (f"http://u:{LOGIN}@127.0.0.1/%0A", f"http://u:{LOGIN}@127.0.0.1:99999/"):
        connect(uri)
        assert refused(http_county(auth="basic")).code == "bad_connection"


def test_a_password_that_is_not_encoded_shows_in_no_message(connect: Connect) -> None:
    for uri in (f"http://{SECRET}/x@127.0.0.1/", f"sftp://u:1/{SECRET}@127.0.0.1/"):
        connect(uri)
        assert refused(http_county() if "http" in uri else sftp_county()).code == "bad_connection"


def test_a_certificate_must_be_trusted_and_of_the_host(tmp_path: Path, connect: Connect) -> None:
    ours, authority = certificate(tmp_path)
    others, other_authority = certificate(tmp_path, host="127.0.0.9")
    answer = saying(HEAD + b"Content-Length: %d\r\n\r\n" % len(WHOLE) + WHOLE)

    def untrusted(tls: ssl.SSLContext, extra: str) -> None:
        with raw(answer, tls) as server:
            connect(f"https://u:{LOGIN}@127.0.0.1:{server.port}{extra}")
            error = refused(http_county(auth="basic"))
            assert (type(error), error.code) == (PermanentError, "bad_certificate")
            assert (server.heads, server.connections) == ([], 1)

    untrusted(ours, "")
    untrusted(ours, f"?ca={quote(str(other_authority))}")
    untrusted(others, f"?ca={quote(str(other_authority))}")
    with raw(answer, ours) as server:
        connect(f"https://u:{LOGIN}@127.0.0.1:{server.port}?ca={quote(str(authority))}")
        with opened(http_county(auth="basic")) as source:
            assert len(source.list(WANTED)) == 1
    connect(f"https://u:{LOGIN}@127.0.0.1:1?ca=/nowhere.pem")
    assert refused(http_county()).code == "bad_connection"
