"""Constants that the tests of the simulator share: the day, the periods, the forms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import simulator
from simulator import Simulator
from simulator.submissions import Submission

PACKAGE = Path(simulator.__file__).parent
TODAY = "2026-11-24"
MONTHS = ["2026-07", "2026-08", "2026-09", "2026-10"]
QUARTER = "2026Q3"  # the one that ends in one of these months
OF_PLACES = ("village_group", "village", "community")  # forms of groups, villages and communities
DIRECT = "440799"  # the city's own departments
Key = tuple[str, str, str]


def submission(prepared: Simulator, fault: dict[str, Any]) -> Submission:
    return prepared._held[fault["county"], fault["form"], fault["period"]]
