-- What people decided, the last first; of some counties (or an empty list) and a form (or NULL). A decision on a whole
-- delivery is one on each of its forms; one on a period is everybody's.
SELECT d.*, o.name AS org_name
FROM mart.decision AS d
LEFT JOIN dim.org_unit AS o USING (org_code)
WHERE
    (cardinality(CAST(:counties AS text[])) = 0 OR d.county_code IS NULL OR d.county_code = ANY(:counties))
    AND (CAST(:form AS text) IS NULL OR d.form IS NULL OR d.form = :form)
ORDER BY d.decided_at DESC, d.decision_id
LIMIT :most
