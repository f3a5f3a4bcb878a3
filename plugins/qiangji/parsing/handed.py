"""Submissions that a pull has read while it screened them, for the check that follows in the same process.

In: what a reader read of bytes that are in the lake now. Out: the same, once, by those bytes and what they were read
as. What there is no room for is read again from the lake, with the same result; so it is where a pull and a check are
processes of their own.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from qiangji.catalogue.models import FileKind
from qiangji.parsing.form import Parsed
from qiangji.periods import Period


class Handed:
    """Submissions as read, of at most so many bytes together. For many threads at once."""

    def __init__(self, most: int) -> None:
        self._most, self._held = most, 0
        self._read: dict[tuple[str, str, str, str, str], tuple[Parsed, int]] = {}
        self._lock = threading.Lock()

    @property
    def has_room(self) -> bool:
        return self._held < self._most

    def put(
        self, sha256: str, kind: FileKind, county: str, read: Mapping[tuple[str, Period], Parsed]
    ) -> None:
        """Keep what was read of these bytes: (form, period) -> the submission."""
        with self._lock:
            for (form, period), parsed in read.items():
                key = (sha256, kind, county, form, str(period))
                if self.has_room and key not in self._read:
                    self._read[key] = parsed, (size := _bytes(parsed))
                    self._held += size

    def has(self, sha256: str, kind: FileKind, county: str, form: str, period: str) -> bool:
        """Whether what was read of these bytes is held."""
        return (sha256, kind, county, form, period) in self._read

    def take(self, sha256: str, kind: FileKind, county: str, form: str, period: str) -> Parsed | None:
        """What was read of these bytes, which is not held any more."""
        with self._lock:
            parsed, size = self._read.pop((sha256, kind, county, form, period), (None, 0))
            self._held -= size
        return parsed


def _bytes(parsed: Parsed) -> int:
    return sum(table.nbytes for table in (parsed.rows, parsed.raw, parsed.problems))
