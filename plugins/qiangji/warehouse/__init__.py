"""The warehouse: opening it, bringing it up to date, and copying Arrow tables into it.

In: QIANGJI_WAREHOUSE_URL, or the embedded PostgreSQL when that is empty; the catalogue. Out: SQLAlchemy engines.
`open_warehouse` is where every command enters: it starts the embedded server if it must, runs the migrations of
sql/warehouse and synchronises what the catalogue defines (see `sync`), and leaves nothing running that it started.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from qiangji.catalogue import Catalogue
from qiangji.errors import WarehouseError
from qiangji.settings import Settings
from qiangji.warehouse import sync

if TYPE_CHECKING:
    import psycopg

DATABASE = "qiangji"
OWNER, LOADER, ANALYST, BI = ROLES = ("qiangji_owner", "qiangji_loader", "qiangji_analyst", "qiangji_bi")
_MIGRATION_LOCK = 0x514A  # "QJ": one process at a time brings a warehouse up to date


@contextmanager
def open_warehouse(settings: Settings, catalogue: Catalogue) -> Iterator[Engine]:
    """An engine of the loader's role on a warehouse that is migrated and synchronised with the catalogue."""
    with urls(settings) as url:
        with engine_of(url[OWNER]) as owner:
            prepare(owner, settings, catalogue)
        with engine_of(url[LOADER]) as engine:
            yield engine


@contextmanager
def reading_warehouse(settings: Settings, role: str = BI) -> Iterator[Engine]:
    """An engine that only reads, for printing figures; a warehouse never built is a WarehouseError."""
    with urls(settings) as url, engine_of(url[role]) as engine:
        with engine.connect() as connection:
            _require_migrated(connection)
        yield engine


@contextmanager
def urls(settings: Settings) -> Iterator[dict[str, str]]:
    """Role -> SQLAlchemy URL, with the embedded server running for as long as the block runs.

    An external warehouse has one login, the one of QIANGJI_WAREHOUSE_URL, for whatever is done from here; the
    other roles exist in it, and whoever runs it decides who may log in as them.
    """
    if settings.warehouse_url:
        with _telling(settings.warehouse_url):
            yield dict.fromkeys(ROLES, settings.warehouse_url)
        return
    from qiangji.embedded import EmbeddedPostgres

    with EmbeddedPostgres(settings.home).running_server() as server:
        with server.connect() as connection:
            known = {r[0] for r in connection.execute("SELECT rolname FROM pg_roles").fetchall()}
        if not known.issuperset((*ROLES, sync.COUNTY)):
            server.ensure_role(sync.COUNTY, login=False)
            for role in ROLES:
                server.ensure_role(role)
            with server.connect() as connection:
                for role in sync.READERS:
                    for setting in sync.ROLE_SETTINGS:
                        connection.execute(f"ALTER ROLE {role} SET {setting}")
            server.ensure_database(DATABASE, OWNER)
            with server.connect() as connection:
                close_database(connection, DATABASE)
        found = {role: server.url(DATABASE, role=role) for role in ROLES}
        with _telling(found[LOADER]):
            yield found


def close_database(connection: psycopg.Connection[Any], name: str) -> None:
    """Other roles of the server have no business in it; who only reads makes no temporary tables in it."""
    for statement in (
        f"REVOKE ALL ON DATABASE {name} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {name} TO {', '.join((*ROLES, sync.COUNTY))}",
        f"GRANT TEMPORARY ON DATABASE {name} TO {OWNER}, {LOADER}",
    ):
        connection.execute(statement.encode())


def url_for_tools(settings: Settings, role: str) -> str:
    """A libpq URL of a role; without a password where that is not ours to know."""
    with urls(settings) as by_role:
        url = sa.make_url(by_role[role]).set(drivername="postgresql")
    if url.username != role:
        url = sa.URL.create("postgresql", role, None, url.host, url.port, url.database, url.query)
    return url.render_as_string(hide_password=False)


def prepare(owner: Engine, settings: Settings, catalogue: Catalogue) -> None:
    """Migrate and synchronise; one look is enough when both were done for this code and catalogue."""
    wanted = sync.definitions_hash(settings, catalogue)
    with _connect(owner) as connection:
        if sync.found_hash(connection) == wanted:
            return
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(settings.sql / "warehouse").replace("%", "%%"))
    head = ScriptDirectory.from_config(config).get_current_head()
    with _connect(owner) as connection, connection.begin():
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        options = {"version_table_schema": "public"}
        if MigrationContext.configure(connection, opts=options).get_current_revision() != head:
            sync.ensure_roles(connection, (LOADER, ANALYST, BI))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        sync.synchronise(connection, settings, catalogue, wanted)


@contextmanager
def engine_of(url: str) -> Iterator[Engine]:
    """An engine for as long as the block runs. Raises WarehouseError for what is no URL, without showing it."""
    engine = None
    # without the cause: its text holds the URL, or a part of it
    with suppress(sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ValueError, ImportError):
        engine = sa.create_engine(url, connect_args={"application_name": "qiangji"})
    if engine is None:
        raise WarehouseError(
            "QIANGJI_WAREHOUSE_URL is no address of a PostgreSQL",
            expected="postgresql+psycopg://login:password@host:port/database, parts percent-encoded",
            do="Correct the setting.",
        )
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _connect(engine: Engine) -> Iterator[Connection]:
    try:
        connection = engine.connect()
    except sa.exc.OperationalError as e:
        raise WarehouseError(
            f"cannot be reached: {e.orig}".splitlines()[0],
            where=f"warehouse {engine.url.render_as_string(hide_password=True)}",
            do="Is the server up, and QIANGJI_WAREHOUSE_URL right? `qiangji doctor` tells more.",
        ) from e
    with connection:
        yield connection


@contextmanager
def _telling(url: str) -> Iterator[None]:
    """A server that goes away, or has no room, while it is worked with: says so, and what to do."""
    import psycopg

    try:
        yield
    except (sa.exc.OperationalError, sa.exc.InterfaceError, psycopg.OperationalError) as e:
        reason = str(getattr(e, "orig", None) or e).strip().splitlines() or [type(e).__name__]
        raise WarehouseError(
            f"did not do what was asked: {reason[0]}",
            where=f"warehouse {sa.make_url(url).render_as_string(hide_password=True)}",
            expected="a server that stays",
            do="What was committed stands, and nothing of the rest. When the server is up again (`qiangji doctor`),"
            " do the same again.",
        ) from e


def _require_migrated(connection: Connection) -> None:
    if connection.scalar(sa.text("SELECT to_regclass('mart.indicator_value')")) is None:
        raise WarehouseError(
            "holds nothing yet",
            where=f"warehouse {connection.engine.url.render_as_string(hide_password=True)}",
            expected="a warehouse that a night or `qiangji collect` and `qiangji build` has filled",
            do="Run `make demo`, or `qiangji collect && qiangji build`.",
        )
