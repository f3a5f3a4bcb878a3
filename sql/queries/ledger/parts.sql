-- Parts of deliveries as a check takes them, in the order received; `chosen` gives their delivery_id, form and period.
SELECT
    d.delivery_id, d.county_code, d.received_at,
    p.form, p.period, p.kind, p.sha256, p.reason_code, p.message_zh, p.message_en
FROM ops.delivery_part AS p
JOIN ops.delivery AS d USING (delivery_id)
WHERE (p.delivery_id, p.form, p.period) IN (
    {{chosen}}
)
ORDER BY d.received_at, d.delivery_id, p.form, p.period
