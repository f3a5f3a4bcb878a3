"""The views that BI tools read: those of sql/views, the wide ones made of the catalogue, and their Chinese twins.

In: the catalogue, sql/views/*.sql, sql/dictionary.yaml (words for columns). Out: views in mart and mart_zh.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import sqlalchemy as sa
import yaml
from sqlalchemy.engine import Connection

from qiangji import indicators
from qiangji.catalogue import Catalogue
from qiangji.catalogue.tree import LEVELS
from qiangji.periods import MONTHS_IN
from qiangji.rendering import rendered
from qiangji.warehouse import history

PERIOD_TYPES = ("month", "quarter", "year", "ytd")
_WIDE_COLUMNS = ("org_code", "name", "path", "sort_order", "period", "period_start", "period_end")


def drop(connection: Connection) -> None:
    """Drop every view of mart and mart_zh, in the caller's transaction: readers see the new ones when it commits.

    Functions over the views go with them: their bodies are parsed when they are made, and so depend on them.
    """
    old = connection.execute(
        sa.text(
            "SELECT table_schema, table_name FROM information_schema.views"
            " WHERE table_schema IN ('mart', 'mart_zh', 'county')"
        )
    ).all()
    for schema, name in old:
        connection.exec_driver_sql(f'DROP VIEW IF EXISTS {schema}."{name}" CASCADE')


def create(connection: Connection, sql: Path, catalogue: Catalogue) -> None:
    """Make every view of mart and mart_zh."""
    bases = indicators.bases(catalogue)
    kept = connection.execute(
        sa.text(
            "SELECT table_name, array_agg(substr(column_name, 4) ORDER BY ordinal_position)"
            " FILTER (WHERE column_name LIKE 'n\\_\\_%'),"
            " array_agg(substr(column_name, 4)) FILTER (WHERE column_name LIKE 'h\\_\\_%')"
            " FROM information_schema.columns WHERE table_schema = 'calc' AND column_name ~ '^[nh]__'"
            " GROUP BY 1 ORDER BY 1"
        )
    ).all()
    together = "\n    UNION ALL\n    "
    values = together.join(_values(t, *codes) for t, *codes in kept if not t.endswith(indicators.RESTATED))
    restated = together.join(_values(t, *codes) for t, *codes in kept if t.endswith(indicators.RESTATED))
    made = {"values": values, "restated_values": restated}
    for path in sorted((sql / "views").glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        pieces = {name: rows for name, rows in made.items() if "{{" + name + "}}" in text}
        _execute(connection, rendered(text, f"sql/views/{path.name}", pieces))
    for level in LEVELS[:-1]:
        for period_type in PERIOD_TYPES:
            _execute(connection, wide(bases, catalogue, level, period_type))
    words = yaml.safe_load((sql / "dictionary.yaml").read_text(encoding="utf-8"))
    _translate(connection, words, catalogue)


def _values(table: str, codes: list[str], hidden: list[str] | None) -> str:
    """A result table's row as one row an indicator, those included that have left the catalogue or the table.

    Both sides of what is hidden are NULL, here where all views begin: none of them can show it.

    One plain SELECT from one table each: the planner sees through those and can use an index for a join, and one
    indicator costs its own table only.
    """
    return "\n    UNION ALL\n    ".join(
        f"SELECT '{code}' AS indicator_code, '{table}'::text AS calc_table, org_code, org_level, period, period_type,"
        f" {shown(f'n__{code}::numeric', code, hidden)} AS numerator,"
        f" {shown(f'd__{code}::numeric', code, hidden)} AS denominator,"
        f" {f'h__{code} IS TRUE' if code in (hidden or ()) else 'false'} AS is_hidden, expected_units, reported_units,"
        f" k__{code} AS units_lacking, w__{code} AS units_warned, c__{code} AS units_corrected,"
        f" built_from, built_to FROM calc.{table}"
        for code in codes
    )


def shown(expression: str, code: str, hidden: Collection[str] | None, table: str = "") -> str:
    """SQL of what is NULL where the indicator's figure is hidden."""
    return (
        f"CASE WHEN {table}h__{code} IS NOT TRUE THEN {expression} END"
        if code in (hidden or ())
        else expression
    )


def wide(bases: list[indicators.Base], catalogue: Catalogue, level: str, period_type: str) -> str:
    """`mart.v_<level>_<period_type>`: a row a unit and period, a column each indicator with such figures there."""
    bases = [
        b
        for b in bases
        if level in b.levels and MONTHS_IN.get(period_type, 12) >= MONTHS_IN[b.shortest_period]
    ]
    scope = f"org_level = '{level}' AND period_type = '{period_type}' AND built_to IS NULL"
    keys = "\n    UNION ".join(f"SELECT org_code, period FROM {b.table} WHERE {scope}" for b in bases)
    keys = (
        keys or "SELECT org_code, org_code AS period FROM dim.org_unit WHERE false"
    )  # no figures at this level
    meanings: dict[str, list[str]] = {}
    for b in bases:
        for d in b.definitions:
            i = d.indicator
            value = shown(
                f"mart.ratio({i.factor}, {b.name}.n__{i.code}, {b.name}.d__{i.code})",
                i.code,
                {x.code for x in b.persons},
                f"{b.name}.",
            )
            if level in ("city", "county") or not catalogue.is_restricted(catalogue.indicators[i.code]):
                if d.since or d.until:
                    value = (
                        f"CASE WHEN p.last_month BETWEEN '{d.since or history.FIRST_MONTH}'"
                        f" AND '{d.until or history.LAST_MONTH}' THEN {value} END"
                    )
                meanings.setdefault(i.code, []).append(value)
    # at most one of its definitions is in force
    columns = {
        code: (values[0] if len(values) == 1 else f"coalesce({', '.join(values)})") + f" AS {code}"
        for code, values in meanings.items()
    }
    joins = "\n".join(
        f"LEFT JOIN {b.table} AS {b.name} ON {b.name}.org_code = k.org_code AND {b.name}.period = k.period"
        f" AND {b.name}.period_type = '{period_type}' AND {b.name}.built_to IS NULL"
        for b in bases
    )
    ordered = "".join(f",\n    {columns[code]}" for code in catalogue.indicators if code in columns)
    return (
        f"CREATE VIEW mart.v_{level}_{period_type} AS\n"
        "SELECT\n    o.org_code, o.name, o.path, o.sort_order, p.period, p.period_start, p.period_end"
        f"{ordered}\nFROM (\n    {keys}\n) AS k\n"
        "JOIN dim.org_unit AS o USING (org_code)\n"
        f"JOIN dim.period AS p ON p.period = k.period AND p.period_type = '{period_type}'\n{joins}"
    )


def _translate(connection: Connection, words: dict[str, dict[str, str]], catalogue: Catalogue) -> None:
    """The same views under Chinese headings, in mart_zh."""
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
        selected = ", ".join(f'"{n}" AS "{chinese(n, table, words, catalogue)}"' for n in names)
        _execute(connection, f'CREATE VIEW mart_zh."{table}" AS SELECT {selected} FROM mart."{table}"')


def chinese(column: str, table: str, words: dict[str, dict[str, str]], catalogue: Catalogue) -> str:
    """A column's Chinese heading."""
    if column in catalogue.indicators:
        return catalogue.indicators[column].name.zh
    text = words["columns"].get(f"mart.{table}.{column}") or words["columns"].get(column)
    return text.split(" / ")[0] if text else column


def _execute(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement.replace("%", "%%"))
