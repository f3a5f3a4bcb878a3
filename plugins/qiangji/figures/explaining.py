"""What stands behind a figure, and what changed between two moments.

In: an engine that reads mart and dim. Out: plain rows. Everything is in the warehouse: mart.indicator_value_history,
mart.submission, mart.rejection, mart.indicator_finding, mart.report_change, mart.indicator_reason(...) and
mart.indicator_change(...); this puts it together for one figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from qiangji.catalogue.tree import LEVELS
from qiangji.errors import UsageError
from qiangji.periods import Period

Rows = list[dict[str, Any]]
CAUSES = {
    "late_arrival": ("逾期报送", "late arrival"),
    "arrival": ("新报送", "arrival"),
    "revision": ("重报", "revision"),
    "withdrawal": ("撤回", "withdrawal"),
    "definition": ("口径变化", "definition"),
    "boundary": ("区划变化", "boundary"),
    "correction": ("人工更正", "correction"),
    "suppression": ("隐去或恢复显示", "suppression"),
}
"""Why a figure changes, in both languages."""

_FIGURE = """
SELECT v.*, i.name_zh, i.name_en, i.unit, i.direction, i.headline, i.missing, i.forms, i.factor,
    i.numerator_zh, i.numerator_en, i.denominator_zh, i.denominator_en, i.definition_zh, i.definition_en,
    i.definition_hash, i.defined_from, m.first_month, m.last_month, o.name AS org_name, h.units_lacking,
    s.name_zh AS obs_status_zh, s.name_en AS obs_status_en
FROM mart.indicator_value AS v
JOIN dim.indicator_history AS i
    ON (i.indicator_code, i.version) = (v.indicator_code, v.definition_version) AND i.defined_to IS NULL
JOIN mart.indicator_definition AS m ON (m.indicator_code, m.version) = (i.indicator_code, i.version)
JOIN mart.indicator_value_history AS h
    ON (h.indicator_code, h.org_code, h.period, h.period_type)
        = (v.indicator_code, v.org_code, v.period, v.period_type)
    AND h.built_to IS NULL AND h.defined_to IS NULL
JOIN dim.org_unit AS o ON o.org_code = v.org_code
JOIN dim.obs_status AS s ON s.obs_status = v.obs_status
WHERE v.indicator_code = :indicator AND v.org_code = :org AND v.period = :period
    AND (CAST(:type AS text) IS NULL OR v.period_type = :type)
ORDER BY v.period_type = i.headline DESC, v.period_type <> 'ytd' DESC
LIMIT 1
"""
_CHILDREN = """
SELECT v.org_code, o.name AS org_name, v.org_level, v.numerator, v.denominator, v.value, v.expected_units,
    v.reported_units, v.obs_status
FROM mart.indicator_value AS v
JOIN dim.org_unit AS o USING (org_code)
WHERE o.parent_code = :org AND v.indicator_code = :indicator AND v.period = :period AND v.period_type = :type
ORDER BY o.sort_order
"""
_MISSING = """
SELECT v.org_code, o.path, v.org_level, v.expected_units, v.reported_units,
    v.expected_units - v.reported_units AS missing_units
FROM mart.indicator_value AS v
JOIN dim.org_unit AS o USING (org_code)
WHERE v.indicator_code = :indicator AND v.period = :period AND v.period_type = :type
    AND v.org_level = (
        SELECT x.org_level FROM mart.indicator_value AS x
        WHERE x.indicator_code = :indicator AND x.period = :period AND x.period_type = :type
        ORDER BY array_position(CAST(:levels AS text[]), x.org_level) DESC LIMIT 1
    )
    AND :org IN (o.org_code, o.city_code, o.county_code, o.town_code, o.village_code)
    AND v.reported_units < v.expected_units
ORDER BY o.sort_order
"""
# the form's own periods within the figure's, and the counties at, above or beneath the unit
_REPORTS = """
WITH asked AS (
    SELECT f.form, p.period, c.county_code
    FROM dim.form AS f
    JOIN dim.period AS whole ON whole.period = :period AND whole.period_type = :type
    JOIN dim.period AS p
        ON p.period_type = f.period_type
        AND p.period_start >= whole.period_start AND p.period_end <= whole.period_end
    JOIN dim.county_form AS c ON c.form = f.form
    JOIN dim.org_unit AS o ON o.org_code = :org
    WHERE f.form = ANY(:forms) AND (o.county_code IS NULL OR o.county_code = c.county_code)
)
"""
_SUBMISSIONS = (
    _REPORTS
    + """
