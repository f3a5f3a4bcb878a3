-- What is not complete at a moment in the forms' periods that end within a period.
WITH ended AS (
    SELECT d.form, d.period, d.due_at
    FROM dim.due AS d
    JOIN dim.form AS f USING (form)
    JOIN dim.period AS p ON p.period = d.period AND p.period_type = f.period_type
    WHERE p.period_end BETWEEN :first AND :last
)
SELECT
    EXISTS (SELECT FROM ended WHERE due_at > :at) AS not_due,
    EXISTS (
        SELECT FROM ended
        JOIN (
            ops.submission AS s FULL JOIN ops.fact_load AS f USING (form, period, county_code, rows_hash, revision)
        ) USING (form, period)
        WHERE (s.is_current AND f.build_id IS NULL) OR (f.build_id IS NOT NULL AND s.is_current IS NOT TRUE)
    ) AS not_built,
    EXISTS (
        SELECT FROM ended AS e
        JOIN dim.county_form AS cf USING (form)
        WHERE NOT EXISTS (
            SELECT FROM ops.submission AS s
            WHERE
                s.is_current AND s.status = 'accepted'
                AND (s.form, s.period, s.county_code) = (cf.form, e.period, cf.county_code)
        )
    ) AS incomplete,
    EXISTS (
        SELECT FROM ended JOIN ops.correction AS k USING (form, period) WHERE k.state = 'stale'
    ) AS stale_correction
