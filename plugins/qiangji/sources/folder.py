"""Transport `folder`: files in a directory, named by the county's `path` or by its connection (file:///...).

`path` is absolute, or relative to the catalogue; a connection serves where each machine has another directory. Only
regular files with a name of the declared pattern are read, and none that is still being written. A symbolic link is not
followed, because whoever may write into the folder could point it anywhere. The file is checked after it is opened, so
the bytes read are those of the file checked. The version is modification time, size and the time of the last change
of any kind, which nobody can set back. A mount that hangs is abandoned at the county's deadline.
"""

from __future__ import annotations

import errno
import logging
import os
import stat
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from urllib.parse import unquote, urlsplit

from qiangji.catalogue.models import County
from qiangji.errors import PermanentError
from qiangji.settings import connection
from qiangji.sources import Fetched, Item, Seen, Target
from qiangji.sources.address import bad_connection
from qiangji.sources.files import (
    BENEATH,
    MAX_ENTRIES,
    Watch,
    changing,
    is_looked_into,
    is_report_like,
    kind_of,
    moment,
    names_in_a_folder,
    shown,
    too_many,
)
from qiangji.sources.limits import Limits

log = logging.getLogger(__name__)
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def folder_of(county: County, catalogue_path: Path) -> Path:
    """Where the county's files lie. Raises PermanentError `no_connection`, `bad_connection`."""
    if county.path:
        return catalogue_path / county.path
    parts = urlsplit(connection(county.connection))
    folder = Path(unquote(parts.path))
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not folder.is_absolute():
        raise bad_connection(county, "is no folder", "file:///an/absolute/path, parts percent-encoded")
    return folder


def _seen(entry: os.DirEntry[str], folder: str) -> list[Seen]:
    """A file that may be a report, with the folder that it lies in; nothing of another entry."""
    name = shown(os.fsencode(entry.name))
    with suppress(OSError):  # gone meanwhile
        found = entry.stat(follow_symlinks=False)
        if is_report_like(name) and stat.S_ISREG(found.st_mode):
            path = f"{shown(os.fsencode(folder))}/{name}" if folder else name
            return [Seen(path, moment(found.st_mtime))]
    return []


class FolderSource:
    """A directory. `list` looks at wanted names only."""

    def __init__(self, county: County, catalogue_path: Path, limits: Limits) -> None:
        self._county, self._limits = county, limits
        self._folder, self._watch = folder_of(county, catalogue_path), Watch(limits.settle)
        self.others: Sequence[Seen] = ()

    def close(self) -> None:
        """Nothing is kept open."""

    def list(self, wanted: Sequence[Target]) -> Sequence[Item]:
        return self._limits.bounded(lambda: self._list(wanted))

    def fetch(self, item: Item) -> Fetched:
        kind = kind_of(item.name, self._county.county)
        return Fetched(item, self._limits.bounded(lambda: self._read(item.name)), kind)

    def _list(self, wanted: Sequence[Target]) -> Sequence[Item]:
        items, names = [], names_in_a_folder(self._county.files, wanted)
        with self._opened() as folder:
            self.others = self._others(folder, names)
            for name, targets in names.items():
                try:
                    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
                except FileNotFoundError:
                    continue
                except OSError as e:
                    raise self._refused(name, f"cannot be looked at ({e.strerror})") from e
                if not stat.S_ISREG(found.st_mode):
                    log.warning("%s: %s is no regular file and is not read", self._county.county, name)
                    continue
                self._watch.see(name, _version(found))
                items.append(Item(name, targets, _version(found), True, moment(found.st_mtime)))
        return items

    def _others(self, folder: int, names: Collection[str]) -> Sequence[Seen]:
        """Regular files with other names that may be reports, and those in the folders just beneath."""
        others, beneath = list[Seen](), list[str]()
        with os.scandir(folder) as entries:
            for n, entry in enumerate(entries):
                if n >= MAX_ENTRIES:
                    raise too_many(str(self._folder), self._county.county)
                if entry.is_dir(follow_symlinks=False):
                    if is_looked_into(entry.name):
                        beneath.append(entry.name)
                elif entry.name not in names:
                    others += _seen(entry, "")
        for name in beneath[:BENEATH]:
            with suppress(OSError):  # not ours to look into, or gone meanwhile
                inner = os.open(name, _OPEN | os.O_DIRECTORY, dir_fd=folder)
                try:
                    with os.scandir(inner) as entries:
                        others += [s for e in islice(entries, BENEATH) for s in _seen(e, name)]
                finally:
                    os.close(inner)
        return others

    def _read(self, name: str) -> bytes:
        with self._opened() as folder:
            try:
                handle = os.open(name, _OPEN, dir_fd=folder)
            except FileNotFoundError as e:
                raise self._refused(name, "is gone", "not_found") from e
            except OSError as e:
                link = " (a link is not followed)" if e.errno == errno.ELOOP else ""
                raise self._refused(name, f"cannot be opened: {e.strerror}{link}") from e
        try:
            return self._read_whole(handle, name)
        except OSError as e:
            raise self._refused(name, f"cannot be read ({e.strerror})") from e
        finally:
            os.close(handle)

    def _read_whole(self, file: int, name: str) -> bytes:
        """The open file's bytes, if it does not change meanwhile."""
        before = os.fstat(file)
        if not stat.S_ISREG(before.st_mode):
            raise self._refused(name, "is no regular file")
        self._limits.check_size(before.st_size, name)
        self._watch.see(name, _version(before))
        time.sleep(self._watch.left(name, before.st_mtime))
        parts, size = [], 0
        while size <= before.st_size and (part := os.read(file, 1 << 20)):
            parts.append(part)
            size += len(part)
        if _version(os.fstat(file)) != _version(before) or size != before.st_size:
            raise changing(name, self._county.county)
        return b"".join(parts)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """The folder as a handle, so that names are looked up in it and nowhere else."""
        try:
            handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError) as e:
            raise self._refused(str(self._folder), "is not there", "not_found") from e
        except OSError as e:
            raise self._refused(str(self._folder), f"cannot be opened ({e.strerror})") from e
        try:
            yield handle
        finally:
            os.close(handle)

    def _refused(self, name: str, what: str, code: str = "not_readable") -> PermanentError:
        return PermanentError(
            f"{name} {what}",
            where=self._county.county,
            expected="a folder and in it regular files, which can be read",
            do=f"Look at {self._folder}; or correct `path` in counties.yaml, or the connection.",
            code=code,
        )


def _version(found: os.stat_result) -> str:
    return f"{found.st_mtime_ns}-{found.st_size}-{found.st_ctime_ns}"
