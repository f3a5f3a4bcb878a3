"""Deliveries withheld for personal data: nothing is kept, or, if the settings say so, their bytes for some days.

In: the bytes of a delivery that was withheld. Out: a file in QIANGJI_HOME/withheld named by its sha256, as in the
ledger; the folder is 0700, each file 0600. The folder lies outside the lake, so that no backup of the lake has it.
Each pull removes files that are older than the settings allow, and all of them where nothing is to be kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
from pathlib import Path

from qiangji.settings import Settings

_DAY = 86_400


def area(settings: Settings) -> Path:
    """Where withheld bytes lie."""
    return settings.home / "withheld"


def keep(settings: Settings, content: bytes) -> Path | None:
    """Keep the bytes if the settings say so; returns where."""
    if settings.withheld != "keep" or not content:
        return None
    folder = area(settings)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    path = folder / hashlib.sha256(content).hexdigest()
    handle, temporary = tempfile.mkstemp(prefix=".part-", dir=folder)  # 0600
    try:
        with os.fdopen(handle, "wb") as f:
            f.write(content)
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise
    return path


def sweep(settings: Settings) -> int:
    """Remove files older than the settings allow; returns how many."""
    days = settings.withheld_days if settings.withheld == "keep" else 0
    oldest, removed = time.time() - days * _DAY, 0
    for path in area(settings).glob("*"):
        with contextlib.suppress(FileNotFoundError):  # pulls side by side all sweep
            if path.stat().st_mtime <= oldest:
                path.unlink()
                removed += 1
    return removed
