-- Every county and form in a period and in those within it that have ended; or (no periods) in each period of a form
-- that has ended and for which a report came, and in any case in the last that has ended. The grid is made anew at each
-- reading, and so is read once.
WITH grid AS MATERIALIZED (SELECT * FROM {{grid}})

SELECT s.*
FROM grid AS s
JOIN dim.org_unit AS o ON o.org_code = s.county_code
WHERE
    s.period = :period
    OR (s.period = ANY(:periods) AND s.status <> 'not_due')
    OR (
        CAST(:period AS text) IS NULL
        AND s.status <> 'not_due'
        AND (s.form, s.period) IN (
            SELECT form, period FROM grid AS r WHERE received_at IS NOT NULL
            UNION
            SELECT form, max(period) FROM grid AS l WHERE status <> 'not_due' GROUP BY form
        )
    )
ORDER BY s.period, o.sort_order, s.form
