"""The functions of mart that take moments, once more for each way in which a tool may send one.

In: the functions of sql/views, which take `timestamptz`. Out: the same for a text, a `timestamp` and a `date`: without
an offset it is the counties' time, whatever zone the session has. Of two moments each may be sent in its own way.
"""

from __future__ import annotations

from itertools import product

import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.engine import Connection

from qiangji.warehouse.ddl import define

FUNCTIONS = {
    "indicator_value_as_of": ("moment",),
    "indicator_change": ("since", "until"),
    "reporting_status_as_of": ("moment",),
}
"""Function of mart -> its arguments."""
_WAYS = {
    "timestamptz": "{argument}",
    "text": "mart.moment({argument})",
    "timestamp": "({argument} AT TIME ZONE {zone})",
    "date": "({argument}::timestamp AT TIME ZONE {zone})",
}
"""A type -> SQL of the moment that an argument of it means."""


def create(connection: Connection, zone: str) -> None:
    """Make them all; `zone` is the time zone of the counties."""
    for function, arguments in FUNCTIONS.items():
        known = f"mart.{function}({', '.join('timestamptz' for _ in arguments)})"
        result, words = connection.execute(
            sa.text(
                "SELECT pg_get_function_result(f), obj_description(f, 'pg_proc') FROM to_regprocedure(:f) AS f"
            ),
            {"f": known},
        ).one()
        for types in product(_WAYS, repeat=len(arguments)):
            if set(types) == {"timestamptz"}:
                continue
            moments = (
                sql.SQL(_WAYS[t]).format(argument=sql.Identifier(a), zone=sql.Literal(zone))
                for t, a in zip(types, arguments, strict=True)
            )
            name = sql.Identifier("mart", function)
            listed = sql.SQL(", ").join(
                sql.SQL(f"{{}} {t}").format(sql.Identifier(a)) for t, a in zip(types, arguments, strict=True)
            )
            define(
                connection,
                sql.SQL(
                    f"CREATE FUNCTION {{name}}({{listed}}) RETURNS {result} LANGUAGE sql STABLE PARALLEL SAFE"
                    " BEGIN ATOMIC SELECT * FROM {name}({moments}); END"
                ).format(name=name, listed=listed, moments=sql.SQL(", ").join(moments)),
            )
            define(
                connection,
                sql.SQL("COMMENT ON FUNCTION {}({}) IS {}").format(
                    name, sql.SQL(", ".join(types)), sql.Literal(words)
                ),
            )
