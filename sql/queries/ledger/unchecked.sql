-- Parts of deliveries that no check has seen, in the order received; of all counties, or of some.
SELECT
    d.delivery_id, d.county_code, d.received_at,
    p.form, p.period, p.kind, p.sha256, p.reason_code, p.message_zh, p.message_en
FROM ops.delivery_part AS p
JOIN ops.delivery AS d USING (delivery_id)
WHERE
    NOT EXISTS (
        SELECT FROM ops.submission AS s
        WHERE (s.delivery_id, s.form, s.period) = (p.delivery_id, p.form, p.period)
    )
    AND (CAST(:counties AS text[]) IS NULL OR d.county_code = ANY(:counties))
ORDER BY d.received_at, d.delivery_id, p.form, p.period
