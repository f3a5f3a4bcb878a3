"""What one county may take: seconds and bytes in all, bytes a delivery, and tries of a request that may pass by itself.

In: the settings of a county. Out: `Limits`, whose `retrying` every transport runs its requests through. Only
`TransientError`s are tried again; which those are, each transport says.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from qiangji.errors import PermanentError, TransientError

REQUEST_TIMEOUT = 30.0
CONNECT_TIMEOUT = 10.0
RETRY_AFTER_CAP = 60.0
ATTEMPTS = 5

T = TypeVar("T")


class Busy(TransientError):
    """The system asks to be left alone for `retry_after` seconds."""

    def __init__(
        self, what: str, *, retry_after: float | None = None, where: str = "", code: str | None = None
    ) -> None:
        super().__init__(what, where=where, code=code or "unreachable")
        self.retry_after = retry_after


class Limits:
    """A deadline that starts when it is made, and caps on bytes: of a delivery, and of all that come until then.

    `settle`: seconds for which a file that was just written must stay as it is before it is read.
    """

    def __init__(
        self, county: str, seconds: float, max_bytes: int, max_total: int = 2**31, settle: float = 0.0
    ) -> None:
        self.county, self.seconds, self.settle = county, seconds, settle
        self.max_bytes, self.max_total, self._taken = max_bytes, max_total, 0
        self._end = time.monotonic() + seconds
        self._rest = seconds

    @property
    def left(self) -> float:
        """Seconds until the deadline, 0 when it has passed."""
        return max(0.0, self._end - time.monotonic())

    def pause(self) -> None:
        """Stop the clock: what follows is our own work, not the county's system's."""
        self._rest = self.left

    def go_on(self) -> None:
        """Let the clock run on after a pause."""
        self._end = time.monotonic() + self._rest

    def within(self, seconds: float = REQUEST_TIMEOUT) -> float:
        """At most so many seconds, and no more than are left. Raises TransientError `timeout` if none are."""
        if not (left := self.left):
            raise self.spent()
        return min(seconds, left)

    def spent(self) -> TransientError:
        return TransientError(
            f"took longer than its {self.seconds:g} seconds",
            where=self.county,
            expected="an answer in that time",
            do="It is tried again with the next run; see whether the system hangs.",
            code="timeout",
        )

    def check_size(self, size: int, name: str, most: int | None = None) -> None:
        """Raises PermanentError `too_large` above the cap, or above `most` where that is lower."""
        cap = min(self.max_bytes, most or self.max_bytes)
        if size > cap:
            setting = "Raise QIANGJI_MAX_DELIVERY_BYTES if it is right."
            raise PermanentError(
                f"{name} has more than {cap:,} bytes",
                where=self.county,
                expected="a smaller delivery, or smaller pages",
                do=setting if cap == self.max_bytes else "Ask for smaller pages: `paging` in counties.yaml.",
                code="too_large",
            )

    def take(self, size: int) -> None:
        """Count a delivery. Raises PermanentError `too_much` if the county has had what it may have in one go."""
        self._taken += size
        if self._taken > self.max_total:
            raise PermanentError(
                f"has sent more than {self.max_total:,} bytes in one collection",
                where=self.county,
                expected="less at a time",
                do="What came before is kept; the rest is fetched with the next run. Raise QIANGJI_MAX_COLLECTION_BYTES"
                " if it is right.",
                code="too_much",
            )

    def bounded(self, call: Callable[[], T]) -> T:
        """Call, and leave the call behind at the deadline: for what nothing can interrupt, such as a mount that hangs.

        Raises TransientError `timeout`, or what the call raises. The thread that is left behind ends with the process.
        """
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(call())
            except BaseException as e:  # handed to whoever waits
                done.set_exception(e)

        threading.Thread(target=run, daemon=True, name=f"collect {self.county}").start()
        try:
            return done.result(self.within(self.seconds))
        except TimeoutError:
            if done.done():
                raise
            raise self.spent() from None

    def retrying(self, call: Callable[[], T]) -> T:
        """Call; again after a TransientError, with growing, jittered pauses, as long as tries and time are
        left.

        A pause that would outlast the county's time is not begun, nor one that a busy system asks for and that is
        longer than `RETRY_AFTER_CAP`; and where the time ends in a later try, the error met before is raised: it says
        more than `timeout`.
        """
        import stamina
        from stamina.instrumentation import LoggingOnRetryHook, set_on_retry_hooks

        # where structlog is installed, stamina would print to stdout, into what a command prints as JSON
        set_on_retry_hooks([LoggingOnRetryHook])
        pauses = iter((0.25, 0.5, 1.0, 2.0, 4.0))
        met: list[TransientError] = []

        def once() -> T:
            try:
                return call()
            except TransientError as e:
                if met and not self.left:
                    raise met[-1] from e
                met.append(e)
                raise

        def again(error: Exception) -> bool | float:
            if not isinstance(error, TransientError):
                return False
            pause, asked = next(pauses), getattr(error, "retry_after", None)
            if asked is not None:
                if asked > RETRY_AFTER_CAP:
                    return False
                pause = float(asked)
            wait = pause + random.uniform(0, 0.25 + pause / 4)
            return wait if wait < self.left else False

        for attempt in stamina.retry_context(on=again, attempts=ATTEMPTS, timeout=None):
            with attempt:
                return once()
        raise AssertionError("stamina either returns or raises")
