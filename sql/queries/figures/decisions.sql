-- What people decided, the last first; of some counties, forms and periods, kinds of decisions (empty lists: all), and
-- within a stretch of time (NULL: open). `reports`: the form and period of each report that a decision was about. A
-- lock is every county's and every form's, and that of a longer period (`around`) is one of each period within it.
SELECT
    d.*,
    o.name AS org_name,
    ARRAY(
        SELECT r.form || ' ' || r.period FROM mart.report_decision AS r
        WHERE r.decision_id = d.decision_id AND d.delivery_id IS NOT NULL
        ORDER BY r.form, r.period
    ) AS reports
FROM mart.decision AS d
LEFT JOIN dim.org_unit AS o USING (org_code)
WHERE
    (cardinality(CAST(:actions AS text[])) = 0 OR d.action = ANY(:actions))
    AND (CAST(:since AS timestamptz) IS NULL OR d.decided_at > :since)
    AND (CAST(:until AS timestamptz) IS NULL OR d.decided_at <= :until)
    AND (cardinality(CAST(:counties AS text[])) = 0 OR d.county_code IS NULL OR d.county_code = ANY(:counties))
    AND CASE
        WHEN d.delivery_id IS NOT NULL THEN EXISTS (
            SELECT FROM mart.report_decision AS r
            WHERE
                r.decision_id = d.decision_id
                AND (cardinality(CAST(:forms AS text[])) = 0 OR r.form = ANY(:forms))
                AND (cardinality(CAST(:periods AS text[])) = 0 OR r.period = ANY(:periods))
        )
        WHEN d.action IN ('lock', 'unlock', 'publish') THEN
            cardinality(CAST(:periods AS text[])) = 0
            OR d.period = ANY(:periods) OR d.period = ANY(CAST(:around AS text[]))
        ELSE
            (cardinality(CAST(:forms AS text[])) = 0 OR d.form IS NULL OR d.form = ANY(:forms))
            AND (cardinality(CAST(:periods AS text[])) = 0 OR d.period IS NULL OR d.period = ANY(:periods))
    END
ORDER BY d.decided_at DESC, d.decision_id
LIMIT :most
