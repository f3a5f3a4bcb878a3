-- Of these reports of a county that what was received last counts of: the name under which it was received.
SELECT p.form, p.period, d.name
FROM ops.submission AS p
JOIN ops.delivery AS d USING (delivery_id)
JOIN unnest(CAST(:forms AS text[]), CAST(:periods AS text[])) AS k (form, period)
    ON (p.form, p.period) = (k.form, k.period)
WHERE p.county_code = :county AND p.is_current AND NOT EXISTS ({{later}})
