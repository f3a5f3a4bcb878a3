"""The views that BI tools read: those of sql/views, the wide ones made of the catalogue, and their Chinese twins.

In: the catalogue, sql/views/*.sql, sql/dictionary.yaml (words for columns). Out: views in mart and mart_zh.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.engine import Connection

from qiangji import indicators
from qiangji.catalogue.indicators import Definition
from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.shapes import read_yaml
from qiangji.catalogue.tree import LEVELS
from qiangji.periods import MONTHS_IN, PERIOD_TYPES
from qiangji.rendering import rendered
from qiangji.warehouse import history, moments
from qiangji.warehouse.ddl import define
from qiangji.warehouse.queries import query, statement

_WIDE_COLUMNS = (
    "o.org_code", "o.name", "o.path", "o.sort_order", "p.period", "p.period_start", "p.period_end",
)  # fmt: skip
_UNION = "\nUNION ALL\n"
FIGURE = (
    "indicator_code", "org_code", "org_level", "period", "period_type", "period_start", "period_end", "numerator",
    "denominator", "value", "target", "expected_units", "reported_units", "reporting_rate", "obs_status",
    "is_corrected", "has_warning",
)  # fmt: skip
"""The columns that every view of figures begins with, in sql/views as {{figure}} of the history `h`."""


def drop(connection: Connection) -> None:
    """Drop every view of mart, mart_zh and county in the caller's transaction: readers see the new ones on commit.

    Functions over the views go with them: their bodies were parsed when they were made, and depend on the views.
    """
    old = connection.execute(
        sa.text(
            "SELECT table_schema, table_name FROM information_schema.views"
            " WHERE table_schema IN ('mart', 'mart_zh', 'county')"
        )
    ).all()
    for schema, name in old:
        define(connection, sql.SQL("DROP VIEW IF EXISTS {} CASCADE").format(sql.Identifier(schema, name)))


def create(connection: Connection, folder: Path, catalogue: Catalogue, zone: str) -> None:
    """Make every view of mart, mart_zh and county; `folder` is sql/, `zone` the time zone of the counties."""
    values: list[str] = []
    restated: list[str] = []
    for row in connection.execute(query("warehouse/result_columns")):
        figures = [_figures(row.table_name, code, row.hidden) for code in row.codes]
        (restated if row.table_name.endswith(indicators.RESTATED) else values).extend(figures)
    made = {"values": _UNION.join(values), "restated_values": _UNION.join(restated)}
    made["zone"] = zone
    made["reporting_status"] = statement("warehouse/reporting_status", moment="now()")
    made["reporting_status_then"] = statement("warehouse/reporting_status", moment="moment")
    made["figure"] = ", ".join(f"h.{column}" for column in FIGURE)
    for path in sorted((folder / "views").glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        pieces = {name: rows for name, rows in made.items() if "{{" + name + "}}" in text}
        define(connection, rendered(text, f"sql/views/{path.name}", pieces))
    moments.create(connection, zone)
    bases = indicators.bases(catalogue)
    for level in LEVELS[:-1]:
        for period_type in PERIOD_TYPES:
            define(connection, wide(bases, catalogue, level, period_type))
    words = read_yaml(folder / "dictionary.yaml")
    _translate(connection, words, catalogue)


def _figures(table: str, code: str, hidden: Collection[str]) -> str:
    """An indicator's figures in a result table, also those of an indicator that has left the catalogue."""
    return statement(
        "warehouse/figures_of_one",
        code=code,
        table=table,
        numerator=shown(f"n__{code}::numeric", code, hidden),
        denominator=shown(f"d__{code}::numeric", code, hidden),
        is_hidden=f"h__{code} IS TRUE" if code in hidden else "false",
    )


def shown(expression: str, code: str, hidden: Collection[str], table: str = "") -> str:
    """SQL of an expression that is NULL where the indicator's figure is hidden."""
    return f"CASE WHEN {table}h__{code} IS NOT TRUE THEN {expression} END" if code in hidden else expression


