"""What the command line reads from the warehouse: figures, the reporting grid, what went wrong and why.

In: an engine that reads mart. Out: rows as dicts; `qiangji.cli.printing` decides how they look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from qiangji.catalogue.load import Catalogue
from qiangji.errors import UsageError, unknown
from qiangji.figures import OVERVIEW, Choice, Row, Rows, read
from qiangji.periods import PERIOD_TYPES, Period, local_day
from qiangji.settings import settings
from qiangji.warehouse.history import LAST_MONTH
from qiangji.warehouse.queries import query

_TOLD = ("accepted", "partial", "held", "returned", "withheld")
COUNTED = ("accepted", "partial")
"""Statuses of reports that count."""
ATTENTION = ("failed", "returned", "withheld", "held", "late")
"""Statuses of which somebody has to do something."""
OUTSTANDING = ("returned", "withheld", "partial")
"""Statuses of reports that go back to the county as an annotated workbook."""
UNANSWERED = (*OUTSTANDING, "held")
"""Those, and the one of reports that may go back with a question."""
NOTED = ("other_name", "voided_again")
"""Reasons for which a file that lies there was not taken."""

_HEADLINES = (
    "v.period = ANY(CAST(:periods AS text[])) AND (v.indicator_code, v.period, v.period_type) IN"
    " (SELECT * FROM unnest(CAST(:codes AS text[]), CAST(:periods AS text[]), CAST(:types AS text[])))"
)
_OWN_TYPE = "v.period = :period AND v.period_type = coalesce(CAST(:type AS text), v.period_type)"


@dataclass(frozen=True)
class State:
    """Which state of the figures is read; without anything the one that is shown now.

    | as_of | edition | is_restated | figures                                                     |
    | ----- | ------- | ----------- | ----------------------------------------------------------- |
    | set   |         |             | as they were shown at that moment                           |
    | set   | set     |             | as the edition published them; `as_of` is when it did       |
    |       |         | true        | on today's tree; a unit that went into another has no row   |

    Raises UsageError as_of_restated.
    """

    as_of: datetime | None = None
    edition: str | None = None
    is_restated: bool = False

    def __post_init__(self) -> None:
        if self.as_of and self.is_restated:
            raise UsageError(
                "both --as-of and --restated",
                expected="one of them",
                zh="--as-of与--restated只能用一个。",
                code="as_of_restated",
            )

    @property
    def figures(self) -> str:
        """The SQL that gives the figures."""
        if self.is_restated:
            return query("figures/restated").text
        if self.edition:
            return "SELECT * FROM mart.published_value WHERE edition = :edition"
        source = "mart.indicator_value_as_of(:as_of)" if self.as_of else "mart.indicator_value"
        return f"SELECT * FROM {source}"

    @property
    def dictionary(self) -> str:
        """The SQL that gives the indicators, as they were called and defined then."""
        return query("figures/dictionary_then").text if self.as_of else "SELECT * FROM mart.indicator"

    def bound(self, catalogue: Catalogue) -> dict[str, Any]:
        """The values of what the SQL above asks for."""
        found: dict[str, Any] = {"as_of": self.as_of, "edition": self.edition, "last_month": LAST_MONTH}
        if self.is_restated:
            restating = catalogue.restating(local_day(datetime.now(UTC), settings().timezone))
            found["elsewhere"] = sorted(restating.touched | restating.ended)
        return found


NOW = State()


def is_built(engine: Engine, month: str, as_of: datetime | None = None) -> bool:
    """Whether a build has covered a month, by now or by a moment."""
    statement = "SELECT EXISTS (SELECT FROM mart.build WHERE :month = ANY(months) AND built_at <= coalesce(:at, now()))"
    with engine.connect() as c:
        return bool(c.scalar(sa.text(statement), {"month": month, "at": as_of}))


def latest_month(engine: Engine, as_of: datetime | None = None) -> str | None:
    """The last month for which something was reported and built, now or at a moment."""
    figures = State(as_of).figures
    statement = f"SELECT max(period) FROM ({figures}) AS v WHERE period_type = 'month' AND reported_units > 0"
    with engine.connect() as c:
        found: str | None = c.scalar(sa.text(statement), {"as_of": as_of})
        return found


def values(
    engine: Engine,
    catalogue: Catalogue,
    choice: Choice = OVERVIEW,
    period: str | None = None,
    period_type: str | None = None,
    state: State = NOW,
) -> Rows:
    """Indicator values, in the catalogue's and the tree's order.

    Without a period: the last month with figures. Without a period type: for a month each indicator's headline (see
    sql/queries/figures/headlines.sql), else the period's own type. Raises UsageError: unknown_indicator, unknown_unit,
    unknown_type.
    """
    _require_known(engine, catalogue, choice, period_type, state)
    period = period or latest_month(engine, state.as_of)
    is_month = period is not None and Period.parse(period).type == "month"
    if is_month and not is_built(engine, str(period), state.as_of):
        return []  # and not what quarters before it have
    sources = {"figures": state.figures, "dictionary": state.dictionary}
    asked: dict[str, Any] = {
        "period": period,
        "since": str(Period.parse(period) - 11) if is_month and period else period,
        "type": period_type,
        "tops": catalogue.org.top_levels,
        "with_past_units": state.as_of is not None,
    }
    asked |= choice.bound | state.bound(catalogue)
    chosen = _OWN_TYPE
    if is_month and period_type is None:
        # asked first: within the other statement, of figures as of a moment, they would be planned for one row
        headlines = read(engine, query("figures/headlines", **sources), asked)
        chosen = _HEADLINES
        names = {"codes": "indicator_code", "periods": "period", "types": "period_type"}
        asked |= {name: [r[column] for r in headlines] for name, column in names.items()}
    return read(engine, query("figures/values", chosen=chosen, **sources), asked)


def _lacks_units(row: dict[str, Any]) -> bool:
    expected, is_counted = row["expected_units"], row["status"] in COUNTED
    if not is_counted or row["is_unchanged"] or not expected:
        return False
    return bool(row["rows_accepted"] < settings().expected_share * expected)


def _lacking_units(row: dict[str, Any]) -> dict[str, Any]:
    accepted, expected, back = row["rows_accepted"], row["expected_units"], row["rows_rejected"]
    missing = max(expected - accepted - back, 0)
    zh = f"计入{accepted:,}，应报{expected:,}" + (f"，退回{back:,}" if back else "")
    en = f"{accepted:,} of {expected:,} count" + (f", {back:,} were sent back" if back else "")
    if missing:
        zh, en = (
            f"{zh}，缺{missing:,}：请县（市、区）补报其余单位",
            f"{en}, {missing:,} lack: ask the county for them",
        )
    else:
        zh, en = (
            f"{zh}：请县（市、区）改正退回的记录后重报",
            f"{en}: ask the county to correct and send those again",
        )
    return row | {"reason_code": "few_units", "message_zh": zh, "message_en": en}


def _is_noted(row: dict[str, Any]) -> bool:
    """Whether a file lies there that was not taken, and the row is not one of those that say so already."""
    return row.get("last_attempt_reason") in NOTED and row["status"] not in ATTENTION


def _noted(row: dict[str, Any]) -> dict[str, Any]:
    said = row["last_attempt_message"]
    return row | {"reason_code": row["last_attempt_reason"], "message_zh": said, "message_en": said}


def _require_known(
    engine: Engine, catalogue: Catalogue, choice: Choice, period_type: str | None, state: State
) -> None:
    known = dict.fromkeys(catalogue.indicators)
    if state.as_of:  # one that has left the catalogue since had figures then
        past = read(engine, "SELECT DISTINCT indicator_code FROM dim.indicator_history ORDER BY 1")
        known |= dict.fromkeys(r["indicator_code"] for r in past)
    if strange := [i for i in choice.indicators if i not in known]:
        raise unknown("indicator", strange, known)
    if strange := [o for o in choice.orgs if o not in catalogue.org.units]:
        raise unknown(
            "org unit", strange, catalogue.org.units, ("应为org_units.csv中的编码", "a code of org_units.csv")
        )
    if period_type is not None and period_type not in PERIOD_TYPES:
        raise unknown("period type", [period_type], PERIOD_TYPES)


def moment(text: str, zone: str) -> datetime:
    """A past instant: ISO 8601, in `zone` where it names none; a day alone is its first instant.

    Raises UsageError no_time for anything else, and for what is still to come.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError as e:
        raise UsageError(
            f"no time: {text!r}",
            expected="2026-11-24, 2026-11-24T08:00 or 2026-11-24T08:00+08:00",
            zh=f"{text!r}不是时间，应如2026-11-24、2026-11-24T08:00或2026-11-24T08:00+08:00。",
            code="no_time",
        ) from e
    at = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))
    if at.year <= 1:  # its offset may lead out of the calendar
        raise UsageError(
            f"{text} is before all time",
            expected="a time that was",
            zh=f"{text}不在历法之内。",
            code="no_time",
        )
    if at > datetime.now(UTC):
        raise UsageError(
            f"{text} is still to come",
            expected="a time that was",
            zh=f"{text}尚未到来：应为已过去的时间。",
            code="no_time",
        )
    return at


