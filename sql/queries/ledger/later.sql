-- What was received after a part p of a delivery d of the same report, and is not void: a piece of other statements.
SELECT FROM ops.delivery_part AS q
JOIN ops.delivery AS e USING (delivery_id)
WHERE
    (q.form, q.period, e.county_code) = (p.form, p.period, d.county_code)
    AND (e.received_at, e.delivery_id) > (d.received_at, d.delivery_id)
    AND NOT EXISTS (
        SELECT FROM ops.submission AS o
        WHERE (o.delivery_id, o.form, o.period) = (q.delivery_id, q.form, q.period) AND o.status = 'void'
    )
