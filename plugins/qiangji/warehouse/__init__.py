"""The warehouse: opening it and bringing it up to date.

In: QIANGJI_WAREHOUSE_URL, or the embedded PostgreSQL when that is empty; the catalogue. Out: SQLAlchemy engines.
Every command enters by `open_warehouse`. It starts the embedded server if it must, runs the migrations of
sql/warehouse and synchronises what the catalogue defines (see `sync`). It stops whatever it started.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from qiangji.catalogue.load import Catalogue
from qiangji.errors import WarehouseError, of_the_disk
from qiangji.settings import Settings
from qiangji.warehouse import definitions
from qiangji.warehouse.locks import MIGRATION_LOCK, hold
from qiangji.warehouse.roles import ANALYST, BI, BOARD, CONNECTIONS, COUNTY, LOADER, OWNER, ROLES

if TYPE_CHECKING:
    import psycopg

DATABASE = "qiangji"
_NOT_THERE = ("42P01", "42883", "42703")
"""SQL states: undefined table, function, column."""
CONNECT_SECONDS = 10


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
    """An engine that only reads, for printing figures. Raises WarehouseError for a warehouse that was never filled."""
    with urls(settings) as url, engine_of(url[role]) as engine:
        with engine.connect() as connection:
            _require_migrated(connection)
        with _of_this_version():
            yield engine


@contextmanager
def _of_this_version() -> Iterator[None]:
    """A view, function or column that is not there: a version of before filled the warehouse, and nothing since."""
    try:
        yield
    except sa.exc.ProgrammingError as e:
        if getattr(e.orig, "sqlstate", "") not in _NOT_THERE:
            raise
        raise WarehouseError(
            f"lacks what this version asks for: {str(e.orig).splitlines()[0]}",
            where="warehouse",
            expected="views as this version makes them",
            do="Run `qiangji build` (or let a night run) once: it brings the views up to date, and figures stay.",
            zh="数据仓库的视图还是旧版本的：请运行一次qiangji build（或等一次夜间采集），视图即更新，指标值不变。",
            code="old_warehouse",
        ) from e


@contextmanager
def urls(settings: Settings) -> Iterator[dict[str, str]]:
    """Role -> SQLAlchemy URL, with the embedded server running for as long as the block runs.

    An external warehouse has one login for whatever is done from here, that of QIANGJI_WAREHOUSE_URL. The other
    roles exist in it; whoever runs it decides who may log in as them.
    """
    if settings.warehouse_url:
        with _telling(settings.warehouse_url):
            yield dict.fromkeys(ROLES, settings.warehouse_url)
        return
    from qiangji.embedded import EmbeddedPostgres
    from qiangji.warehouse import grants

    with EmbeddedPostgres(settings.home).running_server() as server:
        with server.connect() as connection:
            known = dict(connection.execute("SELECT rolname, rolconnlimit FROM pg_roles").fetchall())
        if not {*ROLES, COUNTY} <= known.keys() or any(known[role] == -1 for role in CONNECTIONS):
            server.ensure_role(COUNTY, login=False)
            for role in ROLES:
                server.ensure_role(role)
            server.ensure_database(DATABASE, OWNER)
            with server.connect() as connection:
                for statement in (s for role in ROLES for s in grants.limits(role)):
                    connection.execute(statement)
                grants.reserve(connection)
                grants.close_database(connection, DATABASE)
        found = {role: server.url(DATABASE, role=role) for role in ROLES}
        with _telling(found[LOADER]):
            yield found


def url_for_tools(settings: Settings, role: str) -> str:
    """A libpq URL for a role; without a password if the warehouse is external and the role not its login."""
    with urls(settings) as by_role:
        url = sa.make_url(by_role[role]).set(drivername="postgresql")
    if url.username != role:
        url = sa.URL.create("postgresql", role, None, url.host, url.port, url.database, url.query)
    return url.render_as_string(hide_password=False)


def prepare(owner: Engine, settings: Settings, catalogue: Catalogue) -> None:
    """Migrate and synchronise; nothing but a look when both were done for this code and catalogue."""
    from qiangji.warehouse import grants, sync

    wanted = sync.definitions_hash(settings, catalogue)
    with _connect(owner) as connection:
        if definitions.found(connection, "catalogue") == wanted:
            return
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(settings.sql / "warehouse").replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    with _connect(owner) as connection, connection.begin():
        hold(connection, MIGRATION_LOCK)
        options = {"version_table_schema": "public"}
        current = MigrationContext.configure(connection, opts=options).get_current_revision()
        _require_known(current, [s.revision for s in scripts.walk_revisions()])
        if current != scripts.get_current_head():
            grants.ensure_roles(connection, (LOADER, ANALYST, BI, BOARD, COUNTY))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        sync.synchronise(connection, settings, catalogue, wanted)


def _require_known(current: str | None, known: Sequence[str]) -> None:
    """Refuse a warehouse that a newer version has migrated. Raises WarehouseError `newer_warehouse`."""
    if current is not None and current not in known:
        raise WarehouseError(
            f"a newer version of Qiangji has migrated this warehouse, to {current}",
            expected=f"{max(known)} at most",
            do="Run that version, or go back with the backup of before: docs/runbooks/upgrade-and-rollback.md",
            zh=f"数据仓库已由更新版本的程序升级到{current}，本版本最高只识别{max(known)}：请使用该版本，"
            "或用升级前的备份退回，见docs/runbooks/upgrade-and-rollback.md。",
            code="newer_warehouse",
        )


@contextmanager
def engine_of(url: str) -> Iterator[Engine]:
    """An engine for as long as the block runs. Raises WarehouseError for a wrong URL, without showing it.

    A server that does not answer is given up after CONNECT_SECONDS, one that falls silent within a minute or two; the
    URL may say otherwise (`connect_timeout`, `keepalives_idle`, `tcp_user_timeout`).
    """
    engine = None
    # without the cause: its text holds the URL, or a part of it
    with suppress(sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ValueError, ImportError):
        asked = sa.make_url(url).query
        own = {name: value for name, value in _patience().items() if name not in asked}
        engine = sa.create_engine(url, connect_args={"application_name": "qiangji"} | own)
        sa.event.listen(engine, "connect", _in_utc)
    if engine is None:
        raise WarehouseError(
            "QIANGJI_WAREHOUSE_URL is no address of a PostgreSQL",
            expected="postgresql+psycopg://login:password@host:port/database, parts percent-encoded",
            do="Correct the setting.",
            zh="QIANGJI_WAREHOUSE_URL不是PostgreSQL的地址：请改正，特殊字符须百分号编码。",
        )
    try:
        yield engine
    finally:
        engine.dispose()


def _patience() -> dict[str, int]:
    """For how long a silent server is waited for, as libpq is told; milliseconds for `tcp_user_timeout`."""
    return {
        "connect_timeout": CONNECT_SECONDS,
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": 60_000,
    }


def _in_utc(connection: psycopg.Connection[Any], _: object) -> None:
    """Moments come in UTC here, whatever zone the database's sessions begin in."""
    connection.autocommit = True
    connection.execute("SET timezone = 'UTC'")
    connection.autocommit = False


