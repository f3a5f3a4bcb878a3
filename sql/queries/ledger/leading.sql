-- The latest part of each submission among those that are not void; of some forms and periods, or (empty lists) of all.
SELECT p.delivery_id, p.form, p.period
FROM ops.delivery_part AS p
JOIN ops.delivery AS d USING (delivery_id)
WHERE
    NOT EXISTS (
        SELECT FROM ops.submission AS s
        WHERE (s.delivery_id, s.form, s.period) = (p.delivery_id, p.form, p.period) AND s.status = 'void'
    )
    AND NOT EXISTS ({{later}})
    AND (cardinality(CAST(:forms AS text[])) = 0 OR p.form = ANY(:forms))
    AND (cardinality(CAST(:periods AS text[])) = 0 OR p.period = ANY(:periods))
