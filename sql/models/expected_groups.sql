-- Villager groups that should report: each group from the month of its first accepted report on; in months before
-- any group of its county is known, one for every village, which has at least one.
--   registry  one row a group: unit_code, base_code, county_code, first_month
--   villages  one row a village that reports: base_code, county_code
--   months    the period's months: month
WITH known AS (
    SELECT county_code, min(first_month) AS first_month
    FROM registry
    GROUP BY county_code
)
SELECT registry.unit_code, registry.base_code, count(*) AS expected_units
FROM registry
INNER JOIN months ON months.month >= registry.first_month
GROUP BY registry.unit_code, registry.base_code
UNION ALL
SELECT villages.base_code AS unit_code, villages.base_code, count(*) AS expected_units
FROM villages
CROSS JOIN months
LEFT JOIN known ON known.county_code = villages.county_code
WHERE known.first_month IS NULL OR months.month < known.first_month
GROUP BY villages.base_code
