"""Runs and task instances as Airflow's REST API describes them, and where their time went.

In: the API's JSON objects. Out: typed rows, and seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Run:
    """One run of a DAG."""

    dag_id: str
    run_id: str
    state: str
    """queued, running, success or failed."""
    run_type: str
    """manual, scheduled, backfill or asset_triggered."""
    partition_key: str | None
    conf: dict[str, Any]
    queued: datetime
    end: datetime | None

    @property
    def has_ended(self) -> bool:
        """Whether nothing of it will run any more."""
        return self.state in ("success", "failed")


@dataclass(frozen=True)
class TaskInstance:
    """One task of a run; a mapped task has one instance for each `map_index`, the others have -1."""

    task_id: str
    map_index: int
    rendered_map_index: str | None
    state: str | None
    try_number: int
    start: datetime | None
    end: datetime | None


def read_run(answer: dict[str, Any]) -> Run:
    """A run of the API's answer."""
    return Run(
        answer["dag_id"],
        answer["dag_run_id"],
        answer["state"],
        answer["run_type"],
        answer["partition_key"],
        answer["conf"] or {},
        datetime.fromisoformat(answer["queued_at"] or answer["run_after"]),
        _moment(answer["end_date"]),
    )


def read_task_instance(answer: dict[str, Any]) -> TaskInstance:
    """A task instance of the API's answer."""
    return TaskInstance(
        answer["task_id"],
        answer["map_index"],
        answer["rendered_map_index"],
        answer["state"],
        answer["try_number"],
        _moment(answer["start_date"]),
        _moment(answer["end_date"]),
    )


def task_seconds(instances: Iterable[TaskInstance]) -> dict[str, tuple[int, float]]:
    """Task -> how many instances ran, and the sum of their seconds (instances may have run side by side)."""
    found: dict[str, tuple[int, float]] = {}
    for i in instances:
        if i.start and i.end:
            n, seconds = found.get(i.task_id, (0, 0.0))
            found[i.task_id] = (n + 1, seconds + (i.end - i.start).total_seconds())
    return found


def busy_seconds(stretches: Iterable[tuple[datetime | None, datetime | None]]) -> float:
    """Seconds covered by at least one stretch (start, end); a stretch that has not ended does not count."""
    total, until = 0.0, float("-inf")
    for start, end in sorted((a.timestamp(), b.timestamp()) for a, b in stretches if a and b):
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
