-- A dataset of BI tools: the figures of the city and its counties on their way to the yearly target, for every month
-- that is built; also those without a target. It looks at all periods of a unit, and so takes longer than the others.
-- `headline`: exporting/headline_of_months.sql
WITH headline AS (
{{headline}}
),
way AS MATERIALIZED (
    SELECT * FROM mart.indicator_target_status WHERE org_level IN ('city', 'county')
)
SELECT
    h.month, i.aspect_code, i.aspect_zh, i.initiative_zh, i.indicator_code, i.name_zh AS indicator_zh,
    i.name_en AS indicator_en, i.unit, i.direction, i.owner_zh, i.sort_order,
    v.org_code, o.name AS org_name, v.org_level, o.county_code, c.name AS county_name,
    v.period, v.period_type, v.value, v.target, t.path, t.gap, t.band, t.progress_zh, t.pace, t.reached_by,
    v.reporting_rate, v.obs_status, s.name_zh AS obs_status_zh
FROM headline AS h
JOIN mart.indicator AS i ON i.indicator_code = h.indicator_code
JOIN mart.indicator_value AS v
    ON v.indicator_code = h.indicator_code AND v.period = h.period AND v.period_type = h.period_type
JOIN dim.org_unit AS o ON o.org_code = v.org_code
LEFT JOIN dim.org_unit AS c ON c.org_code = o.county_code
JOIN dim.obs_status AS s ON s.obs_status = v.obs_status
LEFT JOIN way AS t
    ON
        t.indicator_code = v.indicator_code AND t.org_code = v.org_code
        AND t.period = v.period AND t.period_type = v.period_type
WHERE v.org_level IN ('city', 'county')
