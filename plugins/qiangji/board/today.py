"""This morning: what `qiangji today` says, with what may be decided on the spot.

In: an engine on a snapshot, the catalogue, the state of the page. Out: a `Today`. The night, the counties and what
waits are those of `figures.morning` and `figures.deciding`. The grid and the moves are read here, once, as a page has
to be quick: the causes of all moves take seconds, so they are told of the largest alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy.engine import Engine

from qiangji.board.state import State
from qiangji.board.tables import Table, of_rows
from qiangji.catalogue.load import Catalogue
from qiangji.figures import Row, Rows, morning, read, reading
from qiangji.figures.deciding import (
    Open,
    Waiting,
    back_by_reason,
    late_by_county,
    newest_first,
    open_reports,
    waiting_but_held,
)
from qiangji.figures.morning import LARGEST, NEXT_DAYS, CountyMorning, Due, Moves, Night, last_ahead
from qiangji.figures.reading import Reporting
from qiangji.periods import local_day
from qiangji.settings import settings
from qiangji.warehouse.queries import query

ACTIONS = ("release", "void")
_NOTHING: Row = {"locked": [], "unbuilt": 0, "decided": []}


@dataclass(frozen=True)
class Held:
    """A report that is held, before somebody who decides: the row of the grid, and what is to be done with it."""

    action: str
    row: Row


@dataclass(frozen=True)
class Today:
    """Everything that the page shows.

    `late` and `back`: reports to send, by county and by reason; `then`: what is due next, where nothing is within the
    days of `ahead`; `unbuilt`: reports that count and are not in the figures; `decided`: what people decided since the
    night began; `done`: what was just decided, and `done_report`: how its report stands; `chosen`: what is about to be
    decided; `is_missed`: what was to be decided on is held no longer, and `missed`: the decision on it, if there is
    one; `is_now`: not a moment that was.
    """

    at: datetime
    night: Night | None
    counties: tuple[CountyMorning, ...]
    held: tuple[Row, ...]
    waiting: tuple[Waiting, ...]
    moves: Moves | None
    late: list[list[Open]]
    back: list[list[Open]]
    ahead: list[Due]
    then: list[Due]
    locked: tuple[str, ...]
    unbuilt: int
    decided: Rows
    done: Row | None
    done_report: Row | None
    chosen: Held | None
    is_missed: bool
    missed: Row | None
    is_now: bool

    @property
    def waits(self) -> int:
        return len(self.held) + len(self.waiting)

    @property
    def new_back(self) -> int:
        """How many went back since the night began."""
        return sum(r.is_new for own in self.back for r in own)


def today(engine: Engine, catalogue: Catalogue, state: State) -> Today:
    """The page's data, by five statements."""
    at = state.as_of or datetime.now(UTC)
    is_now = state.as_of is None
    rows = read(engine, query("board/reported", grid=reading.grid(at)), {"as_of": at})
    reported = _reported(at, rows)
    asked = read(engine, query("figures/night"), {"at": at})
    night, counties = morning.standing(catalogue, reported, asked)
    since = night.told_since if night else at - timedelta(days=1)
    shown = reading.State(as_of=state.as_of)  # what moved is told on the tree of then alone
    moved = query("board/moves", figures=shown.figures)
    found = read(engine, moved, {"since": since, "until": at, "as_of": state.as_of, "most": LARGEST})
    known = found[0] if found else _NOTHING
    day = local_day(at, settings().timezone)
    waits = waiting_but_held(engine, catalogue, reported, day, is_now=is_now)
    late_or_back = list(open_reports(catalogue, reported.grid, day, night.told_since if night else None))
    ahead, then = coming(catalogue, rows, day)
    held = newest_first(r for r in reported.grid if r["status"] == "held")
    decided = [_decision(catalogue, d) for d in known["decided"]]
    just = state.get("decided")
    done = next((d for d in decided if d["delivery_id"] and d["delivery_id"] == just), None)
    chosen = _chosen(held, state) if is_now else None
    is_missed = is_now and chosen is None and state.get("decide") in ACTIONS
    return Today(
        at=at,
        night=night,
        counties=counties,
        held=tuple(held),
        waiting=tuple(waits),
        moves=_moves(since, found) if night else None,
        late=late_by_county(late_or_back),
        back=back_by_reason(late_or_back),
        ahead=ahead,
        then=then,
        locked=tuple(known["locked"]),
        unbuilt=int(known["unbuilt"]) if is_now else 0,
        decided=decided,
        done=done,
        done_report=_row_of(rows, done) if done else None,
        chosen=chosen,
        is_missed=is_missed,
        missed=_decided_on(decided, state.get("report")) if is_missed else None,
        is_now=is_now,
    )


