-- The counties of the night before a moment, as its run left each, and the last attempt of each county within a day.
-- The night is the last run of that day that asked for the latest month and most counties. A run that was started for a
-- county or two by hand does not take its place: it asked fewer than half of the counties that the largest run asked.
-- Nor does one of the command line take that of a run of Airflow's.
--   since             when it began, of Airflow's when the first such run of that day did: what people decided and what
--                     moved is told from then
--   later_runs        runs of that day that ended after the night, and
--   later_deliveries  what they brought
WITH runs AS (
    SELECT
        run_id,
        max(last_month) AS last_month,
        count(*) AS counties,
        sum(deliveries) AS deliveries,
        min(started_at) AS started_at,
        max(ended_at) AS ended_at,
        run_id LIKE 'cli-%' AS is_by_hand
    FROM mart.collection
    WHERE form IS NULL AND ended_at <= :at
    GROUP BY run_id
),

lately AS (
    SELECT *
    FROM runs
    WHERE ended_at > (SELECT max(e.ended_at) FROM runs AS e) - interval '1 day'
),

nights AS (
    SELECT
        run_id,
        ended_at,
        CASE WHEN is_by_hand THEN started_at ELSE min(started_at) OVER alike END AS since,
        row_number() OVER (ORDER BY last_month DESC, is_by_hand, ended_at DESC) = 1 AS is_last
    FROM lately
    WHERE 2 * counties > (SELECT max(e.counties) FROM lately AS e)
    WINDOW alike AS (
        PARTITION BY last_month, is_by_hand
        ORDER BY ended_at RANGE BETWEEN INTERVAL '18 hours' PRECEDING AND CURRENT ROW
    )
),

night AS (
    SELECT
        n.run_id,
        n.since,
        count(e.run_id) AS later_runs,
        coalesce(sum(e.deliveries), 0) AS later_deliveries
    FROM nights AS n
    LEFT JOIN lately AS e ON e.ended_at > n.ended_at
    WHERE n.is_last
    GROUP BY n.run_id, n.since
),

attempts AS (
    SELECT
        c.*,
        n.run_id IS NOT NULL AS is_night,
        n.since,
        n.later_runs,
        n.later_deliveries,
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
