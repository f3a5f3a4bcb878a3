"""The county systems, a module for each protocol. `SYSTEMS`: county -> its class."""

from __future__ import annotations

from simulator.systems.base import CountySystem, WebServer
from simulator.systems.downloads import Downloads
from simulator.systems.folder import Folder
from simulator.systems.paged_api import PagedApi
from simulator.systems.sftp import GbCsv, OneWorkbook, TitledWorkbooks
from simulator.systems.token_api import TokenApi

SYSTEMS: dict[str, type[CountySystem]] = {
    "440703": TokenApi,
    "440704": PagedApi,
    "440705": TitledWorkbooks,
    "440781": GbCsv,
    "440784": OneWorkbook,
    "440785": Downloads,
    "440799": Folder,
}
DATABASE_COUNTY = "440783"
ALL_COUNTIES = tuple(sorted({*SYSTEMS, DATABASE_COUNTY}))

__all__ = ["ALL_COUNTIES", "DATABASE_COUNTY", "SYSTEMS", "CountySystem", "WebServer"]
