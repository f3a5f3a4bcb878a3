"""Stages as the command line and the DAGs call them: pull, check, both (`collect`), a dry run, check again.

In: an open `Pipeline`, counties and periods. Out: what was collected and the verdicts. The third stage is
`building.build`.
"""

from __future__ import annotations

import logging
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qiangji.catalogue.load import Catalogue
from qiangji.errors import CollectError
from qiangji.ledger import Ledger, Pending, Submission
from qiangji.periods import Period, reporting_month, span
from qiangji.pipeline import Pipeline
from qiangji.settings import settings
from qiangji.stopwatch import Stopwatch
from qiangji.text import counted
from qiangji.workdays import unknown_words

if TYPE_CHECKING:
    from qiangji.landing import Pulled
    from qiangji.landing.other_names import Note

log = logging.getLogger(__name__)
CHECK_BYTES = 32 * 2**20
"""Of deliveries that are checked together while others are pulled. A city's month is less, and is checked at once."""
QUIET = 5
"""Seconds without another county after which those that are there are checked."""
HANDED_BYTES = 256 * 2**20
"""Of submissions that a pull has read and no check has taken."""


@dataclass
class Collected:
    """What a collect did. `failures`: (county, form, period, error), form and period None for the whole county.

    `notes`: (county, files that were not taken). `asked`: month -> the counties that may report something for it;
    `seen`: periods of which a county has anything.
    """

    run_id: str
    asked: dict[Period, set[str]] = field(default_factory=dict)
    seen: set[Period] = field(default_factory=set)
    failures: list[tuple[str, str | None, str | None, CollectError]] = field(default_factory=list)
    deliveries: int = 0
    notes: list[tuple[str, Note]] = field(default_factory=list)
    submissions: list[Submission] = field(default_factory=list)
    seconds: Stopwatch = field(default_factory=Stopwatch)

    def add(self, group: Sequence[Pulled]) -> None:
        """Take in what came of counties."""
        for one in group:
            self.deliveries += len(one.deliveries)
            self.seen |= one.periods
            self.failures += [
                (one.county, form, str(period) if period else None, e) for form, period, e in one.failures
            ]
            self.notes += [(one.county, note) for note in one.notes]

    @property
    def not_seen(self) -> list[Period]:
        """Months of which no county that was reached has anything, under whatever name."""
        told = {Period.parse(t).last_month for _, _, t, _ in self.failures if t}
        told |= {p.last_month for p in (*self.seen, *(note.period for _, note in self.notes))}
        return [m for m in self.asked if m not in told and m not in self.not_reached]

    @property
    def lost(self) -> set[str]:
        """Counties that were not reached, or not to the end."""
        return {county for county, form, *_ in self.failures if form is None}

    @property
    def not_reached(self) -> list[Period]:
        """Months of which nothing is known: all counties that may report something for them are lost."""
        seen = {p.last_month for p in self.seen}
        return [m for m, due in self.asked.items() if m not in seen and due and due <= self.lost]

    @property
    def months(self) -> list[Period]:
        """Months that a submission touched."""
        return sorted({Period.parse(s.period).last_month for s in self.submissions})


def months_to_collect(
    catalogue: Catalogue,
    periods: Sequence[Period] = (),
    today: date | None = None,
    window: int | None = None,
) -> list[Period]:
    """The months that these periods end in; without periods, the last `window` (default: `QIANGJI_WINDOW_MONTHS`).

    Raises UsageError for a period that has not ended (not_due), or lies before the plan (before_plan).
    """
    today = today or local_today()
    if periods:
        catalogue.require_reportable(periods, today)
        return sorted({p.last_month for p in periods})
    last = reporting_month(today)
    first = max(last - ((window or settings().window_months) - 1), catalogue.first_month)
    catalogue.require_in_plan([last])
    return list(span(first, last))


