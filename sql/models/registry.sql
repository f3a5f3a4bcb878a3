-- How many units of a form were first reported in a month, by the unit of the tree that they were last reported in.
--   all_reports  one row a unit and month, over all months: unit_code, base_code, month
WITH known AS (
    SELECT
        unit_code,
        max_by(base_code, month) FILTER (WHERE base_code IS NOT NULL) AS base_code,
        min(month) AS first_month
    FROM all_reports
    GROUP BY unit_code
)
SELECT base_code, first_month, count(*) AS units
FROM known
GROUP BY base_code, first_month
