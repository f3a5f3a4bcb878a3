"""440783: a PostgreSQL database with a view for each form in the schema `report`.

Columns: `period` (text, 2026-10 or 2026Q3), the fields in snake_case with a database's own types, `updated_at`
(timestamptz). The reader's role may log in and read these views, nothing else.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import LiteralString
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from simulator import rendering
from simulator.forms import FORMS, Form
from simulator.submissions import Key, Submission
from simulator.systems.base import CountySystem

_TYPES: dict[str, LiteralString] = {
    "integer": "integer",
    "decimal": "numeric(14,2)",
    "boolean": "boolean",
    "enum": "text",
    "text": "text",
    "date": "date",
}


class Database(CountySystem):
    """See the module. `admin_url`: the URL of a role that may create databases and roles."""

    def __init__(
        self,
        county: str,
        held: dict[Key, Submission],
        directory: Path,
        host: str,
        advertise: str,
        admin_url: str,
    ) -> None:
        super().__init__(county, held, directory, host, advertise)
        scheme, _, rest = admin_url.partition("://")
        self._admin = f"{scheme.partition('+')[0]}://{rest}"  # SQLAlchemy writes its driver into the scheme
        self.database = f"county_{county}"
        self.user = f"county_{county}_reader"

    @property
    def uri(self) -> str:
        return f"postgresql://{self.login}@{self.address}/{quote(self.database, safe='')}"

    async def refuse_credentials(self) -> None:
        await super().refuse_credentials()
        await asyncio.to_thread(self._set_password)

    async def refresh(self, changed: list[Submission]) -> None:
        await asyncio.to_thread(self._write, changed)

    async def _start(self) -> tuple[str, int] | str:
        await asyncio.to_thread(self._create)
        await asyncio.to_thread(self._write, self.published())
        with psycopg.connect(self._admin) as connection:
            host, port = connection.info.host, connection.info.port
        return f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port)

    async def _stop(self) -> None:
        await asyncio.to_thread(self._drop)

    def _own(self) -> psycopg.Connection:
        return psycopg.connect(make_conninfo(self._admin, dbname=self.database))

    def _set_password(self) -> None:
        with psycopg.connect(self._admin, autocommit=True) as connection:
            role, password = sql.Identifier(self.user), sql.Literal(self.password)
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, password))

    def _create(self) -> None:
        self._drop()
        database, role = sql.Identifier(self.database), sql.Identifier(self.user)
        with psycopg.connect(self._admin, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
            connection.execute(
                sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(database)
            )
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
            connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, role))
        self._set_password()
        with self._own() as connection:
            connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
            connection.execute("CREATE SCHEMA store")
            connection.execute("CREATE SCHEMA report")
            connection.execute(sql.SQL("GRANT USAGE ON SCHEMA report TO {}").format(role))
            for form in FORMS.values():
                self._create_form(connection, form)
            connection.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA report TO {}").format(role))

    def _create_form(self, connection: psycopg.Connection, form: Form) -> None:
        columns: list[sql.Composable] = [
            sql.SQL("{} text").format(sql.Identifier(name)) for name in ("period", form.key, form.name_field)
        ]
        columns += [
            sql.SQL("{} ").format(sql.Identifier(each.name)) + sql.SQL(_TYPES[each.type])
            for each in form.fields
        ]
        columns.append(sql.SQL("updated_at timestamptz"))
        table, view = sql.Identifier("store", form.code), sql.Identifier("report", form.code)
        connection.execute(sql.SQL("CREATE TABLE {} ({})").format(table, sql.SQL(", ").join(columns)))
        connection.execute(sql.SQL("CREATE VIEW {} AS SELECT * FROM {}").format(view, table))

    def _write(self, submissions: list[Submission]) -> None:
        """Replace the rows of these submissions, all in one transaction."""
        with self._own() as connection, connection.cursor() as cursor:
            for submission in submissions:
                table = sql.Identifier("store", submission.form.code)
                cursor.execute(sql.SQL("DELETE FROM {} WHERE period = %s").format(table), [submission.period])
                if not submission.is_published:
                    continue
                with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(table)) as copy:
                    for line in rendering.cells(submission, rendering.typed):
                        copy.write_row([submission.period, *line, submission.updated_at])

    def _drop(self) -> None:
        with psycopg.connect(self._admin, autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.database))
            )
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(self.user)))