def due_from(
    catalogue: Catalogue, counties: Iterable[str], months: Sequence[Period]
) -> dict[Period, set[str]]:
    """Month -> those of the counties that may report something for it."""
    forms = {county: catalogue.forms_of(county) for county in counties}
    return {m: {c for c in forms if any(catalogue.asked_of(c, f, m) for f in forms[c])} for m in months}


def batches(catalogue: Catalogue, months: Sequence[Period], count: int) -> list[dict[str, Any]]:
    """The counties from which something is due in these months, in at most `count` batches.

    A batch has `counties`, their `names` and the `months`, as Airflow hands it from one task to the next.
    """
    due = set().union(*due_from(catalogue, catalogue.counties, months).values())
    counties = [c for c in catalogue.counties if c in due]
    size = max(1, -(-len(counties) // count))
    return [
        {"counties": group, "names": named(catalogue, group), "months": [str(m) for m in months]}
        for group in (counties[i : i + size] for i in range(0, len(counties), size))
    ]


def named(catalogue: Catalogue, counties: Sequence[str]) -> str:
    """The names of counties in a few words."""
    names = [catalogue.name_of(c) for c in counties]
    if not names:
        return "-"
    return "、".join(names) if len(names) <= 8 else f"{names[0]}…{names[-1]} ({len(names)})"


def in_a_line(
    names: Mapping[str, str],
    planned: Sequence[Mapping[str, Any]],
    pulled: Sequence[Mapping[str, Any]],
    checked: Sequence[Mapping[str, Any]],
    to_build: Sequence[str],
) -> str:
    """What a run did, as counts: of the tasks' own results, with the statuses' names in Chinese.

    `采集 collected 2026-10: 7 县 counties, 52 来件 new deliveries; 40 已收 accepted, ...; 待计算 to build: 2026-10`
    """
    months = sorted({str(m) for batch in planned for m in batch["months"]})
    reach = "..".join(dict.fromkeys((months[0], months[-1]))) if months else "-"
    found: dict[str, int] = {}
    for one in checked:
        for status, count in one["submissions"].items():
            found[status] = found.get(status, 0) + count
    verdicts = ", ".join(f"{found[s]} {names[s]} {s}" for s in names if s in found)
    return (
        f"采集 collected {reach}: {sum(len(b['counties']) for b in planned)} 县 counties,"
        f" {sum(one['deliveries'] for one in pulled)} 来件 new deliveries;"
        f" {verdicts or '无新报送 nothing new to check'}; 待计算 to build: {', '.join(to_build) or '-'}"
    )


def local_today() -> date:
    """Today where the counties are."""
    from zoneinfo import ZoneInfo

    return datetime.now(ZoneInfo(settings().timezone)).date()


def new_run_id(prefix: str = "cli") -> str:
    return f"{prefix}-{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"


def pull(p: Pipeline, counties: Sequence[str], months: Sequence[Period], run_id: str) -> Collected:
    """Fetch what is new from these counties; failures are outcomes in the ledger and in the result."""
    from qiangji import landing

    result = Collected(run_id, due_from(p.catalogue, counties, months))
    with result.seconds.timed("pull"):
        for group in landing.pull(p, counties, months, run_id):
            result.add(group)
    return result


def check(
    p: Pipeline, counties: Sequence[str] | None = None, watch: Stopwatch | None = None
) -> list[Submission]:
    """Check every part of a delivery that no check has seen yet."""
    from qiangji import checking

    return checking.check(p.catalogue, p.ledger, _unchecked(p, counties), watch=watch)


def _unchecked(p: Pipeline, counties: Sequence[str] | None) -> list[Pending]:
    return _in_catalogue(p, p.ledger.unchecked(counties))


def collect(
    p: Pipeline, counties: Sequence[str] = (), periods: Sequence[Period] = (), run_id: str = ""
) -> Collected:
    """Pull and check: counties that have been pulled are checked while others are, once there are enough of them.

    An error of ours in a check is raised once all counties have been pulled and recorded.
    """
    from qiangji import checking, landing
    from qiangji.parsing.handed import Handed

    chosen = p.catalogue.select_counties(list(counties))
    months = months_to_collect(p.catalogue, periods)
    result = Collected(run_id or new_run_id(), due_from(p.catalogue, chosen, months))
    handed, waiting, broken = Handed(HANDED_BYTES), _Waiting(), list[Exception]()

    def check_waiting() -> None:
        if not broken and waiting.counties:
            try:
                belt.take(_unchecked(p, waiting.taken()))
            except Exception as e:  # raised below: the other counties are pulled first
                broken.append(e)

    with checking.checking(p.catalogue, p.ledger, watch=result.seconds, handed=handed) as belt:
        groups = landing.pull(p, chosen, months, result.run_id, handed, _preparing())
        for group in result.seconds.each("pull", groups):
            result.add(group)
            waiting.add(group)
            if waiting.is_enough:
                check_waiting()
        check_waiting()
        if broken:
            raise broken[0]
    result.submissions = belt.published
    return result


@dataclass
class _Waiting:
    """Counties that were pulled and wait to be checked. `bytes`: of what arrived; `quiet`: groups of none since."""

    counties: list[str] = field(default_factory=list)
    bytes: int = 0
    quiet: int = 0

    def add(self, group: Sequence[Pulled]) -> None:
        self.counties += [one.county for one in group]
        self.bytes += sum(delivery.bytes for one in group for delivery, _ in one.arrived)
        self.quiet = 0 if group else self.quiet + 1

    @property
    def is_enough(self) -> bool:
        """Whether it is time: the suites cost less for many at once, and nobody waits for a county that hangs."""
        return self.bytes >= CHECK_BYTES or (self.bytes > 0 and self.quiet >= QUIET)

    def taken(self) -> list[str]:
        counties, self.counties, self.bytes, self.quiet = self.counties, [], 0, 0
        return counties


def _preparing() -> Callable[[], None]:
    """Called once there is something to check: what checking needs is imported while the pull goes on."""
    once = threading.Lock()

    def begin() -> None:
        if once.acquire(blocking=False):
            from qiangji.checking import expectations

            threading.Thread(target=expectations.load, daemon=True).start()

    return begin


def preview(p: Pipeline, counties: Sequence[str] = (), periods: Sequence[Period] = ()) -> Collected:
    """What `collect` would fetch and the verdicts on it, with nothing recorded and nothing kept."""
    from qiangji import checking, landing
    from qiangji.lake import Lake

    months, chosen = months_to_collect(p.catalogue, periods), p.catalogue.select_counties(list(counties))
    result = Collected("dry-run", due_from(p.catalogue, chosen, months))
    with tempfile.TemporaryDirectory(prefix="qiangji-") as folder:
        lake = Lake(Path(folder))
        for county in chosen:
            parts, pulled = landing.preview(p, county, months, lake)
            result.deliveries += len({part.sha256 for part in parts})
            result.seen |= pulled.periods
            result.failures += [(county, f, str(t) if t else None, e) for f, t, e in pulled.failures]
            result.notes += [(county, note) for note in pulled.notes]
            scratch = Ledger(p.ledger.engine, lake)
            checked = checking.check(p.catalogue, scratch, parts, record=False)
            result.submissions += [p.ledger.foreseen(s) for s in checked]  # with what guards would hold
    return result


def reprocess(p: Pipeline, forms: Sequence[str] = (), periods: Sequence[Period] = ()) -> list[Submission]:
    """Check the latest delivery of each submission again, by today's catalogue and suites; nothing is fetched.

    Raises UsageError, as `months_to_collect` does.
    """
    from qiangji import checking

    return checking.check(p.catalogue, p.ledger, _leading(p, forms, periods))


@dataclass(frozen=True)
class Rehearsed:
    """What checking one submission again would make of it. `before`: as it stands, None if no check has seen it."""

    before: Submission | None
    after: Submission

    @property
    def is_changed(self) -> bool:
        """Whether its status, the reason for it or its accepted rows would be others."""
        return self.before is None or _standing(self.before) != _standing(self.after)

    @property
    def turns_bad(self) -> bool:
        """Whether somebody would have to look at what nobody has to look at now."""
        before = self.before.status if self.before else ""
        return self.after.status != before and self.after.status in ("returned", "withheld", "held")


def rehearse(p: Pipeline, forms: Sequence[str] = (), periods: Sequence[Period] = ()) -> list[Rehearsed]:
    """What `reprocess` would do, with nothing recorded and nothing kept. Raises UsageError as it does."""
    from qiangji import checking

    checked = checking.check(p.catalogue, p.ledger, _leading(p, forms, periods), record=False)
    return [Rehearsed(p.ledger.latest(s), p.ledger.foreseen(s)) for s in checked]


def _standing(s: Submission) -> tuple[str, str | None, str | None, int]:
    counts = s.status in ("accepted", "partial")
    return s.status, s.held_reason or s.reason_code, s.rows_hash if counts else None, s.rows_rejected


def _leading(p: Pipeline, forms: Sequence[str], periods: Sequence[Period]) -> list[Pending]:
    p.catalogue.require_reportable(periods, local_today())
    return _in_catalogue(p, p.ledger.leading(list(forms), [str(x) for x in periods]))


def _in_catalogue(p: Pipeline, parts: Sequence[Pending]) -> list[Pending]:
    """Without parts whose form or county the catalogue no longer has: they wait until it has it again."""
    c = p.catalogue
    return [part for part in parts if part.form in c.forms and part.county_code in c.counties]


def tell_of_unknown_years(catalogue: Catalogue) -> None:
    """Warn in the log of years whose days off are not known, before due dates fall into them."""
    for year in catalogue.calendar.unknown(local_today()):
        log.warning("%s. %s", *unknown_words(year))


def lost(p: Pipeline, run_id: str) -> list[str]:
    """What a run could not collect, in a line each that begins with the county's code."""
    return [
        f"{f.county_code} {p.catalogue.name_of(f.county_code)} {f.form or ''} {f.period or ''}".rstrip()
        + f": {f.reason_code}: {f.message}"
        for f in p.ledger.failures(run_id)
    ]


def incomplete(run_id: str, lost: Sequence[str], broken: Sequence[str]) -> CollectError:
    """The error for a run that lost counties (the lines of `lost`), or of which other tasks failed."""
    counties = len({line.split()[0] for line in lost})
    if not counties:
        return CollectError(
            f"tasks failed: {', '.join(broken)}",
            where=run_id,
            expected="every task green",
            do="The log of the first of them says why; clear it with what follows when the cause is gone",
            zh=f"有任务失败：{'、'.join(broken)}。原因在其中第一个的日志里；消除后请清除该任务及其后的任务，使其重跑。",
        )
    return CollectError(
        f"{counted(counties, 'county', 'counties')} could not be collected; tasks that failed:"
        f" {', '.join(broken) or 'none'}",
        where=run_id,
        expected="every county",
        do="See the lines above and `qiangji status`; the figures of the others are built",
        zh=f"有{counties}个县（市、区）未能采集；失败的任务：{'、'.join(broken) or '无'}。"
        "请看上面各行和qiangji status；其余县（市、区）的指标照常计算。",
    )


def needing_attention(p: Pipeline) -> Iterator[tuple[str, str]]:
    """Each submission that needs attention: its status (or what an accepted one lacks), and a line about it."""
    from qiangji.figures import reading

    for r in reading.needs_attention(reading.status(p.ledger.engine)):
        what = r["reason_code"] if r["status"] in reading.COUNTED else r["status"]
        county = f"{r['county_code']} {p.catalogue.name_of(r['county_code'])}"
        place = f"{county} {r['form']} {r['period']}".rstrip()
        yield what, f"{place}: {r['status']}: {r['message_zh'] or r['reason_code'] or ''}"
