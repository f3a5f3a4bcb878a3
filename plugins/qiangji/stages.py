"""Stages as the command line and the DAGs call them: pull, check, both (`collect`), a dry run, check again.

In: an open `Pipeline`, counties and periods. Out: what was collected and the verdicts. The third stage is
`building.build`.
"""

from __future__ import annotations

import logging
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from qiangji.errors import CollectError, UsageError
from qiangji.ledger import Ledger, Submission
from qiangji.periods import Period, reporting_month, span
from qiangji.pipeline import Pipeline
from qiangji.settings import settings
from qiangji.stopwatch import Stopwatch

if TYPE_CHECKING:
    from qiangji.landing.other_names import Note

log = logging.getLogger(__name__)


@dataclass
class Collected:
    """What a collect did. `failures`: (county, form, period, error), form and period None for the whole county.

    `notes`: (county, files seen under another name than the one expected).
    """

    run_id: str
    failures: list[tuple[str, str | None, str | None, CollectError]] = field(default_factory=list)
    deliveries: int = 0
    notes: list[tuple[str, Note]] = field(default_factory=list)
    submissions: list[Submission] = field(default_factory=list)
    seconds: Stopwatch = field(default_factory=Stopwatch)

    @property
    def months(self) -> list[Period]:
        """Months that a submission touched."""
        return sorted({Period.parse(s.period).last_month for s in self.submissions})


def months_to_collect(periods: Sequence[Period] = (), today: date | None = None) -> list[Period]:
    """The months that these periods end in; without periods, the window of a night, up to the reporting month.

    Raises UsageError (not_due) for a period that has not ended.
    """
    last = reporting_month(today or local_today())
    if periods:
        months = sorted({p.last_month for p in periods})
        if months[-1] > last:
            raise UsageError(f"{months[-1]} has not ended", expected=f"periods up to {last}", code="not_due")
        return months
    return list(span(last - (settings().window_months - 1), last))


def local_today() -> date:
    """Today where the counties are."""
    from zoneinfo import ZoneInfo

    return datetime.now(ZoneInfo(settings().timezone)).date()


def new_run_id(prefix: str = "cli") -> str:
    return f"{prefix}-{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"


def pull(p: Pipeline, counties: Sequence[str], months: Sequence[Period], run_id: str) -> Collected:
    """Fetch what is new from these counties; failures are outcomes in the ledger and in the result."""
    from qiangji import landing

    result = Collected(run_id)
    with result.seconds.timed("pull"):
        pulled = landing.pull(p, counties, months, run_id)
    for one in pulled:
        result.deliveries += len(one.deliveries)
        result.failures += [
            (one.county, form, str(period) if period else None, e) for form, period, e in one.failures
        ]
        result.notes += [(one.county, note) for note in one.notes]
    return result


def check(
    p: Pipeline, counties: Sequence[str] | None = None, watch: Stopwatch | None = None
) -> list[Submission]:
    """Check every part of a delivery that no check has seen yet."""
    watch = Stopwatch() if watch is None else watch
    pending = [
        part
        for part in p.ledger.unchecked(counties)
        if part.form in p.catalogue.forms and part.county_code in p.catalogue.counties
    ]  # a part whose form or county the catalogue no longer has waits until it has it again
    if not pending:
        return []
    with watch.timed("imports"):
        import great_expectations  # noqa: F401 - takes seconds that are no stage's work

        from qiangji import checking

    return checking.check(p.catalogue, p.ledger, pending, watch=watch)


def collect(
    p: Pipeline, counties: Sequence[str] = (), periods: Sequence[Period] = (), run_id: str = ""
) -> Collected:
    """Pull and check."""
    chosen = p.catalogue.select_counties(list(counties))
    result = pull(p, chosen, months_to_collect(periods), run_id or new_run_id())
    result.submissions = check(p, chosen, result.seconds)
    return result


def preview(p: Pipeline, counties: Sequence[str] = (), periods: Sequence[Period] = ()) -> Collected:
    """What `collect` would fetch and the verdicts on it, with nothing recorded and nothing kept."""
    from qiangji import checking, landing
    from qiangji.lake import Lake

    result = Collected("dry-run")
    with tempfile.TemporaryDirectory(prefix="qiangji-") as folder:
        lake = Lake(Path(folder))
        for county in p.catalogue.select_counties(list(counties)):
            parts, pulled = landing.preview(p, county, months_to_collect(periods), lake)
            result.deliveries += len({part.sha256 for part in parts})
            result.failures += [(county, f, str(t) if t else None, e) for f, t, e in pulled.failures]
            result.notes += [(county, note) for note in pulled.notes]
            scratch = Ledger(p.ledger.engine, lake)
            checked = checking.check(p.catalogue, scratch, parts, record=False)
            result.submissions += [p.ledger.foreseen(s) for s in checked]  # with what guards would hold
    return result


def reprocess(p: Pipeline, forms: Sequence[str] = (), periods: Sequence[Period] = ()) -> list[Submission]:
    """Check the latest delivery of each submission again, by today's catalogue and suites; nothing is fetched."""
    from qiangji import checking

    return checking.check(p.catalogue, p.ledger, p.ledger.leading(list(forms), [str(x) for x in periods]))
