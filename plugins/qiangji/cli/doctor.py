"""What `qiangji doctor` looks at: settings, catalogue, warehouse, lake, county systems. It shows no secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from rich.console import Console

from qiangji.catalogue import County
from qiangji.errors import CatalogueError, QiangjiError, WarehouseError
from qiangji.masking import masked
from qiangji.settings import Settings, settings


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    what: str
    is_well: bool
    detail: str


def examine() -> list[Finding]:
    """Look at everything; one thing that is not well hides no other."""
    s = settings()
    findings = [
        _try("settings", lambda: f"home {s.home}, engine {s.engine}, time zone {s.timezone}"),
        *_catalogue(),
        _try("lake", lambda: _lake(s)),
        _try("warehouse", lambda: _warehouse(s)),
        _try("airflow", _airflow),
    ]
    if all(f.is_well for f in findings if f.what == "catalogue"):
        findings += [_try("corrections", lambda: _corrections(s)), *_counties()]
    return findings


def show(console: Console, findings: list[Finding]) -> None:
    """One line a thing."""
    for f in findings:
        mark = "[green]ok[/green]  " if f.is_well else "[red]bad[/red] "
        console.print(f"{mark}{f.what}: {f.detail}")


def _try(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, look())
    except QiangjiError as e:
        return Finding(what, False, f"{e.code}: {e}")
    except (OSError, sa.exc.SQLAlchemyError) as e:
        return Finding(what, False, masked(f"{type(e).__name__}: {str(e).splitlines()[0]}"))


def _catalogue() -> list[Finding]:
    """One finding a thing that does not hold."""
    from qiangji.pipeline import read_catalogue

    try:
        c = read_catalogue()
    except CatalogueError as e:
        return [Finding("catalogue", False, f"{p.code}: {p}") for p in e.problems]
    counts = (len(c.forms), len(c.indicators), len(c.counties), len(c.org.units))
    return [Finding("catalogue", True, "{} forms, {} indicators, {} counties, {} org units".format(*counts))]


def _lake(s: Settings) -> str:
    if not s.lake.exists():
        return f"{s.lake}: empty yet"
    if not os.access(s.lake, os.W_OK):
        raise QiangjiError("cannot be written", where=str(s.lake), do="Give the pipeline's user that folder.")
    return f"{s.lake}: {sum(1 for _ in (s.lake / 'raw').glob('*/*'))} deliveries kept"


def _warehouse(s: Settings) -> str:
    from qiangji.warehouse import reading_warehouse, roles

    with reading_warehouse(s) as engine, engine.connect() as c:
        version = str(c.scalar(sa.text("SHOW server_version")))
        periods = c.scalar(sa.text("SELECT count(DISTINCT period) FROM mart.indicator_value"))
        if open_ended := _without_settings(c):
            raise WarehouseError(
                f"{', '.join(open_ended)}: not read-only, or without a limit on time",
                expected="; ".join(f"ALTER ROLE ... SET {s}" for s in roles.ROLE_SETTINGS),
                do="Let an administrator of the server run that.",
            )
        kind = "QIANGJI_WAREHOUSE_URL" if s.warehouse_url else "embedded"
        return f"{kind}, PostgreSQL {version}, migrated, {periods} periods with figures"


def _without_settings(c: sa.Connection) -> list[str]:
    """Roles of readers without the settings that end a runaway query: a role may change its own settings."""
    from qiangji.warehouse import roles

    rows = c.execute(
        sa.text(
            "SELECT rolname, coalesce(array_to_string(rolconfig, ' '), '') AS said FROM pg_roles"
            " WHERE rolname = ANY(:r) ORDER BY 1"
        ),
        {"r": list(roles.READERS)},
    )
    return [
        r.rolname
        for r in rows
        if "default_transaction_read_only=on" not in r.said
        or not re.search(r"statement_timeout=[1-9]", r.said)
    ]


def _corrections(s: Settings) -> str:
    """How the corrections that persons declared stood when figures were last built."""
    from qiangji.figures.reading import stale_corrections
    from qiangji.pipeline import read_catalogue
    from qiangji.warehouse import reading_warehouse

    counts = dict.fromkeys(("active", "proposed", "retired"), 0)
    for x in read_catalogue().corrections:
        counts[x.status] += 1
    try:
        with reading_warehouse(s) as engine:
            stale = stale_corrections(engine)
    except (WarehouseError, sa.exc.OperationalError):  # said beside
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
        )
    return ", ".join(f"{n} {status}" for status, n in counts.items())


def _airflow() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"version {version('apache-airflow')}"
    except PackageNotFoundError:
        return "not installed: the stages run from the command line alone"


def _counties() -> list[Finding]:
    from qiangji.pipeline import read_catalogue

    catalogue = read_catalogue()
    findings = []
    for code, county in catalogue.counties.items():
        if not catalogue.forms_of(code):
            findings.append(
                Finding(f"county {code}", True, f"{county.transport}; reports none of the forms here")
            )
        elif county.transport == "folder":
            findings.append(_try(f"county {code}", lambda c=county: _folder(c, catalogue.path)))  # type: ignore[misc]
        else:
            findings.append(_try(f"county {code}", lambda c=county: _answers(c)))  # type: ignore[misc]
    return findings


def _folder(county: County, catalogue_path: Path) -> str:
    from qiangji.sources.folder import folder_of

    folder = folder_of(county, catalogue_path)
    if not folder.is_dir():
        raise QiangjiError(
            "no such folder", where=str(folder), do="Create or mount it, or correct counties.yaml."
        )
    return f"folder {folder}"


def _answers(county: County) -> str:
    """Whether the connection is there, may lead where it leads, and its host answers; shown without credentials."""
    import socket

    host, port = _host_of(county)
    try:
        with socket.create_connection((host, port), timeout=5):
            return f"{county.transport} at {host}:{port} answers"
    except OSError as e:
        raise QiangjiError(
            f"nothing answers at {host}:{port} ({e.strerror or e})",
            code="unreachable",
            do="Is the system up? The demonstration's run while `make up` does",
        ) from e


def _host_of(county: County) -> tuple[str, int]:
    """As the sources read it, with the port that goes without saying."""
    if county.transport == "database":
        from qiangji.sources.database import url_of

        url = url_of(county)
        return url.host or "", url.port or 5432
    from qiangji.sources.address import address_of

    at = address_of(county, *(("sftp",) if county.transport == "sftp" else ("http", "https")))
    return at.host, at.port_in_use
