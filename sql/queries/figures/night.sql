-- The counties of the night before a moment, as the run left each: of the runs that ended within a day of the last, the
-- one that asked for the latest month, then the most counties; the latest of equals.
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

chosen AS (
    SELECT run_id
    FROM runs
    WHERE ended_at > (SELECT max(e.ended_at) FROM runs AS e) - interval '1 day'
    ORDER BY last_month DESC, counties DESC, ended_at DESC
    LIMIT 1
)

SELECT
    c.*,
    (SELECT max(b.built_at) FROM mart.build AS b WHERE b.built_at <= :at) AS built_at
FROM mart.collection AS c
INNER JOIN chosen AS n ON c.run_id = n.run_id
WHERE c.form IS NULL
ORDER BY c.county_code
