"""If the scheduler is killed in the middle of a task, the night ends as if it had not been."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults import scheduler
from tests.integration.test_airflow_night import Site


@pytest.fixture(scope="module")
def site(servers: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with scheduler.site(tmp_path_factory.mktemp("scheduler")) as found:
        yield found


def test_a_scheduler_killed_twice(
    site: Site, tmp_path_factory: pytest.TempPathFactory, postgres: Any
) -> None:
    outcome = scheduler.killed(site, tmp_path_factory.mktemp("other"), postgres)
    assert outcome.is_well, str(outcome)
