"""A warehouse for the length of a command, without data: what is written from the warehouse's own words needs one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import Connection

from qiangji.catalogue.load import Catalogue, load
from qiangji.settings import settings


@contextmanager
def temporary_warehouse() -> Iterator[tuple[Catalogue, Connection]]:
    """The catalogue, and a connection to a warehouse that was brought in line with it; gone afterwards."""
    from qiangji.embedded import EmbeddedPostgres
    from qiangji.warehouse import open_warehouse

    paths = settings()
    catalogue = load(paths.catalogue, paths.expectations)
    with tempfile.TemporaryDirectory(prefix="qiangji-warehouse-") as folder:
        server = EmbeddedPostgres(Path(folder))
        server.start()
        try:
            own = paths.model_copy(update={"home": Path(folder), "warehouse_url": server.url("postgres")})
            with open_warehouse(own, catalogue) as engine, engine.connect() as connection:
                yield catalogue, connection
        finally:
            server.destroy()
