"""What `qiangji doctor` says of the county systems: each is asked what it has, with its login, as a night asks it.

In: the catalogue, and the connections. Out: for each county a look, which gives a line or raises what is wrong. First
every host is knocked at, without credentials: in a demonstration's home that tells a system that is not reached from a
demonstration that is over. Nothing is fetched and nothing is recorded.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import County
from qiangji.errors import CollectError, QiangjiError
from qiangji.settings import settings

DOWN = "demonstration_down"
AT_ONCE = 16
"""Counties that are looked at side by side."""
KNOCK_SECONDS, LIST_SECONDS = 5, 30
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Door:
    """Where a county's connection leads. `error`: that it may not lead there, or that nothing answers."""

    transport: str
    host: str = ""
    port: int = 0
    error: QiangjiError | None = None

    @property
    def is_local(self) -> bool:
        return self.host in _LOOPBACK

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"


def looks(catalogue: Catalogue) -> dict[str, Callable[[], str]]:
    """County -> the look at its system: what is well about it, or the QiangjiError."""
    asked = [
        c for c in catalogue.counties.values() if c.transport != "folder" and catalogue.forms_of(c.county)
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        doors = dict(zip((c.county for c in asked), pool.map(knock, asked), strict=True))
    over = settings().is_simulated and is_over(doors.values())
    return {code: partial(_look, catalogue, code, doors.get(code), over) for code in catalogue.counties}


def is_over(doors: Iterable[Door]) -> bool:
    """Whether a demonstration has ended: some of its systems do not answer, and none does.

    The one that is a database is in the embedded server, which answers while any command runs: it does not count.
    """
    local = [d for d in doors if d.is_local and d.transport != "database"]
    return bool(local) and all(d.error for d in local)


def knock(county: County) -> Door:
    """Whether the host answers, without credentials."""
    try:
        host, port = host_of(county)
    except QiangjiError as e:
        return Door(county.transport, error=e)
    try:
        with socket.create_connection((host, port), timeout=KNOCK_SECONDS):
            return Door(county.transport, host, port)
    except OSError as e:
        error = QiangjiError(
            f"nothing answers at {host}:{port} ({e.strerror or e})",
            code="unreachable",
            do="Is that address right, is the system up, and does the network let us through?",
            zh="没有答复：连接里的地址对吗？对方系统在运行吗？网络通吗？",
        )
        return Door(county.transport, host, port, error)


def host_of(county: County) -> tuple[str, int]:
    """Host and port as the sources read them, with the transport's usual port if none is given.

    Raises PermanentError: no_connection, bad_connection, host_not_allowed.
    """
    if county.transport == "database":
        from qiangji.sources.database import url_of

        url = url_of(county)
        return url.host or "", url.port or 5432
    from qiangji.sources.address import address_of

    at = address_of(county, *(("sftp",) if county.transport == "sftp" else ("http", "https")))
    return at.host, at.port_in_use


def _look(catalogue: Catalogue, code: str, door: Door | None, over: bool) -> str:
    county = catalogue.counties[code]
    if not catalogue.forms_of(code):
        return f"{county.transport}; reports none of the forms here"
    if door is None:
        return _folder(county, catalogue.path)
    if door.error is None:
        return _listed(catalogue, county, door.place)
    if over and door.is_local:
        raise QiangjiError(
            f"the demonstration is over, nothing answers at {door.place}",
            code=DOWN,
            zh="演示已结束，模拟系统已停：",
        )
    raise door.error


def _folder(county: County, catalogue_path: Path) -> str:
    from qiangji.sources.folder import folder_of

    folder = folder_of(county, catalogue_path)
    if not folder.is_dir():
        raise QiangjiError(
            "no such folder",
            where=str(folder),
            do="Create or mount it, or correct counties.yaml.",
            zh="没有该文件夹：请创建或挂载，或改正counties.yaml。",
        )
    return f"folder {folder}"


def _listed(catalogue: Catalogue, county: County, place: str) -> str:
    """That it takes the login and says what it has of the months that a night looks at. Raises CollectError."""
    from qiangji.landing import wanted_periods
    from qiangji.landing.pulled import sayable
    from qiangji.sources import Limits, open_source
    from qiangji.stages import months_to_collect

    s = settings()
    wanted = wanted_periods(catalogue, county.county, months_to_collect(catalogue))
    answers = f"{county.transport} at {place} answers"
    if not wanted:
        return f"{answers} 主机有应答，无应报，未试登录; nothing is due, so that the login was not tried"
    limits = Limits(
        county.county, min(county.timeout or s.county_timeout, LIST_SECONDS), s.max_delivery_bytes
    )
    try:
        with open_source(county, catalogue.forms, catalogue.path, limits) as source:
            found = len(source.list(wanted))
    except CollectError as e:
        raise sayable(e) from None
    return f"{answers}, takes the login, lists {found:,} reports 有应答，登录成功，列出{found:,}份报表"
