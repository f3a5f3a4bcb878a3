"""Makes the roles of the warehouse, and grants each the least that it needs.

In: a connection of somebody who may make roles and owns the schemas. Out: roles without a login, and their grants.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.engine import Connection

from qiangji.errors import WarehouseError
from qiangji.warehouse.ddl import define, listed
from qiangji.warehouse.roles import (
    ANALYST,
    BI,
    BOARD,
    CONNECTIONS,
    COUNTY,
    LOADER,
    OWNER,
    READ,
    READERS,
    RESERVED,
    ROLE_SETTINGS,
    ROLES,
    WRITTEN,
)

if TYPE_CHECKING:
    import psycopg


def ensure_roles(connection: Connection, roles: Iterable[str]) -> None:
    """Make the roles that are missing, without a login: who may log in is decided where the server is run.

    Raises WarehouseError, which names all that are missing and how they are made, if this login may not make roles.
    """
    known = set(connection.scalars(sa.text("SELECT rolname FROM pg_roles")))
    missing = [role for role in roles if role not in known]
    statements = [s for role in missing for s in making(role)]
    try:
        for statement in statements:
            define(connection, statement)
    except sa.exc.ProgrammingError as e:
        raise WarehouseError(
            f"{len(missing)} roles are missing, and this login may not make them: {', '.join(missing)}",
            expected="a login with CREATEROLE, or the roles",
            do="Let an administrator of the server run (once for a server, as docker/postgres/roles.sql does):\n"
            + "\n".join(f"  {s.as_string(None)};" for s in statements),
            zh=f"缺少{len(missing)}个角色，且当前登录无权创建：请服务器管理员运行以下语句（每台服务器一次）。",
            code="missing_roles",
        ) from e


def making(role: str) -> Iterator[sql.Composed]:
    """The statements that make a role, without a login."""
    yield sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role))
    yield from limits(role)


def limits(role: str) -> Iterator[sql.Composed]:
    """The statements that give a role its settings and its number of connections; none for a role that writes."""
    name = sql.Identifier(role)
    for setting in ROLE_SETTINGS if role in READERS else ():
        yield sql.SQL("ALTER ROLE {} SET {}").format(name, sql.SQL(setting))
    if role in CONNECTIONS:
        yield sql.SQL("ALTER ROLE {} CONNECTION LIMIT {}").format(name, sql.Literal(CONNECTIONS[role]))


def reserve(connection: psycopg.Connection[Any]) -> None:
    """Let the roles that write use the connections that the server reserves. Needs a superuser, PostgreSQL 16."""
    connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(RESERVED), listed((OWNER, LOADER))))


def grant(connection: Connection) -> None:
    """Grant each role the least that it needs: see READ and WRITTEN."""
    ensure_roles(connection, (LOADER, ANALYST, BI, BOARD, COUNTY))
    for schema, readers in READ.items():
        _grant(connection, "SELECT", schema, readers)
    version = connection.scalar(sa.text("SELECT current_setting('server_version_num')::int"))
    rights = "SELECT, INSERT, UPDATE, DELETE" + (", MAINTAIN" if version >= 170000 else "")  # to analyse
    for schema in WRITTEN:
        _grant(connection, rights, schema, (LOADER,))


def _grant(connection: Connection, rights: str, schema: str, roles: Iterable[str]) -> None:
    names = {"rights": sql.SQL(rights), "schema": sql.Identifier(schema), "roles": listed(roles)}
    define(connection, sql.SQL("GRANT USAGE ON SCHEMA {schema} TO {roles}").format(**names))
    define(connection, sql.SQL("GRANT {rights} ON ALL TABLES IN SCHEMA {schema} TO {roles}").format(**names))


def set_zone(connection: Connection, zone: str) -> None:
    """Sessions of this database begin in a time zone, unless their tool sets its own; only its owner can say so."""
    is_owner = connection.scalar(
        sa.text("SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database()")
    )
    if is_owner:
        name = connection.scalar(sa.text("SELECT current_database()"))
        names = {"database": sql.Identifier(name), "zone": sql.Literal(zone)}
        define(connection, sql.SQL("ALTER DATABASE {database} SET timezone = {zone}").format(**names))


def close_database(connection: psycopg.Connection[Any], name: str) -> None:
    """Shut other roles of the server out of a database; roles that only read make no temporary tables in it."""
    names = {
        "database": sql.Identifier(name),
        "all": listed((*ROLES, COUNTY)),
        "own": listed((OWNER, LOADER)),
    }
    for statement in (
        "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        "GRANT CONNECT ON DATABASE {database} TO {all}",
        "GRANT TEMPORARY ON DATABASE {database} TO {own}",
    ):
        connection.execute(sql.SQL(statement).format(**names))
