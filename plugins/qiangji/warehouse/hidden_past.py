"""A stricter rule of suppression also hides figures as of earlier days, and now until the next build.

In: the catalogue's rule and the indicators that count persons. Out: flags of calc.* rows that builds left.
A build decides what is hidden village by village; it computes nothing of the past anew. Here whole branches are
hidden instead, for whole years and at every moment, so that no moment tells what another one hides.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji import indicators
from qiangji.catalogue.load import Catalogue
from qiangji.indicators import HIDDEN, RESTATED
from qiangji.indicators.suppression import carries_over
from qiangji.lake import Lake
from qiangji.warehouse import definitions
from qiangji.warehouse.queries import query


def hide(connection: Connection, catalogue: Catalogue, lake: Lake) -> None:
    """Mark rows of any age that today's rule hides, if the rule is not the one that was last applied."""
    bases = [b for b in indicators.bases(catalogue) if b.persons]
    rule = catalogue.suppression.model_dump()
    codes = sorted(x.code for b in bases for x in b.persons)
    wanted = json.dumps([rule, codes], sort_keys=True)
    if wanted == definitions.found(connection, "suppression"):
        return
    at = connection.scalar(sa.text("SELECT clock_timestamp()"))
    tables = {t: [x.code for x in b.persons] for b in bases for t in (b.table, b.restated_table)}
    states = sorted(
        {x.code for b in bases for x in b.indicators if x.persons and not carries_over(x, catalogue)}
    )
    event = {"event": "suppression", "at": at, "rule": rule, "tables": tables, "states": states}
    lake.record(f"suppression-{at:%Y%m%dT%H%M%S%f}", at, event)
    apply(connection, rule, tables, states)
    definitions.note(connection, "suppression", wanted)


def apply(
    connection: Connection, rule: dict[str, Any], tables: dict[str, list[str]], states: Collection[str] = ()
) -> None:
    """Mark what a rule hides.

    `tables`: result table, as was and restated -> its indicators that count persons. `states`: those of them whose
    figures are the state of the last report. If the rule hides a village's figure that was shown:

    | where | what is hidden of the indicator, in all periods of the figure's year, at every moment |
    | --- | --- |
    | as was | all villages of its town; if the town's own figure would tell them, all beneath the county; and so on |
    | as was, a state | a longer period of units above, where it holds one village more than a shorter one |
    | restated | everything |
    """
    for table, codes in tables.items():
        if not table.endswith(RESTATED):
            for code in codes:
                again = table + RESTATED if code in tables.get(table + RESTATED, ()) else None
                _Figures(connection, rule, code, table, again).hide(code in states)


@dataclass(frozen=True)
class _Figures:
    """One indicator's figures in calc.*: the tables as was and restated."""

    c: Connection
    rule: dict[str, Any]
    code: str
    table: str
    restated: str | None

    def hide(self, is_state: bool) -> None:
        self._run("hidden_small", self.table, found="small")
        self._run("hidden_small", self.restated or self.table, found="small_restated")
        if self._any("small"):
            self._run("hidden_beneath")
            self._run("hidden_first")
            step = 0
            while self._run("hidden_thin", self.table, step=step):
                step += 1
            self._run("hide", self.table)
            if is_state:
                self._run("hide_longer", self.table)
            self.c.execute(sa.text("DROP TABLE beneath, hiding"))
        if self.restated and (self._any("small") or self._any("small_restated")):
            self._run("hide_restated", self.restated)
        self.c.execute(sa.text("DROP TABLE small, small_restated"))

    def _any(self, table: str) -> bool:
        return bool(self.c.scalar(sa.text(f"SELECT EXISTS (SELECT FROM {table})")))

    def _run(self, name: str, table: str = "", step: int = 0, **pieces: str) -> int:
        """Run a statement of this room; returns how many rows it touched."""
        if table:
            pieces |= {"table": table, "n": f"n__{self.code}", "d": f"d__{self.code}"}
            pieces |= {} if name == "hidden_thin" else {"h": f"{HIDDEN}__{self.code}"}
        return self.c.execute(query(f"warehouse/{name}", **pieces), self.rule | {"step": step}).rowcount
