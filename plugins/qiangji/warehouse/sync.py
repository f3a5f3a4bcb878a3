"""Brings the warehouse in line with the catalogue: dimensions, fact.* and calc.* tables, views, comments, grants.

Tables are only ever added to: a field that left the catalogue keeps its column and its past. Views are made anew.
Runs in the caller's transaction and only when something it depends on has changed, told by one hash.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji import indicators
from qiangji.catalogue import Catalogue, Field, Form
from qiangji.catalogue.tree import LEVELS
from qiangji.errors import WarehouseError
from qiangji.lake import Lake
from qiangji.periods import MONTHS_IN, Period, due_at, due_date, span
from qiangji.settings import Settings
from qiangji.warehouse import comments, hidden_past, history, views
from qiangji.warehouse.rows import insert

SQL_TYPES = {
    "integer": "bigint",
    "decimal": "numeric(18,4)",
    "boolean": "boolean",
    "code": "text",
    "text": "text",
    "enum": "text",
    "date": "date",
}
PATH = tuple(f"{level}_code" for level in LEVELS[:-1])
FIRST_YEAR, FUTURE_YEARS = 2015, 1
EXPECTED_MONTHS = 25
"""How far back expected units are filled in ahead of any build (a build fills in those of its own months)."""
READERS = ("qiangji_bi", "qiangji_analyst")
COUNTY = "qiangji_county"
"""The group of counties' own logins, county_<code>: each sees its county's rows in the views of `county`."""
ROLE_SETTINGS = (
    "statement_timeout = '60s'",
    "idle_in_transaction_session_timeout = '10min'",
    "default_transaction_read_only = on",
)
"""Of the two roles that read: a runaway query of a BI tool ends by itself, and so does a transaction that it forgot."""


def ensure_roles(connection: Connection, roles: Iterable[str]) -> None:
    """Roles that are missing, without a login: who may log in is decided where the server is run."""
    known = set(connection.scalars(sa.text("SELECT rolname FROM pg_roles")))
    for role in roles:
        if role not in known:
            try:
                connection.execute(sa.text(f"CREATE ROLE {role} NOLOGIN"))
                for setting in ROLE_SETTINGS if role in READERS else ():
                    connection.execute(sa.text(f"ALTER ROLE {role} SET {setting}"))
            except sa.exc.ProgrammingError as e:
                raise WarehouseError(
                    f"role {role} is missing and this login may not make it",
                    do=f"Let an administrator run: CREATE ROLE {role}",
                ) from e


def found_hash(connection: Connection) -> str | None:
    """The hash that the warehouse was last synchronised to; None before the first time."""
    if connection.scalar(sa.text("SELECT to_regclass('ops.definition')")) is None:
        return None
    found: str | None = connection.scalar(sa.text("SELECT hash FROM ops.definition WHERE name = 'catalogue'"))
    return found


def synchronise(connection: Connection, settings: Settings, catalogue: Catalogue, wanted: str) -> None:
    """Bring everything that the catalogue defines up to date, unless it is; `wanted` is its `definitions_hash`."""
    if found_hash(connection) == wanted:
        return
    views.drop(connection)
    _fill_dimensions(connection, settings, catalogue)
    for form in catalogue.forms.values():
        _fact_table(connection, catalogue, form)
    for base in indicators.bases(catalogue):
        _calc_table(connection, base)
        _calc_table(connection, base, is_restated=True)
    hidden_past.hide(connection, catalogue, Lake(settings.lake))
    views.create(connection, settings.sql, catalogue)
    comments.write(connection, settings.sql / "dictionary.yaml", catalogue)
    _grant(connection)
    connection.execute(
        sa.text(
            "INSERT INTO ops.definition VALUES ('catalogue', :hash, now())"
            " ON CONFLICT (name) DO UPDATE SET hash = excluded.hash, synced_at = excluded.synced_at"
        ),
        {"hash": wanted},
    )


def definitions_hash(settings: Settings, catalogue: Catalogue) -> str:
    """Changes with anything that the warehouse's definitions come from."""
    digest = hashlib.sha256(str(date.today().year).encode())  # dim.period reaches into the next year
    sources = [
        # corrections define nothing here: builds keep them
        *(p for p in catalogue.path.rglob("*.yaml") if p.parent.name != "corrections"),
        *catalogue.path.rglob("*.csv"),
        *settings.sql.rglob("*.sql"),
        *settings.sql.rglob("*.yaml"),
        *settings.sql.rglob("*.py"),
        *Path(__file__).parent.glob("*.py"),
        Path(indicators.__file__),
    ]
    for path in sorted(sources):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _fill(connection: Connection, table: str, rows: list[dict[str, object]]) -> None:
    """Replace a dimension's rows."""
    connection.execute(sa.text(f"DELETE FROM {table}"))
    insert(connection, table, rows)


