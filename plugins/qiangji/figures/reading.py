"""What people ask of the warehouse on the command line: figures, the reporting grid, what went wrong and why.

In: an engine that reads mart. Out: plain rows; how they look is `printing`'s business.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from qiangji.catalogue import Catalogue
from qiangji.catalogue.tree import LEVELS
from qiangji.errors import UsageError
from qiangji.periods import Period, local_day
from qiangji.settings import settings
from qiangji.warehouse.history import LAST_MONTH

Rows = list[dict[str, Any]]
PERIOD_TYPES = ("month", "quarter", "year", "ytd")

_FIGURES = (
    "indicator_code, org_code, org_level, period, period_type, numerator, denominator, value, target, expected_units,"
    " reported_units, reporting_rate, obs_status, is_corrected, has_warning, is_closed,"
    " definition_version, built_at"
)
_ASKED = "v.period = :period AND v.period_type = coalesce(CAST(:type AS text), v.period_type)"
_THEN = f"""(
    SELECT h.*, n.sort_order FROM dim.indicator_history AS h LEFT JOIN dim.indicator AS n USING (indicator_code)
    WHERE h.defined_from <= :as_of AND (h.defined_to IS NULL OR h.defined_to > :as_of)
        AND h.last_month = '{LAST_MONTH}')"""
"""The dictionary as it was at a moment; what has left it since comes last."""
_HEADLINES = """(v.indicator_code, v.period, v.period_type) IN (
    SELECT DISTINCT ON (x.indicator_code) x.indicator_code, x.period, x.period_type
    FROM {values} AS x
    JOIN {dictionary} AS h ON h.indicator_code = x.indicator_code AND h.headline = x.period_type
    JOIN dim.period AS p ON p.period = x.period AND p.period_type = x.period_type
    WHERE x.org_level = 'city' AND CAST(:type AS text) IS NULL
        AND (p.last_month = :period OR (p.last_month BETWEEN :since AND :period
            AND (h.headline = 'quarter' OR h.shortest_period <> 'month')))
    ORDER BY x.indicator_code, p.last_month DESC)"""
"""What is shown of a month: of an indicator whose headline is the month or, made of monthly forms, the year to date,
that of this very month; of one whose headline is the quarter, the quarter that the month completes or else the last
one complete within a year (a quarter has figures once it is due); of a year to date that only quarters have, likewise.
"""

_RESTATED = f"""(
    SELECT {_FIGURES} FROM mart.indicator_value_restated
    UNION ALL
    SELECT {_FIGURES} FROM mart.indicator_value WHERE org_code <> ALL(CAST(:elsewhere AS text[])))"""
"""Figures of every unit on today's tree."""


def latest_month(engine: Engine, as_of: datetime | None = None) -> str | None:
    """The last month that has figures, or had at a moment."""
    with engine.connect() as c:
        found: str | None = c.scalar(
            sa.text(
                f"SELECT max(period) FROM {_shown(as_of)} AS v WHERE period_type = 'month' AND obs_status <> 'O'"
            ),
            {"as_of": as_of} if as_of else {},
        )
        return found


def _shown(as_of: datetime | None, edition: str | None = None) -> str:
    if edition:
        return "(SELECT * FROM mart.published_value WHERE edition = :edition)"
    return "mart.indicator_value_as_of(:as_of)" if as_of else "mart.indicator_value"


