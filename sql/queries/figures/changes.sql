-- Figures of a choice that differ between two moments, and why.
SELECT d.*, n.name_zh, n.name_en, n.unit, coalesce(o.name, d.org_code) AS org_name
FROM mart.indicator_change(:since, :until) AS d
LEFT JOIN LATERAL (
    SELECT h.name_zh, h.name_en, h.unit FROM dim.indicator_history AS h
    WHERE h.indicator_code = d.indicator_code AND h.defined_from <= :until
    ORDER BY h.defined_from DESC, h.version DESC LIMIT 1
) AS n ON true
LEFT JOIN dim.org_unit AS o ON o.org_code = d.org_code
LEFT JOIN dim.indicator AS i ON i.indicator_code = d.indicator_code
WHERE
    (cardinality(CAST(:indicators AS text[])) = 0 OR d.indicator_code = ANY(:indicators))
    AND (
        cardinality(CAST(:orgs AS text[])) = 0
        OR d.org_code = ANY(:orgs)
        OR ARRAY[o.city_code, o.county_code, o.town_code, o.village_code] && CAST(:above AS text[])
    )
    AND d.org_level = ANY(:levels)
ORDER BY d.period, d.period_type, i.sort_order NULLS LAST, d.indicator_code, o.sort_order