def status(
    engine: Engine, period: str | None = None, counties: Sequence[str] = (), as_of: datetime | None = None
) -> Rows:
    """The reporting grid: every county (or these) and form in a period and those within it, or in all with a report.

    Only periods that have ended, unless one is asked for by itself; the last one is there in any case. `as_of`: as it
    stood at that moment.
    """
    parts = [str(p) for p in Period.parse(period).parts] if period else []
    statement = query("figures/status", grid=grid(as_of))
    rows = read(engine, statement, {"period": period, "periods": parts, "as_of": as_of})
    return [r for r in rows if not counties or r["county_code"] in counties]


@dataclass(frozen=True)
class Reporting:
    """How reporting stands at a moment: the grid, and `workbooks` (of `mart.feedback`) of deliveries that no county has
    answered yet.
    """

    at: datetime
    grid: Rows
    workbooks: Rows


def reporting(engine: Engine, at: datetime) -> Reporting:
    """The grid and the open workbooks, read once for all who ask: the grid is made anew at each reading."""
    rows = status(engine, as_of=at)
    open_ = [r["delivery_id"] for r in rows if r["status"] in UNANSWERED]
    workbooks = read(engine, query("figures/workbooks"), {"at": at, "deliveries": open_})
    return Reporting(at, rows, workbooks)


