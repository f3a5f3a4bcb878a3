"""The causes of all changed figures at once, held against those that each figure has by itself."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

_DIFFERENT = """
    SELECT f.*, own.causes AS of_itself
    FROM mart.indicator_change(:since, :until) AS f
    CROSS JOIN LATERAL (
        SELECT ARRAY(
            SELECT r.cause
            FROM mart.indicator_reason(f.indicator_code, f.org_code, f.period, f.period_type, :since, :until) AS r
            WHERE
                r.cause <> 'boundary' OR (
                    f.numerator_before, f.denominator_before, f.expected_units_before, f.reported_units_before
                ) IS DISTINCT FROM (f.numerator, f.denominator, f.expected_units, f.reported_units)
            UNION
            SELECT 'suppression' WHERE (f.obs_status_before = 'Q') <> (f.obs_status = 'Q')
            ORDER BY cause
        ) AS causes
    ) AS own
    WHERE f.org_level = ANY(:levels) AND f.causes <> own.causes
"""
LEVELS = ("city", "county", "town", "village")


def assert_each_has_its_own(
    c: Connection, since: datetime, until: datetime, levels: tuple[str, ...] = LEVELS
) -> None:
    """`mart.indicator_change` says of each figure what `mart.indicator_reason` says of it alone."""
    asked = {"since": since, "until": until, "levels": list(levels)}
    assert [dict(r._mapping) for r in c.execute(sa.text(_DIFFERENT), asked)] == []
