-- Operands of forms of different grains, summed up to the unit that the forms share (their common base_code).
--   operands  rows of the model `operands` for several forms
SELECT
    base_code AS unit_code,
    base_code,
    sum(reported_units) AS reported_units,
    {{summed}}
FROM operands
GROUP BY base_code
