"""Seconds by stage: where the time of a pull, a check, a build or a run through Airflow went.

In: blocks of code, or task instances as dicts of Airflow's REST API. Out: seconds by stage or task.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any


class Stopwatch(dict[str, float]):
    """Stage -> seconds spent in it so far, rounded to milliseconds. A stage may be entered many times."""

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self[stage] = round(self.get(stage, 0.0) + time.perf_counter() - start, 3)


def task_seconds(instances: Iterable[dict[str, Any]]) -> dict[str, tuple[int, float]]:
    """Task -> (how many instances ran, the sum of their seconds, also where they ran side by side)."""
    found: dict[str, tuple[int, float]] = {}
    for instance in instances:
        if instance["start"] and instance["end"]:
            n, seconds = found.get(instance["task_id"], (0, 0.0))
            start, end = _bounds(instance)
            found[instance["task_id"]] = (n + 1, seconds + end - start)
    return found


def busy_seconds(instances: Iterable[dict[str, Any]]) -> float:
    """Seconds in which at least one of these instances ran. The rest of a run's time is Airflow's own."""
    total, until = 0.0, float("-inf")
    for start, end in sorted(_bounds(i) for i in instances if i["start"] and i["end"]):
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total


def _bounds(instance: dict[str, Any]) -> tuple[float, float]:
    return (
        datetime.fromisoformat(instance["start"]).timestamp(),
        datetime.fromisoformat(instance["end"]).timestamp(),
    )
