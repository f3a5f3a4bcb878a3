-- A dataset of BI tools: what `qiangji values` shows of a month, for every month that is built. A row a month,
-- indicator and unit, from the city down to towns. `headline`: exporting/headline_of_months.sql
WITH headline AS (
{{headline}}
)
SELECT
    h.month, i.aspect_code, i.aspect_zh, i.initiative_zh, i.indicator_code, i.name_zh AS indicator_zh,
    i.name_en AS indicator_en, i.unit, i.direction, i.owner_zh, i.sort_order,
    v.org_code, o.name AS org_name, v.org_level, o.county_code, c.name AS county_name,
    v.period, v.period_type, i.factor, v.numerator, v.denominator, v.value, v.target,
    v.expected_units, v.reported_units, v.reporting_rate, v.obs_status, s.name_zh AS obs_status_zh,
    v.is_corrected, v.has_warning, v.is_closed, v.built_at
FROM headline AS h
JOIN mart.indicator AS i ON i.indicator_code = h.indicator_code
JOIN mart.indicator_value AS v
    ON v.indicator_code = h.indicator_code AND v.period = h.period AND v.period_type = h.period_type
JOIN dim.org_unit AS o ON o.org_code = v.org_code
LEFT JOIN dim.org_unit AS c ON c.org_code = o.county_code
JOIN dim.obs_status AS s ON s.obs_status = v.obs_status
WHERE v.org_level IN ('city', 'county', 'town')
