-- Deliveries whose id begins so, the one that has exactly this id first.
SELECT
    d.delivery_id,
    d.county_code,
    string_agg(DISTINCT p.form || ' ' || p.period, '、') AS reports
FROM ops.delivery AS d
JOIN ops.delivery_part AS p USING (delivery_id)
WHERE CAST(:d AS text) <> '' AND starts_with(d.delivery_id, :d)
GROUP BY d.delivery_id
ORDER BY d.delivery_id = :d DESC, d.delivery_id
