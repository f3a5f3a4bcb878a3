"""One running PostgreSQL: its settings, its port, its processes, and how it is stopped.

In: the data folder. Out: process ids from postmaster.pid. Each is checked against the process itself, because
after a crash the number may belong to another program.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import socket
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

from qiangji.embedded.install import EmbeddedError

HOST = "127.0.0.1"
# Below the range from which Linux and macOS take ports for outgoing connections.
PORTS = range(15432, 15932)
STOP_SECONDS = 60.0


def settings(port: int) -> list[str]:
    """Server settings for two cores. They are arguments, so that changed ones hold for old data folders too."""
    chosen = {
        "listen_addresses": HOST,
        "port": port,
        "unix_socket_directories": "",  # a socket's path is limited to about 100 bytes
        "password_encryption": "scram-sha-256",
        "max_connections": 200,
        "reserved_connections": 20,  # for the roles that write, whatever BI tools and Airflow take
        "shared_buffers": "256MB",
        "work_mem": "32MB",
        "maintenance_work_mem": "128MB",
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        "wal_level": "minimal",  # nothing replicates, and a load into a new table then skips the log
        "max_wal_senders": 0,
        "autovacuum_max_workers": 2,
        "max_parallel_workers": 2,
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",
        # A failing statement and its detail quote rows, and a row may name a person.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "logging_collector": "off",
    }
    shared = Path("/dev/shm")
    if not shared.exists() or shutil.disk_usage(shared).total < 500_000_000:
        # Containers give 64 MB, too little for a parallel join.
        chosen["dynamic_shared_memory_type"] = "mmap"
    if unsafe():
        chosen |= {"fsync": "off", "full_page_writes": "off"}
    return [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]


def unsafe() -> bool:
    """For tests only: data are lost if the machine stops."""
    return os.environ.get("QIANGJI_EMBEDDED_FSYNC") == "off"


def environment() -> dict[str, str]:
    """The server's environment, without any PG* variable of the caller's that could redirect it."""
    kept = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"LC_ALL": "C", "LANG": "C"}


def ports_of(home: Path, ports: range) -> list[int]:
    """The ports in an order of this home's own: two homes that start at once seldom try the same port first."""
    first = int(hashlib.sha256(str(home).encode()).hexdigest(), 16) % len(ports)
    return [*ports[first:], *ports[:first]]


def free_port(preferred: int, tried: set[int], ports: Iterable[int]) -> int:
    """The preferred port if it is free, otherwise the first free one of `ports`, otherwise any."""
    for port in ([preferred] if preferred else []) + [*ports, 0]:
        if port in tried:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise EmbeddedError(
        "no TCP port is free", where=HOST, expected="one free port", do="End programs that hold many"
    )


def alive(process: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return bool(psutil.Process(process).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def postmaster(data: Path, *, ready: bool = False) -> int | None:
    """The process id of the server that runs on this data folder, or None. `ready`: only if it is ready."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        process = int(lines[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None
    if ready and (len(lines) < 8 or lines[7].strip() != "ready"):
        return None
    try:
        command = psutil.Process(process).cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return None
    # The number may have been given to another program since a crash.
    return process if str(data) in command else None


def stop_postmaster(data: Path) -> None:
    """Stop the server on this data folder: politely, then at once, then by force."""
    for number, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0)):
        process = postmaster(data)
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not alive(process):
                return
            time.sleep(0.02)


def clear_after_a_crash(data: Path) -> None:
    """Wait for the processes that a killed server left, kill them after 15 s, and remove its pid file.

    PostgreSQL recovers the rest itself. The wait comes first: those processes may still write to the data, and
    without its pid file PostgreSQL would not notice them.
    """
    if not (data / "postmaster.pid").exists():
        return
    deadline = time.monotonic() + 15
    while True:
        left = [
            process
            for process in psutil.process_iter(["name", "cwd"])
            if process.info["name"] == "postgres" and process.info["cwd"] == str(data)
        ]
        if not left:
            break
        if time.monotonic() > deadline:
            for process in left:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(left, timeout=5)
        time.sleep(0.05)
    (data / "postmaster.pid").unlink(missing_ok=True)
