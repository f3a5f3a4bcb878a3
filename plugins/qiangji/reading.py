"""What people ask of the warehouse on the command line: figures, the reporting grid, what went wrong and why.

In: an engine that reads mart. Out: plain rows; how they look is `printing`'s business.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from qiangji.catalogue import Catalogue
from qiangji.errors import UsageError
from qiangji.org import LEVELS
from qiangji.periods import Period, local_day
from qiangji.settings import settings

Rows = list[dict[str, Any]]
PERIOD_TYPES = ("month", "quarter", "year", "ytd")

_FIGURES = (
    "indicator_code, org_code, org_level, period, period_type, numerator, denominator, value, target, expected_units,"
    " reported_units, reporting_rate, obs_status, is_corrected, has_warning, is_closed, built_at"
)
_ASKED = "v.period = :period AND v.period_type = coalesce(CAST(:type AS text), v.period_type)"
_HEADLINES = """(v.indicator_code, v.period, v.period_type) IN (
    SELECT DISTINCT ON (x.indicator_code) x.indicator_code, x.period, x.period_type
    FROM mart.indicator_value AS x
    JOIN mart.indicator AS h ON h.indicator_code = x.indicator_code AND h.headline = x.period_type
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


def latest_month(engine: Engine) -> str | None:
    """The last month that has figures."""
    with engine.connect() as c:
        found: str | None = c.scalar(
            sa.text(
                "SELECT max(period) FROM mart.indicator_value WHERE period_type = 'month' AND obs_status <> 'O'"
            )
        )
        return found


def values(
    engine: Engine,
    catalogue: Catalogue,
    indicators: Sequence[str] = (),
    level: str | None = None,
    orgs: Sequence[str] = (),
    period: str | None = None,
    period_type: str | None = None,
    restated: bool = False,
) -> Rows:
    """Indicator values, in the catalogue's and the tree's order.

    Without a level or units: the city and its counties. Without a period: the last month with figures. Without a
    period type: for a month each indicator's headline (see `_HEADLINES`), else the period's own type. `restated`:
    on today's tree, with the units that lineage does not touch as they are; a unit that went into another has no row.
    """
    if unknown := [i for i in indicators if i not in catalogue.indicators]:
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
    period = period or latest_month(engine)
    is_month = period is not None and Period.parse(period).type == "month"
    with engine.connect() as c:
        found = c.execute(
            sa.text(
                "SELECT i.indicator_code, i.name_zh, i.name_en, i.unit, i.direction, v.org_code, o.name AS org_name,"
                " v.org_level, v.period, v.period_type, v.numerator, v.denominator, v.value, v.target,"
                " v.expected_units, v.reported_units, v.reporting_rate, v.obs_status, s.name_zh AS obs_status_zh,"
                " s.name_en AS obs_status_en, v.is_corrected, v.has_warning, v.is_closed, v.built_at"
                f" FROM {_RESTATED if restated else 'mart.indicator_value'} v"
                " JOIN mart.indicator i USING (indicator_code)"
                " JOIN dim.org_unit o USING (org_code) JOIN dim.obs_status s USING (obs_status)"
                f" WHERE {_HEADLINES if is_month and period_type is None else _ASKED}"
                " AND (cardinality(:indicators) = 0 OR v.indicator_code = ANY(:indicators))"
                " AND (cardinality(:orgs) = 0 OR v.org_code = ANY(:orgs)) AND v.org_level = ANY(:levels)"
                " ORDER BY i.sort_order, o.sort_order, v.period_type"
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
            },
        )
        return [dict(r._mapping) for r in found]


def _lineage(catalogue: Catalogue, restated: bool) -> dict[str, list[str]]:
    """What `_RESTATED` leaves out of the figures as was."""
    if not restated:
        return {}
    restating = catalogue.restating(local_day(datetime.now(UTC), settings().timezone))
    return {"elsewhere": sorted(restating.touched | restating.ended)}


def status(engine: Engine, period: str | None = None) -> Rows:
    """The reporting grid: every county, form and period that has ended (or one period)."""
    with engine.connect() as c:
        found = c.execute(
            sa.text(
                "SELECT s.* FROM mart.reporting_status s JOIN dim.org_unit o ON o.org_code = s.county_code"
                " WHERE (CAST(:period AS text) IS NULL AND s.status <> 'not_due') OR s.period = :period"
                " ORDER BY s.period, o.sort_order, s.form"
            ),
            {"period": period},
        )
        return [dict(r._mapping) for r in found]


def needs_attention(rows: Rows) -> Rows:
    """What somebody has to do something about."""
    return [r for r in rows if r["status"] in ("failed", "returned", "withheld", "held", "late")]
