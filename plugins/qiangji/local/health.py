"""Whether the local Airflow works, as its api-server says.

In: the address of the api-server. Out: the components that have not given a sign of life yet.
"""

from __future__ import annotations

import contextlib
from datetime import datetime

import httpx2


def session(url: str) -> httpx2.Client:
    """What `missing` asks with. To make one reads all certificates there are, which takes longer than to ask."""
    return httpx2.Client(base_url=url, timeout=10, trust_env=False)


def missing(http: httpx2.Client, since: datetime) -> list[str]:
    """Components that have given no sign of life since then."""
    try:
        answer = http.get("/api/v2/monitor/health")
        health = answer.raise_for_status().json()
    except httpx2.HTTPError:
        return ["api-server"]
    found = []
    for name, part in (("scheduler", "scheduler"), ("dag-processor", "dag_processor")):
        beat = (health.get(part) or {}).get(f"latest_{part}_heartbeat")
        # Airflow calls a component healthy for half a minute after an earlier stack's last heartbeat.
        if not beat or datetime.fromisoformat(beat) < since:
            found.append(name)
    return found


def warm(url: str) -> None:
    """Ask the tasks' API for the first time, which sets it up."""
    with contextlib.suppress(httpx2.HTTPError):
        httpx2.get(f"{url}/execution/health", timeout=30, trust_env=False)
