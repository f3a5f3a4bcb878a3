-- Figures of a choice, with what they are called, in the catalogue's and the tree's order.
--   figures        rows as mart.indicator_value has them
--   dictionary     indicators: indicator_code, name_zh, name_en, unit, direction, sort_order
--   chosen         a condition on v: which period and period types
-- A unit that has left the tree is shown only with_past_units.
SELECT
    i.indicator_code, i.name_zh, i.name_en, i.unit, i.direction,
    v.org_code, coalesce(o.name, v.org_code) AS org_name, v.org_level,
    v.period, v.period_type, v.numerator, v.denominator, v.value, v.target,
    v.expected_units, v.reported_units, v.reporting_rate,
    v.obs_status, s.name_zh AS obs_status_zh, s.name_en AS obs_status_en,
    v.is_corrected, v.has_warning, v.is_closed, v.definition_version, v.built_at
FROM ({{figures}}) AS v
JOIN ({{dictionary}}) AS i USING (indicator_code)
LEFT JOIN dim.org_unit AS o USING (org_code)
JOIN dim.obs_status AS s USING (obs_status)
WHERE
    ({{chosen}})
    AND (o.org_code IS NOT NULL OR :with_past_units)
    AND (cardinality(CAST(:indicators AS text[])) = 0 OR v.indicator_code = ANY(:indicators))
    AND (
        cardinality(CAST(:orgs AS text[])) = 0
        OR v.org_code = ANY(:orgs)
        OR ARRAY[o.city_code, o.county_code, o.town_code, o.village_code] && CAST(:above AS text[])
    )
    AND v.org_level = ANY(:levels)
ORDER BY i.sort_order NULLS LAST, i.indicator_code, o.sort_order, v.period_type
