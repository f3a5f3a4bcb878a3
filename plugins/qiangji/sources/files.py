"""File names from a county's declared pattern: what is not built from it is not looked at; and whether a file rests.

In: a pattern such as `{form}_{period}.csv`, the wanted (form, period) pairs. Out: name -> targets; a name's
kind; how long a file is still to be watched before it is taken for whole. No name of a county's becomes a path here.
"""

from __future__ import annotations

import re
import secrets
import time
import unicodedata
from collections.abc import Sequence
from typing import Literal

from qiangji.errors import PermanentError, TransientError
from qiangji.periods import Period

TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.tmp")
"""Names under which a file is written beside what a county delivers, until it is whole: `temporary_name`."""
QUIET = 60.0
"""Seconds after its last change from which a file is not watched any more."""


def expected_names(
    pattern: str, wanted: Sequence[tuple[str, Period]]
) -> dict[str, tuple[tuple[str, Period], ...]]:
    """The file names that may report the wanted pairs; without `{form}` a file reports every form of its
    period.
    """
    names: dict[str, list[tuple[str, Period]]] = {}
    for form, period in wanted:
        name = pattern.replace("{form}", form).replace("{period}", str(period))
        names.setdefault(name, []).append((form, period))
    return {name: tuple(targets) for name, targets in names.items()}


def names_in_a_folder(
    pattern: str, wanted: Sequence[tuple[str, Period]]
) -> dict[str, tuple[tuple[str, Period], ...]]:
    """As `expected_names`, and beside each .csv the same as .xlsx: what goes back to a county is a workbook, and may
    be sent again as it is.
    """
    found = expected_names(pattern, wanted)
    return found | {n.removesuffix(".csv") + ".xlsx": t for n, t in found.items() if n.endswith(".csv")}


def temporary_name() -> str:
    """A new one that nobody else writes under; `TEMPORARY` knows it again."""
    return f".{secrets.token_hex(8)}.tmp"


def kind_of(name: str, where: str) -> Literal["csv", "xlsx"]:
    """By the extension. Raises PermanentError `unknown_kind`."""
    extension = name.rpartition(".")[2].lower()
    if extension == "csv":
        return "csv"
    if extension == "xlsx":
        return "xlsx"
    raise PermanentError(
        f"file {name} has an extension that is not read",
        where=where,
        expected=".csv or .xlsx",
        do="Correct `files` in counties.yaml.",
        code="unknown_kind",
    )


class Watch:
    """Since when each file has been as it is, as far as was seen."""

    def __init__(self, settle: float) -> None:
        self._settle, self._seen = settle, dict[str, tuple[str, float]]()

    def see(self, name: str, version: str) -> None:
        """A file was found with this version (modification time and size)."""
        if self._seen.get(name, ("",))[0] != version:
            self._seen[name] = (version, time.monotonic())

    def left(self, name: str, changed_at: float) -> float:
        """Seconds for which it must still stay as it is; `changed_at`: seconds since the epoch, by the clock of
        whoever keeps it (what lies ahead of our clock is watched).
        """
        if time.time() - changed_at > QUIET:
            return 0.0
        return max(0.0, self._seen[name][1] + self._settle - time.monotonic())


def changing(name: str, where: str, what: str = "changed while it was read") -> TransientError:
    """A file that is still being written, or did not come whole."""
    return TransientError(
        f"{name} {what}",
        where=where,
        expected="a file that is complete and stays as it is",
        do="It is not taken this time; the next run tries again.",
        code="short_body",
    )


def is_plain(text: str) -> bool:
    """Whether a name or version that a county gives can be kept and shown: at most 255 bytes, no control characters."""
    return (
        is_text(text)
        and len(text.encode()) <= 255
        and not any(unicodedata.category(c)[0] == "C" for c in text)
    )


def is_text(text: str) -> bool:
    """Whether it is Unicode: JSON may hold halves of characters, which no store takes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
