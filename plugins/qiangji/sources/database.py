"""Transport `database`: a view of a county's own database, read as CSV in the order of the form's key.

The connection is a SQLAlchemy URL (postgresql:// is taken as postgresql+psycopg://). Encryption is as the URL asks
(`sslmode=verify-full&sslrootcert=...`). A view has a period column and, where the county keeps one, a column that says
when a row was changed; neither is part of the delivery. All transactions are read-only; on PostgreSQL at REPEATABLE
READ, with a statement timeout. A server that falls silent or sends slowly is abandoned at the county's deadline.

The period column may be a text, a day or a moment: each of its values is the wanted period that it names (`said`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from qiangji.catalogue.models import County, Form
from qiangji.errors import PermanentError, QiangjiError, TransientError
from qiangji.periods import Period
from qiangji.personal_data import quoted
from qiangji.settings import connection
from qiangji.sources import Fetched, Item, Seen, Target
from qiangji.sources.address import bad_connection, check_host, login_refused
from qiangji.sources.limits import CONNECT_TIMEOUT, Limits
from qiangji.sources.records import check_count, to_csv
from qiangji.sources.said import is_day, moment_of, period_of, within
from qiangji.text import as_text

_POSTGRES = ("postgresql", "postgres")
_LOGIN = ("28P01", "28000")
_ELSEWHERE = {"host", "hostaddr", "port", "service", "servicefile", "unix_socket", "dsn", "odbc_connect"}
"""Parameters of a URL that would lead a driver to another host than the URL's."""
_AT_ONCE = 1_000
"""Rows in memory before their size is counted."""
_MISSING = ("42P01", "42703", "3F000", "3D000", "42501")


