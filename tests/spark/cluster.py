"""A standalone Spark cluster on loopback: a master, and two workers with a core each."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from qiangji.settings import PROJECT, Settings

LOOPBACK = "127.0.0.1"


def settings(folder: Path, master: str) -> Settings:
    return Settings(
        engine="spark",
        spark_master=master,
        spark_folder=folder / "seen by all",
        sql=PROJECT / "sql",
        home=folder,
        threads=1,
    )


def free_port() -> int:
    with socket.socket() as s:
        s.bind((LOOPBACK, 0))
        return int(s.getsockname()[1])


@contextmanager
def standalone(folder: Path, workers: int = 2) -> Iterator[str]:
    """The address of a running master with its workers, whose logs and work lie in the folder."""
    port = free_port()
    master = f"spark://{LOOPBACK}:{port}"
    with ExitStack() as stack:
        listening = ["--host", LOOPBACK, "--webui-port", str(free_port())]
        stack.enter_context(_running(folder / "master", "master.Master", [*listening, "--port", str(port)]))
        _wait_for(port)
        for number in range(workers):
            mine = folder / f"worker{number}"
            options = ["--cores", "1", "--memory", "1g", "--work-dir", str(mine / "work"), master]
            ui = ["--host", LOOPBACK, "--webui-port", str(free_port())]
            stack.enter_context(_running(mine, "worker.Worker", [*ui, *options]))
        yield master


@contextmanager
def _running(folder: Path, what: str, options: list[str]) -> Iterator[None]:
    import pyspark

    folder.mkdir(parents=True)
    home = Path(pyspark.__file__).parent
    environment: dict[str, Any] = {**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": LOOPBACK}
    command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{what}", *options]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            socket.create_connection((LOOPBACK, port), 1).close()
            return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"no Spark master at port {port} within 60 s")
