"""County systems: what they have (`list`) and its bytes (`fetch`), nothing else.

In: a County of the catalogue and, by its connection id, an address with credentials. Out: `Item`s that
concern the wanted (form, period) pairs, and `Fetched` bytes. Only errors that may pass (`TransientError`)
are tried again, with backoff and jitter, and all of it within one deadline for the county; a
`PermanentError` ends it at once, and so does whatever a county's answer brings down: code `crash`. No secret is
in any message.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from qiangji.catalogue.models import County, FileKind, Form
from qiangji.errors import PermanentError, QiangjiError
from qiangji.periods import Period
from qiangji.sources.limits import Limits

Target = tuple[str, Period]
T = TypeVar("T")


@dataclass(frozen=True)
class Item:
    """Something that a county system has: `targets` are the (form, period) it reports, several in a workbook.

    `version` differs when the content does, as far as the system tells without giving the content
    (updated_at, ETag, mtime and size); '' if it tells nothing.
    """

    name: str
    targets: tuple[Target, ...]
    version: str = ""


@dataclass(frozen=True)
class Fetched:
    """An item's bytes as received (an API's pages concatenated; a database read as CSV)."""

    item: Item
    content: bytes
    kind: FileKind


class Source(Protocol):
    """One county system, open."""

    def list(self, wanted: Sequence[Target]) -> Sequence[Item]:
        """What the system has of the wanted (form, period) pairs. Raises TransientError, PermanentError."""
        ...

    def fetch(self, item: Item) -> Fetched:
        """The bytes of one item. Raises TransientError, PermanentError."""
        ...


class Guarded:
    """A source within its limits: bytes are counted, the clock runs only while the system is asked, and an error that
    nobody foresaw is the county's outcome.
    """

    def __init__(self, source: Source, limits: Limits) -> None:
        self._source, self._limits = source, limits
        limits.pause()

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
            # without its text and without the cause: they may hold what was received
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
    county: County,
    forms: Mapping[str, Form],
    catalogue_path: Path,
    *,
    timeout: float,
    max_bytes: int,
    max_total: int = 2**31,
    settle: float = 0.0,
) -> Iterator[Source]:
    """The county's system, for as long as the block lasts.

    `timeout`: seconds that the system may take in all (the county's own `timeout` goes before it). `max_bytes`: a
    larger delivery is refused (`too_large`), and once `max_total` bytes have come, all that follow (`too_much`).
    `settle`: see `Limits`. Nothing is connected before the first `list` or `fetch`.
    """
    limits = Limits(county.county, county.timeout or timeout, max_bytes, max_total, settle)
    with _transport(county, forms, catalogue_path, limits) as source:
        yield Guarded(source, limits)


@contextmanager
def _transport(
    county: County, forms: Mapping[str, Form], catalogue_path: Path, limits: Limits
) -> Iterator[Source]:
    if county.transport == "folder":
        from qiangji.sources.folder import FolderSource

        yield FolderSource(county, catalogue_path, limits)
    elif county.transport == "http_api":
        from qiangji.sources.http_api import HttpSource

        with HttpSource(county, forms, limits) as http:
            yield http
    elif county.transport == "sftp":
        from qiangji.sources.sftp import SftpSource

        with SftpSource(county, limits) as sftp:
            yield sftp
    else:
        from qiangji.sources.database import DatabaseSource

        with DatabaseSource(county, forms, limits) as database:
            yield database


__all__ = ["Fetched", "Item", "Source", "Target", "open_source"]
