"""`qiangji doctor`: whether settings, catalogue, warehouse, lake and county systems are well. It shows no secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from rich.console import Console
from rich.markup import escape

from qiangji import engines
from qiangji.cli import county_systems, words
from qiangji.cli.catalogue import counted
from qiangji.errors import CatalogueError, QiangjiError, WarehouseError
from qiangji.masking import masked
from qiangji.settings import Settings, settings

WORDS = {
    "settings": "设置", "catalogue": "目录", "lake": "数据湖", "warehouse": "数据仓库", "airflow": "调度",
    "backup": "备份", "corrections": "人工更正", "holidays": "放假安排", "county": "县(市、区)",
    "letter": "信件", "letters": "信件",
}  # fmt: skip
"""What is looked at, in Chinese."""


@dataclass(frozen=True)
class Examined:
    """One thing that was looked at."""

    what: str
    is_well: bool
    detail: str
    is_warning: bool = False
    """Well as yet, and something is to be done about it."""
    is_demonstration: bool = False
    """Not well, as the demonstration's county systems are down: they run while it does."""


def examine() -> list[Examined]:
    """Look at everything; a thing that is not well hides no other."""
    s = settings()
    found = [
        _try("settings", lambda: _settings(s)),
        *_catalogue(),
        _try("lake", lambda: _lake(s)),
        _try("warehouse", lambda: _warehouse(s)),
        _try("airflow", _airflow),
        _backup(s),
    ]
    if all(e.is_well for e in found if e.what == "catalogue"):
        found += [_try("corrections", lambda: _corrections(s)), *_holidays(), *_counties(), *_letters()]
    return found


def show(console: Console, examined: list[Examined]) -> None:
    """One line a thing, which the terminal breaks: a Chinese text has no blanks to break it at."""
    counties = words.names().counties
    for e in examined:
        kind, _, which = e.what.partition(" ")
        named = " ".join(filter(None, (e.what, WORDS.get(kind), counties.get(which))))
        mark = "[green]ok[/green]  " if e.is_well else "[red]bad[/red] "
        mark = "[yellow]warn[/yellow] " if e.is_warning else mark
        console.print(f"{mark}{named}: {escape(e.detail)}", soft_wrap=True)
    down = sum(e.is_demonstration for e in examined)
    if down:
        others = sum(not e.is_well for e in examined) - down
        console.print(
            f"{down}个县（市、区）是演示的模拟系统，演示结束即停：make up重新启动并保持运行；"
            + (f"另有{others}项不正常。" if others else "其余正常。")
            + f" {down} counties' systems are the demonstration's, which is over: `make up` starts them and keeps them"
            f" running; {f'{others} more things are not well' if others else 'all else is well'}.",
            style="yellow",
            soft_wrap=True,
            markup=False,
        )


def _try(what: str, look: Callable[[], str]) -> Examined:
    try:
        return Examined(what, True, look())
    except QiangjiError as e:
        return Examined(what, False, f"{e.code}: {e}", is_demonstration=e.code == county_systems.DOWN)
    except (OSError, sa.exc.SQLAlchemyError) as e:
        return Examined(what, False, masked(f"{type(e).__name__}: {str(e).splitlines()[0]}"))


def _settings(s: Settings) -> str:
    engines.require_ready(s)
    return f"home {s.home}, engine {s.engine}, time zone {s.timezone}"


def _catalogue() -> list[Examined]:
    """The catalogue, or each of its problems."""
    from qiangji.pipeline import read_catalogue

    try:
        c = read_catalogue()
    except CatalogueError as e:
        return [Examined("catalogue", False, f"{p.code}: {p}") for p in e.problems]
    return [Examined("catalogue", True, counted(c))]


def _holidays() -> list[Examined]:
    """Years whose days off are not known: a warning before such a year begins, and not well once it has."""
    from qiangji.pipeline import read_catalogue
    from qiangji.stages import local_today
    from qiangji.workdays import unknown_words

    calendar, today = read_catalogue().calendar, local_today()
    if not (unknown := calendar.unknown(today)):
        return [Examined("holidays", True, f"{today.year} is known")]
    return [
        Examined("holidays", year > today.year, "; ".join(unknown_words(year)), year > today.year)
        for year in unknown
    ]


def _lake(s: Settings) -> str:
    if not s.lake.exists():
        return f"{s.lake}: empty yet"
    if not os.access(s.lake, os.W_OK):
        raise QiangjiError(
            "cannot be written",
            where=str(s.lake),
            do="Give the pipeline's user that folder.",
            zh="数据湖目录不可写：请把该目录交给运行本程序的用户。",
        )
    return f"{s.lake}: {sum(1 for _ in (s.lake / 'raw').glob('*/*'))} deliveries kept"


def _warehouse(s: Settings) -> str:
    from qiangji.warehouse import grants, reading_warehouse

    with reading_warehouse(s) as engine, engine.connect() as c:
        version = str(c.scalar(sa.text("SHOW server_version")))
        periods = c.scalar(sa.text("SELECT count(DISTINCT period) FROM mart.indicator_value"))
        if open_ended := _without_settings(c):
            raise WarehouseError(
                f"{', '.join(open_ended)}: not read-only, or without a limit on time or connections",
                expected="read-only, with these limits",
                do="Let an administrator of the server run: "
                + "; ".join(s.as_string(None) for role in open_ended for s in grants.limits(role)),
                zh=f"{'、'.join(open_ended)}不是只读，或没有时间、连接数的限制：请服务器管理员运行以下语句。",
            )
        kind = "QIANGJI_WAREHOUSE_URL" if s.warehouse_url else "embedded"
        kept = c.scalar(sa.text("SELECT current_setting('reserved_connections', true)")) or "0"
        return f"{kind}, PostgreSQL {version}, migrated, {periods} periods with figures; {kept} connections reserved"


