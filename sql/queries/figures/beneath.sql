-- The units at and beneath a unit in a figure's period, and how deep: where each last lay by the period's end. A unit
-- that gets another code in the period lies at the unit that has the last one.
WITH RECURSIVE whole AS (
    SELECT x.period_start, x.period_end FROM dim.period AS x WHERE x.period = :period AND x.period_type = :type
),
renamed AS (
    SELECT l.from_code, l.to_code
    FROM dim.org_lineage AS l
    JOIN whole AS w ON l.on_date > w.period_start AND l.on_date <= w.period_end
    WHERE l.kind IN ('renamed', 'moved_to')
),
lines AS (
    SELECT DISTINCT ON (v.org_code) v.org_code, v.parent_code
    FROM dim.org_unit_version AS v
    CROSS JOIN whole AS w
    WHERE v.version = 1 OR v.valid_from <= w.period_end
    ORDER BY v.org_code, v.version DESC
),
steps AS (
    SELECT n.org_code, n.parent_code AS above, 1 AS step
    FROM lines AS n
    WHERE n.org_code NOT IN (SELECT r.from_code FROM renamed AS r)
    UNION ALL
    SELECT r.from_code, r.to_code, 0 FROM renamed AS r
),
beneath AS (
    SELECT CAST(:org AS text) AS org_code, 0 AS depth
    UNION ALL
    SELECT s.org_code, b.depth + s.step FROM beneath AS b JOIN steps AS s ON s.above = b.org_code
)
SELECT b.org_code, b.depth FROM beneath AS b
