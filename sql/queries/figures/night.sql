-- The counties of the night before a moment, as its run left each, and the last attempt of each county within a day.
-- The night is the last run of that day that asked for the latest month and most counties. A run that was started for a
-- county or two by hand does not take its place: it asked fewer than half of the counties that the largest run asked.
WITH runs AS (
    SELECT
        run_id,
        max(last_month) AS last_month,
        count(*) AS counties,
        max(ended_at) AS ended_at
    FROM mart.collection
    WHERE form IS NULL AND ended_at <= :at
    GROUP BY run_id
),

lately AS (
    SELECT *
    FROM runs
    WHERE ended_at > (SELECT max(e.ended_at) FROM runs AS e) - interval '1 day'
),

night AS (
    SELECT run_id
    FROM lately
    WHERE 2 * counties > (SELECT max(e.counties) FROM lately AS e)
    ORDER BY last_month DESC, ended_at DESC
    LIMIT 1
),

attempts AS (
    SELECT
        c.*,
        n.run_id IS NOT NULL AS is_night,
        row_number() OVER (PARTITION BY c.county_code ORDER BY c.ended_at DESC, c.run_id DESC) = 1 AS is_last
    FROM mart.collection AS c
    INNER JOIN lately AS l ON c.run_id = l.run_id
    LEFT JOIN night AS n ON c.run_id = n.run_id
    WHERE c.form IS NULL
)

SELECT
    a.*,
    (SELECT max(b.built_at) FROM mart.build AS b WHERE b.built_at <= :at) AS built_at
FROM attempts AS a
WHERE a.is_night OR a.is_last
ORDER BY a.county_code, a.ended_at
