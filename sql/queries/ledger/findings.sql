-- Findings that stand, open ones first; of some periods, counties and forms (or empty lists), of a severity (or NULL).
SELECT f.*, coalesce(o.name, f.county_code) AS county_name
FROM mart.finding AS f
LEFT JOIN dim.org_unit AS o ON o.org_code = f.county_code
WHERE
    (cardinality(CAST(:periods AS text[])) = 0 OR f.period = ANY(:periods))
    AND (cardinality(CAST(:counties AS text[])) = 0 OR f.county_code = ANY(:counties))
    AND (cardinality(CAST(:forms AS text[])) = 0 OR f.form = ANY(:forms))
    AND (CAST(:severity AS text) IS NULL OR f.severity = :severity)
    AND (:is_all OR f.disposition = 'open')
ORDER BY f.disposition <> 'open', f.period DESC, f.county_code, f.form, f.rule, f.org_code, f.finding_id
