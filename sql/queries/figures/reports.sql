-- The reports behind a figure: the forms' own periods within its period, of the counties that its units lay in at the
-- end of each (`months` and `counties`, side by side). Of forms whose year to date is taken as a difference
-- (`subtracted`) also those just before it in the year.
SELECT f.form, p.period, k.county_code, p.period_start < whole.period_start AS is_subtracted
FROM dim.form AS f
JOIN dim.period AS whole ON whole.period = :period AND whole.period_type = :type
JOIN dim.period AS p
    ON
        p.period_type = f.period_type
        AND (
            (p.period_start >= whole.period_start AND p.period_end <= whole.period_end)
            OR (
                f.form = ANY(CAST(:subtracted AS text[]))
                AND p.year = whole.year AND p.period_end = whole.period_start - 1
            )
        )
JOIN unnest(CAST(:months AS text[]), CAST(:counties AS text[])) AS k (month, county_code) ON k.month = p.last_month
WHERE
    f.form = ANY(:forms)
    AND (
        EXISTS (SELECT FROM dim.county_form AS c WHERE (c.county_code, c.form) = (k.county_code, f.form))
        -- a county whose entry is gone has what it sent
        OR EXISTS (
            SELECT FROM mart.submission AS s
            WHERE (s.county_code, s.form, s.period) = (k.county_code, f.form, p.period)
        )
    )
