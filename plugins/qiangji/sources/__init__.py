"""County systems: what they have (`list`) and its bytes (`fetch`), nothing else.

In: a County of the catalogue and, by its connection id, an address with credentials. Out: `Item`s for the wanted (form,
period) pairs, and `Fetched` bytes. No message holds a secret. All of it happens within one deadline for the county:

| error | what happens |
| --- | --- |
| `TransientError` | tried again, with backoff and jitter |
| `PermanentError` | ends the collection of this county at once |
| any other exception | becomes a `PermanentError` with code `crash` |
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from qiangji.catalogue.models import County, FileKind, Form
from qiangji.errors import PermanentError, QiangjiError
from qiangji.periods import Period
from qiangji.sources.limits import Limits

Target = tuple[str, Period]
T = TypeVar("T")


@dataclass(frozen=True)
class Item:
    """A report that a county system has. `targets`: the (form, period) pairs in it, several in a workbook.

    `version`: changes with the content, as far as the system tells (updated_at, ETag, mtime and size); '' if it does
    not. `is_weak`: the version may stay while the content changes (a file's time and size, a day). `changed_at`: when
    the report was last changed, by the system's own clock; None if it does not say. `said`: what the system calls the
    period itself, where fetching the report has to name it so. `rows`: how many were listed, where that is known.
    """

    name: str
    targets: tuple[Target, ...]
    version: str = ""
    is_weak: bool = False
    changed_at: datetime | None = None
    said: tuple[Any, ...] = field(default=(), compare=False)
    rows: int | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Seen:
    """A file that lies beside the reports, under a name that none of them has; or such an entry of a listing.

    `form`, `period`: what the listing says of it, as it says it.
    """

    name: str
    changed_at: datetime | None = None
    form: str = ""
    period: str = ""


@dataclass(frozen=True)
class Fetched:
    """An item's bytes as received (an API's pages concatenated; a database read as CSV).

    The item is the one that was asked for. It has no version where the bytes may not be those of the listed version.
    """

    item: Item
    content: bytes
    kind: FileKind


class Source(Protocol):
    """One county system, open."""

    @property
    def others(self) -> Sequence[Seen]:
        """Files, or entries of a listing, that the last `list` saw under other names than the wanted ones."""
        ...

    def list(self, wanted: Sequence[Target]) -> Sequence[Item]:
        """What the system has of the wanted (form, period) pairs. Raises TransientError, PermanentError."""
        ...

    def fetch(self, item: Item) -> Fetched:
        """The bytes of one item. Raises TransientError, PermanentError."""
        ...


class _Transport(Source, Protocol):
    def close(self) -> None: ...


class Guarded:
    """A source within its limits. It counts bytes, runs the clock during calls only, and turns any exception into an
    outcome of the county.
    """

    def __init__(self, source: Source, limits: Limits) -> None:
        self._source, self._limits = source, limits
        limits.pause()

    @property
    def others(self) -> Sequence[Seen]:
        return self._source.others

    def list(self, wanted: Sequence[Target]) -> Sequence[Item]:
        return self._guarded(lambda: self._source.list(wanted))

    def fetch(self, item: Item) -> Fetched:
        fetched = self._guarded(lambda: self._source.fetch(item))
        self._limits.take(len(fetched.content))
        return fetched

    def _guarded(self, call: Callable[[], T]) -> T:
        self._limits.go_on()
        try:
            return call()
        except QiangjiError:
            raise
        except Exception as e:
            # Only its type and place are kept: text and cause may hold what was received.
            last = traceback.extract_tb(e.__traceback__)[-1]
            error = type(e).__name__, f"{Path(last.filename).name}:{last.lineno}"
        finally:
            self._limits.pause()
        raise PermanentError(
            f"what it sent brought the collector down ({' at '.join(error)})",
            where=self._limits.county,
            expected="answers that can be read",
            do="The other counties are not affected. Report it with that place.",
            code="crash",
        )


@contextmanager
def open_source(
    county: County, forms: Mapping[str, Form], catalogue_path: Path, limits: Limits
) -> Iterator[Source]:
    """The county's system, for as long as the block lasts. Nothing is connected before the first `list` or `fetch`."""
    with closing(_transport(county, forms, catalogue_path, limits)) as source:
        yield Guarded(source, limits)


def _transport(county: County, forms: Mapping[str, Form], catalogue_path: Path, limits: Limits) -> _Transport:
    if county.transport == "folder":
        from qiangji.sources.folder import FolderSource

        return FolderSource(county, catalogue_path, limits)
    if county.transport == "http_api":
        from qiangji.sources.http_api import HttpSource

        return HttpSource(county, forms, limits)
    if county.transport == "sftp":
        from qiangji.sources.sftp import SftpSource

        return SftpSource(county, limits)
    from qiangji.sources.database import DatabaseSource

    return DatabaseSource(county, forms, limits)


__all__ = ["Fetched", "Item", "Limits", "Seen", "Source", "Target", "open_source"]
