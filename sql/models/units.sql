-- Forms of different grains on the unit that they share (their common base_code): operands summed up to it.
--   operands  rows of the model of that name, those of several forms beneath each other
SELECT
    base_code AS unit_code,
    base_code,
    sum(reported_units) AS reported_units,
    {{summed}}
FROM operands
GROUP BY base_code
