-- Findings on what an indicator reads, at or beneath a unit, in the reports that its figure is made of.
WITH asked AS ({{reports}}),
lay AS ({{beneath}})
SELECT DISTINCT f.*, u.sort_order
FROM mart.finding AS f
JOIN asked USING (form, period, county_code)
JOIN mart.indicator_finding AS i ON i.finding_id = f.finding_id AND i.indicator_code = :indicator
JOIN dim.org_unit AS u ON u.org_code = f.org_code
WHERE f.org_code IN (SELECT lay.org_code FROM lay)
ORDER BY f.form, f.period, u.sort_order, f.rule