class DatabaseSource:
    """A new connection for each call: a county's database is not kept busy in between."""

    def __init__(self, county: County, forms: Mapping[str, Form], limits: Limits) -> None:
        if county.database is None:
            raise PermanentError("no `database` in counties.yaml", where=county.county, code="bad_connection")
        self._county, self._forms, self._limits, self._view = county, forms, limits, county.database
        self._engine = self._make_engine()
        self.others: Sequence[Seen] = ()

    def close(self) -> None:
        self._engine.dispose()

    def list(self, wanted: Sequence[Target]) -> Sequence[Item]:
        return self._limits.retrying(lambda: self._limits.bounded(lambda: self._list(wanted)))

    def fetch(self, item: Item) -> Fetched:
        return self._limits.retrying(lambda: self._limits.bounded(lambda: self._fetch(item)))

    def _list(self, wanted: Sequence[Target]) -> Sequence[Item]:
        """What there is of each form. A view that is not there costs the other forms nothing: each period of its form
        is listed, and fetching it says what is wrong. Without any of the views, that is raised here.
        """
        by_form: dict[str, list[Target]] = {}
        for target in wanted:
            by_form.setdefault(target[0], []).append(target)
        items, missing = list[Item](), list[QiangjiError]()
        with self._reading() as db:
            for form, targets in by_form.items():
                try:
                    with db.begin_nested():
                        items += self._of_form(db, form, targets)
                except DBAPIError as e:
                    error = self._error(e, form)
                    if error.code != "not_found":
                        raise error from None
                    missing.append(error)
                    items += [Item(f"{form}/{target[1]}", (target,), "") for target in targets]
        if missing and len(missing) == len(by_form):
            raise missing[0]
        return items

    def _of_form(self, db: sa.Connection, form: str, targets: Sequence[Target]) -> Iterator[Item]:
        latest = sa.func.max(sa.column(self._view.version_column)) if self._view.version_column else sa.null()
        found: dict[Period, list[tuple[Any, int, Any]]] = {}
        for row in self._said(db, form, sa.func.count(), latest):
            if period := within(row[0], [p for _, p in targets]):
                found.setdefault(period, []).append((row[0], row[1], row[2]))
        for target in targets:
            if said := found.get(target[1]):
                times = [changed for _, _, changed in said if changed is not None]
                changed = as_text(max(times)) if times else None
                # The count shows removed rows; the latest change does not.
                version = f"{changed} {sum(rows for _, rows, _ in said)}" if changed else ""
                yield Item(
                    f"{form}/{target[1]}",
                    (target,),
                    version,
                    is_day(changed or ""),
                    moment_of(changed or ""),
                    tuple(value for value, _, _ in said),
                    sum(rows for _, rows, _ in said),
                )

    def _said(self, db: sa.Connection, form: str, *more: sa.ColumnElement[Any]) -> Sequence[tuple[Any, ...]]:
        """The values of the view's period column, each with aggregates. Raises PermanentError `bad_response` if none
        of them names a period.
        """
        period: sa.ColumnClause[Any] = sa.column(self._view.period_column)
        query = sa.select(period, *more).select_from(self._table(form)).group_by(period)
        rows = [tuple(row) for row in db.execute(query) if row[0] is not None]
        if rows and not any(period_of(row[0]) for row in rows):
            raise PermanentError(
                f"view {self._view_name(form)}: its column {self._view.period_column} holds no period that can be"
                f" read, such as {quoted(str(rows[0][0]))}",
                where=self._county.county,
                expected="2026-10, 2026Q3, 2026H1, 2026, or a day or month within the period",
                do="Correct `period_column` in counties.yaml, or ask the county.",
                code="bad_response",
            )
        return rows

    def _fetch(self, item: Item) -> Fetched:
        form, period = item.targets[0]
        column: sa.ColumnClause[Any] = sa.column(self._view.period_column)
        with self._reading(form) as db:
            # of a report that was not listed, its view is gone over for what it calls the period
            mine = item.said or [row[0] for row in self._said(db, form) if within(row[0], [period])]
            query = sa.select(sa.text("*")).select_from(self._table(form)).where(column.in_(mine))
            result = db.execution_options(stream_results=True, max_row_buffer=_AT_ONCE).execute(query)
            names = list(result.keys())
            left_out = {self._view.period_column, self._view.version_column}
            kept = [i for i, name in enumerate(names) if name not in left_out]
            changed = names.index(self._view.version_column) if self._view.version_column in names else None
            rows, size, changes = list[list[Any]](), 0, set[str | None]()
            for part in result.partitions(_AT_ONCE):
                rows += [[row[i] for i in kept] for row in part]
                changes |= {as_text(row[changed]) for row in part} if changed is not None else set()
                size += sum(len(str(v)) for row in part for v in row)
                self._limits.check_size(size, item.name)
                check_count(len(rows), self._county.county, item.name)
        if not kept:
            raise PermanentError(
                f"view {self._view_name(form)} has no column of the form",
                where=self._county.county,
                expected=f"{self._forms[form].key} and the form's fields",
                do="Ask the county.",
                code="bad_response",
            )
        self._check_listed(item, len(rows))
        if changed is not None and item.version.rpartition(" ")[0] not in changes:
            item = replace(item, version="")  # the row that was changed last was not among them
        return Fetched(item, to_csv([names[i] for i in kept], rows, self._forms[form]), "csv")

    def _check_listed(self, item: Item, rows: int) -> None:
        """Raises TransientError `count_differs` unless as many rows came as were listed, and any at all."""
        if rows and rows == (item.rows or rows):
            return
        listed = "none" if item.rows is None else f"{item.rows:,}"
        raise TransientError(
            f"{item.name}: {rows:,} rows came, {listed} were listed",
            where=self._county.county,
            expected="as many rows as were listed a moment before",
            do="The view was changed while it was read, such as by its nightly reload; the next run tries again. If it"
            " lasts, ask the county when it is reloaded.",
            code="count_differs",
        )

    # ---- connection

    def _make_engine(self) -> sa.Engine:
        url = url_of(self._county)
        try:
            is_postgresql = url.get_backend_name() == "postgresql"
            isolation = {"isolation_level": "REPEATABLE READ"} if is_postgresql else {}
            engine = sa.create_engine(url, poolclass=NullPool, hide_parameters=True, **isolation)
            if is_postgresql:
                sa.event.listen(engine, "do_connect", self._limit_connecting)
            return engine
        except (ArgumentError, NoSuchModuleError, ImportError):
            pass  # raised below, without the cause: its text holds the URL
        raise _no_database(self._county)

    def _limit_connecting(
        self, _dialect: object, _record: object, _args: object, params: dict[str, Any]
    ) -> None:
        params["connect_timeout"] = max(1, round(self._limits.within(CONNECT_TIMEOUT)))
        params["application_name"] = "qiangji"

    @contextmanager
    def _reading(self, form: str = "") -> Iterator[sa.Connection]:
        """A read-only transaction, on the view of a form. The server is asked to end it at the county's deadline."""
        seconds = self._limits.within()
        try:
            with self._engine.connect() as db:
                if self._engine.dialect.name == "postgresql":
                    db.execute(sa.text("SET TRANSACTION READ ONLY"))
                    db.execute(sa.text(f"SET LOCAL statement_timeout = {int(seconds * 1000)}"))
                yield db
        except QiangjiError:
            raise
        except SQLAlchemyError as e:
            raise self._error(e, form) from None

    def _table(self, form: str) -> sa.TableClause:
        schema, _, name = self._view_name(form).rpartition(".")
        return sa.table(name, schema=schema or None)

    def _view_name(self, form: str) -> str:
        return self._view.view.replace("{form}", form)

    def _error(self, error: SQLAlchemyError, form: str) -> QiangjiError:
        """The package's error, by SQLSTATE. It leaves out the driver's text, which may hold the login."""
        where, url = self._county.county, self._engine.url
        server = f"{url.host or ''}:{url.port or ''}/{url.database or ''}"
        original = error.orig if isinstance(error, DBAPIError) else None
        state = getattr(original, "sqlstate", None) or ""
        text = str(original)
        if not self._limits.left:
            return self._limits.spent()
        if state == "57014" or "timeout expired" in text:
            return TransientError(f"{server} does not answer in time", where=where, code="timeout")
        if state in _LOGIN or "authentication failed" in text:
            return login_refused(self._county, f"{server} refuses the login")
        what = f"the view {self._view_name(form)} or a column of it" if form else "that database"
        if state in _MISSING or (not state and ("no such" in text or "does not exist" in text)):
            return PermanentError(
                f"{server} does not give {what} ({state or 'no such'})",
                where=where,
                expected="a view that the login may read" if form else "a database that the login may read",
                do="Ask the county.",
                code="not_found",
            )
        if isinstance(error, OperationalError) or state.startswith(("08", "57", "53", "40")):
            return TransientError(f"{server} cannot be reached ({state or 'no answer'})", where=where)
        return PermanentError(
            f"{server} answers with an error ({state or type(error).__name__})",
            where=where,
            expected="rows of the view",
            do="Ask the county.",
            code="bad_response",
        )


def url_of(county: County) -> sa.URL:
    """Where a county's database is. Raises PermanentError: no_connection, bad_connection, host_not_allowed."""
    url = None
    with suppress(ArgumentError, ValueError):  # the text of the cause holds the URL, or a part of it
        given = sa.make_url(connection(county.connection))
        given.get_dialect()
        url = given
    # An @ in the host is part of a password that was not percent-encoded.
    if url is None or "@" in (url.host or "") or _ELSEWHERE & {key.lower() for key in url.query}:
        raise _no_database(county)
    if url.get_backend_name() != "sqlite":  # a file: nothing is sent
        check_host(county, url.get_backend_name(), url.host or "", url.port)
    return url.set(drivername="postgresql+psycopg") if url.drivername in _POSTGRES else url


def _no_database(county: County) -> PermanentError:
    return bad_connection(
        county,
        "is no database that can be opened",
        "a SQLAlchemy URL such as postgresql://login:password@host:port/database, parts percent-encoded,"
        " the host there alone",
        "Correct the connection, or install the driver.",
    )