def _reported(at: datetime, rows: Rows) -> Reporting:
    """The grid as `reading.reporting` gives it, and the workbooks of reports that nobody has answered yet."""
    grid = [r for r in rows if r["is_listed"]]
    names = ("transport", "status", "reason_code", "sent_at")
    books = {
        r["delivery_id"]: {
            "delivery_id": r["delivery_id"],
            "county_code": r["county_code"],
            "county_name": r["county_name"],
            "file_name": r["workbook"],
            "problems": r["workbook_problems"],
            **{n: r[f"workbook_{'reason' if n == 'reason_code' else n}"] for n in names},
        }
        for r in grid
        if r["status"] in reading.UNANSWERED and r["workbook"] is not None
    }
    return Reporting(at, grid, sorted(books.values(), key=lambda b: (b["county_code"], b["file_name"])))


def coming(catalogue: Catalogue, rows: Rows, today: date) -> tuple[list[Due], list[Due]]:
    """What is due today and on the working days after it, of a whole grid; and, where nothing is, what is due on the
    next day on which anything is: as `figures.morning` tells both.
    """
    every = _due(catalogue, rows, today)
    ahead = [d for d in every if d.due_date <= last_ahead(catalogue, today)]
    return ahead, [] if ahead else [d for d in every if d.due_date == every[0].due_date]


def _due(catalogue: Catalogue, rows: Rows, today: date) -> list[Due]:
    due: dict[tuple[date, str, str], Rows] = {}
    for r in rows:
        in_time = today <= r["due_date"] <= today + timedelta(days=NEXT_DAYS)
        if in_time and r["form"] in catalogue.forms:
            due.setdefault((r["due_date"], r["form"], r["period"]), []).append(r)
    titles = {code: form.title for code, form in catalogue.forms.items()}
    return [
        Due(
            on,
            form,
            titles[form].zh,
            titles[form].en,
            period,
            len(own),
            sum(r["revision"] is None for r in own),
        )
        for (on, form, period), own in sorted(due.items())
    ]


def _moves(since: datetime, found: Rows) -> Moves:
    first = found[0]
    return Moves(
        since=since,
        figures=first["figures"],
        first_shown=first["first_shown"],
        by_cause={},
        largest=[r for r in found if r["indicator_code"]],
        closed=first["closed"],
    )


def _decision(catalogue: Catalogue, row: dict[str, Any]) -> Row:
    """A decision, as it came in JSON, with the county's name."""
    name = catalogue.name_of(row["county_code"]) if row["county_code"] else ""
    return row | {"decided_at": datetime.fromisoformat(row["decided_at"]), "county_name": name}


def _row_of(rows: Rows, decided: Row) -> Row | None:
    """The grid's row of the report that a decision is on."""
    keys = ("county_code", "form", "period")
    return next((r for r in rows if all(r[k] == decided[k] for k in keys)), None)


def report(row: Row, delivery: str = "") -> str:
    """A report as an address names it; `delivery`: another one of the same report."""
    return f"{delivery or row['delivery_id']}.{row['form']}.{row['period']}"


def _decided_on(decided: Rows, report: str) -> Row | None:
    """The last decision on a report that an address names, or on its whole delivery."""
    delivery, form, period = [*report.split("."), "", ""][:3]
    return next(
        (
            d
            for d in decided
            if d["delivery_id"] == delivery and d["form"] in (None, form) and d["period"] in (None, period)
        ),
        None,
    )


def _chosen(held: Iterable[Row], state: State) -> Held | None:
    """The report that somebody is about to decide on, if it is held still; or one that lies beside it."""
    wanted = state.get("report")
    if state.get("decide") not in ACTIONS:
        return None
    for row in held:
        for delivery in (row["delivery_id"], *(d for d in row["others"] or () if d != row["in_force"])):
            if report(row, delivery) == wanted:
                return Held(state.get("decide"), row | {"delivery_id": delivery})
    return None


_COUNTY = (
    "county_code", "county_name", "was_reached", "reason_code", "reports_awaited", "late", "late_days", "returned",
    "withheld", "held", "rows_sent_back", "feedback_sent", "to_hand_over", "last_good", "contact_zh", "contact_en",
)  # fmt: skip
_MOVE = (
    "indicator_code", "name_zh", "name_en", "unit", "org_code", "org_name", "period", "period_type", "value_before",
    "value", "change", "obs_status_before", "obs_status", "causes",
)  # fmt: skip
_WAITING = ("what", "county_code", "form", "period", "delivery_id", "zh", "en", "why_zh", "why_en", "command")


def table(page: Today, state: State) -> Table:
    """The counties; `table=moved`: the largest moves; `table=waiting`: what waits."""
    day = f"{local_day(page.at, settings().timezone)}"
    which = state.get("table")
    if which == "moved":
        rows = page.moves.largest if page.moves else []
        return of_rows(f"moved_{day}", rows, state, _MOVE, (), {"change": "moved_by"})
    if which == "waiting":
        held = [r | {"what": "held", "zh": r["message_zh"], "en": r["message_en"]} for r in page.held]
        return of_rows(f"waiting_{day}", held + [asdict(w) for w in page.waiting], state, _WAITING, ())
    return of_rows(
        f"counties_{day}",
        [asdict(c) | {"reports_awaited": c.awaited, "was_reached": c.is_reached} for c in page.counties],
        state,
        _COUNTY,
        (),
    )
