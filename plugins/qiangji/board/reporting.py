"""Reporting: county x form x period, where each report stands, in words.

In: an engine on a snapshot, the catalogue, the state of the page (`period`, `county`, `form`, `status`). Out: a `Grid`.
The rows are those that `qiangji status` prints; see `figures.reading.status`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from sqlalchemy.engine import Engine

from qiangji.board.state import State
from qiangji.board.tables import Table, of_rows
from qiangji.catalogue.load import Catalogue
from qiangji.errors import unknown
from qiangji.figures import Row, Rows, read, reading
from qiangji.ledger.statuses import STATUSES
from qiangji.parsing.reasons import REASONS
from qiangji.periods import Period, local_day
from qiangji.settings import settings
from qiangji.text import taken_apart

TONES = {
    "accepted": "green", "partial": "yellow", "held": "yellow", "returned": "red", "withheld": "red", "late": "red",
    "failed": "red", "awaited": "none", "optional": "none", "not_due": "none", "void": "none",
}  # fmt: skip
"""Status -> the colour beside its word."""
STATUS_MARKS = {
    "accepted": "●", "partial": "◐", "held": "◆", "returned": "↩", "withheld": "⊘", "late": "▲", "failed": "✕",
    "awaited": "○", "optional": "–", "not_due": "·", "void": "×",
}  # fmt: skip
"""Status -> its shape: no reader has to tell colours apart."""
ORDER = (
    "failed",
    "late",
    "returned",
    "withheld",
    "held",
    "partial",
    "accepted",
    "awaited",
    "optional",
    "not_due",
)
"""Statuses, those first of which somebody has to do something."""
VALUED = ("rows_rejected", "no_row_accepted")
"""Reasons whose messages hold a value of the first row that was rejected."""
COLUMNS = (
    "county_code", "county_name", "form", "period", "status", "status_zh", "status_en", "due_date", "late_days",
    "first_received_at", "received_at", "is_on_time", "revision", "expected_units", "rows_received", "rows_accepted",
    "rows_rejected", "received_rate", "non_empty_rate", "filled_rate", "valid_rate", "is_nil", "is_unchanged",
    "reason_code", "message_zh", "message_en", "delivery_id", "last_attempt_at", "last_attempt_failed",
    "last_attempt_reason",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A form in one period: a cell for each county of the page, None where nothing is asked for or chosen."""

    form: str
    period: str
    due_date: date
    cells: tuple[Row | None, ...]


@dataclass(frozen=True)
class Grid:
    """Everything that the page shows. `counts`: how many reports have each status, before a status is chosen;
    `periods`: those to choose from; `blocks`: period -> its lines, the last period first.
    """

    counties: tuple[tuple[str, str], ...]
    forms: tuple[str, ...]
    periods: tuple[str, ...]
    counts: Mapping[str, int]
    blocks: Mapping[str, tuple[Line, ...]]
    rows: Rows = field(repr=False)

    @property
    def reports(self) -> int:
        return sum(self.counts.values())


def reporting(engine: Engine, catalogue: Catalogue, state: State) -> Grid:
    """The page's data, by two statements. Raises UsageError: unknown_county, unknown_form, unknown_status,
    not_collected.
    """
    wanted = chosen_counties(catalogue, state)
    forms = catalogue.require_forms([f] if (f := state.get("form")) else [])
    status = state.get("status")
    if status and status not in STATUSES:
        raise unknown("status", [status], [f"{s} {zh}" for s, zh in STATUSES.items()])
    found = grid_of(engine, state, wanted)
    if not found:
        reading.require_reported(engine, str(state.period) if state.period else None)
    rows = [r for r in found if not forms or r["form"] in forms]
    counts = Counter(r["status"] for r in rows)
    shown = [r for r in rows if not status or r["status"] == status]
    codes = [code for code in catalogue.counties if any(r["county_code"] == code for r in shown)]
    return Grid(
        counties=tuple((code, catalogue.name_of(code)) for code in codes),
        forms=tuple(catalogue.forms),
        periods=periods(engine),
        counts={s: counts[s] for s in ORDER if counts[s]},
        blocks=_blocks(catalogue, shown, codes),
        rows=shown,
    )


def chosen_counties(catalogue: Catalogue, state: State) -> list[str]:
    """The county that is asked for, or none for all."""
    return catalogue.select_counties([c]) if (c := state.get("county")) else []


def grid_of(engine: Engine, state: State, counties: Iterable[str]) -> Rows:
    """The rows of `qiangji status`, each with `late_days`: since it was due, where it is late."""
    at = state.as_of or datetime.now(UTC)
    today = local_day(at, settings().timezone)
    rows = reading.status(engine, str(state.period) if state.period else None, list(counties), state.as_of)
    late = ((today - r["due_date"]).days if r["status"] == "late" else None for r in rows)
    return [_without_values(r) | {"late_days": days} for r, days in zip(rows, late, strict=True)]


def _without_values(row: Row) -> Row:
    """Without the message where it holds a value of a row: the rule and the cell are on the county's page. A message in
    both languages is taken apart.
    """
    if row["reason_code"] in VALUED:
        words = REASONS[row["reason_code"]]
        zh, en = words.trigger_zh, words.trigger_en
    else:
        zh, en = taken_apart(row["message_zh"], row["message_en"])
    return row | {"message_zh": zh, "message_en": en}


def periods(engine: Engine) -> tuple[str, ...]:
    """Periods of which something came, the last first; of equals the longer one."""
    found = read(engine, "SELECT DISTINCT period FROM mart.submission")
    return tuple(str(p) for p in in_order(Period.parse(r["period"]) for r in found))


def in_order(found: Iterable[Period]) -> list[Period]:
    """The last first; of those with the same end the longer one."""
    return sorted(found, key=lambda p: (p.last_month, len(p.months)), reverse=True)


def _blocks(catalogue: Catalogue, rows: Rows, codes: list[str]) -> dict[str, tuple[Line, ...]]:
    cells = {(r["period"], r["form"], r["county_code"]): r for r in rows}
    due = {(r["period"], r["form"]): r["due_date"] for r in rows}
    order = {form: i for i, form in enumerate(catalogue.forms)}
    blocks = {}
    for period in in_order({Period.parse(r["period"]) for r in rows}):
        mine = sorted((f for p, f in due if p == str(period)), key=lambda f: (order.get(f, len(order)), f))
        blocks[str(period)] = tuple(
            Line(f, str(period), due[str(period), f], tuple(cells.get((str(period), f, c)) for c in codes))
            for f in mine
        )
    return blocks


def table(page: Grid, state: State) -> Table:
    """Every report of the page, a line each."""
    return of_rows("_".join(filter(None, ("reporting", state.get("county"), str(state.period or "")))),
                   page.rows, state, COLUMNS, ())  # fmt: skip
