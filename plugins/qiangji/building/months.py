"""Months: the figures of the months of a build, one month after the other and of each a part after the other.

In: what counts of the reports, and which months are to be built. Out: calc.*, and what the journal keeps of it. As many
parts are computed at once as there are threads, so a build holds the rows of these parts of one month, whatever it
builds. Of a month that was built before, only the part is computed in which a county has reported something else since.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji.ahead import begun
from qiangji.building import figures
from qiangji.building.bounds import Bounds
from qiangji.building.parts import Part, Parts
from qiangji.building.recording import Built, Recording, Written
from qiangji.building.registry import Registry
from qiangji.building.signatures import Signatures
from qiangji.engines import open_engine
from qiangji.periods import Period
from qiangji.pipeline import Pipeline
from qiangji.warehouse.dimensions import fill_expected
from qiangji.warehouse.rows import turn


@dataclass
class Outcome:
    """What the months of a build came to. `filled`: the tables of figures as was, and the scopes of each."""

    at: datetime
    written: list[Written] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    filled: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    is_whole: bool = False
    """Whether any month was computed as a whole."""
    is_analyzed: bool = False
    """Whether the planner knows already what was filled."""


def build(
    c: Connection,
    p: Pipeline,
    registry: Registry,
    built: Built,
    changed: Mapping[Period, set[str] | None],
    signatures: Signatures,
    loading: Iterator[object],
) -> Outcome:
    """Compute and write the months of a build. While a result is waited for, a step of `loading` is taken.

    `changed`: of each month the counties that make its figures others, None: all are computed.
    """
    parts, now = Parts(p.catalogue), signatures.now
    fresh = signatures.up_to_date(built.months)
    # after the lock and the reading of what counts: later than any build before
    found = Outcome(c.scalar(sa.text("SELECT clock_timestamp()")) or now)
    with open_engine(p.settings) as engine:
        computing = figures.Computing(c, p, engine, registry, now, fresh)
        for month, counties in sorted(changed.items()):
            part = parts.around(counties) if counties else None
            found.is_whole |= part is None
            one = _Month(c, p, built, computing, registry, month, part, loading)
            one.build([part] if part else parts.whole(), found)
            fresh.add(month)
        built.failed = computing.failed()
    return found


@dataclass
class _Month:
    """One month of a build. `part`: the only one that is computed."""

    c: Connection
    p: Pipeline
    built: Built
    computing: figures.Computing
    registry: Registry
    month: Period
    part: Part | None
    loading: Iterator[object]

    def build(self, parts: Sequence[Part], found: Outcome) -> None:
        catalogue, seconds = self.p.catalogue, self.built.seconds
        counties = self.part.counties if self.part else None
        types = sorted({f.period_type for f in catalogue.forms.values()})
        due = [own for t in types if (own := self.month.ends_in(t)) is not None]
        fill_expected(self.c, catalogue, due, counties)
        bounds = Bounds(self.c, self.p)
        recording = Recording(self.c, self.p.ledger, self.built, self.month, self.part, found.at)
        # while the server takes facts, or a part's figures, those of the next are computed
        at_once = self.computing.at_once
        with closing(begun(self._computed, parts, lambda _: 1, at_once, at_once)) as computed:
            for number, result in enumerate(computed, 1):
                steps = chain(self.loading, self._analyzing(found)) if number == len(parts) else self.loading
                one, each_base = seconds.awaited("figures", result, steps)
                with seconds.timed("figures"):
                    results = bounds.marked(each_base)
                with seconds.timed("load"):
                    for each in results:
                        recording.write(each, one)
                        scopes = [(s.period, s.period_type) for s in each.scopes]
                        found.filled.setdefault(each.base.table, []).extend(scopes)
        with seconds.timed("load"):
            recording.finish()
            found.findings += bounds.tell(self.part)
        if self.part:
            self.computing.leave_others(self.month, self.part)
        found.written += recording.written

    def _analyzing(self, found: Outcome) -> Iterator[None]:
        """Tell the planner what the parts before the last have filled, while that one is computed."""
        if self.part is None and self.month == self.built.months[-1] and self.built.rows_inserted:
            with self.built.seconds.timed("analyze"), turn(self.c):
                figures.analyze(self.c, found.filled)
            found.is_analyzed = True
            yield

    def _computed(self, part: Part) -> tuple[Part, list[figures.Results]]:
        return part, self.computing.month(self.month, part)
