#!/usr/bin/env python3
"""Brings bi/superset/assets into a Superset, and takes out charts of this project that are no part of it any more.

In: the address of Superset, the account of an administrator, the address of the warehouse with its role and password.
Out: one database, datasets, charts and dashboards, under the same ids every time. Needs Python alone. Passwords come
from the environment (SUPERSET_PASSWORD, WAREHOUSE_URL), so that no list of processes shows them.

    SUPERSET_PASSWORD=... WAREHOUSE_URL=postgresql://qiangji_bi:...@host:5432/qiangji \\
        python bi/superset/upload.py --superset http://127.0.0.1:8088 --user admin
"""

from __future__ import annotations

import argparse
import http.cookiejar
import io
import itertools
import json
import os
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ASSETS = Path(__file__).resolve().parent / "assets"
PLACEHOLDER = "postgresql+psycopg2://qiangji_bi:XXXXXXXXXX@warehouse.invalid:5432/qiangji"
MASK = "XXXXXXXXXX"
"""Stands for a password in Superset's files; the password itself goes beside them."""
SLUG = "qiangji-"
"""What the addresses of our dashboards begin with."""
_UUID = re.compile(r"(?m)^uuid: (\S+)$")


class Refused(Exception):
    """Superset said no; the message is what it said."""


class Superset:
    """A session of Superset's API."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")
        self._headers: dict[str, str] = {"Referer": self.address}
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies).open

    def log_in(self, user: str, password: str) -> None:
        """Raises Refused for a wrong account."""
        account = {"username": user, "password": password, "provider": "db", "refresh": False}
        token = self.ask("POST", "security/login", account)["access_token"]
        self._headers["Authorization"] = f"Bearer {token}"
        self._headers["X-CSRFToken"] = self.ask("GET", "security/csrf_token/")["result"]

    def ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """The JSON of an answer. Raises Refused, with what Superset says."""
        data = None if body is None else json.dumps(body).encode()
        return self._send(method, path, data, "application/json")

    def import_assets(self, bundle: bytes, passwords: dict[str, str]) -> None:
        """`passwords`: file of a database -> its password. Raises Refused."""
        boundary = uuid.uuid4().hex
        given = f'--{boundary}\r\nContent-Disposition: form-data; name="%s"'
        parts = [
            f"{given % 'passwords'}\r\n\r\n{json.dumps(passwords)}\r\n".encode(),
            f'{given % "bundle"}; filename="assets.zip"\r\nContent-Type: application/zip\r\n\r\n'.encode(),
            bundle,
            f"\r\n--{boundary}--\r\n".encode(),
        ]
        self._send("POST", "assets/import/", b"".join(parts), f"multipart/form-data; boundary={boundary}")

    def rows(self, kind: str) -> Iterator[dict[str, Any]]:
        """Everything of a kind (chart, dashboard, dataset), as its list has it."""
        for page in itertools.count():
            asked = urllib.parse.quote(f"(page:{page},page_size:100)")
            found = self.ask("GET", f"{kind}/?q={asked}")["result"]
            yield from found
            if len(found) < 100:
                return

    def _send(self, method: str, path: str, data: bytes | None, kind: str) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.address}/api/v1/{path}", data, self._headers | {"Content-Type": kind}, method=method
        )
        try:
            with self._open(request, timeout=120) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as e:
            said = e.read(2000).decode("utf-8", "replace")
            raise Refused(f"{method} {path}: {e.code} {said}") from None
        except (urllib.error.URLError, TimeoutError) as e:
            raise Refused(f"{self.address}: {e}") from None


def bundle(folder: Path, warehouse: str) -> tuple[bytes, dict[str, str]]:
    """The assets as a zip with the warehouse's address, and the passwords that go beside it."""
    given = urllib.parse.urlsplit(warehouse)
    if not (given.scheme.startswith("postgresql") and given.username and given.password and given.hostname):
        raise SystemExit("WAREHOUSE_URL: expected postgresql://role:password@host:port/database")
    place = f"{given.hostname}:{given.port or 5432}{given.path}" + (f"?{given.query}" if given.query else "")
    address = f"postgresql+psycopg2://{given.username}:{MASK}@{place}"
    passwords: dict[str, str] = {}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*.yaml")):
            name = path.relative_to(folder).as_posix()
            text = path.read_text(encoding="utf-8")
            if name.startswith("databases/"):
                text = text.replace(PLACEHOLDER, address)
                passwords[name] = urllib.parse.unquote(given.password)
            archive.writestr(f"assets/{name}", text)
    return packed.getvalue(), passwords


def described(folder: Path, kind: str) -> set[str]:
    """UUIDs of the files of a kind."""
    found = (_UUID.search(p.read_text(encoding="utf-8")) for p in (folder / f"{kind}s").rglob("*.yaml"))
    return {match[1] for match in found if match}


def stale(superset: Superset, folder: Path) -> Iterator[tuple[str, int]]:
    """Kind and id of what an earlier import brought and no file describes any more.

    A chart is an import's if Superset has it as managed from outside, on a dataset of ours. What people made
    themselves, also on our datasets, is not.
    """
    datasets = {d["id"] for d in superset.rows("dataset") if d["uuid"] in described(folder, "dataset")}
    kept = described(folder, "chart")
    for chart in superset.rows("chart"):
        is_ours = chart["is_managed_externally"] and chart["datasource_id"] in datasets
        if is_ours and chart["uuid"] not in kept:
            yield "chart", chart["id"]
    kept = described(folder, "dashboard")
    for dashboard in superset.rows("dashboard"):
        if (dashboard["slug"] or "").startswith(SLUG) and dashboard["uuid"] not in kept:
            yield "dashboard", dashboard["id"]


def upload(superset: Superset, folder: Path, warehouse: str) -> list[tuple[str, int]]:
    """Bring the assets in, and take out what is stale: kind and id of that. Raises Refused."""
    packed, passwords = bundle(folder, warehouse)
    superset.import_assets(packed, passwords)
    gone = list(stale(superset, folder))
    for kind, number in gone:
        superset.ask("DELETE", f"{kind}/{number}")
    return gone


def main() -> int:
    """Upload, and say what was done; returns the exit code."""
    parser = argparse.ArgumentParser(description="Brings bi/superset/assets into a Superset 导入Superset")
    parser.add_argument(
        "--superset", default="http://127.0.0.1:8088", help="its address; default: %(default)s"
    )
    parser.add_argument("--user", default="admin", help="an administrator of it; default: %(default)s")
    parser.add_argument("--assets", type=Path, default=ASSETS, help="default: those beside this file")
    chosen = parser.parse_args()
    if lacking := [name for name in ("SUPERSET_PASSWORD", "WAREHOUSE_URL") if not os.environ.get(name)]:
        print(f"缺少环境变量 these are not set: {', '.join(lacking)}", file=sys.stderr)
        return 2
    superset = Superset(chosen.superset)
    try:
        superset.log_in(chosen.user, os.environ["SUPERSET_PASSWORD"])
        gone = upload(superset, chosen.assets, os.environ["WAREHOUSE_URL"])
    except Refused as e:
        print(f"Superset未接受 Superset refused: {e}", file=sys.stderr)
        return 1
    for kind in ("dataset", "chart", "dashboard"):
        print(f"{kind}: {len(described(chosen.assets, kind))}")
    print(f"已删除旧件 stale, taken out: {len(gone)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
