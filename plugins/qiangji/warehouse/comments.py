"""Words in the warehouse: a COMMENT in both languages on every table, view and column.

In: sql/dictionary.yaml, the catalogue's labels and names. Out: COMMENT statements; one that has no words is an error.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
import yaml
from sqlalchemy.engine import Connection

from qiangji.catalogue import Catalogue
from qiangji.errors import WarehouseError


def write(connection: Connection, dictionary: Path, catalogue: Catalogue) -> None:
    """A comment in both languages on every table, view and column: from the catalogue, else from the dictionary."""
    words: dict[str, dict[str, str]] = yaml.safe_load(dictionary.read_text(encoding="utf-8"))
    named = {i.code: f"{i.name.zh} / {i.name.en}" for i in catalogue.indicators.values()}
    keys = {
        form.key: f"{form.title.zh}:单位编码 / unit code of the form" for form in catalogue.forms.values()
    }
    found = connection.execute(
        sa.text(
            "SELECT n.nspname, c.relname, c.relkind, a.attname, a.attnum, obj_description(c.oid) AS of_table,"
            " col_description(c.oid, a.attnum) AS of_column FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace"
            " LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
            " WHERE n.nspname IN ('ops', 'dim', 'fact', 'calc', 'mart', 'mart_zh', 'county')"
            " AND c.relkind IN ('r', 'v') ORDER BY n.nspname IN ('mart_zh', 'county'), 1, 2, a.attnum"
        )
    ).all()
    texts: dict[tuple[str, str, int], str | None] = {}  # 0: the table itself
    names: dict[tuple[str, str, int], str] = {}
    for schema, table, relkind, column, number, of_table, of_column in found:
        kind = "VIEW" if relkind == "v" else "TABLE"
        names[schema, table, 0] = f'{kind} {schema}."{table}"'
        names[schema, table, number or 0] = (
            f'COLUMN {schema}."{table}"."{column}"' if number else names[schema, table, 0]
        )
        if schema in ("mart_zh", "county"):  # the same views under other headings, or of one county's rows
            texts[schema, table, 0] = texts["mart", table, 0]
            texts[schema, table, number] = texts["mart", table, number]
            continue
        form = catalogue.forms.get(table) if schema == "fact" else None
        shared = {"calc": "calc", "mart": "v" if table.startswith("v_") else ""}.get(
            schema
        ) or f"{schema}.{table}"
        texts[schema, table, 0] = (
            f"{form.title.zh} / {form.title.en}" if form else words["tables"].get(shared)
        )
        if number:
            part, _, code = column.partition("__")
            if schema == "calc" and code in named:
                texts[schema, table, number] = f"{named[code]}: {words['parts'][part]}"
            elif form and column in form.fields:
                texts[schema, table, number] = (
                    f"{form.fields[column].label.zh} / {form.fields[column].label.en}"
                )
            else:
                own = words["columns"].get(f"{schema}.{table}.{column}") or words["columns"].get(column)
                texts[schema, table, number] = own or keys.get(column) or named.get(column)
        if schema in ("fact", "calc"):  # what has left the catalogue keeps its words, as it keeps its past
            texts[schema, table, 0] = texts[schema, table, 0] or of_table
            texts[schema, table, number or 0] = texts[schema, table, number or 0] or of_column
    if missing := [names[at] for at, text in texts.items() if not text]:
        raise WarehouseError(
            f"no words for {', '.join(missing)}", where=str(dictionary), expected="zh / en for each"
        )
    for at, text in texts.items():
        quoted = (text or "").replace("'", "''").replace("%", "%%")
        connection.exec_driver_sql(f"COMMENT ON {names[at]} IS '{quoted}'")