SELECT s.* FROM mart.submission AS s JOIN asked USING (form, period, county_code)
ORDER BY s.form, s.period, s.county_code, s.received_at, s.checked_at
"""
)
_AWAITED = (
    _REPORTS
    + """
SELECT a.county_code, a.form, a.period, r.status, r.reason_code
FROM asked AS a
LEFT JOIN mart.reporting_status AS r USING (county_code, form, period)
WHERE NOT EXISTS (
    SELECT FROM mart.submission AS s
    WHERE (s.county_code, s.form, s.period) = (a.county_code, a.form, a.period) AND s.is_current
)
ORDER BY a.form, a.period, a.county_code
"""
)
_REJECTIONS = (
    _REPORTS
    + """
SELECT r.* FROM mart.rejection AS r JOIN asked USING (form, period, county_code)
ORDER BY r.form, r.period, r.county_code, r.rows DESC, r.rule
"""
)
_FINDINGS = (
    _REPORTS
    + """
SELECT DISTINCT f.*, u.sort_order FROM mart.finding AS f
JOIN asked USING (form, period, county_code)
JOIN mart.indicator_finding AS i ON i.finding_id = f.finding_id AND i.indicator_code = :indicator
JOIN dim.org_unit AS u ON u.org_code = f.org_code
WHERE :org IN (u.org_code, u.city_code, u.county_code, u.town_code, u.village_code)
ORDER BY f.form, f.period, u.sort_order, f.rule
"""
)
# cells of fields that it reads, in its period or (for a year-to-date field's difference) in the one just before
_CORRECTIONS = """
SELECT x.*
FROM mart.correction AS x
JOIN dim.form AS f USING (form)
JOIN dim.period AS p ON p.period = x.period AND p.period_type = f.period_type
JOIN dim.period AS whole ON whole.period = :period AND whole.period_type = :type
JOIN dim.field AS d ON d.form = x.form AND d.field = x.field
JOIN dim.org_unit AS u ON u.org_code = x.org_code
WHERE x.form = ANY(:forms) AND x.state <> 'waiting'
    AND :org IN (u.org_code, u.city_code, u.county_code, u.town_code, u.village_code)
    AND (
        x.action = 'leave_out'
        OR EXISTS (
            SELECT FROM dim.indicator_field AS i
            WHERE (i.indicator_code, i.form, i.field) = (:indicator, x.form, x.field)
        )
    )
    AND (
        (p.period_start >= whole.period_start AND p.period_end <= whole.period_end)
        OR (d.kind = 'ytd' AND p.period_end = whole.period_start - 1 AND p.year = whole.year)
    )
ORDER BY x.form, x.period, u.sort_order, x.field
"""
_HISTORY = """
SELECT h.numerator, h.denominator, h.value, h.target, h.expected_units, h.reported_units, h.obs_status,
    greatest(h.built_from, h.defined_from) AS shown_from, least(h.built_to, h.defined_to) AS shown_to
