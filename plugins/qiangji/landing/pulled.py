"""What came of counties in a run: their deliveries, what failed, what is worth a note; and how that is recorded.

In: counties as they are done. Out: the ledger, where many of them are one transaction and one file of the journal. None
waits longer than a moment for the others.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from qiangji.catalogue.load import Catalogue
from qiangji.errors import CollectError, PermanentError, TransientError
from qiangji.landing.other_names import Note
from qiangji.ledger import Delivery, Ledger, Seen
from qiangji.periods import Period
from qiangji.personal_data import kind_of, masked

log = logging.getLogger(__name__)
TOGETHER = 100
"""Counties that are recorded together."""
WAITING = 1.0
"""Seconds that a county waits for others to be recorded with."""


def sayable(error: CollectError) -> CollectError:
    """The error as it may be shown and kept: without personal data that a county system put into it."""
    if not kind_of(str(error)):
        return error
    kind = TransientError if isinstance(error, TransientError) else PermanentError
    return kind(masked(error.what), where=masked(error.where), code=error.code)


@dataclass
class Pulled:
    """What came of one county. `failures`: (form, period, error) of an item; (None, None, error) of the county.

    `arrived`: deliveries, each with its version. `seen`: items with another version and the same bytes. `periods`:
    those of what it has. `again`: ids of those that arrived whose bytes were received before. `notes`: files not taken,
    under another name than expected or voided before. `deliveries`: ids of those that were recorded.
    """

    county: str
    found: int = 0
    periods: set[Period] = field(default_factory=set)
    arrived: list[tuple[Delivery, str]] = field(default_factory=list)
    again: set[str] = field(default_factory=set)
    seen: list[Seen] = field(default_factory=list)
    deliveries: list[str] = field(default_factory=list)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended_at: datetime | None = None
    failures: list[tuple[str | None, Period | None, CollectError]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def fail(self, form: str | None, period: Period | None, error: CollectError) -> None:
        """Note a failure; what a county system says may hold anything."""
        self.failures.append((form, period, sayable(error)))

    def outcomes(self, months: Sequence[Period], run_id: str, recorded: Collection[str]) -> list[Outcome]:
        """The county's outcome, then those of its items that failed, and its notes.

        `recorded`: ids of deliveries; another night may have recorded the same meanwhile.
        """
        mine = [d for d, _ in self.arrived if d.delivery_id in recorded]
        whole = Outcome(
            run_id=run_id,
            county_code=self.county,
            first_month=str(min(months)),
            last_month=str(max(months)),
            started_at=self.started_at,
            ended_at=self.ended_at or datetime.now(UTC),
            deliveries=len(mine),
            bytes=sum(d.bytes for d in mine),
        )
        items = [whole.of(form, str(period), error) for form, period, error in self.failures if form]
        lost = next((error for form, _, error in self.failures if form is None), None)
        failed = {(form, period) for form, period, _ in self.failures}
        if lost:
            return [whole.of(None, None, lost), *items]
        notes = [whole.noting(note) for note in self.notes if (note.form, note.period) not in failed]
        return [whole, *items, *notes]

    def tell(self, catalogue: Catalogue) -> None:
        """Say in the log what came of it."""
        name = catalogue.name_of(self.county)
        for _, _, error in self.failures:
            log.error("%s %s: %s", self.county, name, error)
        said: dict[tuple[Period, str], list[str]] = {}
        for note in self.notes:
            said.setdefault((note.period, note.message), []).append(note.form)
        for (period, message), forms in said.items():
            log.warning("%s %s %s %s: %s", self.county, name, ", ".join(forms), period, message)
        seconds = ((self.ended_at or self.started_at) - self.started_at).total_seconds()
        log.info(
            "%s: %d items, %d new deliveries, %.1f s", self.county, self.found, len(self.deliveries), seconds
        )


@dataclass(frozen=True)
class Outcome:
    """What came of a county in one run, or (with form and period) of one item that failed or is worth a note."""

    run_id: str
    county_code: str
    first_month: str
    last_month: str
    started_at: datetime
    ended_at: datetime
    form: str | None = None
    period: str | None = None
    status: Literal["done", "failed"] = "done"
    reason_code: str | None = None
    message: str | None = None
    deliveries: int = 0
    bytes: int = 0

    def of(self, form: str | None, period: str | None, error: CollectError) -> Outcome:
        """The same run's outcome for an item (or the county) that failed."""
        return replace(
            self,
            form=form,
            period=period,
            status="failed",
            reason_code=error.code,
            message=str(error),
            deliveries=0 if form else self.deliveries,
            bytes=0 if form else self.bytes,
        )

    def noting(self, note: Note) -> Outcome:
        """The same run's row for a note: nothing failed."""
        return replace(
            self,
            form=note.form,
            period=str(note.period),
            reason_code=note.code,
            message=note.message,
            deliveries=0,
            bytes=0,
        )


def record(ledger: Ledger, counties: Sequence[Pulled], months: Sequence[Period], run_id: str) -> None:
    """Put what came of counties on the record, all or nothing."""

    def outcomes(recorded: Collection[str]) -> list[dict[str, Any]]:
        return [dict(vars(o)) for one in counties for o in one.outcomes(months, run_id, recorded)]

    arrived = [pair for one in counties for pair in one.arrived]
    seen = [item for one in counties for item in one.seen]
    again = {delivery for one in counties for delivery in one.again}
    recorded = ledger.add_collected(arrived, seen, outcomes, again)
    for one in counties:
        one.deliveries = [d.delivery_id for d, _ in one.arrived if d.delivery_id in recorded]


def in_groups(work: Iterable[Future[Pulled]]) -> Iterator[list[Pulled]]:
    """Counties as they are done, those together that are done within a moment; none where none was for as long.

    An error of ours is raised after all the others.
    """
    pending, ready, since, broken = set(work), list[Pulled](), 0.0, list[BaseException]()
    while pending:
        done, pending = wait(pending, WAITING, FIRST_COMPLETED)
        since = since if ready else time.monotonic()
        for one in done:
            if error := one.exception():
                broken.append(error)
            else:
                ready.append(one.result())
        is_time = not pending or len(ready) >= TOGETHER or time.monotonic() - since >= WAITING
        if is_time if ready else not done:
            yield ready
            ready = []
    if broken:
        raise broken[0]
