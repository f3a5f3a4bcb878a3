"""Transport `folder`: files that lie in a directory: the county's `path`, relative to the catalogue or absolute, or
what its connection says (file:///...), where the folder is another one on every machine.

Only regular files whose names the declared pattern gives; a symbolic link is not followed, because whoever
may write into the folder could point it anywhere. The version is modification time and size.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from qiangji.catalogue.models import County
from qiangji.errors import PermanentError, TransientError
from qiangji.settings import connection
from qiangji.sources import Fetched, Item, Target
from qiangji.sources.files import kind_of, names_in_a_folder
from qiangji.sources.limits import Limits


def folder_of(county: County, catalogue_path: Path) -> Path:
    """Where the county's files lie. Raises PermanentError `no_connection`, `bad_connection`."""
    if county.path:
        return catalogue_path / county.path
    parts = urlsplit(connection(county.connection))
    folder = Path(unquote(parts.path))
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not folder.is_absolute():
        raise PermanentError(
            f"connection {county.connection} is no folder",
            where=county.county,
            expected="file:///an/absolute/path, parts percent-encoded",
            do="Correct the connection.",
            code="bad_connection",
        )
    return folder


class FolderSource:
    """`list` looks at the names that are wanted and at no others."""

    def __init__(self, county: County, catalogue_path: Path, limits: Limits) -> None:
        self._county, self._limits = county, limits
        self._folder = folder_of(county, catalogue_path)

    def list(self, wanted: Sequence[Target]) -> list[Item]:
        if not self._folder.is_dir():
            raise PermanentError(
                f"no folder {self._folder}",
                where=self._county.county,
                expected="a directory that can be read",
                do="Create it, or correct `path` in counties.yaml or the connection.",
                code="not_found",
            )
        items = []
        for name, targets in names_in_a_folder(self._county.files, wanted).items():
            try:
                found = (self._folder / name).lstat()
            except FileNotFoundError:
                continue
            if stat.S_ISREG(found.st_mode):
                items.append(Item(name, targets, _version(found)))
        return items

    def fetch(self, item: Item) -> Fetched:
        kind = kind_of(item.name, self._county.county)
        try:
            handle = os.open(self._folder / item.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError as e:
            raise self._refused(item, "is gone", "not_found") from e
        except OSError as e:
            raise self._refused(item, f"cannot be read ({e.strerror})", "not_readable") from e
        with os.fdopen(handle, "rb") as file:
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise self._refused(item, "is no regular file", "not_readable")
            self._limits.check_size(before.st_size, item.name)
            content = file.read(self._limits.max_bytes + 1)
            self._limits.check_size(len(content), item.name)
            if _version(os.fstat(file.fileno())) != _version(before) or len(content) != before.st_size:
                raise TransientError(
                    f"{item.name} changed while it was read",
                    where=self._county.county,
                    expected="a file that is complete",
                    do="It is tried again.",
                    code="short_body",
                )
        return Fetched(item, content, kind)

    def _refused(self, item: Item, what: str, code: str) -> PermanentError:
        return PermanentError(
            f"{item.name} {what}",
            where=self._county.county,
            expected="a regular file that can be read",
            do=f"Look at {self._folder}.",
            code=code,
        )


def _version(found: os.stat_result) -> str:
    return f"{found.st_mtime_ns}-{found.st_size}"
