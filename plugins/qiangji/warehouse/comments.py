"""Words in the warehouse: a COMMENT in both languages on every table, view and column.

In: sql/dictionary.yaml, the catalogue's labels and names. Out: COMMENT statements. An object without words is an error.
"""

from __future__ import annotations

from pathlib import Path

from psycopg import sql
from sqlalchemy.engine import Connection

from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Label
from qiangji.catalogue.shapes import read_yaml
from qiangji.errors import WarehouseError
from qiangji.warehouse.ddl import define
from qiangji.warehouse.queries import query


def write(connection: Connection, dictionary: Path, catalogue: Catalogue) -> None:
    """Comment every table, view and column. Raises WarehouseError for those that have no words."""
    words = _Words(read_yaml(dictionary), catalogue)
    texts: dict[tuple[str, str, int], str | None] = {}
    statements: list[str] = []
    missing: list[str] = []
    for row in connection.execute(query("warehouse/commented")):
        at = (row.schema, row.name, row.number)
        names = (row.schema, row.name, row.column_name) if row.column_name else (row.schema, row.name)
        named = f"{row.kind} {sql.Identifier(*names).as_string()}"
        if row.schema in (
            "mart_zh",
            "county",
        ):  # views of mart under other headings, or one county's rows of them
            text = texts["mart", row.name, row.number]
        else:  # what has left the catalogue keeps its words, as it keeps its past
            kept = row.comment if row.schema in ("fact", "calc") else None
            text = texts[at] = words.of(row.schema, row.name, row.column_name) or kept
        if not text:
            missing.append(named)
        elif text != row.comment:
            statements.append(f"COMMENT ON {named} IS {sql.Literal(text).as_string()}")
    if missing:
        raise WarehouseError(
            f"no words for {', '.join(missing)}",
            where=str(dictionary),
            expected="zh / en for each",
            zh=f"缺少中英文说明：{'、'.join(missing)}。",
        )
    define(connection, ";".join(statements))


class _Words:
    """Words for tables, views and columns: the catalogue's where it has any, else the dictionary's."""

    def __init__(self, dictionary: dict[str, dict[str, str]], catalogue: Catalogue) -> None:
        self.dictionary, self.forms = dictionary, catalogue.forms
        self.indicators = {i.code: _both(i.name) for i in catalogue.indicators.values()}
        self.keys = {
            form.key: f"{form.title.zh}:单位编码 / unit code of the form" for form in catalogue.forms.values()
        }

    def of(self, schema: str, table: str, column: str | None) -> str | None:
        """zh / en for a column, or, without one, for the table or view."""
        form = self.forms.get(table) if schema == "fact" else None
        if column is None:
            return _both(form.title) if form else self._of_table(schema, table)
        part, _, code = column.partition("__")
        if schema == "calc" and code in self.indicators:
            return f"{self.indicators[code]}: {self.dictionary['parts'][part]}"
        if form and column in form.fields:
            return _both(form.fields[column].label)
        columns = self.dictionary["columns"]
        own = columns.get(f"{schema}.{table}.{column}") or columns.get(column)
        return own or self.keys.get(column) or self.indicators.get(column)

    def _of_table(self, schema: str, table: str) -> str | None:
        """Result tables share one text, and so do wide views."""
        if schema == "calc":
            name = "calc"
        else:
            name = "v" if schema == "mart" and table.startswith("v_") else f"{schema}.{table}"
        return self.dictionary["tables"].get(name)


def _both(text: Label) -> str:
    return f"{text.zh} / {text.en}"
