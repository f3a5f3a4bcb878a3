"""What tests share: one embedded PostgreSQL, and for each test that asks a warehouse and lake of its own."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

os.environ["QIANGJI_EMBEDDED_FSYNC"] = "off"
os.environ["QIANGJI_SETTLE_SECONDS"] = (
    "0"  # what tests write is whole; test_transport.py looks at what is not
)
for _name in [n for n in os.environ if n.startswith(("QIANGJI_CONN_", "QIANGJI_HOME", "QIANGJI_WAREHOUSE"))]:
    del os.environ[_name]

TODAY = date(2026, 11, 24)
"""Of the simulated county systems: the reporting month is 2026-10."""
_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A running embedded server (in a folder with a space in its name)."""
    from qiangji.embedded import EmbeddedPostgres

    server = EmbeddedPostgres(tmp_path_factory.mktemp("test server"))
    server.start()
    try:
        yield server
    finally:
        server.destroy()


@dataclass
class Workplace:
    """A home with an empty lake, and a database of its own in the shared server."""

    home: Path
    url: str

    @contextmanager
    def pipeline(self) -> Iterator[Any]:
        """An open pipeline (migrated, synchronised) on the catalogue that the settings name."""
        from qiangji import pipeline

        with pipeline.open_pipeline() as p:
            yield p

    def url_as(self, role: str) -> str:
        """The same database with another role (which must be able to log in)."""
        import sqlalchemy as sa

        return sa.make_url(self.url).set(username=role, password=role).render_as_string(hide_password=False)


@pytest.fixture
def workplace(tmp_path: Path, postgres: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workplace]:
    """Settings of this process point to a fresh home and database for the test's duration."""
    with make_workplace(tmp_path / "home", postgres, monkeypatch.setenv) as place:
        yield place
    monkeypatch.undo()
    _forget()


@contextmanager
def make_workplace(home: Path, postgres: Any, setenv: Callable[[str, str], Any]) -> Iterator[Workplace]:
    """A workplace whose environment is set by `setenv`; its database is dropped at the end."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with postgres.connect() as connection:
        connection.execute(f"CREATE DATABASE {name}")
    home.mkdir(parents=True, exist_ok=True)
    url = postgres.url(name)
    setenv("QIANGJI_HOME", str(home))
    setenv("QIANGJI_WAREHOUSE_URL", url)
    _forget()
    try:
        yield Workplace(home, url)
    finally:
        with postgres.connect() as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _forget() -> None:
    """Settings and catalogues are cached for a process."""
    from qiangji.catalogue import load
    from qiangji.settings import settings

    settings.cache_clear()
    load.cache_clear()


@contextmanager
def simulated(
    folder: Path, postgres: Any, setenv: Callable[[str, str], Any], **options: Any
) -> Iterator[Any]:
    """Running simulated county systems, with their connections in the environment."""
    from simulator import Simulator

    options = {"seed": 20240904, "today": TODAY, "months": 4, "scale": 0.05} | options
    with Simulator(folder, postgres_url=postgres.url("postgres", driver=None), **options) as systems:
        for line in (folder / "connections.env").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition("=")
            setenv(name, value)
        yield systems
