-- Which figures of a unit there are, in any period.
SELECT v.indicator_code, v.period_type, v.period, p.last_month, v.reported_units
FROM ({{figures}}) AS v
JOIN dim.period AS p ON p.period = v.period AND p.period_type = v.period_type
WHERE v.org_code = :unit
ORDER BY p.last_month
