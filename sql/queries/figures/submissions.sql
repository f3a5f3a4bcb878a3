-- Every revision of the reports that a figure is made of; `is_subtracted`: of those whose year to date is taken off.
WITH asked AS ({{reports}})
SELECT s.*, asked.is_subtracted
FROM mart.submission AS s
JOIN asked USING (form, period, county_code)
ORDER BY s.form, s.period, s.county_code, s.received_at, s.checked_at
