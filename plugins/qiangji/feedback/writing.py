"""Where an annotated workbook is put: `feedback/` beside what the county delivers, or kept for the page to offer.

In: a county, a file name built from its declared pattern, bytes. Out: the file under its final name, never half of it.
Counties by SFTP get it through the connection that their reports come by (host key verified); those by folder in their
folder; others (an API, a database) are no place to write to: theirs is kept under QIANGJI_HOME/feedback/<county>/.
Raises CollectError where the county's place does not take it.
"""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import closing, suppress
from pathlib import Path

from qiangji.catalogue import Catalogue, County
from qiangji.errors import PermanentError
from qiangji.settings import Settings
from qiangji.sources.files import TEMPORARY, temporary_name
from qiangji.sources.limits import Limits

FOLDER = "feedback"


def place_of(county: County) -> str:
    """sftp, folder or kept."""
    return county.transport if county.transport in ("sftp", "folder") else "kept"


def write(catalogue: Catalogue, settings: Settings, county: County, name: str, content: bytes) -> None:
    """Put the file there, in the place of one of that name. `name` has no folder in it."""
    if county.transport == "sftp":
        from qiangji.sources.sftp import SftpSource

        with closing(SftpSource(county, Limits.of(county, settings))) as system:
            system.put(FOLDER, name, content)
    elif county.transport == "folder":
        from qiangji.sources.folder import folder_of

        _write_beside(county, folder_of(county, catalogue.path), name, content)
    else:
        folder = settings.home / FOLDER / county.county
        folder.mkdir(parents=True, exist_ok=True)
        for private in (folder.parent, folder):
            private.chmod(0o700)
        _replace(os.open(folder, os.O_RDONLY | os.O_DIRECTORY), name, content, 0o600)


def _write_beside(county: County, root: Path, name: str, content: bytes) -> None:
    """Into a folder that others may write to: a link in our place is not followed."""
    folder = root / FOLDER
    try:
        if not folder.exists() and not folder.is_symlink():
            folder.mkdir()
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        _replace(handle, name, content, stat.S_IMODE(root.stat().st_mode) & 0o666)
    except OSError as e:
        raise PermanentError(
            f"{folder} cannot be written to ({e.strerror})",
            where=county.county,
            expected="a folder in which the pipeline may write",
            do="Let the pipeline's user write there; it is tried again with the next run.",
            code="feedback_refused",
        ) from e


def _replace(folder: int, name: str, content: bytes, mode: int) -> None:
    """Write under a temporary name, then rename. `folder`: an open directory, which is closed."""
    temporary = temporary_name()
    try:
        _sweep(folder)
        handle = os.open(
            temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=folder
        )
        try:
            with os.fdopen(handle, "wb") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.write(content)
                os.fchmod(file.fileno(), mode)
                file.flush()
                os.fsync(file.fileno())
                os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            os.unlink(temporary, dir_fd=folder)
            raise
    finally:
        os.close(folder)


def _sweep(folder: int) -> None:
    """Remove what a process left that was killed while it wrote: who writes holds a lock."""
    for name in os.listdir(folder):
        if TEMPORARY.fullmatch(name):
            with suppress(OSError):
                handle = os.open(name, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(name, dir_fd=folder)
                finally:
                    os.close(handle)
