"""The simulated city behind all forms: villager groups and Party members.

In: tree and seed. Out: numpy arrays.

Every value is a pure function of (seed, unit, month): a month is the same whichever other months are served. A stock
drifts as `base + floor(phase + rate * t)`, with t in months since January 2024. All units of the city are drawn first
and thinned afterwards, so a unit's figures do not depend on the other units served.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simulator.tree import Tree

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

RURAL_COMMUNITIES = (
    35  # communities with rural tasks (涉农社区), chosen by seed: they have villager groups too
)


class Population:
    """Groups, residents and members of the whole city, and the random streams that forms draw from."""

    def __init__(self, tree: Tree, seed: int, kept: Iterable[str] | None = None) -> None:
        """`kept`: codes of the villages and communities that report, if the tree is thinned."""
        self.tree, self.seed = tree, seed
        reports = None if kept is None else set(kept)
        self.reports = np.array([reports is None or place.code in reports for place in tree.places])
        towns = {place.code: index for index, place in enumerate(tree.town_places)}
        counties = {place.code: index for index, place in enumerate(tree.county_level)}
        self.town_of = np.array([towns[place.code[:9]] for place in tree.places])
        self.county_of = np.array([counties[place.county] for place in tree.places])
        self.is_village = np.array([place.is_village for place in tree.places])
        self._villages = np.flatnonzero(self.is_village)
        communities = np.flatnonzero(~self.is_village)
        rng = self.rng("groups")
        self.rural = np.sort(rng.choice(communities, RURAL_COMMUNITIES, replace=False))
        with_groups = np.sort(np.concatenate([self._villages, self.rural]))
        counts = np.clip(np.rint(rng.gamma(2.6, 12 / 2.6, len(with_groups))), 1, 40).astype(np.int64)
        self.group_place: Ints = np.repeat(with_groups, counts)
        starts = np.repeat(np.cumsum(counts) - counts, counts)
        self.group_serial: Ints = np.arange(len(self.group_place)) - starts + 1
        self.group_count: Ints = np.bincount(self.group_place, minlength=len(tree.places))

        size = len(self.group_place)
        # a village, not a group, has a typical population: many groups are small groups
        crowding = np.sqrt(12 / self.group_count[self.group_place])
        self._households = np.clip(rng.lognormal(np.log(62), 0.55, size) * crowding, 3, 290)
        self._household_size = np.clip(rng.normal(3.9, 0.6, size), 2.4, 5.8)
        self._growth = rng.normal(0.0003, 0.0008, size)
        members = np.minimum(rng.poisson(0.02 * self._households * self._household_size), 30)
        in_place = np.bincount(self.group_place, members, minlength=len(tree.places))
        shrink = np.minimum(1, 215 / np.maximum(in_place, 1))[self.group_place]
        self._members_base = np.floor(members * shrink).astype(np.int64)
        self._members_rate = rng.normal(0.005, 0.02, size)
        self._members_phase = rng.random(size)

    def rng(self, label: str, *numbers: int) -> np.random.Generator:
        """A random stream for these labels (a name, a year, a month ...)."""
        return np.random.Generator(np.random.PCG64([self.seed, zlib.crc32(label.encode()), *numbers]))

    @cached_property
    def group_codes(self) -> list[str]:
        """14 digits each: the place's 12 and a serial of 2."""
        places = self.tree.places
        return [
            f"{places[place].code}{serial:02d}"
            for place, serial in zip(self.group_place.tolist(), self.group_serial.tolist(), strict=True)
        ]

    @cached_property
    def group_names(self) -> list[str]:
        shorts = [place.short for place in self.tree.places]
        return [
            f"{shorts[place]}第{serial}村民小组"
            for place, serial in zip(self.group_place.tolist(), self.group_serial.tolist(), strict=True)
        ]

    def households(self, t: int) -> Ints:
        """Registered households of each group in month t."""
        counted: Ints = np.floor(self._households * (1 + self._growth * t)).astype(np.int64).clip(3, 300)
        return counted

    def residents(self, t: int) -> Ints:
        """Registered residents of each group: 2.2 to 6 a household."""
        households = self.households(t)
        counted: Ints = np.rint(households * self._household_size).astype(np.int64).clip(5, 1500)
        return counted

    def group_members(self, t: int) -> Ints:
        """Party members of each group, probationary ones included."""
        members = self._members_base + np.floor(self._members_phase + self._members_rate * t).astype(np.int64)
        counted: Ints = members.clip(0, 30)
        return counted

    def place_members(self, t: int) -> Ints:
        """Party members of each village and community: those of its groups and those in no group."""
        rng = self.rng("members")
        size = len(self.tree.places)
        in_village = np.maximum(rng.poisson(4, size), 1)
        in_community = np.clip(rng.lognormal(np.log(150), 0.7, size), 20, 1300).astype(np.int64)
        drift = np.floor(rng.random(size) + rng.normal(0.03, 0.03, size) * t).astype(np.int64)
        others = np.maximum(np.where(self.is_village, in_village, in_community) + drift, 0)
        in_groups = np.bincount(self.group_place, self.group_members(t), minlength=size).astype(np.int64)
        return np.maximum(in_groups + others, np.where(self.is_village, 10, 20))

    def by_town(self, of_places: Ints) -> Ints:
        """A figure of each place, summed to towns; thinned if the other forms are."""
        added = np.bincount(self.town_of, of_places * self.reports, minlength=len(self.tree.town_places))
        return added.astype(np.int64)

    def by_county(self, of_places: Ints) -> Ints:
        """As `by_town`, summed to counties and the city's own departments (which have no places)."""
        added = np.bincount(self.county_of, of_places * self.reports, minlength=len(self.tree.county_level))
        return added.astype(np.int64)

    def places_by_county(self, *, villages: bool, communities: bool) -> Ints:
        """The number of places in each county of the whole tree, even if it is thinned."""
        wanted = (self.is_village & villages) | (~self.is_village & communities)
        return np.bincount(self.county_of[wanted], minlength=len(self.tree.county_level)).astype(np.int64)


def year_to_date(monthly: Ints, month: int, cap: Ints | int | None = None) -> Ints:
    """Sum of the first `month` columns of a (units, 12) array of monthly amounts, at most `cap`."""
    total: Ints = monthly[:, :month].sum(axis=1)
    return total if cap is None else np.minimum(total, cap)


def part_of(whole: Ints, share: Floats) -> Ints:
    """A count as a share of another, never above it."""
    part: Ints = np.floor(whole * share.clip(0, 1)).astype(np.int64)
    return part


def reached_by(due: Ints, in_year: Floats, by_month: Floats, month: int) -> Ints:
    """How many of the year's due persons are reached by the end of a month; it never falls within the year.

    `in_year`: the share reached by December; `by_month`: (units, 12) weights of the months.
    """
    weights = by_month / by_month.sum(axis=1, keepdims=True)
    return part_of(due, in_year * np.cumsum(weights, axis=1)[:, month - 1])


def backlog(raised: Ints, start: Ints, next_start: Ints, month: int) -> tuple[Ints, Ints, Ints]:
    """Raised and resolved so far this year, and open ones: open = start + raised - resolved in each month.

    `raised`: (units, 12) monthly amounts; the next year starts with what is open in December.
    """
    so_far, in_year = raised[:, :month].sum(axis=1), np.maximum(raised.sum(axis=1), 1)
    to_resolve = np.maximum(start + raised.sum(axis=1) - next_start, 0)
    resolved: Ints = to_resolve * so_far // in_year
    return so_far, resolved, start + so_far - resolved
