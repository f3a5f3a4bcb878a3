"""The account of what is planted: which rows and reports are taken, how many faults each has, the manifest's list.

In: a fault and its rows. Out: an entry of the manifest's `faults`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.fault_sets import Effect
from simulator.population import Population
from simulator.submissions import Key, Row, Submission


@dataclass
class Planter:
    """Keeps account: what is taken, the number of faults in each place, and the list."""

    population: Population
    submissions: dict[Key, Submission]
    months: list[str]
    planted: list[dict[str, Any]] = field(default_factory=list)
    taken: set[tuple[str, str]] = field(default_factory=set)  # form and unit
    load: Counter[Key] = field(default_factory=Counter)
    whole: set[Key] = field(default_factory=set)
    """Reports that a fault is planted in as a whole, and that count: none of their rows gets one."""

    def submission(self, county: str, form: str, period: str) -> Submission | None:
        return self.submissions.get((county, form, period))

    def record(
        self,
        submission: Submission,
        fault: str,
        effect: Effect,
        rule: str,
        *,
        field: str | None = None,
        rows: Sequence[Row] = (),
        unit: str | None = None,
    ) -> str:
        """Add an entry to the list; its rows are numbered when all is planted."""
        number = f"f{len(self.planted) + 1:03d}"
        self.planted.append(
            {
                "id": number, "county": submission.county, "form": submission.form.code,
                "period": submission.period, "unit": unit or (rows[0].code if rows else None), "field": field,
                "kind": fault, "effect": effect, "rows": [{"unit": row.code} for row in rows],
                "expected_rule": rule,
            }
        )  # fmt: skip
        return number
