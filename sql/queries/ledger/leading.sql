-- The latest part of each submission among those that are not void; of some forms and periods, or (empty lists) of all.
SELECT p.delivery_id, p.form, p.period
FROM ops.delivery_part AS p
JOIN ops.delivery AS d USING (delivery_id)
WHERE
    NOT EXISTS (
        SELECT FROM ops.submission AS s
        WHERE (s.delivery_id, s.form, s.period) = (p.delivery_id, p.form, p.period) AND s.status = 'void'
    )
    AND NOT EXISTS (
        SELECT FROM ops.delivery_part AS q
        JOIN ops.delivery AS e USING (delivery_id)
        WHERE
            (q.form, q.period, e.county_code) = (p.form, p.period, d.county_code)
            AND (e.received_at, e.delivery_id) > (d.received_at, d.delivery_id)
            AND NOT EXISTS (
                SELECT FROM ops.submission AS s
                WHERE (s.delivery_id, s.form, s.period) = (q.delivery_id, q.form, q.period) AND s.status = 'void'
            )
    )
    AND (cardinality(CAST(:forms AS text[])) = 0 OR p.form = ANY(:forms))
    AND (cardinality(CAST(:periods AS text[])) = 0 OR p.period = ANY(:periods))
