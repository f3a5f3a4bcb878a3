-- What people decided about the reports that a figure is made of, and about its period, the last first.
WITH asked AS ({{reports}})
SELECT d.county_code, d.form, d.period, d.delivery_id, d.file_name, d.action, d.decided_at, d.decided_by, d.reason
FROM asked AS a
JOIN mart.report_decision AS d USING (county_code, form, period)
UNION ALL
SELECT NULL, NULL, d.period, NULL, NULL, d.action, d.decided_at, d.decided_by, d.reason
FROM mart.decision AS d
WHERE d.action IN ('lock', 'unlock') AND (d.period = :period OR d.period IN (SELECT a.period FROM asked AS a))
ORDER BY decided_at DESC, county_code, form, period
