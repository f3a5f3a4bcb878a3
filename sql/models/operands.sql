-- What each unit of a form contributes: every operand of every indicator, reduced over the period.
--   reports   one row a unit and month: unit_code, base_code, month (its number), in_period, is_before, starts_year,
--             times (how many reports it stands for) and the form's fields
-- One row a unit that reported in the period.
SELECT
    unit_code,
    base_code,
    CAST(sum(times) FILTER (WHERE in_period) AS bigint) AS reported_units,
    {{operands}}
FROM reports
GROUP BY unit_code, base_code
HAVING count(*) FILTER (WHERE in_period) > 0
