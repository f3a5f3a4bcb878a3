"""Lineage: what became of org units, and history on today's tree.

In: org_lineage.csv (kind, from_code, to_code, on, share) and the tree. Out: for each unit that reported in a period,
the units of today that its figures belong to, with their shares; and which units that touches. `on` is the first day
of the new state. A unit that moves or is renamed and keeps its code needs no lineage: it has two lines in
org_units.csv. Restated figures are sums of the units' figures as was: nothing is computed anew per unit.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from qiangji.catalogue.tree import LEVELS, OrgTree, OrgUnit, line_on
from qiangji.errors import CatalogueError, Problems
from qiangji.periods import Period

COLUMNS = ("kind", "from_code", "to_code", "on", "share")
ENDING = ("renamed", "merged_into", "moved_to")
"""Kinds by which `from_code` ends and goes on whole as `to_code`; after a split both units go on."""
RENAMING = ("renamed", "moved_to")
"""Those by which one unit gets another code. Two of which one merges into the other have been two until then."""
KINDS = (*ENDING, "split_from")
SHARE_PLACES = 4
_WEIGHT = Decimal("1e-12")


@dataclass(frozen=True, slots=True)
class Link:
    """One line: from the day `on`, `to_code` is what `from_code` was, or with split_from a `share` of it."""

    kind: str
    from_code: str
    to_code: str
    on: date
    share: Decimal | None = None
    line: int = 0


def read(path: Path, org: OrgTree) -> tuple[Link, ...]:
    """The lines of org_lineage.csv by date, checked against the tree; none where there is no such file."""
    if not path.is_file():
        return ()
    with path.open(encoding="utf-8", newline="") as f:
        reader = csv.DictReader(f)
        if missing := [c for c in COLUMNS if c not in (reader.fieldnames or [])]:
            raise CatalogueError(f"no column {', '.join(missing)}", where=path, expected=", ".join(COLUMNS))
        problems = Problems()
        links: list[Link] = []
        for line, row in enumerate(reader, 2):
            with problems.noting():
                links.append(_link(row, line, path))
    for link in links:
        with problems.noting():
            _check(link, org, path)
    with problems.noting():
        _check_cycles(links, path)
    with problems.noting():
        _check_together(links, path)
    problems.tell()
    return tuple(sorted(links, key=lambda x: (x.on, x.line)))


def later_codes(links: Iterable[Link], after: date, until: date) -> dict[str, str]:
    """Code -> the last one until a day, of each unit that got another code after a day. `links` are in time order."""
    found: dict[str, str] = {}
    for link in links:
        if link.kind in RENAMING and after < link.on <= until:
            found = {code: link.to_code if last == link.from_code else last for code, last in found.items()}
            found[link.from_code] = link.to_code
    return found


class Restating:
    """History on the tree of one day."""

    def __init__(self, org: OrgTree, links: Iterable[Link], today: date) -> None:
        self._org, self._today = org, today
        self._links = [x for x in links if x.on <= today]
        self._ends = {x.from_code: x for x in self._links if x.kind in ENDING}
        self._paths: dict[str, dict[str, str]] = {}

    @cached_property
    def _own(self) -> frozenset[str]:
        """Units that lineage or a move names."""
        moved = {
            code
            for code, versions in self._org.changing.items()
            if len({u.parent_code for u in versions if self._has_begun(u)}) > 1
        }
        return frozenset(moved.union(*({x.from_code, x.to_code} for x in self._links)))

    @cached_property
    def touched(self) -> frozenset[str]:
        """Units that lineage or a move touches, and every unit above them, now or ever."""
        return frozenset().union(*(self._org.ever_above(c) | set(self.path(c).values()) for c in self._own))

    @cached_property
    def displaced(self) -> frozenset[str]:
        """Units that may lie elsewhere today: those that lineage or a move names, and all beneath them."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if not self._own:
            return frozenset()
        tree, own = self._org.table, pa.array(sorted(self._own))
        beneath = (
            tree.column("org_code").filter(pc.is_in(tree.column(f"{level}_code"), value_set=own))
            for level in LEVELS[:-1]
        )
        return self._own.union(*(codes.to_pylist() for codes in beneath))

    @cached_property
    def ended(self) -> frozenset[str]:
        """Units that have closed and go on as another unit."""
        return frozenset(c for c in self._ends if self._has_ended(c))

    @property
    def signature(self) -> str:
        """Changes on the day on which a dated change takes effect."""
        changed = self._org.changing.values()
        began = [(u.code, u.parent_code) for v in changed for u in v if self._has_begun(u)]
        return repr((self._links, began, sorted(self.ended)))

    def targets(self, code: str, months: Sequence[Period]) -> dict[str, Decimal]:
        """Unit of today -> its share of a unit's figures in these months; the shares add up to 1.

        A unit that ended in the course of the months goes on whole. A split is carried back only to periods wholly
        before it. In a period that it falls into, parent and new unit each have what they reported.
        """
        shares = {code: Decimal(1)}
        start, end = months[0].start, months[-1].end
        for on in sorted({x.on for x in self._links if x.on > start}):
            today = [x for x in self._links if x.on == on]
            moved: dict[str, Decimal] = {}
            for unit, weight in shares.items():
                rest = weight
                for link in today:
                    if link.from_code == unit and link.kind == "split_from" and link.share and on > end:
                        part = (weight * link.share).quantize(_WEIGHT)
                        moved[link.to_code] = moved.get(link.to_code, Decimal(0)) + part
                        rest -= part
                last = next((x for x in today if x.from_code == unit and x.kind in ENDING), None)
                heir = last.to_code if last else unit
                moved[heir] = moved.get(heir, Decimal(0)) + rest
            shares = {c: w for c, w in moved.items() if w}
        return shares

    def heir(self, code: str, months: Sequence[Period]) -> str:
        """The one unit of today that takes a unit's figures where they cannot be shared out."""
        for link in self._links:
            if link.from_code == code and link.kind in ENDING and link.on > months[0].start:
                code = link.to_code
        return code

    def path(self, code: str) -> dict[str, str]:
        """Level -> code on today's tree; in the place of a unit above that has ended stands its heir."""
        if code not in self._paths:
            versions = self._org.versions[code]
            unit = line_on(versions, self._today)
            above: dict[str, str] = {}
            if unit.parent_code:
                parent = unit.parent_code
                while parent in self._ends and self._has_ended(parent):
                    parent = self._ends[parent].to_code
                above = self.path(parent)
            self._paths[code] = {**above, unit.level: code}
        return self._paths[code]

    def paths(
        self, level: str, months: Sequence[Period], whole: bool = False
    ) -> list[tuple[str, str, str, Decimal]]:
        """(unit as was, unit of today, its level, share) for each touched unit of today.

        The units as was are those that were open in these months; with `whole` they are today's units already.
        """
        found = []
        for unit in self._org:
            if unit.level != level or (not whole and self._org.version(unit.code, months) is None):
                continue
            heirs = {unit.code: Decimal(1)} if whole else self.targets(unit.code, months)
            for heir, share in heirs.items():
                found += [
                    (unit.code, code, above, share)
                    for above, code in self.path(heir).items()
                    if code in self.touched
                ]
        return found

    def _has_begun(self, unit: OrgUnit) -> bool:
        return unit.valid_from is None or unit.valid_from <= self._today

    def _has_ended(self, code: str) -> bool:
        return not any(_is_open(u, self._today) for u in self._org.versions[code])


