"""What is told of a command of Airflow's that failed."""

from __future__ import annotations

from qiangji.local.processes import last_words

TRACEBACK = """2026-11-28T20:00:58 [warning  ] something
Traceback (most recent call last):
  File "/x/airflow/models/backfill.py", line 666, in _create_backfill
    raise AlreadyRunningBackfill(
airflow.models.backfill.AlreadyRunningBackfill: Another backfill is running for Dag collect_period. Only one may.
"""


def test_of_a_traceback_the_error_and_what_to_do() -> None:
    said, do = last_words(TRACEBACK)
    assert said == "Another backfill is running for Dag collect_period. Only one may."
    assert "Wait until the one that runs has ended" in do
    assert "补采" in do


def test_of_an_error_that_nobody_foresaw_its_words() -> None:
    assert last_words("Traceback (most recent call last):\n  File 'x'\nKeyError: 'a'") == ("'a'", "")
    assert last_words("Traceback (most recent call last):\n  File 'x'\na.b.Empty") == ("Empty", "")


def test_of_anything_else_its_last_lines() -> None:
    assert last_words("usage: airflow\n\nairflow: error: no such command") == (
        "usage: airflow\nairflow: error: no such command",
        "",
    )
