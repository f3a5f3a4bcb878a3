-- Why rows of the reports that a figure is made of were rejected.
WITH asked AS ({{reports}})
SELECT r.*
FROM mart.rejection AS r
JOIN asked USING (form, period, county_code)
ORDER BY r.form, r.period, r.county_code, r.rows DESC, r.rule
