"""The disk is full at a raw file, at rows, or at an event; then there is room, and the same command runs again.

In: the scene. Out: an `Outcome` for each. There are two ways: as root, the lake lies on a tmpfs that is filled up; as
any user, the process may write no file beyond a number of bytes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.scene import Outcome, Scene
from tests.faults.victim import Ended

PAGE = 4096
LIMITS = (30, 400, 900)
"""Limits in bytes: a county's file has 60, an event 400 to 2,000, a table of rows more."""


def by_a_limit(scene: Scene, command: str, largest: int) -> Outcome:
    with scene.copy(scene.states[command]) as one:
        _told(scene.run(one, command, largest=largest))
        scene.finish(one, command)
        return scene.outcome(one, command, "disk full, by a limit on files", f"{command}: {largest} bytes")


def by_a_file_system(scene: Scene, command: str, pages: int) -> Outcome:
    """The lake's file system has `pages` free pages when the command begins."""
    with scene.copy(scene.states[command]) as one, small(one.lake) as filler:
        free = os.statvfs(one.lake).f_bavail
        filler.write_bytes(bytes(PAGE * (free - pages)))
        _told(scene.run(one, command))
        filler.unlink()
        scene.finish(one, command)
        return scene.outcome(one, command, "disk full", f"{command}: {pages} pages free")


def can_mount() -> bool:
    return os.geteuid() == 0 and shutil.which("mount") is not None and _mounts()


def _mounts() -> bool:
    """Whether this process may mount: root in a container mostly may not."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        tried = subprocess.run(["mount", "-t", "tmpfs", "none", folder], capture_output=True, check=False)
        if not tried.returncode:
            subprocess.run(["umount", folder], check=True)
        return not tried.returncode


@contextmanager
def small(lake: Path) -> Iterator[Path]:
    """Put the lake on a tmpfs of four megabytes; yields the path of a file outside its areas, to fill it with."""
    held = lake.with_name("lake on the disk")
    lake.rename(held)
    lake.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={1024 * PAGE}", "none", str(lake)], check=True)
    try:
        shutil.copytree(held, lake, dirs_exist_ok=True)
        yield lake / "filler"
    finally:
        subprocess.run(["umount", str(lake)], check=True)


def _told(ended: Ended) -> None:
    """Whether the command printed one line that says what to do, and no traceback."""
    assert ended.code == 1, (ended.code, ended.err)
    assert ended.err.startswith("disk_full: "), ended.err
    assert "Make room" in " ".join(ended.err.split())
    assert "Traceback" not in ended.err
