-- The same figure of each unit right beneath.
SELECT
    v.org_code, o.name AS org_name, v.org_level, v.numerator, v.denominator, v.value, v.expected_units,
    v.reported_units, v.obs_status
FROM mart.indicator_value AS v
JOIN dim.org_unit AS o USING (org_code)
WHERE
    o.parent_code = :org AND v.indicator_code = :indicator AND v.period = :period AND v.period_type = :type
ORDER BY o.sort_order
