"""Red, yellow, green: where a figure stands on its way to the yearly target (illustrative).

In: a row with the columns of mart.indicator_target_status. Out: a band. No threshold is made up: the path and the
pace are those of the view (decision 15).

| band | means |
| --- | --- |
| green | reached, or on the path to the target |
| yellow | behind the path; at its pace the target is reached in its year, or the pace is not known |
| red | behind the path, and at its pace the target is not reached in its year |
| none | no target, no value, or a figure without a direction |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qiangji.periods import Period

BANDS = ("red", "yellow", "green")
"""The worst first."""


def band(row: Mapping[str, Any]) -> str:
    """The band of a figure."""
    if row.get("path") is None or row["value"] is None:
        return "none"
    if row["is_reached"] or row["is_on_path"]:
        return "green"
    if row["pace"] is None:
        return "yellow"
    reached = row["reached_by"]
    return "yellow" if reached and reached.year <= Period.parse(row["period"]).year else "red"
