-- What is not complete at a moment in the forms' periods that end within a period.
WITH ended AS (
    SELECT d.form, d.period, d.due_at
    FROM dim.due AS d
    JOIN dim.form AS f USING (form)
    JOIN dim.period AS p ON p.period = d.period AND p.period_type = f.period_type
    WHERE p.period_end BETWEEN :first AND :last
),

-- Each report that counts or is in the figures, and whether both are so; an unchanged one has the rows it repeats.
loaded AS (
    SELECT
        s.form, s.period, EXISTS (
            SELECT FROM ops.fact_load AS f
            WHERE
                (f.form, f.period, f.county_code, f.revision) = (s.form, s.period, s.county_code, s.revision)
                AND (f.rows_hash = s.rows_hash OR s.is_unchanged)
        ) AS is_right
    FROM ops.submission AS s
    WHERE s.is_current
    UNION ALL
    SELECT
        f.form, f.period, EXISTS (
            SELECT FROM ops.submission AS s
            WHERE
                (f.form, f.period, f.county_code, f.revision) = (s.form, s.period, s.county_code, s.revision)
                AND s.is_current
        ) AS is_right
    FROM ops.fact_load AS f
)
SELECT
    EXISTS (SELECT FROM ended WHERE due_at > :at) AS not_due,
    EXISTS (
        SELECT FROM ended
        JOIN loaded USING (form, period)
        WHERE NOT loaded.is_right
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