def _is_open(unit: OrgUnit, day: date) -> bool:
    return (unit.valid_from is None or unit.valid_from <= day) and (
        unit.valid_to is None or unit.valid_to >= day
    )


def _link(row: dict[str, str], line: int, path: Path) -> Link:
    try:
        if row["kind"] not in KINDS:
            raise ValueError(f"kind {row['kind']!r}")
        share = Decimal(row["share"]) if row["share"] else None
        if share is not None:
            if row["kind"] != "split_from":
                raise ValueError(f"a share with {row['kind']}")
            if not 0 < share <= 1 or share != round(share, SHARE_PLACES):
                raise ValueError(f"share {share}")
        return Link(row["kind"], row["from_code"], row["to_code"], date.fromisoformat(row["on"]), share, line)
    except (ArithmeticError, TypeError, ValueError) as e:
        raise CatalogueError(
            f"line {line}: {e}",
            where=path,
            expected=f"a kind ({', '.join(KINDS)}), two codes, a date as 2026-01-31,"
            " and with split_from alone a share above 0 and up to 1 of at most four decimals, or none",
        ) from e


def _check(link: Link, org: OrgTree, path: Path) -> None:
    """Both units known, of one level, and open when the link says that they were."""

    def wrong(found: str, expected: str, code: str | None = None) -> CatalogueError:
        return CatalogueError(f"line {link.line}: {found}", where=path, expected=expected, code=code)

    for code in (link.from_code, link.to_code):
        if code not in org.units:
            raise wrong(f"unknown unit {code!r}", "codes of org_units.csv", "unknown_unit")
    if link.from_code == link.to_code:
        raise wrong(
            f"a cycle: unit {link.from_code} becomes itself",
            "another code; a unit that keeps its code has a second line in org_units.csv",
            "lineage_cycle",
        )
    levels = [org.units[c].level for c in (link.from_code, link.to_code)]
    if levels[0] != levels[1]:
        raise wrong(f"a {levels[0]} becomes a {levels[1]}", f"one level of {', '.join(LEVELS[:-1])}")
    eve = link.on - timedelta(days=1)

    def is_open(code: str, day: date) -> bool:
        return any(_is_open(u, day) for u in org.versions[code])

    if not is_open(link.from_code, eve):
        raise wrong(f"unit {link.from_code} is not open on {eve}", "valid_to on the day before, or later")
    if not is_open(link.to_code, link.on):
        raise wrong(f"unit {link.to_code} is not open on {link.on}", "valid_from on that day, or before")
    if link.kind in ENDING and is_open(link.from_code, link.on):
        raise wrong(
            f"overlapping validity: unit {link.from_code} is {link.kind} {link.to_code} and still open on {link.on}",
            f"valid_to {eve} in org_units.csv",
            "overlapping_validity",
        )
    if link.kind in RENAMING and is_open(link.to_code, eve):
        raise wrong(
            f"overlapping validity: unit {link.to_code} is open on {eve} beside the one that is {link.kind} it",
            f"valid_from {link.on} in org_units.csv",
            "overlapping_validity",
        )