def grid(as_of: datetime | None) -> str:
    """The SQL that gives the reporting grid, now or (`:as_of`) at a moment."""
    return "mart.reporting_status_as_of(:as_of)" if as_of else "mart.reporting_status"


def require_reported(engine: Engine, period: str | None) -> None:
    """Raise UsageError not_collected where nothing can be said about a period: nothing of it is clear."""
    known = read(engine, "SELECT period, status FROM mart.reporting_status GROUP BY period, status")
    ended = sorted(Period.parse(r["period"]) for r in known if r["status"] != "not_due")
    if not known:
        raise not_collected(engine)
    asked = Period.parse(period) if period else None
    if asked and not {str(p) for p in asked.parts} & {r["period"] for r in known}:
        raise UsageError(
            f"nothing is, or is to be, reported for {asked}",
            expected=f"{ended[0]} to {ended[-1]}, or what lies around them"
            if ended
            else "a period that has ended",
            do="Without a period every one that has ended is looked at.",
            zh=f"{asked}没有应报或已报的报表；"
            + (f"可查{ended[0]}至{ended[-1]}。" if ended else "应为已结束的报告期。")
            + "不选报告期则查看所有已结束的。",
            code="not_collected",
        )


def not_collected(engine: Engine, at: datetime | None = None) -> UsageError:
    """The error that nothing was collected yet or, at a moment that was, by then; it says what to do instead."""
    first = read(engine, "SELECT min(ended_at) AS at FROM mart.collection WHERE form IS NULL")[0]["at"]
    if at is None or first is None:
        return UsageError(
            "nothing was collected yet",
            expected="a warehouse into which reports were collected",
            do="Run `qiangji collect`.",
            zh="尚未采集任何报表：请先运行qiangji collect。",
            code="not_collected",
        )
    zone = settings().timezone
    day, since = local_day(at - timedelta(microseconds=1), zone), local_day(first, zone)
    return UsageError(
        f"nothing had been collected by {day}",
        expected=f"{since}, when it first was, or later",
        zh=f"{day}尚未采集任何报表：首次采集在{since}，请看这一天或以后。",
        code="not_collected",
    )


