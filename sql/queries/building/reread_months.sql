-- Built months with a report that was read or decided on since, and was found for something else than the reading that
-- the build saw: the last one before it.
SELECT DISTINCT b.month
FROM ops.built_month AS b
JOIN ops.build AS x USING (build_id)
JOIN dim.period AS p ON p.last_month = b.month AND p.period_type <> 'ytd'
JOIN ops.submission AS s ON s.period = p.period AND s.is_current
CROSS JOIN LATERAL (
    SELECT o.delivery_id, o.catalogue_hash, o.suite_hash
    FROM ops.submission AS o
    WHERE (o.county_code, o.form, o.period) = (s.county_code, s.form, s.period)
        AND o.checked_at <= x.started_at
        AND o.verdict IN ('accepted', 'partial')
        AND o.status <> 'held'
    ORDER BY o.received_at DESC, o.checked_at DESC
    LIMIT 1
) AS seen
WHERE (seen.delivery_id, seen.catalogue_hash, seen.suite_hash)
    <> (s.delivery_id, s.catalogue_hash, s.suite_hash)
    AND (
        s.checked_at > x.started_at
        OR EXISTS (
            SELECT FROM ops.decision AS d
            WHERE d.delivery_id IN (s.delivery_id, seen.delivery_id) AND d.decided_at > x.started_at
        )
    )
    AND EXISTS (
        SELECT f.unit_code, f.fields
        FROM ops.finding AS f
        WHERE (f.form, f.period, f.county_code) = (s.form, s.period, s.county_code) AND f.delivery_id IS NOT NULL
        GROUP BY f.unit_code, f.fields
        HAVING
            bool_or(
                (f.delivery_id, f.catalogue_hash, f.suite_hash) = (s.delivery_id, s.catalogue_hash, s.suite_hash)
            ) <> bool_or(
                (f.delivery_id, f.catalogue_hash, f.suite_hash)
                = (seen.delivery_id, seen.catalogue_hash, seen.suite_hash)
            )
    )
