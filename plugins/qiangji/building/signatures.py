"""Signatures: whether a month's figures could differ from what they were when it was last built, and of which counties.

In: current revisions as corrected, the definitions, the tree, the clock. Out: a hash a month. A month whose signature
is the one in ops.built_month is up to date. It is made of a hash of what concerns all counties and one of what each
county says up to the month; the build leaves these to the next one (lake/carried), which so knows what has changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji import indicators
from qiangji.building.carried import Carried
from qiangji.building.corrected import Corrected
from qiangji.building.scopes import scopes
from qiangji.hashing import short
from qiangji.ledger import dispositions
from qiangji.periods import Period, local_day, span
from qiangji.pipeline import Pipeline

_NAME = "counties"
_ALL = ""
"""In the place of a county: what concerns all of them."""
FIGURES_VERSION = 6
"""Raised by hand whenever code changes what a figure is: every built month is then built again.

A change of data (models, indicators, forms, suppression) needs no new version: its hash is part of the signature.
tests/golden/figures.json holds the version: it has digests of all figures of the golden worlds.
"""


class Signatures:
    """The signatures of one build."""

    def __init__(self, c: Connection, p: Pipeline, reports: Corrected, now: datetime) -> None:
        self._p, self._reports, self._now = p, reports, now
        self._found: dict[Period, dict[str, str]] = {}
        self.definitions, self.tree = definitions_hash(p), tree_hash(p, now)
        self._confirmed = [(f, Period.parse(at).last_month, of) for f, at, of in dispositions.confirmed(c)]
        found = c.execute(sa.text("SELECT month, signature, build_id FROM ops.built_month")).all()
        self.known = {Period.parse(r.month): r.signature for r in found}
        """Built months, and the signature that each was built with."""
        self.built_by = {Period.parse(r.month): r.build_id for r in found}
        """Built months, and the last build of each."""

    def of(self, months: Sequence[Period]) -> dict[Period, str]:
        """Signatures of these months and of the built ones after the first of them, in order."""
        later = [m for m in self.known if months and m > min(months)]
        return {m: _whole(self._parts(m)) for m in sorted({*months, *later})}

    def up_to_date(self, built: Collection[Period]) -> set[Period]:
        """The other built months of the same years whose figures in the warehouse are what they would be now."""
        years = {m.year for m in built}
        others = [m for m in self.known if m.year in years and m not in built]
        return {m for m, signature in self.of(others).items() if self.known.get(m) == signature}

    def changed(self, month: Period, carried: Carried) -> set[str] | None:
        """The counties (or cities, of which a finding was confirmed) that make a built month's figures others.

        None where that cannot be told, or what concerns all has changed.
        """
        tables = carried.rows(_NAME, month)
        if len(tables) != 1:
            return None
        rows = tables[0]
        before = dict(
            zip(rows.column("county_code").to_pylist(), rows.column("signature").to_pylist(), strict=True)
        )
        now = self._parts(month)
        if self.known[month] != _whole(before) or before[_ALL] != now[_ALL]:
            return None
        return {c for c in before.keys() | now.keys() if before.get(c) != now.get(c)}

    def leave(self, months: Collection[Period], carried: Carried) -> None:
        """Leave what these months' signatures are made of to the builds that follow."""
        for month in months:
            codes, hashes = zip(*sorted(self._parts(month).items()), strict=True)
            rows = pa.table({"county_code": pa.array(codes), "signature": pa.array(hashes)})
            carried.put(_NAME, month, rows)

    # ---- inside

    def _parts(self, month: Period) -> dict[str, str]:
        """By county, a hash of what a month's figures come from; of what concerns all of them under `_ALL`.

        They come from the revisions up to it: those of its year through the year to date, earlier ones through the
        registry of groups and through what contextual checks compare with.
        """
        if month not in self._found:
            self._found[month] = self._of_counties(month) | {_ALL: self._of_all(month)}
        return self._found[month]

    def _of_all(self, month: Period) -> str:
        catalogue, zone = self._p.catalogue, self._p.settings.timezone
        # which quarters are due decides what is hidden in the rest of the year
        due = [
            [s.period_type for s in scopes(m, base.forms, catalogue.calendar, zone, self._now)]
            for base in indicators.bases(catalogue)
            for m in span(Period("month", month.year * 12), month)
        ]
        suites = sorted((f, s.hash) for f, s in catalogue.suites.items())
        return short(self.definitions, self.tree, repr(due), repr(suites))

    def _of_counties(self, month: Period) -> dict[str, str]:
        """The month's own facts show the revision's number: an earlier delivery that is checked late changes it."""
        found = dict(self._until(max((m for m in self._said if m < month), default=None)))
        for county, (own, _) in self._said.get(month, {}).items():
            found[county] = short(found.get(county, ""), *own)
        return found

    def _until(self, month: Period | None) -> Mapping[str, str]:
        """County -> a hash of all that it says as far as a month."""
        if not self._past:
            hashes: dict[str, str] = {}
            for each in sorted(self._said):
                for county, (_, past) in self._said[each].items():
                    hashes[county] = short(hashes.get(county, ""), *past)
                self._past[each] = dict(hashes)
        return self._past[month] if month else {}

    @cached_property
    def _past(self) -> dict[Period, dict[str, str]]:
        return {}

    @cached_property
    def _said(self) -> dict[Period, dict[str, tuple[list[str], list[str]]]]:
        """Month -> county -> what it says in the month: for that month's figures, and for those of later months."""
        found: dict[Period, dict[str, tuple[list[str], list[str]]]] = {}
        months: dict[str, Period] = {}
        for key, row in self._reports.current.items():
            month = months.get(key[1]) or months.setdefault(key[1], Period.parse(key[1]).last_month)
            own, past = found.setdefault(month, {}).setdefault(key[2], ([], []))
            what = f"{key[0]} {key[1]} {row.rows_hash} {self._reports.effect(key)}"
            own.append(f"{what} {row.revision}")
            past.append(what)
        for finding_id, month, county in self._confirmed:
            for said in found.setdefault(month, {}).setdefault(county, ([], [])):
                said.append(finding_id)
        return found


def _whole(parts: Mapping[str, str]) -> str:
    return short(*(f"{county} {signature}" for county, signature in sorted(parts.items())))


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
