-- Months that have figures, the last first, with the moment of the last build that was there by then.
SELECT v.period, max(b.built_at) AS built_at, bool_or(v.reported_units > 0) AS is_reported
FROM ({{figures}}) AS v
LEFT JOIN mart.build AS b
    ON v.period = ANY(b.months) AND b.built_at <= coalesce(CAST(:as_of AS timestamptz), now())
WHERE v.org_code = :unit AND v.period_type = 'month'
GROUP BY v.period
ORDER BY v.period DESC
