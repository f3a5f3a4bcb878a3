-- The last decision on each of some reports, whichever delivery of it that was about.
SELECT DISTINCT ON (d.county_code, d.form, d.period)
    d.county_code, d.form, d.period, d.delivery_id, d.file_name, d.action, d.decided_at, d.decided_by, d.reason
FROM mart.report_decision AS d
WHERE d.period = ANY(CAST(:periods AS text[]))
ORDER BY d.county_code, d.form, d.period, d.decided_at DESC