def rejections(engine: Engine, rows: Rows) -> Rows:
    """Why rows of these submissions were rejected: one row for each rule, with how many rows and the first cell."""
    shown = {(r["county_code"], r["form"], r["period"]) for r in rows}
    lines = read(
        engine, "SELECT * FROM mart.rejected_row ORDER BY period, county_code, form, rows DESC, rule"
    )
    return [r for r in lines if (r["county_code"], r["form"], r["period"]) in shown]


def stale_corrections(engine: Engine, counties: Sequence[str] = ()) -> Rows:
    """Corrections (of these counties, or all) not applied, because the report no longer holds the wrong value."""
    rows = read(engine, "SELECT * FROM mart.correction WHERE state = 'stale' ORDER BY form, period, org_code")
    return [r for r in rows if not counties or r["county_code"] in counties]


def status_names(engine: Engine) -> dict[str, str]:
    """Status of a submission -> its name in Chinese, in the order in which they are told."""
    with engine.connect() as c:
        rows = c.execute(sa.text("SELECT status, name_zh FROM dim.submission_status"))
        found: dict[str, str] = {r.status: r.name_zh for r in rows}
    return {status: found[status] for status in _TOLD if status in found} | found


def held_files(engine: Engine) -> dict[tuple[str, str, str], list[tuple[str, str]]]:
    """(county, form, period) -> each delivery that is held and the county's name for its file, the latest first."""
    rows = read(
        engine, "SELECT * FROM mart.submission WHERE status = 'held' ORDER BY received_at DESC, file_name"
    )
    found: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for r in rows:
        one = (r["delivery_id"], r["file_name"])
        mine = found.setdefault((r["county_code"], r["form"], r["period"]), [])
        if one not in mine:
            mine.append(one)
    return found


def locks(engine: Engine, as_of: datetime | None = None) -> Rows:
    """Periods that are locked, now or at a moment."""
    return read(
        engine,
        "SELECT * FROM mart.period_lock WHERE locked_from <= coalesce(:at, now())"
        " AND (locked_to IS NULL OR locked_to > coalesce(:at, now())) ORDER BY locked_from, period",
        {"at": as_of},
    )


def is_late(catalogue: Catalogue, row: Row, today: date) -> bool:
    """Whether a report of the grid is past its due day and nothing came: also where the last attempt could not look."""
    if row["status"] != "failed":
        return bool(row["status"] == "late")
    form = catalogue.forms.get(row["form"])
    is_optional = form is not None and form.is_optional_in(str(Period.parse(row["period"]).last_month))
    return bool(today > row["due_date"]) and not is_optional


def needs_attention(rows: Rows) -> Rows:
    """Rows of the grid that somebody has to act on; what could not be collected comes first.

    A county that could not be reached at the last attempt is one row of its own, whatever it sent before. A report that
    counts and lacks many of the units that should report has the reason `few_units`. Files that were not taken, as they
    have another name than the one expected or were voided before, have the reason `other_name` or `voided_again`.
    """
    found = [r for r in rows if r["status"] in ATTENTION]
    found += [_lacking_units(r) for r in rows if _lacks_units(r)]
    found += [_noted(r) for r in rows if _is_noted(r)]
    named = {r["county_code"] for r in found if r["status"] == "failed"}
    lost = {r["county_code"]: r for r in rows if r["last_attempt_failed"] and r["county_code"] not in named}
    return [
        r
        | {"form": "", "period": "", "status": "failed", "status_zh": "采集失败", "delivery_id": None}
        | {"reason_code": r["last_attempt_reason"]}
        | dict.fromkeys(("message_zh", "message_en"), r["last_attempt_message"])
        for r in lost.values()
    ] + sorted(found, key=lambda r: r["status"] != "failed")
