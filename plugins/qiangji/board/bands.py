"""Red, yellow, green, as mart.indicator_target_status has them (decision 39), and how many of each there are.

| band | means |
| --- | --- |
| green | on the path to the yearly target, or at it |
| yellow | behind the path by no more than the indicator's tolerance |
| red | further behind |
| none | not rated: no target, no value, or a figure without a direction |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

BANDS = ("red", "yellow", "green")
"""The worst first."""
UNRATED = "none"


@dataclass(frozen=True)
class Tally:
    """How many figures are in each band."""

    counts: Mapping[str, int]

    @property
    def rated(self) -> int:
        return sum(self.counts.get(b, 0) for b in BANDS)

    @property
    def green(self) -> int:
        return self.counts.get("green", 0)

    @property
    def band(self) -> str:
        """One for all: green where nothing is behind, red where at least half are far behind."""
        if not self.rated:
            return UNRATED
        if self.green == self.rated:
            return "green"
        return "red" if 2 * self.counts.get("red", 0) >= self.rated else "yellow"
