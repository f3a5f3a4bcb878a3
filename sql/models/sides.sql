-- Numerator and denominator of every indicator at each unit, after the indicator's rule for what is missing.
--   units     one row a unit: unit_code, base_code, reported_units, operands
--   warned    one row a unit with findings
SELECT
    unit_code,
    units.base_code,
    units.reported_units,
    {{sides}},
    {{warnings}}
FROM units
LEFT JOIN warned USING (unit_code)
