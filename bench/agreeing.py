"""Whether two databases hold the same facts and figures: a county's sums, a unit's, those of all villages together.

In: addresses, and the relations of each. Out: `Agreement`. Fact tables are compared by county, figures by unit above
villages; a county's code is how its groups' codes begin, so that a table without a column for it can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from bench.nation_floor import NUMBERS, SIDES

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Held:
    """One database: where, and its relations. `figures` is empty where it has none."""

    url: str
    facts: str
    figures: str = ""


@dataclass(frozen=True)
class Agreement:
    """How many rows and result rows one has, and whether their sums are the other's."""

    facts: int
    results: int
    differing: list[str]

    @property
    def is_same(self) -> bool:
        return not self.differing

    @property
    def said(self) -> str:
        answer = "yes" if self.is_same else f"NO ({', '.join(self.differing)})"
        return f"{answer}, {self.facts:,} rows and {self.results:,} result rows"

    def told(self) -> dict[str, Any]:
        return {"is_same": self.is_same, "facts": self.facts, "results": self.results, "said": self.said}


def agreement(ours: Held, other: Held) -> Agreement:
    """The other's facts and figures against ours. Nothing at all agrees with nothing."""
    differing, counts = [], {"facts": 0, "figures": 0}
    for kind, summed in (("facts", of_facts), ("figures", of_figures)):
        relation = getattr(other, kind)
        if not relation:
            continue
        found = _rows(other.url, summed(relation))
        counts[kind] = sum(row[-1] for row in found)
        if not found or found != _rows(ours.url, summed(getattr(ours, kind))):
            differing.append(kind)
    return Agreement(counts["facts"], counts["figures"], differing)


def of_facts(relation: str) -> str:
    sums = ", ".join(f"CAST(sum({n}) AS bigint)" for n in NUMBERS)
    return f"SELECT left(group_code, 6), {sums}, count(*) FROM {relation} GROUP BY 1 ORDER BY 1"


def of_figures(relation: str) -> str:
    sums = ", ".join(f"CAST(sum({p}__{code}) AS bigint)" for code in SIDES for p in "nd")
    return (
        "SELECT period_type, org_level, CASE WHEN org_level <> 'village' THEN org_code END,"
        f" {sums}, count(*) FROM {relation} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )


def _rows(url: str, statement: str) -> Rows:
    with psycopg.connect(url) as c:
        return c.execute(statement).fetchall()
