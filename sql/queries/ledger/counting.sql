-- Of these reports of a county that what was received last counts of: the name under which it was received.
SELECT s.form, s.period, d.name
FROM ops.submission AS s
JOIN ops.delivery AS d USING (delivery_id)
JOIN unnest(CAST(:forms AS text[]), CAST(:periods AS text[])) AS k (form, period)
    ON (s.form, s.period) = (k.form, k.period)
WHERE
    s.county_code = :county AND s.is_current
    AND NOT EXISTS (
        SELECT FROM ops.delivery_part AS q
        JOIN ops.delivery AS e USING (delivery_id)
        WHERE
            (q.form, q.period, e.county_code) = (s.form, s.period, s.county_code)
            AND (e.received_at, e.delivery_id) > (d.received_at, d.delivery_id)
            AND NOT EXISTS (
                SELECT FROM ops.submission AS o
                WHERE (o.delivery_id, o.form, o.period) = (q.delivery_id, q.form, q.period) AND o.status = 'void'
            )
    )