def wide(bases: list[indicators.Base], catalogue: Catalogue, level: str, period_type: str) -> str:
    """`mart.v_<level>_<period_type>`: a row a unit and period, a column each indicator with such figures there."""
    bases = [
        b
        for b in bases
        if level in b.levels and MONTHS_IN.get(period_type, 12) >= MONTHS_IN[b.shortest_period]
    ]
    scope = f"org_level = '{level}' AND period_type = '{period_type}' AND built_to IS NULL"
    keys = [f"SELECT org_code, period FROM {b.table} WHERE {scope}" for b in bases]
    no_figures = "SELECT org_code, org_code AS period FROM dim.org_unit WHERE false"
    values: dict[str, list[str]] = {}
    for b in bases:
        for d in b.definitions:
            code = d.indicator.code
            if level in ("city", "county") or not catalogue.is_restricted(catalogue.indicators[code]):
                values.setdefault(code, []).append(_wide_value(b, d))
    columns = [f"{_first(values[code])} AS {code}" for code in catalogue.indicators if code in values]
    joins = [
        f"LEFT JOIN {b.table} AS {_of(b)} ON {_of(b)}.org_code = k.org_code AND {_of(b)}.period = k.period"
        f" AND {_of(b)}.period_type = '{period_type}' AND {_of(b)}.built_to IS NULL"
        for b in bases
    ]
    return statement(
        "warehouse/wide_view",
        view=f"v_{level}_{period_type}",
        columns=",\n    ".join((*_WIDE_COLUMNS, *columns)),
        keys="\n    UNION ".join(keys or [no_figures]),
        period_type=period_type,
        joins="\n".join(joins),
    )


def _of(base: indicators.Base) -> str:
    """The name of a base in a wide view, which has names of its own: a form may be called `k`, too."""
    return f"of_{base.name}"


def _wide_value(base: indicators.Base, definition: Definition) -> str:
    """SQL of the value by one definition; NULL in periods in which the definition is not in force."""
    x, name = definition.indicator, _of(base)
    ratio = f"mart.ratio({x.factor}, {name}.n__{x.code}, {name}.d__{x.code})"
    value = shown(ratio, x.code, {p.code for p in base.persons}, f"{name}.")
    if not (definition.since or definition.until):
        return value
    first, last = definition.since or history.FIRST_MONTH, definition.until or history.LAST_MONTH
    return f"CASE WHEN p.last_month BETWEEN '{first}' AND '{last}' THEN {value} END"


def _first(values: list[str]) -> str:
    """The value of the definition in force: at most one is."""
    return values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"


def _translate(connection: Connection, words: dict[str, dict[str, str]], catalogue: Catalogue) -> None:
    """Make the same views under Chinese headings, in mart_zh."""
    found = connection.execute(
        sa.text(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'mart' ORDER BY table_name, ordinal_position"
        )
    ).all()
    columns: dict[str, list[str]] = {}
    for table, column in found:
        columns.setdefault(table, []).append(column)
    for table, names in columns.items():
        headings = [(n, chinese(n, table, words, catalogue)) for n in names]
        selected = [sql.SQL("{} AS {}").format(sql.Identifier(n), sql.Identifier(zh)) for n, zh in headings]
        define(
            connection,
            sql.SQL("CREATE VIEW {} AS SELECT {} FROM {}").format(
                sql.Identifier("mart_zh", table),
                sql.SQL(", ").join(selected),
                sql.Identifier("mart", table),
            ),
        )


def chinese(column: str, table: str, words: dict[str, dict[str, str]], catalogue: Catalogue) -> str:
    """A column's Chinese heading."""
    if column in catalogue.indicators:
        return catalogue.indicators[column].name.zh
    text = words["columns"].get(f"mart.{table}.{column}") or words["columns"].get(column)
    return text.split(" / ")[0] if text else column
