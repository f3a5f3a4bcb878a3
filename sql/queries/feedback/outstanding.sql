-- The latest report of each submission, where the county has something to do.
SELECT
    s.county_code,
    s.form,
    s.period,
    s.status,
    s.delivery_id,
    s.catalogue_hash,
    s.suite_hash,
    d.name,
    d.received_at
FROM (
    SELECT DISTINCT ON (county_code, form, period) *
    FROM ops.submission
    WHERE status <> 'void'
    ORDER BY county_code ASC, form ASC, period ASC, received_at DESC, delivery_id DESC, checked_at DESC
) AS s
INNER JOIN ops.delivery AS d ON s.delivery_id = d.delivery_id
WHERE
    (
        s.status IN ('returned', 'withheld', 'partial')
        OR (s.status = 'held' AND s.doubt IS NOT NULL)
        OR EXISTS (
            SELECT 1
            FROM ops.finding AS f
            INNER JOIN ops.last_disposition AS ld ON f.finding_id = ld.finding_id
            WHERE
                (f.delivery_id, f.form, f.period) = (s.delivery_id, s.form, s.period)
                AND ld.disposition = 'resubmit'
        )
    )
    AND s.county_code = ANY(CAST(:counties AS text[]))
    AND (cardinality(CAST(:periods AS text[])) = 0 OR s.period = ANY(CAST(:periods AS text[])))
ORDER BY s.county_code, s.period, s.form
