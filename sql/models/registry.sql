-- When each unit of a form was first reported.
--   reports   one row a unit and month, over all months: unit_code, base_code, month
SELECT
    unit_code,
    arg_max(base_code, month) AS base_code,
    min(month) AS first_month
FROM reports
GROUP BY unit_code
