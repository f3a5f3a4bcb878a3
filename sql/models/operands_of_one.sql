-- What each unit of a form contributes, as in `operands`, where no unit has a second report in sight.
--   reports   as in `operands`, one row a unit
-- One row a unit that reported in the period.
SELECT
    unit_code,
    base_code,
    CAST(1 AS bigint) AS reported_units,
    {{operands}}
FROM reports
WHERE in_period
