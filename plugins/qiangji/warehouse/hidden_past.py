"""A stricter rule of suppression also hides figures as of earlier days.

In: the catalogue's rule and the indicators that count persons. Out: flags of calc.* rows that older builds left.
A build marks the rows that hold now. This reaches rows that were closed long ago, which no build computes anew.
"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji import indicators
from qiangji.catalogue.load import Catalogue
from qiangji.indicators import HIDDEN
from qiangji.lake import Lake
from qiangji.warehouse import definitions
from qiangji.warehouse.queries import query


def hide(connection: Connection, catalogue: Catalogue, lake: Lake) -> None:
    """Mark rows of any age that today's rule hides, if the rule is not the one that was last applied.

    | row | what is hidden |
    | --- | --- |
    | closed | the small figure, all other villages of its town, and the town if no other village had a figure |
    | current | the small figure; the next build decides which others |

    For closed rows this is more than a build would hide, as nothing of the past is computed anew.
    """
    bases = [b for b in indicators.bases(catalogue) if b.persons]
    rule = catalogue.suppression.model_dump()
    codes = sorted(x.code for b in bases for x in b.persons)
    wanted = json.dumps([rule, codes], sort_keys=True)
    if wanted == definitions.found(connection, "suppression"):
        return
    at = connection.scalar(sa.text("SELECT clock_timestamp()"))
    tables = {t: [x.code for x in b.persons] for b in bases for t in (b.table, b.restated_table)}
    event = {"event": "suppression", "at": at, "rule": rule, "tables": tables}
    lake.record(f"suppression-{at:%Y%m%dT%H%M%S%f}", at, event)
    apply(connection, rule, tables)
    definitions.note(connection, "suppression", wanted)


def apply(connection: Connection, rule: dict[str, Any], tables: dict[str, list[str]]) -> None:
    """Mark what a rule hides; `tables`: result table -> its indicators that count persons."""
    for table, codes in tables.items():
        for code in codes:
            hidden, numerator, denominator = (f"{part}__{code}" for part in (HIDDEN, "n", "d"))
            small = query("warehouse/hidden_small", table=table, h=hidden, n=numerator, d=denominator)
            connection.execute(small, rule)
            connection.execute(query("warehouse/hide", table=table, h=hidden, n=numerator))
            connection.execute(sa.text("DROP TABLE small"))
