-- How many figures of a choice differ at each level that is not looked at; of units, only what lies beneath them.
--   changed    figures that differ: indicator_code, org_code, org_level
SELECT d.org_level, count(*) AS figures
FROM ({{changed}}) AS d
LEFT JOIN dim.org_unit AS o ON o.org_code = d.org_code
WHERE
    (cardinality(CAST(:indicators AS text[])) = 0 OR d.indicator_code = ANY(:indicators))
    AND (
        cardinality(CAST(:orgs AS text[])) = 0
        OR coalesce(ARRAY[o.city_code, o.county_code, o.town_code, o.village_code] && CAST(:orgs AS text[]), false)
    )
    AND NOT (
        d.org_level = ANY(:levels)
        AND (
            cardinality(CAST(:orgs AS text[])) = 0
            OR d.org_code = ANY(:orgs)
            OR cardinality(CAST(:above AS text[])) > 0
        )
    )
GROUP BY d.org_level
