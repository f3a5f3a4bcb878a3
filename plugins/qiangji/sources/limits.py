"""Limits of one county's collection: seconds and bytes in all, bytes of a delivery, tries of a request.

In: the county and the settings. Out: `Limits`. Every transport runs its requests through `Limits.retrying`, which tries
again after a `TransientError` only.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from qiangji.catalogue.models import County
from qiangji.errors import PermanentError, TransientError
from qiangji.settings import Settings

REQUEST_TIMEOUT = 30.0
CONNECT_TIMEOUT = 10.0
RETRY_AFTER_CAP = 60.0
ATTEMPTS = 5

T = TypeVar("T")


class Busy(TransientError):
    """The system asks to be left alone for `retry_after` seconds."""

    def __init__(self, what: str, *, retry_after: float | None = None, **said: str) -> None:
        super().__init__(what, **said)
        self.retry_after = retry_after


class Limits:
    """A deadline that starts now, and caps on bytes: of one delivery (`max_bytes`), of all together (`max_total`).

    `settle`: seconds that a file just written must stay unchanged before it is read.
    """

    def __init__(
        self, county: str, seconds: float, max_bytes: int, max_total: int = 2**31, settle: float = 0.0
    ) -> None:
        self.county, self.seconds, self.settle = county, seconds, settle
        self.max_bytes, self.max_total, self._taken = max_bytes, max_total, 0
        self._end = time.monotonic() + seconds
        self._rest = seconds

    @classmethod
    def of(cls, county: County, settings: Settings) -> Limits:
        """Those of the settings; the county's own `timeout` goes before theirs."""
        return cls(
            county.county,
            county.timeout or settings.county_timeout,
            settings.max_delivery_bytes,
            settings.max_collection_bytes,
            settings.settle_seconds,
        )

    @property
    def left(self) -> float:
        """Seconds until the deadline, 0 when it has passed."""
        return max(0.0, self._end - time.monotonic())

    def pause(self) -> None:
        """Stop the clock: what follows is our own work, not the county system's."""
        self._rest = self.left

    def go_on(self) -> None:
        """Let the clock run on after a pause."""
        self._end = time.monotonic() + self._rest

    def within(self, seconds: float = REQUEST_TIMEOUT) -> float:
        """`seconds`, or those left if fewer. Raises TransientError `timeout` if none are left."""
        if not (left := self.left):
            raise self.spent()
        return min(seconds, left)

    def spent(self) -> TransientError:
        """The error for a deadline that has passed: `timeout`."""
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
        """Count a delivery. Raises PermanentError `too_much` above `max_total`."""
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
        """Call in a thread, and abandon it at the deadline: for calls that cannot be interrupted (a mount that hangs).

        Raises TransientError `timeout`, or what the call raises. An abandoned thread ends with the process.
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
        """Call, and again after a TransientError, with growing, jittered pauses, while tries and time are left.

        It gives up instead of pausing beyond the deadline, or for longer than `RETRY_AFTER_CAP` where a busy system
        asks for that. If the time ends in a later try, the error of the try before is raised: it says more than
        `timeout`.
        """
        import stamina
        from stamina.instrumentation import LoggingOnRetryHook, set_on_retry_hooks

        # Where structlog is installed, stamina would print to stdout, between a command's JSON.
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
