"""What the api-server says of the local Airflow's components."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from qiangji.local import health

BEGAN = datetime(2026, 12, 1, 8, tzinfo=UTC)
BEFORE, SINCE = ((BEGAN + timedelta(seconds=s)).isoformat() for s in (-1, 1))


@pytest.mark.parametrize(
    ("status", "scheduler", "dag_processor", "missing"),
    [
        (503, SINCE, SINCE, ["api-server"]),
        (200, None, None, ["scheduler", "dag-processor"]),
        (200, BEFORE, SINCE, ["scheduler"]),  # of an earlier stack
        (200, SINCE, BEFORE, ["dag-processor"]),
        (200, SINCE, SINCE, []),
    ],
)
def test_a_component_is_missing_until_it_has_given_a_sign_of_life(
    status: int, scheduler: str | None, dag_processor: str | None, missing: list[str]
) -> None:
    said: dict[str, Any] = {
        "scheduler": {"latest_scheduler_heartbeat": scheduler},
        "dag_processor": {"latest_dag_processor_heartbeat": dag_processor} if dag_processor else None,
    }
    answer = httpx2.MockTransport(lambda _: httpx2.Response(status, json=said))
    with httpx2.Client(base_url="http://127.0.0.1", transport=answer) as http:
        assert health.missing(http, BEGAN) == missing


def test_an_api_server_that_does_not_listen_is_missing() -> None:
    def refuse(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused", request=request)

    with httpx2.Client(base_url="http://127.0.0.1", transport=httpx2.MockTransport(refuse)) as http:
        assert health.missing(http, BEGAN) == ["api-server"]
