"""Runs and task instances as typed rows, and the seconds they took."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from qiangji.local.__main__ import main
from qiangji.local.runs import TaskInstance, busy_seconds, read_run, task_seconds

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def instance(task: str, start: float | None, end: float | None) -> TaskInstance:
    moments = (None if s is None else NOON + timedelta(seconds=s) for s in (start, end))
    return TaskInstance(task, -1, None, "success", 1, *moments)


def test_seconds_of_tasks_are_added_up_although_they_ran_side_by_side() -> None:
    ran = [
        instance("pull", 0, 2),
        instance("pull", 1, 4),
        instance("check", 4, 5),
        instance("check", 5, None),
    ]
    assert task_seconds(ran) == {"pull": (2, 5.0), "check": (1, 1.0)}


def test_busy_is_the_time_in_which_something_ran() -> None:
    ran = [instance("a", 0, 2), instance("b", 1, 4), instance("c", 6, 7), instance("d", None, None)]
    assert busy_seconds((i.start, i.end) for i in ran) == 5.0
    assert busy_seconds([]) == 0.0


def test_a_run_that_was_never_queued_counts_from_when_it_was_due() -> None:
    answer = {
        "dag_id": "d", "dag_run_id": "r", "state": "running", "run_type": "manual", "partition_key": None,
        "conf": None, "queued_at": None, "run_after": "2026-11-28T12:00:00Z", "end_date": None,
    }  # fmt: skip
    run = read_run(answer)
    assert (run.queued, run.end, run.conf, run.has_ended) == (NOON, None, {}, False)
    assert read_run(answer | {"state": "failed"}).has_ended


def test_airflow_that_was_never_started_is_told_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["airflow", "--home", str(tmp_path), "--", "dags", "list"]) == 1
    assert "Run `make up` first." in capsys.readouterr().err