def _fill_dimensions(connection: Connection, settings: Settings, catalogue: Catalogue) -> None:
    org = catalogue.org
    names = {u.code: u.name for u in org}
    _fill(
        connection,
        "dim.org_unit",
        [
            row | {"path": "/".join(names[c] for c in org.path(row["org_code"]).values())}
            for row in org.table.to_pylist()
        ],
    )
    _fill(
        connection,
        "dim.org_unit_version",
        [
            {
                "org_code": u.code,
                "version": i,
                "name": u.name,
                "org_level": u.level,
                "kind": u.kind,
                "parent_code": u.parent_code or None,
                "reports": u.reports,
                "valid_from": u.valid_from,
                "valid_to": u.valid_to,
            }
            for versions in org.versions.values()
            for i, u in enumerate(versions, 1)
        ],
    )
    _fill(
        connection,
        "dim.org_lineage",
        [
            {
                "kind": x.kind,
                "from_code": x.from_code,
                "to_code": x.to_code,
                "on_date": x.on,
                "share": x.share,
            }
            for x in catalogue.lineage
        ],
    )
    today = date.today()
    first, last = date(FIRST_YEAR, 1, 1), date(today.year + FUTURE_YEARS, 12, 31)
    periods = [p for t in ("month", "quarter", "year") for p in span(Period.of(first, t), Period.of(last, t))]
    _fill(connection, "dim.period", [row for p in periods for row in _period_rows(p)])
    _fill(connection, "dim.form", [_form_row(f) for f in catalogue.forms.values()])
    _fill(
        connection,
        "dim.field",
        [
            _field_row(f, n, x, i)
            for f in catalogue.forms.values()
            for i, (n, x) in enumerate(f.fields.items(), 1)
        ],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # years whose calendar is not out yet: `qiangji doctor` says which
        due = [
            {
                "form": f.form,
                "period": str(p),
                "due_date": due_date(p, f.due_working_day),
                "due_at": due_at(p, f.due_working_day, settings.timezone),
            }
            for f in catalogue.forms.values()
            for p in periods
            if p.type == f.period_type and f.holds_in(str(p.last_month))
        ]
    _fill(connection, "dim.due", due)
    county_forms = [(c, f) for c in catalogue.counties for f in catalogue.forms_of(c)]
    _fill(
        connection,
        "dim.county_form",
        [
            {"county_code": c, "form": f.form, "transport": catalogue.counties[c].transport}
            for c, f in county_forms
        ],
    )
    recent = Period.of(today) - EXPECTED_MONTHS
    fill_expected(
        connection, catalogue, [p for p in periods if recent < p.last_month <= Period.of(today) + 1]
    )
    rows = indicators.dictionary(catalogue)
    _fill(connection, "dim.indicator_target", [])
    _fill(connection, "dim.indicator", rows)
    connection.execute(
        sa.text(
            "INSERT INTO dim.indicator_due SELECT i.indicator_code, p.period, p.period_type, max(d.due_at)"
            " FROM dim.indicator i CROSS JOIN unnest(i.forms) AS f (form) JOIN dim.form USING (form)"
            " JOIN dim.due d ON d.form = f.form"
            " JOIN dim.period own ON own.period = d.period AND own.period_type = form.period_type"
            " JOIN dim.period p ON p.last_month = own.last_month GROUP BY 1, 2, 3"
        )
    )
    _fill(
        connection,
        "dim.indicator_target",
        [
            {"indicator_code": i.code, "year": year, "target": target}
            for i in catalogue.indicators.values()
            for year, target in i.target.items()
        ],
    )
    _fill(connection, "dim.indicator_field", indicators.fields_read(catalogue))
    history.keep(connection, catalogue, Lake(settings.lake))


def fill_expected(connection: Connection, catalogue: Catalogue, periods: Iterable[Period]) -> None:
    """Units that the tree expects to report in these periods; builds fill in how many groups are registered."""
    rows = [
        {"county_code": county, "form": form.form, "period": str(period), "expected_units": n}
        for form in catalogue.forms.values()
        if not form.is_registered
        for period in periods
        if period.type == form.period_type and form.holds_in(str(period.last_month))
        for county, n in _expected_by_county(catalogue, form, period).items()
    ]
    if rows:
        connection.execute(
            sa.text(
                "INSERT INTO dim.expected_units VALUES (:county_code, :form, :period, :expected_units)"
                " ON CONFLICT (county_code, form, period) DO UPDATE SET expected_units = excluded.expected_units"
            ),
            rows,
        )


def _expected_by_county(catalogue: Catalogue, form: Form, period: Period) -> dict[str, int]:
    counts = dict.fromkeys((c for c in catalogue.counties if form in catalogue.forms_of(c)), 0)
    for unit in catalogue.org.expected(form.filled_in_by, period):
        county = catalogue.org.county_of(unit.code, period)
        if county in counts:
            counts[county] += 1
    return counts


def _period_rows(period: Period) -> list[dict[str, object]]:
    row: dict[str, object] = {
        "period": str(period),
        "period_type": period.type,
        "period_start": period.start,
        "period_end": period.end,
        "last_month": str(period.last_month),
        "year": period.year,
        "label_zh": f"{period.year}年",
        "label_en": str(period),
        "month_number": period.last_month.index,
        "previous_period": str(period - 1),
        "previous_quarter": None,
        "year_ago_period": str(period - 12 // MONTHS_IN[period.type]),
    }
    if period.type == "quarter":
        row["label_zh"] = f"{period.year}年第{str(period)[-1]}季度"
    if period.type != "month":
        return [row]
    month = period.start.month
    row["label_zh"] = f"{period.year}年{month}月"
    to_date = {
        "period_type": "ytd",
        "period_start": date(period.year, 1, 1),
        "label_zh": f"{period.year}年1-{month}月累计",
        "label_en": f"{period.year}-01 to {period}",
        # it begins anew in January; one of quarterly forms has figures at the quarters' ends only
        "previous_period": str(period - 1) if month > 1 else None,
        "previous_quarter": str(period - 3) if month > 3 else None,
    }
    return [row, row | to_date]


def _form_row(form: Form) -> dict[str, object]:
    return {
        "form": form.form,
        "number": form.number,
        "title_zh": form.title.zh,
        "title_en": form.title.en,
        "grain": form.grain,
        "period_type": form.period_type,
        "due_working_day": form.due_working_day,
    }


def _field_row(form: Form, name: str, field: Field, order: int) -> dict[str, object]:
    return {
        "form": form.form,
        "field": name,
        "label_zh": field.label.zh,
        "label_en": field.label.en,
        "type": field.type,
        "kind": field.kind,
        "unit": field.unit,
        "is_restricted": field.restricted,
        "note_zh": field.note.zh if field.note else None,
        "note_en": field.note.en if field.note else None,
        "sort_order": order,
    }


def add_columns(connection: Connection, table: str, columns: dict[str, str]) -> list[str]:
    """Columns that are missing (returned), and wider types for sums that were integers and are decimals now."""
    connection.execute(sa.text(f"CREATE TABLE IF NOT EXISTS {table} ()"))
    schema, name = table.split(".")
    known = {
        r.column_name: r.data_type
        for r in connection.execute(
            sa.text(
                "SELECT column_name, data_type FROM information_schema.columns"
                " WHERE table_schema = :s AND table_name = :t"
            ),
            {"s": schema, "t": name},
        )
    }
    changes = [f'ADD COLUMN "{column}" {type_}' for column, type_ in columns.items() if column not in known]
    changes += [
        f'ALTER COLUMN "{column}" TYPE {type_}'
        for column, type_ in columns.items()
        if known.get(column) == "bigint" and type_.startswith("numeric")
    ]
    if changes:
        connection.execute(sa.text(f"ALTER TABLE {table} {', '.join(changes)}"))
    return [column for column in columns if column not in known]


def _fact_table(connection: Connection, catalogue: Catalogue, form: Form) -> None:
    table = f"fact.{form.form}"
    columns = {form.key: "text NOT NULL", "unit_name": "text"}
    columns |= dict.fromkeys(PATH, "text")
    columns |= {"period": "text NOT NULL", "revision": "integer NOT NULL"}
    columns |= {name: SQL_TYPES[field.type] for name, field in form.fields.items()}
    add_columns(connection, table, columns)
    connection.execute(
        sa.text(
            f"CREATE UNIQUE INDEX IF NOT EXISTS {form.form}_row ON {table} (period, county_code, {form.key})"
        )
    )


def _calc_table(connection: Connection, base: indicators.Base, is_restated: bool = False) -> None:
    """The sums as was; or restated, where a share of a split may be any fraction."""
    table, name = (
        (base.restated_table, f"{base.name}{indicators.RESTATED}") if is_restated else (base.table, base.name)
    )
    columns = {
        "org_code": "text NOT NULL",
        "org_level": "text NOT NULL",
        "period": "text NOT NULL",
        "period_type": "text NOT NULL",
        "expected_units": "bigint NOT NULL",
        "reported_units": "bigint NOT NULL",
    }
    columns |= base.result_columns()
    if is_restated:
        columns = {c: t.replace("bigint", "numeric").split("(")[0] for c, t in columns.items()}
    columns |= base.flag_columns()
    columns |= {"built_from": "timestamptz NOT NULL", "built_to": "timestamptz"}
    add_columns(connection, table, columns)
    connection.execute(
        sa.text(
            f"CREATE UNIQUE INDEX IF NOT EXISTS {name}_current ON {table} (org_code, period_type, period)"
            " WHERE built_to IS NULL"
        )
    )
    connection.execute(
        sa.text(
            f"CREATE INDEX IF NOT EXISTS {name}_scope ON {table} (period_type, period, org_level)"
            " WHERE built_to IS NULL"
        )
    )


def _grant(connection: Connection) -> None:
    """Least privilege: BI reads mart, mart_zh and dim; analysts also fact; the loader writes data, no definitions.

    Counties' logins read `county` and nothing else.
    """
    ensure_roles(connection, (COUNTY,))
    for schema, readers in {
        "dim": "qiangji_bi, qiangji_analyst, qiangji_loader",
        "mart": "qiangji_bi, qiangji_analyst, qiangji_loader",
        "mart_zh": "qiangji_bi, qiangji_analyst, qiangji_loader",
        "fact": "qiangji_analyst",
        "county": COUNTY,
    }.items():
        connection.execute(sa.text(f"GRANT USAGE ON SCHEMA {schema} TO {readers}"))
        connection.execute(sa.text(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {readers}"))
    version = connection.scalar(sa.text("SELECT current_setting('server_version_num')::int"))
    rights = "SELECT, INSERT, UPDATE, DELETE" + (", MAINTAIN" if version >= 170000 else "")  # to analyse
    for schema in ("ops", "dim", "fact", "calc"):
        connection.execute(sa.text(f"GRANT USAGE ON SCHEMA {schema} TO qiangji_loader"))
        connection.execute(sa.text(f"GRANT {rights} ON ALL TABLES IN SCHEMA {schema} TO qiangji_loader"))