@contextmanager
def _connect(engine: Engine) -> Iterator[Connection]:
    try:
        connection = engine.connect()
    except sa.exc.OperationalError as e:
        raise WarehouseError(
            f"cannot be reached: {e.orig}".splitlines()[0],
            where=f"warehouse {engine.url.render_as_string(hide_password=True)}",
            do="Is the server up, and QIANGJI_WAREHOUSE_URL right? `qiangji doctor` tells more.",
            zh="连不上数据仓库：请确认服务器在运行、QIANGJI_WAREHOUSE_URL正确；qiangji doctor说得更细。",
        ) from e
    with connection:
        yield connection


@contextmanager
def _telling(url: str) -> Iterator[None]:
    """Turns the loss of the server, or of its disk space, during work into a WarehouseError that says what to do."""
    import psycopg

    try:
        yield
    except (sa.exc.OperationalError, sa.exc.InterfaceError, psycopg.OperationalError) as e:
        reason = str(getattr(e, "orig", None) or e).strip().splitlines() or [type(e).__name__]
        if getattr(getattr(e, "orig", e), "sqlstate", "") == "57014":
            raise WarehouseError(
                "took longer than this role may",
                where="warehouse",
                expected="an answer within its statement_timeout",
                do="Ask for less at a time: --indicator, --period, --level or --org.",
                zh="查询超过了该账号的时限：请缩小范围，如加--indicator、--period、--level或--org。",
                code="too_long",
            ) from e
        if told := of_the_disk(e, f"warehouse {sa.make_url(url).render_as_string(hide_password=True)}"):
            raise told from e
        raise WarehouseError(
            f"did not do what was asked: {reason[0]}",
            where=f"warehouse {sa.make_url(url).render_as_string(hide_password=True)}",
            expected="a server that stays",
            do="What was committed stands, and nothing of the rest. When the server is up again (`qiangji doctor`),"
            " do the same again.",
            zh="数据仓库中断：已提交的保留，其余未做；恢复后（qiangji doctor）请重做一次。",
        ) from e


def _require_migrated(connection: Connection) -> None:
    if connection.scalar(sa.text("SELECT to_regclass('mart.indicator_value')")) is None:
        raise WarehouseError(
            "holds nothing yet",
            where=f"warehouse {connection.engine.url.render_as_string(hide_password=True)}",
            expected="a warehouse that a night or `qiangji collect` and `qiangji build` has filled",
            do="Run `make demo`, or `qiangji collect && qiangji build`.",
            zh="数据仓库还是空的：请运行make demo，或qiangji collect和qiangji build。",
        )
