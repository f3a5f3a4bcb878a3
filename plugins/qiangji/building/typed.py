"""Rows as kept, in the types that their form's fields have today.

In: rows of a report, as they were read once; the form. Out: the same values in today's types: a whole number is a
decimal, a decimal without a fraction a whole number. What is no value of today's type is an error.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.models import Form
from qiangji.errors import CatalogueError
from qiangji.ledger import Key
from qiangji.parsing.normalise import TYPES

_WIDE = pa.decimal128(23, 4)
"""Holds any whole number of 64 bits and any decimal."""


def typed(rows: pa.Table, form: Form, key: Key) -> pa.Table:
    """The rows of a report. Raises CatalogueError `another_field_type`."""
    for i, column in enumerate(rows.schema):
        field = form.fields.get(column.name)
        if field is None or column.name == form.key or column.type == TYPES[field.type]:
            continue
        try:
            values = _cast(rows.column(i), TYPES[field.type])
        except pa.ArrowInvalid as e:
            raise _told(key, column.name, field.type) from e
        rows = rows.set_column(i, column.name, values)
    return rows


def _cast(values: pa.ChunkedArray, to: pa.DataType) -> pa.ChunkedArray:
    if values.null_count == len(values):
        return pa.chunked_array([pa.nulls(len(values), to)])
    numbers = (TYPES["integer"], TYPES["decimal"])
    if values.type not in numbers or to not in numbers:
        raise pa.ArrowInvalid(f"{values.type} is no {to}")
    return pc.cast(pc.cast(values, _WIDE), to)


def _told(key: Key, field: str, type_: str) -> CatalogueError:
    form, period, county = key
    return CatalogueError(
        f"the report of {county} for {period} was read when {field} had another type, and holds what is no {type_}",
        where=f"{form}.{field}",
        do=f"Run `qiangji reprocess --form {form}`, which reads the reports again, or take the type back.",
        zh=f"{form}.{field}的类型已改为{type_}，而{county}的{period}报表中有不合该类型的值："
        f"请运行qiangji reprocess --form {form}重新读取，或把类型改回。",
        code="another_field_type",
    )
