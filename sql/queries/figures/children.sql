-- The same figure of each unit that lay right beneath in the figure's period.
WITH lay AS ({{beneath}})
SELECT
    v.org_code, o.name AS org_name, v.org_level, v.numerator, v.denominator, v.value, v.expected_units,
    v.reported_units, v.obs_status
FROM mart.indicator_value AS v
JOIN dim.org_unit AS o USING (org_code)
JOIN lay ON lay.org_code = v.org_code AND lay.depth = 1
WHERE
    v.indicator_code = :indicator AND v.period = :period AND v.period_type = :type
ORDER BY o.sort_order
