"""Where an annotated workbook is put: `feedback/` beside what the county delivers, or kept for the page to offer.

In: a county, a file name built from its declared pattern, bytes. Out: the file under its final name, never half of it.

| the county reports by | its workbook goes |
| --- | --- |
| SFTP | through the same connection (host key verified) |
| folder | into that folder |
| an API, a database | to QIANGJI_HOME/feedback/<county>/, as the county has no place to write to |
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from qiangji.catalogue.models import County
from qiangji.errors import PermanentError
from qiangji.periods import Period
from qiangji.pipeline import Pipeline
from qiangji.sources.files import FEEDBACK, TEMPORARY, expected_names, temporary_name
from qiangji.sources.limits import Limits

FOLDER = FEEDBACK


def place_of(county: County) -> str:
    """sftp, folder or kept."""
    return county.transport if county.transport in ("sftp", "folder") else "kept"


def file_name(county: County, targets: Sequence[tuple[str, Period]]) -> str | None:
    """The name of a workbook with these reports that the county's file is declared to have, so that it can be sent as
    it is; None where the county declares none for so many.

    Never the name that a delivery came under: that may be anything.
    """
    if county.files and targets:
        name = next(iter(expected_names(county.files, targets)))
        return name.rpartition(".")[0] + ".xlsx"
    return f"{targets[0][0]}_{targets[0][1]}.xlsx" if len(targets) == 1 else None


def write(p: Pipeline, county: County, name: str, content: bytes) -> None:
    """Put the file there, in the place of one of that name. `name` has no folder in it.

    Raises CollectError where the county's place does not take it.
    """
    if county.transport == "sftp":
        from qiangji.sources.sftp import SftpSource

        with closing(SftpSource(county, Limits.of(county, p.settings))) as system:
            system.put(FOLDER, name, content)
    elif county.transport == "folder":
        from qiangji.sources.folder import folder_of

        _write_beside(county, folder_of(county, p.catalogue.path) / FOLDER, name, content)
    else:
        own = p.settings.home / FOLDER / county.county
        own.mkdir(parents=True, exist_ok=True)
        for private in (own.parent, own):
            private.chmod(0o700)
        _replace(os.open(own, os.O_RDONLY | os.O_DIRECTORY), name, content, 0o600)


def remove(p: Pipeline, county: County, name: str, sha256: str | None) -> bool:
    """Remove a file from `feedback/` if it is still as it was written (None: however it is); one that has gone is no
    error. Returns False where somebody changed it: it is left.

    Raises CollectError where the county's place does not let us.
    """
    if county.transport == "sftp":
        from qiangji.sources.sftp import SftpSource

        with closing(SftpSource(county, Limits.of(county, p.settings))) as system:
            return system.remove(FOLDER, name, sha256)
    if county.transport == "folder":
        from qiangji.sources.folder import folder_of

        folder = folder_of(county, p.catalogue.path) / FOLDER
    else:
        folder = p.settings.home / FOLDER / county.county
    try:
        return _remove(folder, name, sha256)
    except OSError as e:
        raise _refused(county, folder, e) from e


def _remove(folder: Path, name: str, sha256: str | None) -> bool:
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return True
    try:
        if not stat.S_ISREG(os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode):
            return False
        with os.fdopen(
            os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=handle), "rb"
        ) as file:
            if sha256 is not None and hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                return False
        os.unlink(name, dir_fd=handle)
    except FileNotFoundError:
        return True
    finally:
        os.close(handle)
    return True


def _refused(county: County, folder: Path, e: OSError) -> PermanentError:
    return PermanentError(
        f"{folder} cannot be written to ({e.strerror})",
        where=county.county,
        expected="a folder in which the pipeline may write",
        do="Let the pipeline's user write there; it is tried again with the next run.",
        code="feedback_refused",
    )


def _write_beside(county: County, folder: Path, name: str, content: bytes) -> None:
    """Into a folder that others may write to: a link in the place of `feedback/` is not followed."""
    try:
        if not folder.exists() and not folder.is_symlink():
            folder.mkdir()
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        _replace(handle, name, content, stat.S_IMODE(folder.parent.stat().st_mode) & 0o666)
    except OSError as e:
        raise _refused(county, folder, e) from e


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
    """Remove what a killed process left behind; a process that still writes holds a lock on its file."""
    for name in os.listdir(folder):
        if TEMPORARY.fullmatch(name):
            with suppress(OSError):
                handle = os.open(name, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(name, dir_fd=folder)
                finally:
                    os.close(handle)
