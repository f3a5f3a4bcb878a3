-- Workbooks that were sent and not taken back, of deliveries of which every report has been accepted meanwhile.
SELECT f.*
FROM ops.feedback AS f
WHERE
    f.status = 'sent'
    AND f.reason_code IS NULL
    AND f.county_code = ANY(CAST(:counties AS text[]))
    AND f.delivery_id <> ALL(CAST(:open AS text[]))
    AND NOT EXISTS (
        SELECT 1
        FROM ops.delivery_part AS p
        WHERE
            p.delivery_id = f.delivery_id
            AND (
                SELECT s.status
                FROM ops.submission AS s
                WHERE
                    (s.county_code, s.form, s.period) = (f.county_code, p.form, p.period)
                    AND s.status <> 'void'
                ORDER BY s.received_at DESC, s.delivery_id DESC, s.checked_at DESC
                LIMIT 1
            ) IS DISTINCT FROM 'accepted'
    )
ORDER BY f.county_code, f.name, f.sent_at