FROM mart.indicator_value_history AS h
WHERE h.indicator_code = :indicator AND h.org_code = :org AND h.period = :period AND h.period_type = :type
ORDER BY shown_from
"""


def explain(
    engine: Engine, indicator: str, org: str, period: str, period_type: str | None = None
) -> dict[str, Any]:
    """Everything behind one figure: `figure`, `children`, `missing_units`, `submissions`, `awaited`, `rejections`,
    `findings`, `corrections` and `history`.

    Without a period type a month's figure is that of the indicator's headline, if there is one, else the month's own.
    `rejections` are the counties' own: which unit a rejected row is of cannot always be told. Raises UsageError for
    what is not there.
    """
    wanted = str(Period.parse(period))
    with engine.connect() as c:
        _require(c, "dim.indicator", "indicator_code", indicator, "indicator")
        _require(c, "dim.org_unit", "org_code", org, "org unit")
        asked: dict[str, Any] = {"indicator": indicator, "org": org, "period": wanted, "type": period_type}
        found = _rows(c, _FIGURE, asked)
        if not found:
            raise UsageError(
                f"no figure of {indicator} at {org} for {wanted}"
                + (f" ({period_type})" if period_type else ""),
                expected="a figure as `qiangji values --org` prints it",
                code="no_figure",
            )
        figure = found[0]
        asked |= {"type": figure["period_type"], "forms": figure["forms"], "levels": list(LEVELS)}
        return {
            "figure": figure,
            "children": _rows(c, _CHILDREN, asked),
            "missing_units": _rows(c, _MISSING, asked),
            "submissions": _rows(c, _SUBMISSIONS, asked),
            "awaited": _rows(c, _AWAITED, asked),
            "rejections": _rows(c, _REJECTIONS, asked),
            "findings": [
                {k: v for k, v in r.items() if k != "sort_order"} for r in _rows(c, _FINDINGS, asked)
            ],
            "corrections": _rows(c, _CORRECTIONS, asked),
            "history": _history(c, asked),
        }


def changes(
    engine: Engine,
    since: datetime,
    until: datetime,
    indicators: Sequence[str] = (),
    level: str | None = None,
    orgs: Sequence[str] = (),
) -> Rows:
    """Figures that differ between two moments, with what led to it (`causes`, words of `CAUSES`).

    Without a level or units: the city and its counties. A figure that was not shown at `since` has
    `is_first_shown`. Raises UsageError for what is not there.
    """
    if since >= until:
        raise UsageError(
            f"{since.isoformat()} is not before {until.isoformat()}",
            expected="--from earlier than --to",
            code="wrong_order",
        )
    if level is not None and level not in LEVELS[:-1]:
        raise UsageError(f"no level {level!r}", expected=", ".join(LEVELS[:-1]), code="unknown_level")
    with engine.connect() as c:
        for code in indicators:
            _require(c, "dim.indicator_history", "indicator_code", code, "indicator")
        for code in orgs:
            _require(c, "dim.org_unit", "org_code", code, "org unit")
        return _rows(
            c,
            "SELECT d.*, n.name_zh, n.name_en, n.unit, coalesce(o.name, d.org_code) AS org_name"
            " FROM mart.indicator_change(:since, :until) AS d"
            " LEFT JOIN LATERAL (SELECT h.name_zh, h.name_en, h.unit FROM dim.indicator_history h"
            " WHERE h.indicator_code = d.indicator_code AND h.defined_from <= :until"
            " ORDER BY h.defined_from DESC, h.version DESC LIMIT 1) AS n ON true"
            " LEFT JOIN dim.org_unit AS o ON o.org_code = d.org_code"
            " LEFT JOIN dim.indicator AS i ON i.indicator_code = d.indicator_code"
            " WHERE (cardinality(CAST(:indicators AS text[])) = 0 OR d.indicator_code = ANY(:indicators))"
            " AND (cardinality(CAST(:orgs AS text[])) = 0 OR d.org_code = ANY(:orgs))"
            " AND d.org_level = ANY(:levels)"
            " ORDER BY d.period, d.period_type, i.sort_order NULLS LAST, d.indicator_code, o.sort_order",
            {
                "since": since,
                "until": until,
                "indicators": list(indicators),
                "orgs": list(orgs),
                "levels": [level] if level else list(LEVELS) if orgs else ["city", "county"],
            },
        )


def _history(c: Connection, asked: dict[str, Any]) -> Rows:
    """What was shown from when until when, and what led from one to the next; what looks the same is one row."""
    shown: Rows = []
    for row in _rows(c, _HISTORY, asked):
        last = shown[-1] if shown else None
        same = [k for k in row if k not in ("shown_from", "shown_to")]
        if last and last["shown_to"] == row["shown_from"] and all(last[k] == row[k] for k in same):
            last["shown_to"] = row["shown_to"]
        else:
            shown.append(row)
    for before, row in zip([None, *shown], shown, strict=False):
        row["reasons"] = _rows(
            c,
            "SELECT * FROM mart.indicator_reason(:indicator, :org, :period, :type, :since, :until)"
            " ORDER BY built_at, form, period, county_code",
            # what it was first made of came before it, whenever that was
            asked
            | {
                "since": before["shown_from"] if before else datetime.fromtimestamp(0, UTC),
                "until": row["shown_from"],
            },
        )
    return shown


def _require(c: Connection, table: str, column: str, code: str, what: str) -> None:
    if not c.scalar(sa.text(f"SELECT EXISTS (SELECT FROM {table} WHERE {column} = :code)"), {"code": code}):
        name = what.split()[-1]
        raise UsageError(f"no {what} {code}", expected=f"a code of {table}", code=f"unknown_{name}")


def _rows(c: Connection, statement: str, values: dict[str, Any]) -> Rows:
    wanted = {k: v for k, v in values.items() if f":{k}" in statement}
    return [dict(r._mapping) for r in c.execute(sa.text(statement), wanted)]