def values(
    engine: Engine,
    catalogue: Catalogue,
    indicators: Sequence[str] = (),
    level: str | None = None,
    orgs: Sequence[str] = (),
    period: str | None = None,
    period_type: str | None = None,
    as_of: datetime | None = None,
    restated: bool = False,
    edition: str | None = None,
) -> Rows:
    """Indicator values, in the catalogue's and the tree's order; with `as_of` as they were shown at that moment.

    With `edition` as it was published (`as_of` is then the moment of that, for what indicators were called and meant).

    Without a level or units: the city and its counties. Without a period: the last month with figures. Without a
    period type: for a month each indicator's headline (see `_HEADLINES`), else the period's own type. `restated`:
    on today's tree, with the units that lineage does not touch as they are; a unit that went into another has no row.
    """
    known = set(catalogue.indicators) | (_ever_defined(engine) if as_of else set())
    if unknown := [i for i in indicators if i not in known]:
        raise UsageError(
            f"no indicator {', '.join(unknown)}",
            expected=", ".join(catalogue.indicators),
            code="unknown_indicator",
        )
    if unknown := [o for o in orgs if o not in catalogue.org.units]:
        raise UsageError(
            f"no org unit {', '.join(unknown)}", expected="a code of org_units.csv", code="unknown_unit"
        )
    if level is not None and level not in LEVELS[:-1]:
        raise UsageError(f"no level {level!r}", expected=", ".join(LEVELS[:-1]), code="unknown_level")
    if period_type is not None and period_type not in PERIOD_TYPES:
        raise UsageError(
            f"no period type {period_type!r}", expected=", ".join(PERIOD_TYPES), code="unknown_type"
        )
    period = period or latest_month(engine, as_of)
    is_month = period is not None and Period.parse(period).type == "month"
    if as_of and restated:
        raise UsageError("both --as-of and --restated", expected="one of them", code="as_of_restated")
    values = _RESTATED if restated else _shown(as_of, edition)
    sources = {"values": values, "dictionary": _THEN if as_of else "mart.indicator"}
    with engine.connect() as c:
        found = c.execute(
            sa.text(
                "SELECT i.indicator_code, i.name_zh, i.name_en, i.unit, i.direction, v.org_code,"
                " coalesce(o.name, v.org_code) AS org_name,"
                " v.org_level, v.period, v.period_type, v.numerator, v.denominator, v.value, v.target,"
                " v.expected_units, v.reported_units, v.reporting_rate, v.obs_status, s.name_zh AS obs_status_zh,"
                " s.name_en AS obs_status_en, v.is_corrected, v.has_warning, v.is_closed,"
                " v.definition_version, v.built_at"
                " FROM {values} AS v JOIN {dictionary} AS i USING (indicator_code)".format(**sources)
                # a unit that has left the tree since had figures then
                + (" LEFT" if as_of else "")
                + " JOIN dim.org_unit o USING (org_code) JOIN dim.obs_status s USING (obs_status)"
                " WHERE "
                + (_HEADLINES.format(**sources) if is_month and period_type is None else _ASKED)
                + " AND (cardinality(:indicators) = 0 OR v.indicator_code = ANY(:indicators))"
                " AND (cardinality(:orgs) = 0 OR v.org_code = ANY(:orgs)) AND v.org_level = ANY(:levels)"
                " ORDER BY i.sort_order NULLS LAST, i.indicator_code, o.sort_order, v.period_type"
            ).bindparams(
                sa.bindparam("indicators", type_=sa.ARRAY(sa.Text)),
                sa.bindparam("orgs", type_=sa.ARRAY(sa.Text)),
            ),
            {
                "period": period,
                "since": str(Period.parse(period) - 11) if is_month and period else period,
                "type": period_type,
                "indicators": list(indicators),
                "orgs": list(orgs),
                **_lineage(catalogue, restated),
                "levels": [level] if level else list(LEVELS) if orgs else ["city", "county"],
            }
            | ({"as_of": as_of} if as_of else {})
            | ({"edition": edition} if edition else {}),
        )
        return [dict(r._mapping) for r in found]


def why_none(
    engine: Engine,
    catalogue: Catalogue,
    orgs: Sequence[str] = (),
    period: str | None = None,
    period_type: str | None = None,
    as_of: datetime | None = None,
) -> str:
    """Why `values` has no row for that choice, and what to do: the first reason that holds."""
    with engine.connect() as c:
        built = c.execute(
            sa.text("SELECT DISTINCT period, period_type FROM mart.indicator_value ORDER BY 1, 2")
        ).all()
    if as_of and not latest_month(engine, as_of):
        return f"Nothing was built by {as_of:%Y-%m-%d %H:%M}."
    if not built:
        return "Nothing is built yet: `qiangji collect`, then `qiangji build`."
    asked = Period.parse(period) if period else Period.parse(latest_month(engine) or built[-1].period)
    if asked.start > local_day(datetime.now(UTC), settings().timezone):
        return f"{asked} is still to come."
    types = [b.period_type for b in built if b.period == str(asked)]
    if not types:
        return f"{asked} is not built: `qiangji build --period {asked.last_month}`, once its reports are collected."
    if period_type and period_type not in types:
        return f"{asked} has no figures of type {period_type}: it has {', '.join(types)}."
    for code in orgs:
        if catalogue.org.version(code, asked.months) is None:
            return f"{code} {catalogue.name_of(code)} was no unit in {asked}."
    return (
        "No figure of that choice: the indicators are not made at that level (mart.indicator says at which)."
    )


