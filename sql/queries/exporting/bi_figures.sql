-- A dataset of BI tools: every figure that holds now, of all levels and period types, with what it is called.
SELECT
    i.aspect_code, i.aspect_zh, i.initiative_zh, i.indicator_code, i.name_zh AS indicator_zh,
    i.name_en AS indicator_en, i.unit, i.direction, i.owner_zh, i.sort_order,
    v.org_code, o.name AS org_name, v.org_level, o.path, o.county_code, c.name AS county_name, o.town_code,
    v.period, v.period_type, v.period_start, v.period_end, i.factor, v.numerator, v.denominator, v.value, v.target,
    v.expected_units, v.reported_units, v.reporting_rate, v.obs_status, s.name_zh AS obs_status_zh,
    v.is_corrected, v.has_warning, v.is_closed, v.definition_version, v.built_at
FROM mart.indicator_value AS v
JOIN mart.indicator AS i ON i.indicator_code = v.indicator_code
JOIN dim.org_unit AS o ON o.org_code = v.org_code
LEFT JOIN dim.org_unit AS c ON c.org_code = o.county_code
JOIN dim.obs_status AS s ON s.obs_status = v.obs_status