def _without_settings(c: sa.Connection) -> list[str]:
    """Roles of readers without the settings that end a runaway query: a role may change its own settings."""
    from qiangji.warehouse import roles

    rows = c.execute(
        sa.text(
            "SELECT rolname, rolconnlimit, coalesce(array_to_string(rolconfig, ' '), '') AS said FROM pg_roles"
            " WHERE rolname = ANY(:r) ORDER BY 1"
        ),
        {"r": list(roles.READERS)},
    )
    return [
        r.rolname
        for r in rows
        if r.rolconnlimit == -1
        or "default_transaction_read_only=on" not in r.said
        or not re.search(r"statement_timeout=[1-9]", r.said)
    ]


def _corrections(s: Settings) -> str:
    """How many corrections are declared. Raises QiangjiError if the last build could not apply one."""
    from qiangji.figures.reading import stale_corrections
    from qiangji.pipeline import read_catalogue
    from qiangji.warehouse import reading_warehouse

    counts = dict.fromkeys(("active", "proposed", "retired"), 0)
    for x in read_catalogue().corrections:
        counts[x.status] += 1
    try:
        with reading_warehouse(s) as engine:
            stale = stale_corrections(engine)
    except (WarehouseError, sa.exc.OperationalError):  # `_warehouse` says so
        stale = []
    if stale:
        raise QiangjiError(
            "; ".join(
                f"{r['place']}: {r['county_code']} {r['form']} {r['period']} {r['org_code']} {r['field']}: the report"
                f" has {r['value_found'] or 'another value'}"
                for r in stale
            ),
            code="stale_correction",
            do="See docs/runbooks/correct-a-value.md.",
            zh="有人工更正的原值已不在报表中，未更正：见docs/runbooks/correct-a-value.md。",
        )
    return ", ".join(f"{n} {status}" for status, n in counts.items())


def _airflow() -> str:
    from importlib.metadata import PackageNotFoundError, version

    from qiangji.cli import airflow

    try:
        found = f"version {version('apache-airflow')}"
    except PackageNotFoundError:
        return "not installed: the stages run from the command line alone"
    if not (where := airflow.configured()):
        return f"{found}, not configured here: connections come from the environment and connections.env"
    airflow.require_database()
    return f"{found}, configured by {where}: its connections are asked first"


def _backup(s: Settings) -> Examined:
    """The age of the last good backup: a warning if it is old, or there never was one."""
    from qiangji.restoring.backup import OLD, last_good

    if s.backup is None:
        detail = "QIANGJI_BACKUP is not set: no backup is looked for"
        return Examined("backup", True, detail, is_warning=bool(s.warehouse_url))
    try:
        found = last_good(s.backup)
    except (OSError, ValueError, KeyError) as e:
        return Examined("backup", False, f"{s.backup}: its mark cannot be read ({type(e).__name__})")
    if found is None:
        detail = f"{s.backup}: never 从未备份. `qiangji backup` writes one: docs/runbooks/restore.md"
        return Examined("backup", True, detail, is_warning=True)
    at, mark = found
    age = datetime.now(UTC) - at
    hours = age.total_seconds() / 3600
    old = " 已过期 too old: docs/runbooks/restore.md" if age > OLD else ""
    detail = (
        f"{s.backup}: {at.astimezone(ZoneInfo(s.timezone)):%Y-%m-%d %H:%M}, {hours:,.0f} h ago;"
        f" {', '.join(mark['databases'])}, {mark['lake_files']:,} files of the lake{old}"
    )
    return Examined("backup", True, detail, is_warning=bool(old))


def _counties() -> list[Examined]:
    """Each county's system, side by side: one that hangs keeps no other waiting."""
    from qiangji.pipeline import read_catalogue

    looks = county_systems.looks(read_catalogue())
    with ThreadPoolExecutor(county_systems.AT_ONCE) as pool:
        return list(pool.map(lambda code: _try(f"county {code}", looks[code]), looks))


def _letters() -> list[Examined]:
    """The connections that letters go by: each that cannot be used, and readers without one. Nothing is sent."""
    from qiangji.letters import READER, channels_of
    from qiangji.pipeline import read_catalogue

    found, without = list[Examined](), list[str]()
    for reader in (READER, *read_catalogue().counties):
        try:
            channels = channels_of(reader)
        except QiangjiError as e:
            found.append(Examined(f"letter {reader}", False, f"{e.code}: {e}"))
            continue
        if not channels:
            without.append(reader)
        for one in channels:
            if isinstance(one, QiangjiError):
                found.append(Examined(f"letter {reader}", False, f"{one.code}: {one}"))
            else:
                found.append(Examined(f"letter {reader}", True, f"{one.kind} by {one.place}"))
    if not found:
        return [Examined("letters", True, "not set up: no connection letter_city, nobody is sent a letter")]
    if without:
        names = ", ".join(f"letter_{reader}" for reader in without)
        detail = f"没有连接，这些收信人收不到信 no connection, so that these get no letter: {names}"
        found.append(Examined("letters", True, detail, is_warning=True))
    return found
