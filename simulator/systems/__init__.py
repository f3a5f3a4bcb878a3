"""The county systems, one module a way of speaking; `SYSTEMS` says which county is which.

440799 (市直) delivers by folder: `DIR/folders/440799` exists, and holds none of the present forms.
"""

from __future__ import annotations

from simulator.systems.base import CountySystem, WebServer
from simulator.systems.downloads import Downloads
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
}
DATABASE_COUNTY = "440783"
FOLDER_COUNTIES = ("440799",)
ALL_COUNTIES = tuple(sorted({*SYSTEMS, DATABASE_COUNTY}))

__all__ = ["ALL_COUNTIES", "DATABASE_COUNTY", "FOLDER_COUNTIES", "SYSTEMS", "CountySystem", "WebServer"]
