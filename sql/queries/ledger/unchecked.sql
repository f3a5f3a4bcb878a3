-- Parts of deliveries that no check has seen; of all counties, or of some.
SELECT p.delivery_id, p.form, p.period
FROM ops.delivery_part AS p
JOIN ops.delivery AS d USING (delivery_id)
WHERE
    NOT EXISTS (
        SELECT FROM ops.submission AS s
        WHERE (s.delivery_id, s.form, s.period) = (p.delivery_id, p.form, p.period)
    )
    AND (CAST(:counties AS text[]) IS NULL OR d.county_code = ANY(:counties))
