"""What a stricter rule hides, it hides as of any earlier day too.

In: the catalogue's rule and the indicators that count persons. Out: flags of calc.* rows that were built before them.
A build marks what holds now; this reaches what was closed long ago, which no build computes anew.
"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji import indicators
from qiangji.catalogue import Catalogue
from qiangji.indicators import HIDDEN
from qiangji.lake import Lake

_SMALL = """
CREATE TEMP TABLE small ON COMMIT DROP AS
SELECT t.org_code, o.parent_code, t.period, t.period_type, t.built_from, coalesce(t.built_to, 'infinity') AS built_to
FROM {table} AS t JOIN dim.org_unit AS o USING (org_code)
WHERE t.org_level = 'village' AND t.{h} IS NOT TRUE
    AND ((t.{n} > 0 AND t.{n} < :threshold) OR (:all_or_none AND t.{d} > 0 AND t.{n} IN (0, t.{d})))
"""
_OTHERS = """
UPDATE {table} AS t SET {h} = true
FROM small AS s, dim.org_unit AS o
WHERE o.org_code = t.org_code AND t.{h} IS NOT TRUE AND (t.period, t.period_type) = (s.period, s.period_type)
    AND t.built_from < s.built_to AND s.built_from < coalesce(t.built_to, 'infinity')
    AND (
        t.org_code = s.org_code
        OR s.built_to < 'infinity' AND (
            o.parent_code = s.parent_code
            OR t.org_code = s.parent_code AND NOT EXISTS (
                SELECT FROM {table} AS x JOIN dim.org_unit AS y USING (org_code)
                WHERE y.parent_code = s.parent_code AND x.org_code <> s.org_code AND x.{n} > 0
                    AND (x.period, x.period_type) = (s.period, s.period_type)
            )
        )
    )
"""


def hide(connection: Connection, catalogue: Catalogue, lake: Lake) -> None:
    """Mark rows of any age that today's rule hides, if the rule is not the one that they were last held against.

    With what was closed go the figures that stood beside it, of all other villages of the town, and of the town where
    there is none: more than a build would hide, as nothing of the past is computed anew. Of what stands now only the
    small ones are marked; the next build decides which others.
    """
    bases = [b for b in indicators.bases(catalogue) if b.persons]
    rule = catalogue.suppression.model_dump()
    codes = sorted(x.code for b in bases for x in b.persons)
    wanted = json.dumps([rule, codes], sort_keys=True)
    if wanted == connection.scalar(sa.text("SELECT hash FROM ops.definition WHERE name = 'suppression'")):
        return
    at = connection.scalar(sa.text("SELECT clock_timestamp()"))
    tables = {t: [x.code for x in b.persons] for b in bases for t in (b.table, b.restated_table)}
    event = {"event": "suppression", "at": at, "rule": rule, "tables": tables}
    lake.record(f"suppression-{at:%Y%m%dT%H%M%S%f}", at, event)
    apply(connection, rule, tables)
    connection.execute(
        sa.text(
            "INSERT INTO ops.definition VALUES ('suppression', :wanted, now())"
            " ON CONFLICT (name) DO UPDATE SET hash = excluded.hash, synced_at = excluded.synced_at"
        ),
        {"wanted": wanted},
    )


def apply(connection: Connection, rule: dict[str, Any], tables: dict[str, list[str]]) -> None:
    """Mark what a rule hides in tables of calc, of these indicators each."""
    for table, codes in tables.items():
        for code in codes:
            names = {p: f"{p}__{code}" for p in (HIDDEN, "n", "d")}
            connection.execute(sa.text(_SMALL.format(table=table, **names)), rule)
            connection.execute(sa.text(_OTHERS.format(table=table, **names)))
            connection.execute(sa.text("DROP TABLE small"))
