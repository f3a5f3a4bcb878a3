"""A Superset of its own for tests: bi/superset/.venv, accounts and dashboards in a temporary folder, on loopback."""

from __future__ import annotations

import importlib.util
import os
import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qiangji.settings import PROJECT

FOLDER = PROJECT / "bi" / "superset"
PROGRAMS = FOLDER / ".venv" / "bin"
USER = "admin"


def uploader() -> Any:
    """bi/superset/upload.py as a module: it belongs to no package."""
    spec = importlib.util.spec_from_file_location("upload", FOLDER / "upload.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def superset(folder: Path) -> Iterator[tuple[str, str]]:
    """Its address, and the password of its administrator."""
    password = secrets.token_urlsafe(16)
    environment = {
        "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
        "HOME": str(folder),
        "SUPERSET_HOME": str(folder),
        "SUPERSET_CONFIG_PATH": str(FOLDER / "superset_config.py"),
        "SUPERSET_SECRET_KEY": secrets.token_urlsafe(32),
        "SUPERSET_METADATA_URL": f"sqlite:///{folder}/superset.db",
        "SUPERSET_ADMIN_PASSWORD": password,
        "SCARF_ANALYTICS": "false",
    }
    with (folder / "log").open("wb") as log, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        environment["GUNICORN_CMD_ARGS"] = f"--workers=1 --threads=8 --timeout=120 --bind=127.0.0.1:{port}"
        server = subprocess.Popen(
            [PROGRAMS / "python", FOLDER / "prepare.py", "gunicorn", "superset.app:create_app()"],
            env=environment, cwd=folder, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            _wait_for(f"http://127.0.0.1:{port}/health", server)
            yield f"http://127.0.0.1:{port}", password
        finally:
            server.terminate()
            server.wait(30)


def _wait_for(address: str, server: subprocess.Popen[bytes], seconds: float = 600) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5)
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
        else:
            return
    raise AssertionError("Superset does not answer: see the file log of its folder")
