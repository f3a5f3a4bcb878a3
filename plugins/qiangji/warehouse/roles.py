"""Roles of the warehouse: their names, what each reads and writes, and the settings of those that read."""

from __future__ import annotations

OWNER, LOADER, ANALYST, BI, BOARD = ROLES = (
    "qiangji_owner", "qiangji_loader", "qiangji_analyst", "qiangji_bi", "qiangji_board",
)  # fmt: skip
READERS = (BI, ANALYST, BOARD)
COUNTY = "qiangji_county"
"""The group of the counties' own logins, county_<code>: each sees its county's rows in the views of `county`."""
ROLE_SETTINGS = (
    "statement_timeout = '60s'",
    "idle_in_transaction_session_timeout = '10min'",
    "default_transaction_read_only = on",
)
"""Settings of the roles that read: a runaway query or a forgotten transaction of a BI tool ends by itself."""
CONNECTIONS = {BI: 60, ANALYST: 20, BOARD: 40}
"""Connections that a role of readers may hold at once: tools with pools cannot take those of the pipeline."""
RESERVED = "pg_use_reserved_connections"
"""Role of PostgreSQL's whose members have the server's `reserved_connections` to themselves."""
READ = {
    "dim": (BI, ANALYST, BOARD, LOADER),
    "mart": (BI, ANALYST, BOARD, LOADER),
    "mart_zh": (BI, ANALYST, LOADER),
    "fact": (ANALYST,),
    "county": (COUNTY,),
}
"""Schema -> the roles that read it."""
WRITTEN = ("ops", "dim", "fact", "calc")
"""Schemas in which the loader writes rows; it makes no definitions."""
