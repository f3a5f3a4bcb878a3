-- The submissions that a delivery holds.
SELECT DISTINCT p.form, p.period, d.county_code
FROM ops.delivery AS d
JOIN ops.delivery_part AS p USING (delivery_id)
WHERE d.delivery_id = :d
ORDER BY p.form, p.period, d.county_code
