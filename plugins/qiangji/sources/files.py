"""File names built from a county's declared pattern, and whether a file is still being written.

In: a pattern such as `{form}_{period}.csv`, the wanted (form, period) pairs. Out: name -> targets; the file kind of a
name; the seconds for which a file must still be watched. Names that a county made up are never used as paths.
"""

from __future__ import annotations

import re
import secrets
import time
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime

from qiangji.catalogue.models import FileKind
from qiangji.errors import PermanentError, TransientError
from qiangji.periods import Period

TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.tmp")
"""Names that `temporary_name` makes: of a file written beside a county's deliveries, until it is whole."""
FEEDBACK = "feedback"
"""The folder beside a county's deliveries in which it finds what goes back to it: nothing in it is a report."""
BENEATH = 100
"""Folders beneath a county's place, and files in each, that are looked at for reports in the wrong place."""
MAX_ENTRIES = 100_000
"""Of a folder that is looked through."""
_REPORT_LIKE = re.compile(r"(?!~\$|\.).*\.(xlsx?|xlsm|xlsb|et|ett|ods|csv|tsv|txt|zip|rar|7z)", re.I | re.S)
QUIET = 60.0
"""Seconds after its last change at which a file counts as whole without being watched."""


def expected_names(
    pattern: str, wanted: Sequence[tuple[str, Period]]
) -> dict[str, tuple[tuple[str, Period], ...]]:
    """The file names that may report the wanted pairs. Without `{form}`, a file reports every form of its period."""
    names: dict[str, list[tuple[str, Period]]] = {}
    for target in wanted:
        names.setdefault(name_of(pattern, *target), []).append(target)
    return {name: tuple(targets) for name, targets in names.items()}


def name_of(pattern: str, form: str, period: Period) -> str:
    """The file name in which a report is expected."""
    return pattern.replace("{form}", form).replace("{period}", str(period))


def names_in_a_folder(
    pattern: str, wanted: Sequence[tuple[str, Period]]
) -> dict[str, tuple[tuple[str, Period], ...]]:
    """As `expected_names`, and for each .csv also the .xlsx: a returned workbook may be sent again as it is."""
    found = expected_names(pattern, wanted)
    return found | {n.removesuffix(".csv") + ".xlsx": t for n, t in found.items() if n.endswith(".csv")}


def is_report_like(name: str) -> bool:
    """Whether a file of that name may be a report under another name: a table or an archive, and no lock file."""
    return is_plain(name) and _REPORT_LIKE.fullmatch(name) is not None


def is_looked_into(name: str) -> bool:
    """Whether a folder beneath a county's place may hold reports that were put into the wrong place."""
    return not name.startswith(".") and name != FEEDBACK


def shown(name: bytes) -> str:
    """A file's name as text, if need be read as GB18030."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name.decode("gb18030", "replace")


def moment(seconds: float | None) -> datetime | None:
    """A file's time, given in seconds since the epoch; None for none, and for one that is no time."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def too_many(folder: str, where: str) -> PermanentError:
    """The error for a folder with more than MAX_ENTRIES files: `not_readable`."""
    return PermanentError(
        f"{folder} has more than {MAX_ENTRIES:,} entries",
        where=where,
        expected="a folder of one county's reports",
        do="Ask the county to clear it, or correct the path.",
        code="not_readable",
    )


def temporary_name() -> str:
    """A new, unique name that `TEMPORARY` matches."""
    return f".{secrets.token_hex(8)}.tmp"


def kind_of(name: str, where: str) -> FileKind:
    """The file kind by the extension. Raises PermanentError `unknown_kind`."""
    kinds: dict[str, FileKind] = {"csv": "csv", "xlsx": "xlsx"}
    if kind := kinds.get(name.rpartition(".")[2].lower()):
        return kind
    raise PermanentError(
        f"file {name} has an extension that is not read",
        where=where,
        expected=".csv or .xlsx",
        do="Correct `files` in counties.yaml.",
        code="unknown_kind",
    )


class Watch:
    """How long each file has been seen unchanged. `settle`: seconds for which it must be."""

    def __init__(self, settle: float) -> None:
        self._settle, self._seen = settle, dict[str, tuple[str, float]]()

    def see(self, name: str, version: str) -> None:
        """Note that a file was found with this version (modification time and size)."""
        if self._seen.get(name, ("",))[0] != version:
            self._seen[name] = (version, time.monotonic())

    def left(self, name: str, changed_at: float) -> float:
        """Seconds for which the file must still stay unchanged; 0 if it last changed more than QUIET seconds ago.

        `changed_at`: seconds since the epoch by the server's clock; a time in our future counts as just now.
        """
        if time.time() - changed_at > QUIET:
            return 0.0
        return max(0.0, self._seen[name][1] + self._settle - time.monotonic())


def changing(name: str, where: str, what: str = "changed while it was read") -> TransientError:
    """The error for a file that is still being written, or did not come whole: `short_body`."""
    return TransientError(
        f"{name} {what}",
        where=where,
        expected="a file that is complete and stays as it is",
        do="It is not taken this time; the next run tries again.",
        code="short_body",
    )


def is_plain(text: str) -> bool:
    """Whether a county's name or version can be kept and shown: at most 255 bytes, no control characters."""
    return (
        is_text(text)
        and len(text.encode()) <= 255
        and not any(unicodedata.category(c)[0] == "C" for c in text)
    )


def is_text(text: str) -> bool:
    """Whether it is valid Unicode: JSON may hold halves of characters, which no store takes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