def _check_cycles(links: list[Link], path: Path) -> None:
    """No chain of endings, and none of splits, leads back to its unit; what split off may merge again later."""
    for kinds in (ENDING, ("split_from",)):
        edges: dict[str, list[Link]] = {}
        for link in links:
            if link.kind in kinds:
                edges.setdefault(link.from_code, []).append(link)
        for link in links:
            if link.kind not in kinds:
                continue
            seen, reached = {link.to_code}, [link.to_code]
            while reached:
                for further in edges.get(reached.pop(), ()):
                    if further.to_code == link.from_code:
                        raise CatalogueError(
                            f"line {link.line}: a cycle: {link.from_code} becomes {link.to_code}, and by line"
                            f" {further.line} {further.from_code} becomes {link.from_code}",
                            where=path,
                            expected="lineage that leads forward: a unit that opens again has a code of its own",
                            code="lineage_cycle",
                        )
                    if further.to_code not in seen:
                        seen.add(further.to_code)
                        reached.append(further.to_code)


def _check_together(links: list[Link], path: Path) -> None:
    """A unit ends once on a day, and the shares of its splits on a day are at most 1."""
    ends: dict[tuple[str, date], Link] = {}
    shares: dict[tuple[str, date], Decimal] = {}
    for link in links:
        at = (link.from_code, link.on)
        if link.kind in ENDING:
            if at in ends:
                raise CatalogueError(
                    f"line {link.line}: unit {link.from_code} ends twice on {link.on} (line {ends[at].line})",
                    where=path,
                    expected="one line; what goes elsewhere is split_from",
                )
            ends[at] = link
        elif link.share:
            shares[at] = shares.get(at, Decimal(0)) + link.share
            if shares[at] > 1:
                raise CatalogueError(
                    f"line {link.line}: the shares split from {link.from_code} on {link.on} add up to {shares[at]}",
                    where=path,
                    expected="at most 1",
                )
