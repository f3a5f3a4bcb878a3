"""Clients such as a collector uses, and the reports that counties serve in these tests."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import asyncssh
import httpx2
import pytest

from simulator import Simulator
from tests.simulator.held import QUARTER

ROOT = Path(__file__).parents[2]
LAST, BEFORE, TWO_BEFORE, FIRST = "2026-10", "2026-09", "2026-08", "2026-07"
MONTHLY = ("village_group", "village", "community", "town_service")
QUARTERLY = (
    "town_training", "town_overseas", "county_secretaries", "county_oversight", "county_traditional",
    "county_emerging", "county_milestones",
)  # fmt: skip
REPORTS = {(form, period) for form in MONTHLY for period in (FIRST, TWO_BEFORE, BEFORE, LAST)} | {
    (form, QUARTER) for form in QUARTERLY
}


def base(uri: str) -> tuple[str, str, str]:
    """Base URL without credentials, user, password."""
    parts = urlsplit(uri)
    return (
        f"{parts.scheme}://{parts.hostname}:{parts.port}",
        unquote(parts.username or ""),
        unquote(parts.password or ""),
    )


def sent(simulator: Simulator, county: str, form: str, period: str) -> int:
    return next(
        each["rows_sent"]
        for each in simulator.manifest["submissions"]
        if (each["county"], each["form"], each["period"]) == (county, form, period)
    )


def token(client: httpx2.Client, user: str, password: str) -> dict[str, str]:
    answer = client.post("/oauth/token", json={"client_id": user, "client_secret": password})
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def files_over_sftp(
    uri: str, *, host_key: str | None = None, password: str | None = None
) -> dict[str, tuple[bytes, int]]:
    """Every file in the county's folder: name -> bytes, mtime. The host key of the URI is verified."""
    parts = urlsplit(uri)
    key = host_key or parse_qs(parts.query)["host_key"][0]
    known = asyncssh.import_known_hosts(f"[{parts.hostname}]:{parts.port} {key}\n")
    connection = asyncssh.connect(
        parts.hostname, parts.port, username=unquote(parts.username or ""),
        password=password or unquote(parts.password or ""), known_hosts=known, client_keys=None, config=None,
    )  # fmt: skip
    found: dict[str, tuple[bytes, int]] = {}
    async with connection as ssh, ssh.start_sftp_client() as client:
        for entry in await client.readdir(parts.path):
            name = str(entry.filename)
            if name not in (".", ".."):
                async with client.open(f"{parts.path}/{name}", "rb") as remote:
                    found[name] = await remote.read(), int(entry.attrs.mtime or 0)
        with pytest.raises(asyncssh.SFTPError):
            await client.open(f"{parts.path}/mine.txt", "wb")
    return found


def sftp(uri: str, **options: str) -> dict[str, tuple[bytes, int]]:
    return asyncio.run(asyncio.wait_for(files_over_sftp(uri, **options), 20))
