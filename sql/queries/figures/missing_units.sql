-- Units of the lowest level that the figure is made at, at or beneath the unit, that lack reports.
WITH lay AS ({{beneath}})
SELECT
    v.org_code, o.path, v.org_level, v.expected_units, v.reported_units,
    v.expected_units - v.reported_units AS missing_units
FROM mart.indicator_value AS v
JOIN dim.org_unit AS o USING (org_code)
WHERE
    v.indicator_code = :indicator AND v.period = :period AND v.period_type = :type
    AND v.org_level = (
        SELECT x.org_level FROM mart.indicator_value AS x
        WHERE x.indicator_code = :indicator AND x.period = :period AND x.period_type = :type
        ORDER BY array_position(CAST(:levels AS text[]), x.org_level) DESC LIMIT 1
    )
    AND v.org_code IN (SELECT lay.org_code FROM lay)
    AND v.reported_units < v.expected_units
ORDER BY o.sort_order
