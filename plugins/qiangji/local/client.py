"""Airflow's REST API, as far as this project needs it, without importing Airflow.

In: the api-server's address, a user and a password. Out: plain dictionaries as the API gives them (docs: the
server's own /docs page). A token is fetched when one is needed and fetched again when it has expired.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import httpx2

from qiangji.errors import QiangjiError

PAGE = 100  # the most that one answer may hold ([api] maximum_page_limit)


class AirflowError(QiangjiError):
    """Airflow did not do what was asked of it."""

    code = "airflow"


class AirflowClient:
    """A session with one api-server. Use it as a context manager, or call `close`."""

    def __init__(self, url: str, user: str, password: str, timeout: float = 30.0) -> None:
        self.url = url.rstrip("/")
        self._user, self._password = user, password
        # trust_env off: a proxy for the outside world must not see a server on loopback.
        self._http = httpx2.Client(base_url=self.url, timeout=timeout, trust_env=False)
        self._token = ""

    def __enter__(self) -> AirflowClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    # --- server ---------------------------------------------------------------------------------------------

    def health(self) -> dict[str, Any]:
        """State and last heartbeat of metadatabase, scheduler, triggerer and dag_processor."""
        return self._json("GET", "/monitor/health")

    def ensure_pool(self, name: str, slots: int, description: str = "") -> None:
        """Make the pool, or give it this many slots."""
        body = {"name": name, "slots": slots, "description": description}
        if self._request("GET", f"/pools/{quote(name)}", allow={404}).status_code == 404:
            self._request("POST", "/pools", json=body, allow={409})
        self._request(
            "PATCH", f"/pools/{quote(name)}", json={"pool": name, "slots": slots, "include_deferred": False},
            params={"update_mask": ["slots"]},
        )  # fmt: skip

    # --- DAGs -----------------------------------------------------------------------------------------------

    def wait_for_dags(self, dag_ids: Iterable[str], timeout: float = 60.0) -> None:
        """Wait until the dag-processor has read these DAGs.

        Raises AirflowError with the import errors, if there are any, or when `timeout` seconds have passed.
        """
        wanted = set(dag_ids)
        deadline = time.monotonic() + timeout
        patience = deadline
        while True:
            known = {dag["dag_id"] for dag in self._pages("/dags", "dags", exclude_stale=True)}
            if wanted <= known:
                return
            broken = self._pages("/importErrors", "import_errors")
            if broken:
                # It may be another file's error: ours may still be in the queue.
                patience = min(patience, time.monotonic() + 5)
            if time.monotonic() > patience:
                errors = [f"{error['filename']}: {error['stack_trace'][-400:]}" for error in broken]
                raise AirflowError(
                    "DAG files cannot be imported: " + "; ".join(errors)
                    if errors
                    else f"no DAG {', '.join(sorted(wanted - known))} after {timeout:.0f} s",
                    where=self.url,
                    expected=f"{', '.join(sorted(wanted))}; found {', '.join(sorted(known)) or 'none'}",
                    do="Mend the file (it is read again within seconds); see airflow-dag-processor.log",
                )
            time.sleep(0.25)

    def unpause(self, dag_id: str) -> None:
        """Let the DAG run: on its schedule and on events (a paused consumer of an asset misses them)."""
        self._request("PATCH", f"/dags/{quote(dag_id)}", json={"is_paused": False})

    def pause(self, dag_id: str) -> None:
        self._request("PATCH", f"/dags/{quote(dag_id)}", json={"is_paused": True})

    # --- runs -----------------------------------------------------------------------------------------------

    def trigger(
        self, dag_id: str, *, partition_key: str | None = None, conf: dict[str, Any] | None = None
    ) -> str:
        """Start a run, of one partition if a key is given; its run id."""
        body: dict[str, Any] = {"logical_date": None, "conf": conf or {}}
        if partition_key is not None:
            body["partition_key"] = partition_key
        return str(self._json("POST", f"/dags/{quote(dag_id)}/dagRuns", json=body)["dag_run_id"])

    def end_backfills(self, dag_id: str) -> int:
        """Cancel backfills that Airflow still counts as running: an earlier scheduler was stopped before it marked
        them as done, and there may be only one a DAG. How many.
        """
        active = self._pages("/backfills", "backfills", dag_id=dag_id)
        left = [b for b in active if b["completed_at"] is None]
        for backfill in left:
            self._json("PUT", f"/backfills/{backfill['id']}/cancel")
        return len(left)

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """One run: `state` (queued, running, success, failed), `start_date`, `end_date`, `partition_key`."""
        return self._json("GET", _run(dag_id, run_id))

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """All runs of the DAG, oldest first."""
        return self._pages(f"/dags/{quote(dag_id)}/dagRuns", "dag_runs", order_by="run_after")

    def task_instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """All task instances: `task_id`, `map_index`, `rendered_map_index`, `state`, `try_number`,
        `start` and `end` (ISO 8601 or None; the API's start_date and end_date, which are there too)...
        """
        found = self._pages(f"{_run(dag_id, run_id)}/taskInstances", "task_instances")
        for instance in found:
            instance["start"], instance["end"] = instance.get("start_date"), instance.get("end_date")
        return found

    def returned(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> Any:
        """What a task instance returned."""
        answer = self._json(
            "GET",
            f"{_run(dag_id, run_id)}/taskInstances/{quote(task_id)}/xcomEntries/return_value",
            params={"map_index": map_index, "deserialize": True},
        )
        return answer["value"]

    def task_log(
        self, dag_id: str, run_id: str, task_id: str, *, map_index: int = -1, try_number: int = 1
    ) -> str:
        """What a task wrote into its log, one line an event."""
        answer = self._json(
            "GET",
            f"{_run(dag_id, run_id)}/taskInstances/{quote(task_id)}/logs/{try_number}",
            params={"map_index": map_index, "full_content": True},
        )
        lines = []
        for event in answer["content"]:
            if isinstance(event, str):
                lines.append(event)
            else:
                lines.append(f"{event.get('timestamp') or ''} {event.get('event', '')}".strip())
                for error in event.get("error_detail") or []:
                    lines.append(f"{error.get('exc_type')}: {error.get('exc_value')}")
        return "\n".join(lines)

    def wait_for_run(self, dag_id: str, run_id: str, timeout: float, every: float = 0.5) -> dict[str, Any]:
        """Wait until the run has ended, whichever way; raises AirflowError after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            run = self.run(dag_id, run_id)
            if run["state"] in {"success", "failed"}:
                return run
            if time.monotonic() > deadline:
                raise AirflowError(
                    f"still {run['state']} after {timeout:.0f} s",
                    where=f"{dag_id} {run_id}",
                    expected="a run that ends",
                    do=f"Look at {self.url}/dags/{dag_id}/runs/{run_id}",
                )
            time.sleep(every)

    # --- HTTP -----------------------------------------------------------------------------------------------

    def _json(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._request(method, path, **arguments).json()
        return answer

    def _pages(self, path: str, key: str, **params: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = self._json("GET", path, params={**params, "limit": PAGE, "offset": len(found)})
            found += page[key]
            if not page[key] or len(found) >= page["total_entries"]:
                return found

    def _request(
        self, method: str, path: str, *, allow: Iterable[int] = (), **arguments: Any
    ) -> httpx2.Response:
        for attempt in (1, 2, 3):
            try:
                if not self._token:
                    self._login()
                answer = self._http.request(
                    method,
                    f"/api/v2{path}",
                    headers={"Authorization": f"Bearer {self._token}", "Accept": "application/json"},
                    **arguments,
                )
            except httpx2.TransportError as error:
                # Only reading is repeated: nobody knows whether a POST that broke off was carried out.
                if method == "GET" and attempt < 3:
                    time.sleep(0.5 * attempt)
                    continue
                raise AirflowError(
                    f"{method} {path}: {type(error).__name__}",
                    where=self.url,
                    expected="Airflow's api-server",
                    do="See whether it runs, and airflow-api-server.log",
                ) from error
            if answer.status_code == 401 and attempt == 1:
                self._token = ""
                continue
            if answer.is_success or answer.status_code in allow:
                return answer
            break
        raise AirflowError(
            f"{method} {path} was answered with {answer.status_code}: {answer.text[:500]}",
            where=self.url,
            expected="2xx",
        )

    def _login(self) -> None:
        answer = self._http.post("/auth/token", json={"username": self._user, "password": self._password})
        if not answer.is_success:
            raise AirflowError(
                f"the login of {self._user} was answered with {answer.status_code}",
                where=self.url,
                expected="the password of this home's Airflow",
                do="See whether another Airflow listens there",
            )
        self._token = answer.json()["access_token"]


def _run(dag_id: str, run_id: str) -> str:
    return f"/dags/{quote(dag_id)}/dagRuns/{quote(run_id, safe='')}"
