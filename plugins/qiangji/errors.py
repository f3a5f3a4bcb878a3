"""What can go wrong, as types: every error says what, where, what was expected and what to do next.

The class decides whether a failure is worth another try. A `TransientError` (the network, a busy server) may pass by
itself; every other error comes again until a person or a county does something.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from qiangji.masking import masked

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CLOSED = (errno.EROFS, errno.EACCES, errno.EPERM)


class QiangjiError(Exception):
    """An error with a reason code and a message for the person who has to act on it.

    `code` is a stable snake_case word that tests, tables and alerts can rely on; the message is for people.
    """

    code = "error"

    def __init__(
        self, what: str, *, where: object = "", expected: str = "", do: str = "", code: str | None = None
    ) -> None:
        self.what, self.where, self.expected, self.do = what, str(where), expected, do
        if code:
            self.code = code
        super().__init__(str(self))

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        if self.expected:
            text += f" (expected {self.expected})"
        if self.do:
            text += f". {self.do}"
        return masked(text)

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the keyword fields when a process pool or Airflow pickles the error."""
        return (_rebuild, (type(self), self.what, self.where, self.expected, self.do, self.code))


def _rebuild(
    cls: type[QiangjiError], what: str, where: str, expected: str, do: str, code: str
) -> QiangjiError:
    return cls(what, where=where, expected=expected, do=do, code=code)


class UsageError(QiangjiError):
    """The command, setting or argument is wrong; exit code 2."""

    code = "usage"


class CatalogueError(QiangjiError):
    """A file under catalogue/ or expectations/ is wrong; the message names file, line, key and what was allowed.

    One error may stand for several: `problems` lists them, and only the error itself where it stands for one.
    """

    code = "catalogue"
    several: tuple[CatalogueError, ...] = ()

    @property
    def problems(self) -> tuple[CatalogueError, ...]:
        return self.several or (self,)


class Problems:
    """Gathers the errors of a catalogue, so that they are reported together and not one after the other."""

    SHOWN = 20

    def __init__(self) -> None:
        self.found: list[CatalogueError] = []

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note an error that the block raises; the rest of the block is skipped."""
        try:
            yield
        except CatalogueError as e:
            self.found += e.problems

    def tell(self) -> None:
        """Raise what was noted as one error, if anything was."""
        if len(self.found) == 1:
            raise self.found[0]
        if self.found:
            raise together(self.found)


def together(problems: Sequence[CatalogueError]) -> CatalogueError:
    """Several errors as one, whose message has a line for each."""
    lines = [str(p) for p in problems[: Problems.SHOWN]]
    if more := len(problems) - len(lines):
        lines.append(f"and {more} more")
    error = CatalogueError("\n".join((f"{len(problems)} things do not hold", *lines)))
    error.several = tuple(problems)
    return error


class CollectError(QiangjiError):
    """A county could not be collected (status `failed`)."""

    code = "failed"


class TransientError(CollectError):
    """May pass by itself: worth another try, with backoff and jitter."""

    code = "unreachable"


class PermanentError(CollectError):
    """Will fail again until somebody changes something: not retried."""

    code = "refused"


class ReturnedError(QiangjiError):
    """A submission that cannot be read as its form: the county gets it back (status `returned`).

    `zh` is the message in Chinese, for the county's clerk.
    """

    code = "returned"

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        expected: str = "",
        do: str = "",
        code: str | None = None,
        zh: str = "",
    ) -> None:
        super().__init__(what, where=where, expected=expected, do=do, code=code)
        self.zh = zh

    def __reduce__(self) -> tuple[object, ...]:
        return (*super().__reduce__(), {"zh": self.zh})


class EngineError(QiangjiError):
    """A model could not be computed over its inputs, such as a sum that is larger than its column holds."""

    code = "not_computed"


class WarehouseError(QiangjiError):
    """The warehouse is not as the package needs it: not reachable, not migrated, wrong role."""

    code = "warehouse"


class LakeError(QiangjiError):
    """The lake has no room, or may not be written (`not_writable`): the file was not written."""

    code = "disk_full"


def of_the_disk(error: BaseException, where: object = "") -> LakeError | None:
    """An error of the system's about a disk, as one that says what to do; None if it is another.

    Both libraries that write and DuckDB give the system's words in their own.
    """
    number = error.errno if isinstance(error, OSError) else None
    place = where or getattr(error, "filename", None) or ""
    if number in _FULL or "No space left on device" in str(error):
        return LakeError(
            f"cannot be written: {os.strerror(number or errno.ENOSPC)}",
            where=place,
            expected="room for what comes",
            do="Make room, then do the same again: what was recorded stands, the rest is done then."
            " 磁盘已满：请清理后重试。",
        )
    if number in _CLOSED or "Read-only file system" in str(error):
        return LakeError(
            f"cannot be written: {os.strerror(number or errno.EROFS)}",
            where=place,
            expected="a folder that the present user may write",
            do="Mount it for writing, or give it to the pipeline's user, then do the same again; reading (`qiangji"
            " values`, `status`) goes on. 目录不可写：请改为可写或更换用户后重试。",
            code="not_writable",
        )
    return None


def summed_up(errors: Sequence[CollectError]) -> CollectError:
    """One error for a batch of counties. It is transient, and so tried again, if one of theirs is."""
    text = "; ".join(f"{e.code}: {e}" for e in errors)
    kind = TransientError if any(isinstance(e, TransientError) for e in errors) else PermanentError
    return kind(text, code=errors[0].code)
