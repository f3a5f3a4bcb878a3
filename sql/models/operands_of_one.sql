-- What each unit of a form contributes, as in `operands`, where no unit has a second report in the period.
--   reports   as in `operands`, one row a unit; of year-to-date fields also before__<field>, which is what the report
--             just before the period said
-- One row a unit that reported in the period.
SELECT
    unit_code,
    base_code,
    times AS reported_units,
    {{operands}}
FROM reports
WHERE in_period