def _ever_defined(engine: Engine) -> set[str]:
    with engine.connect() as c:
        return set(c.scalars(sa.text("SELECT indicator_code FROM dim.indicator_history")))


def moment(text: str, zone: str) -> datetime:
    """An instant that was: ISO 8601, in `zone` where it names none; a day alone is its first instant.

    Raises UsageError for anything else, and for what is still to come.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError as e:
        raise UsageError(
            f"no time: {text!r}",
            expected="2026-11-24, 2026-11-24T08:00 or 2026-11-24T08:00+08:00",
            code="no_time",
        ) from e
    at = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))
    if at > datetime.now(UTC):
        raise UsageError(f"{text} is still to come", expected="a time that was", code="no_time")
    return at


def _lineage(catalogue: Catalogue, restated: bool) -> dict[str, list[str]]:
    """What `_RESTATED` leaves out of the figures as was."""
    if not restated:
        return {}
    restating = catalogue.restating(local_day(datetime.now(UTC), settings().timezone))
    return {"elsewhere": sorted(restating.touched | restating.ended)}


def status(engine: Engine, period: str | None = None) -> Rows:
    """The reporting grid: every county and form in one period, or in all that have ended and of which anything came.

    The last that has ended is there in any case.
    """
    with engine.connect() as c:
        found = c.execute(
            sa.text(
                "SELECT s.* FROM mart.reporting_status s JOIN dim.org_unit o ON o.org_code = s.county_code"
                " WHERE s.period = :period OR (CAST(:period AS text) IS NULL AND s.status <> 'not_due'"
                "  AND (s.form, s.period) IN ("
                "   SELECT form, period FROM mart.reporting_status WHERE received_at IS NOT NULL"
                "   UNION SELECT form, max(period) FROM mart.reporting_status WHERE status <> 'not_due' GROUP BY form))"
                " ORDER BY s.period, o.sort_order, s.form"
            ),
            {"period": period},
        )
        return [dict(r._mapping) for r in found]


def rejections(engine: Engine, rows: Rows) -> Rows:
    """Why rows of these submissions were rejected: a line a rule, with how many rows and the first cell."""
    shown = {(r["county_code"], r["form"], r["period"]) for r in rows}
    with engine.connect() as c:
        found = c.execute(
            sa.text("SELECT * FROM mart.rejected_row ORDER BY period, county_code, form, rows DESC, rule")
        )
        lines = [dict(r._mapping) for r in found]
    return [r for r in lines if (r["county_code"], r["form"], r["period"]) in shown]


def stale_corrections(engine: Engine) -> Rows:
    """Corrections that are not applied, as the report no longer holds the wrong value."""
    with engine.connect() as c:
        found = c.execute(
            sa.text("SELECT * FROM mart.correction WHERE state = 'stale' ORDER BY form, period, org_code")
        )
        return [dict(r._mapping) for r in found]


def locks(engine: Engine) -> Rows:
    """Periods that are locked."""
    with engine.connect() as c:
        found = c.execute(
            sa.text("SELECT * FROM mart.period_lock WHERE locked_to IS NULL ORDER BY locked_from, period")
        )
        return [dict(r._mapping) for r in found]


def needs_attention(rows: Rows) -> Rows:
    """What somebody has to do something about, what could not be collected first; a county that was not reached last
    time is one line, whatever it sent before.
    """
    found = [r for r in rows if r["status"] in ("failed", "returned", "withheld", "held", "late")]
    named = {r["county_code"] for r in found if r["status"] == "failed"}
    lost = {r["county_code"]: r for r in rows if r["last_attempt_failed"] and r["county_code"] not in named}
    return [
        r
        | {"form": "", "period": "", "status": "failed", "status_zh": "采集失败", "delivery_id": None}
        | {"reason_code": r["last_attempt_reason"]}
        | dict.fromkeys(("message_zh", "message_en"), r["last_attempt_message"])
        for r in lost.values()
    ] + sorted(found, key=lambda r: r["status"] != "failed")
