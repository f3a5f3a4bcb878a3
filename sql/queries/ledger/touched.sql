-- The submissions that a decision on a delivery touches; of one form or period, or (NULL) of all that it holds.
SELECT DISTINCT p.form, p.period, d.county_code
FROM ops.delivery AS d
JOIN ops.delivery_part AS p USING (delivery_id)
WHERE
    d.delivery_id = :delivery
    AND (CAST(:form AS text) IS NULL OR p.form = :form)
    AND (CAST(:period AS text) IS NULL OR p.period = :period)
ORDER BY p.form, p.period, d.county_code
