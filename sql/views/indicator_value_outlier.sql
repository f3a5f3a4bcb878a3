-- The median of a list, NULLs left out; of an even number, half way between the two in the middle.
CREATE OR REPLACE FUNCTION mart.median(list numeric[]) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT avg(s.x)
    FROM (
        SELECT u.x, row_number() OVER (ORDER BY u.x) AS n, count(*) OVER () AS points
        FROM unnest(list) AS u (x)
        WHERE u.x IS NOT NULL
    ) AS s
    WHERE s.n IN ((s.points + 1) / 2, (s.points + 2) / 2);
END;
COMMENT ON FUNCTION mart.median IS '一组数的中位数 / the median of a list';

-- The median distance of a list's values from its median.
CREATE OR REPLACE FUNCTION mart.median_deviation(list numeric[]) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT mart.median(array_agg(abs(u.x - mart.median(list)))) FROM unnest(list) AS u (x);
END;
COMMENT ON FUNCTION mart.median_deviation IS
    '一组数与其中位数之差的中位数 / the median distance of a list''s values from its median';

-- A figure beside the same unit's last twelve values of the same kind: months beside months, quarters beside quarters,
-- and so on. A year to date grows by itself, and years are few: they are not here.
--   score       the modified z-score, 0.6745 x (value - median) / median deviation; none of fewer than six values, or
--               where these do not vary (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993)
--   is_outlier  the score is beyond 3.5 on either side, as they recommend
CREATE VIEW mart.indicator_outlier AS
SELECT
    s.indicator_code,
    s.org_code,
    s.org_level,
    s.period,
    s.period_type,
    s.period_start,
    s.period_end,
    s.value,
    s.obs_status,
    CASE WHEN s.value IS NOT NULL THEN cardinality(s.earlier) END AS points,
    m.median,
    d.deviation,
    z.score,
    abs(z.score) > 3.5 AS is_outlier
FROM (
    SELECT
        v.*,
        coalesce(array_agg(v.value) FILTER (WHERE v.value IS NOT NULL) OVER last_twelve, '{}') AS earlier
    FROM (
        SELECT w.*, p.month_number / CASE w.period_type WHEN 'half' THEN 6 WHEN 'quarter' THEN 3 ELSE 1 END AS number
        FROM mart.indicator_value AS w
        JOIN dim.period AS p ON p.period = w.period AND p.period_type = w.period_type
        WHERE w.period_type IN ('month', 'quarter', 'half')
    ) AS v
    WINDOW last_twelve AS (
        -- a unit has one level: named, a filter by it reaches the tables
        PARTITION BY v.indicator_code, v.org_level, v.org_code, v.period_type, v.definition_version ORDER BY v.number
        RANGE BETWEEN 12 PRECEDING AND 1 PRECEDING
    )
) AS s
CROSS JOIN LATERAL (
    SELECT CASE WHEN s.value IS NOT NULL AND cardinality(s.earlier) >= 6 THEN mart.median(s.earlier) END AS median
) AS m
CROSS JOIN LATERAL (SELECT CASE WHEN m.median IS NOT NULL THEN mart.median_deviation(s.earlier) END AS deviation) AS d
CROSS JOIN LATERAL (SELECT round(0.6745 * (s.value - m.median) / nullif(d.deviation, 0), 4) AS score) AS z;
