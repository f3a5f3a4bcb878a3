"""The warehouse as a page asks it: one snapshot a page, few statements, five seconds at most for each.

In: the settings. Out: `Warehouse.snapshot`, an engine for the functions of `figures` whose every connection is the
page's own: all numbers of a page are of one moment, whatever a build commits meanwhile. A server that is down, slow or
not filled yet is a `WarehouseError` with words for people; the pool finds its way back by itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from qiangji.errors import QiangjiError, WarehouseError
from qiangji.settings import Settings
from qiangji.warehouse import DATABASE
from qiangji.warehouse.roles import BOARD

SECONDS = 5
"""What one statement may take."""
CONNECT_SECONDS = 3
POOL, MORE = 4, 8
"""Connections that stay open, and those that come besides while many look."""
POOL_SECONDS = 10
_NOT_THERE = ("42P01", "42883", "42703", "3F000", "42501")
"""SQL states: undefined table, function, column, schema; and not granted, as before the first build of a version."""
_TOO_LONG = "57014"


@dataclass
class Asked:
    """What a page asked: how many statements, and their seconds."""

    statements: int = 0
    seconds: float = 0.0


class _Snapshot:
    """Stands for an engine before functions that only connect: each connection is the page's own."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def connect(self) -> AbstractContextManager[Connection]:
        return nullcontext(self.connection)


class Warehouse:
    """The pool of one process. Making it touches nothing."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._engine: Engine | None = None
        self._lock = threading.Lock()

    @contextmanager
    def snapshot(self) -> Iterator[tuple[Engine, Asked]]:
        """An engine on one snapshot of the warehouse, and what is asked of it.

        Raises WarehouseError: board_down, board_slow, board_empty.
        """
        try:
            with self._open().connect() as connection:
                asked = Asked()
                connection.info["asked"] = asked
                yield cast(Engine, _Snapshot(connection)), asked
        except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError) as e:
            if _state(e) == _TOO_LONG:
                raise _slow() from e
            self._forget()
            raise _down() from e
        except sa.exc.ProgrammingError as e:
            if _state(e) in _NOT_THERE:
                raise _empty() from e
            raise

    def close(self) -> None:
        """Give the connections back."""
        self._forget()

    def _open(self) -> Engine:
        with self._lock:
            if self._engine is None:
                self._engine = _engine(self._url())
            return self._engine

    def _forget(self) -> None:
        with self._lock:
            engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose()

    def _url(self) -> str:
        """The address; of the embedded server, which is used where it runs and never started from here."""
        if own := self.settings.board_url or self.settings.warehouse_url:
            return own
        from qiangji.embedded import EmbeddedPostgres

        try:
            return EmbeddedPostgres(self.settings.home).url(DATABASE, role=BOARD)
        except QiangjiError as e:  # never started, or started by a version that had no such role
            raise _empty() from e


def _engine(url: str) -> Engine:
    options = {
        "application_name": "qiangji-board",
        "connect_timeout": CONNECT_SECONDS,
        "options": f"-c statement_timeout={SECONDS}s -c default_transaction_read_only=on -c timezone=UTC",
    }
    try:
        engine = sa.create_engine(
            url,
            isolation_level="REPEATABLE READ",
            connect_args=options,
            pool_size=POOL,
            max_overflow=MORE,
            pool_timeout=POOL_SECONDS,
            pool_pre_ping=True,
        )
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ValueError, ImportError):
        raise _down() from None  # its text holds the URL, or a part of it
    sa.event.listen(engine, "connect", _as_the_board)
    sa.event.listen(engine, "before_cursor_execute", _began)
    sa.event.listen(engine, "after_cursor_execute", _ended)
    return engine


def _as_the_board(connection: Any, _: object) -> None:
    """Let a login that may take the board's role have no other right from here on."""
    asked = "SELECT oid FROM pg_roles WHERE rolname = %s AND rolname <> current_user"
    connection.autocommit = True
    if found := connection.execute(asked, [BOARD]).fetchone():
        with suppress(Exception):  # a login that may not: what it may do is what its administrator gave it
            become = "SELECT set_config('role', %s, false) WHERE pg_has_role(%s, 'MEMBER')"
            connection.execute(become, [BOARD, found[0]])
    connection.autocommit = False


def _began(connection: Connection, *_: Any) -> None:
    connection.info["began"] = time.perf_counter()


def _ended(connection: Connection, *_: Any) -> None:
    asked = connection.info.get("asked")
    if asked is not None:
        asked.statements += 1
        asked.seconds += time.perf_counter() - connection.info.pop("began")


def _state(error: sa.exc.SQLAlchemyError) -> str:
    return str(getattr(getattr(error, "orig", None), "sqlstate", "") or "")


def _down() -> WarehouseError:
    return WarehouseError(
        "the warehouse does not answer",
        do="Try again in a minute; if it stays so, whoever runs the system looks with `qiangji doctor`.",
        zh="数据仓库没有答复：请稍后再试；仍不行请运维人员用qiangji doctor查看。",
        code="board_down",
    )


def _slow() -> WarehouseError:
    return WarehouseError(
        f"the warehouse took longer than {SECONDS} seconds",
        do="Try again, or look at less at a time: fewer units, a shorter period.",
        zh=f"数据仓库未在{SECONDS}秒内答复：请重试，或缩小范围。",
        code="board_slow",
    )


def _empty() -> WarehouseError:
    return WarehouseError(
        "the warehouse holds nothing yet, or was filled by another version",
        do="Run `qiangji collect` and `qiangji build` once, or wait for the night.",
        zh="数据仓库还是空的，或由其他版本写入：请运行一次qiangji collect和qiangji build，或等一次夜间采集。",
        code="board_empty",
    )
