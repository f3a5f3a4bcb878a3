"""What one county may take: seconds in all, bytes a delivery, and tries of a request that may pass by itself.

In: the settings of a county. Out: `Limits`, whose `retrying` every transport runs its requests through.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
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
    """A deadline that starts when it is made, and a cap on bytes."""

    def __init__(self, county: str, seconds: float, max_bytes: int) -> None:
        self.county, self.seconds, self.max_bytes = county, seconds, max_bytes
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds until the deadline, 0 when it has passed."""
        return max(0.0, self._end - time.monotonic())

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

    def check_size(self, size: int, name: str) -> None:
        """Raises PermanentError `too_large` above the cap."""
        if size > self.max_bytes:
            raise PermanentError(
                f"{name} has more than {self.max_bytes:,} bytes",
                where=self.county,
                expected="a smaller delivery",
                do="Raise QIANGJI_MAX_DELIVERY_BYTES if it is right.",
                code="too_large",
            )

    def retrying(self, call: Callable[[], T]) -> T:
        """Call; again after a TransientError, with growing, jittered pauses, as long as tries and time are
        left.

        A pause that would outlast the county's time is not begun: the error that was met says more than
        `timeout`.
        """
        import stamina
        from stamina.instrumentation import LoggingOnRetryHook, set_on_retry_hooks

        # where structlog is installed, stamina would print to stdout, into what a command prints as JSON
        set_on_retry_hooks([LoggingOnRetryHook])
        pauses = iter((0.25, 0.5, 1.0, 2.0, 4.0))

        def again(error: Exception) -> bool | float:
            if not isinstance(error, TransientError):
                return False
            pause, asked = next(pauses), getattr(error, "retry_after", None)
            if asked is not None:
                pause = min(float(asked), RETRY_AFTER_CAP)
            wait = pause + random.uniform(0, 0.25 + pause / 4)
            return wait if wait < self.left else False

        for attempt in stamina.retry_context(on=again, attempts=ATTEMPTS, timeout=None):
            with attempt:
                return call()
        raise AssertionError("stamina either returns or raises")
