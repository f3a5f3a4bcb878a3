-- The submissions that a delivery holds.
SELECT DISTINCT d.county_code, p.form, p.period
FROM ops.delivery AS d
JOIN ops.delivery_part AS p USING (delivery_id)
WHERE d.delivery_id = :d
ORDER BY d.county_code, p.form, p.period
