"""A client of Airflow's REST API: the few calls that this project needs, without importing Airflow.

In: the api-server's address, a user and a password. Out: runs and task instances as typed rows. The API is
documented on the server's own /docs page. The client fetches a token at the first call, and a new one when
the token has expired.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import httpx2

from qiangji.errors import QiangjiError
from qiangji.local.runs import Run, TaskInstance, read_run, read_task_instance

PAGE = 100  # the most that one answer may hold ([api] maximum_page_limit)


class AirflowError(QiangjiError):
    """Airflow did not do what was asked of it."""

    code = "airflow"

    def _usual_zh(self) -> str:
        return "Airflow没有完成所要求的操作：请按下面英文所说处理。"


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

    def ensure_pool(self, name: str, slots: int) -> None:
        """Make the pool, or give it this many slots."""
        if self._request("GET", f"/pools/{quote(name)}", allow={404}).status_code == 404:
            self._request("POST", "/pools", json={"name": name, "slots": slots}, allow={409})
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
                # The error may be another file's, and the files of these DAGs still in the queue.
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
        """Let the DAG run on its schedule and on events. A paused DAG misses the events of its assets."""
        self._request("PATCH", f"/dags/{quote(dag_id)}", json={"is_paused": False})

    # --- runs -----------------------------------------------------------------------------------------------

    def trigger(
        self, dag_id: str, *, partition_key: str | None = None, conf: dict[str, Any] | None = None
    ) -> str:
        """Start a run, of one partition if a key is given; returns its run id."""
        body: dict[str, Any] = {"logical_date": None, "conf": conf or {}}
        if partition_key is not None:
            body["partition_key"] = partition_key
        return str(self._json("POST", f"/dags/{quote(dag_id)}/dagRuns", json=body)["dag_run_id"])

    def end_backfills(self, dag_id: str) -> int:
        """Cancel the DAG's open backfills; how many there were.

        Airflow allows one open backfill a DAG. A backfill stays open when the scheduler is stopped before it marks
        the backfill as done.
        """
        active = self._pages("/backfills", "backfills", dag_id=dag_id)
        left = [b for b in active if b["completed_at"] is None]
        for backfill in left:
            self._json("PUT", f"/backfills/{backfill['id']}/cancel")
        return len(left)

    def run(self, dag_id: str, run_id: str) -> Run:
        """One run."""
        return read_run(self._json("GET", _run(dag_id, run_id)))

    def runs(self, dag_id: str) -> list[Run]:
        """All runs of the DAG, oldest first."""
        path = f"/dags/{quote(dag_id)}/dagRuns"
        return [read_run(r) for r in self._pages(path, "dag_runs", order_by="run_after")]

    def task_instances(self, dag_id: str, run_id: str) -> list[TaskInstance]:
        """All task instances of a run, at their last try."""
        found = self._pages(f"{_run(dag_id, run_id)}/taskInstances", "task_instances")
        return [read_task_instance(i) for i in found]

    def returned(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> Any:
        """The value that a task instance returned."""
        answer = self._json(
            "GET",
            f"{_run(dag_id, run_id)}/taskInstances/{quote(task_id)}/xcomEntries/return_value",
            params={"map_index": map_index, "deserialize": True},
        )
        return answer["value"]

    def task_log(
        self, dag_id: str, run_id: str, task_id: str, *, map_index: int = -1, try_number: int = 1
    ) -> str:
        """A task's log, one line an event."""
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

    def wait_for_run(self, dag_id: str, run_id: str, timeout: float, every: float = 0.5) -> Run:
        """Wait until the run has ended, green or red. Raises AirflowError after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            run = self.run(dag_id, run_id)
            if run.has_ended:
                return run
            if time.monotonic() > deadline:
                raise AirflowError(
                    f"still {run.state} after {timeout:.0f} s",
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
                # Only GET is repeated: a POST that broke off may have been carried out.
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
