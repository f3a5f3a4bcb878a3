-- Reports that a figure would be made of, of which no revision is current.
WITH asked AS ({{reports}})
SELECT a.county_code, a.form, a.period, a.is_subtracted, r.status, r.reason_code
FROM asked AS a
LEFT JOIN mart.reporting_status AS r USING (county_code, form, period)
WHERE NOT EXISTS (
    SELECT FROM mart.submission AS s
    WHERE (s.county_code, s.form, s.period) = (a.county_code, a.form, a.period) AND s.is_current
)
ORDER BY a.form, a.period, a.county_code
