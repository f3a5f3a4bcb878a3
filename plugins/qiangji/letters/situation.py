"""What letters are made of: the morning, the reporting grid and why rows went back, as a reader of mart sees them.

In: an engine of the reading role, the catalogue, a moment. Out: a `Situation`. Whatever mart hides stays hidden, as
nothing is read from elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from sqlalchemy.engine import Engine

from qiangji.catalogue.load import Catalogue
from qiangji.figures import Choice, Row, Rows, reading
from qiangji.figures.morning import Morning, as_reported
from qiangji.periods import Period, local_day
from qiangji.settings import settings
from qiangji.workdays import Calendar

NOT_ASKED = ("not_due", "optional", "awaited")
"""Statuses of reports of which nobody can say yet that they are missing."""
_OURS = ("period_locked",)
"""Reasons to hold a report that are no question to the county."""


@dataclass(frozen=True)
class Situation:
    """`grid`: rows of the reporting grid. `rejections`: of `mart.rejected_row`. `workbooks`: of `mart.feedback`, of
    what the county has not answered. `figures`: the city's headline figures. `is_simulated`: of a demonstration.
    """

    today: date
    morning: Morning
    grid: Rows
    rejections: Rows
    workbooks: Rows
    figures: Rows
    is_simulated: bool = False

    @cached_property
    def reports_of(self) -> Mapping[str, Rows]:
        """County -> its rows of the grid: each county's letter asks for its own."""
        return _by_county(self.grid)

    @cached_property
    def rejections_of(self) -> Mapping[str, Rows]:
        return _by_county(self.rejections)

    @cached_property
    def workbooks_of(self) -> Mapping[str, Rows]:
        return _by_county(self.workbooks)


def _by_county(rows: Rows) -> Mapping[str, Rows]:
    found: dict[str, Rows] = {}
    for row in rows:
        found.setdefault(row["county_code"], []).append(row)
    return found


def situation(
    engine: Engine, catalogue: Catalogue, at: datetime, unbuilt: Sequence[Period] = ()
) -> Situation:
    """Everything that letters say at a moment."""
    s = settings()
    reported = reading.reporting(engine, at)
    month = reading.latest_month(engine, at)
    figures = reading.values(engine, catalogue, Choice(orgs=catalogue.org.tops), month) if month else []
    return Situation(
        today=local_day(at, s.timezone),
        morning=as_reported(engine, catalogue, reported, unbuilt),
        grid=reported.grid,
        rejections=reading.rejections(engine, reported.grid),
        workbooks=reported.workbooks,
        figures=[f for f in figures if f["value"] is not None],
        is_simulated=s.is_simulated,
    )


@dataclass(frozen=True)
class Todo:
    """What one county has to do. Rows of the grid, each in one list alone.

    `due`: not here yet, due within the days of the reminder. `overdue`: due on the last working day, and not here.
    `late`: others that are late. `back`: returned, withheld or held with a question. `partial`: rows were sent back.
    `short`: counted, and of fewer units than should report beside those rows; or a file that was not taken.
    `workbooks`: what waits for it.
    """

    due: Rows
    overdue: Rows
    late: Rows
    back: Rows
    partial: Rows
    short: Rows
    workbooks: Rows

    @property
    def is_nothing(self) -> bool:
        return not any(vars(self).values())


def todo(s: Situation, calendar: Calendar, county: str, days: int) -> Todo:
    """What a county has to do, by what the situation says of it alone. `days`: how early it is reminded."""
    rows = s.reports_of.get(county, [])
    late = [r for r in rows if r["status"] == "late"]
    overdue = [r for r in late if working_days(calendar, r["due_date"], s.today) <= 1]
    return Todo(
        due=[
            r
            for r in rows
            if r["status"] == "awaited" and working_days(calendar, s.today, r["due_date"]) <= days
        ],
        overdue=overdue,
        late=[r for r in late if r not in overdue],
        back=[r for r in rows if _is_back(r)],
        partial=[r for r in rows if r["status"] == "partial"],
        short=[r for r in reading.needs_attention(rows) if _is_short(r)],
        workbooks=[w for w in s.workbooks_of.get(county, []) if w["status"] == "sent"],
    )


def _is_back(row: Row) -> bool:
    if row["status"] == "held":
        return row["reason_code"] not in _OURS
    return row["status"] in ("returned", "withheld")


def _is_short(row: Row) -> bool:
    """Of a row that needs attention: whether the county has to send more than the rows that went back to it."""
    if row["status"] in reading.ATTENTION:
        return False
    return row["reason_code"] in reading.NOTED or (row["reason_code"] == "few_units" and lacking(row) > 0)


def lacking(row: Row) -> int:
    """Units of which nothing came, beside those whose rows were sent back."""
    return max(0, (row["expected_units"] or 0) - (row["rows_accepted"] or 0) - (row["rows_rejected"] or 0))


def working_days(calendar: Calendar, after: date, until: date) -> int:
    """How many days are worked after a day, up to another and with it."""
    days = (after + timedelta(n) for n in range(1, (until - after).days + 1))
    return sum(calendar.is_working_day(day) for day in days)


def coming_in(rows: Rows) -> tuple[int, int]:
    """(reports that count, reports that should be there by now) among rows of the grid."""
    asked = [r for r in rows if r["status"] not in NOT_ASKED]
    return sum(r["status"] in reading.COUNTED for r in asked), len(asked)
