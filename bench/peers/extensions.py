"""Install DuckDB's extension for PostgreSQL, which is a package here, where dbt's DuckDB looks for it.

It is the file that DuckDB's own index has, signed by DuckDB, which checks that.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import duckdb

if __name__ == "__main__":
    found = find_spec("duckdb_extension_postgres_scanner")
    folders = found.submodule_search_locations if found else None
    (file,) = (p for f in folders or () for p in Path(f).rglob("*.duckdb_extension"))
    with duckdb.connect(config={"extension_directory": str(Path(sys.prefix) / "extensions")}) as duck:
        duck.execute(f"INSTALL '{file}'")
