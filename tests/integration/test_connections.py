"""Who may hold how many connections to the warehouse, and for how long a silent one is waited for."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from qiangji import warehouse
from qiangji.embedded import EmbeddedPostgres
from qiangji.errors import WarehouseError
from qiangji.pipeline import read_catalogue
from qiangji.settings import settings
from qiangji.warehouse import grants, roles
from tests.conftest import Workplace
from tests.integration.test_cli import run


@pytest.fixture(scope="module")
def home(servers: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A home's own server with its roles, as commands make them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QIANGJI_HOME", str(tmp_path_factory.mktemp("home")))
        settings.cache_clear()
        server = EmbeddedPostgres(settings().home)
        server.start()
        with warehouse.open_warehouse(settings(), read_catalogue()):
            pass
        yield server
        server.destroy()
    settings.cache_clear()


def test_bi_tools_cannot_take_every_connection(home: EmbeddedPostgres) -> None:
    url = home.url(warehouse.DATABASE, role=roles.BI, driver=None)
    with contextlib.ExitStack() as stack:
        for _ in range(roles.CONNECTIONS[roles.BI]):
            stack.enter_context(psycopg.connect(url))
        with pytest.raises(psycopg.OperationalError, match="too many connections for role"):
            psycopg.connect(url)
        with warehouse.open_warehouse(settings(), read_catalogue()) as engine, engine.connect() as c:
            assert c.scalar(sa.text("SELECT current_user")) == roles.LOADER


def test_the_roles_that_write_have_connections_of_their_own(home: EmbeddedPostgres) -> None:
    """Whatever fills the server: here somebody without a limit."""
    home.ensure_role("greedy")
    with home.connect() as c:
        c.execute("GRANT CONNECT ON DATABASE postgres TO greedy")
    taken: list[psycopg.Connection[Any]] = []
    try:
        refusal = ""
        while not refusal:
            try:
                taken.append(psycopg.connect(home.url("postgres", role="greedy", driver=None)))
            except psycopg.OperationalError as e:
                refusal = str(e)
        assert "reserved for roles with" in refusal
        assert len(taken) > 150
        with warehouse.engine_of(home.url(warehouse.DATABASE, role=roles.LOADER)) as engine, engine.connect():
            pass
    finally:
        for connection in taken:
            connection.close()


def test_a_home_of_before_gets_the_limits(home: EmbeddedPostgres) -> None:
    with home.connect() as c:
        c.execute(f"ALTER ROLE {roles.BI} CONNECTION LIMIT -1")
        c.execute(f"REVOKE {roles.RESERVED} FROM {roles.LOADER}")
    with warehouse.urls(settings()):
        pass
    with home.connect() as c:
        found = c.execute(f"SELECT rolconnlimit FROM pg_roles WHERE rolname = '{roles.BI}'").fetchone()
        assert found == (roles.CONNECTIONS[roles.BI],)
        assert c.execute(f"SELECT pg_has_role('{roles.LOADER}', '{roles.RESERVED}', 'USAGE')").fetchone() == (
            True,
        )


def test_a_silent_warehouse_is_given_up(monkeypatch: pytest.MonkeyPatch, servers: None) -> None:
    monkeypatch.setattr(warehouse, "CONNECT_SECONDS", 2)  # libpq's least
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv(
            "QIANGJI_WAREHOUSE_URL", f"postgresql+psycopg://u:p@127.0.0.1:{silent.getsockname()[1]}/x"
        )
        settings.cache_clear()
        for command in (["status"], ["build"]):
            start = time.monotonic()
            done = run(*command)
            assert time.monotonic() - start < 10
            assert done.code == 1
            assert done.err.startswith("warehouse: ")
            assert "timeout expired" in done.err


def test_a_url_may_say_for_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[dict[str, Any]] = []
    real = sa.create_engine

    def create_engine(url: str, **more: Any) -> sa.Engine:
        made.append(more["connect_args"])
        return real(url, **more)

    monkeypatch.setattr(sa, "create_engine", create_engine)
    for url in ("postgresql+psycopg://h/x", "postgresql+psycopg://h/x?connect_timeout=99"):
        with warehouse.engine_of(url):
            pass
    assert [args.get("connect_timeout") for args in made] == [warehouse.CONNECT_SECONDS, None]


def test_all_missing_roles_are_told_at_once(workplace: Workplace, postgres: Any) -> None:
    with postgres.connect() as c:
        c.execute("DROP ROLE IF EXISTS plain")
        c.execute("CREATE ROLE plain LOGIN PASSWORD 'plain'")
    missing = ("of_the_test_1", "of_the_test_2", "of_the_test_3")
    try:
        with (
            warehouse.engine_of(workplace.url_as("plain")) as engine,
            engine.connect() as c,
            pytest.raises(WarehouseError) as e,
        ):
            grants.ensure_roles(c, missing)
    finally:
        with postgres.connect() as c:
            c.execute("DROP ROLE plain")
    assert e.value.code == "missing_roles"
    for role in missing:
        assert f'CREATE ROLE "{role}" NOLOGIN;' in str(e.value)


def test_what_is_told_to_run_makes_the_roles() -> None:
    told = [s.as_string(None) for s in grants.making(roles.BI)]
    assert told[0] == 'CREATE ROLE "qiangji_bi" NOLOGIN'
    assert any(re.search(r"CONNECTION LIMIT \d+", s) for s in told)
    assert any("statement_timeout" in s for s in told)
