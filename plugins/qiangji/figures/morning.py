"""The morning: what the last night did, how each county stands, what waits for a decision, what moved, what comes next.

In: an engine that reads mart and dim, the catalogue, the moment at which somebody looks. Out: a `Morning`, plain data
that the terminal, the letter and the page show.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Engine

from qiangji.catalogue.load import Catalogue
from qiangji.figures import OVERVIEW, Row, Rows, decisions, explaining, read, reading
from qiangji.figures.contributing import At, Move, contributions
from qiangji.figures.contributing_words import short
from qiangji.figures.deciding import Open, Waiting, open_reports, waiting
from qiangji.figures.reading import Reporting
from qiangji.periods import Period, local_day
from qiangji.schedules import last_due
from qiangji.settings import settings
from qiangji.warehouse.queries import query

LARGEST = 10
"""Moves that are told one by one."""
DAYS_AHEAD = 5
"""Working days whose due dates are told."""
GRACE = timedelta(hours=2)
"""After a night was due: until then it may still be under way."""
NEXT_DAYS = 92
"""Days within which the next due date is looked for, if none is within those: a quarter."""


@dataclass(frozen=True)
class Night:
    """The last run of the day that asked most counties for the latest month: one of Airflow's, if there is one.

    `lost`: (county, name, reason) not reached. `built_at`: when the figures that are shown were
    built; None if nothing is built. `lost_else`: as `lost`, of other counties whose last attempt was another run of
    that day, and failed. `reached_since`: names of those that the night lost and a later run reached. `since`: when
    it, or Airflow's first such run of the day, began. `later_runs`: those that ended after it; `later_deliveries`: what
    they brought. `missed_at`: when another night was due after it that did not run.
    """

    run_id: str
    first_month: str
    last_month: str
    started_at: datetime
    ended_at: datetime
    counties: int
    deliveries: int
    lost: tuple[tuple[str, str, str], ...]
    built_at: datetime | None
    lost_else: tuple[tuple[str, str, str], ...] = ()
    reached_since: tuple[str, ...] = ()
    since: datetime | None = None
    later_runs: int = 0
    later_deliveries: int = 0
    missed_at: datetime | None = None

    @property
    def told_since(self) -> datetime:
        """From when on decisions and moves are told: a run once more does not make those of the first forgotten."""
        return self.since or self.started_at

    @property
    def is_red(self) -> bool:
        """Whether a county was not reached, by it or by another run since, or no night ran when one was due."""
        return bool(self.lost or self.lost_else or self.missed_at)


@dataclass(frozen=True)
class CountyMorning:
    """How one county stands. Counts are of reports; `rows_sent_back` are rows that were rejected in accepted reports.

    `is_reached`: whether the last attempt reached it; None where no run of the day asked it. `late_days`: since the
    oldest due date. `to_hand_over`: workbooks that no system takes. `last_good`: the latest month of which a report
    counts.
    """

    county_code: str
    county_name: str
    is_reached: bool | None
    reason_code: str | None
    awaited: int
    late: int
    late_days: int
    returned: int
    withheld: int
    held: int
    rows_sent_back: int
    feedback_sent: int
    to_hand_over: int
    last_good: str | None
    contact_zh: str
    contact_en: str

    @property
    def is_well(self) -> bool:
        """Whether nobody has to do anything about it."""
        return self.is_reached is not False and not (self.late or self.returned or self.withheld or self.held)


@dataclass(frozen=True)
class Moves:
    """Figures of the city and its counties that the night changed. `largest`: rows of `explaining.changes`, each with
    `because_zh` and `because_en`: what made it move most, '' where that cannot be said.

    `first_shown`: of them those that were not there before. `by_cause`: as `explaining.by_causes` counts, so that it
    adds up to `figures`. `closed`: locked or published period -> figures changed. `editions`: published period -> the
    name of its last edition.
    """

    since: datetime
    figures: int
    first_shown: int
    by_cause: Mapping[str, int]
    largest: Rows
    closed: Mapping[str, int]
    editions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Due:
    """A form that is due. `missing`: counties of which nothing counts yet."""

    due_date: date
    form: str
    title_zh: str
    title_en: str
    period: str
    counties: int
    missing: int


@dataclass(frozen=True)
class Morning:
    """Everything that the first look of a day shows.

    `then`: what is due next, where nothing is within the days of `ahead`. `decided`: what people decided since the
    night began. `is_past`: of a moment that was, of which `waiting` knows a part alone: see there.
    """

    at: datetime
    night: Night | None
    counties: tuple[CountyMorning, ...]
    waiting: tuple[Waiting, ...]
    moves: Moves | None
    ahead: tuple[Due, ...]
    locked: tuple[str, ...]
    open_reports: tuple[Open, ...] = ()
    then: tuple[Due, ...] = ()
    decided: Rows = field(default_factory=list)
    is_past: bool = False


def morning(
    engine: Engine, catalogue: Catalogue, at: datetime, unbuilt: Sequence[Period] | None = ()
) -> Morning:
    """What somebody sees who looks at a moment. Nothing collected yet: no night, no moves.

    `unbuilt`: months of which a build would show something new (`building.unbuilt_months`); None: of a moment that was.
    """
    return as_reported(engine, catalogue, reading.reporting(engine, at), unbuilt)


def as_reported(
    engine: Engine, catalogue: Catalogue, reported: Reporting, unbuilt: Sequence[Period] | None = ()
) -> Morning:
    """The same, of the grid and the workbooks that somebody has read already."""
    at = reported.at
    today = local_day(at, settings().timezone)
    asked = read(engine, query("figures/night"), {"at": at})
    night = _night(asked, at) if asked else None
    moves = moved(engine, night.told_since, at) if night else None
    ahead = coming(engine, catalogue, at, today, last_ahead(catalogue, today))
    return Morning(
        at=at,
        night=night,
        counties=tuple(_counties(catalogue, reported, asked, today)),
        waiting=tuple(waiting(engine, catalogue, reported, today, unbuilt)),
        moves=moves,
        ahead=tuple(ahead),
        locked=tuple(r["period"] for r in reading.locks(engine, at)),
        open_reports=tuple(
            open_reports(catalogue, reported.grid, today, night.told_since if night else None)
        ),
        then=() if ahead else tuple(_next(engine, catalogue, at, today)),
        decided=_decided(engine, night.told_since, at) if night else [],
        is_past=unbuilt is None,
    )


def _decided(engine: Engine, since: datetime, until: datetime) -> Rows:
    return decisions.taken(engine, decisions.Asked(since=since, until=until))


def _missed(ended_at: datetime, at: datetime) -> datetime | None:
    """When a night was due that did not run: the last one of the schedule, if nothing was collected since."""
    zone = ZoneInfo(settings().timezone)
    due = last_due(settings().nightly_schedule, (at - GRACE).astimezone(zone))
    return due if due is not None and ended_at < due else None


def _night(asked: Rows, at: datetime) -> Night:
    """The night, by the rows of figures/night: those of its run, and the last attempt of each county."""
    rows = [r for r in asked if r["is_night"]]
    elsewhere = [r for r in asked if not r["is_night"]]
    first, lost = rows[0], _lost(rows)
    known = {code for code, _, _ in lost}
    return Night(
        run_id=first["run_id"],
        first_month=min(r["first_month"] for r in rows),
        last_month=max(r["last_month"] for r in rows),
        started_at=min(r["started_at"] for r in rows),
        ended_at=max(r["ended_at"] for r in rows),
        counties=len(rows),
        deliveries=sum(r["deliveries"] for r in rows),
        lost=lost,
        built_at=first["built_at"],
        lost_else=tuple(one for one in _lost(elsewhere) if one[0] not in known),
        reached_since=tuple(
            r["county_name"] for r in elsewhere if r["status"] == "done" and r["county_code"] in known
        ),
        since=first["since"],
        later_runs=first["later_runs"],
        later_deliveries=int(first["later_deliveries"]),
        missed_at=_missed(max(r["ended_at"] for r in rows), at),
    )


def _lost(rows: Rows) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (r["county_code"], r["county_name"], r["reason_code"]) for r in rows if r["status"] == "failed"
    )


def _counties(catalogue: Catalogue, reported: Reporting, asked: Rows, today: date) -> list[CountyMorning]:
    by_county: dict[str, Rows] = {code: [] for code in catalogue.counties}
    for row in reported.grid:
        by_county.setdefault(row["county_code"], []).append(row)
    workbooks: dict[str, Rows] = {}
    for row in reported.workbooks:
        workbooks.setdefault(row["county_code"], []).append(row)
    outcome = {r["county_code"]: r for r in asked if r["is_last"]}
    return [
        _county(catalogue, code, rows, outcome.get(code), workbooks.get(code, []), today)
        for code, rows in by_county.items()
    ]


def _county(
    catalogue: Catalogue, code: str, rows: Rows, outcome: Row | None, workbooks: Rows, today: date
) -> CountyMorning:
    counts = Counter(r["status"] for r in rows)
    late = [r for r in rows if reading.is_late(catalogue, r, today)]
    county = catalogue.counties.get(code)
    contact = county.contact if county else None
    return CountyMorning(
        county_code=code,
        county_name=catalogue.name_of(code),
        is_reached=None if outcome is None else outcome["status"] == "done",
        reason_code=outcome["reason_code"] if outcome and outcome["status"] == "failed" else None,
        awaited=counts["awaited"],
        late=len(late),
        late_days=max(((today - r["due_date"]).days for r in late), default=0),
        returned=counts["returned"],
        withheld=counts["withheld"],
        held=counts["held"],
        rows_sent_back=sum(r["rows_rejected"] or 0 for r in rows if r["status"] == "partial"),
        feedback_sent=sum(w["transport"] != "kept" and w["status"] == "sent" for w in workbooks),
        to_hand_over=sum(w["transport"] == "kept" and w["status"] == "sent" for w in workbooks),
        last_good=_last_good(rows),
        contact_zh=contact.zh if contact else "",
        contact_en=contact.en if contact else "",
    )


def standing(
    catalogue: Catalogue, reported: Reporting, asked: Rows
) -> tuple[Night | None, tuple[CountyMorning, ...]]:
    """The night and each county, of what somebody has read already: `asked` are the rows of figures/night."""
    today = local_day(reported.at, settings().timezone)
    return _night(asked, reported.at) if asked else None, tuple(_counties(catalogue, reported, asked, today))


def _last_good(rows: Rows) -> str | None:
    """The latest month that a report which counts is of, or ends in."""
    months = [Period.parse(r["period"]).last_month for r in rows if r["revision"] is not None]
    return str(max(months)) if months else None


def moved(engine: Engine, since: datetime, until: datetime) -> Moves | None:
    """What of the city's and the counties' figures changed between two moments."""
    rows = explaining.changes(engine, since, until, OVERVIEW)
    before = [r for r in rows if not r["is_first_shown"]]
    published = read(
        engine,
        "SELECT period, edition FROM mart.edition WHERE published_at <= :at ORDER BY published_at",
        {"at": until},
    )
    editions = {r["period"]: r["edition"] for r in published}
    closed = {r["period"] for r in reading.locks(engine, until)} | editions.keys()
    return Moves(
        since=since,
        figures=len(rows),
        first_shown=len(rows) - len(before),
        by_cause=explaining.by_causes(rows),
        largest=_with_reasons(engine, sorted(before, key=_weight, reverse=True)[:LARGEST], since, until),
        closed=dict(Counter(r["period"] for r in before if r["period"] in closed)),
        editions=editions,
    )


def _with_reasons(engine: Engine, rows: Rows, since: datetime, until: datetime) -> Rows:
    """The rows, each with what made it move, in both languages: one statement for all."""
    keys = ("indicator_code", "org_code", "period_type", "period")
    moves = [
        Move(code, org, type_, At(period, since), At(period, until))
        for code, org, type_, period in ([r[k] for k in keys] for r in rows)
    ]
    found = contributions(engine, moves)
    return [
        row | {f"because_{language}": short(change, language) if change else "" for language in ("zh", "en")}
        for row, change in zip(rows, found, strict=True)
    ]


def _weight(row: Row) -> Decimal:
    """How large a move is beside others: in a percentage its points in 100, else its part of what it was."""
    if row["change"] is None:
        return Decimal(-1)
    base = Decimal(100) if row["unit"] == "percent" else abs(row["value_before"])
    return abs(row["change"]) / base if base else Decimal(1)


def last_ahead(catalogue: Catalogue, today: date) -> date:
    """The last of the working days whose due dates are told, today counted."""
    days = (today + timedelta(days=n) for n in range(NEXT_DAYS))
    worked = [day for day in days if catalogue.calendar.is_working_day(day)]
    return worked[DAYS_AHEAD - 1]


def _next(engine: Engine, catalogue: Catalogue, at: datetime, today: date) -> list[Due]:
    """What is due on the next day on which anything is."""
    found = coming(engine, catalogue, at, today, today + timedelta(days=NEXT_DAYS))
    return [due for due in found if due.due_date == found[0].due_date]


def coming(engine: Engine, catalogue: Catalogue, at: datetime, first: date, last: date) -> list[Due]:
    """What is due from one day to another, the earliest first."""
    rows = read(engine, query("figures/coming"), {"first": first, "last": last, "at": at})
    return [
        Due(
            due_date=r["due_date"],
            form=r["form"],
            title_zh=catalogue.forms[r["form"]].title.zh,
            title_en=catalogue.forms[r["form"]].title.en,
            period=r["period"],
            counties=r["counties"],
            missing=r["missing"],
        )
        for r in rows
        if r["form"] in catalogue.forms
    ]
