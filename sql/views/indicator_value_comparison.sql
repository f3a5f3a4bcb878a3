-- A figure beside those it is compared with: the period before, the same period a year before, its siblings. All of it
-- is made of mart.indicator_value, so that what is hidden there is hidden here.
CREATE VIEW mart.indicator_comparison AS
WITH earlier AS (
    -- dim.period is without gaps. A year to date begins anew in January: before its first there is none. One of
    -- quarterly forms has figures at the quarters' ends only: the one before is three months before.
    SELECT
        period,
        period_type,
        lag(period) OVER (
            PARTITION BY period_type, CASE WHEN period_type = 'ytd' THEN year END
            ORDER BY period_end
        ) AS previous_period,
        lag(period, 3) OVER (
            PARTITION BY period_type, CASE WHEN period_type = 'ytd' THEN year END
            ORDER BY period_end
        ) AS third_period_before,
        lag(period, CASE period_type WHEN 'quarter' THEN 4 WHEN 'year' THEN 1 ELSE 12 END) OVER (
            PARTITION BY period_type
            ORDER BY period_end
        ) AS year_ago_period
    FROM dim.period
),
parent AS (
    SELECT DISTINCT coalesce(parent_code, '') AS parent_code FROM dim.org_unit
)
SELECT
    v.indicator_code,
    o.org_code,
    v.org_level,
    v.period,
    v.period_type,
    v.period_start,
    v.period_end,
    v.value,
    v.reporting_rate,
    v.obs_status,
    b.previous_period,
    p.value AS previous_value,
    v.value - p.value AS change,
    -- a share changes by percentage points, which `change` says; and nothing grows by per cent of 0 or less
    CASE WHEN v.unit <> 'percent' AND p.value > 0 THEN mart.ratio(100, v.value - p.value, p.value) END
        AS change_percent,
    e.year_ago_period,
    y.value AS year_ago_value,
    v.value - y.value AS year_change,
    CASE WHEN v.unit <> 'percent' AND y.value > 0 THEN mart.ratio(100, v.value - y.value, y.value) END
        AS year_change_percent,
    CASE WHEN v.is_ranked THEN v.place END AS rank,
    CASE WHEN v.direction <> 'none' AND o.parent_code IS NOT NULL THEN v.places END AS ranked_units
-- parent by parent, so that one unit costs its siblings and not the tree
FROM parent
CROSS JOIN LATERAL (
    SELECT
        s.*,
        rank() OVER (
            PARTITION BY s.indicator_code, s.period, s.period_type, s.is_ranked
            ORDER BY CASE s.direction WHEN 'down' THEN -s.value ELSE s.value END DESC
        ) AS place,
        count(*) FILTER (WHERE s.is_ranked) OVER (
            PARTITION BY s.indicator_code, s.period, s.period_type
        ) AS places
    FROM (
        SELECT
            w.*,
            i.unit,
            i.direction,
            i.shortest_period,
            coalesce(
                i.direction <> 'none' AND w.value IS NOT NULL AND w.reporting_rate >= 90
                AND u.parent_code IS NOT NULL,
                false
            ) AS is_ranked
        FROM dim.org_unit AS u
        JOIN mart.indicator_value AS w ON w.org_code = u.org_code
        JOIN dim.indicator AS i ON i.indicator_code = w.indicator_code
        WHERE coalesce(u.parent_code, '') = parent.parent_code
    ) AS s
) AS v
JOIN dim.org_unit AS o ON o.org_code = v.org_code AND coalesce(o.parent_code, '') = parent.parent_code
JOIN earlier AS e ON e.period = v.period AND e.period_type = v.period_type
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN v.period_type <> 'ytd' OR v.shortest_period = 'month' THEN e.previous_period
        WHEN v.shortest_period = 'quarter' THEN e.third_period_before
    END AS previous_period
) AS b
LEFT JOIN mart.indicator_value AS p
    ON p.indicator_code = v.indicator_code AND p.org_code = o.org_code
    AND p.period = b.previous_period AND p.period_type = v.period_type
LEFT JOIN mart.indicator_value AS y
    ON y.indicator_code = v.indicator_code AND y.org_code = o.org_code
    AND y.period = e.year_ago_period AND y.period_type = v.period_type;
