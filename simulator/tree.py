"""The units that report. In: data/org_units_jiangmen.csv. Out: places and their names.

Towns whose serial begins with 4 (parks, a prison, a forest farm) do not report, nor do units beneath them. Villages and
communities whose serial begins with 4 or 5 (虚拟社区, 生活区) do not report either.
"""

from __future__ import annotations

import csv
import math
import re
import zlib
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

DATA = Path(__file__).parent / "data" / "org_units_jiangmen.csv"
_SUFFIX = re.compile(r"(社区)?(居民委员会|居委会|村民委员会|村委会)$")


DIRECT = "440799"  # 市直: the city's own departments, a county-level unit that the source of the tree lacks
DIRECT_NAME = "市直"


@dataclass(frozen=True)
class Place:
    """A unit that reports: a village or community (12 digits), a town (9) or a county (6); `short` is its
    name without 村委会.
    """

    code: str
    name: str
    is_village: bool = False

    @property
    def county(self) -> str:
        return self.code[:6]

    @property
    def town(self) -> str | None:
        """Its own code if it is a town, else that of its town; None for a county."""
        return self.code[:9] if len(self.code) >= 9 else None

    @property
    def village(self) -> str | None:
        """Its own code if it is a village or community, else None."""
        return self.code if len(self.code) == 12 else None

    @property
    def short(self) -> str:
        return _SUFFIX.sub("", self.name) or self.name


class Tree:
    """The reporting units of the city, ordered by code."""

    def __init__(self, path: Path = DATA) -> None:
        with path.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
        self.codes = frozenset(row["code"] for row in rows)
        self.counties = {row["code"]: row["name"] for row in rows if row["level"] == "county"}
        self.towns = {
            row["code"]: row["name"] for row in rows if row["level"] == "town" and row["code"][6] != "4"
        }
        self.town_places = [Place(code, name) for code, name in sorted(self.towns.items())]
        self.county_places = [Place(code, name) for code, name in sorted(self.counties.items())]
        self.places = sorted(
            (
                Place(row["code"], row["name"], is_village=row["code"][9] in "23")
                for row in rows
                if len(row["code"]) == 12 and row["code"][:9] in self.towns and row["code"][9] in "0123"
            ),
            key=lambda place: place.code,
        )

    @cached_property
    def county_level(self) -> list[Place]:
        """The counties, and last the city's own departments."""
        return [*self.county_places, Place(DIRECT, DIRECT_NAME)]

    @cached_property
    def villages(self) -> list[Place]:
        return [place for place in self.places if place.is_village]

    @cached_property
    def communities(self) -> list[Place]:
        return [place for place in self.places if not place.is_village]

    def thinned(self, scale: float, seed: int) -> set[str]:
        """Codes of a share `scale` of each county's villages and communities, chosen by seed.

        At least three villages and two communities of a county stay, so that each form has rows.
        """
        if not 0 < scale <= 1:
            raise ValueError(f"scale {scale}: a share above 0, at most 1")
        if scale == 1:
            return {place.code for place in self.places}
        kinds: dict[tuple[str, bool], list[Place]] = defaultdict(list)
        for place in self.places:
            kinds[place.county, place.is_village].append(place)
        kept: set[str] = set()
        for (_, is_village), places in kinds.items():
            places.sort(key=lambda place: zlib.crc32(f"{seed}:{place.code}".encode()))
            kept.update(
                place.code for place in places[: max(3 if is_village else 2, math.ceil(scale * len(places)))]
            )
        return kept
