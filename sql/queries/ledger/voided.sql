-- What of these counties was voided: its bytes, who voided it, and whether another delivery of the same report stands.
SELECT DISTINCT
    s.county_code,
    d.sha256,
    s.form,
    s.period,
    s.delivery_id,
    decided.decided_by,
    EXISTS (
        SELECT FROM ops.submission AS o
        WHERE (o.county_code, o.form, o.period) = (s.county_code, s.form, s.period) AND o.status <> 'void'
    ) AS is_replaced
FROM ops.submission AS s
JOIN ops.delivery AS d USING (delivery_id)
CROSS JOIN
    LATERAL (
        SELECT x.decided_by
        FROM ops.decision AS x
        WHERE x.delivery_id = s.delivery_id AND x.action = 'void'
        ORDER BY x.decided_at DESC
        LIMIT 1
    ) AS decided
WHERE s.county_code = ANY(CAST(:counties AS text[])) AND s.status = 'void'
ORDER BY s.county_code, s.form, s.period, s.delivery_id
