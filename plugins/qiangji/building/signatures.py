"""Signatures: whether a month's figures could differ from what they were when it was last built.

In: current revisions as corrected, the definitions, the tree, the clock. Out: a hash a month. A month whose signature
is the one in ops.built_month is up to date.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji import indicators
from qiangji.building.corrected import Corrected
from qiangji.building.scopes import scopes
from qiangji.hashing import short
from qiangji.ledger import dispositions
from qiangji.periods import Period, local_day, span
from qiangji.pipeline import Pipeline

FIGURES_VERSION = 2
"""Raised by hand whenever code changes what a figure is: every built month is then built again.

A change of data (models, indicators, forms, suppression) needs no new version: its hash is part of the signature.
tests/golden/figures.json holds the version: it has digests of all figures of the golden worlds.
"""


class Signatures:
    """The signatures of one build."""

    def __init__(self, c: Connection, p: Pipeline, reports: Corrected, now: datetime) -> None:
        self._p, self._reports, self._now = p, reports, now
        self._found: dict[Period, str] = {}
        self.definitions, self.tree = definitions_hash(p), tree_hash(p, now)
        self._confirmed = [(f, Period.parse(period).last_month) for f, period in dispositions.confirmed(c)]
        found = c.execute(sa.text("SELECT month, signature FROM ops.built_month"))
        self.known = {Period.parse(r.month): r.signature for r in found}
        """Built months, and the signature that each was built with."""

    def of(self, months: Sequence[Period]) -> dict[Period, str]:
        """Signatures of these months and of the built ones after the first of them, in order."""
        later = [m for m in self.known if months and m > min(months)]
        for m in {*months, *later} - self._found.keys():
            self._found[m] = self._of(m)
        return {m: self._found[m] for m in sorted({*months, *later})}

    def up_to_date(self, built: Collection[Period]) -> set[Period]:
        """The other built months of the same years whose figures in the warehouse are what they would be now."""
        years = {m.year for m in built}
        others = [m for m in self.known if m.year in years and m not in built]
        return {m for m, signature in self.of(others).items() if self.known.get(m) == signature}

    def _of(self, month: Period) -> str:
        """A hash of all that the month's figures come from.

        They come from the revisions up to it: those of its year through the year to date, earlier ones through the
        registry of groups and through what contextual checks compare with.
        """
        catalogue, zone = self._p.catalogue, self._p.settings.timezone
        digest = hashlib.sha256((self.definitions + self.tree).encode())
        # which quarters are due decides what is hidden in the rest of the year
        so_far = list(span(Period("month", month.year * 12), month))
        due = [
            [s.period_type for s in scopes(m, base.forms, catalogue.calendar, zone, self._now)]
            for base in indicators.bases(catalogue)
            for m in so_far
        ]
        digest.update(repr(due).encode())
        digest.update(repr(sorted((f, s.hash) for f, s in catalogue.suites.items())).encode())
        for key, row in self._reports.current.items():
            last = Period.parse(key[1]).last_month
            if last <= month:
                # the month's own facts show the revision's number: an earlier delivery that is checked late changes it
                digest.update(repr((key, row.rows_hash, row.revision if last == month else None)).encode())
                digest.update(self._reports.effect(key).encode())
        digest.update(repr([f for f, last in self._confirmed if last <= month]).encode())
        return digest.hexdigest()[:16]


def definitions_hash(p: Pipeline) -> str:
    """Changes when a figure may change although no report did: by code (its version), models or catalogue."""
    folder = p.catalogue.path
    data = _hash_of(
        [
            *(p.settings.sql / "models").glob("*.sql"),
            *(folder / "indicators").glob("*.yaml"),
            *(folder / "forms").glob("*.yaml"),
            folder / "suppression.yaml",
        ]
    )
    return short(str(FIGURES_VERSION), data)


def tree_hash(p: Pipeline, now: datetime) -> str:
    """Changes when the tree does: its files, or the day on which a dated change takes effect."""
    folder = p.catalogue.path
    files = _hash_of([folder / "org_units.csv", folder / "org_lineage.csv"])
    return short(files + p.catalogue.restating(local_day(now, p.settings.timezone)).signature)


def _hash_of(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(p for p in files if p.is_file()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]
