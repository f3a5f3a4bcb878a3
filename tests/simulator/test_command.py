"""`python -m simulator`: it serves, takes events, and leaves nothing running."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.simulator.clients import ROOT
from tests.simulator.held import TODAY


def serve(directory: Path, *options: str) -> subprocess.Popen[str]:
    """Start the command in a process of its own, and wait until it serves."""
    command = [sys.executable, "-m", "simulator", "serve", "--dir", str(directory), "--today", TODAY]
    process = subprocess.Popen(
        [*command, "--months", "1", "--scale", "0.02", *options], cwd=ROOT, text=True, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def refused(port: int) -> bool:
    with socket.socket() as probe, contextlib.suppress(ConnectionRefusedError):
        probe.connect(("127.0.0.1", port))
        return False
    return True


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_takes_events_and_leaves_nothing_running(
    tmp_path: Path, ending: signal.Signals
) -> None:
    process = serve(tmp_path, "--counties", "440703,440705")
    try:
        lines = (tmp_path / "connections.env").read_text(encoding="utf-8").splitlines()
        assert [line.partition("=")[0] for line in lines] == [
            "QIANGJI_CONN_COUNTY_440703",
            "QIANGJI_CONN_COUNTY_440705",
        ]
        for private in ("connections.env", "control.json"):
            assert (tmp_path / private).stat().st_mode & 0o777 == 0o600
        ports = [urlsplit(line.partition("=")[2]).port for line in lines]
        event = [sys.executable, "-m", "simulator", "event", "--dir", str(tmp_path)]
        done = subprocess.run([*event, "down", "county=440705"], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["event"] == "down"
        assert refused(ports[1] or 0)
        assert (
            json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))["events"][0]["county"]
            == "440705"
        )
        wrong = subprocess.run([*event, "explode"], cwd=ROOT, capture_output=True, text=True)
        assert wrong.returncode == 1
        assert "no event" in wrong.stderr
        process.send_signal(ending)
        assert process.wait(10) == 0
    finally:
        process.kill()
    assert all(refused(port or 0) for port in ports)
    assert not (tmp_path / "control.json").exists()


def test_the_command_ends_when_its_parent_has_ended(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulator", "serve", "--dir", str(tmp_path), "--die-with-parent"]
    command += ["--months", "1", "--scale", "0.02", "--counties", "440703"]
    parent = (
        f"import subprocess; child = subprocess.Popen({command!r}, stdout=subprocess.PIPE, text=True)\n"
        "child.stdout.readline(); print(child.pid)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", parent], cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    port = urlsplit((tmp_path / "connections.env").read_text(encoding="utf-8").partition("=")[2].strip()).port
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and (tmp_path / "control.json").exists():
        time.sleep(0.1)
    assert refused(port or 0), f"process {done.stdout.strip()} is still serving"
