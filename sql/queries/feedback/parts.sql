-- The parts of these deliveries, in the order received.
SELECT
    d.delivery_id,
    d.county_code,
    d.received_at,
    p.form,
    p.period,
    p.kind,
    p.sha256,
    p.reason_code,
    p.message_zh,
    p.message_en
FROM ops.delivery_part AS p
INNER JOIN ops.delivery AS d ON p.delivery_id = d.delivery_id
WHERE d.delivery_id = ANY(CAST(:deliveries AS text[]))
ORDER BY d.received_at, d.delivery_id, p.form, p.period
