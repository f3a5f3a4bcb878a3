-- Findings that stand and were confirmed.
SELECT DISTINCT f.finding_id, f.period, f.county_code
FROM ops.current_finding AS f
JOIN ops.last_disposition AS d USING (finding_id)
WHERE d.disposition = 'confirmed'
ORDER BY f.finding_id, f.period, f.county_code
